"""Signatures first: the account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trader.simulator.market import Market


@dataclass(frozen=True, slots=True)
class AccountValue:
    tag: str
    value: str  # as it goes on the wire
    currency: str  # '' where the tag has none


@dataclass(frozen=True, slots=True)
class Position:
    con_id: int
    quantity: Decimal
    average_cost: Decimal


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    con_id: int
    quantity: Decimal
    price: Decimal | None
    value: Decimal | None
    average_cost: Decimal
    unrealised: Decimal | None
    realised: Decimal  # today's, after commissions


class Account:
    number: str

    def __init__(self, number: str, cash: Decimal) -> None:
        raise NotImplementedError

    def values(self, market: Market, at: datetime) -> list[AccountValue]:
        raise NotImplementedError

    def positions(self) -> list[Position]:
        raise NotImplementedError

    def portfolio(self, market: Market, at: datetime) -> list[PortfolioRow]:
        raise NotImplementedError

    def dump(self, market: Market, at: datetime) -> dict[str, object]:
        """The account alone; `Exchange.dump` adds orders, executions and pending commissions."""
        raise NotImplementedError
