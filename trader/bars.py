"""Daily bars: what a forecast is computed from.

A series has one canonical spelling as bytes, so that a decision can name its inputs by content hash and an audit can
read them back. To carry another column: give it to `Bar` with a default, append it to `COLUMNS`, and spell and read it
in `series_bytes` and `_bar`; the hashes of new series change, those of kept ones do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

from ledger.events import decimal_text

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("day", "open", "high", "low", "close", "volume", "adjusted_close")
HEADER = ",".join(COLUMNS)
VOLUME_DAYS = 20
READ_ALREADY = 64  # series: a cycle reads each more than once


class BarsError(ValueError):
    """A series that cannot be what it claims; names the bar, what was expected and what was found."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One trading day of one contract; prices raw, in the contract's currency."""

    day: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    adjusted_close: Decimal | None = None  # splits and dividends taken out; absent where the source has none


Series = tuple[Bar, ...]  # by day, each day once


@dataclass(frozen=True)
class Bars:
    """The series that a forecast sees, by contract."""

    series: Mapping[int, Series]
    left_out: frozenset[int] = frozenset()  # contracts of the universe whose series is not fit to be seen

    def before(self, day: date) -> Bars:
        """Return the bars of earlier days alone: what a forecast of that day's session may know."""
        earlier = {con_id: tuple(bar for bar in series if bar.day < day) for con_id, series in self.series.items()}
        return replace(self, series={con_id: series for con_id, series in earlier.items() if series})

    def signal_closes(self, con_id: int) -> tuple[Decimal, ...]:
        """Return the closes that a signal may compare: adjusted where the whole series has them, else raw."""
        adjusted = tuple(bar.adjusted_close for bar in self.series[con_id] if bar.adjusted_close is not None)
        return adjusted if len(adjusted) == len(self.series[con_id]) else self.closes(con_id)

    def closes(self, con_id: int) -> tuple[Decimal, ...]:
        """Return the raw closes."""
        return tuple(bar.close for bar in self.series[con_id])

    def frame(self) -> pd.DataFrame:
        """Return all series as one frame of floats, indexed by con_id and day; imports pandas."""
        import pandas as pd  # slow: only strategies that want it pay for it

        rows = [
            (con_id, bar.day, *(None if number is None else float(number) for number in _numbers(bar)))
            for con_id, series in self.series.items()
            for bar in series
        ]
        frame = pd.DataFrame(rows, columns=["con_id", *COLUMNS])
        return frame.assign(day=pd.to_datetime(frame["day"])).set_index(["con_id", "day"])


def series_bytes(series: Series) -> bytes:
    """Spell a series canonically: equal series have equal bytes."""
    lines = (",".join((bar.day.isoformat(), *map(_text, _numbers(bar)))) for bar in series)
    return "\n".join((HEADER, *lines, "")).encode()


def series_sha256(series: Series) -> str:
    """Return the content hash of a series."""
    return sha256(series_bytes(series)).hexdigest()


@lru_cache(maxsize=READ_ALREADY)
def read_series(content: bytes) -> Series:
    """Read a series back from its canonical bytes; anything else is refused."""
    header, *lines = content.decode().split("\n")
    if header != HEADER or not lines or lines.pop() != "":
        raise BarsError(f"series of bars: expected the line {HEADER!r} first and a whole last line")
    return tuple(_bar(number, line) for number, line in enumerate(lines, start=2))


def average_volume(series: Series) -> Decimal:
    """Return the mean volume a day of the last twenty bars, in units, cut to whole ones."""
    last = series[-VOLUME_DAYS:]
    return sum((bar.volume for bar in last), Decimal(0)) // len(last)


def check_series(series: Series) -> None:
    """Raise BarsError unless days ascend, prices are positive and every high and low holds its bar."""
    if not series:
        raise BarsError("expected at least one bar, found none")
    for before, after in pairwise(series):
        if after.day <= before.day:
            raise BarsError(f"expected days in ascending order, each once; found {after.day} after {before.day}")
    for bar in series:
        _check_bar(bar)


def _check_bar(bar: Bar) -> None:
    prices = [bar.open, bar.high, bar.low, bar.close, *([] if bar.adjusted_close is None else [bar.adjusted_close])]
    if wrong := [price for price in prices if not price.is_finite() or price <= 0]:
        raise BarsError(f"{bar.day}: expected positive prices, found {wrong[0]}")
    if not bar.volume.is_finite() or bar.volume < 0:
        raise BarsError(f"{bar.day}: expected a volume of at least 0, found {bar.volume}")
    if bar.high < max(bar.open, bar.close, bar.low):
        raise BarsError(f"{bar.day}: expected a high of at least open, low and close, found {bar.high}")
    if bar.low > min(bar.open, bar.close):
        raise BarsError(f"{bar.day}: expected a low of at most open and close, found {bar.low}")


def _numbers(bar: Bar) -> tuple[Decimal | None, ...]:
    return (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close)


def _text(number: Decimal | None) -> str:
    return "" if number is None else decimal_text(number)


def _bar(line: int, text: str) -> Bar:
    try:
        day, opened, high, low, close, volume, adjusted = text.split(",")
        return Bar(
            date.fromisoformat(day),
            Decimal(opened),
            Decimal(high),
            Decimal(low),
            Decimal(close),
            Decimal(volume),
            Decimal(adjusted) if adjusted else None,
        )
    except (ValueError, InvalidOperation):
        raise BarsError(f"series of bars: line {line}: expected {HEADER}, found {text!r}") from None
