"""Totals of many accounts in SQL over an archive, beside bare DuckDB over the same files.

`python -m benchmarks.archived_totals URI` asks an archive that is there; `make bench archived` makes one of its own.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.commands import HOMES
from benchmarks.fleet_copies import fleet_copies
from benchmarks.measuring import paired, seconds
from queries.archive.reading import accounts, parquet_files
from queries.archive.typed import show_events
from queries.archive.writing import export
from queries.fence import new_database

ACCOUNTS = 40
LIMIT = 2.0
RUNS = 3
QUESTIONS: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    (
        "turnover by account",
        ("order_filled",),
        "SELECT account, count(*), sum(quantity * price) FROM order_filled GROUP BY account ORDER BY account",
        "SELECT account, count(*), sum(CAST(event ->> 'quantity' AS DECIMAL(38, 12)) * "
        "CAST(event ->> 'price' AS DECIMAL(38, 12))) FROM bare WHERE type = 'order_filled' "
        "GROUP BY account ORDER BY account",
    ),
    (
        "NAV of each account",
        ("snapshot_taken",),
        "SELECT account, arg_max(nav, seq) FROM snapshot_taken GROUP BY account ORDER BY account",
        "SELECT account, arg_max(CAST(event ->> 'nav' AS DECIMAL(38, 12)), seq) FROM bare "
        "WHERE type = 'snapshot_taken' GROUP BY account ORDER BY account",
    ),
    (
        "events by type",
        ("events",),
        "SELECT type, count(*) FROM events GROUP BY type ORDER BY type",
        "SELECT type, count(*) FROM bare GROUP BY type ORDER BY type",
    ),
)


def run() -> Iterator[str]:
    """Totals in SQL over an archive of 40 accounts and a year, beside bare DuckDB over the same Parquet files.

    Ours reads the table's log, looks whether a row is of an older schema, and reads each event strictly into its typed
    columns; the bare one is told the files, and takes two fields out of the JSON. The same answer, or it is an error. A
    count, which needs no event, shows what the looking costs.
    Making the archive takes two minutes, once: it is kept in the folder for temporary files.
    """
    folder = HOMES / "archived"
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        for home in fleet_copies(folder / "homes", ACCOUNTS):
            export(home, str(folder / "archive"))
        shutil.rmtree(folder / "homes")
        (folder / "whole").touch()
    yield from totals(str(folder / "archive"))


def totals(uri: str) -> Iterator[str]:
    """Ask each question both ways."""
    (counted,) = _bare(uri).execute("SELECT count(*) FROM bare").fetchall()[0]
    yield f"{len(accounts(uri)):,} accounts, {counted:,} events, {len(parquet_files(uri)):,} files"
    for name, tables, ours, bare in QUESTIONS:
        if _asked(uri, tables, ours) != _bare(uri).execute(bare).fetchall():
            raise AssertionError(f"{name}: expected the same answer from both")
        pairs = paired(partial(seconds, _asked, uri, tables, ours), partial(seconds, _asked_bare, uri, bare), RUNS)
        yield pairs.line(name, "bare DuckDB", LIMIT if "sum(" in ours or "nav" in ours else None)
    yield f"memory of a process that asks all of them: {_memory(uri):,.0f} MB"


def _asked(uri: str, tables: tuple[str, ...], question: str) -> list[tuple[object, ...]]:
    with new_database() as con:
        show_events(con, uri, tables)
        return con.execute(question).fetchall()


def _asked_bare(uri: str, question: str) -> None:
    with _bare(uri) as con:
        con.execute(question).fetchall()


def _bare(uri: str) -> duckdb.DuckDBPyConnection:
    con = new_database()
    con.execute(f"CREATE VIEW bare AS SELECT * FROM read_parquet({list(parquet_files(uri))}, hive_partitioning = true)")
    return con


def _memory(uri: str) -> float:
    command = [sys.executable, "-m", "benchmarks.archived_totals", "--memory", uri]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1024


if __name__ == "__main__":
    if sys.argv[1] == "--memory":
        for _, asked_tables, asked, _ in QUESTIONS:
            _asked(sys.argv[2], asked_tables, asked)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    else:
        for line in totals(str(Path(sys.argv[1]).absolute())):
            print(line, flush=True)
