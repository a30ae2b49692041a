"""What is told as the sum of a period, where the log holds parts of that period already. Pure.

The daily gains of futures and the interest that accrued are told by the period, not one by one. Of a period that holds
others, the rest is new; of one that lies within another, nothing. Where two only overlap, nobody can tell the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from ledger.events import Fact, InterestAccrued, VariationSettled
from ledger.lots import EXACT

PERIOD = re.compile(r"^(?P<of>.+)/(?P<first>\d{4}-\d{2}-\d{2})/(?P<last>\d{4}-\d{2}-\d{2})$")
Summed = VariationSettled | InterestAccrued


class Period(NamedTuple):
    """Of what, and of which days, a sum is."""

    type: str
    of: str
    first: date
    last: date


def period_of(fact: Fact) -> Period | None:
    """Return the period that a fact is the sum of; None for what happened once."""
    if not isinstance(fact, Summed):
        return None
    found = PERIOD.match(fact.reference)
    if found is None:
        return None
    return Period(fact.type, found["of"], date.fromisoformat(found["first"]), date.fromisoformat(found["last"]))


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


def _rest(fact: Summed, period: Period, known: list[tuple[Period, Summed]]) -> Rest:
    amount = fact.amount
    for part, told in known:
        if part.first < period.first or period.last < part.last:
            if part.first <= period.first and period.last <= part.last:
                return Rest(None)  # all of it is told
            days = f"{period.first} to {period.last}"
            return Rest(None, f"{period.of}: {days} overlaps {part.first} to {part.last}; the rest cannot be told")
        amount = EXACT.subtract(amount, told.amount)
    if not amount:
        return Rest(None)
    return Rest(fact if amount == fact.amount else fact.model_copy(update={"amount": amount}))
