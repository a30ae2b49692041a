from __future__ import annotations

import os
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

from trader import exits
from trader.supervision import supervise

MEGABYTE = 1024 * 1024


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.mark.parametrize("status", [0, 1, 2, 75])
def test_an_exit_status_is_told(status: int) -> None:
    ending = supervise(python(f"raise SystemExit({status})"), 30)

    assert (ending.exit_status, ending.signal, ending.timed_out) == (status, None, False)


def test_a_kill_is_told_by_its_name() -> None:
    ending = supervise(python("import os; os.kill(os.getpid(), 9)"), 30)

    assert (ending.exit_status, ending.signal, ending.timed_out) == (None, "SIGKILL", False)


def test_what_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = f"""
import os, pathlib, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path({str(note)!r}).write_text(str(grandchild.pid))
time.sleep(600)
"""

    ending = supervise(python(code), 3)

    assert (ending.signal, ending.timed_out) == ("SIGTERM", True)
    assert ends_soon(int(note.read_text()))


def test_what_does_not_listen_is_killed() -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"

    ending = supervise(python(code), 2, grace_seconds=0.2)

    assert (ending.signal, ending.timed_out) == ("SIGKILL", True)


def test_its_last_words_are_kept_and_passed_through(capfd: pytest.CaptureFixture[str]) -> None:
    ending = supervise(python("import sys; print('told', file=sys.stderr); print('last: line', file=sys.stderr)"), 30)

    assert ending.last_words == "last: line"
    assert capfd.readouterr().err == "told\nlast: line\n"


def test_its_peak_memory_is_told() -> None:
    ending = supervise(python(f"held = bytearray({64 * MEGABYTE})"), 30)

    assert ending.peak_memory_bytes > 64 * MEGABYTE


def test_too_much_memory_has_a_status_of_its_own(tmp_path: Path) -> None:
    code = f"""
import sys
from trader import child
sys.excepthook = child._crash
child._bound(60, 256)
held = bytearray({512 * MEGABYTE})
"""

    ending = supervise(python(code), 30)

    assert ending.exit_status == exits.OUT_OF_MEMORY
    assert "MemoryError" in ending.last_words


def test_a_crash_is_not_taken_for_bad_news() -> None:
    code = "import sys; from trader import child; sys.excepthook = child._crash; raise KeyError('AAPL')"

    ending = supervise(python(code), 30)

    assert ending.exit_status == exits.CRASHED
    assert ending.last_words == "KeyError: 'AAPL'"


def test_an_orphan_ends_by_its_own_alarm() -> None:
    code = "from trader import child; import time; child.ORPHAN_SECONDS = 0; child._bound(1, 4096); time.sleep(600)"

    ending = supervise(python(code), 60)

    assert (ending.signal, ending.timed_out) == ("SIGALRM", False)


def ends_soon(pid: int) -> bool:
    limit = monotonic() + 20
    while monotonic() < limit:
        if has_ended(pid):
            return True
        sleep(0.01)
    return False


def has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"
