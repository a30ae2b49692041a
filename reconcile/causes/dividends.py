"""Dividends that were announced, and arrive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import combinations

from ledger.book import Book
from ledger.events import DividendAccrualReversed, DividendAccrued, DividendPaid, Fact, TaxWithheld
from ledger.events.fact import ENVELOPE_FIELDS
from ledger.state import ZERO
from reconcile.candidates import Candidate, Case, money
from reconcile.comparisons import symbol
from reconcile.tolerances import CENT

TOGETHER_MAX = 4  # dividends that are looked at together, where not all that are due explain the amount


def dividends_due(case: Case) -> Iterator[Candidate]:
    """Cash that dividends bring whose pay date has come, less their tax: all that are due, or some of them."""
    book = case.book
    if book.cycle is None or not book.accruals:
        return
    for currency, difference in case.differences("cash").items():
        yield from _due(case, book.cycle.started.session_day, currency, difference)


def _due(case: Case, today: date, currency: str, difference: Decimal) -> Iterator[Candidate]:
    book = case.book
    due = [
        accrual
        for _, accrual in sorted(book.accruals.items())
        if accrual.currency == currency and accrual.pay_date is not None and accrual.pay_date <= today
    ]
    for chosen in _groups(due):
        net = sum((accrual.gross + accrual.tax for accrual in chosen), ZERO)
        if abs(difference - net) <= CENT * len(chosen):  # IB rounds each payment to cents
            yield _dividends(book, chosen, case.origin.source)


def _groups(due: list[DividendAccrued]) -> Iterator[tuple[DividendAccrued, ...]]:
    if due:
        yield tuple(due)
    for size in range(1, min(TOGETHER_MAX, len(due) - 1) + 1):
        yield from combinations(due, size)


def _dividends(book: Book, chosen: tuple[DividendAccrued, ...], source: str) -> Candidate:
    facts, told = list[Fact](), list[str]()
    for accrual in chosen:
        common = {"con_id": accrual.con_id, "source": source, "currency": accrual.currency, "provisional": True}
        paid = {**common, "reference": accrual.reference, "amount": accrual.gross}
        facts.append(DividendPaid.model_validate(paid))
        if accrual.tax:
            withheld = {**common, "reference": f"{accrual.reference}/tax", "amount": accrual.tax}
            facts.append(TaxWithheld.model_validate(withheld))
        facts.append(DividendAccrualReversed(**{name: value for name, value in accrual if name not in ENVELOPE_FIELDS}))
        tax = f" - tax {money(-accrual.tax)}" if accrual.tax else ""
        told.append(f"{symbol(book, accrual.con_id)} dividend {money(accrual.gross)}{tax}")
    evidence = tuple(f"accrual {accrual.reference}" for accrual in chosen)
    return Candidate("dividend", "likely", tuple(facts), f"{', '.join(told)}, accrued", evidence)
