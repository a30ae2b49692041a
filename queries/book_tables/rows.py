"""Rows of the book's tables as DuckDB takes them: flat JSON texts, with as many places as the finest number needs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from ledger.events import decimal_text, instant_text
from queries.book_columns import DIGITS, KEPT, MONEY, PLACES
from queries.database import Columns, Part, fill, put_together

if TYPE_CHECKING:
    import duckdb


def fill_rows(
    con: duckdb.DuckDBPyConnection, relation: str, columns: Columns, rows: Iterable[tuple[object, ...]]
) -> Part:
    """Make a table of rows; return it as a part."""
    names, lines = [name for name, _ in columns], list[str]()
    places = dict[tuple[str, str], int]()
    for row in rows:
        for name, value in zip(names, row, strict=True):
            if isinstance(value, Decimal) and (needed := _places(value)) > places.get(("", name), PLACES):
                places["", name] = needed
        lines.append(json.dumps(dict(zip(names, map(_plain, row), strict=True)), ensure_ascii=False))
    fill(con, relation, relation.rpartition(".")[2], typed(columns, places), lines)
    return Part(relation, places)


def typed(columns: Columns, places: Any) -> Columns:
    """Return columns with the places of their numbers."""
    return [
        (name, f"DECIMAL({DIGITS},{places.get(('', name), PLACES)})" if kind == MONEY else kind)
        for name, kind in columns
    ]


def together(table: str, parts: list[Part]) -> str:
    """Return the question for all rows of a kept table."""
    return put_together(partial(typed, KEPT[table]), parts)


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return decimal_text(value)
        case datetime():
            return instant_text(value)
        case date():
            return value.isoformat()
        case _:
            return value
