"""When the home exchange trades, and when a cycle is due.

DAY is everywhere the trading day of the home calendar: the exchange's own date. Standard library only, since the
light parent of every cycle imports this file; the sessions lie in a packaged table (trader/sessions/), and past its
end exchange_calendars is asked. To add an exchange: add its zone to `ZONES` and generate its table.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
ZONES = {
    "XNYS": "America/New_York",
    "XTSE": "America/Toronto",
    "XLON": "Europe/London",
    "XETR": "Europe/Berlin",
    "XPAR": "Europe/Paris",
    "XTKS": "Asia/Tokyo",
    "XHKG": "Asia/Hong_Kong",
    "XASX": "Australia/Sydney",
}
PAUSES = {"XTKS": (time(11, 30), time(12, 30)), "XHKG": (time(12), time(13))}
BROKER_ZONE = NEW_YORK  # at its midnight executions vanish from the broker's lists

SHORTER_THAN_ANY_FULL_SESSION = timedelta(hours=5, minutes=30)
FIRST_SLOT_AFTER_OPEN = timedelta(minutes=5)
BETWEEN_SLOTS = timedelta(hours=1)
SLOT_DUE_FOR = timedelta(minutes=25)
PREFLIGHT_DUE_FOR = timedelta(minutes=25)  # tried again until it passes
CLOSING_AFTER_CLOSE = timedelta(minutes=30)
BEFORE_MIDNIGHT = timedelta(minutes=25)  # the broker's: before its gateway restarts

ONE_DAY = timedelta(days=1)
TABLES = Path(__file__).with_name("sessions")
ROW_LENGTH = len("2000-01-03,2000-01-03T14:30Z,2000-01-03T21:00Z\n")
DAY_LENGTH = len("2000-01-03")


class CalendarError(LookupError):
    """A calendar, or a day of it, that is not known."""


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day of the exchange; open and close are in UTC."""

    day: date
    open: datetime
    close: datetime

    @property
    def is_half_day(self) -> bool:
        """Tell whether trading ends early."""
        return self.close - self.open < SHORTER_THAN_ANY_FULL_SESSION


@dataclass(frozen=True, slots=True)
class Slot:
    """One occasion to run a cycle: the `index`-th of its day, due from `at` (UTC)."""

    day: date
    index: int
    at: datetime
    kind: Literal["trade", "close", "preflight"]
    zone: ZoneInfo = NEW_YORK

    @property
    def name(self) -> str:
        """Name the slot by its day and the exchange's wall time: `2005-03-01/0935`, or its kind: `2005-03-01/close`."""
        return f"{self.day}/{f'{self.at.astimezone(self.zone):%H%M}' if self.kind == 'trade' else self.kind}"


