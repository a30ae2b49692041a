"""How far the account is from its limits, as the last cycle that trades found it. Pure.

To tell another finding of a cycle: a function from the book to lines, named in `compose.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from ledger.book import Book
from ledger.events import VerdictRow
from ledger.lots import ROUNDING

TOLD_MAX = 3  # limits, the closest first
SHOWN = Decimal("0.0001")


class Distance(NamedTuple):
    """How far an observed value is from its limit."""

    left: Decimal  # share of the limit that is left; below zero beyond it
    name: str
    observed: Decimal
    limit: Decimal


def distances(book: Book) -> tuple[Distance, ...]:
    """Return the distances that are numbers, the closest first, one a safeguard."""
    closest: dict[str, Distance] = {}
    for row in book.verdicts:
        found = _distance(book, row)
        if found is not None and (row.safeguard not in closest or found.left < closest[row.safeguard].left):
            closest[row.safeguard] = found
    return tuple(sorted(closest.values()))


def _distance(book: Book, row: VerdictRow) -> Distance | None:
    try:
        observed, limit, left = Decimal(row.observed), Decimal(row.limit), Decimal(row.distance)
    except InvalidOperation:
        return None  # of words there is no distance
    if not limit:
        return None
    contract = book.contracts.get(row.con_id) if row.con_id is not None else None
    name = f"{row.safeguard.replace('_', ' ')}{f' {contract.symbol}' if contract is not None else ''}"
    return Distance(ROUNDING.divide(left, abs(limit)), name, observed, limit)


def closest_limits(book: Book) -> Iterator[str]:
    """Tell the limits that are nearest."""
    told = [f"{it.name} {_shown(it.observed)} of {_shown(it.limit)}" for it in distances(book)[:TOLD_MAX]]
    if told:
        yield f"Closest limits: {'; '.join(told)}."


def _shown(number: Decimal) -> str:
    return f"{ROUNDING.quantize(number, SHOWN).normalize():,f}"
