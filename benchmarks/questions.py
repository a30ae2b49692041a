"""What a reader asks, at a million events and at ten: views beside bare files, questions, an audit, pages."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median, quantiles

from benchmarks.commands import DAY, HOMES, LONG, SETTINGS
from benchmarks.five_years import LAST, five_years
from benchmarks.histories import history
from benchmarks.measuring import in_turns, paired, seconds, verdict
from ledger import checkpoints
from ledger.events import BY_NAME, DayCommitted
from ledger.log.head import read_head
from ledger.log.storage import var_folder
from queries.canned import Canned, canned
from queries.commit import commit
from queries.fence import new_database
from queries.pinned import Unit, read_manifest
from queries.relations import BARS, BOOK, VIEWS, needed, view_text
from queries.sql import Terms, answered
from queries.staging import columns_of
from queries.tables import HOME_ZONE, unfenced

RUNS = 3
PAGES = ("/", "/days", "/sql", "/ask/costs", f"/day/{LAST - timedelta(days=3)}")
ASKED = 40  # each page so often
OURS = [sys.executable, "-m", "trader.commands"]


def run() -> Iterator[str]:
    """Questions in SQL at a home of five years that was really decided, and at ten million typical events.

    A view beside the plainest way to it: the same SQL over the same Parquet files, opened without a look at their
    hashes and without today's lines. Questions are timed from nothing to their last row, in one process, a connection
    each. Both homes take minutes to make, some GB, and are kept in the folder for temporary files.
    """
    home = five_years(HOMES / "five-years")
    yield f"five years: {_events(home):,} events, 50 contracts"
    yield from _start(home)
    yield from _views(home)
    yield from _questions(home, "five years", 0.3, 2.0)
    yield from _pages(home)
    long = history(HOMES / "long", LONG, False)
    (long / "tallybook.toml").write_text(SETTINGS, encoding="utf-8")
    if checkpoints.latest(long) is None:
        checkpoints.rebuild(long)
    yield f"long: {_events(long):,} events, committed in {seconds(commit, long):.0f} s (a few: it was there already)"
    yield from _questions(long, "long", 1.5, None)
    yield _audit(long)


def _events(home: Path) -> int:
    head = read_head(var_folder(home))
    return 0 if head is None else head.seq + 1


def _start(home: Path) -> Iterator[str]:
    """Start `sql "SELECT 1"` beside the import that it cannot do without."""
    ours = partial(_process, [*OURS, "--home", str(home), "sql", "SELECT 1"])
    pairs = paired(ours, partial(_process, [sys.executable, "-c", "import duckdb"]))
    more = median(our - peer for our, peer in zip(pairs.ours, pairs.peers, strict=True))
    yield f"{pairs.line('sql SELECT 1', 'import duckdb', None)}  {more:.2f} s more {verdict(more, 0.3)}"


def _process(command: list[str]) -> float:
    return seconds(partial(subprocess.run, command, check=True, stdout=subprocess.DEVNULL))


def _views(home: Path) -> Iterator[str]:
    """Each view, made into a table, beside the same from bare files."""
    for name in VIEWS:
        if needed([name]).isdisjoint((*BOOK, BARS)):
            pairs = in_turns(partial(_both, home, name), RUNS)
            yield pairs.line(name, "bare files", 2.0)


def _both(home: Path, name: str) -> tuple[float, float]:
    statement = f"CREATE TEMP TABLE answer AS SELECT * FROM {name}"
    ours = seconds(lambda: unfenced(home, wanted=[name]).execute(statement))
    return ours, seconds(_bare, home, name, statement)


def _bare(home: Path, name: str, statement: str) -> None:
    """Open the files as they lie, and ask."""
    con, relations = new_database(), needed([name])
    con.execute(f"SET TimeZone = '{HOME_ZONE}'")
    manifest = read_manifest(home)
    units: tuple[Unit, ...] = () if manifest is None else manifest.units
    for table in sorted(relations & {"events", *BY_NAME}):
        paths = [str(unit.path(home, file)) for unit in units for file in unit.files if file.table == table]
        if paths:
            con.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet({paths})")
        else:
            empty = ", ".join(
                f'NULL::{kind} AS "{column}"' for column, kind in columns_of(BY_NAME.get(table, DayCommitted))
            )
            con.execute(f"CREATE VIEW {table} AS SELECT {empty} WHERE false")
    for view in VIEWS:
        if view in relations:
            con.execute(f"CREATE VIEW {view} AS {view_text(view)}")
    con.execute(statement)


def _questions(home: Path, name: str, median_limit: float, slowest_limit: float | None) -> Iterator[str]:
    """Every canned question that can be asked without being told more."""
    taken = {each.name: seconds(_asked, home, each) for each in canned() if _asks_nothing(each)}
    middle, slowest = median(taken.values()), max(taken, key=lambda each: taken[each])
    yield (
        f"{len(taken)} questions, {name}: median {middle:.2f} s {verdict(middle, median_limit)}, slowest "
        f"{taken[slowest]:.2f} s {verdict(taken[slowest], slowest_limit)} ({slowest}), peak of the process "
        f"{getrusage(RUSAGE_SELF).ru_maxrss // 1024:,} MB"
    )
    yield "  " + ", ".join(f"{each} {taken[each]:.2f}" for each in sorted(taken, key=lambda each: -taken[each])[:8])


def _asks_nothing(each: Canned) -> bool:
    return all(parameter.default is not None for parameter in each.parameters)


def _asked(home: Path, each: Canned) -> None:
    answered(home, each.sql, Terms(parameters=each.filled({})))


def _pages(home: Path) -> Iterator[str]:
    """Pages of the site, asked again and again by one reader."""
    from trader.commands.dashboard.serving import listening, serve_on

    with listening("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        threading.Thread(target=serve_on, args=(home, bound), kwargs={"warn": print}, daemon=True).start()
        for page in PAGES:
            first, *again = (seconds(_page, port, page) for _ in range(ASKED))
            last = quantiles(again, n=20)[-1]
            yield f"page {page:24} first {first:.2f} s, 95th percentile {last * 1000:.0f} ms {verdict(last, 0.2)}"


def _page(port: int, page: str) -> None:
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    asking.request("GET", page)
    answer = asking.getresponse()
    answer.read()
    if answer.status != http.client.OK:
        raise ValueError(f"{page}: expected a page, found status {answer.status}")


def _audit(home: Path) -> str:
    """One day of many years, as a process; 1 is the answer to a history whose decisions are made up."""
    taken = seconds(
        partial(subprocess.run, [*OURS, "--home", str(home), "audit", DAY], check=False, stdout=subprocess.DEVNULL)
    )
    return f"audit of a day: {taken:.2f} s {verdict(taken, 2.0)}"
