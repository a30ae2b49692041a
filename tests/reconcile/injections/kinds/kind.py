"""What one kind of injection is.

Its course is a generator that goes through the case's days: it plans (before the market is made), yields, does what
has to stand since yesterday, yields, and lets happen today what the reconciler is to find. It says itself, or lets the
world measure, what the venue has done that the book was not told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.reconcile.injections.world import World

Course = Callable[[World], Iterator[None]]


@dataclass(frozen=True)
class Kind:
    """One kind of injection, and what can be told of it by whom."""

    name: str
    cause: str  # as the reconciler names it
    course: Course
    api: str = ""  # why the API alone cannot tell it; empty: it can
    statement: str = ""  # why a statement says nothing of it; empty: it does
    free: bool = False  # its cash shows only as what is left: two such in one currency are one sum to the API
    cashless: bool = False  # units, and nothing else: beside cash of any amount, a trade fits as well
    totals: bool = False  # it shows in the account's total as well: two such are one sum there
