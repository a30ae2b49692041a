"""The archive as the typed tables and the views of SQL, their texts unchanged.

A row whose `schema` is today's is read straight out of its flat JSON, strictly. An older one goes through its line and
the upcasters, as an older line of a home does. `connect` answers for one account as `queries.tables.connect` does for
its home, up to the last archived day; `show_events` makes tables of many, with their account in front (the few facts
that say it themselves have it there).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.events import BY_NAME
from ledger.line import decode
from queries.archive.errors import ArchiveMissing
from queries.archive.reading import lines
from queries.archive.stores import Store, store_of
from queries.archive.table import COLUMNS_AT_FIRST, PARTITIONS, ArchivedFile, files_of, open_table, schema
from queries.database import Columns, Part, does_not_fit, fill, put_together
from queries.fence import HOME_ZONE, StatementError, fence, new_database, quoted
from queries.relations import BARS, BOOK, VIEWS, needed, view_text
from queries.staging import EVENT_COLUMNS, EVENTS, columns_named, fingerprint, flat_text, stage

if TYPE_CHECKING:
    import duckdb

ARCHIVED = "archived"  # the relation of the table's own rows
ACCOUNT = ("account", "VARCHAR")
# What of the envelope has no column of its own; each by itself, so that what is not asked for is not read.
ENVELOPES = {
    "cycle": "CAST(event ->> 'cycle' AS BIGINT) AS cycle",
    "key": "event ->> 'key' AS key",
    "trade_date": "CAST(event ->> 'trade_date' AS DATE) AS trade_date",
    "report_date": "CAST(event ->> 'report_date' AS DATE) AS report_date",
}
Places = dict[tuple[str, str], int]


class Telling(NamedTuple):
    """What tables are made of: rows that are read straight, and what came of older ones."""

    by_account: bool
    is_older: bool  # whether any row is
    places: Places
    older: Mapping[str, list[str]]  # flat JSON by table

    def columns(self, table: str, places: Mapping[tuple[str, str], int] | None = None) -> Columns:
        """Name a table's columns."""
        named = columns_named(table, self.places if places is None else places)
        return (ACCOUNT, *(column for column in named if column[0] != ACCOUNT[0])) if self.by_account else named


def connect(
    uri: str, account: str, *, zone: str = HOME_ZONE, wanted: Collection[str] | None = None
) -> duckdb.DuckDBPyConnection:
    """Return an account's archived history as tables and views, behind the fence; what is wanted, or all but bars."""
    if wanted is not None and BARS in wanted:
        raise StatementError(f"{BARS}: expected a relation of the archive, found one of homes alone: rebuild the home")
    names = needed(wanted) - {BARS}
    con = _opened(zone)
    files = show_events(con, uri, names & {EVENTS, *BY_NAME}, (account,), by_account=False)
    if not names.isdisjoint(BOOK):
        from queries.book_tables.folding import followed  # slow to import
        from queries.book_tables.showing import shown_of

        shown_of(con, followed(decode(raw) for raw in lines(uri, account)), [name for name in BOOK if name in names])
    for view in VIEWS:
        if view in names:
            con.execute(f"CREATE VIEW {view} AS {view_text(view)}")
    fence(con, files)
    return con


def show_events(
    con: duckdb.DuckDBPyConnection,
    uri: str,
    tables: Collection[str],
    accounts: Collection[str] | None = None,
    *,
    by_account: bool = True,
) -> tuple[Path, ...]:
    """Make tables of some accounts' events (None: all), as views of the files that count now; return those of a folder.

    With `by_account` each has the column `account` in front.
    """
    store = store_of(uri)
    archived = open_table(store)
    files = tuple(file for file in files_of(archived) if accounts is None or file.account in accounts)
    alike = len(archived.schema().fields) <= COLUMNS_AT_FIRST
    lacking = sorted(set(accounts or ()) - {file.account for file in files})
    if lacking or not files:
        raise ArchiveMissing(f"{uri}: expected {', '.join(lacking) or 'accounts'}, found none of it; name another")
    if not tables:
        return ()
    con.execute(f"CREATE VIEW {ARCHIVED} AS {_relation(con, store, files, alike=alike)}")
    telling = _telling(con, tables, by_account)
    for table in sorted(tables):
        _show(con, table, telling)
    return tuple(Path(file.uri) for file in files) if store.folder is not None else ()


