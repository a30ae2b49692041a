"""Judge files of bars before a strategy sees them."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from queries.sql import Answer, Format, print_answer
from trader import exits
from trader.bars import BarsError
from trader.quality import Case, faults_of
from trader.quality.reading import read_case

COLUMNS = ("file", "kind", "first", "last", "field", "observed", "expected", "text")


def check_bars(
    files: Annotated[list[Path], typer.Argument(metavar="FILE …", help="CSV, or CSV.gz")],
    format: Annotated[Format, typer.Option("--format", help="table, csv or json")] = "table",
) -> int:
    """Judge files of bars, with the dividends and splits in their columns; needs no home.

    Exits with 1 if anything is wrong with one. docs/data-quality.md says what is found, and what cannot be.
    """
    rows = [
        (file.name, fault.kind.value, fault.first, fault.last, fault.field, fault.observed, fault.expected, fault.text)
        for file in files
        for fault in faults_of(_case(file))
    ]
    if format == "table":
        for row in rows:
            days = f"{row[2]}" if row[2] == row[3] else f"{row[2]} to {row[3]}"
            print(f"{row[0]}: {days}: {row[1]}: {row[7]}")
        print(f"{len(files)} {'file' if len(files) == 1 else 'files'}, {len(rows)} faults")
    else:
        print_answer(Answer(COLUMNS, tuple(rows)), format)
    return exits.BAD_NEWS if rows else exits.FINE


def _case(file: Path) -> Case:
    try:
        if file.suffix == ".gz":
            with gzip.open(file, "rt", encoding="utf-8-sig", newline="") as text:
                return read_case(text)
        with file.open(encoding="utf-8-sig", newline="") as text:
            return read_case(text)
    except (BarsError, UnicodeDecodeError, EOFError) as error:
        raise typer.BadParameter(f"{file}: {error}; see what the file is") from None


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("check-bars", check_bars),)
