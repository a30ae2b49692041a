"""Weights and leverage from a file that someone else's program writes.

CSV with the columns symbol, weight, leverage and an end to every line, or JSON: `{"written_at": "…Z", "targets":
[{"symbol", "weight", "leverage"}]}`, numbers as JSON numbers or strings; without `written_at`, and in CSV, the file's
own time counts.
Pure: `trader/forecast.py` reads the file, and keeps its canonical bytes as evidence.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from ledger.book import Book
from ledger.events import TargetRow, instant_text
from trader.bars import Bars
from trader.strategies.strategy import StrategyError, check_names, check_weights, left_out, symbols, target_row

COLUMNS = ("symbol", "weight", "leverage")


@dataclass(frozen=True)
class StatedTargets:
    """A file as it was found: its name, its time, its text."""

    file: str
    modified_at: datetime
    text: str

    @property
    def canonical(self) -> bytes:
        """The bytes under which it is kept as evidence."""
        parts = {"file": self.file, "modified_at": instant_text(self.modified_at), "text": self.text}
        return json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()

    @classmethod
    def kept(cls, content: bytes) -> StatedTargets:
        """Return what was kept, to be decided on again."""
        parts = json.loads(content)
        return cls(parts["file"], datetime.fromisoformat(parts["modified_at"]), parts["text"])


@dataclass(frozen=True)
class TargetsFile:
    """Takes the word of another program, as long as it is fresh, whole and about the universe."""

    NAME: ClassVar[str] = "file"
    MOVES: ClassVar[bool] = False
    path: str  # from the home, or absolute
    age_max: timedelta = timedelta(hours=24)
    stated: StatedTargets | None = None  # as found by the forecast; a strategy itself reads nothing

    @property
    def evidence(self) -> tuple[bytes, ...]:
        """The file as it was found."""
        return () if self.stated is None else (self.stated.canonical,)

    def __call__(self, book: Book, bars: Bars) -> tuple[TargetRow, ...]:
        """Return one row for each contract of the bars."""
        if self.stated is None:
            raise StrategyError(f"targets file {self.path}: expected it to be loaded first")
        written_at, rows = _parse(self.stated)
        self._check_age(self.stated.file, book.now - written_at)
        weights, leverages = _by_symbol(self.stated.file, rows)
        known = symbols(book, bars)
        check_names(weights, known, left_out(book, bars))
        check_weights(weights, leverages)
        return tuple(target_row(book, bars, known[name], weights[name], leverages[name]) for name in known)

    def _check_age(self, file: str, age: timedelta) -> None:
        if age > self.age_max:
            raise StrategyError(f"{file}: {age} old, expected at most {self.age_max}; see the program that writes it")
        if age < timedelta(minutes=-5):
            raise StrategyError(f"{file}: written {-age} in the future; compare the clocks of both programs")


def _parse(stated: StatedTargets) -> tuple[datetime, list[Mapping[str, Any]]]:
    if not stated.text.lstrip().startswith("{"):
        return stated.modified_at, list(_csv_rows(stated))
    try:
        document = json.loads(stated.text, parse_float=Decimal, parse_int=Decimal, parse_constant=Decimal)
        written_at = datetime.fromisoformat(document.get("written_at", instant_text(stated.modified_at)))
        rows = document["targets"]
    except (ValueError, KeyError, TypeError) as error:
        raise StrategyError(f"{stated.file}: expected JSON with targets, found {error!r}") from error
    if written_at.tzinfo is None:
        raise StrategyError(f"{stated.file}: expected written_at with its time zone, found {written_at}")
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.keys() == set(COLUMNS) for row in rows):
        raise StrategyError(f"{stated.file}: expected every target to have {', '.join(COLUMNS)} and nothing else")
    return written_at, rows


def _csv_rows(stated: StatedTargets) -> Iterator[Mapping[str, Any]]:
    if stated.text and not stated.text.endswith(("\n", "\r")):  # 1.25 cut short is 1.2: still a number, and another one
        last = stated.text.rpartition("\n")[2]
        raise StrategyError(f"{stated.file}: expected a line end after {last!r}; it is being written, or was cut short")
    rows = [[cell.strip() for cell in row] for row in csv.reader(stated.text.splitlines()) if row]
    if not rows or tuple(name.lower() for name in rows[0]) != COLUMNS:
        raise StrategyError(f"{stated.file}: expected the columns {','.join(COLUMNS)}, found {rows[:1]}")
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(COLUMNS):
            raise StrategyError(f"{stated.file}: row {line}: expected {len(COLUMNS)} values, found {len(row)}")
        yield dict(zip(COLUMNS, row, strict=True))


def _by_symbol(file: str, rows: list[Mapping[str, Any]]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    weights: dict[str, Decimal] = {}
    leverages: dict[str, Decimal] = {}
    for row in rows:
        symbol = str(row["symbol"])
        if symbol in weights:
            raise StrategyError(f"{file}: {symbol} stands there twice; which row counts?")
        weights[symbol] = _number(file, symbol, "weight", row["weight"])
        leverages[symbol] = _number(file, symbol, "leverage", row["leverage"])
    return weights, leverages


def _number(file: str, symbol: str, column: str, found: object) -> Decimal:
    try:
        return Decimal(str(found))
    except InvalidOperation:
        raise StrategyError(f"{file}: {symbol}: expected a number as its {column}, found {found!r}") from None
