"""Series of vendors, in place: pairs of a real fault and its answer, and series that are clean."""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from trader.bars import Bar
from trader.quality import Case
from trader.quality.reading import read_case

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
ABSENT = f"no series of vendors in {SHARED}"
FAULTY = tuple(
    sorted(path for path in (SHARED / "faults").glob("*.csv") if not path.stem.endswith(("-fixed", "-divs")))
)
CLEAN = tuple(
    sorted(
        (*(path for path in (SHARED / "faults").glob("*.csv") if path not in FAULTY), *SHARED.glob("daily/*.csv.gz"))
    )
)
STOCKS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")


@cache
def vendor_case(path: Path) -> Case:
    """Read a file; the sessions of New York go with what is traded there."""
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as text:
            return with_sessions(read_case(text))
    with path.open(encoding="utf-8") as text:
        return read_case(text)


@cache
def stock_case(name: str) -> Case:
    """Return a stock of bokeh_sampledata: raw closes with adjusted ones, its splits and dividends not told."""
    from bokeh_sampledata import stocks

    columns = getattr(stocks, name)
    names = ("open", "high", "low", "close", "volume", "adj_close")
    rows = zip(columns["date"], *(columns[column] for column in names), strict=True)
    series = tuple(
        Bar(date.fromisoformat(day), *(Decimal(repr(number)) for number in numbers)) for day, *numbers in rows
    )
    return with_sessions(Case(series))


def with_sessions(case: Case) -> Case:
    """Add the sessions of New York."""
    first, last = case.series[0].day, case.series[-1].day
    return replace(case, sessions=tuple(day for day in _new_york() if first <= day <= last))


def cut(case: Case, first: int, last: int) -> Case:
    """Return what was known of a stretch when it ended."""
    series = case.series[first:last]
    begin, end = series[0].day, series[-1].day
    return replace(
        case,
        series=series,
        dividends=None if case.dividends is None else tuple(it for it in case.dividends if begin <= it.ex_day <= end),
        splits=None if case.splits is None else tuple(it for it in case.splits if begin <= it.ex_day <= end),
        sessions=None if case.sessions is None else tuple(day for day in case.sessions if begin <= day <= end),
    )


@cache
def _new_york() -> tuple[date, ...]:
    with (SHARED / "xnys.csv").open(encoding="utf-8") as text:
        return tuple(date.fromisoformat(row[0][:10]) for row in list(csv.reader(text))[1:])
