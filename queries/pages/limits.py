"""How near the account came to its limits: each safeguard's closest verdict, and how often it said no.

Only verdicts that compare two numbers have a distance; how much of the room was used is one over the other, for the
eye.
"""

from __future__ import annotations

from collections.abc import Iterable
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


def closest(told: Iterable[tuple[datetime, int, tuple[VerdictRow, ...]]]) -> tuple[Closest, ...]:
    """Return each safeguard's closest verdict of many evaluations, those without consent first, then by room used."""
    found = dict[str, Closest]()
    for at, seq, verdicts in told:
        for verdict in verdicts:
            known, share = found.get(verdict.safeguard), used(verdict)
            no = (known.refused if known else 0) + (verdict.outcome != "pass")
            if known is None or _rank(verdict, share) > _rank(known.verdict, known.used):
                known = Closest(verdict, share, at, seq, no)
            found[verdict.safeguard] = known._replace(refused=no)
    return tuple(
        sorted(found.values(), key=lambda each: (-each.refused, -(each.used if each.used is not None else -1)))
    )


def gross_leverage_limit(verdicts: Iterable[VerdictRow]) -> Decimal | None:
    """Return the limit of gross leverage that a cycle was judged by."""
    return next((number(verdict.limit) for verdict in verdicts if verdict.safeguard == GROSS_LEVERAGE), None)


def _rank(verdict: VerdictRow, share: Decimal | None) -> tuple[bool, Decimal]:
    return verdict.outcome != "pass", Decimal(-1) if share is None else share
