"""Faults put into clean series at random places are found; in the clean series nothing is.

`python -m benchmarks.quality` measures the same with more seeds and writes the shares into docs/data-quality.md.
"""

from __future__ import annotations

from tests.trader.quality.grading import all_graded, false_alarms
from tests.trader.quality.injections import INJECTIONS
from tests.trader.quality.markets import MARKETS, clean
from trader.quality import CHECKS, faults_of

SEEDS = range(1)
# What a series cannot always tell: docs/data-quality.md says why.
HARD = {
    "hundredth_of_a_dividend_in_both": 0.2,
    "hundredth_of_all_dividends": 0.2,
    "thin_last_bar": 0.7,
    "spike": 0.8,
    "spike_in_the_close": 0.8,
    "adjusted_by_what_was_never_paid": 0.7,
    "dividend_told_twice": 0.7,
}


def test_clean_series_are_left_alone() -> None:
    assert list(false_alarms(range(4))) == []


def test_what_is_injected_is_found() -> None:
    graded = all_graded(SEEDS)

    assert [one.name for one in graded if not one.injected] == []
    assert [(one.name, one.found, one.missed) for one in graded if one.share < HARD.get(one.name, 0.9)] == []


def test_every_kind_of_fault_is_injected_and_every_series_is_drawn_again_alike() -> None:
    assert len({injection for injection, _ in INJECTIONS}) == len(INJECTIONS) > len(CHECKS)
    clean.cache_clear()
    first = [clean(market, 1) for market in MARKETS]
    clean.cache_clear()
    assert [clean(market, 1) for market in MARKETS] == first
    assert all(faults_of(case) == () for case in first)
