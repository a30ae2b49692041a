"""An incident as the book keeps it: what the owner is told at once, whom it reached, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.events import IncidentEnded, IncidentOpened


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that went wrong, and its life."""

    opened: IncidentOpened
    at: datetime
    seq: int
    starts: int = 1  # that failed while it lasted, if it is one of starts
    ended: IncidentEnded | None = None
    ended_at: datetime | None = None
    told: tuple[str, ...] = ()  # who knows of its beginning: mail, apprise
    told_end: tuple[str, ...] = ()  # and of its end

    @property
    def is_open(self) -> bool:
        """Whether it lasts."""
        return self.ended is None

    @property
    def is_over(self) -> bool:
        """Whether it ended, and everybody who should know does."""
        return self.ended is not None and set(self.opened.to) <= set(self.told_end)
