"""Settings of hours that may not stand together: exchanges whose sessions do not meet, a day that is closed too late.

They are asked over a year of sessions, a month apart: both halves of the year, where the clocks of two places differ.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from trader.calendar import CLOSING_AFTER_CLOSE, ZONES, Calendar, Session, broker_midnight
from trader.settings.sections import Settings

YEAR = 2027
ASKED_EVERY = 21  # sessions


def unknown_calendar(settings: Settings) -> Iterator[str]:
    """Refuse a calendar without a table."""
    own = ((f"universe.symbols.{each.symbol}.calendar", each.calendar) for each in settings.universe.symbols)
    for key, name in (("schedule.calendar", settings.schedule.calendar), *(one for one in own if one[1])):
        if name not in ZONES:
            yield f"{key}: expected one of {', '.join(ZONES)}, found {name!r}; correct it"


def hours_that_do_not_meet(settings: Settings) -> Iterator[str]:
    """Refuse a contract whose exchange is closed at every slot, or open after the day was closed."""
    home = settings.schedule.calendar
    for instrument in settings.universe.symbols:
        if instrument.calendar in ("", home) or not {instrument.calendar, home} <= ZONES.keys():
            continue
        complaint = _apart(Calendar.load(home), Calendar.load(instrument.calendar))
        if complaint:
            key, told = f"universe.symbols.{instrument.symbol}.calendar", f"{instrument.calendar}, {complaint}"
            yield f"{key}: expected hours within those of {home}, found {told}; give it a home of its own"


def _apart(home: Calendar, other: Calendar) -> str:
    pairs = [(ours, theirs) for ours in _asked(home) if (theirs := other.session(ours.day)) is not None]
    if not any(theirs.open <= slot.at < theirs.close for ours, theirs in pairs for slot in home.slots(ours)):
        return "which is closed at every slot"
    if any(theirs.close > ours.close + CLOSING_AFTER_CLOSE for ours, theirs in pairs if not ours.is_half_day):
        return "which is still open when the day is closed"
    return ""


def closing_after_midnight(settings: Settings) -> Iterator[str]:
    """Refuse to close the day after the broker's midnight: its executions are gone from the broker's lists by then."""
    if settings.schedule.not_before is None or settings.schedule.calendar not in ZONES:
        return
    calendar = Calendar.load(settings.schedule.calendar)
    for session in _asked(calendar):
        at = calendar.closing_slot(session, *settings.schedule.not_before).at
        if at >= broker_midnight(session.close):
            told = f"found {settings.schedule.close_not_before!r}, which on {session.day} is after it"
            yield (
                "schedule.close_not_before: expected an hour before midnight in New York, when the broker forgets the "
                f"day's executions, {told}; choose an earlier one, or none"
            )
            return


def _asked(calendar: Calendar) -> tuple[Session, ...]:
    sessions = calendar.sessions(date(YEAR, 1, 1), date(YEAR, 1, 1) + timedelta(days=365))
    return sessions[::ASKED_EVERY]
