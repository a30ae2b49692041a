"""Rows as they come: a table, CSV or JSON on standard output, however long, none of it held for longer than it needs.

A table's widths are those of its first rows; a wider cell later moves its line, and hides nothing. CSV and JSON carry
every digit, as text.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from queries.formats import Format, cell_text, csv_writer, plain

LOOKED_AT = 500  # rows that decide on a table's widths
Row = Sequence[object]


class Column(NamedTuple):
    """A column: its name, and how a table shows its values; without that, to the last digit and to the left."""

    name: str
    shown: Callable[[Any], str] | None = None


def print_rows(columns: Sequence[Column], rows: Iterable[Row], format: Format) -> None:
    """Print rows; an absent value is empty in CSV, null in JSON, and in a table as its column shows it."""
    match format:
        case "table":
            for line in table_lines(columns, rows):
                print(line)
        case "csv":
            writer = csv_writer(sys.stdout)
            writer.writerow([column.name for column in columns])
            writer.writerows(["" if cell is None else cell_text(cell) for cell in row] for row in rows)
        case "json":
            sys.stdout.write("[")
            for place, row in enumerate(rows):
                sys.stdout.write(f"{',' if place else ''}\n {json_object(columns, row)}")
            sys.stdout.write("\n]\n")


def json_object(columns: Sequence[Column], row: Row) -> str:
    """Spell a row as a JSON object; money, dates and times are strings."""
    told = {column.name: plain(cell) for column, cell in zip(columns, row, strict=True)}
    return json.dumps(told, ensure_ascii=False)


def table_lines(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[str]:
    """Align cells under their headings; what has a way to be shown stands to the right. Nothing for no rows.

    A column without a cell is left out, where all rows could be looked at.
    """
    told = ([_cell(column, cell) for column, cell in zip(columns, row, strict=True)] for row in rows)
    first = list(islice(told, LOOKED_AT))
    if not first:
        return
    if len(first) < LOOKED_AT:
        columns, first = _filled(columns, first)
    heading = [column.name for column in columns]
    widths = [max(map(len, cells)) for cells in zip(heading, *first, strict=True)]
    for cells in chain([heading], first, told):
        places = zip(columns, cells, widths, strict=True)
        yield "  ".join(c.rjust(w) if column.shown else c.ljust(w) for column, c, w in places).rstrip()


def shown_table(columns: Sequence[Column], rows: Iterable[Row]) -> tuple[Sequence[Column], list[list[str]]]:
    """Return the same columns and cells at once, for a page."""
    return _filled(columns, [[_cell(column, cell) for column, cell in zip(columns, row, strict=True)] for row in rows])


def _filled(columns: Sequence[Column], rows: list[list[str]]) -> tuple[Sequence[Column], list[list[str]]]:
    """Leave out the columns without a cell."""
    filled = [place for place in range(len(columns)) if any(cells[place] for cells in rows)]
    return [columns[place] for place in filled], [[cells[place] for place in filled] for cells in rows]


def _cell(column: Column, cell: object) -> str:
    if column.shown is not None:
        return column.shown(cell)  # an absent figure too: it is unknown
    return "" if cell is None else cell_text(cell)
