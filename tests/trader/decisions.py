"""A desk's world, built from facts: one account, three shares, one cycle under way on 1 March 2005.

`situation` folds the facts of a quiet cycle up to its plan; a test names what is different about its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from ledger.book import Book
from ledger.events import (
    BookReconciled,
    BrokerConnected,
    CashObserved,
    CashRow,
    ContractDefined,
    CycleStarted,
    DataIngested,
    Fact,
    LogStarted,
    MarginObserved,
    NavObserved,
    OpeningBalanceRecorded,
    OrderPlanned,
    OrderPreviewed,
    PositionRow,
    PositionsObserved,
    QuoteRow,
    QuotesObserved,
    RateRow,
    RatesObserved,
    SeriesRow,
    TargetRow,
    TargetsComputed,
    type_name,
)
from ledger.line import Event
from trader.strategies import Allocation, Strategy

ACCOUNT = "DU1000001"
AAPL, IBM, KO = 265598, 8314, 8894
SYMBOLS = {AAPL: "AAPL", IBM: "IBM", KO: "KO"}
PRICES = {AAPL: Decimal("44.50"), IBM: Decimal("92.50"), KO: Decimal("43.00")}
UNIVERSE = (AAPL, IBM)  # KO is held by somebody else's decision, if it is held
SESSION = date(2005, 3, 1)
OPENED, CLOSED = datetime(2005, 3, 1, 14, 30, tzinfo=UTC), datetime(2005, 3, 1, 21, 0, tzinfo=UTC)
NOW = datetime(2005, 3, 1, 15, 35, tzinfo=UTC)
CENT = Decimal("0.01")


def D(text: str) -> Decimal:  # noqa: N802 - as short as a number
    return Decimal(text)


def contract(con_id: int, **changes: object) -> ContractDefined:
    given: dict[str, object] = {
        "con_id": con_id,
        "symbol": SYMBOLS[con_id],
        "security_type": "STK",
        "currency": "USD",
        "exchange": "SMART",
        "primary_exchange": "NYSE",
        "multiplier": Decimal(1),
        "min_tick": CENT,
    }
    return ContractDefined.model_validate(given | changes)


def started(**changes: object) -> CycleStarted:
    given: dict[str, object] = {
        "kind": "trade",
        "dry_run": False,
        "slot": "2005-03-01/1035",
        "attempt": 1,
        "session_day": SESSION,
        "session_open": OPENED,
        "session_close": CLOSED,
        "settings_sha256": "0" * 64,
        "versions": {},
        "disk_free_megabytes": 10_000,
    }
    return CycleStarted.model_validate(given | changes)


def connected(**changes: object) -> BrokerConnected:
    given: dict[str, object] = {
        "account": ACCOUNT,
        "client_id": 17,
        "server_version": 176,
        "broker_time": NOW,
        "clock_difference_seconds": 0,
    }
    return BrokerConnected.model_validate(given | changes)


def quote(con_id: int, **changes: object) -> QuoteRow:
    """One cent wide around the price, traded a moment ago."""
    price = PRICES[con_id]
    given: dict[str, object] = {
        "con_id": con_id,
        "symbol": SYMBOLS[con_id],
        "bid": price - CENT,
        "ask": price,
        "last": price,
        "close": price,
        "at": NOW,
        "shortable": Decimal(1_000_000),
    }
    return QuoteRow.model_validate(given | changes)


def targets(
    weights: Mapping[int, str], leverage: str = "1", *, age: int | None = 1, moves: bool = False
) -> TargetsComputed:
    """Of closes that are so many days old; None: of a day that is not told."""
    day = None if age is None else SESSION - timedelta(days=age)
    given = {"leverage": Decimal(leverage), "reference_day": day}
    rows = tuple(
        TargetRow.model_validate({"con_id": con_id, "symbol": SYMBOLS[con_id], "weight": Decimal(weight)} | given)
        for con_id, weight in weights.items()
    )
    return TargetsComputed(
        strategy="fixed", strategy_sha256="0" * 64, rows=rows, inputs=(), file="", file_sha256="0" * 64, moves=moves
    )


def ingested(volume: str | None = "1000000", source: str = "folder", **changes: object) -> DataIngested:
    """Bars of the universe; of them, plans and safeguards look at the volume alone."""
    rows = (
        SeriesRow(
            con_id=con_id, symbol=SYMBOLS[con_id], sha256="0" * 64, bars=20, first=SESSION, last=SESSION,
            last_close=PRICES[con_id], average_volume=None if volume is None else Decimal(volume),
        )
        for con_id in SYMBOLS
    )  # fmt: skip
    return DataIngested(source=source, series=tuple(row.model_copy(update=changes) for row in rows))


def margin(excess_liquidity: str = "80000", **changes: object) -> MarginObserved:
    given: dict[str, object] = {
        "currency": "USD",
        "initial": Decimal(20_000),
        "maintenance": Decimal(10_000),
        "available_funds": Decimal(70_000),
        "excess_liquidity": Decimal(excess_liquidity),
        "equity_with_loan": Decimal(100_000),
    }
    return MarginObserved.model_validate(given | changes)


def preview(order: OrderPlanned, **changes: object) -> OrderPreviewed:
    assert order.order_ref is not None
    given: dict[str, object] = {
        "order_ref": order.order_ref,
        "accepted": True,
        "initial_margin_after": Decimal(22_000),
        "maintenance_margin_after": Decimal(11_000),
        "equity_with_loan_after": Decimal(100_000),
    }
    return OrderPreviewed.model_validate(given | changes)


@dataclass
class Told:
    """Facts as they are told one after the other, a microsecond apart."""

    book: Book
    at: datetime

    def tell(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            seq = self.book.seq + 1
            self.at += timedelta(microseconds=1)
            cycle = seq if isinstance(fact, CycleStarted) else self.book.cycle.seq if self.book.cycle else None
            self.book.apply(_event(seq, fact, self.at, cycle))


def _event(seq: int, fact: Fact, at: datetime, cycle: int | None) -> Event:
    return Event(
        seq=seq,
        type=type_name(type(fact)),
        v=fact.VERSION,
        log="0" * 16,
        batch=(1, 1),
        key=fact.key,
        occurred_at=fact.occurred_at,
        recorded_at=at,
        cycle=cycle,
        trade_date=fact.trade_date,
        report_date=fact.report_date,
        fact=fact,
        prev=f"{seq:064x}",
        hash=f"{seq + 1:064x}",
    )


def told(book: Book, *facts: Fact, at: datetime | None = None) -> Book:
    """Return the book after more facts."""
    later = Told(book.fork(), at or book.now)
    later.tell(facts)
    return later.book


def opening(cash: str, holdings: Mapping[int, str], mode: Literal["paper", "live"] = "paper") -> tuple[Fact, ...]:
    """What was held before the cycle, at its price."""
    genesis = LogStarted(account=ACCOUNT, mode=mode, clock="simulated", base_currency="USD")
    positions = (
        OpeningBalanceRecorded(
            currency="USD", amount=Decimal(quantity) * PRICES[con_id], con_id=con_id, quantity=Decimal(quantity)
        )
        for con_id, quantity in holdings.items()
    )
    cash_held = OpeningBalanceRecorded(currency="USD", amount=Decimal(cash))
    return (genesis, *map(contract, SYMBOLS), cash_held, *positions)


def observed(
    cash: str, holdings: Mapping[int, str], nav: str | None, marks: Mapping[int, str] | None = None
) -> tuple[Fact, ...]:
    """What the broker reports: the same, unless a test says otherwise."""
    marked = {con_id: Decimal((marks or {}).get(con_id, str(PRICES[con_id]))) for con_id in holdings}
    worth = Decimal(cash) + sum(Decimal(quantity) * marked[con_id] for con_id, quantity in holdings.items())
    rows = tuple(
        PositionRow(
            con_id=con_id,
            symbol=SYMBOLS[con_id],
            quantity=Decimal(quantity),
            average_cost=PRICES[con_id],
            currency="USD",
            mark=marked[con_id],
        )
        for con_id, quantity in holdings.items()
    )
    return (
        RatesObserved(base_currency="USD", rows=(RateRow(currency="USD", rate=Decimal(1)),)),
        NavObserved(currency="USD", net_liquidation=Decimal(nav) if nav else worth),
        CashObserved(rows=(CashRow(currency="USD", amount=Decimal(cash)),)),
        PositionsObserved(rows=rows),
    )


RECONCILED = BookReconciled(
    positions=2,
    currencies=1,
    nav_own=Decimal(100_000),
    nav_reported=Decimal(100_000),
    nav_difference=Decimal(0),
    open_breaks=0,
)


def situation(
    weights: Mapping[int, str] | None = None,
    *,
    cash: str = "100000",
    held: Mapping[int, str] | None = None,
    reported: Mapping[int, str] | None = None,
    marks: Mapping[int, str] | None = None,
    nav: str | None = None,
    leverage: str = "1",
    quotes: Sequence[QuoteRow] | None = None,
    instead: Mapping[type[Fact], Sequence[Fact]] | None = None,
    before: Sequence[Fact] = (),
    also: Sequence[Fact] = (),
    now: datetime = NOW,
    mode: Literal["paper", "live"] = "paper",
) -> Book:
    """Return the book of a cycle that is ready to plan; `instead` replaces all facts of a type, by none or others."""
    holdings = held or {}
    facts: list[Fact] = [
        *before,
        started(),
        connected(),
        *observed(cash, holdings if reported is None else reported, nav, marks),
        margin(),
        RECONCILED,
        ingested(),
        targets(weights or {AAPL: "0.20", IBM: "0.20"}, leverage),
        QuotesObserved(rows=tuple(quotes if quotes is not None else map(quote, UNIVERSE))),
        *also,
    ]
    world = Told(Book(), now - timedelta(minutes=1))
    world.tell(opening(cash, holdings, mode))
    world.at = now
    replaced: set[type[Fact]] = set()
    for fact in facts:
        substitutes = (instead or {}).get(type(fact))
        if substitutes is None:
            world.tell([fact])
        elif type(fact) not in replaced:
            replaced.add(type(fact))
            world.tell(substitutes)
    return world.book


def alone(strategy: Strategy) -> tuple[Allocation, ...]:
    """The only strategy of an account."""
    return (Allocation(strategy.NAME, strategy),)
