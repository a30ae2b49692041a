"""One typed DuckDB table an event type; the analysis views on top.

Sealed days come from Parquet (`parquet.py`), the rest of the log from its lines (`staging.py`); a reader sees one table
either way. Nothing here knows an event by name: a new type or field appears by itself. To add a view, write
`views/NAME.sql`, whose first line is a comment with the question it answers, and add NAME to `VIEWS` (`relations.py`),
after the views that it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.events import BY_NAME, instant_text
from ledger.line import Event
from queries.database import Part, does_not_fit, fill_table, united
from queries.fence import HOME_ZONE, fence, new_database, quoted
from queries.kept_bars import kept, relation
from queries.parquet import GLOB, sealed_history
from queries.past import AS_OF, NEVER_KNOWN, Past, show_as_of
from queries.relations import BARS, BOOK, VIEWS, needed, view_text
from queries.staging import ENVELOPE, EVENTS, Staged, TableError, columns_of, stage

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


EVERY = 100  # lines between two words about how far they were read


class UnknownDay(Exception):
    """A day of which the log knows nothing."""


def connect(
    home: Path | str,
    *,
    zone: str = HOME_ZONE,
    wanted: Collection[str] | None = None,
    outputs: Collection[Path] = (),
    past: Past | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> duckdb.DuckDBPyConnection:
    """Return the home's history as tables and views, behind a fence; of them those that are wanted (None: all).

    Of the files of this machine only the Parquet copies and the kept bars, just checked, can be opened, and those that
    an answer is written to; `queries.sql.ask` lets nothing through that could write. With `past`, everything is told of
    a moment. `tell` is told the seq of each line that has to be read, and may raise.
    """
    con, opened = _history(Path(home), zone, wanted, past, tell)
    fence(con, (*opened, *outputs))
    return con


def unfenced(home: Path, *, zone: str = HOME_ZONE, wanted: Collection[str] | None = None) -> duckdb.DuckDBPyConnection:
    """Return the same without the fence: for our own statements alone."""
    return _history(home, zone, wanted, None, lambda _: None)[0]


def load(events: Iterable[Event], *, zone: str = HOME_ZONE) -> duckdb.DuckDBPyConnection:
    """Fill a new in-memory database with the events, views included, without the fence."""
    from queries.book_tables.folding import followed
    from queries.book_tables.showing import shown_of

    told = tuple(events)
    follower = followed(told)
    return _database({}, stage(told), zone, needed(None), lambda con: shown_of(con, follower, BOOK))


def _history(
    home: Path, zone: str, wanted: Collection[str] | None, past: Past | None, tell: Callable[[int], None]
) -> tuple[duckdb.DuckDBPyConnection, tuple[Path, ...]]:
    if past is not None and not past.known_then:
        return _as_of(home, zone, wanted, past, tell)
    names = needed(wanted) - (set() if past is None else set(NEVER_KNOWN))
    until = None if past is None else past.moment
    tables = names & {EVENTS, *BY_NAME}
    history = sealed_history(home, tables)
    bars = kept(home) if BARS in names and not GLOB & set(str(home)) else None
    files = [*history.files, *(() if bars is None else (bars,))]

    def show_book(con: duckdb.DuckDBPyConnection) -> None:
        if not names.isdisjoint(BOOK):
            from queries.book_tables.showing import show  # slow to import

            files.extend(show(con, home, names, until, tell=tell).files)

    lines = (event for event in _telling(history.lines, tell) if until is None or event.recorded_at <= until)
    return _database(history.parts, stage(lines, tables), zone, names, show_book, bars, until), tuple(files)


def _as_of(
    home: Path, zone: str, wanted: Collection[str] | None, past: Past, tell: Callable[[int], None]
) -> tuple[duckdb.DuckDBPyConnection, tuple[Path, ...]]:
    con = _opened(zone)
    names = needed(AS_OF if wanted is None else set(wanted) & set(AS_OF))
    files = show_as_of(con, home, past, names, tell)
    _create_views(con, ["trial_balance"] if "trial_balance" in names else [])
    return con, files


def _telling(events: Iterable[Event], tell: Callable[[int], None]) -> Iterator[Event]:
    for event in events:
        if event.seq % EVERY == 0:
            tell(event.seq)
        yield event


def _opened(zone: str) -> duckdb.DuckDBPyConnection:
    con = new_database()
    con.execute(f"SET TimeZone = '{zone}'")  # a day and a shown time are those of the home calendar
    return con


def _database(
    parts: Mapping[str, tuple[Part, ...]],
    staged: Staged,
    zone: str,
    names: Collection[str],
    show_book: Callable[[duckdb.DuckDBPyConnection], None],
    bars: Path | None = None,
    until: datetime | None = None,
) -> duckdb.DuckDBPyConnection:
    con = _opened(zone)
    con.begin()
    for table in (*BY_NAME, EVENTS):
        if table in names:
            _create(con, table, parts.get(table, ()), staged, until)
    if BARS in names:
        con.execute(f"CREATE VIEW {BARS} AS {relation(bars)}")
    show_book(con)
    _create_views(con, [view for view in VIEWS if view in names])
    con.commit()
    return con


def _create_views(con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    for name in names:
        con.execute(f"CREATE VIEW {name} AS {view_text(name)}")


def _create(
    con: duckdb.DuckDBPyConnection,
    table: str,
    kept: tuple[Part, ...],
    staged: Staged,
    until: datetime | None,
) -> None:
    """Make a table of staged events, or a view of what is kept, until a moment, and of those staged."""
    import duckdb

    if not kept:
        fill_table(con, table, table, staged)
        return
    parts = kept
    if table in staged.lines:
        fresh = f"fresh.{table}"
        con.execute("CREATE SCHEMA IF NOT EXISTS fresh")
        fill_table(con, fresh, table, staged)
        parts = (*kept, Part(fresh, staged.places))
    try:
        together = united(table, parts)
        if until is not None:
            together = f"SELECT * FROM ({together}) WHERE recorded_at <= TIMESTAMPTZ {quoted(instant_text(until))}"
        con.execute(f"CREATE VIEW {table} AS {together}")
    except duckdb.Error as error:
        raise does_not_fit(table, error) from error
