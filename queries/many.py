"""Many accounts as one database: every relation with the column `account` in front.

Tables of events are one relation over the Parquet copies of all homes and the lines since, or over an archive. Views
and the book's tables are those of one account each, their texts unchanged: they come as Parquet files, one an account,
and are put together here. A relation that the statement does not name is not there.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import LogError
from ledger.events import BY_NAME
from queries.database import Columns, Part, does_not_fit, fill, put_together
from queries.fence import HOME_ZONE, StatementError, fence, new_database, quoted
from queries.parquet import sealed_history
from queries.pinned import relation_of
from queries.relations import BARS, BOOK, VIEWS, named_in
from queries.staging import EVENTS, Places, columns_named, stage

if TYPE_CHECKING:
    import duckdb

ACCOUNT = ("account", "VARCHAR")


class Made(NamedTuple):
    """A view or a table of the book, as one account has it."""

    relation: str
    account: str
    file: Path


def named(statement: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the tables of events that a statement names, and the relations that are made account by account."""
    words = named_in(statement)
    if words is None:
        raise StatementError("expected a question that names its relations; docs/sql.md lists them")
    return words & {EVENTS, *BY_NAME}, words & {*VIEWS, *BOOK, BARS}


class Opened(NamedTuple):
    """The accounts' database, and why some are not in it."""

    connection: duckdb.DuckDBPyConnection
    lost: Mapping[str, str]  # by account


def connect(
    homes: Mapping[str, Path], tables: Collection[str], made: Sequence[Made] = (), *, zone: str = HOME_ZONE
) -> Opened:
    """Return tables of events of homes by account, and what was made of each, behind the fence.

    An account whose log cannot be read is left out, and told. DECIMAL columns have the places that the finest needs.
    """
    con, lost = new_database(), dict[str, str]()
    con.execute(f"SET TimeZone = {quoted(zone)}")
    files = [*_show_events(con, homes, tables, lost), *(one.file for one in made)]
    for relation in sorted({one.relation for one in made}):
        _show_made(con, relation, [one for one in made if one.relation == relation])
    fence(con, files)
    return Opened(con, lost)


def connect_archived(
    uri: str, accounts: Collection[str], tables: Collection[str], relations: Collection[str], folder: Path, *,
    zone: str = HOME_ZONE,
) -> Opened:  # fmt: skip
    """Return the same of an archive's accounts (none named: all); what is made of each lies in the folder meanwhile.

    Raises ArchiveError for one that cannot be read: an archive is one thing.
    """
    from queries.archive import reading, typed  # their libraries are an extra

    con, wanted = new_database(), tuple(dict.fromkeys(accounts)) or reading.accounts(uri)
    con.execute(f"SET TimeZone = {quoted(zone)}")
    made = [Made(name, whose, folder / f"{whose}.{name}.parquet") for name in sorted(relations) for whose in wanted]
    for one in made:
        _write(typed.connect(uri, one.account, zone=zone, wanted=(one.relation,)), one)
    files = [*typed.show_events(con, uri, tables, wanted), *(one.file for one in made)]
    for relation in sorted(relations):
        _show_made(con, relation, [one for one in made if one.relation == relation])
    fence(con, files)
    return Opened(con, {})


def _write(con: duckdb.DuckDBPyConnection, made: Made) -> None:
    """Write what one account's fenced database tells of a relation: it may not write itself."""
    from pyarrow import parquet

    parquet.write_table(con.sql(f"FROM {made.relation}").to_arrow_table(), made.file)


def columns_of(table: str, places: Places) -> Columns:
    """Name the columns of a table of events, the account in front."""
    return (ACCOUNT, *(column for column in columns_named(table, places) if column[0] != ACCOUNT[0]))


def _show_events(
    con: duckdb.DuckDBPyConnection, homes: Mapping[str, Path], tables: Collection[str], lost: dict[str, str]
) -> Iterator[Path]:
    """Show every table of events, and yield the files that it reads."""
    parts: dict[str, list[Part]] = {table: [] for table in tables}
    fresh: dict[str, list[str]] = {table: [] for table in tables}
    finer: dict[tuple[str, str], int] = {}
    for account, home in homes.items() if tables else ():
        try:
            history = sealed_history(home, tables)
            staged = stage(history.lines, tables)
        except LogError as error:
            lost[account] = f"{error.code}: {error}"
            continue
        yield from history.files
        for table, kept in history.parts.items():
            parts[table] += [Part(_of_account(table, account, part), part.places) for part in kept]
        for column, places in staged.places.items():
            finer[column] = max(places, finer.get(column, places))
        for table, lines in staged.lines.items():
            fresh[table] += [_named(line, account) for line in lines]
    for table in sorted(tables):
        _show(con, table, parts[table], fresh[table], finer)


def _of_account(table: str, account: str, part: Part) -> str:
    rest = "* EXCLUDE (account)" if any(name == ACCOUNT[0] for name, _ in columns_named(table)) else "*"
    return f"(SELECT {quoted(account)} AS account, {rest} FROM {part.relation})"


def _named(line: str, account: str) -> str:
    """Put the account into a flat JSON text; the few facts that say it themselves say the same."""
    return json.dumps(json.loads(line) | {ACCOUNT[0]: account}, ensure_ascii=False)


def _show(
    con: duckdb.DuckDBPyConnection, table: str, parts: Sequence[Part], fresh: Sequence[str], finer: Places
) -> None:
    import duckdb

    con.execute("CREATE SCHEMA IF NOT EXISTS fresh")
    fill(con, f"fresh.{table}", table, columns_of(table, finer), fresh)
    together = put_together(partial(columns_of, table), [*parts, Part(f"fresh.{table}", finer)])
    try:
        con.execute(f"CREATE VIEW {table} AS {together}")
    except duckdb.Error as error:
        raise does_not_fit(table, error) from error


def _show_made(con: duckdb.DuckDBPyConnection, relation: str, made: Sequence[Made]) -> None:
    """Put files together; of different scales DuckDB's union keeps the finest, and refuses what does not fit."""
    alike = dict[str, list[Made]]()
    for one in made:
        kinds = con.execute(f"DESCRIBE FROM {relation_of(one.file)}").fetchall()
        alike.setdefault(str([row[:2] for row in kinds]), []).append(one)
    questions = (
        f"SELECT {_by_file(group)} AS account, * EXCLUDE (filename) FROM {_with_names(group)}"
        for group in alike.values()
    )
    con.execute(f"CREATE VIEW {relation} AS {' UNION ALL BY NAME '.join(questions)}")


def _with_names(made: Sequence[Made]) -> str:
    return f"read_parquet([{', '.join(quoted(one.file) for one in made)}], filename = true)"


def _by_file(made: Sequence[Made]) -> str:
    """Tell the account by the file."""
    pairs = ", ".join(f"{quoted(one.file)}: {quoted(one.account)}" for one in made)
    return f"MAP {{{pairs}}}[filename]"
