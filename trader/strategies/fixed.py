"""Fixed weights from the settings: the simplest strategy, and the demo's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from ledger.book import Book
from ledger.events import TargetRow
from trader.bars import Bars
from trader.strategies.strategy import check_names, check_weights, left_out, symbols, target_row


@dataclass(frozen=True)
class FixedWeights:
    """The same weights at every cycle; what the market moves, the plan moves back."""

    NAME: ClassVar[str] = "fixed"
    MOVES: ClassVar[bool] = False
    weights: Mapping[str, Decimal]  # by symbol, signed fractions of NAV
    leverage: Decimal = Decimal(1)
    evidence: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse weights that do not add up when the settings are read."""
        check_weights(self.weights, dict.fromkeys(self.weights, self.leverage))

    def __call__(self, book: Book, bars: Bars) -> tuple[TargetRow, ...]:
        """Return one row for each contract of the bars."""
        known = symbols(book, bars)
        check_names(self.weights, known, left_out(book, bars))
        return tuple(target_row(book, bars, known[name], self.weights[name], self.leverage) for name in known)
