"""An answer as a table, CSV, JSON or Markdown, with every digit.

Money and quantities are spelt as the log spells them. To add a format: its name in `Format`, and a case in
`print_answer`. Parquet is written by DuckDB itself (`queries/sql.py`): no value passes through Python.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from _csv import Writer

    from rich.console import JustifyMethod
    from rich.table import Table

Format = Literal["table", "csv", "json"]
AnswerFormat = Literal["table", "csv", "json", "parquet", "markdown"]
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tabs and line feeds


class Sink(Protocol):
    """Where text goes."""

    def write(self, text: str, /) -> object:
        """Take a text."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The columns and rows of an answer, as Python values; money and quantities are Decimals."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


def print_answer(answer: Answer, format: AnswerFormat) -> None:
    """Print an answer; csv and json carry money as text, to the last digit."""
    match format:
        case "table":
            print_table(answer)
        case "csv":
            sys.stdout.write(csv_text(answer))
        case "json":
            print(json_text(answer))
        case "markdown":
            print(markdown_text(answer))
        case "parquet":
            raise ValueError("Parquet is written by DuckDB itself, never from Python's values")


def csv_text(answer: Answer) -> str:
    """Spell an answer as CSV with a header; absent values are empty."""
    text = io.StringIO()
    writer = csv_writer(text)
    writer.writerow(answer.columns)
    writer.writerows([["" if value is None else cell_text(value) for value in row] for row in answer.rows])
    return text.getvalue()


def csv_writer(file: Sink) -> Writer:
    """Return a writer of lines that end with a line feed; Python quotes a carriage return only where lines have one."""
    return csv.writer(_LineFeeds(file), lineterminator="\r\n")


class _LineFeeds:
    """Ends each line, which comes whole, with a line feed alone."""

    def __init__(self, file: Sink) -> None:
        self._file = file

    def write(self, line: str) -> None:
        self._file.write(line.removesuffix("\r\n") + "\n")


def json_text(answer: Answer) -> str:
    """Spell an answer as a JSON array of objects; money, dates and times are strings."""
    rows = [dict(zip(answer.columns, map(plain, row), strict=True)) for row in answer.rows]
    return json.dumps(rows, indent=1, ensure_ascii=False, allow_nan=False)


def markdown_text(answer: Answer) -> str:
    """Spell an answer as a table in Markdown; numbers stand to the right."""
    names = [_in_markdown(name) for name in answer.columns]
    ruler = ["---:" if _is_numeric(answer, i) else "---" for i in range(len(names))]
    rows = [["" if value is None else _in_markdown(cell_text(value)) for value in row] for row in answer.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (names, ruler, *rows))


def _in_markdown(text: str) -> str:
    escaped = re.sub(r"([\\`*\[\]<>|]|(?<!\w)_|_(?!\w))", r"\\\1", visible(text))
    return " ".join(escaped.split()) if escaped else ""


def _is_numeric(answer: Answer, column: int) -> bool:
    return any(isinstance(row[column], Decimal | int | float) for row in answer.rows)


def print_table(answer: Answer) -> None:
    """Print an answer as a table; numbers stand to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(answer.columns):
        numeric = _is_numeric(answer, i)
        justify: JustifyMethod = "right" if numeric else "left"
        table.add_column(Text(visible(name)), justify=justify, overflow="fold", no_wrap=numeric)
    for row in answer.rows:
        table.add_row(*(Text("" if value is None else visible(cell_text(value))) for value in row))
    print_whole(table)


def print_whole(table: Table) -> None:
    """Print a table at its natural width: a folded number is read wrongly.

    On a terminal that is narrower texts break between words, where that is enough; words and numbers stay whole.
    """
    from rich.console import Console

    console = Console(highlight=False)
    least, natural = console.measure(table, options=console.options.update(width=10_000))
    if not (console.is_terminal and least <= console.width):
        console.width = max(1, natural)
    console.print(table)


def visible(text: str) -> str:
    """Spell out control characters: a text from outside must not steer a terminal."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def cell_text(value: object) -> str:
    """Spell one value in one cell: numbers in canonical spelling, rows and lists as JSON."""
    spelt = plain(value)
    return spelt if isinstance(spelt, str) else json.dumps(spelt, ensure_ascii=False)


def plain(value: object) -> object:
    """Return a value as JSON can hold it, to the last digit: money, dates, times, NaN and infinities as strings."""
    match value:
        case float() if not isfinite(value):
            return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124
        case str() | int() | float() | None:
            return value
        case Decimal():
            from ledger.events import decimal_text  # slow to import, and there already where a history was read

            return decimal_text(value)
        case datetime():
            from ledger.events import instant_text

            return value.isoformat(sep=" ") if value.tzinfo is None else instant_text(value)
        case date() | time():
            return value.isoformat()
        case Mapping():
            return {cell_text(key): plain(part) for key, part in value.items()}
        case Sequence() if not isinstance(value, bytes):
            return [plain(part) for part in value]
        case _:
            return str(value)
