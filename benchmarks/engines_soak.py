"""The engines' soak: an archive of many accounts asked here and on a Spark cluster of two workers, some of them killed.

`make soak` or `python -m benchmarks.engines_soak [--accounts N] [--sessions N] [--uri URI] [--tasks NAME,NAME…]`.
Without --uri an archive is made. While Spark runs, Python workers at work on an account are killed with SIGKILL, and
once a whole executor; then the answers are compared, byte for byte. The result is written into docs/soak.md.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from benchmarks.fleet_copies import fleet_copies
from benchmarks.sections import write_section
from queries.archive.writing import export
from trader.fleet.engine import local
from trader.fleet.engine.archived_home import archived, archived_home
from trader.fleet.engine.spark import run as on_spark
from trader.fleet.engine.tasks import ASIDE, TASKS
from trader.fleet.engine.terms import Terms

ACCOUNTS, SESSIONS, SEED = 1000, 250, 1
PROCESSES = 2
MASTER = "local-cluster[2,1,1024]"
KILLED_EVERY = (5.0, 20.0)  # seconds
KILLED_EACH = 2  # times an account
# Several accounts may share a task, and each death is one of its failures; of four, Spark's own bound, it despairs.
PATIENT = "--conf spark.task.maxFailures=20 pyspark-shell"
EXECUTOR_AFTER = 3  # workers
EXECUTOR = b"CoarseGrainedExecutorBackend"
HEADING = "Engines"
REPORT = Path(__file__).parents[1] / "docs" / "soak.md"


@contextmanager
def killing(folder: Path, drawn: random.Random) -> Iterator[list[str]]:
    """Kill workers now and then, and once an executor of ours; tell what was."""
    killed, stop, deaths = list[str](), Event(), Counter[str]()

    def kill() -> None:
        while not stop.wait(drawn.uniform(*KILLED_EVERY)):
            executors = list(_executors()) if killed.count("worker") >= EXECUTOR_AFTER else []
            if executors and "executor" not in killed:
                _kill(drawn.choice(executors), "executor", killed)
            elif working := sorted(one for one in _working(folder) if deaths[one[0]] < KILLED_EACH):
                account, pid = drawn.choice(working)
                deaths[account] += 1
                _kill(pid, "worker", killed)

    killer = Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        stop.set()
        killer.join()


def _working(folder: Path) -> Iterator[tuple[str, int]]:
    for place in folder.glob(f"{ASIDE}*"):
        pid = int(place.name.removeprefix(ASIDE).partition("-")[0])
        with suppress(FileNotFoundError):  # it is done with that account meanwhile
            yield from ((account.name, pid) for account in list(place.iterdir()) if Path(f"/proc/{pid}").exists())


def _executors() -> Iterator[int]:
    """Find the executors that descend from this process."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if EXECUTOR in (path / "cmdline").read_bytes() and os.getpid() in _above(int(path.name)):
                yield int(path.name)


def _above(pid: int) -> Iterator[int]:
    while pid > 1:
        pid = int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
        yield pid


def _kill(pid: int, what: str, killed: list[str]) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        killed.append(what)


def made(uri: str, folder: Path, accounts: int, sessions: int) -> None:
    """Archive so many accounts, a home at a time."""
    for home in fleet_copies(folder, accounts, sessions):
        export(home, uri)
        shutil.rmtree(home)


def compared(task: str, uri: str, aside: Path, drawn: random.Random, wanted: int) -> tuple[str, bool]:
    """Ask a task on both engines; tell how it went, and whether both said the same."""
    files = dict(list(archived(uri).items())[:wanted])
    began = monotonic()
    with killing(aside, drawn) as killed:
        theirs = list(on_spark(task, uri, files, Terms(), MASTER))
    spark_seconds, began = monotonic() - began, monotonic()
    homes = {name: partial(archived_home, uri, mine, TASKS[task].reads_evidence) for name, mine in files.items()}
    ours = list(local.run(task, homes, Terms(), PROCESSES, 3600))
    local_seconds = monotonic() - began
    differ = sum(one != other for one, other in zip(ours, theirs, strict=True))
    bad = sum('"exit":0,' not in one for one in ours)
    return (
        f"{task}: {len(ours):,} accounts, {differ} answered otherwise on Spark than here, {bad} with bad news; "
        f"{killed.count('worker')} workers and {killed.count('executor')} executor killed; {spark_seconds:,.0f} s on "
        f"Spark, kills included, {local_seconds:,.0f} s here.",
        differ == 0 and bad == 0,
    )


def main(words: list[str]) -> int:
    """Make an archive if need be, ask, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--uri", help="an archive that is there; default: one is made")
    parser.add_argument("--tasks", default="replay,verify,audit")
    given = parser.parse_args(words)
    drawn = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        uri, aside = given.uri or f"{folder}/archive", Path(folder) / "aside"
        aside.mkdir()
        os.environ["TMPDIR"] = str(aside)  # of workers; what killed ones leave goes with it
        os.environ["PYSPARK_SUBMIT_ARGS"] = PATIENT
        if given.uri is None:
            made(uri, Path(folder) / "homes", given.accounts, given.sessions)
        told, equal = (
            [f"An archive of {given.sessions} sessions an account on `{MASTER}` and in {PROCESSES} processes."],
            [],
        )
        for task in given.tasks.split(","):
            said, same = compared(task, uri, aside, drawn, given.accounts)
            told.append(said)
            equal.append(same)
            print(said, flush=True)
            write_section(REPORT, HEADING, told)  # now: all of them take hours
    return 0 if all(equal) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
