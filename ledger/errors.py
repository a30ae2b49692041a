"""What a person is told in one line, and why the log refuses: each has a code that stands in docs/runbook.md.

To add one: subclass `LogError`, give it its code, and write its section of the runbook. The message is one line: the
thing, what was expected, what was found, what to do.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar


class Refusal(Exception):
    """Something cannot be done, and is told in a line with its `code`; no defect of ours, so no traceback."""


class LogError(Refusal):
    """The log cannot be opened, read or written."""

    code: ClassVar[str] = "log-error"
    exit_status: ClassVar[int] = 2


class LogMissing(LogError):
    """There is no log in this home."""

    code = "log-missing"


class LogExists(LogError):
    """A log already lies where a new one should begin."""

    code = "log-exists"


class LogNotWritable(LogError):
    """A file cannot be written, or a write failed: this writer stops for good."""

    code = "log-not-writable"


class LogDamaged(LogError):
    """Lines that were acknowledged are changed or missing."""

    code = "log-damaged"


class LogForked(LogError):
    """The chain is valid, but it is not the one that HEAD vouches for."""

    code = "log-forked"


class LogForeign(LogError):
    """Another account's log, another mode's, another clock's, or lines of another log."""

    code = "log-foreign"


class LogTooNew(LogError):
    """A later version wrote an event that this one does not know."""

    code = "log-too-new"


class HeadDamaged(LogError):
    """Both slots of HEAD are unreadable: only the operator can say that the chain is the right one."""

    code = "head-damaged"


class LockIneffective(LogError):
    """The file system does not keep locks apart, as some network file systems do not."""

    code = "lock-ineffective"


class FactTooLarge(LogError):
    """A fact is larger than a line of the log may be."""

    code = "fact-too-large"


class BatchTooLarge(LogError):
    """A batch holds more facts, or more bytes, than one may."""

    code = "batch-too-large"


class DayFileFull(LogError):
    """The day file would grow larger than one may be: nothing more can be recorded before the next day (UTC)."""

    code = "day-file-full"


class LogLocked(LogError):
    """Another process writes. It carries what the holder wrote about itself."""

    code = "log-locked"
    exit_status = 75

    def __init__(self, message: str, pid: int | None, slot: str, started_at: datetime | None) -> None:
        super().__init__(message)
        self.pid = pid
        self.slot = slot
        self.started_at = started_at
