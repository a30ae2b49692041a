"""Daily bars from a folder of CSV, CSV.gz or Parquet files, or from one such file.

Either one file holds many tickers (columns Ticker, Date, Open, High, Low, Close, Volume, Adj Close), or each file holds
the ticker that it is named after (the same columns without Ticker). The case of the names does not matter. Prices
become `Decimal` from their text. `announcements.csv` holds no bars: see `announcements.py`. To read another format:
write a function that yields rows of texts, header first, and add its suffix to `READERS`; to understand another column
name, add it to `SYNONYMS`.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from trader.bars import Bar, Series
from trader.sources.announcements import FILE_NAME, Announcement, read_announcements
from trader.sources.source import SourceError, Universe

COLUMNS = ("date", "open", "high", "low", "close", "volume")
SYNONYMS = {"adjclose": "adj close", "adjusted close": "adj close", "symbol": "ticker", "day": "date"}
DAY_LENGTH = len("2005-03-01")
EVERY_TICKER = "every ticker"

Texts = list[str]
Rows = dict[str, list[Texts]]  # by ticker


@dataclass(frozen=True)
class FolderBars:
    """Reads the files anew at every fetch; keeps the last `days` bars of each contract."""

    path: Path
    days: int = 300
    name: str = "folder"

    def fetch(self, universe: Universe, last_day: date) -> dict[int, Series]:
        """Return every contract's bars up to and with a day."""
        wanted = self._wanted(universe)
        found: dict[int, Series] = {}
        for file in self._files():
            for ticker, series in self._read(file, wanted, last_day).items():
                if wanted[ticker] in found:
                    raise self._error(ticker, f"stands in {file.name} and in another file", "keep one of them")
                found[wanted[ticker]] = series
        for ticker, con_id in wanted.items():
            if not found.get(con_id):
                problem = f"expected bars up to {last_day}, found none in {self.path}"
                raise self._error(ticker, problem, "add its file, or take it out of the universe")
        return found

    def announcements(self, universe: Universe) -> tuple[Announcement, ...]:
        """Return the dividends and splits that the folder announces."""
        return read_announcements(self.path, self.name, universe) if self.path.is_dir() else ()

    def _wanted(self, universe: Universe) -> dict[str, int]:
        wanted: dict[str, int] = {}
        for contract in universe:
            if wanted.setdefault(contract.symbol.upper(), contract.con_id) != contract.con_id:
                problem = "two contracts of the universe bear this ticker, and a file tells only tickers"
                raise self._error(contract.symbol, problem, "take one of them out of the universe")
        return wanted

    def _files(self) -> tuple[Path, ...]:
        files = (self.path,) if self.path.is_file() else self._listed()
        if not files:
            problem = f"expected {self.path} to be a folder with files {', '.join(READERS)}, or such a file"
            raise self._error(EVERY_TICKER, problem, "correct the path in the settings")
        return files

    def _listed(self) -> tuple[Path, ...]:
        try:
            return tuple(sorted(file for file in self.path.iterdir() if _suffix(file) and file.name != FILE_NAME))
        except OSError:
            return ()

    def _read(self, file: Path, wanted: Mapping[str, int], last_day: date) -> dict[str, Series]:
        own_name = file.name.removesuffix(_suffix(file)).upper()
        reader = READERS.get(_suffix(file))
        if reader is None:
            raise self._error(own_name, f"expected a file {', '.join(READERS)}, found {file.name}", "correct the path")
        try:
            rows = reader(file)
            columns = [_column(text) for text in next(rows, [])]
            if "ticker" not in columns and own_name not in wanted:
                return {}  # another ticker's file, or not a file of bars at all
            if missing := [name for name in COLUMNS if name not in columns]:
                raise self._error(own_name, f"{file.name} lacks the column {missing[0]!r}", "correct the file")
            by_ticker = _select(rows, columns, own_name, wanted, last_day)
        except (OSError, ValueError, EOFError, csv.Error) as error:
            raise self._error(own_name, f"{file.name} cannot be read: {error}", "replace the file") from error
        return {ticker: self._series(file, ticker, texts, columns) for ticker, texts in by_ticker.items()}

    def _series(self, file: Path, ticker: str, rows: list[Texts], columns: list[str]) -> Series:
        place = {name: columns.index(name) for name in (*COLUMNS, "adj close") if name in columns}
        rows.sort(key=lambda row: row[place["date"]])
        try:
            return tuple(_bar(row, place) for row in rows[-self.days :])
        except ValueError as error:
            raise self._error(ticker, f"{file.name}: {error}", "correct the file") from None

    def _error(self, ticker: str, problem: str, remedy: str) -> SourceError:
        return SourceError(self.name, ticker, problem, remedy)


