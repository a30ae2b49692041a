"""How long it takes to say why: one reconciliation that finds fifty breaks at once, most of them in one currency."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from benchmarks.measuring import RUNS, verdict
from ledger.book import Book
from ledger.events import (
    BreakExplained,
    BreakFound,
    CashObserved,
    CashRow,
    CommissionCharged,
    ContractDefined,
    CycleStarted,
    DividendAccrued,
    Fact,
    LogStarted,
    NavObserved,
    OpeningBalanceRecorded,
    OpenOrdersObserved,
    OrderFilled,
    PositionRow,
    PositionsObserved,
    RateRow,
    RatesObserved,
)
from reconcile import Tolerances, reconcile

ACCOUNT = "DU1000001"
DAY = date(2005, 3, 1)
OPEN = datetime(2005, 3, 1, 14, 30, tzinfo=UTC)
CONTRACTS, FILLS = 60, 20  # of each contract: the comparisons look at them all
SPLIT, MISSED, PAID = 20, 25, 5  # contracts that were split, that traded unseen, whose dividends came
CURRENCIES = {
    "USD": Decimal(1),
    "EUR": Decimal("1.3"),
    "GBP": Decimal("1.9"),
    "CHF": Decimal("0.8"),
    "CAD": Decimal("0.7"),
}
SECONDS_MAX = 1.0


def run() -> Iterator[str]:
    """Time a reconciliation that finds fifty breaks at once, and explains them.

    Sixty contracts with twenty executions each; twenty of them are split, twenty-five traded unseen, and in five
    currencies cash differs: by dividends that came, by what was traded, by commissions, and by an amount of its own.
    """
    book = broken_book()
    seconds, facts = [], tuple[Fact, ...]()
    for _ in range(RUNS):
        began = time.process_time()
        facts = reconcile(book, Tolerances())
        seconds.append(time.process_time() - began)
    found = sum(isinstance(fact, BreakFound) for fact in facts)
    known = sum(isinstance(fact, BreakExplained) and fact.certainty != "unexplained" for fact in facts)
    median = statistics.median(seconds)
    yield f"{found} breaks found, {known} explained in {median:.2f} s of CPU {verdict(median, SECONDS_MAX)}"


def broken_book() -> Book:
    """Return a book beside a broker that tells fifty things otherwise."""
    book = Book().supposing(tuple(_own()))
    return book.supposing(tuple(_reported(book)))


def _currency(number: int) -> str:
    return tuple(CURRENCIES)[number % len(CURRENCIES)] if number % 3 else "USD"


def _own() -> Iterator[Fact]:
    yield LogStarted(account=ACCOUNT, mode="paper", clock="simulated", base_currency="USD")
    rows = tuple(RateRow(currency=currency, rate=rate) for currency, rate in CURRENCIES.items())
    yield RatesObserved(base_currency="USD", rows=rows)
    for currency in CURRENCIES:
        yield OpeningBalanceRecorded(currency=currency, amount=Decimal(5_000_000))
    for number in range(1, CONTRACTS + 1):
        currency = _currency(number)
        yield ContractDefined(
            con_id=number, symbol=f"S{number}", security_type="STK", currency=currency, exchange="SMART",
            primary_exchange="", multiplier=Decimal(1), min_tick=Decimal("0.01"),
        )  # fmt: skip
        for fill in range(FILLS):
            yield OrderFilled(
                account=ACCOUNT, execution_id=f"e{number}x{fill}.01", con_id=number, quantity=Decimal(number + 9),
                price=_price(number), currency=currency, source="statement",
                occurred_at=OPEN - timedelta(days=30, minutes=fill),
            )  # fmt: skip
            yield CommissionCharged(execution_id=f"e{number}x{fill}.01", amount=Decimal(-1), currency=currency)
    for number in range(1, PAID + 1):
        yield DividendAccrued(
            con_id=number, reference=f"d{number}", gross=Decimal("31.07") * number, tax=Decimal("-9.32") * number,
            currency=_currency(number), pay_date=DAY,
        )  # fmt: skip


def _price(number: int) -> Decimal:
    return Decimal(2000 + 137 * number) / 100


def _reported(book: Book) -> Iterator[Fact]:
    """Let the broker tell its half."""
    yield CycleStarted(
        kind="trade", dry_run=False, slot="2005-03-01/1035", attempt=1, session_day=DAY, session_open=OPEN,
        session_close=OPEN + timedelta(hours=6, minutes=30), settings_sha256="0" * 64, versions={},
    )  # fmt: skip
    cash = {currency: book.cash[currency] for currency in CURRENCIES}
    rows = []
    for number, held in book.positions.items():
        quantity, cost = held, _price(number)
        if number <= SPLIT:
            quantity, cost = held * (2 + number % 2), _price(number) / (2 + number % 2)
        elif number <= SPLIT + MISSED:
            quantity = held + 7 + number
            cash[_currency(number)] -= (7 + number) * _price(number) + 1
        rows.append(
            PositionRow(
                con_id=number, symbol=f"S{number}", quantity=quantity, average_cost=round(cost, 4),
                currency=_currency(number), mark=round(cost, 4),
            )
        )  # fmt: skip
    for accrual in book.accruals.values():
        cash[accrual.currency] += accrual.gross + accrual.tax
    for number, currency in enumerate(CURRENCIES, 1):
        cash[currency] -= Decimal("4.5") * number
    yield RatesObserved(
        base_currency="USD", rows=tuple(RateRow(currency=c, rate=rate) for c, rate in CURRENCIES.items())
    )
    yield CashObserved(rows=tuple(CashRow(currency=c, amount=amount) for c, amount in cash.items()))
    yield PositionsObserved(rows=tuple(rows))
    worth = sum((amount * CURRENCIES[c] for c, amount in cash.items()), Decimal(0))
    worth += sum((row.quantity * (row.mark or 0) * CURRENCIES[row.currency] for row in rows), Decimal(0))
    yield NavObserved(currency="USD", net_liquidation=worth)
    yield OpenOrdersObserved(rows=())
