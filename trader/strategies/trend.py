"""Trend at several speeds, each position sized to a target of volatility, in the manner of Robert Carver.

After "Systematic Trading" (2015; ST) and "Advanced Futures Trading Strategies" (2023; AFTS):

- A rule of speed N compares two exponential means of the close, of spans N and 4N, in units of a day's volatility;
  times its scalar (AFTS, strategy nine, table 29) its size is 10 on average. No forecast is beyond ±20 (ST, chapter 7).
- The rules' mean times their diversification multiplier, again within ±20, is the forecast (ST, chapter 8).
- Volatility: 70 % the exponential deviation of daily returns, 30 % its mean of ten years (AFTS, strategy three).
- Position, as a fraction of NAV: forecast / 10 x target / (16 x daily volatility) x 1 / contracts x the contracts'
  diversification multiplier, at most 2.5 (ST, chapters 9 to 11). No position is ever grown by a contract left out.

To add a speed: its scalar in `SCALARS`. Floats are at home in here; what leaves is `Decimal`, cut to 1e-6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import fsum, sqrt
from typing import ClassVar

from ledger.book import Book
from ledger.events import TargetRow
from trader.bars import Bars
from trader.strategies.estimates import (
    DAYS_A_YEAR,
    changes,
    common_closes,
    correlations,
    covariances,
    deviations,
    diversification_multiplier,
    exact,
    floats,
    weighted_mean,
)
from trader.strategies.strategy import StrategyError, target_row, within_leverage

SLOW = 4  # the slow mean's span, in spans of the fast one
SCALARS: Mapping[int, float] = {2: 12.1, 4: 8.53, 8: 5.95, 16: 4.10, 32: 2.79, 64: 1.91}
AVERAGE, CAP = 10.0, 20.0  # the size of a usual forecast, and of the largest
LONG_RUN_SHARE, LONG_RUN_DAYS = 0.3, 10 * DAYS_A_YEAR
WEEK, WEEKS_MIN = 5, 20  # correlations are of weekly returns; of fewer, nothing is concluded
MULTIPLIER_MAX = 2.5


@dataclass(frozen=True)
class Trend:
    """Long what trends up, short (or out of) what trends down; a young share is judged by the faster rules."""

    NAME: ClassVar[str] = "trend"
    MOVES: ClassVar[bool] = True
    speeds: tuple[int, ...] = (8, 16, 32, 64)  # span in days of each rule's fast mean
    volatility_days: int = 32  # span of the exponential deviation
    volatility_target: Decimal = Decimal("0.10")  # a year, of the whole portfolio at usual forecasts
    leverage_max: Decimal = Decimal(1)  # magnitudes of all positions together, as a multiple of NAV
    short_allowed: bool = False
    evidence: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if not self.speeds or not SCALARS.keys() >= set(self.speeds) or len(set(self.speeds)) < len(self.speeds):
            known = ", ".join(map(str, SCALARS))
            raise StrategyError(f"trend: expected speeds of {known}, each once, found {self.speeds}")
        if self.volatility_days < 2:
            raise StrategyError(f"trend: expected volatility_days of at least 2, found {self.volatility_days}")
        for name, number in (("volatility_target", self.volatility_target), ("leverage_max", self.leverage_max)):
            if not (number.is_finite() and number > 0):
                raise StrategyError(f"trend: expected {name} above 0, found {number}")

    def __call__(self, book: Book, bars: Bars) -> tuple[TargetRow, ...]:
        """Return one row for each contract of the bars; what is beyond NAV stands in the leverage."""
        names = len(bars.series) + len(bars.left_out)  # one that is left out makes no room for the others
        positions = {con_id: self._position(book, bars, con_id) for con_id in bars.series}
        share = float(self.volatility_target) * _multiplier(bars) / names
        exposures = {con_id: exact(share * position) for con_id, position in positions.items()}
        weights, leverage = within_leverage(exposures, self.leverage_max)
        return tuple(target_row(book, bars, con_id, weight, leverage) for con_id, weight in weights.items())

    def _position(self, book: Book, bars: Bars, con_id: int) -> float:
        """Return the forecast in units of its usual size, over the contract's yearly volatility."""
        closes, symbol = floats(bars.signal_closes(con_id)), book.contracts[con_id].symbol
        usable = [speed for speed in self.speeds if SLOW * speed < len(closes)]
        if not usable or len(closes) <= self.volatility_days:
            needed = max(SLOW * min(self.speeds), self.volatility_days) + 1
            raise StrategyError(f"{symbol}: expected at least {needed} closes, found {len(closes)}")
        volatility = self._volatility(closes)
        if volatility == 0:
            raise StrategyError(f"{symbol}: expected closes that move, found none that does")
        forecast = _forecast(closes, volatility, usable)
        if not self.short_allowed:
            forecast = max(0.0, forecast)
        return forecast / AVERAGE / (volatility * sqrt(DAYS_A_YEAR))

    def _volatility(self, closes: list[float]) -> float:
        """Return a day's volatility; the long run keeps a quiet month from growing a position without bounds."""
        found = deviations(changes(closes), self.volatility_days)
        long_run = found[-LONG_RUN_DAYS:]
        return (1 - LONG_RUN_SHARE) * found[-1] + LONG_RUN_SHARE * fsum(long_run) / len(long_run)


