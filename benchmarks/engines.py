"""The same task for many accounts: one process beside two, and what Spark adds to each account.

Accounts have 250 sessions each, decided by the real cycle. A run counts all of it: processes start, and import, within
it. Spark reads the accounts from an archive, and so does the local engine beside it; its session starts once, a first
task warms its workers, and both stand on lines of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from shutil import which
from time import perf_counter

from benchmarks.commands import HOMES
from benchmarks.fleet_histories import fleet_histories
from benchmarks.measuring import paired
from queries.archive.writing import export
from trader.fleet.engine import local
from trader.fleet.engine.archived_home import archived, archived_home
from trader.fleet.engine.sealed_home import sealed_home
from trader.fleet.engine.tasks import TASKS, Bring
from trader.fleet.engine.terms import Terms

ACCOUNTS, PROCESSES, RUNS = 8, 2, 3
FASTER_MIN = 1.7
TASK = "audit"  # what takes longest: starting a process weighs least
TERMS = Terms()


def run() -> Iterator[str]:
    """Measure the engines."""
    homes = {home.name: home for home in fleet_histories(HOMES / "fleet", ACCOUNTS)}
    bring = {name: partial(sealed_home, home) for name, home in homes.items()}
    one = {name: bring[name] for name in sorted(bring)[:1]}
    yield from (
        f"{name:10} {_seconds(name, one, 1):6.2f} s of one account alone, its process started" for name in TASKS
    )
    pairs = paired(partial(_seconds, TASK, bring, 1), partial(_seconds, TASK, bring, PROCESSES), RUNS)
    told = "within" if pairs.ratio >= FASTER_MIN else "BELOW"
    yield (
        f"{TASK}, {ACCOUNTS} accounts: {sorted(pairs.ours)[1]:.2f} s in one process, {sorted(pairs.peers)[1]:.2f} s in "
        f"{PROCESSES}: {pairs.ratio:.2f} times as fast (at least {FASTER_MIN:g}) {told}"
    )
    if find_spec("pyspark") is None or which("java") is None:
        yield "Spark is not installed here: pip install 'tallybook[spark]', and Java 17"
        return
    uri = str(HOMES / "engines-archive")
    for home in homes.values():
        export(home, uri)
    yield from _spark(uri)


def _seconds(task: str, bring: Mapping[str, Bring], processes: int) -> float:
    terms = Terms(over={"limits": {"name_share_max": "0.1"}}) if task == "limits" else TERMS
    return _timed(lambda: list(local.run(task, bring, terms, processes, 3600)))


def _timed(act: Callable[[], object]) -> float:
    began = perf_counter()
    act()
    return perf_counter() - began


def _spark(uri: str) -> Iterator[str]:
    from trader.fleet.engine.spark import asked, session

    files = archived(uri)
    began = perf_counter()
    with session(f"local[{PROCESSES}]", len(files)) as spark:
        started = perf_counter() - began
        first = _timed(lambda: asked(spark, "replay", uri, files, TERMS))
        yield f"Spark's session starts in {started:.1f} s, its first task takes {first:.1f} s"
        for task in ("replay", TASK):
            reads = TASKS[task].reads_evidence
            homes = {name: partial(archived_home, uri, mine, reads) for name, mine in files.items()}
            pairs = paired(
                partial(_timed, partial(asked, spark, task, uri, files, TERMS)),
                partial(_seconds, task, homes, PROCESSES), RUNS,
            )  # fmt: skip
            ours, other = (sorted(side)[len(side) // 2] / len(files) for side in pairs)
            yield (
                f"{task:10} of an archive, {PROCESSES} at a time: {ours:.2f} s an account on Spark, {other:.2f} s on "
                f"processes: {ours - other:+.2f} s an account"
            )
