"""Risk parity: every contract carries the same part of the portfolio's volatility.

Long only. Risk is measured by the covariance of daily returns, its correlations shrunk towards their mean, as
the next year's will rather be (Ledoit and Wolf, "Honey, I Shrunk the Sample Covariance Matrix", 2004). The weights
solve `weight x (covariance x weights) = the same for all` by cyclical coordinate descent (Griveau-Billion, Richard and
Roncalli, "A Fast Algorithm for Computing High-dimensional Risk Parity Portfolios", 2013), which always converges.

Floats are at home in here; what leaves is `Decimal`, cut to 1e-6, and risk contributions then agree to that digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import fsum, sqrt
from typing import ClassVar

from ledger.book import Book
from ledger.events import TargetRow
from trader.bars import Bars
from trader.strategies.estimates import (
    DAYS_A_YEAR,
    Matrix,
    changes,
    common_closes,
    correlations,
    covariances,
    exact,
)
from trader.strategies.strategy import StrategyError, target_row, within_leverage

TOLERANCE = 1e-12  # between risk contributions, as a share of them
SWEEPS_MAX = 1_000


@dataclass(frozen=True)
class RiskParity:
    """Weights that sum to 1 times the leverage; with a target of volatility, to what it takes, and no more."""

    NAME: ClassVar[str] = "risk_parity"
    MOVES: ClassVar[bool] = True
    covariance_days: int = 250  # days of returns, the last ones that all contracts have in common
    shrinkage: Decimal = Decimal("0.2")  # 0: correlations as measured, 1: their mean for all
    volatility_target: Decimal | None = None  # a year, of the whole portfolio; None: be invested
    leverage_max: Decimal = Decimal(1)  # all positions together, as a multiple of NAV
    evidence: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if self.covariance_days < 2:
            raise StrategyError(f"risk_parity: expected covariance_days of at least 2, found {self.covariance_days}")
        if not (self.shrinkage.is_finite() and 0 <= self.shrinkage <= 1):
            raise StrategyError(f"risk_parity: expected shrinkage from 0 to 1, found {self.shrinkage}")
        target = Decimal(1) if self.volatility_target is None else self.volatility_target
        for name, number in (("volatility_target", target), ("leverage_max", self.leverage_max)):
            if not (number.is_finite() and number > 0):
                raise StrategyError(f"risk_parity: expected {name} above 0, found {number}")

    def __call__(self, book: Book, bars: Bars) -> tuple[TargetRow, ...]:
        """Return one row for each contract of the bars."""
        covariance = self._covariance(book, bars)
        weights = equal_risk_weights(covariance)
        present = len(weights) / (len(weights) + len(bars.left_out))  # what is left out makes no room for the others
        gross = self._gross(covariance, weights) * present
        exposures = {con_id: exact(gross * weight) for con_id, weight in zip(bars.series, weights, strict=True)}
        shares, leverage = within_leverage(exposures, self.leverage_max)
        return tuple(target_row(book, bars, con_id, share, leverage) for con_id, share in shares.items())

    def _covariance(self, book: Book, bars: Bars) -> Matrix:
        days, closes = common_closes(bars)
        if len(days) <= self.covariance_days:
            shortest = min(bars.series, key=lambda con_id: len(bars.series[con_id]))
            raise StrategyError(
                f"{book.contracts[shortest].symbol}: expected {self.covariance_days + 1} closes on days that all "
                f"contracts have, found {len(days)}; lower covariance_days, or take it out of the universe"
            )
        returns = [changes(numbers[-self.covariance_days - 1 :]) for numbers in closes.values()]
        covariance = covariances(returns)
        for place, con_id in enumerate(closes):
            if covariance[place][place] <= 0:
                raise StrategyError(f"{book.contracts[con_id].symbol}: expected closes that move, found none that does")
        return shrunk(covariance, float(self.shrinkage))

    def _gross(self, covariance: Matrix, weights: tuple[float, ...]) -> float:
        if self.volatility_target is None:
            return float(self.leverage_max)
        variance = fsum(weight * risk for weight, risk in zip(weights, _products(covariance, weights), strict=True))
        return min(float(self.leverage_max), float(self.volatility_target) / sqrt(variance * DAYS_A_YEAR))


def shrunk(covariance: Matrix, share: float) -> Matrix:
    """Return a covariance with its correlations brought nearer to their mean by a share; variances stay."""
    names = len(covariance)
    if names < 2:
        return covariance
    measured, root = correlations(covariance), [sqrt(row[place]) for place, row in enumerate(covariance)]
    mean = fsum(number for i, row in enumerate(measured) for number in row[:i]) / (names * (names - 1) / 2)
    return tuple(
        tuple(
            covariance[i][j] if i == j else root[i] * root[j] * ((1 - share) * number + share * mean)
            for j, number in enumerate(row)
        )
        for i, row in enumerate(measured)
    )


def equal_risk_weights(covariance: Matrix) -> tuple[float, ...]:
    """Return the weights above 0, summing to 1, whose contributions to the variance are equal.

    Minimises half the variance less the mean logarithm of the weights: its minimum, scaled, is the answer.
    """
    names = len(covariance)
    weights = [1 / sqrt(row[place] * names) for place, row in enumerate(covariance)]
    for _ in range(SWEEPS_MAX):
        for i, row in enumerate(covariance):
            others = fsum(number * weights[j] for j, number in enumerate(row) if j != i)
            weights[i] = (sqrt(others**2 + 4 * row[i] / names) - others) / (2 * row[i])
        contributions = [weight * risk for weight, risk in zip(weights, _products(covariance, weights), strict=True)]
        if max(contributions) - min(contributions) <= TOLERANCE * max(contributions):
            total = fsum(weights)
            return tuple(weight / total for weight in weights)
    raise StrategyError(f"risk_parity: expected equal contributions after {SWEEPS_MAX} sweeps, found {contributions}")


def _products(covariance: Matrix, weights: tuple[float, ...] | list[float]) -> list[float]:
    return [fsum(number * weights[j] for j, number in enumerate(row)) for row in covariance]
