"""Volatility and correlation, as strategies estimate them from closes.

Plain floats and `math.fsum`, without numpy: the same bars give the same digits, whatever library the machine has. To
add an estimate: a function of floats that sees nothing later than the last one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import fsum, sqrt

from trader.bars import Bars

DAYS_A_YEAR = 256  # so that its root is 16
DIGITS = 9  # finer than a weight, coarser than the noise of floats: a weight of 0.25 does not leave as 0.249999

Matrix = tuple[tuple[float, ...], ...]


def floats(numbers: Sequence[Decimal]) -> list[float]:
    """Return exact numbers as floats."""
    return [float(number) for number in numbers]


def exact(number: float) -> Decimal:
    """Return a float as the decimal that was meant."""
    return Decimal(repr(round(number, DIGITS)))


def changes(closes: Sequence[float]) -> list[float]:
    """Return each close's relative change from the one before."""
    return [after / before - 1 for before, after in pairwise(closes)]


def weighted_mean(numbers: Sequence[float], span: int) -> float:
    """Return the exponentially weighted mean; the weights of what is there sum to 1."""
    decay, total, weight = 1 - 2 / (span + 1), 0.0, 0.0
    for number in numbers:
        total, weight = number + decay * total, 1 + decay * weight
    return total / weight


def deviations(numbers: Sequence[float], span: int) -> list[float]:
    """Return the exponentially weighted standard deviation up to every number, from the span-th on; unbiased."""
    decay, found = 1 - 2 / (span + 1), list[float]()
    weight = weight_squares = total = squares = 0.0
    for place, number in enumerate(numbers, start=1):
        weight, weight_squares = 1 + decay * weight, 1 + decay**2 * weight_squares
        total, squares = number + decay * total, number**2 + decay * squares
        if place >= max(span, 2):
            variance = max(0.0, squares / weight - (total / weight) ** 2)
            found.append(sqrt(variance * weight**2 / (weight**2 - weight_squares)))
    return found


def common_closes(bars: Bars) -> tuple[list[date], Mapping[int, list[float]]]:
    """Return the days on which every contract has a close, in order, and the closes a signal may compare on them."""
    days = sorted(set.intersection(*({bar.day for bar in series} for series in bars.series.values())))
    wanted, closes = frozenset(days), dict[int, list[float]]()
    for con_id, series in bars.series.items():
        signal = bars.signal_closes(con_id)
        closes[con_id] = [float(close) for bar, close in zip(series, signal, strict=True) if bar.day in wanted]
    return days, closes


def covariances(columns: Sequence[Sequence[float]]) -> Matrix:
    """Return the sample covariance of equally long columns."""
    days = len(columns[0])
    centred = [[number - fsum(column) / days for number in column] for column in columns]
    half = [[fsum(a * b for a, b in zip(x, y, strict=True)) / (days - 1) for y in centred[: i + 1]]
            for i, x in enumerate(centred)]  # fmt: skip
    return tuple(tuple(half[max(i, j)][min(i, j)] for j in range(len(half))) for i in range(len(half)))


def correlations(covariance: Matrix) -> Matrix:
    """Return the correlations of a covariance whose variances are above 0."""
    root = [sqrt(row[place]) for place, row in enumerate(covariance)]
    return tuple(
        tuple(1.0 if i == j else number / (root[i] * root[j]) for j, number in enumerate(row))
        for i, row in enumerate(covariance)
    )


def diversification_multiplier(correlation: Matrix) -> float:
    """Return by how much the volatility of the equally weighted falls short of their own: 1 if all move as one.

    A correlation below 0 counts as 0: what hedged yesterday may not tomorrow.
    """
    names = len(correlation)
    return names / sqrt(fsum(max(0.0, number) for row in correlation for number in row))
