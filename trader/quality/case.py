"""What a check of data is given, and what it finds.

A `Case` is one series as it was fetched, with whatever else is known of it; what is not known is None, and no check
concludes anything from that. A `Fault` is one thing wrong, told so that it can be acted on. To name another kind of
fault: add it to `Kind` and to docs/data-quality.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from trader.bars import Series
from trader.quality.measures import Measures, is_price, measured


class Kind(StrEnum):
    """What may be wrong with a series."""

    GAP = "gap"  # sessions without a bar
    NO_SESSION = "no_session"  # a bar without a session
    DUPLICATE = "duplicate"  # one day twice
    INCONSISTENT = "inconsistent"  # prices that no bar can have
    STALE = "stale"  # the last bar is of too early a day
    PARTIAL = "partial"  # the last bar's day was not over
    UNCHANGED = "unchanged"  # one bar again and again
    SPIKE = "spike"  # a price that no neighbour shares, and that comes back
    UNIT = "unit"  # prices in another unit: pence for pounds
    SPLIT = "split"  # wrong, missing, doubled, or not carried through
    DIVIDEND = "dividend"  # wrong, missing or doubled
    ADJUSTMENT = "adjustment"  # adjusted closes that the dividends and splits do not explain
    CAPITAL_GAINS = "capital_gains"  # a fund's gains taken out twice
    DISAGREEMENT = "disagreement"  # two sources, two prices


@dataclass(frozen=True, slots=True)
class Dividend:
    """Cash for one share, in the unit of the closes; a fund's capital gains are part of the amount."""

    ex_day: date
    amount: Decimal
    capital_gains: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Split:
    """So many new shares for one old: 2 for 2:1, 0.1 for a reverse split of 1:10."""

    ex_day: date
    ratio: Decimal


@dataclass(frozen=True)
class Case:
    """One series, daily or weekly, with what else is known.

    `closes_split_adjusted` tells what the source makes of splits in its raw closes: taken out (True), left in (False),
    or not known (None), when the series itself has to show it.
    """

    series: Series  # as fetched: in any order, even with a day twice
    dividends: tuple[Dividend, ...] | None = None
    splits: tuple[Split, ...] | None = None
    sessions: tuple[date, ...] | None = None  # up to the last that should be there
    running: date | None = None  # a session that is not over
    other: Case | None = None  # another source's series of the same contract
    close_difference_max: Decimal = Decimal("0.01")  # of the close, between the two
    events_complete: bool = True  # the dividends and splits that are told are all there were
    closes_split_adjusted: bool | None = None

    @cached_property
    def payable(self) -> tuple[Dividend, ...]:
        """The dividends whose amounts are prices of something, by day; the others are told by their own check."""
        return tuple(sorted((it for it in self.dividends or () if is_price(it.amount)), key=lambda it: it.ex_day))

    @property
    def all_dividends_told(self) -> bool:
        """Tell whether a dividend that is not told is none."""
        return self.dividends is not None and self.events_complete

    @property
    def all_splits_told(self) -> bool:
        """Tell whether a split that is not told is none."""
        return self.splits is not None and self.events_complete

    @cached_property
    def measures(self) -> Measures:
        """What most checks ask first: returns, how far they usually go, events by bar."""
        dividends = tuple(
            (it.ex_day, it.amount, it.capital_gains if is_price(it.capital_gains) else Decimal(0))
            for it in self.payable
        )
        splits = tuple((it.ex_day, it.ratio) for it in self.splits or ())
        return measured(self.series, dividends, splits)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a series, on one day or from one to another."""

    kind: Kind
    first: date
    last: date
    field: str
    observed: Decimal | None
    expected: Decimal | None
    text: str  # what is wrong, and what to do

    def __str__(self) -> str:
        """Tell it on one line."""
        days = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        return f"{days}: {self.kind}: {self.text}"
