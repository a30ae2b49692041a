"""Plain momentum, scaled to a target of volatility.

What rose is held, what fell is left (or sold short), each name by the inverse of its volatility. Floats are at home in
here; what leaves is `Decimal`, cut to 1e-6. Sums run through `math.fsum`, so the same bars give the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import fsum, log, sqrt
from typing import ClassVar

from ledger.book import Book
from ledger.events import TargetRow
from trader.bars import Bars
from trader.strategies.estimates import exact
from trader.strategies.strategy import StrategyError, target_row

DAYS_A_YEAR = 252


@dataclass(frozen=True)
class Momentum:
    """The mean strength of several look-backs; a share too young for the longer ones is judged by the shorter ones."""

    NAME: ClassVar[str] = "momentum"
    MOVES: ClassVar[bool] = True
    lookback_days: tuple[int, ...] = (60, 120, 250)
    volatility_days: int = 36  # span of the exponential mean of squared returns
    volatility_target: Decimal = Decimal("0.10")  # a year, of the whole portfolio were all names to move together
    leverage: Decimal = Decimal(1)
    short_allowed: bool = False
    evidence: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if not self.lookback_days or min((*self.lookback_days, self.volatility_days)) < 2:
            raise StrategyError("momentum: expected look-backs and volatility_days of at least 2 days")
        for name, number in (("volatility_target", self.volatility_target), ("leverage", self.leverage)):
            if not (number.is_finite() and number > 0):
                raise StrategyError(f"momentum: expected {name} above 0, found {number}")

    def __call__(self, book: Book, bars: Bars) -> tuple[TargetRow, ...]:
        """Return one row for each contract of the bars; what sums to more than 1 is cut pro rata."""
        names = len(bars.series) + len(bars.left_out)  # one that is left out makes no room for the others
        exposures = {con_id: self._exposure(book, bars, con_id) / names for con_id in bars.series}
        gross = max(1.0, fsum(map(abs, exposures.values())))
        weights = {con_id: exact(exposure / gross) for con_id, exposure in exposures.items()}
        return tuple(target_row(book, bars, con_id, weight, self.leverage) for con_id, weight in weights.items())

    def _exposure(self, book: Book, bars: Bars, con_id: int) -> float:
        """Return what a name would carry alone: strength times target over its own volatility."""
        closes = [float(close) for close in bars.signal_closes(con_id)]
        usable = [days for days in self.lookback_days if days < len(closes)]
        if not usable or len(closes) <= self.volatility_days:
            needed = max(min(self.lookback_days), self.volatility_days) + 1
            symbol = book.contracts[con_id].symbol
            raise StrategyError(f"{symbol}: expected at least {needed} closes, found {len(closes)}")
        volatility = self._volatility(closes)
        if volatility == 0:
            raise StrategyError(f"{book.contracts[con_id].symbol}: expected closes that move, found none that does")
        strength = fsum(_strength(closes, days, volatility) for days in usable) / len(usable)
        if not self.short_allowed:
            strength = max(0.0, strength)
        return strength * float(self.volatility_target) / (volatility * sqrt(DAYS_A_YEAR))

    def _volatility(self, closes: list[float]) -> float:
        """Return a day's volatility: the root of the exponentially weighted mean of squared log returns."""
        decay = 1 - 2 / (self.volatility_days + 1)
        squares = [log(after / before) ** 2 for before, after in pairwise(closes)]
        weights = [decay**age for age in range(len(squares) - 1, -1, -1)]
        return sqrt(fsum(w * s for w, s in zip(weights, squares, strict=True)) / fsum(weights))


def _strength(closes: list[float], days: int, volatility: float) -> float:
    """Return a look-back's return in units of what chance would make of it, within -1 and 1."""
    moved = log(closes[-1] / closes[-1 - days]) / (volatility * sqrt(days))
    return max(-1.0, min(1.0, moved))
