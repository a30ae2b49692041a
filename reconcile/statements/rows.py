"""A row of a statement: text by name, read strictly into numbers and moments. Every complaint names file and line.

Times without a zone are New York's. Minor units (pence, cents) become the currency itself, here and nowhere else. To
read another spelling of a date or a time, add its pattern.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from reconcile.statements.statement import StatementError

NEW_YORK = ZoneInfo("America/New_York")
ZERO = Decimal(0)
EMPTY = frozenset({"", "-", "--", "N/A", "MULTI", "null"})  # what the broker writes where there is nothing

NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d{1,2})?", re.ASCII)
DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})", re.ASCII)
MOMENT = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2}|\d{8})(?:[;,T ]\s*(?P<time>\d{1,2}:?\d{2}(?::?\d{2})?)(?:\s*(?P<zone>[A-Z]{1,4}))?)?",
    re.ASCII,
)
ZONES: tuple[tuple[str, tzinfo], ...] = (
    ("EST", timezone(timedelta(hours=-5))),
    ("EDT", timezone(timedelta(hours=-4))),
    ("UTC", UTC),
    ("GMT", UTC),
    ("Z", UTC),
)
MINOR_UNITS: tuple[tuple[str, str, Decimal], ...] = (
    ("GBX", "GBP", Decimal("0.01")),
    ("GBp", "GBP", Decimal("0.01")),
    ("ILA", "ILS", Decimal("0.01")),
    ("ZAC", "ZAR", Decimal("0.01")),
)
DIGITS_MAX, PLACES_MAX, WHOLE_MAX = 28, 24, 15  # of a number that may be money


@dataclass(frozen=True, slots=True)
class Row:
    """One element of a Flex file, or one line of a CSV file, under the names that Flex gives its fields."""

    file: str
    line: int
    section: str
    tag: str
    values: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)  # how the file itself calls a field, where otherwise

    def error(self, expected: str, found: str, name: str = "") -> StatementError:
        """Return the complaint about one field of the row."""
        where = f" as {self.names.get(name, name)}" if name else ""
        section = self.section if self.tag in {self.section, ""} else f"{self.section}/{self.tag}"
        return StatementError(self.file, self.line, f"{found} in {section}{where}", expected)

    def text(self, *names: str) -> str:
        """Return the first of some fields that says anything; empty where none does."""
        for name in names:
            value = self.values.get(name, "").strip()
            if value not in EMPTY:
                return value
        return ""

    def codes(self, *names: str) -> frozenset[str]:
        """Return the broker's codes (`Ca`, `A;C`) of some fields."""
        return frozenset(code for name in names for code in re.split(r"[;,\s|]+", self.text(name)) if code)

    def number(self, name: str) -> Decimal | None:
        """Return a number; None where the field is absent or empty."""
        value = self.text(name)
        if not value:
            return None
        number = number_of(value)
        if number is None:
            raise self.error("a number", repr(value), name)
        return number

    def required(self, name: str) -> Decimal:
        """Return a number that must be there."""
        number = self.number(name)
        if number is None:
            raise self.error(f"a number as {self.names.get(name, name)}", "none")
        return number

    @property
    def currency(self) -> str:
        """Return the currency: of minor units, the one that they are parts of."""
        value = self.text("currency")
        return next((whole for minor, whole, _ in MINOR_UNITS if minor == value), value)

    def money(self, name: str) -> Decimal | None:
        """Return an amount or a price in the row's currency."""
        number, value = self.number(name), self.text("currency")
        part = next((part for minor, _, part in MINOR_UNITS if minor == value), None)
        return number if number is None or part is None else number * part

    def day(self, *names: str) -> date | None:
        """Return the date in the first of some fields that has one."""
        for name in names:
            if value := self.text(name):
                return self._moment(name, value)[0]
        return None

    def moment(self, *names: str) -> datetime | None:
        """Return the moment in the first of some fields that has one; a date alone is its first moment."""
        for name in names:
            if value := self.text(name):
                day, clock, zone = self._moment(name, value)
                return at(day, clock or time(), zone)
        return None

    def _moment(self, name: str, value: str) -> tuple[date, time | None, tzinfo]:
        told = moment_of(value)
        if told is None:
            raise self.error("a date as 20260114 or 2026-01-14, with a time or without", repr(value), name)
        return told


def number_of(value: str) -> Decimal | None:
    """Read a number with or without thousands separators; None for what is none.

    >>> number_of("-1,570.50"), number_of("1.57.0"), number_of("-0")
    (Decimal('-1570.50'), None, Decimal('0'))
    """
    if NUMBER.fullmatch(value) is None or not any(sign.isdigit() for sign in re.split("[eE]", value)[0]):
        return None
    number = Decimal(value.replace(",", ""))
    _, digits, exponent = number.as_tuple()
    if not number:
        return ZERO
    fits = len(digits) <= DIGITS_MAX and int(exponent) >= -PLACES_MAX and number.adjusted() < WHOLE_MAX
    return number if fits else None


def looks_like_number(value: str) -> bool:
    """Tell whether a text is meant as a number, however long."""
    return NUMBER.fullmatch(value) is not None and any(sign.isdigit() for sign in value)


def moment_of(value: str) -> tuple[date, time | None, tzinfo] | None:
    """Read a date, its time if there is one, and the zone that it is told in.

    >>> moment_of("2013-06-17, 20:25:00")[:2]
    (datetime.date(2013, 6, 17), datetime.time(20, 25))
    """
    found = MOMENT.fullmatch(value)
    if found is None:
        return None
    zone = next((zone for name, zone in ZONES if name == found["zone"]), None if found["zone"] else NEW_YORK)
    parts = DATE.fullmatch(found["date"])
    if zone is None or parts is None:
        return None
    try:
        day = date(*(int(part) for part in parts.groups()))
        clock = _clock(found["time"]) if found["time"] else None
    except ValueError:
        return None
    return (day, clock, zone) if 1980 <= day.year <= 2200 else None


def _clock(text: str) -> time:
    digits = text.replace(":", "")
    if ":" in text:
        hours, minutes, seconds = [*map(int, text.split(":")), 0][:3]
        return time(hours, minutes, seconds)
    digits = digits.zfill(6) if len(digits) in (5, 6) else digits.zfill(4) + "00"
    return time(int(digits[:2]), int(digits[2:4]), int(digits[4:6]))


def at(day: date, clock: time = time(), zone: tzinfo = NEW_YORK) -> datetime:
    """Return a moment of the broker's clock in UTC."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def end_of(day: date) -> datetime:
    """Return the last moment of a day of the broker's, when it settles what has accrued."""
    return at(day, time(23, 59, 59))


def clock_of(row: Row, name: str) -> time | None:
    """Return a time that stands in a field of its own, as `093406`."""
    value = row.text(name)
    if not value:
        return None
    try:
        return _clock(value)
    except ValueError as error:
        raise row.error("a time as 093406 or 09:34:06", repr(value), name) from error


def words(text: str) -> frozenset[str]:
    """Return names that stand in one text."""
    return frozenset(text.split())
