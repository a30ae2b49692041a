"""Both halves as they stand: the book beside what the broker's session reported last, figure by figure. Pure.

This is for people: what it shows as different is what the last comparison saw, unless something was recorded since. The
average cost is shown, and never differs: IB averages what our method may take lot by lot.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ledger.book import Book
from ledger.lots import EXACT, ROUNDING, ZERO, Folded, Holding, exactly
from ledger.nav import Unvalued, own_nav
from reconcile.comparisons import nav_bound, symbol
from reconcile.statement_comparison import NOT_REPORTED, UNKNOWN, Row
from reconcile.tolerances import Tolerances

INFORMATION = Decimal("Infinity")  # told, and never a difference
UNIT = Decimal("1e-6")


def reported(book: Book, tolerances: Tolerances) -> tuple[Row, ...]:
    """Return the rows; give a book that keeps everything, else the average costs of old positions are unknown."""
    with exactly():
        return (*_positions(book), *_cash(book, tolerances), *_nav(book, tolerances), *_average_costs(book))


def _positions(book: Book) -> Iterator[Row]:
    theirs = book.reported.positions
    for con_id in sorted(book.positions.keys() | (theirs or {}).keys()):
        row = None if theirs is None else theirs.get(con_id)
        told = NOT_REPORTED if theirs is None else (ZERO if row is None else row.quantity)
        yield Row("position", symbol(book, con_id), book.positions.get(con_id, ZERO), told, ZERO)


def _cash(book: Book, tolerances: Tolerances) -> Iterator[Row]:
    theirs = book.reported.cash
    for currency in sorted(book.cash.keys() | (theirs or {}).keys()):
        told = NOT_REPORTED if theirs is None else theirs.get(currency, ZERO)
        yield Row("cash", currency, book.cash.get(currency, ZERO), told, tolerances.cash_rounding)


def _nav(book: Book, tolerances: Tolerances) -> Iterator[Row]:
    theirs = book.reported.nav
    told = NOT_REPORTED if theirs is None else theirs.without_accruals
    try:
        own = own_nav(book)
        yield Row("nav", book.base_currency, own, told, nav_bound(book, own, tolerances))
    except Unvalued:
        yield Row("nav", book.base_currency, UNKNOWN, told, ZERO)


def _average_costs(book: Book) -> Iterator[Row]:
    """Compare IB's average cost with our lots as they would be by the average method, per unit, in their currency."""
    for con_id, row in sorted((book.reported.positions or {}).items()):
        holding = book.holdings.get(con_id)
        if row.quantity and holding is not None:
            yield Row("average cost", symbol(book, con_id), _average(holding), row.average_cost, INFORMATION)


def _average(holding: Holding) -> Decimal | str:
    try:
        pooled = holding.averaged()
    except Folded:
        return UNKNOWN
    if not pooled.quantity:
        return UNKNOWN
    return ROUNDING.quantize(ROUNDING.divide(EXACT.plus(pooled.basis), pooled.quantity), UNIT)
