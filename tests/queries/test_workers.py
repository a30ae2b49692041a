"""Processes that share one command's work."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from queries.workers import is_one_of_several, several

SECONDS_MAX = 60
PROGRAM = """
import os, time
from queries.workers import several

if __name__ == "__main__":
    with several(1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(600)
"""


def test_a_process_ends_with_the_one_that_started_it_even_if_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    where = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, tmp_path / "program.py"], stdout=subprocess.PIPE, env=where) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
        ended, _, _ = select.select([child], [], [], SECONDS_MAX)
        os.close(child)

    assert ended == [child]


def test_a_process_knows_that_it_shares_work() -> None:
    with several(1) as pool:
        assert pool.submit(is_one_of_several).result()
    assert not is_one_of_several()
