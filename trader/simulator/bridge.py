"""A day's row turned into hourly bars and a price for every minute, which add up to the row exactly.

Seeded by (seed, ticker, date) alone, so that any moment of any day can be looked at in any order. The first open, the
last close, the highest high, the lowest low and the summed volume are the row's; all other points are whole cents (if
no whole cent lies between two of the row's own prices, the path stays on one of these). Every bar opens at the close
of the one before. Inside a bar the price walks from the open to the nearer extreme, to the other one, to the close, in
straight lines, a step a minute.
To change how the day looks, change `_boundaries` (the hourly closes) or `_extremes`; the exact points do not depend on
them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise

from trader.simulator.bars import DailyBar
from trader.simulator.contracts import CENT
from trader.simulator.sessions import Session

ONE = Decimal(1)
MINUTE = timedelta(minutes=1)
BAR_MINUTES = 60
PATHS_REMEMBERED = 1024  # a path takes some 6 kB
STEP_MAX = 1000  # of the random walk under the hourly closes, in its own unit
WALK_SCALE = 2500  # of these units make the day's range
WICK_PERCENT_MAX = 30  # of the way from a bar's own prices to the day's extreme
BUSY_ENDS = (18, 12, 10, 8, 10, 12, 18)  # weights of volume; trading is busiest at the open and the close


@dataclass(frozen=True, slots=True)
class HourBar:
    """An hourly bar and the path that the price took in it."""

    start: datetime
    minutes: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    unit: Decimal = ONE  # ticks in cents: a tick of 0.25 is 25

    @property
    def path(self) -> tuple[Decimal, ...]:
        """The price at every minute, from 0 to `minutes`."""
        if self.unit == 1:
            return _path(self.open, self.high, self.low, self.close, self.minutes)
        prices = (price / self.unit for price in (self.open, self.high, self.low, self.close))
        return tuple(price * self.unit for price in _path(*prices, self.minutes))

    def volume_by(self, minute: int) -> int:
        """Return how many shares have traded when this minute begins."""
        return self.volume * minute // self.minutes


def bridge(seed: int, day: DailyBar, ticker: str, session: Session, unit: Decimal = ONE) -> tuple[HourBar, ...]:
    """Return the day's bars: 09:30, 10:30 … the last of them half an hour. The unit is the tick in cents."""
    if unit != 1:
        prices = {name: getattr(day, name) / unit for name in ("open", "high", "low", "close")}
        return tuple(_in_ticks(bar, unit) for bar in bridge(seed, replace(day, **prices), ticker, session))
    chance = seeded(seed, ticker, day.date.isoformat())
    lengths = _lengths(session.minutes)
    points = _boundaries(chance, day, len(lengths))
    extremes = _extremes(chance, day, points)
    volumes = _volumes(chance, day.volume, lengths)
    bars = []
    start = session.open
    for place, (opened, closed) in enumerate(pairwise(points)):
        high, low = extremes[place]
        bars.append(HourBar(start, lengths[place], opened, high, low, closed, volumes[place]))
        start += lengths[place] * MINUTE
    return tuple(bars)


def _in_ticks(bar: HourBar, unit: Decimal) -> HourBar:
    opened, high, low, closed = (price * unit for price in (bar.open, bar.high, bar.low, bar.close))
    return replace(bar, open=opened, high=high, low=low, close=closed, unit=unit)


def seeded(*parts: object) -> random.Random:
    """Return a generator that depends on these parts alone, on every machine and in every process."""
    digest = sha256("/".join(map(str, parts)).encode()).digest()
    return random.Random(int.from_bytes(digest[:8]))


def _lengths(minutes: int) -> list[int]:
    whole, rest = divmod(minutes, BAR_MINUTES)
    return [BAR_MINUTES] * whole + ([rest] if rest else [])


def _boundaries(chance: random.Random, day: DailyBar, count: int) -> list[Decimal]:
    """Return open, hourly closes and close: a random walk tied down at both ends and kept inside the day's range."""
    steps = [chance.randint(-STEP_MAX, STEP_MAX) for _ in range(count)]
    total, walked = sum(steps), 0
    points = [day.open]
    for place, step in enumerate(steps[:-1], start=1):
        walked += step
        drift = (day.close - day.open) * place / count
        swing = (day.high - day.low) * (walked * count - total * place) / (count * WALK_SCALE)
        points.append(_whole_cents(day.open + drift + swing, day.low, day.high))
    return [*points, day.close]


def _extremes(chance: random.Random, day: DailyBar, points: list[Decimal]) -> list[tuple[Decimal, Decimal]]:
    """Return high and low of every bar; the one that comes nearest to the day's high or low has it."""
    tops = [max(pair) for pair in pairwise(points)]
    floors = [min(pair) for pair in pairwise(points)]
    highest, lowest = tops.index(max(tops)), floors.index(min(floors))
    found = []
    for place, (top, floor) in enumerate(zip(tops, floors, strict=True)):
        up = (day.high - top) * chance.randint(0, WICK_PERCENT_MAX) / 100
        down = (floor - day.low) * chance.randint(0, WICK_PERCENT_MAX) / 100
        high = day.high if place == highest else max(top, (top + up).quantize(CENT, ROUND_FLOOR))
        low = day.low if place == lowest else min(floor, (floor - down).quantize(CENT, ROUND_CEILING))
        found.append((high, low))
    return found


def _volumes(chance: random.Random, total: int, lengths: list[int]) -> list[int]:
    busy = [*BUSY_ENDS[: len(lengths) - 1], BUSY_ENDS[-1]]
    weights = [chance.randint(50, 150) * busy[place] * minutes for place, minutes in enumerate(lengths)]
    volumes = [total * weight // sum(weights) for weight in weights]
    volumes[-1] += total - sum(volumes)
    return volumes


@lru_cache(maxsize=PATHS_REMEMBERED)
def _path(opened: Decimal, high: Decimal, low: Decimal, closed: Decimal, minutes: int) -> tuple[Decimal, ...]:
    near, far = (high, low) if high - opened <= opened - low else (low, high)
    third = minutes // 3
    first, second = _straight(opened, near, third), _straight(near, far, third)
    return (*first, *second, *_straight(far, closed, minutes - 2 * third), closed)


def _straight(start: Decimal, end: Decimal, minutes: int) -> list[Decimal]:
    """Return the prices from `start` until just before `end`."""
    low, high = min(start, end), max(start, end)
    between = (start + (end - start) * minute / minutes for minute in range(1, minutes))
    return [start, *(_whole_cents(price, low, high) for price in between)]


def _whole_cents(price: Decimal, low: Decimal, high: Decimal) -> Decimal:
    """Return the nearest whole cent inside the bounds, or the nearer bound if there is none."""
    cents = price.quantize(CENT)
    if cents > high:
        cents = high.quantize(CENT, ROUND_FLOOR)
    elif cents < low:
        cents = low.quantize(CENT, ROUND_CEILING)
    if low <= cents <= high:
        return cents
    return low if price - low <= high - price else high
