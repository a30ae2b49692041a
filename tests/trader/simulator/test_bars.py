"""Daily bars from files."""

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.trader.simulator.small_market import TUESDAY, WEDNESDAY, row
from trader.simulator.bars import BarsError, Series, Split, packaged_bars, read_bars

MANY = "Ticker,Date,Open,High,Low,Close,Volume,Adj Close\n"
ONE = "date,open,high,low,close,volume\n"
SHARED = Path(__file__).parents[3] / ".." / "shared" / "data" / "daily"


def test_one_file_may_hold_many_tickers(tmp_path: Path) -> None:
    rows = "ACME,2005-03-01,50,51,44.1,44.121,1000,22.0605\nOTHER,2005-03-01,7,7,7,7,5,7\n"
    (tmp_path / "stocks.csv").write_text(MANY + rows)

    bars = read_bars(tmp_path)

    assert bars.tickers == ("ACME", "OTHER")
    assert bars.series["ACME"].bars == (row(TUESDAY, "50", "51", "44.1", "44.121", 1000, "22.0605"),)


def test_one_file_a_ticker_is_named_after_it(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "ACME.csv.gz", "wt") as text:
        text.write(ONE + "2005-03-01,50,51,49,50.5,1000.0\n")

    assert read_bars(tmp_path).series["ACME"].bars == (row(TUESDAY, "50", "51", "49", "50.5", 1000),)


def test_parquet_reads_like_csv_and_as_exactly(tmp_path: Path) -> None:
    import duckdb

    query = """SELECT 'ACME' AS "Ticker", DATE '2005-03-01' AS "Date", 50.10::DECIMAL(18,4) AS "Open", 51.0 AS "High",
        44.1 AS "Low", 44.121::DECIMAL(18,3) AS "Close", 1000 AS "Volume", 22.0605::DECIMAL(18,6) AS adj_close"""
    duckdb.execute(f"COPY ({query}) TO '{tmp_path}/bars.parquet' (FORMAT parquet)")

    bar = read_bars(tmp_path).series["ACME"].bars[0]

    assert (bar.open, bar.close, bar.volume) == (Decimal("50.1"), Decimal("44.121"), 1000)
    assert bar.adjusted_close == Decimal("22.0605")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("2005-03-01,fifty,51,49,50,9", "line 2, column open: expected a number, found 'fifty'", id="word"),
        pytest.param("2005-03-01,50,51,49,nan,9", "column close: expected a positive number, found 'nan'", id="NaN"),
        pytest.param("2005-03-01,50,51,49,0,9", "column close: expected a positive number, found '0'", id="zero"),
        pytest.param("2005-03-01,50,49.5,49,50,9", "column high: expected at least open, low and close", id="high"),
        pytest.param("2005-03-01,50,51,50.5,50.7,9", "column low: expected at most open and close", id="low"),
        pytest.param("01.03.2005,50,51,49,50,9", "column date: expected a date like 2005-03-01", id="date"),
        pytest.param("2005-03-01,50,51,49,50,9.5", "column volume: expected a whole number of shares", id="volume"),
        pytest.param("2005-03-01,50,51,49,50", "line 2: expected 6 columns, found 5", id="short row"),
        pytest.param("2005-03-01,50,51,49,50,9\n2005-03-01,50,51,49,50,9", "two rows of 2005-03-01", id="twice"),
    ],
)
def test_a_bad_row_is_named_by_file_line_and_column(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "ACME.csv").write_text(ONE + text + "\n")

    with pytest.raises(BarsError) as error:
        read_bars(tmp_path)

    assert str(error.value).startswith("ACME.csv: ")
    assert complaint in str(error.value)


def test_a_missing_column_an_empty_folder_and_a_ticker_in_two_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BarsError, match="found none"):
        read_bars(tmp_path)
    (tmp_path / "ACME.csv").write_text("date,open,high,low,close\n")
    with pytest.raises(BarsError, match="expected a column 'volume'"):
        read_bars(tmp_path)
    (tmp_path / "ACME.csv").write_text(ONE + "2005-03-01,50,51,49,50,9\n")
    (tmp_path / "all.csv").write_text(MANY + "ACME,2005-03-01,50,51,49,50,9,50\n")
    with pytest.raises(BarsError, match="ACME stands in another file too"):
        read_bars(tmp_path)


def test_the_packaged_bars_bring_their_splits_and_take_no_dividend_for_one() -> None:
    bars = packaged_bars()

    splits = {ticker: series.splits for ticker, series in bars.series.items()}
    two = Fraction(2)
    assert splits == {
        "AAPL": (Split(date(2000, 6, 21), two), Split(date(2005, 2, 28), two)),
        "FB": (),
        "GOOG": (),
        "IBM": (),
        "MSFT": (Split(date(2003, 2, 18), two),),  # and not the special dividend of 2004-11-15
    }


@pytest.mark.parametrize(
    ("before", "now", "ratio"),
    [
        pytest.param(("90", "30"), ("30.5", "30.5"), Fraction(3), id="3 for 1"),
        pytest.param(("90", "60.01"), ("61", "61"), Fraction(3, 2), id="3 for 2, adjusted close rounded"),
        pytest.param(("5", "50"), ("51", "51"), Fraction(1, 10), id="1 for 10, reverse"),
        pytest.param(("50", "45"), ("46", "46"), None, id="dividend of 10 %"),
        pytest.param(("50", "50"), ("30", "30"), None, id="crash"),
    ],
)
def test_a_split_is_a_jump_of_the_adjustment_near_a_simple_ratio(
    before: tuple[str, str], now: tuple[str, str], ratio: Fraction | None
) -> None:
    rows = [
        row(day, close, close, close, close, adjusted=adjusted)
        for day, (close, adjusted) in zip((TUESDAY, WEDNESDAY), (before, now), strict=True)
    ]

    splits = Series("ACME", tuple(rows)).splits

    assert splits == ((Split(WEDNESDAY, ratio),) if ratio else ())


@pytest.mark.parametrize(("close", "splits"), [("90", 1), ("30", 0)], ids=["raw prices", "prices already adjusted"])
def test_a_stated_split_counts_only_if_the_price_jumped_by_it(tmp_path: Path, close: str, splits: int) -> None:
    rows = f"2005-03-01,{close},{close},{close},{close},9,1\n2005-03-02,30,30,30,30,9,3\n"
    (tmp_path / "ACME.csv").write_text(ONE.replace("volume", "volume,split") + rows)

    assert len(read_bars(tmp_path).series["ACME"].splits) == splits


@pytest.mark.skipif(not SHARED.exists(), reason=f"needs the daily bars of {SHARED}, which is absent")
def test_a_vendor_s_adjusted_files_read_without_splits() -> None:
    bars = read_bars(SHARED)

    assert bars.tickers == ("AAPL", "IBM", "KO", "MSFT")
    assert {len(series.bars) for series in bars.series.values()} == {754}
    assert not any(series.splits for series in bars.series.values())
