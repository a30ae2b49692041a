"""Do two sources tell the same prices?

One may take splits out of its closes and the other not: a difference by the ratio of known splits is none. The rest
must agree day by day, to a tick at least.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby

from trader.quality.case import Case, Fault, Kind
from trader.quality.measures import is_ratio


def sources_agree(case: Case) -> Iterator[Fault]:
    """Compare the closes of every common day."""
    if case.other is None:
        return
    mine = {bar.day: bar.close for bar in case.measures.bars}
    theirs = {bar.day: bar.close for bar in case.other.measures.bars}
    common = [day for day in case.measures.days if day in theirs]
    if not common:
        days = case.measures.days or case.other.measures.days
        if days:
            text = "the two sources have no day in common; see whether they mean the same contract"
            yield Fault(Kind.DISAGREEMENT, days[0], days[-1], "day", None, None, text)
        return
    offsets = {day: _unexplained(case, day, float(mine[day]), float(theirs[day])) for day in common}
    tick, usual = case.measures.tick, float(case.close_difference_max)
    for is_apart, same in groupby(
        common, key=lambda day: abs(offsets[day]) > max(usual, 1.01 * tick / float(mine[day]))
    ):
        if is_apart:
            days = tuple(same)
            worst = max(days, key=lambda day: abs(offsets[day]))
            text = f"close {mine[worst]} here and {theirs[worst]} in the other source on {worst}; correct one of them"
            yield Fault(Kind.DISAGREEMENT, days[0], days[-1], "close", mine[worst], theirs[worst], text)


def _unexplained(case: Case, day: object, mine: float, theirs: float) -> float:
    """Return the logarithm of the ratio, less that of the splits after this day where that leaves less."""
    apart = math.log(mine / theirs)
    later = sum(
        math.log(float(split.ratio))
        for known in (case.splits, case.other.splits if case.other and not case.splits else None)
        for split in known or ()
        if str(split.ex_day) > str(day) and is_ratio(split.ratio)
    )
    return min(apart, apart - later, apart + later, key=abs)
