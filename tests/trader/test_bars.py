"""A series of bars: its one spelling, what it may not be, and the evidence that it is kept as."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trader.decisions import D
from trader.bars import Bar, Bars, BarsError, check_series, read_series, series_bytes, series_sha256
from trader.evidence import EvidenceError, get, put

BAR = Bar(date(2005, 2, 25), D("89.62"), D("89.91"), D("88.19"), D("88.99"), D("32666400"), D("43.025"))
NEXT = Bar(date(2005, 2, 28), D("44.68"), D("45.14"), D("43.96"), D("44.86"), D("23271100"))
SERIES = (BAR, NEXT)

PRICE = st.decimals("0.000001", "1000000", allow_nan=False, places=6)
DAYS = st.lists(st.dates(), unique=True, min_size=1, max_size=5).map(sorted)


def test_a_series_has_one_spelling() -> None:
    assert series_bytes(SERIES) == (
        b"day,open,high,low,close,volume,adjusted_close\n"
        b"2005-02-25,89.62,89.91,88.19,88.99,32666400,43.025\n"
        b"2005-02-28,44.68,45.14,43.96,44.86,23271100,\n"
    )


def test_equal_numbers_have_equal_hashes_however_they_are_written() -> None:
    written_otherwise = (replace(BAR, open=D("89.620"), volume=D("3.26664E+7")), NEXT)

    assert series_sha256(written_otherwise) == series_sha256(SERIES)
    assert series_sha256((replace(BAR, close=D("88.98")), NEXT)) != series_sha256(SERIES)


@given(DAYS, st.lists(PRICE, min_size=5, max_size=5), st.none() | PRICE)
def test_a_series_is_read_back_as_it_was_spelled(
    days: list[date], prices: list[Decimal], adjusted: Decimal | None
) -> None:
    opened, high, low, close, volume = prices
    series = tuple(Bar(day, opened, high, low, close, volume, adjusted) for day in days)

    assert read_series(series_bytes(series)) == series


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(series_bytes(SERIES)[:-5], id="torn"),
        pytest.param(series_bytes(SERIES).replace(b"day,", b"date,"), id="another header"),
        pytest.param(series_bytes(SERIES).replace(b"88.99", b"n/a"), id="not a number"),
        pytest.param(series_bytes(SERIES).replace(b"2005-02-28,", b""), id="a column short"),
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(BarsError, match="series of bars"):
        read_series(content)


@pytest.mark.parametrize(
    ("series", "problem"),
    [
        pytest.param((), "at least one bar", id="empty"),
        pytest.param((NEXT, BAR), "found 2005-02-25 after 2005-02-28", id="unsorted"),
        pytest.param((BAR, BAR), "found 2005-02-25 after 2005-02-25", id="a day twice"),
        pytest.param((replace(BAR, open=D("0")),), "positive prices, found 0", id="zero"),
        pytest.param((replace(BAR, low=D("-1")),), "positive prices, found -1", id="below zero"),
        pytest.param((replace(BAR, close=D("NaN")),), "positive prices, found NaN", id="NaN"),
        pytest.param((replace(BAR, adjusted_close=D("0")),), "positive prices, found 0", id="adjusted to zero"),
        pytest.param((replace(BAR, volume=D("-1")),), "a volume of at least 0, found -1", id="volume below zero"),
        pytest.param((replace(BAR, high=D("89.61")),), "a high of at least open, low and close", id="high too low"),
        pytest.param((replace(BAR, low=D("89.00")),), "a low of at most open and close", id="low too high"),
    ],
)
def test_a_series_that_cannot_be_is_named(series: tuple[Bar, ...], problem: str) -> None:
    with pytest.raises(BarsError, match=problem):
        check_series(series)


def test_a_sound_series_is_accepted() -> None:
    check_series(SERIES)

    assert series_bytes(SERIES).count(b"\n") == 3


def test_signals_use_adjusted_closes_where_the_whole_series_has_them() -> None:
    whole = Bars({1: (BAR, replace(NEXT, adjusted_close=D("43.38")))})
    partly = Bars({1: SERIES})

    assert whole.signal_closes(1) == (D("43.025"), D("43.38"))
    assert partly.signal_closes(1) == partly.closes(1) == (D("88.99"), D("44.86"))


def test_a_frame_has_a_row_a_bar() -> None:
    frame = Bars({1: SERIES, 2: (NEXT,)}).frame()

    assert list(frame.index.get_level_values("con_id")) == [1, 1, 2]
    assert list(frame["close"]) == [88.99, 44.86, 44.86]
    assert frame["adjusted_close"].isna().tolist() == [False, True, True]


def test_what_is_put_is_got_back_by_its_hash(tmp_path: Path) -> None:
    digest = put(tmp_path, series_bytes(SERIES))

    assert digest == series_sha256(SERIES)
    assert (tmp_path / "var" / "data" / digest[:2] / f"{digest}.csv").read_bytes() == series_bytes(SERIES)
    assert read_series(get(tmp_path, digest)) == SERIES


def test_what_is_put_twice_is_kept_once(tmp_path: Path) -> None:
    first, second = put(tmp_path, b"one"), put(tmp_path, b"one")

    assert first == second
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_damaged_evidence_is_refused_and_not_vouched_for(tmp_path: Path) -> None:
    digest = put(tmp_path, b"one")
    (tmp_path / "var" / "data" / digest[:2] / f"{digest}.csv").write_bytes(b"two")

    with pytest.raises(EvidenceError, match="move it away, restore a backup"):
        get(tmp_path, digest)
    with pytest.raises(EvidenceError, match="move it away"):
        put(tmp_path, b"one")


def test_missing_evidence_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="found none; restore a backup"):
        get(tmp_path, "0" * 64)


def test_deciding_imports_nothing_slow() -> None:
    modules = "trader.forecast, trader.ingest, trader.safeguards, trader.sizing, trader.strategies, trader.sources"
    slow = "{'pandas', 'duckdb', 'matplotlib', 'exchange_calendars', 'jinja2', 'typer', 'rich', 'ib_insync'}"
    program = f"import sys, {modules}; print(sorted({slow} & set(sys.modules)))"

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert said == "[]\n"
