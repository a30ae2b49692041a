"""Signatures first: orders in, fills out.

place, replace and cancel emit OrderChanged to the listeners themselves (cancel twice: PendingCancel, then Cancelled), so
the wire needs one path only. A fill emits Executed, OrderChanged, CommissionCharged, PositionChanged, AccountChanged.
`Exchange.dump()` is the whole dump; `Account.dump` knows no orders.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from trader.simulator.account import Account, Position
from trader.simulator.market import Market
from trader.simulator.orders import Commission, Execution, Order, OrderRequest, Preview


@dataclass(frozen=True, slots=True)
class OrderChanged:
    at: datetime
    order: Order


@dataclass(frozen=True, slots=True)
class Executed:
    at: datetime
    execution: Execution


@dataclass(frozen=True, slots=True)
class CommissionCharged:
    at: datetime
    commission: Commission
    execution: Execution


@dataclass(frozen=True, slots=True)
class PositionChanged:
    at: datetime
    position: Position  # quantity 0: closed


@dataclass(frozen=True, slots=True)
class AccountChanged:
    at: datetime


Happening = OrderChanged | Executed | CommissionCharged | PositionChanged | AccountChanged


class Exchange:
    market: Market
    account: Account
    now: datetime
    listen: list[Callable[[Happening], None]]
    reject_next: list[tuple[int, str, str | None]]  # code, message, symbol (None: any)
    volume_share: Decimal
    commission_delay: timedelta
    fill_orders: bool

    def __init__(self, market: Market, account: Account, start: datetime, seed: int) -> None:
        raise NotImplementedError

    def place(self, request: OrderRequest) -> Order:
        raise NotImplementedError

    def replace(self, order: Order, request: OrderRequest) -> None:
        raise NotImplementedError

    def cancel(self, order: Order) -> None:
        raise NotImplementedError

    def what_if(self, request: OrderRequest) -> Preview:
        raise NotImplementedError

    def advance(self, to: datetime) -> None:
        raise NotImplementedError

    def trade_by_hand(self, symbol: str, quantity: Decimal, price: Decimal | None = None) -> Execution:
        raise NotImplementedError

    def move_cash(self, amount: Decimal, currency: str = "USD") -> None:
        raise NotImplementedError

    def open_orders(self) -> list[Order]:
        raise NotImplementedError

    def completed_orders(self) -> list[Order]:
        raise NotImplementedError

    def executions_today(self) -> list[tuple[Execution, Commission | None]]:
        raise NotImplementedError

    def dump(self) -> dict[str, object]:
        raise NotImplementedError
