"""The TWS wire: frames, the fields inside them, and how numbers and times are written.

A frame is a 4-byte length and a payload of fields, each ended by NUL. Incoming fields are taken one by one from a
`Fields`, by name and type, and `end()` says that none is left: a message that is one field off is refused
(`MalformedError`, errMsg 321) instead of being read as something else. Outgoing values become text here alone.
To support another primitive type: add a reader to `Fields` and, if it is sent too, a writer beside `price_text`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trader.simulator.sessions import NEW_YORK

ZONE_NAME = "US/Eastern"  # as TWS writes it

UNSET_PRICE = "1.7976931348623157E308"  # Java's spelling; clients write a small e
UNSET_INTEGER = 2147483647
UNSET_LONG = "9223372036854775807"
UNSET_DECIMAL = Decimal("170141183460469231731687303715884105727")
INFINITE = Decimal("Infinity")
FRAME_LENGTH_MAX = 0xFFFFFF

_DOUBLE = Context(prec=17)  # no more digits than a double carries
_LENGTH = struct.Struct(">I")
_TIME = re.compile(r"^(\d{8})(?:[ -]+(\d{2}:\d{2}:\d{2})(?:[ -]+(\S+))?)?$")


class MalformedError(Exception):
    """A message that cannot be read exactly; the text is the cause given with errMsg 321."""


def frame(fields: Iterable[str]) -> bytes:
    """Write fields as one frame."""
    payload = "".join(f"{field}\0" for field in fields).encode()
    return _LENGTH.pack(len(payload)) + payload


def take_frames(received: bytearray) -> Iterator[bytes]:
    """Take the complete payloads off the front of what was received."""
    while len(received) >= _LENGTH.size:
        (length,) = _LENGTH.unpack_from(received)
        if length > FRAME_LENGTH_MAX:
            raise MalformedError(f"a frame of {length} bytes; at most {FRAME_LENGTH_MAX} are possible")
        if len(received) < _LENGTH.size + length:
            return
        payload = bytes(received[_LENGTH.size : _LENGTH.size + length])
        del received[: _LENGTH.size + length]
        yield payload


def split_fields(payload: bytes) -> list[str]:
    """Cut a payload into its fields."""
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(f"the message is not UTF-8: {error.reason}") from error
    if not text.endswith("\0"):
        raise MalformedError("the last field is not terminated")
    return text[:-1].split("\0")


class Fields:
    """The fields of one incoming message, taken in order, each under its name."""

    def __init__(self, fields: list[str], version: int) -> None:
        self.version = version
        self._fields = fields
        self._next = 0

    def text(self, name: str) -> str:
        """Take a string."""
        if self._next >= len(self._fields):
            raise MalformedError(f"the message ends before {name}: {len(self._fields)} fields")
        self._next += 1
        return self._fields[self._next - 1]

    def integer(self, name: str) -> int:
        """Take a whole number; an unset one is 0."""
        number = self.optional_integer(name)
        return 0 if number is None else number

    def optional_integer(self, name: str) -> int | None:
        """Take a whole number or None where it is unset."""
        text = self.text(name)
        if text == "":
            return None
        if not re.fullmatch(r"-?\d{1,19}", text):
            raise MalformedError(f"{name} should be a whole number, found {text!r}")
        number = int(text)
        return None if number == UNSET_INTEGER else number

    def flag(self, name: str) -> bool:
        """Take a boolean: '1', '0' or nothing."""
        text = self.text(name)
        if text not in ("", "0", "1"):
            raise MalformedError(f"{name} should be 0 or 1, found {text!r}")
        return text == "1"

    def decimal(self, name: str) -> Decimal | None:
        """Take a price or a size, or None where it is unset."""
        text = self.text(name)
        if text in ("", "Infinite"):
            return INFINITE if text else None
        try:
            number = Decimal(text)
        except InvalidOperation as error:
            raise MalformedError(f"{name} should be a number, found {text!r}") from error
        if not number.is_finite():
            raise MalformedError(f"{name} should be a number, found {text!r}")
        unset = number == UNSET_DECIMAL or abs(number) > Decimal("1e308")
        return None if unset else number

    def fixed(self, name: str, expected: str) -> None:
        """Take a field that can have one value only."""
        text = self.text(name)
        if text != expected:
            raise MalformedError(f"{name} should be {expected!r}, found {text!r}")

    def repeated(self, name: str, take: Callable[[], None]) -> int:
        """Take a count, which is never left empty, and then that many groups."""
        count = self.optional_integer(name)
        if count is None or not 0 <= count <= len(self._fields):
            raise MalformedError(f"{name} should be a count, found {'nothing' if count is None else count}")
        for _ in range(count):
            take()
        return count

    def end(self) -> None:
        """Assert that every field was taken."""
        left = len(self._fields) - self._next
        if left:
            raise MalformedError(
                f"{left} of {len(self._fields)} fields left over, the first of them {self.rest()[0]!r}"
            )

    def rest(self) -> list[str]:
        """Return the fields that were not taken."""
        return self._fields[self._next :]


def price_text(price: Decimal | None) -> str:
    """Write a price as Java writes a double; None is TWS's unset price."""
    if price is None:
        return UNSET_PRICE
    text = format(_DOUBLE.plus(price).normalize(), "f")
    return text if "." in text else f"{text}.0"


def size_text(size: Decimal | int, version: int = 176) -> str:
    """Write a size: whole ones without a fraction, and fractions only for clients that can read them."""
    number = Decimal(size)
    if number == number.to_integral_value() or version < 163:
        return str(int(number))
    return format(number.normalize(), "f")


def flag_text(value: bool) -> str:
    """Write a boolean."""
    return "1" if value else "0"


def time_text(moment: datetime, version: int) -> str:
    """Write a moment in New York's time, with its zone where the client can read one."""
    local = moment.astimezone(NEW_YORK)
    return f"{local:%Y%m%d %H:%M:%S} {ZONE_NAME}" if version >= 174 else f"{local:%Y%m%d  %H:%M:%S}"


def parse_time(text: str, name: str) -> datetime:
    """Read a moment that a client sent; without a zone it is New York's time, with a hyphen UTC."""
    match = _TIME.match(text.strip())
    if not match:
        raise MalformedError(f"{name} should read like '20050301 16:00:00 US/Eastern', found {text!r}")
    day, clock, zone = match.groups()
    try:
        moment = datetime.strptime(f"{day} {clock or '00:00:00'}", "%Y%m%d %H:%M:%S")  # noqa: DTZ007 - the zone is next
        if zone:
            return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise MalformedError(f"{name} is no moment: {text!r} ({error})") from error
    return moment.replace(tzinfo=UTC if "-" in text else NEW_YORK).astimezone(UTC)


def epoch_seconds(moment: datetime) -> str:
    """Write a moment as whole seconds since 1970."""
    return str((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1))


def day_text(day: date) -> str:
    """Write a day."""
    return f"{day:%Y%m%d}"
