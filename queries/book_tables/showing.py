"""The book's tables in a database: what Parquet keeps of sealed days, and a fold of what came since.

To let SQL see something else of the book: its columns in `SHOWN`, its rows in `MADE_OF_BOOK` or its question in
`MADE_OF_ROWS`, and its name in `RELATIONS` (`columns.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.book import Book
from ledger.events import instant_text
from ledger.log import Seal
from ledger.log.storage import day_files, events_folder
from ledger.lots import exactly
from ledger.nav import Unvalued, mark
from queries.book_columns import BRIDGES, DISPOSED, FLOWS, JOURNAL, KEPT, MONEY, RELATIONS
from queries.book_tables.folding import Wanted, fold
from queries.book_tables.following import Follower
from queries.book_tables.rows import fill_rows, together
from queries.database import Columns, Part
from queries.fence import quoted
from queries.pinned import File, Unit, bound_manifest, relation_of, usable
from queries.staging import EVENTS
from queries.strategies import Account, Strategies

if TYPE_CHECKING:
    import duckdb

Rows = Iterator[tuple[object, ...]]

SHOWN: Mapping[str, Columns] = {  # of what is made of the book
    "lots": (
        ("con_id", "BIGINT"),
        ("symbol", "VARCHAR"),
        ("execution", "VARCHAR"),
        ("opened_at", "TIMESTAMPTZ"),
        ("quantity", MONEY),
        ("gross", MONEY),
        ("commission", MONEY),
        ("currency", "VARCHAR"),
        ("mark", MONEY),
        ("value", MONEY),
        ("unrealised", MONEY),
    ),
    "strategy_books": (
        ("strategy", "VARCHAR"),
        ("con_id", "BIGINT"),
        ("symbol", "VARCHAR"),
        ("quantity", MONEY),
        ("value", MONEY),
        ("cash_flow", MONEY),
        ("profit", MONEY),
        ("currency", "VARCHAR"),
    ),
    "contract_names": (("con_id", "BIGINT"), ("symbol", "VARCHAR")),
}
MADE_OF_ROWS: Mapping[str, str] = {
    "journal": f"""
SELECT seq, recorded_at, occurred_at, CAST(coalesce(occurred_at, recorded_at) AS DATE) AS session_day,
    type, account, currency, amount
FROM book.{JOURNAL}""",
    "nav_bridge": f"SELECT session_day, place, line, amount, currency, note FROM book.{BRIDGES}",
    # Hardly anything is taken back: only that is summed.
    "realised": f"""
WITH changed AS (SELECT DISTINCT con_id, closed_by FROM book.{DISPOSED} WHERE times <> 1),
known AS (
    FROM book.{DISPOSED} ANTI JOIN changed USING (con_id, closed_by)
    UNION ALL BY NAME
    SELECT * EXCLUDE (of_each), unnest(generate_series(1, of_each)) AS times FROM (
        SELECT * EXCLUDE (times), CAST(sum(times) AS BIGINT) AS of_each
        FROM book.{DISPOSED} SEMI JOIN changed USING (con_id, closed_by)
        GROUP BY ALL
    )
)
SELECT CAST(known.closed_at AS DATE) AS session_day, known.con_id, names.symbol, known.opened_by, known.opened_at,
    known.closed_by, known.closed_at, known.method, known.quantity, known.gross_basis AS basis,
    known.gross_proceeds AS proceeds, known.gross_proceeds - known.gross_basis AS gross,
    known.opening_commission + known.closing_commission AS commission,
    known.gross_proceeds - known.gross_basis + known.opening_commission + known.closing_commission AS net,
    known.currency
FROM known LEFT JOIN book.contract_names AS names USING (con_id)""",
}


class Shown(NamedTuple):
    """The book that was folded for it, and the files that the relations read."""

    book: Book
    files: tuple[Path, ...]


def show(
    con: duckdb.DuckDBPyConnection,
    home: Path,
    wanted: Collection[str],
    until: datetime | None = None,
    *,
    known_then: bool = True,
    tell: Callable[[int], None] = lambda _: None,
) -> Shown:
    """Make those relations of the book that are wanted: of the end of the log, or of a moment (see `Wanted`).

    `tell` is told the seq up to which was folded, and may raise.
    """
    names = [name for name in RELATIONS if name in wanted]
    tables = {table for name in names for table in RELATIONS[name]}
    is_whole = until is not None and not known_then and _tells_of_later(con, home, until)
    units = _kept(home, tables, until) if tables and not is_whole else ()
    last = units[-1].days[-1] if units else None
    after = None if last is None else Seal(last.file, last.last_seq, last.head_hash)
    only_book = not tables and not is_whole
    part = Wanted(after, None, until, known_then, bridged=BRIDGES in tables, only_book=only_book)
    follower = fold(home, part, lambda followed: tell(followed.book.seq), lambda: tell(0))
    con.execute("CREATE SCHEMA IF NOT EXISTS book")
    since = -1 if after is None else after.seq
    parts = {table: _parts(con, table, home, units, follower, since) for table in tables}
    for name in names:
        _make(con, name, follower.book, parts)
    return Shown(follower.book, tuple(unit.path(home, file) for unit in units for file in _files(unit, tables)))


def _tells_of_later(con: duckdb.DuckDBPyConnection, home: Path, until: datetime) -> bool:
    """Tell whether a day before a moment's tells, or may tell, of what happened after it: then no checkpoint helps."""
    day, moment = f"{until:%Y-%m-%d}", f"TIMESTAMPTZ {quoted(instant_text(until))}"
    before = [name for name in day_files(events_folder(home)).names if name[:10] < day]
    units = [
        unit.model_copy(update={"files": _files(unit, (EVENTS,))})
        for unit in bound_manifest(home).units
        if unit.days[0].file[:10] < day
    ]
    if not before:
        return False
    if not units or units[-1].days[-1].file < before[-1]:
        return True
    if not all(unit.files and usable(home, unit) for unit in units):
        return True
    kept = relation_of(*(unit.path(home, file) for unit in units for file in unit.files))
    ahead = f"SELECT 1 FROM {kept} WHERE recorded_at <= {moment} AND occurred_at > {moment} LIMIT 1"
    return bool(con.execute(ahead).fetchall())


