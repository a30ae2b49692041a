"""The exchanges that contracts of the universe trade at, where that is not the home exchange."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ledger.events import HoursRow
from trader.calendar import Calendar


def hours_rows(calendars: Mapping[str, Calendar], now: datetime) -> tuple[HoursRow, ...]:
    """Return today's hours of each symbol with a calendar of its own: today is the date at its exchange."""
    return tuple(_row(symbol, calendar, now) for symbol, calendar in calendars.items())


def _row(symbol: str, calendar: Calendar, now: datetime) -> HoursRow:
    session = calendar.session_at(now)
    if session is None:
        return HoursRow(symbol=symbol, calendar=calendar.name)
    begins, ends = calendar.pause(session) or (None, None)
    return HoursRow(
        symbol=symbol,
        calendar=calendar.name,
        open=session.open,
        close=session.close,
        pause_from=begins,
        pause_until=ends,
    )
