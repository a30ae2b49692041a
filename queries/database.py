"""How the events of one type get into a database, and are put together there."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from queries.staging import Places, Staged, TableError, columns_named

if TYPE_CHECKING:
    import duckdb

Columns = Sequence[tuple[str, str]]  # names, with DuckDB's types


class Part(NamedTuple):
    """A relation that holds some of the events of one type, and the places of its finer columns."""

    relation: str
    places: Places


def united(table: str, parts: Sequence[Part]) -> str:
    """Return the question that puts the events of one table together (`put_together`)."""
    return put_together(partial(columns_named, table), parts)


def put_together(columns: Callable[[Places], Columns], parts: Sequence[Part]) -> str:
    """Return the question that puts parts together, each column cast to the finest scale that one of them has.

    A value that does not fit then is an error: it is never rounded, and never wraps.
    """
    kinds = columns(finest(parts))
    cast = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in kinds)
    return " UNION ALL ".join(f"SELECT {cast} FROM {part.relation}" for part in parts)


def finest(parts: Sequence[Part]) -> dict[tuple[str, str], int]:
    """Return the places of the finest part, by column."""
    places: dict[tuple[str, str], int] = {}
    for part in parts:
        for column, finer in part.places.items():
            places[column] = max(finer, places.get(column, finer))
    return places


def fill_table(con: duckdb.DuckDBPyConnection, name: str, table: str, staged: Staged) -> None:
    """Make a table of its staged events, none included; TableError for a value that does not fit."""
    fill(con, name, table, columns_named(table, staged.places), staged.lines.get(table, ()))


def fill(con: duckdb.DuckDBPyConnection, name: str, table: str, columns: Columns, lines: Sequence[str]) -> None:
    """Make a table of rows that are flat JSON texts; TableError for a value that does not fit."""
    import duckdb

    try:
        if not lines:
            definition = ", ".join(f'"{column}" {kind}' for column, kind in columns)
            con.execute(f"CREATE TABLE {name} ({definition})")
        else:
            structure = json.dumps(dict(columns))
            con.execute(
                f"CREATE TABLE {name} AS "
                f"SELECT unnest(from_json_strict(line, '{structure}')) FROM (SELECT unnest($1::VARCHAR[]) AS line)",
                [lines],
            )
    except duckdb.Error as error:
        raise does_not_fit(table, error) from error


def does_not_fit(table: str, error: Exception) -> TableError:
    """Say which table cannot hold its values."""
    found = str(error).splitlines()[0]
    return TableError(f"{table}: expected values that fit its columns exactly, found: {found}")
