"""Some session days of a log, read once: cycles, orders, executions, breaks, snapshots; and the book at both ends.

The reading begins with the book of a sealed day before (`ledger/checkpoints.py`), so that it folds no years, and goes
on into the next session for what a day's executions cost. A day begins where the last finished cycle of the session
before ended, as the NAV bridge's does. To read something else of the days: a case in `_take`, and a field of `Stretch`.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ledger.book import Book, Forgotten, forgetful_book
from ledger.breaks import Break
from ledger.checkpoints import folded_from
from ledger.collecting import uncollected
from ledger.events import (
    AcceptanceTakenBack,
    BookReconciled,
    BreakAccepted,
    BreakClosed,
    BreakExplained,
    BreakFound,
    CommissionCharged,
    ContractDefined,
    CycleFailed,
    CycleFinished,
    CycleSkipped,
    CycleStarted,
    DataIngested,
    FillBusted,
    OrderAcknowledged,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderPlanned,
    OrderRejected,
    OrderResolved,
    OrderSendAttempted,
    RatesObserved,
    SafeguardsEvaluated,
    SeriesRow,
    SnapshotTaken,
    StepFailed,
    TradingHalted,
    TradingVetoed,
    execution_base,
)
from ledger.line import Event
from ledger.log import read_events
from ledger.log.storage import day_files, events_folder
from ledger.lots import exactly
from queries.bridge import Tell, silent
from queries.pages.limits import Nearest, gross_leverage_limit
from queries.pages.orders import Execution, Order
from queries.pages.profits import Held, held_by
from queries.strategies import Account, Strategies
from queries.tables import HOME_ZONE

OF_BREAKS = (BreakFound, BreakExplained, BreakAccepted, AcceptanceTakenBack, BreakClosed)
FILES_BEFORE = (1, 5)  # of the log, in which the session before the first day should lie


class Stood(NamedTuple):
    """What a page of many days needs of each cycle's snapshot."""

    seq: int
    nav: Decimal
    leverage_gross: Decimal
    leverage_net: Decimal


@dataclass(slots=True)
class Cycle:
    """One cycle of the days."""

    seq: int
    day: date
    started_at: datetime
    kind: str
    dry_run: bool
    ended_at: datetime | None = None
    failed: str = ""  # its code and reason
    planned: int = 0
    sent: int = 0
    vetoes: list[str] = field(default_factory=list)
    steps_failed: list[str] = field(default_factory=list)
    breaks: list[str] = field(default_factory=list)  # found in it, by id
    open_breaks: int | None = None  # None: it never compared
    gross_limit: Decimal | None = None  # of leverage, that it was judged by
    stood: Stood | None = None  # as its snapshot found the account

    @property
    def glyph(self) -> str:
        """Finished, finished beside an open break, without consent, failed, or never ended: in one character."""
        if self.failed:
            return "✗"
        if self.ended_at is None:
            return "†"
        if self.open_breaks:
            return "◐"
        return "○" if self.vetoes else "●"


