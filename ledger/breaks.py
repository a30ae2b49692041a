"""A break as the book keeps it: what was found, why, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ledger.events import AcceptanceTakenBack, BreakAccepted, BreakClosed, BreakExplained, BreakFound


@dataclass(frozen=True, slots=True)
class Break:
    """A difference and its life."""

    found: BreakFound
    at: datetime
    seq: int
    session_day: date | None
    explanation: BreakExplained | None = None
    status: str = "open"  # open, accepted, taken back, closed
    why: str = ""
    ended_at: datetime | None = None
    accepted: BreakAccepted | None = None
    closed: BreakClosed | None = None
    taken_back: AcceptanceTakenBack | None = None
