"""The account as a whole: leverage, margin, what it lost."""
# ruff: noqa: D401 - every safeguard has the same signature, and says what it stands for

from __future__ import annotations

from decimal import Decimal

from ledger.book import Book
from trader.limits import Limits
from trader.projection import (
    cautious_nav,
    gross_value,
    planned_orders,
    reported_margin,
    running_cycle,
)
from trader.safeguards.judging import age_of, previewed, shrinks
from trader.verdicts import Verdict, at_least, at_most, unknown


def gross_leverage_stays_within_limit(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """All positions, those outside the universe included, after all orders."""
    observed = gross_value(book, running_cycle(book).plan) / cautious_nav(book)
    formula = "sum of |quantity after all orders x price| / NAV"
    age = age_of(book, book.reported.nav_at)
    return (at_most(observed, limits.gross_leverage_max, formula, reduction=shrinks(book), age=age),)


def excess_liquidity_remains(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A margin call sells at the worst moment; each preview tells what its order adds to the maintenance margin."""
    formula = "(excess liquidity - sum of maintenance margin added by each order) / NAV"
    margin = reported_margin(book)
    left = margin.excess_liquidity
    for order in planned_orders(book):
        after = previewed(book, order).maintenance_margin_after
        if after is None:
            return (unknown(formula, f"{order.symbol}: the preview tells no maintenance margin"),)
        left -= max(after - margin.maintenance, Decimal(0))
    share, age = left / cautious_nav(book), age_of(book, book.reported.margin_at)
    return (at_least(share, limits.excess_liquidity_min, formula, reduction=shrinks(book), age=age),)
