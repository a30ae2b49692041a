"""Is a series fit to decide on? Pure: a `Case` in, `Fault`s out.

`trader.bars.check_series` refuses what no series may be; here is what a series may be and probably is not. Each check
compares the series with its own habits (`measures.py`), never with a number that suits one market; each says nothing
where what it would need is not known. docs/data-quality.md tells every kind, how much of it is found, and what cannot
be found.

To add a check: write a generator that takes a `Case` and yields `Fault`s, in the file of its family; add it to
`CHECKS`; add the fault that it finds to `INJECTIONS` in tests/trader/quality/injections.py, which measures how much of
it is found, and that nothing is found in clean series.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from trader.quality.adjustments import adjusted_closes_follow, splits_show_alike, splits_stand_once
from trader.quality.case import Case, Dividend, Fault, Kind, Split
from trader.quality.completeness import (
    each_day_stands_once,
    every_bar_has_a_session,
    every_bar_is_possible,
    no_session_is_missing,
    prices_move,
    the_last_bar_is_of_the_last_session,
    the_last_bar_is_whole,
)
from trader.quality.dividends import (
    dividends_are_possible,
    dividends_stand_once,
    gains_stand_once,
    no_dividend_is_missing,
    prices_fall_by_dividends,
)
from trader.quality.jumps import bars_are_of_one_piece, levels_hold
from trader.quality.second_source import sources_agree

__all__ = ["CHECKS", "Case", "Check", "Dividend", "Fault", "Kind", "Split", "faults_of"]

Check = Callable[[Case], Iterator[Fault]]

CHECKS: tuple[Check, ...] = (
    each_day_stands_once,
    every_bar_is_possible,
    no_session_is_missing,
    every_bar_has_a_session,
    the_last_bar_is_of_the_last_session,
    the_last_bar_is_whole,
    prices_move,
    levels_hold,
    bars_are_of_one_piece,
    splits_stand_once,
    splits_show_alike,
    adjusted_closes_follow,
    dividends_are_possible,
    dividends_stand_once,
    gains_stand_once,
    no_dividend_is_missing,
    prices_fall_by_dividends,
    sources_agree,
)


def faults_of(case: Case) -> tuple[Fault, ...]:
    """Return all that is wrong with a series, by day, each once; none is the only good answer."""
    found = dict.fromkeys(fault for check in CHECKS for fault in check(case))
    return tuple(sorted(found, key=lambda fault: (fault.first, fault.kind, fault.field, fault.last)))
