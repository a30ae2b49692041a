"""A commission that a statement tells otherwise than the API did: the statement's is what was charged. Pure.

The first word stays with its execution; what is apart is told as an adjustment of the broker's, and takes the place of
one that was inferred for it. The name of an adjustment is its execution's: told by the next statement it is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from ledger.book import Book
from ledger.events import CommissionAdjusted, CommissionCharged, Fact, execution_base, type_name
from ledger.state import ZERO

ADJUSTED = type_name(CommissionAdjusted)


def charged_otherwise(book: Book, facts: Iterable[Fact]) -> Iterator[Fact]:
    """Tell as an adjustment what a statement says that an execution cost more or less than the log has it."""
    for fact in facts:
        apart = _apart(book, fact) if isinstance(fact, CommissionCharged) else ZERO
        yield _adjusted(book, fact, apart) if apart and isinstance(fact, CommissionCharged) else fact


def _apart(book: Book, fact: CommissionCharged) -> Decimal:
    """Return what was charged more (-) or less (+); 0 where both say the same, or speak of different currencies."""
    match book.keys.get(fact.key):
        case (_, (Decimal() as told, str() as currency)) if currency == fact.currency:
            return fact.amount - told
        case _:
            return ZERO


def _adjusted(book: Book, fact: CommissionCharged, apart: Decimal) -> CommissionAdjusted:
    base, _ = execution_base(fact.execution_id)
    fill = book.fills.get(base)
    inferred = (key for key, each in book.provisional.items() if each.type == ADJUSTED and f"/{base}/" in key)
    return CommissionAdjusted(
        source="statement", reference=f"commission/{fact.execution_id}", amount=apart, currency=fact.currency,
        con_id=None if fill is None else fill.con_id, replaces=next(inferred, None), occurred_at=fact.occurred_at,
        trade_date=fact.trade_date, report_date=fact.report_date, note="told otherwise before",
    )  # fmt: skip
