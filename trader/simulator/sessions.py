"""The venue's own trading hours: US equities, 2000 to 2030, by rule and by the closures that history added.

The venue must not ask its client's calendar when it is open: two calendars that agree are evidence, one is not.
To add a closure of the day's news: extend `SPECIAL_CLOSURES` or `SPECIAL_HALF_DAYS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
OPEN, CLOSE, EARLY_CLOSE = time(9, 30), time(16), time(13)
DAY = timedelta(days=1)
MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 3, 4, 5, 6

SPECIAL_CLOSURES = frozenset(
    {
        *(date(2001, 9, day) for day in (11, 12, 13, 14)),  # attacks on New York
        date(2004, 6, 11),  # mourning for President Reagan
        date(2007, 1, 2),  # mourning for President Ford
        *(date(2012, 10, day) for day in (29, 30)),  # hurricane Sandy
        date(2018, 12, 5),  # mourning for President Bush
        date(2025, 1, 9),  # mourning for President Carter
    }
)
SPECIAL_HALF_DAYS = frozenset({date(2002, 7, 5), date(2003, 12, 26)})


@dataclass(frozen=True, slots=True)
class Session:
    """One day of trading."""

    date: date
    open: datetime  # UTC
    close: datetime  # UTC

    @property
    def minutes(self) -> int:
        """How long it is open: 390, or 210 on a half day."""
        return (self.close - self.open) // timedelta(minutes=1)


@cache
def session_on(day: date) -> Session | None:
    """Return the day's session, or None on a weekend, holiday or special closure."""
    if day.weekday() >= SATURDAY or day in holidays(day.year) or day in SPECIAL_CLOSURES:
        return None
    close = EARLY_CLOSE if is_half_day(day) else CLOSE
    return Session(day, in_utc(day, OPEN), in_utc(day, close))


def session_at(moment: datetime) -> Session | None:
    """Return the session under way (open <= moment < close), or None."""
    session = session_on(new_york_date(moment))
    return session if session and session.open <= moment < session.close else None


def next_session(moment: datetime) -> Session:
    """Return the first session that has not closed at this moment."""
    session = session_on(new_york_date(moment))
    return session if session and moment < session.close else session_after(new_york_date(moment))


def session_after(day: date) -> Session:
    """Return the first session on a later date."""
    while (session := session_on(day := day + DAY)) is None:
        pass
    return session


def sessions_between(first: date, last: date) -> list[Session]:
    """Return every session from `first` to `last`, both included."""
    days = (first + DAY * offset for offset in range((last - first).days + 1))
    return [session for day in days if (session := session_on(day))]


def new_york_date(moment: datetime) -> date:
    """Return the date on a clock in New York."""
    return moment.astimezone(NEW_YORK).date()


@cache
def holidays(year: int) -> frozenset[date]:
    """Return the exchange's regular holidays of a year, on the weekdays that they are observed."""
    fixed = [date(year, 7, 4), date(year, 12, 25)]
    if year >= 2022:
        fixed.append(date(year, 6, 19))
    new_year = date(year, 1, 1)  # on a Saturday it is not made up for: the books of the old year close that Friday
    return frozenset(
        {
            new_year + DAY if new_year.weekday() == SUNDAY else new_year,
            _weekday_of_month(year, 1, MONDAY, 3),  # Martin Luther King
            _weekday_of_month(year, 2, MONDAY, 3),  # Presidents
            easter(year) - 2 * DAY,  # Good Friday
            date(year, 5, 31) - DAY * date(year, 5, 31).weekday(),  # Memorial Day
            _weekday_of_month(year, 9, MONDAY, 1),  # Labor Day
            thanksgiving(year),
            *(_observed(day) for day in fixed),
        }
    )


def is_half_day(day: date) -> bool:
    """Return whether trading ends at 13:00: the eves of Independence Day and Christmas, the day after Thanksgiving."""
    if day in SPECIAL_HALF_DAYS or day == thanksgiving(day.year) + DAY:
        return True
    if (day.month, day.day) == (12, 24):
        return day.weekday() <= THURSDAY
    eve = (day.month, day.day) == (7, 3) and day.weekday() <= THURSDAY
    return eve and day != date(2002, 7, 3)  # that year the day after the holiday was the short one


def thanksgiving(year: int) -> date:
    """Return the fourth Thursday of November."""
    return _weekday_of_month(year, 11, THURSDAY, 4)


def easter(year: int) -> date:
    """Return Easter Sunday (the anonymous Gregorian computus)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    correction = (8 * century + 13) // 25
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def _observed(day: date) -> date:
    return day + {SATURDAY: -DAY, SUNDAY: DAY}.get(day.weekday(), timedelta())


def _weekday_of_month(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + DAY * ((weekday - first.weekday()) % 7 + 7 * (nth - 1))


def in_utc(day: date, clock: time) -> datetime:
    """Return a time of a day on a clock in New York."""
    return datetime.combine(day, clock, NEW_YORK).astimezone(UTC)
