"""Real faults of vendors are found, and nothing is found in their corrected or clean series."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trader.quality.vendors import ABSENT, CLEAN, FAULTY, SHARED, STOCKS, cut, stock_case, vendor_case
from trader.quality import Case, Kind, faults_of

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=ABSENT)

KINDS = {
    "4063-T-1d-bad-div": {Kind.DIVIDEND},
    "4063-T-1d-bad-stock-split": {Kind.SPLIT},
    "8TRA-DE-1d-missing-div-adjust": {Kind.ADJUSTMENT},
    "AET-L-1d-100x-error": {Kind.UNIT},
    "CNE-L-1d-bad-stock-split": {Kind.SPLIT},
    "KAP-IL-1d-bad-div": {Kind.DIVIDEND},
    "TEM-L-1d-bad-div": {Kind.DIVIDEND, Kind.ADJUSTMENT},
    "VWILX-1d-cg-double-count": {Kind.CAPITAL_GAINS},
}


@pytest.mark.parametrize("path", FAULTY, ids=lambda path: path.stem)
def test_a_vendors_fault_is_found(path: Path) -> None:
    found = {fault.kind for fault in faults_of(vendor_case(path))}

    assert found == KINDS.get(path.stem, found)
    assert found


@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.stem)
def test_a_clean_series_of_a_vendor_is_left_alone(path: Path) -> None:
    assert faults_of(vendor_case(path)) == ()


@pytest.mark.parametrize("name", STOCKS)
def test_thirteen_years_with_two_crashes_are_left_alone(name: str) -> None:
    assert faults_of(stock_case(name)) == ()


@pytest.mark.parametrize("length", [300, 40], ids=["as a cycle sees them", "short"])
def test_clean_series_are_left_alone_on_whatever_day_they_end(length: int) -> None:
    whole = [*map(vendor_case, CLEAN), *map(stock_case, STOCKS)]
    pieces: list[Case] = [
        cut(case, end - length, end) for case in whole for end in range(length, len(case.series), 331 - length // 2)
    ]

    assert [fault for piece in pieces for fault in faults_of(piece)] == []


def test_a_split_that_only_the_closes_show_is_found() -> None:
    apple = stock_case("AAPL")
    without = Case(tuple(bar.__class__(*(getattr(bar, name) for name in bar.__slots__[:6])) for bar in apple.series))

    assert [str(fault.first) for fault in faults_of(without)] == ["2005-02-28"]  # that of 2000 is lost in the crash