def _opened(zone: str) -> duckdb.DuckDBPyConnection:
    con = new_database()
    con.execute(f"SET TimeZone = '{zone}'")
    return con


def _relation(con: duckdb.DuckDBPyConnection, store: Store, files: Iterable[ArchivedFile], *, alike: bool) -> str:
    """Return the question for rows of files: DuckDB reads a folder itself, a store through pyarrow.

    Files that are not alike are all opened before each question, to find which columns there are.
    """
    if store.folder is not None:
        names = ", ".join(quoted(file.uri) for file in files)
        kinds = ", ".join(f"'{name}': VARCHAR" for name in PARTITIONS)
        return (
            f"SELECT * FROM read_parquet([{names}], union_by_name = {not alike}, hive_partitioning = true, "
            f"hive_types = {{{kinds}}})"
        )
    from pyarrow import dataset

    paths = [store.path(file.uri) for file in files]
    partitions = dataset.partitioning(schema().empty_table().select(list(PARTITIONS)).schema, flavor="hive")
    rows: Any = dataset.dataset(
        paths, schema=schema(), format="parquet", filesystem=store.files, partitioning=partitions,
        partition_base_dir=store.path(store.events),
    )  # fmt: skip
    con.register("archived_files", rows)
    return "SELECT * FROM archived_files"


def _telling(con: duckdb.DuckDBPyConnection, tables: Collection[str], by_account: bool) -> Telling:
    """Find what of the archive is older than today's code, and how fine its numbers are."""
    told = con.execute(f"SELECT type, schema, places FROM {ARCHIVED} GROUP BY ALL").fetchall()
    places: Places = {}
    for table, _, text in told:
        for column, finer in json.loads(text or "{}").items():
            places[table, column] = max(finer, places.get((table, column), finer))
    older: dict[str, list[str]] = {}
    is_older = any(name not in BY_NAME or fingerprint(name) != known for name, known, _ in told)
    question = f"SELECT account, line FROM {ARCHIVED} WHERE NOT ({_todays()}) ORDER BY account, seq"
    for account, line in con.execute(question).fetchall() if is_older else ():
        event = decode(f"{line}\n".encode())
        for table in (event.type, EVENTS):
            if table in tables:
                flat = flat_text(event, places) if table != EVENTS else stage((event,), (EVENTS,)).lines[EVENTS][0]
                older.setdefault(table, []).append(_named(flat, account) if by_account else flat)
    return Telling(by_account, is_older, places, older)


def _named(flat: str, account: str) -> str:
    return json.dumps(json.loads(flat) | {ACCOUNT[0]: account}, ensure_ascii=False)


def _todays(table: str | None = None) -> str:
    """Return what is true of rows that are read straight: of one type's, or of any."""
    if table is not None:
        return f"type = '{table}' AND schema = '{fingerprint(table)}'"
    pairs = ", ".join(f"('{name}', '{fingerprint(name)}')" for name in BY_NAME)
    return f"(type, schema) IN ({pairs})"


def _show(con: duckdb.DuckDBPyConnection, table: str, telling: Telling) -> None:
    import duckdb

    straight = f"({_straight(table, telling)})"
    parts = [Part(straight, telling.places)]
    if table in telling.older:
        con.execute("CREATE SCHEMA IF NOT EXISTS older")
        fill(con, f"older.{table}", table, telling.columns(table), telling.older[table])
        parts.append(Part(f"older.{table}", telling.places))
    try:
        con.execute(f"CREATE VIEW {table} AS {put_together(lambda places: telling.columns(table, places), parts)}")
    except duckdb.Error as error:
        raise does_not_fit(table, error) from error


def _straight(table: str, telling: Telling) -> str:
    """Return the question for the rows that are of today's schema."""
    front = "account, " if telling.by_account else ""
    if table == EVENTS:
        told = ", ".join(ENVELOPES.get(name, name) for name, _ in EVENT_COLUMNS)
        return f"SELECT {front}{told} FROM {ARCHIVED}{f' WHERE {_todays()}' if telling.is_older else ''}"
    structure = _structure(telling.columns(table)[1:] if telling.by_account else telling.columns(table))
    rows = _todays(table) if telling.is_older else f"type = '{table}'"
    return f"SELECT {front}unnest(from_json_strict(event, {structure})) FROM {ARCHIVED} WHERE {rows}"


def _structure(columns: Columns) -> str:
    return quoted(json.dumps(dict(columns)))
