"""Long histories: an account that trades on every session, day files that are sealed, and whatever goes wrong.

A history is drawn from a seed. It is told to a book that retains everything and, by whoever walks it, to others.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from ledger.book import Book, Impossible, new_order_ref
from ledger.events import (
    AccountAdopted,
    BreakAccepted,
    CashDeposited,
    ContractDefined,
    CrossRow,
    CycleFailed,
    CycleFinished,
    CycleSkipped,
    DayCommitted,
    DaySealed,
    DividendAccrued,
    DividendPaid,
    Fact,
    FeeCharged,
    IncidentEnded,
    IncidentOpened,
    NoticeSent,
    OrderExpired,
    OrderPlanned,
    OrderResolved,
    PartRow,
    PositionAdjusted,
    StrategiesCrossed,
)
from ledger.line import Event
from ledger.nav import own_nav
from reconcile.reconciliation import reconcile
from reconcile.tolerances import Tolerances
from tests.facts import (
    AAPL,
    ACCOUNT,
    CONTRACTS,
    GENESIS,
    SAP,
    SPY,
    acknowledged,
    attempted,
    bought,
    busted,
    cancelled,
    cash_reported,
    commission,
    cycle_started,
    event,
    nav_reported,
    open_orders,
    opened_cash,
    positions_reported,
    rates,
    row,
    snapshot,
    told,
    trading_allowed,
)

BEGIN = datetime(2005, 1, 3, 14, 35, tzinfo=UTC)
TRADED = (SPY, AAPL, SAP)
MICROSECOND = timedelta(microseconds=1)


class Years:
    """One history, made as it is told: the book decides what can be said next."""

    def __init__(self, seed: int, days: int, oddity: float = 0.1) -> None:
        self.random = Random(seed)
        self.sharing = Random(seed)  # of its own, so that who shares an order changes nothing else
        self.days, self.oddity = days, oddity
        self.book = Book()
        self.now, self.file_seq = BEGIN, 0
        self.executions: list[tuple[str, datetime]] = []
        self.order_id = 0
        self.told: list[Fact] = []

    def events(self) -> Iterator[Event]:
        """Offer event after event; whoever walks the history takes each, or leaves it."""
        for fact in (GENESIS, *CONTRACTS, opened_cash("1000000"), rates(EUR="1.3")):
            yield from self._tell(fact)
        yield from self._tell(AccountAdopted(account=ACCOUNT, execution_ids=("adopted.01",), open_order_perm_ids=()))
        for number in range(self.days):
            day = BEGIN + timedelta(days=number)
            if day.weekday() < 5 and not self._happens(0.05):
                yield from self._session(day)

    def _happens(self, chance: float) -> bool:
        return self.random.random() < chance

    def _tell(self, *facts: Fact) -> Iterator[Event]:
        for fact in facts:
            self.now += MICROSECOND
            yield event(fact, self.book.seq + 1, self.now)

    def take(self, offered: Event) -> bool:
        """Apply what was offered, if it can be; without this it was never told."""
        candidate = self.book.fork()
        try:
            candidate.apply(offered)
        except Impossible:
            return False
        self.book.become(candidate)
        self.told.append(offered.fact)
        return True

    def _session(self, at: datetime) -> Iterator[Event]:
        if at.date() != self.now.date():
            yield from self._seal(at)
        self.now = max(self.now, at)
        slot = f"{at:%H%M}"
        yield from self._tell(cycle_started(at.date(), slot))
        if self._happens(self.oddity):
            yield from self._tell(CycleSkipped(slot=f"{at.date()}/1535", reason="late"))
        yield from self._observe()
        for _ in range(self.random.randint(0, 3)):
            yield from self._order(at)
        yield from self._oddities(at)
        yield from self._observe()
        yield from self._snapshot(at.date())
        if self._happens(self.oddity):
            yield from self._tell(CycleFailed(slot=f"{at.date()}/{slot}", code="any", reason="any"))
        else:
            yield from self._tell(CycleFinished(slot=f"{at.date()}/{slot}", book_hash="1:0"))
        yield from self._tell(NoticeSent(kind="end", subject="…", incident=f"any/{at.date()}"))
        yield from self._incident(at)
        yield from self._tell(DayCommitted(session_day=at.date(), snapshots=1, fills=1))

    def _incident(self, at: datetime) -> Iterator[Event]:
        """Open one every few days, and end it the session after; some mails do not leave."""
        lasting = [name for name, known in self.book.incidents.items() if known.is_open]
        for name in lasting:
            yield from self._tell(IncidentEnded(incident=name, lines=("over",)))
            if at.day % 3:
                yield from self._tell(NoticeSent(kind="ended", subject="…", incident=name))
        if not lasting and at.day % 5 == 0:
            name = f"gateway-down/{at.date()}"
            opened = IncidentOpened(
                incident=name, code="gateway-down", slot=f"{at.date()}/0935", subjects=("outage",), headline="…",
                lines=("…",), command="tallybook doctor", of_starts=True, to=("mail",),
            )  # fmt: skip
            yield from self._tell(opened, NoticeSent(kind="alarm", subject="…", incident=name))

    def _seal(self, at: datetime) -> Iterator[Event]:
        last = self.book.seq
        self.now = max(self.now, at - timedelta(minutes=1))
        seal = DaySealed(
            file=f"{self.book.now.date()}.jsonl", first_seq=self.file_seq, last_seq=last, events=1,
            head_hash=self.book.head, file_sha256="0" * 64,
        )  # fmt: skip
        self.file_seq = last + 1
        yield from self._tell(seal)

    def _order(self, at: datetime) -> Iterator[Event]:
        what, units = self.random.choice(TRADED), self.random.choice((-7, -3, 1, 2, 5, 10))
        ref = new_order_ref(self.book, what.con_id, "B" if units > 0 else "S", self.random.randint(1, 9))
        self.order_id += 1
        yield from self._tell(*self._plan(ref, what, units), *trading_allowed(), *self._crosses(what))
        yield from self._tell(attempted(ref, what, str(units), self.order_id))
        if ref not in self.book.orders or self._happens(self.oddity / 5):
            return  # in doubt
        yield from self._tell(acknowledged(ref, self.order_id))
        parts = (units,) if abs(units) < 2 or self._happens(0.5) else (units - units // 2, units // 2)
        for part in parts:
            execution = f"x{len(self.executions)}"
            when = at + timedelta(seconds=self.random.randint(-30, 30))
            self.executions.append((execution, when))
            price = str(Decimal(self.random.randint(30_000, 50_000)) / 100)
            yield from self._tell(bought(what, str(part), price, execution=f"{execution}.01", order_ref=ref, at=when))
            if not self._happens(self.oddity):
                amount = str(Decimal(self.random.randint(-300, 20)) / 100)
                yield from self._tell(commission(f"{execution}.01", amount, what.currency))
            if self._happens(self.oddity):
                yield from self._tell(
                    cancelled(ref, str(abs(part)))
                    if self._happens(0.5)
                    else OrderExpired(order_ref=ref, filled=Decimal(1))
                )

    def _plan(self, ref: str, what: ContractDefined, units: int) -> Iterator[Fact]:
        """Let two strategies share two orders of three, in fractions of units."""
        share = self.sharing.choice((None, Decimal(1), Decimal("0.3333333333")))
        if share is not None:
            each = (("parity", units * share), ("trend", units - units * share))
            parts = tuple(PartRow(strategy=name, quantity=quantity) for name, quantity in each if quantity)
            yield OrderPlanned(
                con_id=what.con_id, symbol=what.symbol, action="BUY" if units > 0 else "SELL", quantity=Decimal(units),
                reason="any", held=Decimal(0), target=Decimal(units), weight=Decimal(0), order_ref=ref, parts=parts,
            )  # fmt: skip

    def _crosses(self, what: ContractDefined) -> Iterator[Fact]:
        """Let one strategy pass units to the other now and then."""
        units = self.sharing.choice((Decimal(0), Decimal(0), Decimal("0.7"), Decimal("-1.0000000001")))
        if units:
            rows = (
                CrossRow(con_id=what.con_id, symbol=what.symbol, strategy=name, quantity=crossed, price=Decimal(400))
                for name, crossed in (("parity", units), ("trend", -units))
            )
            yield StrategiesCrossed(rows=tuple(rows))

    def _oddities(self, at: datetime) -> Iterator[Event]:
        for oddity in (self._late, self._foreign, self._money, self._words, self._again):
            if self._happens(self.oddity):
                yield from oddity(at)

    def _late(self, at: datetime) -> Iterator[Event]:
        """Say something about an execution of long ago or of lately."""
        if not self.executions:
            return
        lately = self.executions[-12:] if self._happens(0.7) else self.executions
        execution, when = self.random.choice(lately)
        known = self.book.fills.get(execution)
        revision = 1 if known is None else known.revision
        what = next((c for c in TRADED if known is not None and c.con_id == known.con_id), SPY)
        yield from self._tell(
            self.random.choice(
                (
                    commission(f"{execution}.0{revision}", "-1.11", what.currency),
                    commission(f"{execution}.0{revision + 1}", "-2.22", what.currency),
                    bought(what, "3", "390", execution=f"{execution}.0{revision + 1}", at=when),
                    bought(what, "4", "395", execution=f"late{self.book.seq}.01", at=when),
                    busted(f"{execution}.01"),
                )
            )
        )

    def _foreign(self, at: datetime) -> Iterator[Event]:
        execution = f"f{self.book.seq}"
        self.executions.append((execution, at))
        yield from self._tell(bought(AAPL, "2", execution=f"{execution}.01", at=at, order_ref="somebody else"))
        if self._happens(0.8):
            yield from self._tell(commission(f"{execution}.01", "-0.5"))

    def _money(self, at: datetime) -> Iterator[Event]:
        name, when = str(self.book.seq), at if self._happens(0.5) else None
        given: Any = {"source": "api", "reference": name, "currency": "USD", "occurred_at": when}
        yield from self._tell(
            self.random.choice(
                (
                    DividendPaid(**given, amount=Decimal("12.4"), con_id=AAPL.con_id),
                    FeeCharged(**given, amount=Decimal("-4.5")),
                    CashDeposited(**given, amount=Decimal(1000)),
                    DividendAccrued(
                        con_id=SPY.con_id, reference=name, gross=Decimal(5), tax=Decimal(-1), currency="USD"
                    ),
                )
            )
        )

    def _words(self, at: datetime) -> Iterator[Event]:
        """The operator speaks, and the next cycle decides what was in doubt."""
        for known in self.book.open_breaks:
            if self._happens(0.5):
                yield from self._tell(BreakAccepted(break_id=known.found.break_id, why="seen"))
        for order in self.book.in_doubt:
            fact = OrderResolved(order_ref=order.order_ref, outcome="not_sent", evidence="looked")
            yield from self._tell(fact if self._happens(0.5) else fact.model_copy(update={"outcome": "cancelled"}))
        if self._happens(0.2):
            yield from self._tell(
                PositionAdjusted(
                    break_id="B-1",
                    con_id=SPY.con_id,
                    quantity=Decimal(1),
                    amount=Decimal(400),
                    currency="USD",
                    why="",
                    occurred_at=at - timedelta(days=self.random.choice((0, 3, 60))),
                )
            )

    def _again(self, at: datetime) -> Iterator[Event]:
        """Tell something a second time."""
        told = [f for f in self.told if f.key is not None and not isinstance(f, DaySealed)]
        yield from self._tell(self.random.choice(told[-40:] if self._happens(0.7) else told))

    def _observe(self) -> Iterator[Event]:
        """Report what the book says, or nearly, and take what the comparison finds."""
        book = self.book
        apart = {c: self.random.choice((1, -2)) for c in book.positions if self._happens(self.oddity / 2)}
        rows = (row(book.contracts[c], str(held + apart.get(c, 0))) for c, held in book.positions.items())
        cash = {c: str(amount - (30 if self._happens(self.oddity) else 0)) for c, amount in book.cash.items()}
        reported: tuple[Fact, ...] = (rates(EUR="1.3"), positions_reported(*rows), open_orders(), cash_reported(**cash))
        yield from self._tell(*reported)
        nav = own_nav(told(self.book)) if not apart else Decimal(1_000_000)
        yield from self._tell(nav_reported(str(nav)))
        yield from self._tell(*reconcile(self.book, Tolerances()))

    def _snapshot(self, day: date) -> Iterator[Event]:
        nav = own_nav(self.book)
        yield from self._tell(snapshot(day).model_copy(update={"nav": nav, "flows": Decimal(1_000_000)}))


def accepted(seed: int, days: int, oddity: float = 0.1) -> list[Event]:
    """Return a whole history, without what cannot be."""
    history = Years(seed, days, oddity)
    return [offered for offered in history.events() if history.take(offered)]