@dataclass(slots=True)
class Stretch:
    """What the log says of some session days."""

    first: date
    last: date
    zone: str
    account: str = ""
    mode: str = ""
    base_currency: str = ""
    ticker: str = ""  # of the benchmark, whose series are of interest
    cycles: dict[int, Cycle] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)  # of the days, and those that worked before
    executions: dict[str, Execution] = field(default_factory=dict)  # by the base of their id
    executed: dict[str, date] = field(default_factory=dict)  # by base, busted ones too: they were charged for
    commissions: dict[str, tuple[int, Decimal, str]] = field(default_factory=dict)  # revision, amount, currency
    breaks: dict[str, Event] = field(default_factory=dict)  # found in the days, by id
    lives: dict[str, Break] = field(default_factory=dict)  # what became of them: the book forgets those that closed
    halts: list[Event] = field(default_factory=list)
    skipped: list[Event] = field(default_factory=list)
    contracts: dict[int, ContractDefined] = field(default_factory=dict)
    rates: dict[str, Decimal] = field(default_factory=dict)
    decided: dict[str, Decimal | None] = field(default_factory=dict)  # by order: the price of its plan
    series: list[SeriesRow] = field(default_factory=list)  # of the benchmark, in the log's order
    opening: dict[Account, Held] = field(default_factory=dict)  # what each strategy had; filled with `fold` alone
    closing: dict[Account, Held] = field(default_factory=dict)
    opening_snapshot: SnapshotTaken | None = None
    last_taken: tuple[int, SnapshotTaken] | None = None  # snapshot of the days, with its line of the log
    nearest: Nearest = field(default_factory=Nearest)  # to the limits
    book: Book | None = None  # at the end
    has_opening: bool = False  # the end of the session before was seen
    _days: dict[int, date] = field(default_factory=dict)  # of every cycle that was read

    def symbol(self, con_id: int) -> str:
        """Return what a person calls a contract."""
        known = self.contracts.get(con_id)
        return str(con_id) if known is None else known.symbol

    def holds(self, day: date) -> bool:
        """Tell whether a day is one of these."""
        return self.first <= day <= self.last

    def day_of(self, event: Event) -> date:
        """Return the day that an event belongs to: its cycle's session, else the day that it was recorded on."""
        told = None if event.cycle is None else self._days.get(event.cycle)
        return told or event.recorded_at.astimezone(ZoneInfo(self.zone)).date()

    def take(self, event: Event) -> date:
        """Sort an event in; return the day that it belongs to."""
        fact = event.fact
        if isinstance(fact, CycleStarted):
            self._days[event.seq] = fact.session_day
        day = self.day_of(event)
        if isinstance(fact, ContractDefined):
            self.contracts[fact.con_id] = fact
        elif isinstance(fact, DataIngested):
            self.series += [row for row in fact.series if row.symbol == self.ticker]
        elif isinstance(fact, CommissionCharged):
            base, revision = execution_base(fact.execution_id)
            if revision >= self.commissions.get(base, (0,))[0]:
                self.commissions[base] = (revision, fact.amount, fact.currency)
        elif isinstance(fact, FillBusted):
            self.executions.pop(execution_base(fact.execution_id)[0], None)
        elif isinstance(fact, SnapshotTaken) and fact.session_day < self.first:
            self.opening_snapshot = fact
        self._take_order(event, day)
        if day <= self.last:
            if isinstance(fact, RatesObserved):
                self.rates |= {row.currency: row.rate for row in fact.rows}
            if day >= self.first:
                self._take_cycle(event, day)
        return day

    def _take_order(self, event: Event, day: date) -> None:
        match event.fact:
            case OrderPlanned(order_ref=str(ref)) as planned:
                self.decided.setdefault(ref, planned.reference_price)
            case OrderSendAttempted() as sent if day <= self.last:
                price = sent.reference_price or self.decided.get(sent.order_ref)
                self.decided[sent.order_ref] = price
                self.orders[sent.order_ref] = Order(
                    sent.order_ref, event.seq, day, sent.con_id, sent.quantity, sent.limit_price, price,
                    event.recorded_at,
                )  # fmt: skip
            case OrderAcknowledged(order_ref=ref) if ref in self.orders:
                self.orders[ref].acknowledged_at = self.orders[ref].acknowledged_at or event.recorded_at
            case OrderRejected(order_ref=ref, reason=reason) if ref in self.orders:
                self.orders[ref].ending, self.orders[ref].reason = "rejected", reason
            case OrderCancelled(order_ref=ref, reason=reason) if ref in self.orders:
                self.orders[ref].ending, self.orders[ref].reason = "cancelled", reason
            case OrderExpired(order_ref=ref) if ref in self.orders:
                self.orders[ref].ending = "expired"
            case OrderResolved(order_ref=ref, outcome="not_sent") if ref in self.orders:
                self.orders[ref].ending = "not sent"
            case OrderFilled() as fill:
                self._take_execution(event, fill)
            case _:
                pass

    def _take_execution(self, event: Event, fill: OrderFilled) -> None:
        """Keep the latest revision of an execution, on the day that the broker says: it may be told a day late."""
        base, revision = execution_base(fill.execution_id)
        known, day = self.executions.get(base), event.at.astimezone(ZoneInfo(self.zone)).date()
        if self.holds(day):
            self.executed[base] = day
        if day <= self.last and (known is None or revision >= known.revision):
            self.executions[base] = Execution(
                event.seq, revision, fill.order_ref, fill.con_id, fill.quantity, fill.price, fill.currency, event.at,
                day,
            )  # fmt: skip

    def _take_cycle(self, event: Event, day: date) -> None:
        fact, cycle = event.fact, self.cycles.get(-1 if event.cycle is None else event.cycle)
        match fact:
            case CycleStarted(kind=kind, dry_run=dry_run):
                self.cycles[event.seq] = Cycle(event.seq, day, event.recorded_at, kind, dry_run)
            case BreakFound() as found:
                self.breaks[found.break_id] = event
            case TradingHalted():
                self.halts.append(event)
            case CycleSkipped():
                self.skipped.append(event)
            case CycleFailed(code=code, reason=reason):
                failed = cycle or (self.cycles[max(self.cycles)] if self.cycles else None)
                if failed is not None:
                    failed.failed = f"{code}: {reason}"
            case _:
                pass
        if cycle is not None:
            self._take_within(cycle, event)

    def _take_within(self, cycle: Cycle, event: Event) -> None:
        match event.fact:
            case SafeguardsEvaluated(verdicts=verdicts):
                self.nearest.take(cycle.started_at, event.seq, verdicts)
                cycle.gross_limit = gross_leverage_limit(verdicts) or cycle.gross_limit
            case SnapshotTaken() as taken:
                self.last_taken = (event.seq, taken)
                cycle.stood = Stood(event.seq, taken.nav, taken.leverage_gross, taken.leverage_net)
            case _:
                _within(cycle, event)


