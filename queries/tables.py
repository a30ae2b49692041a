"""One typed DuckDB table an event type; the analysis views on top.

Sealed days come from Parquet (`parquet.py`), the rest of the log from its lines (`staging.py`); a reader sees one table
either way. Nothing here knows an event by name: a new type or field appears by itself. To add a view, write
`views/NAME.sql`, whose first line is a comment with the question it answers, and add NAME to `VIEWS`, after the views
that it reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.events import EVENT_TYPES, type_name
from ledger.line import Event
from queries.database import Part, does_not_fit, fill_table, new_database, quoted, united
from queries.kept_bars import kept, relation
from queries.parquet import GLOB, sealed_history
from queries.staging import ENVELOPE, Staged, TableError, columns_of, stage

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "ENVELOPE",
    "HOME_ZONE",
    "VIEWS",
    "TableError",
    "UnknownDay",
    "columns_of",
    "connect",
    "load",
    "unfenced",
    "view_text",
]  # fmt: skip

VIEWS: tuple[str, ...] = (
    "fills", "trades", "strategies", "orders", "cycles", "nav", "positions_history", "positions", "cash_history",
    "cash", "days",
)  # fmt: skip
HOME_ZONE = "America/New_York"  # days and shown times are those of the account's home calendar


class UnknownDay(Exception):
    """A day of which the log knows nothing."""


def connect(home: Path, *, zone: str = HOME_ZONE) -> duckdb.DuckDBPyConnection:
    """Return the home's history as tables and views, behind a fence.

    Of the files of this machine only the Parquet copies and the kept bars, just checked, can be opened;
    `queries.sql.ask` lets nothing through that could write to them.
    """
    con, opened = _history(home, zone)
    con.execute("SET python_enable_replacements = false")
    con.execute(f"SET allowed_paths = [{', '.join(map(quoted, opened))}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con


def unfenced(home: Path, *, zone: str = HOME_ZONE) -> duckdb.DuckDBPyConnection:
    """Return the same without the fence: for our own statements alone."""
    return _history(home, zone)[0]


def load(events: Iterable[Event], *, zone: str = HOME_ZONE) -> duckdb.DuckDBPyConnection:
    """Fill a new in-memory database with the events, views included, without the fence."""
    return _database({}, stage(events), zone)


def _history(home: Path, zone: str) -> tuple[duckdb.DuckDBPyConnection, tuple[Path, ...]]:
    history = sealed_history(home)
    bars = None if GLOB & set(str(home)) else kept(home)
    files = history.files if bars is None else (*history.files, bars)
    return _database(history.parts, stage(history.lines), zone, bars), files


def _database(
    parts: Mapping[str, tuple[Part, ...]], staged: Staged, zone: str, bars: Path | None = None
) -> duckdb.DuckDBPyConnection:
    import duckdb

    con = new_database()
    con.execute(f"SET TimeZone = '{zone}'")  # a day and a shown time are those of the home calendar
    con.begin()
    for event_type in EVENT_TYPES:
        table = type_name(event_type)
        kept = parts.get(table, ())
        if not kept:
            fill_table(con, table, event_type, staged)
            continue
        fresh = f"fresh.{table}"
        con.execute("CREATE SCHEMA IF NOT EXISTS fresh")
        fill_table(con, fresh, event_type, staged)
        try:
            con.execute(f"CREATE VIEW {table} AS {united(event_type, (*kept, Part(fresh, staged.places)))}")
        except duckdb.Error as error:
            raise does_not_fit(table, error) from error
    con.execute(f"CREATE VIEW events AS {_union_of_all()}")
    con.execute(f"CREATE VIEW bars AS {relation(bars)}")
    for view in VIEWS:
        con.execute(f"CREATE VIEW {view} AS {view_text(view)}")
    con.commit()
    return con


def view_text(name: str) -> str:
    """Return the SQL of a view, as it stands in its file."""
    return files("queries").joinpath("views", f"{name}.sql").read_text(encoding="utf-8")


def _union_of_all() -> str:
    names = ", ".join(name for name, _ in ENVELOPE)
    return " UNION ALL ".join(
        f"SELECT seq, '{type_name(event_type)}' AS type, {names.removeprefix('seq, ')} FROM {type_name(event_type)}"
        for event_type in EVENT_TYPES
    )
