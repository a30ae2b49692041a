"""Three accounts and their archive: two decided by the real cycle, and a frozen log that lacks evidence."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from shutil import copytree, which
from threading import Event, Thread

import pytest

from benchmarks.fleet_histories import fleet_histories
from trader.fleet.engine.sealed_home import sealed_home
from trader.fleet.engine.tasks import ASIDE, Bring, answer
from trader.fleet.engine.terms import Terms

FROZEN = Path(__file__).parents[3] / "history" / "rehearsal"
ONE, TWO, OLD = "DU2000001", "DU2000002", "DU1000001"
TERMS = Terms(over={"limits": {"name_share_max": "0.1"}})


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    folder = tmp_path_factory.mktemp("engine") / "accounts"
    list(fleet_histories(folder, 2, sessions=3, processes=1))
    copytree(FROZEN, folder / OLD)
    return {name: folder / name for name in (OLD, ONE, TWO)}


@pytest.fixture(scope="session")
def bring(homes: Mapping[str, Path]) -> Mapping[str, Bring]:
    return {name: partial(sealed_home, home) for name, home in homes.items()}


@pytest.fixture(scope="session")
def uri(homes: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("deltalake", reason="archives need tallybook[delta]")
    from queries.archive.writing import export

    uri = str(tmp_path_factory.mktemp("engine") / "archive")
    for home in homes.values():
        export(home, uri)
    return uri


@pytest.fixture(scope="session")
def spark_is_there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Skip without Spark; else the folder that its workers work in."""
    pytest.importorskip("pyspark", reason="the Spark engine needs tallybook[spark]")
    if which("java") is None:
        pytest.skip("the Spark engine needs Java 17")
    folder = tmp_path_factory.mktemp("workers")
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    yield folder
    if before is None:
        del os.environ["TMPDIR"]
    else:
        os.environ["TMPDIR"] = before


def one_by_one(task: str, bring: Mapping[str, Bring], terms: Terms = TERMS) -> list[str]:
    """What every engine has to answer."""
    return [answer(task, name, bring[name], terms) for name in sorted(bring)]


@contextmanager
def killing(folder: Path, account: str, times: int) -> Iterator[list[int]]:
    """Kill the processes that are seen to work on an account, so many; the ids of those that were."""
    killed, stop = list[int](), Event()

    def kill() -> None:
        while len(killed) < times and not stop.wait(0.001):
            for found in folder.glob(f"{ASIDE}*/{account}"):
                pid = int(found.parent.name.removeprefix(ASIDE).partition("-")[0])
                if pid not in killed and len(killed) < times:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        killed.append(pid)

    killer = Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        stop.set()
        killer.join()