def _within(cycle: Cycle, event: Event) -> None:
    match event.fact:
        case CycleFinished():
            cycle.ended_at = event.recorded_at
        case CycleFailed():
            cycle.ended_at = event.recorded_at
        case OrderPlanned(action=action) if action != "NOTHING":
            cycle.planned += 1
        case OrderSendAttempted():
            cycle.sent += 1
        case TradingVetoed(reasons=reasons):
            cycle.vetoes += reasons
        case StepFailed(step=step, reason=reason):
            cycle.steps_failed.append(f"{step}: {reason}")
        case BreakFound(break_id=name):
            cycle.breaks.append(name)
        case BookReconciled(open_breaks=number):
            cycle.open_breaks = number
        case _:
            pass


def read(
    home: Path,
    first: date,
    last: date,
    *,
    zone: str = HOME_ZONE,
    ticker: str = "",
    fold: bool = True,
    tell: Tell = silent,
) -> Stretch:
    """Read the days; with `fold`, also what each strategy had at both ends, and the book at the end."""
    began = datetime.combine(first, time(), ZoneInfo(zone)).astimezone(UTC).date()
    earlier = [name for name in day_files(events_folder(home)).names if name < f"{began}.jsonl"]
    new = partial(Stretch, first, last, zone, ticker=ticker)
    for files in FILES_BEFORE:
        book, seal = folded_from(home, before=earlier[-files]) if len(earlier) >= files else (None, None)
        if book is None or seal is None:
            break
        with suppress(Forgotten):
            found = _read(new(), read_events(home, since=seal), book, fold, tell)
            if found.has_opening:
                return found
    try:
        return _read(new(), read_events(home), forgetful_book(), fold, tell)
    except Forgotten:  # a late fact needs more than a book that forgets
        return _read(new(), read_events(home), Book(), fold, tell)


def _read(stretch: Stretch, events: Iterable[Event], book: Book, fold: bool, tell: Tell) -> Stretch:
    ends = _Ends(stretch, Strategies(book))
    stretch.contracts.update(book.contracts)
    stretch.rates.update(book.rates)
    stretch.decided.update((ref, order.reference_price) for ref, order in book.orders.items())
    stretch.opening_snapshot = book.snapshot
    over = False
    with uncollected(), exactly():
        for event in events:
            tell(event.seq)
            day = stretch.take(event)
            if day > stretch.last and isinstance(event.fact, CycleFinished):
                break  # by then the broker has told what the days' executions cost
            over = over or (day > stretch.last and isinstance(event.fact, CycleStarted))
            if day < stretch.first and isinstance(event.fact, CycleFinished):
                stretch.has_opening = True
            if not over and (fold or event.seq == 0):
                ends.take(event, day)
    _link(stretch)
    stretch.account, stretch.mode, stretch.base_currency = book.account, book.mode, book.base_currency
    stretch.book = book if fold else None
    return stretch


@dataclass(slots=True)
class _Ends:
    """What each strategy has where the days begin and end."""

    stretch: Stretch
    strategies: Strategies
    begun: bool = False

    def take(self, event: Event, day: date) -> None:
        """Apply an event; look at the end of each cycle, for it may be the last one."""
        book, fact = self.strategies.book, event.fact
        if isinstance(fact, CycleStarted) and book.snapshot is None and book.adopted and not self.begun:
            self.stretch.opening = self._now()  # at the marks of the adoption
            self.begun = True
        self.strategies.take(event)
        if isinstance(fact, OF_BREAKS) and fact.break_id in self.stretch.breaks:
            self.stretch.lives[fact.break_id] = book.breaks[fact.break_id]
        if isinstance(fact, CycleFinished):
            if day < self.stretch.first:
                self.stretch.opening = self._now()
            elif day == self.stretch.last:
                self.stretch.closing = self._now()

    def _now(self) -> dict[Account, Held]:
        return held_by(self.strategies)


def _link(stretch: Stretch) -> None:
    """Give each order its executions, and leave out what belongs to other days."""
    for each in sorted(stretch.executions.values(), key=lambda known: known.at):
        order = stretch.orders.get(each.order_ref)
        if order is not None:
            order.executions.append(each)
    stretch.executions = {base: each for base, each in stretch.executions.items() if stretch.holds(each.day)}
    stretch.orders = {ref: order for ref, order in stretch.orders.items() if stretch.holds(order.day)}
