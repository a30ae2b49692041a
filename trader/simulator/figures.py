"""What clients and statements are shown of the account: positions, what they are worth, what they tie up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from trader.simulator.lots import ZERO

INITIAL_MARGIN = Decimal("0.50")
MAINTENANCE_MARGIN = Decimal("0.25")
FUTURES_INITIAL, FUTURES_MAINTENANCE = Decimal("0.10"), Decimal("0.08")  # of the notional


@dataclass(frozen=True, slots=True)
class Position:
    """What a client is told of a position."""

    con_id: int
    quantity: Decimal
    average_cost: Decimal  # by the average method, commissions included


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """A position and what it is worth."""

    con_id: int
    quantity: Decimal
    price: Decimal
    value: Decimal
    average_cost: Decimal
    unrealised: Decimal  # against the average cost
    realised: Decimal  # today's, after commissions


@dataclass(frozen=True, slots=True)
class Figures:
    """What the account is worth and what its positions tie up, exact."""

    cash: Decimal  # of all currencies, without what is not settled yet
    stocks: Decimal  # signed
    gross: Decimal  # of stocks and options
    dividends: Decimal = ZERO  # accrued, after tax
    interest: Decimal = ZERO  # accrued
    options: Decimal = ZERO  # signed
    variation: Decimal = ZERO  # of futures, since they were settled last
    notional: Decimal = ZERO  # of futures, gross

    @property
    def equity(self) -> Decimal:
        """Equity with loan: without what has accrued."""
        return self.cash + self.stocks + self.options + self.variation

    @property
    def net_liquidation(self) -> Decimal:
        """Net liquidation value."""
        return self.equity + self.dividends + self.interest

    @property
    def initial(self) -> Decimal:
        """Initial margin."""
        return self.gross * INITIAL_MARGIN + self.notional * FUTURES_INITIAL

    @property
    def maintenance(self) -> Decimal:
        """Maintenance margin."""
        return self.gross * MAINTENANCE_MARGIN + self.notional * FUTURES_MAINTENANCE
