"""An export that is killed, anywhere: what comes after it finds every day once, whatever was half done.

One process loads what is slow, and forks an exporter for each kill; Delta's own library is loaded in the fork alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from queries.archive.reading import lines
from queries.archive.writing import export
from tests.queries.archive.homes import ACCOUNT, sealed_lines

ROOT = Path(__file__).parents[3]
KILLING = """
import json, os, random, signal, sys, threading, time
from pathlib import Path
import pyarrow, pyarrow.fs, pyarrow.parquet
import queries.archive.writing as writing
import queries.verification.walk

home, kills = Path(sys.argv[1]), json.loads(sys.argv[2])

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def exported(uri, point, times):
    left = [times]
    def at(reached):
        left[0] -= reached == point
        if left[0] == 0 and reached == point:
            die()
    writing.export(home, uri, bytes_a_commit=1, at=at)

for uri, point, times in kills:
    child = os.fork()
    if child == 0:
        if point.startswith("after "):
            threading.Timer(float(point.removeprefix("after ")), die).start()
        exported(uri, point, times)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(json.dumps([uri, point, os.waitstatus_to_exitcode(status)]), flush=True)
"""
POINTS = ("opened", "evidence", "written", "compared", "committed", "joined")
MOMENTS = 5


def killed(home: Path, kills: list[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    """Kill exporters, each at a point that it reaches for so many times; return how each ended."""
    command = [sys.executable, "-c", KILLING, str(home), json.dumps(kills)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def ended(told: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, str, int]]]:
    """Archives whose exporters were killed: at every point, again at later ones, and at any moment."""
    folder = tmp_path_factory.mktemp("killed")
    kills = [(str(folder / point), point, 1) for point in POINTS]
    kills += [(str(folder / "later"), point, 2) for point in POINTS[1:4]]
    kills += [(str(folder / "moments"), f"after {0.05 + 0.05 * number:.2f}", 0) for number in range(MOMENTS)]
    ends: dict[str, list[tuple[str, str, int]]] = {}
    for uri, point, status in killed(told, kills):
        ends.setdefault(uri, []).append((uri, point, status))
    return ends


def test_it_was_killed_wherever_it_should_be(ended: dict[str, list[tuple[str, str, int]]]) -> None:
    at_points = [status for ends in ended.values() for _, point, status in ends if point in POINTS]

    assert at_points == [-9] * (len(POINTS) + 3)
    assert len(ended) == len(POINTS) + 2


def test_who_comes_next_finds_every_day_once(told: Path, ended: dict[str, list[tuple[str, str, int]]]) -> None:
    for uri in ended:
        export(told, uri)

        assert list(lines(uri, ACCOUNT)) == sealed_lines(told), uri


def test_plain_sql_counts_each_line_once_too(told: Path, ended: dict[str, list[tuple[str, str, int]]]) -> None:
    from queries.archive.typed import connect

    for uri in ended:
        export(told, uri)

        counted = connect(uri, ACCOUNT, wanted=["events"]).execute("SELECT count(*), count(DISTINCT seq) FROM events")
        assert counted.fetchall() == [(len(sealed_lines(told)), len(sealed_lines(told)))]