def _forecast(closes: list[float], volatility: float, speeds: list[int]) -> float:
    """Return the combined forecast, within -20 and 20."""
    scaled = [close / closes[-1] for close in closes]  # so that the price of a share, and its splits, mean nothing
    rules = [_capped(SCALARS[n] * _crossover(scaled, n) / volatility) for n in speeds]
    return _capped(fsum(rules) / len(rules) * diversification_multiplier(rule_correlations(tuple(speeds))))


def _crossover(closes: list[float], speed: int) -> float:
    return weighted_mean(closes, speed) - weighted_mean(closes, SLOW * speed)


def _capped(forecast: float) -> float:
    return max(-CAP, min(CAP, forecast))


def rule_correlations(speeds: tuple[int, ...]) -> tuple[tuple[float, ...], ...]:
    """Return how rules of these speeds move together on returns without memory.

    A rule weighs the return of k days ago with slow^(k+1) - fast^(k+1), each the decay of a mean; so the sums are
    geometric. The multipliers that follow are 1.28 for all six speeds down to 1.03 for the slowest two; AFTS, from
    markets, has 1.26 to 1.03.
    """
    decays = [(1 - 2 / (speed + 1), 1 - 2 / (SLOW * speed + 1)) for speed in speeds]
    products = [[_product(one, other) for other in decays] for one in decays]
    return tuple(
        tuple(product / sqrt(row[i] * products[j][j]) for j, product in enumerate(row))
        for i, row in enumerate(products)
    )


def _product(one: tuple[float, float], other: tuple[float, float]) -> float:
    def geometric(left: float, right: float) -> float:
        return left * right / (1 - left * right)

    (fast, slow), (other_fast, other_slow) = one, other
    across = geometric(slow, other_fast) + geometric(fast, other_slow)
    return geometric(slow, other_slow) + geometric(fast, other_fast) - across


def _multiplier(bars: Bars) -> float:
    """Return the contracts' diversification multiplier; 1 where too few weeks, or no moves, are there to tell."""
    _, closes = common_closes(bars)
    weekly = [changes(numbers[::-1][::WEEK][::-1]) for numbers in closes.values()]
    if len(weekly[0]) < WEEKS_MIN:
        return 1.0
    covariance = covariances(weekly)
    if any(row[place] <= 0 for place, row in enumerate(covariance)):
        return 1.0
    return min(MULTIPLIER_MAX, diversification_multiplier(correlations(covariance)))