def shown_of(con: duckdb.DuckDBPyConnection, follower: Follower, wanted: Collection[str]) -> None:
    """Make relations of a book that was followed from the log's beginning."""
    names = [name for name in RELATIONS if name in wanted]
    con.execute("CREATE SCHEMA IF NOT EXISTS book")
    parts = {table: [_fresh(con, table, follower, -1)] for name in names for table in RELATIONS[name]}
    for name in names:
        _make(con, name, follower.book, parts)


def _kept(home: Path, tables: Collection[str], until: datetime | None) -> tuple[Unit, ...]:
    """Return units from the log's beginning on, as long as their files are as they were written."""
    day = None if until is None else f"{until:%Y-%m-%d}"
    units = bound_manifest(home).books
    return tuple(takewhile(lambda unit: _is_kept(home, unit, tables, day), units))


def _is_kept(home: Path, unit: Unit, tables: Collection[str], before: str | None) -> bool:
    if before is not None and unit.days[-1].file[:10] >= before:
        return False
    return usable(home, unit.model_copy(update={"files": _files(unit, tables)}))


def _files(unit: Unit, tables: Collection[str]) -> tuple[File, ...]:
    return tuple(file for file in unit.files if file.table in tables)


def _parts(
    con: duckdb.DuckDBPyConnection, table: str, home: Path, units: tuple[Unit, ...], follower: Follower, since: int
) -> list[Part]:
    alike = dict[tuple[tuple[str, int], ...], list[Path]]()
    for unit in units:
        for file in _files(unit, (table,)):
            alike.setdefault(tuple(sorted(file.places.items())), []).append(unit.path(home, file))
    kept = [
        Part(relation_of(*paths), {("", column): finer for column, finer in places}) for places, paths in alike.items()
    ]
    return [*kept, _fresh(con, table, follower, since)]


def _fresh(con: duckdb.DuckDBPyConnection, table: str, follower: Follower, since: int) -> Part:
    rows = (row.values for row in follower.rows[table] if row.seq > since)
    return fill_rows(con, f"book.fresh_{table}", KEPT[table], rows)


def _make(con: duckdb.DuckDBPyConnection, name: str, book: Book, parts: Mapping[str, list[Part]]) -> None:
    for table in RELATIONS[name]:
        con.execute(f"CREATE OR REPLACE VIEW book.{table} AS {together(table, parts[table])}")
    if name == "lots":
        fill_rows(con, name, SHOWN[name], lot_rows(book))
    elif name == "strategy_books":
        fill_rows(con, name, SHOWN[name], _strategy_books(con, book))
    else:
        if name == "realised":
            rows = ((con_id, contract.symbol) for con_id, contract in book.contracts.items())
            fill_rows(con, "book.contract_names", SHOWN["contract_names"], rows)
        con.execute(f"CREATE VIEW {name} AS {MADE_OF_ROWS[name]}")


def lot_rows(book: Book) -> Rows:
    """Yield the open lots, oldest first in each contract."""
    with exactly():
        for con_id, holding in sorted(book.holdings.items()):
            contract = book.contracts[con_id]
            price = _mark(book, con_id) if holding.lots else None
            for lot in holding.lots:
                value = None if price is None else lot.quantity * price * contract.multiplier
                gain = None if value is None else value - lot.gross
                yield (
                    con_id, contract.symbol, lot.execution, lot.opened_at, lot.quantity, lot.gross, lot.commission,
                    holding.currency, price, value, gain,
                )  # fmt: skip


def _mark(book: Book, con_id: int) -> Decimal | None:
    try:
        return mark(book, con_id)
    except Unvalued:
        return None


def _strategy_books(con: duckdb.DuckDBPyConnection, book: Book) -> Rows:
    moved = con.execute(f"SELECT strategy, con_id, currency, sum(amount) FROM book.{FLOWS} GROUP BY ALL").fetchall()
    flows = {Account(strategy, con_id, currency): amount for strategy, con_id, currency, amount in moved if amount}
    with exactly():
        for part in Strategies(book, flows).parts():
            yield (
                part.strategy, part.con_id, part.symbol, part.units, part.value, part.flows, part.profit, part.currency
            )  # fmt: skip