class Calendar:
    """The sessions of one exchange and the slots that follow from them."""

    def __init__(self, name: str, zone: ZoneInfo, table: bytes) -> None:
        """Take the table as its rows, without the header."""
        self.name = name
        self.zone = zone
        self._table = table

    @classmethod
    def load(cls, name: str = "XNYS") -> Calendar:
        """Read the packaged table of an exchange, named by its market identifier code."""
        if name not in ZONES:
            raise CalendarError(f"calendar {name!r} is not known; expected one of {', '.join(ZONES)}")
        _, _, table = (TABLES / f"{name}.csv").read_bytes().partition(b"\n")
        return cls(name, ZoneInfo(ZONES[name]), table)

    def session(self, day: date) -> Session | None:
        """Return the session of a day, or None when the exchange stays closed."""
        session = self._first_from(day)
        return session if session.day == day else None

    def session_at(self, moment: datetime) -> Session | None:
        """Return the session of the exchange's date at this moment, open at this hour or not."""
        return self.session(self._date(moment))

    def pause(self, session: Session) -> tuple[datetime, datetime] | None:
        """Return when trading pauses at noon, or None where it does not."""
        if self.name not in PAUSES:
            return None
        begins, ends = (datetime.combine(session.day, at, self.zone).astimezone(UTC) for at in PAUSES[self.name])
        return (begins, ends) if ends < session.close else None

    def previous(self, day: date) -> Session:
        """Return the last session before a day."""
        row = self._row_from(day) - 1
        if row < 0:
            raise CalendarError(f"calendar {self.name}: no session is known before {day}")
        return self._session(row)

    def next(self, day: date) -> Session:
        """Return the first session after a day."""
        return self._first_from(day + ONE_DAY)

    def sessions(self, first: date, last: date) -> tuple[Session, ...]:
        """Return the sessions from `first` to `last`, both included."""
        end = self._row_from(last) + (self.session(last) is not None)
        return tuple(self._session(row) for row in range(self._row_from(first), end))

    def slots(self, session: Session) -> tuple[Slot, ...]:
        """Return a session's trading slots: in New York seven on a full day, four on a half day.

        A session that spans the broker's midnight has one more shortly before it: what was executed by then vanishes.
        """
        return tuple(Slot(session.day, index, at, "trade", self.zone) for index, at in enumerate(_slot_times(session)))

    def closing_slot(self, session: Session, not_before: time | None = None, zone: ZoneInfo | None = None) -> Slot:
        """Return the slot that closes a session's day.

        It is due from half an hour after the close or, when that is later, from the first time after the open that
        the clock of `zone` (the exchange's own by default) shows the hour `not_before`.
        """
        at = session.close + CLOSING_AFTER_CLOSE
        if not_before is not None:
            at = max(at, _first_time_after(session.open, not_before, zone or self.zone))
        return Slot(session.day, len(self.slots(session)), at, "close", self.zone)

    def due(self, moment: datetime, not_before: time | None = None, zone: ZoneInfo | None = None) -> Slot | None:
        """Return the slot that is due, or None.

        A trading slot is due from its time, included, until 25 minutes later, excluded. The closing slot is due until
        the next session's open, excluded: on a Friday until Monday morning.
        """
        session = self._last_opened(moment)
        for slot in self.slots(session):
            if slot.at <= moment < slot.at + SLOT_DUE_FOR:
                return slot
        closing = self.closing_slot(session, not_before, zone)
        return closing if closing.at <= moment else None

    def preflight_due(self, moment: datetime, minutes: int) -> Slot | None:
        """Return the look at the broker that is due so many minutes before the open, or None."""
        session = self.session_at(moment)
        if session is None or not minutes:
            return None
        at = session.open - timedelta(minutes=minutes)
        is_due = at <= moment < min(at + PREFLIGHT_DUE_FOR, session.open)
        return Slot(session.day, 0, at, "preflight", self.zone) if is_due else None

    def next_due(self, moment: datetime, not_before: time | None = None, zone: ZoneInfo | None = None) -> Slot:
        """Return the first slot whose time comes after this moment."""
        session = self._last_opened(moment)
        while True:
            for slot in (*self.slots(session), self.closing_slot(session, not_before, zone)):
                if slot.at > moment:
                    return slot
            session = self.next(session.day)

    def _last_opened(self, moment: datetime) -> Session:
        today = self.session_at(moment)
        return today if today and today.open <= moment else self.previous(self._date(moment))

    def _date(self, moment: datetime) -> date:
        if moment.tzinfo is None:
            raise ValueError(f"calendar {self.name}: expected a moment with its time zone, found {moment}")
        return moment.astimezone(self.zone).date()

    def _first_from(self, day: date) -> Session:
        return self._session(self._row_from(day))

    def _row_from(self, day: date) -> int:
        """Find the row of the first session on or after a day, by halving the text."""
        starts = date(int(self._day(0)[:4]), 1, 1)
        if day < starts:
            raise CalendarError(f"calendar {self.name}: sessions are known from {starts}, {day} was asked for")
        if day > self._last_day:
            self._lengthen(day)
        return bisect_left(range(len(self._table) // ROW_LENGTH), day.isoformat().encode(), key=self._day)

    def _day(self, row: int) -> bytes:
        return self._table[row * ROW_LENGTH : row * ROW_LENGTH + DAY_LENGTH]

    @property
    def _last_day(self) -> date:
        return date.fromisoformat(self._table[-ROW_LENGTH:][:DAY_LENGTH].decode())

    def _session(self, row: int) -> Session:
        day, opening, closing = self._table[row * ROW_LENGTH : (row + 1) * ROW_LENGTH - 1].decode().split(",")
        return Session(date.fromisoformat(day), datetime.fromisoformat(opening), datetime.fromisoformat(closing))

    def _lengthen(self, day: date) -> None:
        """Ask exchange_calendars for what lies past the table's end, to the end of the year after `day`."""
        try:
            from trader.sessions.generate import rows  # slow: over a second
        except ModuleNotFoundError as missing:
            raise CalendarError(
                f"calendar {self.name}: the packaged sessions end on {self._last_day}, {day} was asked for; "
                "to go on, install exchange_calendars: pip install 'tallybook[calendar]'"
            ) from missing
        self._table += rows(self.name, self._last_day + ONE_DAY, date(day.year + 1, 12, 31)).encode()


def city(zone: ZoneInfo) -> str:
    """Name a zone by its city."""
    return zone.key.rpartition("/")[2].replace("_", " ")


def _slot_times(session: Session) -> Iterator[datetime]:
    at = session.open + FIRST_SLOT_AFTER_OPEN
    last_look = broker_midnight(session.open) - BEFORE_MIDNIGHT
    while at < session.close:
        yield at
        if at < last_look < min(at + BETWEEN_SLOTS, session.close):
            yield last_look
        at += BETWEEN_SLOTS


def broker_midnight(moment: datetime) -> datetime:
    """Return the broker's first midnight after a moment."""
    day = moment.astimezone(BROKER_ZONE).date() + ONE_DAY
    return datetime.combine(day, time(), BROKER_ZONE).astimezone(UTC)


def _first_time_after(moment: datetime, hour: time, zone: ZoneInfo) -> datetime:
    """Return the first moment from this one on at which a clock in the zone shows the hour."""
    wall_date = moment.astimezone(zone).date()
    on_that_date = datetime.combine(wall_date, hour, zone).astimezone(UTC)
    return on_that_date if on_that_date >= moment else datetime.combine(wall_date + ONE_DAY, hour, zone).astimezone(UTC)
