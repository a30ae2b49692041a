"""A small world built from facts: contracts, fills, what the broker reported, and the book that they imply.

`replay` folds facts into a book as a log would: growing seq, recorded at the moment they happened or, if told late,
after what was told before. Genesis and the contracts come first by themselves. `told` goes on from a book.

    book = replay([opened_cash("10000"), bought(SPY, "10", "400.00", execution="a.01"), commission("a.01", "-1")])
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

from ledger.book import Book
from ledger.events import (
    BookReconciled,
    CashObserved,
    CashRow,
    CommissionCharged,
    ContractDefined,
    CycleStarted,
    Fact,
    FillBusted,
    LogStarted,
    NavObserved,
    OpeningBalanceRecorded,
    OpenOrderRow,
    OpenOrdersObserved,
    OrderAcknowledged,
    OrderCancelled,
    OrderFilled,
    OrderSendAttempted,
    PositionRow,
    PositionsObserved,
    RateRow,
    RatesObserved,
    SafeguardsEvaluated,
    SnapshotTaken,
    TradingAllowed,
)
from ledger.line import Event
from ledger.nav import own_nav

ACCOUNT = "DU1000001"
DAY = date(2005, 3, 1)
START = datetime(2005, 3, 1, 15, 0, tzinfo=UTC)  # when nothing else is said, facts happen here
GENESIS = LogStarted(account=ACCOUNT, mode="paper", clock="simulated", base_currency="USD")


def contract(
    con_id: int, symbol: str, currency: str = "USD", kind: str = "STK", multiplier: int = 1
) -> ContractDefined:
    return ContractDefined(
        con_id=con_id,
        symbol=symbol,
        security_type=kind,
        currency=currency,
        exchange="SMART",
        primary_exchange="",
        multiplier=Decimal(multiplier),
        min_tick=Decimal("0.01"),
    )


SPY, AAPL = contract(756733, "SPY"), contract(265598, "AAPL")
SAP = contract(14204, "SAP", "EUR")
ES = contract(495512563, "ES", kind="FUT", multiplier=50)
UNKNOWN = contract(999, "NEW")  # not defined in any book until a test tells it
CONTRACTS = (SPY, AAPL, SAP, ES)


def minutes(number: int) -> datetime:
    """So many minutes after the start."""
    return START + timedelta(minutes=number)


# What happened to the account


def opened_cash(amount: str, currency: str = "USD") -> OpeningBalanceRecorded:
    return OpeningBalanceRecorded(currency=currency, amount=Decimal(amount))


def opened(held: ContractDefined, quantity: str, basis: str) -> OpeningBalanceRecorded:
    return OpeningBalanceRecorded(
        currency=held.currency, amount=Decimal(basis), con_id=held.con_id, quantity=Decimal(quantity)
    )


def bought(
    what: ContractDefined,
    quantity: str,
    price: str = "400.00",
    *,
    execution: str,
    at: datetime = START,
    order_ref: str = "",
    perm_id: int = 0,
) -> OrderFilled:
    """One execution; a sale has a negative quantity. Without the reference of a known order it is a foreign trade."""
    return OrderFilled(
        account=ACCOUNT,
        execution_id=execution,
        con_id=what.con_id,
        quantity=Decimal(quantity),
        price=Decimal(price),
        currency=what.currency,
        order_ref=order_ref,
        perm_id=perm_id,
        occurred_at=at,
    )


def sold(
    what: ContractDefined,
    quantity: str,
    price: str = "400.00",
    *,
    execution: str,
    at: datetime = START,
    order_ref: str = "",
    perm_id: int = 0,
) -> OrderFilled:
    return bought(what, f"-{quantity}", price, execution=execution, at=at, order_ref=order_ref, perm_id=perm_id)


def commission(execution: str, amount: str, currency: str = "USD") -> CommissionCharged:
    """Signed as cash: negative when paid."""
    return CommissionCharged(execution_id=execution, amount=Decimal(amount), currency=currency)


def busted(execution: str) -> FillBusted:
    return FillBusted(account=ACCOUNT, execution_id=execution, reason="erroneous trade")


# A cycle, and what the broker reports in it


def cycle_started(day: date = DAY, slot: str = "1035", attempt: int = 1) -> CycleStarted:
    return CycleStarted(
        kind="trade",
        dry_run=False,
        slot=f"{day}/{slot}",
        attempt=attempt,
        session_day=day,
        session_open=datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC),
        session_close=datetime(day.year, day.month, day.day, 21, 0, tzinfo=UTC),
        settings_sha256="0" * 64,
        versions={},
    )


def trading_allowed() -> tuple[Fact, ...]:
    """The evidence without which no order may be attempted; after a `cycle_started`."""
    zero = Decimal(0)
    reconciled = BookReconciled(
        positions=0, currencies=1, nav_own=zero, nav_reported=zero, nav_difference=zero, open_breaks=0
    )
    return (reconciled, SafeguardsEvaluated(verdicts=()), TradingAllowed(orders=1))


def attempted(order_ref: str, what: ContractDefined, quantity: str, order_id: int = 1) -> OrderSendAttempted:
    return OrderSendAttempted(
        account=ACCOUNT,
        order_ref=order_ref,
        order_id=order_id,
        con_id=what.con_id,
        quantity=Decimal(quantity),
        order_type="LMT",
        limit_price=Decimal("400.00"),
        tif="DAY",
        algo="Adaptive",
        algo_priority="Normal",
    )


def acknowledged(order_ref: str, perm_id: int = 1) -> OrderAcknowledged:
    return OrderAcknowledged(order_ref=order_ref, perm_id=perm_id, status="Submitted")


def working(order_ref: str, what: ContractDefined, quantity: str, order_id: int = 1) -> tuple[Fact, ...]:
    """An order of ours that works at the broker, in a cycle of its own."""
    order = (attempted(order_ref, what, quantity, order_id), acknowledged(order_ref, order_id))
    return (cycle_started(attempt=order_id), *trading_allowed(), *order)


def cancelled(order_ref: str, filled: str = "0") -> OrderCancelled:
    return OrderCancelled(order_ref=order_ref, filled=Decimal(filled))


def rates(**others: str) -> RatesObserved:
    rows = (RateRow(currency=currency, rate=Decimal(rate)) for currency, rate in {"USD": "1", **others}.items())
    return RatesObserved(base_currency="USD", rows=tuple(rows))


def cash_reported(**amounts: str) -> CashObserved:
    return CashObserved(rows=tuple(CashRow(currency=c, amount=Decimal(amount)) for c, amount in amounts.items()))


def row(held: ContractDefined, quantity: str, mark: str | None = "400.00") -> PositionRow:
    return PositionRow(
        con_id=held.con_id,
        symbol=held.symbol,
        quantity=Decimal(quantity),
        average_cost=Decimal(mark or "390.00"),
        currency=held.currency,
        mark=None if mark is None else Decimal(mark),
    )


def positions_reported(*rows: PositionRow) -> PositionsObserved:
    return PositionsObserved(rows=rows)


def nav_reported(nav: str, accrued_cash: str | None = None) -> NavObserved:
    accrued = None if accrued_cash is None else Decimal(accrued_cash)
    return NavObserved(currency="USD", net_liquidation=Decimal(nav), accrued_cash=accrued)


def open_orders(*rows: OpenOrderRow) -> OpenOrdersObserved:
    return OpenOrdersObserved(rows=rows)


def open_order(
    what: ContractDefined, quantity: str, *, perm_id: int, order_ref: str = "", client_id: int = 0, order_id: int = 0
) -> OpenOrderRow:
    return OpenOrderRow(
        perm_id=perm_id,
        order_id=order_id,
        client_id=client_id,
        order_ref=order_ref,
        con_id=what.con_id,
        symbol=what.symbol,
        quantity=Decimal(quantity),
        filled=Decimal(0),
        limit_price=None,
        status="Submitted",
    )


def mirrored(book: Book, marks: Mapping[int, str] | None = None) -> tuple[Fact, ...]:
    """What a broker reports who holds exactly what the book says; marks default to 400.00."""
    marked = {con_id: (marks or {}).get(con_id, "400.00") for con_id in book.positions}
    rows = (row(book.contracts[con_id], str(held), marked[con_id]) for con_id, held in book.positions.items())
    known = {currency: str(rate) for currency, rate in book.rates.items() if currency != "USD"}
    reported = (rates(**known), positions_reported(*rows), open_orders())
    nav = own_nav(told(book, *reported))
    cash = cash_reported(**{currency: str(amount) for currency, amount in book.cash.items()})
    return (*reported, cash, nav_reported(str(nav)))


def snapshot(day: date) -> SnapshotTaken:
    """The end of a session, with no figures: only that it was."""
    zero = Decimal(0)
    return SnapshotTaken(
        session_day=day, kind="close", nav=zero, nav_reported=zero, cash=(), positions=(), leverage_gross=zero,
        leverage_net=zero, realised=zero, unrealised=zero, commissions=zero, dividends=zero, taxes=zero,
        interest=zero, fees=zero, flows=zero, adjustments=zero,
    )  # fmt: skip


# Books


def event(fact: Fact, seq: int, recorded_at: datetime, cycle: int | None = None) -> Event:
    """Give a fact an envelope; its hashes stand for nothing but their seq."""
    return Event(
        seq=seq,
        type=fact.type,
        v=fact.VERSION,
        log="0" * 16,
        batch=(1, 1),
        key=fact.key,
        occurred_at=fact.occurred_at,
        recorded_at=recorded_at,
        cycle=cycle,
        trade_date=fact.trade_date,
        report_date=fact.report_date,
        fact=fact,
        prev=f"{seq:064x}",
        hash=f"{seq + 1:064x}",
    )


def events(facts: Iterable[Fact], first_seq: int = 0, after: datetime = START) -> Iterator[Event]:
    """Wrap facts as a log would: each is recorded when it happened, and never before the one before it."""
    last = after
    for seq, fact in zip(count(first_seq), facts, strict=False):
        last = max(last + timedelta(microseconds=1), fact.occurred_at or last)
        yield event(fact, seq, last)


def told(book: Book, *facts: Fact) -> Book:
    """Return the book after more facts; the given one stays as it is. Impossible is raised for what cannot be."""
    later = book.fork()
    for wrapped in events(facts, book.seq + 1, book.now):
        later.apply(wrapped)
    return later


def replay(facts: Iterable[Fact]) -> Book:
    """Return the book after genesis, the contracts and these facts."""
    book = Book()
    for wrapped in events((GENESIS, *CONTRACTS, *facts), after=START - timedelta(hours=1)):
        book.apply(wrapped)
    return book
