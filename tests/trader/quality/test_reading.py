"""A vendor's CSV becomes a case: bars, and the events that have a column."""

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from trader.bars import Bar, BarsError
from trader.commands.app import run
from trader.quality import Dividend, Split
from trader.quality.reading import read_case

D = Decimal
DESCENDING = """Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits,Capital Gains
2023-05-17 00:00:00+01:00,3,4,2,3,3,100,0,0,0
2023-05-16 00:00:00+01:00,,,,,,,,,
2023-05-15 00:00:00+01:00,6,8,4,6,2.5,50,0.5,0.5,0.2
"""


def test_rows_in_either_order_become_a_case() -> None:
    case = read_case(DESCENDING.splitlines(keepends=True))

    assert case.series == (
        Bar(date(2023, 5, 15), D(6), D(8), D(4), D(6), D(50), D("2.5")),
        case.series[1],
        Bar(date(2023, 5, 17), D(3), D(4), D(2), D(3), D(100), D(3)),
    )
    assert all(price.is_nan() for price in (case.series[1].open, case.series[1].close))
    assert case.dividends == (Dividend(date(2023, 5, 15), D("0.5"), D("0.2")),)
    assert case.splits == (Split(date(2023, 5, 15), D("0.5")),)


def test_what_has_no_column_is_not_known_and_a_split_of_one_is_none() -> None:
    case = read_case(["date,open,high,low,close,split\n", "2023-05-17,3,4,2,3,1.0\n"])

    assert (case.dividends, case.splits) == (None, ())
    assert case.series[0].volume == 0


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param("date,open,high,low\n", "found none named 'close'", id="a column is missing"),
        pytest.param("date,open,high,low,close\n17.5.2023,1,1,1,1\n", "expected a day like", id="no day"),
        pytest.param("date,open,high,low,close\n2023-05-17,1,1,x,1\n", "column low", id="no number"),
        pytest.param("date,open,high,low,close,split\n2023-05-17,1,1,1,1,2:0\n", "column splits", id="no ratio"),
        pytest.param(
            "date,open,high,low,close\n2023-05-17 09:30,1,1,1,1\n2023-05-17 10:30,1,1,1,1\n",
            "expected bars of days or weeks",
            id="hours",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, error: str) -> None:
    with pytest.raises(BarsError, match=error):
        read_case(text.splitlines(keepends=True))


@pytest.mark.parametrize(("text", "ratio"), [("7", "7"), ("7:1", "7"), ("1/10", "0.1"), ("0.5", "0.5")])
def test_a_split_is_read_as_it_is_written(text: str, ratio: str) -> None:
    case = read_case([",open,high,low,close,split ratio\n", f"2023-05-17,3,4,2,3,{text}\n"])

    assert case.splits == (Split(date(2023, 5, 17), D(ratio)),)


def test_the_command_tells_what_is_wrong_with_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean, faulty = tmp_path / "CLEAN.csv", tmp_path / "FAULTY.csv.gz"
    rows = [f"2023-05-{day:02},10,10.2,9.9,10.1,100" for day in range(1, 20)]
    header = "date,open,high,low,close,volume"
    clean.write_text("\n".join([header, *rows]), encoding="utf-8")
    faulty.write_bytes(gzip.compress("\n".join([header, *rows, rows[-1]]).encode()))

    assert run(["check-bars", str(clean)]) == 0
    assert capsys.readouterr().out == "1 file, 0 faults\n"
    assert run(["check-bars", str(clean), str(faulty)]) == 1
    assert "FAULTY.csv.gz: 2023-05-19: duplicate: 2 bars of one day, all equal" in capsys.readouterr().out
    assert run(["check-bars", str(faulty), "--format", "json"]) == 1
    assert '"duplicate"' in capsys.readouterr().out


def test_the_command_refuses_what_is_no_file_of_bars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "note.csv").write_text("hello\n", encoding="utf-8")

    assert run(["check-bars", str(tmp_path / "note.csv")]) == 2
    assert "expected the columns date" in capsys.readouterr().err
