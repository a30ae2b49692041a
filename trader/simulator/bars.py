"""Daily bars from files, exactly as they are written there.

A folder holds CSV, CSV.gz or Parquet files: either one file with many tickers (columns Ticker, Date, Open, High, Low,
Close, Volume, Adj Close) or one file a ticker (the same columns, without Ticker; the file is named after it). Case does
not matter, and further columns `dividend` and `split` are understood. Prices become `Decimal` from their text.
Splits are recovered from the adjusted close here, dividends in `actions.py`.
To read another format: write a function that yields `(line, row of texts)` and add its suffix to `READERS`.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property
from importlib import resources
from itertools import pairwise
from pathlib import Path

COLUMNS = ("date", "open", "high", "low", "close", "volume")
SYNONYMS = {"adjclose": "adj close", "adjusted close": "adj close", "symbol": "ticker", "dividends": "dividend"}
SPLIT_JUMP_MIN = Fraction(6, 5)  # a smaller jump of the adjustment factor is a dividend
NO_SPLIT_MIN, NO_SPLIT_MAX = Decimal("0.84"), Decimal("1.19")  # well inside: an ordinary day needs no fractions
SPLIT_NEARNESS = Fraction(1, 100)  # of a ratio to the simple ratio it stands for; adjusted closes may be rounded
SPLIT_OLD_SHARES_MAX = 4
NOT_BARS = frozenset({"contracts.csv"})  # see contracts.py

Row = tuple[int, list[str]]  # line number in the file, texts


@dataclass(frozen=True, slots=True)
class DailyBar:
    """One row: raw prices, and what the row says of splits and dividends."""

    date: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    adjusted_close: Decimal | None = None
    stated_split: Decimal | None = None
    stated_dividend: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """From this session on, `ratio` shares stand for one of the day before."""

    ex_date: date
    ratio: Fraction


@dataclass(frozen=True)
class Series:
    """The bars of one ticker, by date."""

    ticker: str
    bars: tuple[DailyBar, ...]

    @cached_property
    def index(self) -> dict[date, int]:
        """The place of every date."""
        return {bar.date: position for position, bar in enumerate(self.bars)}

    @cached_property
    def dates(self) -> tuple[date, ...]:
        """The dates of all bars."""
        return tuple(bar.date for bar in self.bars)

    @cached_property
    def splits(self) -> tuple[Split, ...]:
        """All splits, in the order of their ex-dates."""
        found = ((now.date, _split_ratio(before, now)) for before, now in pairwise(self.bars))
        return tuple(Split(ex_date, ratio) for ex_date, ratio in found if ratio)


@dataclass(frozen=True)
class DailyBars:
    """All series of one source."""

    series: dict[str, Series]

    @property
    def tickers(self) -> tuple[str, ...]:
        """All tickers, sorted."""
        return tuple(sorted(self.series))


class BarsError(ValueError):
    """A file of bars that cannot be read; says where, what was expected and what was found."""


def packaged_bars() -> DailyBars:
    """Return the bars that the package bokeh_sampledata brings: AAPL, FB, GOOG, IBM, MSFT, 2000 to 2013."""
    try:
        packaged = resources.files("bokeh_sampledata").joinpath("_data", "stocks.csv.gz")
    except ModuleNotFoundError as error:
        raise BarsError(
            "bokeh_sampledata is not installed: install the extra `demo`, or name a folder of bars"
        ) from error
    with resources.as_file(packaged) as path:
        return DailyBars(_read_file(path))


def read_bars(folder: Path) -> DailyBars:
    """Read every file of bars in a folder; a ticker may come from one file only."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    files = [path for path in paths if _suffix(path) in READERS and path.name not in NOT_BARS]
    if not files:
        raise BarsError(f"{folder}: expected a folder with files {', '.join(READERS)}, found none")
    series: dict[str, Series] = {}
    for path in files:
        found = _read_file(path)
        if twice := found.keys() & series.keys():
            raise BarsError(f"{path.name}: {min(twice)} stands in another file too; keep one of them")
        series |= found
    return DailyBars(series)


def _read_file(path: Path) -> dict[str, Series]:
    rows = iter(READERS[_suffix(path)](path))
    header = next(rows, (1, []))[1]
    columns = [SYNONYMS.get(name, name) for name in (text.strip().lower().replace("_", " ") for text in header)]
    if missing := [name for name in COLUMNS if name not in columns]:
        raise BarsError(
            f"{path.name}: line 1: expected a column {missing[0]!r}, found {', '.join(header) or 'nothing'}"
        )
    parser = _Parser(path.name, {name: columns.index(name) for name in columns}, len(columns))
    own_name = path.name.removesuffix(_suffix(path))
    by_ticker: dict[str, list[DailyBar]] = {}
    for line, texts in rows:
        bar = parser.bar(line, texts)
        by_ticker.setdefault(parser.ticker(line, texts) or own_name, []).append(bar)
    return {ticker: _series(path.name, ticker, bars) for ticker, bars in by_ticker.items()}


def _series(file: str, ticker: str, bars: list[DailyBar]) -> Series:
    bars.sort(key=lambda bar: bar.date)
    for before, now in pairwise(bars):
        if before.date == now.date:
            raise BarsError(f"{file}: {ticker} has two rows of {now.date}; keep one of them")
    return Series(ticker, tuple(bars))


