"""Plans of a book, as the tests look at them."""

from __future__ import annotations

from decimal import Decimal

from ledger.book import Book
from ledger.events import Fact, OrderPlanned
from tests.trader.decisions import UNIVERSE
from trader.limits import Limits
from trader.sizing import Sizing, plan_orders


def plan(book: Book, **limits: object) -> dict[int, OrderPlanned]:
    return {row.con_id: row for row in facts(book, **limits) if isinstance(row, OrderPlanned)}


def facts(book: Book, **limits: object) -> tuple[Fact, ...]:
    return plan_orders(book, Sizing(universe=UNIVERSE, limits=Limits.model_validate(limits)))


def quantities(book: Book, **limits: object) -> dict[int, Decimal]:
    return {con_id: row.quantity for con_id, row in plan(book, **limits).items()}
