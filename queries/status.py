"""`tallybook status`: may it trade, does anything wait for you, where does the account stand?

Figures are those of the last snapshot, with its time; what the log learned since stands beside them. What waits for the
owner, and the verdict that follows from it, is `waiting.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from ledger.book import Book, Impossible
from ledger.bridge import Bridge
from ledger.checkpoints import book_of
from ledger.errors import LogError
from ledger.events import SnapshotTaken
from ledger.ledger import refusal
from ledger.log.halt import halt_reason
from ledger.nav import is_of_one_currency
from queries.advice import kept_back
from queries.break_words import symbol
from queries.bridge import bridge_of
from queries.disk import DiskUse, disk_use
from queries.fault_words import fault_lines
from queries.figures import money, quantity
from queries.sealed import seals
from queries.tables import HOME_ZONE
from queries.waiting import Seen, verdict, waiting

FINE, BAD_NEWS = 0, 1


@dataclass(frozen=True, slots=True)
class PositionLine:
    """One position, at the mark of the last snapshot; amounts in the contract's currency, share of NAV."""

    con_id: int
    symbol: str
    quantity: Decimal
    mark: Decimal | None
    value: Decimal | None
    share: Decimal | None
    target: Decimal | None
    unrealised: Decimal | None
    currency: str
    locked: bool


@dataclass(frozen=True, slots=True)
class CashLine:
    """One currency's own cash."""

    currency: str
    amount: Decimal
    share: Decimal | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the last comparison with the broker found."""

    at: datetime
    positions: int
    nav_difference: Decimal
    open_breaks: int  # at that moment
    open_now: int


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that `tallybook status` shows."""

    account: str
    mode: str
    now: datetime
    zone: str
    verdict: str
    waiting: tuple[str, ...]  # empty: nothing waits for the owner
    next_cycle: str
    base_currency: str
    nav: Decimal | None  # None: no cycle has taken a snapshot yet
    nav_at: datetime | None
    session_day: date | None
    today: Decimal | None
    today_share: Decimal | None
    since_start: Decimal | None
    drawdown: Decimal | None
    leverage: Decimal | None
    leverage_max: Decimal | None
    dry_run: bool
    positions: tuple[PositionLine, ...]
    cash: tuple[CashLine, ...]
    agreement: Agreement | None
    since_then: tuple[str, ...]  # what the log learned after the snapshot
    disk: DiskUse | None = None
    provisional: int = 0  # facts that were inferred, until a statement says them
    provisional_cash: tuple[tuple[str, Decimal], ...] = ()  # what they move, by currency
    data_faults: tuple[str, ...] = ()  # what was wrong with the data of the last cycle that trades
    expected: tuple[tuple[str, Decimal, str, date], ...] = ()  # flows that were announced: id, amount, currency, until
    kept_back: tuple[str, ...] = ()  # orders of the last plan that had to wait

    @property
    def exit_status(self) -> int:
        """1 when something waits for the owner."""
        return BAD_NEWS if self.waiting else FINE


def status(
    home: Path,
    now: datetime | None = None,
    *,
    next_cycle: str | Callable[[], str] = "",
    leverage_max: Decimal | None = None,
    dry_run: bool | None = None,
    settings_error: str = "",
    displaced: str = "",
    zone: str = HOME_ZONE,
    book: Book | None = None,
) -> Status:
    """Read the home and say where it stands; without `now`, as of the last recorded fact.

    `dry_run` and `settings_error` are what the settings say; without them the last cycle tells whether it was dry.
    `displaced` is what the stamp of the home's place says; `book` is the home's, where somebody has read it already.
    """
    book, refused = book_of(home) if book is None else book, refusal(home)
    last_was_dry = book.cycle is not None and book.cycle.started.dry_run
    seen = Seen(
        book,
        halt_reason(home / "var"),
        now or book.now,
        dry_run=last_was_dry if dry_run is None else dry_run,
        settings_error=settings_error,
        refused="" if refused is None else f"{refused.code}: {refused}",
        displaced=displaced,
        damaged=_damage(home),
    )
    told = next_cycle if isinstance(next_cycle, str) else next_cycle()
    bridged = _bridged(home, book, zone)
    shown = status_of(seen, next_cycle=told, leverage_max=leverage_max, zone=zone, bridged=bridged)
    return replace(shown, disk=disk_use(home))


def _damage(home: Path) -> str:
    """Say what is wrong with the row of sealed days: a cycle reads the newest alone."""
    try:
        seals(home)
    except LogError as error:
        return f"{error.code}: {error}"
    return ""


def _bridged(home: Path, book: Book, zone: str) -> Bridge | None:
    """Return how the NAV of the last snapshot came about, if several currencies make it; None where it is not known."""
    if book.snapshot is None or is_of_one_currency(book):
        return None
    with suppress(LogError, Impossible, OSError):
        found = bridge_of(home, book.snapshot.session_day, zone=zone)
        return found.bridge if found else None
    return None


