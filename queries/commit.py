"""`tallybook commit`: sealed days as Parquet, and the sessions' snapshots and trades as a DuckDB database.

All are derived. The Parquet copies come first (`parquet.py`, `kept_bars.py`), so that the lines of a day are parsed
only until it is sealed and copied. The database is built aside from the whole history and put in place of the old one
in one step, so a reader never sees half of it, and committing again changes nothing. To add a table, add a line to
`TABLES`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ledger.log.recovery import require_log
from queries.book_tables.keeping import keep_books
from queries.kept_bars import keep
from queries.parquet import update
from queries.tables import HOME_ZONE, UnknownDay, unfenced

DATABASE = Path("var") / "tallybook.duckdb"

TABLES: tuple[tuple[str, str], ...] = (
    ("snapshots", "SELECT * FROM nav WHERE session_day <= $day"),
    ("snapshot_positions", "SELECT * FROM positions_history WHERE session_day <= $day"),
    ("snapshot_cash", "SELECT * FROM cash_history WHERE session_day <= $day"),
    ("fills", "SELECT * FROM fills WHERE session_day <= $day"),
    ("orders", "SELECT * FROM orders WHERE session_day <= $day"),
    ("cycles", "SELECT * FROM cycles WHERE session_day <= $day"),
    ("days", "SELECT * FROM days WHERE session_day <= $day"),
)
READ = (
    "nav", "positions_history", "cash_history", "fills", "orders", "cycles", "days", "cycle_started", "snapshot_taken",
    "day_committed", "data_ingested",
)  # fmt: skip
LAST_DAY = "SELECT max(session_day) FROM cycle_started"
KNOWN_DAY = "SELECT count(*) FROM cycle_started WHERE session_day = $day"
# Whatever is asked for, the database never ends before a session that is closed, or that it once held.
UP_TO = """
SELECT max(session_day) FROM (
    SELECT $day AS session_day
    UNION ALL SELECT session_day FROM snapshot_taken WHERE kind = 'close'
    UNION ALL SELECT session_day FROM day_committed
)"""


@dataclass(frozen=True, slots=True)
class Committed:
    """What stands in the database: the session asked for, and its share."""

    session_day: date | None  # None: the log holds no session yet
    snapshots: int
    fills: int
    path: Path


def commit(
    home: Path, session_day: date | None = None, *, zone: str = HOME_ZONE, tell: Callable[[int], None] = lambda _: None
) -> Committed:
    """Put every session up to a day (None: the last one of the log) into the database; return that day's counts.

    Later sessions that are complete stand in it too. Raises UnknownDay for a day without a session in the log. `tell`
    is told how many events were copied or folded, each of which counts twice.
    """
    require_log(home)
    update(home, tell)
    keep_books(home, tell)
    con = unfenced(home, zone=zone, wanted=READ)
    day = session_day or con.execute(LAST_DAY).fetchall()[0][0]
    if session_day and not con.execute(KNOWN_DAY.replace("$day", _literal(day))).fetchall()[0][0]:
        raise UnknownDay(f'{day}: expected a session of the log, found none; see: tallybook sql "FROM days"')
    up_to = con.execute(UP_TO.replace("$day", _literal(day))).fetchall()[0][0]
    keep(home, con)
    target = home / DATABASE
    aside = target.with_name(f"{target.name}.{os.getpid()}.new")
    _sweep(target)
    try:
        con.execute(f"ATTACH '{_quoted(aside)}' AS aside")
        for name, question in TABLES:
            con.execute(f"CREATE TABLE aside.{name} AS {question.replace('$day', _literal(up_to))}")
        con.execute("DETACH aside")
        _sync(aside)
        aside.replace(target)
        _sync(target.parent)
    finally:
        con.close()
        aside.unlink(missing_ok=True)
        aside.with_name(f"{aside.name}.wal").unlink(missing_ok=True)
    return _counted(target, day)


def _sweep(target: Path) -> None:
    """Remove what a killed commit left beside the database; another that is at work keeps its file."""
    for left in target.parent.glob(f"{target.name}.*.new*"):
        pid = left.name.removeprefix(f"{target.name}.").partition(".")[0]
        if not pid.isdigit() or not Path(f"/proc/{pid}").exists():
            left.unlink(missing_ok=True)


def _counted(path: Path, day: date | None) -> Committed:
    """Count in the file itself, not in what was meant to be in it."""
    import duckdb

    with duckdb.connect(str(path), read_only=True) as con:
        snapshots, fills = (
            con.execute(f"SELECT count(*) FROM {table} WHERE session_day = {_literal(day)}").fetchall()[0][0]
            for table in ("snapshots", "fills")
        )
    return Committed(day, snapshots, fills, path)


def _literal(day: date | None) -> str:
    return "NULL" if day is None else f"DATE '{day.isoformat()}'"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
