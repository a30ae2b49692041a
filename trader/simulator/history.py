"""Bars of a period: joined from hours, cut from them, or a row of the source; and adjusted for splits.

Prices are adjusted for splits alone, and only for those that have happened: a daily bar is made once for every footing
of shares that history asks for it on. To provide another duration: `start_of`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from trader.simulator.bars import DailyBar, Series, Split
from trader.simulator.bridge import MINUTE, HourBar
from trader.simulator.sessions import new_york_date, session_on

SHARES_PER_TRADE = 100  # for the number of trades of a bar, which the rows do not tell
ADJUSTED_PLACES = Decimal("1E-8")


@dataclass(frozen=True, slots=True)
class Bar:
    """Prices and volume of a period, as history shows them."""

    start: datetime  # UTC; of a daily bar: the session's open
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    average: Decimal  # of open, high, low and close: the rows tell no better one
    count: int


class AdjustedDays:
    """A contract's daily bars on the footing of the shares after these splits; each is made when first asked for."""

    def __init__(self, series: Series, splits: Sequence[Split]) -> None:
        self._series = series
        self._splits = splits
        self._bars: list[Bar] = []  # without a gap, from the place `_first` on
        self._first = 0

    def between(self, first: int, end: int) -> list[Bar]:
        """Return the bars of the rows from one place to just before another."""
        if not self._bars:
            self._first = first
        if first < self._first:
            self._bars[:0] = self._made(first, self._first)
            self._first = first
        self._bars += self._made(self._first + len(self._bars), end)
        return self._bars[first - self._first : end - self._first]

    def _made(self, first: int, end: int) -> list[Bar]:
        return [adjusted(_daily(row), ratio_after(row.date, self._splits)) for row in self._series.bars[first:end]]


def seen(bars: Sequence[HourBar], at: datetime) -> list[tuple[HourBar, int]]:
    """Return the bars that have begun, each with the minutes of it that have passed."""
    return [(bar, min((at - bar.start) // MINUTE, bar.minutes)) for bar in bars if bar.start <= at]


def joined(start: datetime, hours: Sequence[tuple[HourBar, int]]) -> Bar:
    """Return one bar of all that has been seen; a whole hour brings its own extremes, without its path."""
    prices = [hours[0][0].open]
    for hour, minute in hours:
        whole = minute == hour.minutes
        prices += (hour.high, hour.low, hour.close) if whole else hour.path[: minute + 1]
    return _bar(start, prices, sum(hour.volume_by(minute) for hour, minute in hours))


def cut(hour: HourBar, passed: int, minutes: int) -> list[Bar]:
    """Return the bars of so many minutes in an hour, the last of them still running."""
    bars = []
    for first in range(0, max(passed, 1), minutes):
        last = min(first + minutes, passed)
        volume = hour.volume_by(last) - hour.volume_by(first)
        bars.append(_bar(hour.start + first * MINUTE, hour.path[first : last + 1], volume))
    return bars


def _bar(start: datetime, prices: Sequence[Decimal], volume: int) -> Bar:
    opened, high, low, closed = prices[0], max(prices), min(prices), prices[-1]
    average = ((opened + high + low + closed) / 4).quantize(ADJUSTED_PLACES)
    return Bar(start, opened, high, low, closed, volume, average, -(-volume // SHARES_PER_TRADE))


def _daily(row: DailyBar) -> Bar:
    session = session_on(row.date)
    if session is None:
        raise AssertionError(f"{row.date}: bars outside sessions are refused when the market is built")
    return _bar(session.open, (row.open, row.high, row.low, row.close), row.volume)


def adjusted(bar: Bar, ratio: Fraction) -> Bar:
    """Return a bar in shares of which `ratio` stand for one of its own."""
    if ratio == 1:
        return bar
    opened, high, low, closed = (divided(price, ratio) for price in (bar.open, bar.high, bar.low, bar.close))
    return Bar(bar.start, opened, high, low, closed, int(bar.volume * ratio), divided(bar.average, ratio), bar.count)


def ratio_after(day: date, splits: Sequence[Split]) -> Fraction:
    """Return how many shares one of this day has become by these splits."""
    return ratio_of([split for split in splits if split.ex_date > day])


def ratio_of(splits: Sequence[Split]) -> Fraction:
    """Return how many shares one has become by all of these splits."""
    ratio = Fraction(1)
    for split in splits:
        ratio *= split.ratio
    return ratio


def divided(price: Decimal, ratio: Fraction) -> Decimal:
    """Return a price in shares of which `ratio` stand for one of its own."""
    if ratio == 1:
        return price
    return (price * ratio.denominator / ratio.numerator).quantize(ADJUSTED_PLACES).normalize()


def start_of(duration: str, end: datetime, dates: Sequence[date]) -> date:
    """Return the first date that a duration like '30 D' reaches back to; a D is a day with trading."""
    number, _, unit = duration.partition(" ")
    if not (number.isdecimal() and int(number) > 0 and unit in ("S", "D", "W", "M", "Y")):
        raise ValueError(f"duration {duration!r}: expected a number and one of S, D, W, M, Y")
    count, today = int(number), new_york_date(end)
    if unit == "S":
        return new_york_date(end - seconds(duration))
    if unit == "D":
        return dates[-count] if count <= len(dates) else date.min
    if unit == "W":
        return today - timedelta(weeks=count)
    return _months_before(today, count * (12 if unit == "Y" else 1))


def _months_before(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - count, 12)
    if year < 1:
        return date.min
    last = (date(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def seconds(duration: str) -> timedelta:
    """Return the length of a duration in seconds, like '3600 S'."""
    return timedelta(seconds=int(duration.split(maxsplit=1)[0]))
