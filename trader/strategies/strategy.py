"""What every strategy promises, and how it spells its targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from typing import ClassVar, Protocol

from ledger.book import Book
from ledger.events import TargetRow
from trader.bars import Bars

WEIGHT_UNIT = Decimal("1e-6")
FINE = Context(prec=28, rounding=ROUND_DOWN)  # of quotients: what is cut down never sums to more than it did


class StrategyError(ValueError):
    """A strategy that cannot say what to hold; names ticker, what was expected and what was found."""


class Strategy(Protocol):
    """A pure function of the book, the bars and its own frozen settings.

    A weight is a signed fraction of NAV, the magnitudes sum to at most 1, the rest is cash; the leverage multiplies it.
    Every contract of the bars is named, with weight 0 if it is not wanted.
    """

    NAME: ClassVar[str]
    MOVES: ClassVar[bool]  # whether it computes weights from prices: the same ones for weeks mean that it is stuck

    @property
    def evidence(self) -> tuple[bytes, ...]:
        """Return what it was given besides book and bars, to be kept by content hash."""
        ...

    def __call__(self, book: Book, bars: Bars) -> tuple[TargetRow, ...]:
        """Return one row for each contract of the bars."""
        ...


@dataclass(frozen=True)
class Allocation:
    """A strategy in an account: what it is called there, and the share of NAV that it decides about."""

    name: str
    strategy: Strategy
    capital: Decimal = Decimal(1)


def symbols(book: Book, bars: Bars) -> dict[str, int]:
    """Return the contracts of the bars by symbol."""
    return {book.contracts[con_id].symbol: con_id for con_id in bars.series}


def target_row(book: Book, bars: Bars, con_id: int, weight: Decimal, leverage: Decimal) -> TargetRow:
    """Spell one target; the weight is cut to 1e-6, so that cut weights never sum to more than they did."""
    return TargetRow(
        con_id=con_id,
        symbol=book.contracts[con_id].symbol,
        weight=weight.quantize(WEIGHT_UNIT, ROUND_DOWN),
        leverage=leverage,
        reference_price=bars.closes(con_id)[-1],
        reference_day=bars.series[con_id][-1].day,
    )


def within_leverage(exposures: Mapping[int, Decimal], leverage_max: Decimal) -> tuple[dict[int, Decimal], Decimal]:
    """Return weights whose magnitudes sum to at most 1, and the leverage that makes them the exposures again.

    What is beyond the most is cut pro rata.
    """
    gross = sum(map(abs, exposures.values()), Decimal(0))
    if gross <= min(Decimal(1), leverage_max):
        return dict(exposures), Decimal(1)
    leverage = max(min(gross, leverage_max), WEIGHT_UNIT).quantize(WEIGHT_UNIT, ROUND_DOWN)
    shared = {con_id: FINE.divide(exposure, gross) for con_id, exposure in exposures.items()}
    return shared, leverage


def left_out(book: Book, bars: Bars) -> frozenset[str]:
    """Return the symbols of the universe whose series are not fit to be seen: they may be named, and need not be."""
    return frozenset(book.contracts[con_id].symbol for con_id in bars.left_out)


def check_names(stated: Mapping[str, object], known: Mapping[str, int], unseen: frozenset[str] = frozenset()) -> None:
    """Raise StrategyError unless exactly the universe is named: a ticker left out may be a ticker misspelt."""
    if unknown := sorted(stated.keys() - known.keys() - unseen):
        raise StrategyError(f"{unknown[0]}: not of the universe ({', '.join(known)}); correct it, or add it there")
    if missing := sorted(known.keys() - stated.keys()):
        raise StrategyError(f"{missing[0]}: expected its weight, found none; name it with 0 if it is not wanted")


def check_weights(weights: Mapping[str, Decimal], leverages: Mapping[str, Decimal]) -> None:
    """Raise StrategyError unless all are numbers, magnitudes sum to at most 1, and no leverage is negative."""
    for kind, numbers in (("weight", weights), ("leverage", leverages)):
        for symbol, number in numbers.items():
            if not number.is_finite():
                raise StrategyError(f"{symbol}: expected a number as its {kind}, found {number}")
    for symbol, leverage in leverages.items():
        if leverage < 0:
            raise StrategyError(f"{symbol}: expected a leverage of at least 0, found {leverage}")
    if (total := sum(map(abs, weights.values()), Decimal(0))) > 1:
        raise StrategyError(f"weights: expected magnitudes that sum to at most 1, found {total}; use the leverage")
