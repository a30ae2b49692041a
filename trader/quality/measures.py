"""What a series is like by itself: its returns, and how far they usually go.

Every threshold of the checks is a multiple of something measured here, so that a quiet bond fund and a wild penny stock
are each judged by their own habits. The measures are robust: medians and quantiles of what is left once the moves that
may be faults are set aside. Ratios, logarithms and likelihoods are floats: they are evidence about prices, never a
price; nothing of them is booked or ordered.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from statistics import median

from trader.bars import Bar, Series

HABIT_BARS_MIN = 8  # fewer show no habit that a move could break
BLOCK = 21  # bars of a month: volatility changes from month to month more than from day to day
NEIGHBOURS = 2  # blocks on either side that share in a block's measure
SUSPECT = math.log(1.8)  # moves that a split, a unit or a spike may have made do not measure what is usual
SPLIT_MIN = math.log(1.15)  # a smaller ratio is not told from news
MAD_TO_SIGMA = 1.4826
DECILE_TO_SIGMA = 1.645  # nine tenths of a normal distribution lie within
PRICE_MIN, PRICE_MAX = Decimal("1e-9"), Decimal("1e12")  # of anything that was ever quoted
RATIO_MIN = Decimal("1e-6")  # a million old shares for one
FLOOR = 1e-4  # of the price: nothing is measured finer


@dataclass(frozen=True)
class Measures:
    """A series by day with each day once and only usable prices; place 0 has no return."""

    bars: Series
    days: tuple[date, ...]
    closes: tuple[float, ...]
    returns: tuple[float, ...]  # logarithm of close over close before
    gaps: tuple[float, ...]  # logarithm of open over close before
    sigmas: tuple[float, ...]  # of returns, near each bar
    gap_sigma: float
    factors: tuple[float, ...]  # logarithm of adjusted close over close; empty where a bar has none
    dividends: dict[int, tuple[Decimal, Decimal]]  # by place of the bar: amount, capital gains
    splits: dict[int, Decimal]  # by place of the bar
    moves: bool  # whether there are bars enough to show a habit, and the price is not always the same
    tick: float  # the step in which closes move
    days_apart: float  # from bar to bar, usually: 1 daily, 7 weekly

    @property
    def is_daily(self) -> bool:
        """Tell whether a bar is a day."""
        return self.days_apart < 4

    def typical_volume(self, place: int) -> float:
        """Return the median volume near a bar, of bars that were traded."""
        near = self.bars[max(0, place - BLOCK) : place + BLOCK + 1]
        return median([float(bar.volume) for bar in near if bar.volume > 0] or [0.0])

    def typical_range(self, place: int) -> float:
        """Return the median range of the bars near one."""
        return median(map(spread, self.bars[max(0, place - BLOCK) : place + BLOCK + 1]))


def measured(
    series: Series, dividends: Sequence[tuple[date, Decimal, Decimal]], splits: Sequence[tuple[date, Decimal]]
) -> Measures:
    """Measure a series; events of a day without a bar belong to the next bar."""
    bars = usable(series)
    days = tuple(bar.day for bar in bars)
    closes = tuple(float(bar.close) for bar in bars)
    returns = (0.0, *(math.log(after / before) for before, after in pairwise(closes)))[: len(bars)]
    gaps = (0.0, *(math.log(float(after.open) / float(before.close)) for before, after in pairwise(bars)))[: len(bars)]
    adjusted = [bar.adjusted_close for bar in bars]
    factors = tuple(
        math.log(float(price) / close)
        for price, close in zip(adjusted, closes, strict=True)
        if price is not None and is_price(price)
    )
    tick = _tick(closes)
    apart = median([(after - before).days for before, after in pairwise(days)] or [1])
    ratios = [abs(math.log(float(ratio))) for _, ratio in splits if is_ratio(ratio)]
    return Measures(
        bars, days, closes, returns, gaps, _sigmas(_usual(returns, ratios), closes, tick), max(_scale(gaps[1:]), FLOOR),
        factors if len(factors) == len(bars) else (),
        _dividends(days, dividends), _splits(days, splits),
        len(bars) >= HABIT_BARS_MIN and any(0 < abs(move) < SUSPECT for move in returns), tick, float(apart),
    )  # fmt: skip


def is_price(number: Decimal) -> bool:
    """Tell whether a number can be the price of anything."""
    return number.is_finite() and PRICE_MIN <= number <= PRICE_MAX


def is_ratio(number: Decimal) -> bool:
    """Tell whether a number can be a split."""
    return number.is_finite() and RATIO_MIN <= number <= 1 / RATIO_MIN


def usable(series: Series) -> Series:
    """Return the bars by day, the first of each day, without those that lack a price."""
    by_day: dict[date, Bar] = {}
    for bar in series:
        prices = (bar.open, bar.high, bar.low, bar.close)
        if bar.volume.is_finite() and bar.volume >= 0 and all(map(is_price, prices)):
            by_day.setdefault(bar.day, bar)
    return tuple(by_day[day] for day in sorted(by_day))


def spread(bar: Bar) -> float:
    """Return how far a bar reached, as a logarithm."""
    return math.log(float(max(bar.high, bar.open, bar.close)) / float(min(bar.low, bar.open, bar.close)))


def likelihood(found: float, expected: float, sigma: float) -> float:
    """Return the logarithm of how likely a move is, in a distribution with the heavy tails of prices (Student's, 4)."""
    return -2.5 * math.log1p(((found - expected) / sigma) ** 2 / 4)


def _usual(returns: tuple[float, ...], ratios: Sequence[float]) -> tuple[float, ...]:
    """Return the moves without those that a known split may have made, forgotten on more days than one."""
    sizes = [ratio for ratio in ratios if ratio > SPLIT_MIN]
    if not sizes:
        return returns
    return tuple(0.0 if any(abs(abs(move) - size) < 0.1 * size for size in sizes) else move for move in returns)


def _sigmas(returns: tuple[float, ...], closes: tuple[float, ...], tick: float) -> tuple[float, ...]:
    """Return each bar's usual move: of its month and two on either side, at least half of the whole series'."""
    overall = _scale(returns[1:])
    blocks = [returns[start : start + BLOCK] for start in range(0, len(returns), BLOCK)]
    sigmas: list[float] = []
    for number, block in enumerate(blocks):
        near = [move for other in blocks[max(0, number - NEIGHBOURS) : number + NEIGHBOURS + 1] for move in other]
        usual = max(_scale(near), overall / 2, FLOOR)
        sigmas += [usual] * len(block)
    return tuple(max(sigma, tick / close) for sigma, close in zip(sigmas, closes, strict=True))


def _scale(moves: Sequence[float]) -> float:
    """Return the robust standard deviation of moves, of two measures the larger; days without a move say nothing."""
    sizes = sorted(size for size in map(abs, moves) if 0 < size < SUSPECT)
    if not sizes:
        return 0.0
    decile = sizes[(len(sizes) * 9 - 1) // 10]
    return max(median(sizes) * MAD_TO_SIGMA, decile / DECILE_TO_SIGMA)


def _tick(closes: tuple[float, ...]) -> float:
    """Return the step in which prices move, of changes that are neither binary noise nor suspect themselves."""
    changes = sorted(
        abs(after - before)
        for before, after in pairwise(closes)
        if FLOOR * before < abs(after - before) < before * (1 - math.exp(-SUSPECT))
    )
    return changes[len(changes) // 10] if changes else 0.0


def place_of(days: tuple[date, ...], day: date) -> int | None:
    """Return the place of the first bar from a day on, if it has one before it."""
    place = bisect_left(days, day)
    return place if 0 < place < len(days) else None


def _dividends(
    days: tuple[date, ...], dividends: Sequence[tuple[date, Decimal, Decimal]]
) -> dict[int, tuple[Decimal, Decimal]]:
    found: dict[int, tuple[Decimal, Decimal]] = {}
    for day, amount, gains in dividends:
        if is_price(amount) and (place := place_of(days, day)) is not None:
            before = found.get(place, (Decimal(0), Decimal(0)))
            found[place] = (before[0] + amount, before[1] + gains)
    return found


def _splits(days: tuple[date, ...], splits: Sequence[tuple[date, Decimal]]) -> dict[int, Decimal]:
    found: dict[int, Decimal] = {}
    for day, ratio in splits:
        if is_ratio(ratio) and (place := place_of(days, day)) is not None:
            found[place] = found.get(place, Decimal(1)) * ratio
    return found
