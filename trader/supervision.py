"""Running a process within bounds, and telling how it ended.

Standard library only. The process leads a process group of its own; when its time is over the whole group is ended,
politely, then not. Its error output is passed through, and its last line kept.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import IO

from trader.complaining import complain

GRACE_SECONDS = 10.0  # between SIGTERM and SIGKILL
DRAIN_SECONDS = 2.0  # for the last words of what has ended


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended."""

    exit_status: int | None  # None: a signal ended it
    signal: str | None  # "SIGKILL"
    timed_out: bool
    peak_memory_bytes: int
    last_words: str  # last line of its error output


def supervise(
    command: Sequence[str], timeout_seconds: float, grace_seconds: float = GRACE_SECONDS, *, quiet: bool = False
) -> Ending:
    """Run a command to its end, or end it after so many real seconds; a quiet one's output is not passed on."""
    output = subprocess.DEVNULL if quiet else None
    process = subprocess.Popen(
        command, stdout=output, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, process_group=0
    )
    words = _LastWords(process.stderr)
    end = _End(process)
    with _signals_passed_on(process.pid):
        timed_out = not end.wait(timeout_seconds)
        if timed_out:
            _signal_group(process.pid, signal.SIGTERM)
            if not end.wait(grace_seconds):
                _signal_group(process.pid, signal.SIGKILL)
            end.wait(None)
    _signal_group(process.pid, signal.SIGKILL)  # what it may have left behind in its group
    return Ending(
        exit_status=end.code if end.code >= 0 else None,
        signal=signal.Signals(-end.code).name if end.code < 0 else None,
        timed_out=timed_out,
        peak_memory_bytes=end.peak_memory_bytes,
        last_words=words.last(),
    )


class _End:
    """Waits for one process, and knows what it used."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.code = 0
        self.peak_memory_bytes = 0
        self._thread = threading.Thread(target=self._reap, daemon=True)
        self._thread.start()

    def _reap(self) -> None:
        _, status, usage = os.wait4(self._process.pid, 0)
        self.code = self._process.returncode = os.waitstatus_to_exitcode(status)
        self.peak_memory_bytes = usage.ru_maxrss * 1024

    def wait(self, seconds: float | None) -> bool:
        """Tell whether the process ended within so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()


class _LastWords:
    """Passes error output through and keeps its last line."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._stream = stream
        self._line = b""
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    def _pass_on(self) -> None:
        for line in self._stream or ():
            self._line = line.strip() or self._line
            complain(line.decode(errors="replace").rstrip("\n"))

    def last(self) -> str:
        """Return the last line; a descendant that still holds the pipe is not waited for."""
        self._thread.join(DRAIN_SECONDS)
        return self._line.decode(errors="replace")


@contextmanager
def _signals_passed_on(pid: int) -> Iterator[None]:
    """Hand an interruption of ours to the process, whose end is then told like any other."""

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        _signal_group(pid, signal.SIGTERM)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, disposition in before.items():
            signal.signal(number, disposition)


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return  # it has ended meanwhile
