"""When a contract may be traded today: in the home session, or in that of its own exchange where settings name it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.events import CycleStarted


class Hours(NamedTuple):
    """One exchange's session of a day; without an open it has none."""

    calendar: str  # empty: the home calendar
    open: datetime | None
    close: datetime | None
    pause_from: datetime | None = None
    pause_until: datetime | None = None

    def has_opened(self, now: datetime) -> bool:
        """Whether an order would reach an open market now."""
        if self.open is None or self.close is None or not self.open <= now < self.close:
            return False
        return self.pause_from is None or self.pause_until is None or not self.pause_from <= now < self.pause_until


def hours_of(started: CycleStarted, symbol: str) -> Hours:
    """Return the hours of a contract on the day of a cycle."""
    for row in started.hours:
        if row.symbol == symbol:
            return Hours(row.calendar, row.open, row.close, row.pause_from, row.pause_until)
    return Hours("", started.session_open, started.session_close)


def last_moment(started: CycleStarted, symbols: Iterable[str]) -> datetime:
    """Return when the first of these exchanges closes."""
    closes = (hours_of(started, symbol).close for symbol in symbols)
    return min((close for close in closes if close is not None), default=started.session_close)
