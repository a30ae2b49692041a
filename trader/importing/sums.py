"""What is told as the sum of a period, where the log holds parts of that period already. Pure.

The daily gains of futures and the interest that accrued are told by the period, not one by one. Of a period that holds
others, the rest is new; of one that lies within another, nothing. Where two only overlap, nobody can tell the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple

from ledger.events import Fact
from ledger.lots import EXACT
from reconcile.periods import Period, Summed, period_of


class Rest(NamedTuple):
    """A fact that is left over, and what is to be said of it."""

    fact: Fact | None
    note: str = ""


def rests(facts: Iterable[Fact], told: Iterable[Fact]) -> Iterator[Rest]:
    """Yield each fact less what the log holds of it."""
    known = [(period, fact) for fact in told if isinstance(fact, Summed) and (period := period_of(fact)) is not None]
    for fact in facts:
        period = period_of(fact)
        if period is None or not isinstance(fact, Summed):
            yield Rest(fact)
        else:
            yield _rest(fact, period, [(p, k) for p, k in known if p[:2] == period[:2] and _meet(p, period)])


def _meet(one: Period, other: Period) -> bool:
    return one.first <= other.last and other.first <= one.last


def _covered(period: Period, parts: list[Period]) -> bool:
    """Whether every day of a period lies in one that is told."""
    day = period.first
    for part in sorted(parts, key=lambda each: each.first):
        if part.first <= day <= part.last:
            day = part.last + timedelta(days=1)
    return day > period.last


def _rest(fact: Summed, period: Period, known: list[tuple[Period, Summed]]) -> Rest:
    amount = fact.amount
    if _covered(period, [part for part, _ in known]):
        return Rest(None)
    for part, told in known:
        if part.first < period.first or period.last < part.last:
            days = f"{period.first} to {period.last}"
            return Rest(None, f"{period.of}: {days} overlaps {part.first} to {part.last}; the rest cannot be told")
        amount = EXACT.subtract(amount, told.amount)
    if not amount:
        return Rest(None)
    return Rest(fact if amount == fact.amount else fact.model_copy(update={"amount": amount}))
