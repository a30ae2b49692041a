"""What a source says that an issuer has announced: nothing of it is booked before it is seen.

An announcement is an observation: the last word of a source on one contract and ex-date counts. To add one: write the
model here, and let it be kept in `ledger/effects/announcements.py`.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from ledger.events.fact import Exact, Fact


class DistributionDeclared(Fact):
    """A distribution on the units held when it goes ex: a dividend, before any tax."""

    type: Literal["distribution_declared"] = "distribution_declared"
    con_id: int
    ex_date: date
    amount: Exact  # per unit, in the contract's currency or in the one that is told
    currency: str
    source: str  # who told it: the folder
    pay_date: date | None = None
    taken_back: bool = False  # the source does not tell it any more


class SplitDeclared(Fact):
    """A split: units times numerator/denominator from the ex-date on; below 1 it is a reverse split."""

    type: Literal["split_declared"] = "split_declared"
    con_id: int
    ex_date: date
    numerator: int
    denominator: int
    source: str
    taken_back: bool = False