@dataclass(frozen=True)
class _Parser:
    file: str
    position: dict[str, int]
    width: int

    def bar(self, line: int, texts: list[str]) -> DailyBar:
        """Read one row, or say what is wrong with it."""
        if len(texts) != self.width:
            raise BarsError(f"{self.file}: line {line}: expected {self.width} columns, found {len(texts)}")
        bar = DailyBar(
            self._date(line, texts),
            self._price(line, texts, "open"),
            self._price(line, texts, "high"),
            self._price(line, texts, "low"),
            self._price(line, texts, "close"),
            self._volume(line, texts),
            self._price(line, texts, "adj close") if "adj close" in self.position else None,
            self._price(line, texts, "split") if "split" in self.position else None,
            self._amount(line, texts, "dividend") if "dividend" in self.position else None,
        )
        if bar.high < max(bar.open, bar.close, bar.low):
            raise self._bad(line, texts, "high", "at least open, low and close")
        if bar.low > min(bar.open, bar.close):
            raise self._bad(line, texts, "low", "at most open and close")
        return bar

    def ticker(self, line: int, texts: list[str]) -> str:
        """Return the row's ticker, or '' in a file of one ticker."""
        if "ticker" not in self.position:
            return ""
        ticker = texts[self.position["ticker"]].strip()
        if not ticker:
            raise self._bad(line, texts, "ticker", "a ticker")
        return ticker

    def _date(self, line: int, texts: list[str]) -> date:
        text = texts[self.position["date"]].removesuffix(" 00:00:00")
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise self._bad(line, texts, "date", "a date like 2005-03-01") from None

    def _price(self, line: int, texts: list[str], column: str) -> Decimal:
        number = self._number(line, texts, column)
        if not (number.is_finite() and number > 0):
            raise self._bad(line, texts, column, "a positive number")
        return number

    def _amount(self, line: int, texts: list[str], column: str) -> Decimal:
        if not texts[self.position[column]].strip():
            return Decimal(0)
        number = self._number(line, texts, column)
        if not number.is_finite() or number < 0:
            raise self._bad(line, texts, column, "0 or a positive number")
        return number

    def _volume(self, line: int, texts: list[str]) -> int:
        number = self._number(line, texts, "volume")
        if not number.is_finite() or number < 0 or number != number.to_integral_value():
            raise self._bad(line, texts, "volume", "a whole number of shares")
        return int(number)

    def _number(self, line: int, texts: list[str], column: str) -> Decimal:
        try:
            return Decimal(texts[self.position[column]])
        except InvalidOperation:
            raise self._bad(line, texts, column, "a number") from None

    def _bad(self, line: int, texts: list[str], column: str, expected: str) -> BarsError:
        found = texts[self.position[column]]
        return BarsError(f"{self.file}: line {line}, column {column}: expected {expected}, found {found!r}")


def _read_csv(path: Path) -> Iterator[Row]:
    with path.open(newline="", encoding="utf-8-sig") as text:
        yield from _lines(csv.reader(text))


def _read_zipped_csv(path: Path) -> Iterator[Row]:
    with gzip.open(path, "rt", newline="", encoding="utf-8-sig") as text:
        yield from _lines(csv.reader(text))


def _read_parquet(path: Path) -> Iterator[Row]:
    """Yield every value as its text, so that a decimal column stays exact."""
    import duckdb  # late: only folders of Parquet need it

    with duckdb.connect() as connection:
        connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
        shown = connection.execute("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet(?)", [str(path)])
        yield 1, [str(column[0]) for column in shown.description or ()]
        for line, values in enumerate(shown.fetchall(), start=2):
            yield line, ["" if value is None else value for value in values]


def _lines(rows: Iterable[list[str]]) -> Iterator[Row]:
    return ((line, row) for line, row in enumerate(rows, start=1) if row)


READERS: dict[str, Callable[[Path], Iterable[Row]]] = {
    ".csv": _read_csv,
    ".csv.gz": _read_zipped_csv,
    ".parquet": _read_parquet,
}


def _suffix(path: Path) -> str:
    return next((suffix for suffix in READERS if path.name.lower().endswith(suffix)), "")


def _split_ratio(before: DailyBar, now: DailyBar) -> Fraction | None:
    """Return the split that lies between two bars, from the jump of close over adjusted close, or as stated.

    Where there is no adjusted close, a stated split counts only if the price itself jumped by it: vendors that state
    splits have mostly taken them out of their prices already.
    """
    if before.adjusted_close and now.adjusted_close:
        if NO_SPLIT_MIN < (before.close * now.adjusted_close) / (before.adjusted_close * now.close) < NO_SPLIT_MAX:
            return None
        jump = _ratio(before.close, before.adjusted_close) / _ratio(now.close, now.adjusted_close)
        return _simple_ratio(jump)
    if now.stated_split and now.stated_split != 1:
        stated = Fraction(now.stated_split)
        jump = _ratio(before.close, now.open)
        return stated if abs(jump / stated - 1) < abs(jump - 1) else None
    return None


def _simple_ratio(jump: Fraction) -> Fraction | None:
    """Return n:m near this jump of the adjustment factor; None for a dividend's small jump and for no simple ratio."""
    if 1 / SPLIT_JUMP_MIN <= jump <= SPLIT_JUMP_MIN:
        return None
    if jump < 1:
        reverse = _simple_ratio(1 / jump)
        return 1 / reverse if reverse else None
    simple = jump.limit_denominator(SPLIT_OLD_SHARES_MAX)
    return simple if abs(simple / jump - 1) <= SPLIT_NEARNESS else None


def _ratio(above: Decimal, below: Decimal) -> Fraction:
    return Fraction(above) / Fraction(below)