def _select(
    rows: Iterator[Texts], columns: list[str], own_name: str, wanted: Mapping[str, int], last_day: date
) -> Rows:
    """Keep the rows of wanted tickers up to a day; dates compare as texts, so that the rest costs little."""
    last, date_place = last_day.isoformat(), columns.index("date")
    ticker_place = columns.index("ticker") if "ticker" in columns else None
    selected: Rows = {}
    for number, row in enumerate(rows, start=2):
        if len(row) != len(columns):
            raise ValueError(f"row {number}: expected {len(columns)} columns, found {len(row)}")
        ticker = own_name if ticker_place is None else row[ticker_place].strip().upper()
        if ticker not in wanted:
            continue
        day = row[date_place][:DAY_LENGTH]
        if day[4:5] + day[7:8] != "--":  # any other spelling would sort wrongly, and be left out in silence
            raise ValueError(f"row {number}: expected a date like 2005-03-01, found {day!r}")
        if day <= last:
            selected.setdefault(ticker, []).append(row)
    return selected


def _bar(row: Texts, place: Mapping[str, int]) -> Bar:
    day = date.fromisoformat(row[place["date"]][:DAY_LENGTH])
    adjusted = row[place["adj close"]] if "adj close" in place else ""
    opened, high, low, close, volume = (_number(day, name, row[place[name]]) for name in COLUMNS[1:])
    return Bar(day, opened, high, low, close, volume, _number(day, "adj close", adjusted) if adjusted else None)


def _number(day: date, column: str, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{day}, column {column}: expected a number, found {text!r}") from None


def _column(text: str) -> str:
    name = text.strip().lower().replace("_", " ")
    return SYNONYMS.get(name, name)


def _read_csv(path: Path) -> Iterator[Texts]:
    with path.open(newline="", encoding="utf-8-sig") as text:
        yield from (row for row in csv.reader(text) if row)


def _read_zipped_csv(path: Path) -> Iterator[Texts]:
    with gzip.open(path, "rt", newline="", encoding="utf-8-sig") as text:
        yield from (row for row in csv.reader(text) if row)


def _read_parquet(path: Path) -> Iterator[Texts]:
    """Yield every value as its text, so that a decimal column stays exact."""
    try:
        from pyarrow import ArrowException, parquet  # slow, and an extra: only folders of Parquet pay for it
    except ImportError:
        raise OSError("Parquet needs pyarrow, found none; run: pip install 'tallybook[parquet]'") from None
    try:
        table = parquet.read_table(path)
    except ArrowException as error:
        raise OSError(str(error).splitlines()[0]) from error
    yield list(table.column_names)
    for values in zip(*(column.to_pylist() for column in table.columns), strict=True):
        yield ["" if value is None else str(value) for value in values]


READERS: dict[str, Callable[[Path], Iterator[Texts]]] = {
    ".csv": _read_csv,
    ".csv.gz": _read_zipped_csv,
    ".parquet": _read_parquet,
}


def _suffix(path: Path) -> str:
    return next((suffix for suffix in READERS if path.name.lower().endswith(suffix)), "")
