"""What candidates do to the differences: measured on a copy of the book, never taken from what they say.

To let facts be measured by another kind of difference, add its own side to `OWN_SIDES`: what the book expects of one
subject. Positions and cash are read off whatever a copy changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from ledger.book import Book
from ledger.events import Fact
from ledger.events.reconciliation import BreakKind
from ledger.overlay import Overlay
from ledger.state import ZERO, Impossible, State
from reconcile.candidates import Candidate, Subject

OwnSide = Callable[[State, str], Decimal | None]  # what the book expects of a subject; None: nothing
OWN_SIDES: dict[BreakKind, OwnSide] = {}
K = TypeVar("K")


def measured(book: Book, candidate: Candidate, looked_at: Iterable[Subject] = ()) -> dict[Subject, Decimal] | None:
    """Return how much of each difference a candidate makes; None for one that cannot be.

    `looked_at` are the subjects that differ: those of the kinds of `OWN_SIDES` are measured too. Amounts that a
    candidate states count where its facts move nothing.
    """
    moved: dict[Subject, Decimal] = {}
    if candidate.facts:
        try:
            moved = moved_between(book, book.supposing(candidate.facts), looked_at)
        except Impossible:
            return None
    stated = {subject: amount for subject, amount in (candidate.amounts or {}).items() if amount}
    return stated | moved


def moved_between(before: Book, after: Book, looked_at: Iterable[Subject] = ()) -> dict[Subject, Decimal]:
    """Return by how much each own side is another in a copy; what did not move is left out."""
    moved: dict[Subject, Decimal] = {}
    for con_id in _set_above(after.holdings):
        held = before.holdings.get(con_id)
        moved["position", str(con_id)] = after.holdings[con_id].quantity - (ZERO if held is None else held.quantity)
    for currency in _set_above(after.cash):
        moved["cash", currency] = after.cash[currency] - before.cash.get(currency, ZERO)
    for kind, subject in looked_at:
        own_side = OWN_SIDES.get(kind)
        if own_side is not None:
            moved[kind, subject] = (own_side(after, subject) or ZERO) - (own_side(before, subject) or ZERO)
    return {subject: amount for subject, amount in moved.items() if amount}


def _set_above(held: dict[K, Any]) -> Iterable[K]:
    return held.above if isinstance(held, Overlay) else held


def added(*effects: Mapping[Subject, Decimal]) -> dict[Subject, Decimal]:
    """Add effects up; what cancels out is left out."""
    total: dict[Subject, Decimal] = {}
    for effect in effects:
        for subject, amount in effect.items():
            total[subject] = total.get(subject, ZERO) + amount
    return {subject: amount for subject, amount in total.items() if amount}


def trial(book: Book, facts: tuple[Fact, ...]) -> Book | None:
    """Return the book as if facts had been recorded; None where they cannot be."""
    try:
        return book.supposing(facts)
    except Impossible:
        return None