def status_of(
    seen: Seen, *, next_cycle: str, leverage_max: Decimal | None, zone: str, bridged: Bridge | None = None
) -> Status:
    """Derive what is shown from what was seen."""
    book, last = seen.book, seen.book.snapshot
    today, today_share = _today(book, bridged)
    return Status(
        account=book.account,
        mode=book.mode,
        now=seen.now,
        zone=zone,
        verdict=verdict(seen),
        waiting=tuple(waiting(seen)),
        next_cycle=next_cycle,
        base_currency=book.base_currency,
        nav=last.nav if last else None,
        nav_at=book.snapshot_at,
        session_day=last.session_day if last else None,
        today=today,
        today_share=today_share,
        since_start=book.growth.since_start,
        drawdown=book.growth.drawdown,
        leverage=last.leverage_gross if last else None,
        leverage_max=leverage_max,
        dry_run=seen.dry_run,
        provisional=len(book.provisional),
        provisional_cash=_provisional_cash(book),
        data_faults=tuple(fault_lines(book)),
        expected=tuple((name, flow.amount, flow.currency, flow.until) for name, flow in book.flows.items()),
        kept_back=tuple(kept_back(book)),
        positions=_positions(book, last),
        cash=_cash(book, last),
        agreement=_agreement(book),
        since_then=_since(book, last) if last else (),
    )


def _today(book: Book, bridged: Bridge | None) -> tuple[Decimal | None, Decimal | None]:
    """Return what the last session earned so far, as money and as a share of what it began with."""
    last, earlier = book.snapshot, book.previous_snapshot
    if last is None:
        return None, None
    if bridged is not None and bridged.closing == last.nav:  # else a later snapshot was taken by a cycle that died
        put_in = bridged.opening + bridged.flows
        return bridged.gain, bridged.gain / put_in if put_in > 0 else None
    if not is_of_one_currency(book):
        return None, None  # what rates did is in no snapshot
    began = earlier.nav - earlier.flows if earlier else Decimal(0)
    earned = last.nav - last.flows - began
    base = last.nav - earned
    return earned, earned / base if base > 0 else None


def _provisional_cash(book: Book) -> tuple[tuple[str, Decimal], ...]:
    amounts = dict[str, Decimal]()
    for inferred in book.provisional.values():
        if inferred.currency is not None and inferred.amount is not None:
            amounts[inferred.currency] = amounts.get(inferred.currency, Decimal(0)) + inferred.amount
    return tuple(sorted(amounts.items()))


def _agreement(book: Book) -> Agreement | None:
    found, at = book.reconciled, book.reconciled_at
    if found is None or at is None:
        return None
    return Agreement(at, found.positions, found.nav_difference, found.open_breaks, len(book.open_breaks))


def _positions(book: Book, last: SnapshotTaken | None) -> tuple[PositionLine, ...]:
    """Return what is held: at the snapshot's marks, or, before the first snapshot, quantities alone."""
    if last is None:
        lines = (
            PositionLine(
                con_id, symbol(book, con_id), held, None, None, None, None, None,
                book.holdings[con_id].currency, con_id in book.locked,
            )
            for con_id, held in book.positions.items()
        )  # fmt: skip
    else:
        lines = (
            PositionLine(
                row.con_id, row.symbol, row.quantity, row.mark, row.value,
                _share(row.value, row.currency, book, last), row.target_weight, row.unrealised,
                row.currency, row.con_id in book.locked,
            )
            for row in last.positions
        )  # fmt: skip
    return tuple(sorted(lines, key=lambda line: (line.symbol, line.con_id)))


def _cash(book: Book, last: SnapshotTaken | None) -> tuple[CashLine, ...]:
    if last is None:
        return tuple(CashLine(currency, amount, None) for currency, amount in sorted(book.cash.items()))
    return tuple(CashLine(row.currency, row.amount, _share(row.amount, row.currency, book, last)) for row in last.cash)


def _share(value: Decimal, currency: str, book: Book, last: SnapshotTaken) -> Decimal | None:
    rates = book.rates | {row.currency: row.rate for row in last.cash}
    return value * rates[currency] / last.nav if currency in rates and last.nav > 0 else None


def _since(book: Book, last: SnapshotTaken) -> tuple[str, ...]:
    """Name what moved after the snapshot."""
    then = {row.con_id: row.quantity for row in last.positions if row.quantity}
    cash_then = {row.currency: row.amount for row in last.cash}
    moved = [
        f"{symbol(book, con_id)} {quantity(then.get(con_id, Decimal(0)))} → {quantity(held)}"
        for con_id in sorted({*then, *book.positions})
        if (held := book.positions.get(con_id, Decimal(0))) != then.get(con_id, 0)
    ]
    paid = [
        f"cash {currency} {money(cash_then.get(currency, Decimal(0)))} → {money(amount)}"
        for currency, amount in sorted(book.cash.items())
        if amount != cash_then.get(currency, 0)
    ]
    return (*moved, *paid)
