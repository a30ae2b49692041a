"""What a mail says, before it is rendered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

SUMMARY_WIDTH = 40  # columns: what a telephone shows of a line

# What writing a letter may raise of a text or a figure that nobody thought of: less of it is then sent, not nothing.
UNWRITABLE = (ArithmeticError, AttributeError, ImportError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines under a heading; nothing is shown of a part without lines."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail: the important thing first."""

    kind: str  # start, middle, end; alarm and ended: of an incident
    subject: str
    headline: str  # the first line, no wider than the summary
    parts: tuple[Part, ...]
    columns: tuple[str, ...]  # of the holdings; the first column stands to the left
    holdings: tuple[tuple[str, ...], ...]
    witness: str  # SEQ:HASH of the log: the mailbox vouches for it
    at: datetime
    incident: str = ""
    summary: tuple[str, ...] = ()  # the lines after the first: no wider than `SUMMARY_WIDTH`
    command: str = ""  # what to type first: the last line
    chart: bytes = b""  # a PNG
