"""How near the account came to its limits: each safeguard's closest verdict, and how often it said no.

Only verdicts that compare two numbers have a distance; how much of the room was used is one over the other, for the
eye.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from ledger.events import VerdictRow
from ledger.lots import ROUNDING, exactly

GROSS_LEVERAGE = "gross_leverage_stays_within_limit"
NOT_OF_THE_ACCOUNT = frozenset({"the_open_is_over", "the_close_is_not_near", "few_enough_orders"})  # every day alike


class Closest(NamedTuple):
    """The verdict of one safeguard that left the least room, and how many of its verdicts were no consent."""

    verdict: VerdictRow
    used: Decimal | None  # share of the room, 1 at the limit; None: no two numbers
    at: datetime
    seq: int
    refused: int  # verdicts that were veto or unknown


def number(text: str) -> Decimal | None:
    """Return a figure of a verdict; None where it is a word."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def used(verdict: VerdictRow) -> Decimal | None:
    """Return how much of the room to its limit a verdict had used; None where it compares no two numbers above 0."""
    observed, limit, distance = number(verdict.observed), number(verdict.limit), number(verdict.distance)
    if observed is None or limit is None or distance is None or limit <= 0:
        return None
    with exactly():
        is_upper = limit - observed == distance
    if is_upper:
        return ROUNDING.divide(max(observed, Decimal(0)), limit)
    return ROUNDING.divide(limit, observed) if observed > 0 else None


@dataclass(slots=True)
class Nearest:
    """The closest verdict of each safeguard, of as many evaluations as go by."""

    _found: dict[str, Closest] = field(default_factory=dict)

    def take(self, at: datetime, seq: int, verdicts: tuple[VerdictRow, ...]) -> None:
        """Look at one evaluation."""
        for verdict in verdicts:
            known, share = self._found.get(verdict.safeguard), used(verdict)
            no = (known.refused if known else 0) + (verdict.outcome != "pass")
            if known is None or _rank(verdict, share) > _rank(known.verdict, known.used):
                self._found[verdict.safeguard] = Closest(verdict, share, at, seq, no)
            elif no != known.refused:
                self._found[verdict.safeguard] = known._replace(refused=no)

    @property
    def told(self) -> tuple[Closest, ...]:
        """Return each safeguard's closest verdict, those without consent first, then by room used."""
        return tuple(sorted(self._found.values(), key=_by_refusals_and_room))


def _by_refusals_and_room(each: Closest) -> tuple[int, Decimal]:
    return -each.refused, Decimal(1) if each.used is None else -each.used


def gross_leverage_limit(verdicts: Iterable[VerdictRow]) -> Decimal | None:
    """Return the limit of gross leverage that a cycle was judged by."""
    return next((number(verdict.limit) for verdict in verdicts if verdict.safeguard == GROSS_LEVERAGE), None)


def _rank(verdict: VerdictRow, share: Decimal | None) -> tuple[bool, Decimal]:
    return verdict.outcome != "pass", Decimal(-1) if share is None else share
