"""What a client asks of the venue, and what the venue answers: orders, executions, commissions, refusals.

Plain values that both halves of the simulator share. Prices and quantities are `Decimal`, times are aware and UTC.
To let orders carry more: add a field with a default to `OrderRequest`, and let `rules.py` refuse what the venue
does not understand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

OPEN_STATUSES = frozenset({"PendingSubmit", "PreSubmitted", "Submitted", "PendingCancel"})
SIGN_OF_ACTION = {"BUY": 1, "SELL": -1}
SIDE_OF_ACTION = {"BUY": "BOT", "SELL": "SLD"}


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """One order as the client sent it; nothing in it is trusted before `Exchange.place` has looked."""

    client_id: int
    order_id: int
    con_id: int
    account: str
    action: str  # BUY | SELL
    quantity: Decimal  # always positive
    order_type: str  # LMT | MKT | MOC
    limit_price: Decimal | None
    tif: str = "DAY"  # DAY | GTC
    order_ref: str = ""
    algo: str = ""  # '' | Adaptive
    algo_priority: str = ""  # with Adaptive: Urgent | Normal | Patient
    outside_rth: bool = False  # taken and ignored: nothing fills outside regular hours
    transmit: bool = True
    what_if: bool = False
    liquidation: bool = False  # the broker's own, to end a shortage of margin


@dataclass(slots=True, eq=False)
class Order:
    """A live order: the last accepted request and what has become of it."""

    request: OrderRequest
    perm_id: int
    status: str  # PreSubmitted | Submitted | PendingCancel | Filled | Cancelled
    submitted_at: datetime
    filled: Decimal = Decimal(0)
    average_price: Decimal = Decimal(0)
    last_price: Decimal = Decimal(0)
    completed_at: datetime | None = None
    completed_status: str = ""  # 'Filled Size: 100' | 'Cancelled by Trader' | 'Cancelled by System'
    reject_reason: str = ""

    @property
    def remaining(self) -> Decimal:
        """What is still to be filled."""
        return self.request.quantity - self.filled

    @property
    def is_open(self) -> bool:
        """Whether it may still fill."""
        return self.status in OPEN_STATUSES


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill."""

    exec_id: str
    time: datetime
    order_id: int
    client_id: int
    perm_id: int
    order_ref: str
    account: str
    con_id: int
    side: str  # BOT | SLD
    shares: Decimal
    price: Decimal
    cumulative: Decimal  # of its order, this execution included
    average_price: Decimal  # likewise
    exchange: str
    liquidity: int  # 1 added, 2 removed
    liquidation: bool = False  # the broker itself closed the position


@dataclass(frozen=True, slots=True)
class Commission:
    """What one fill cost, and what it realised."""

    exec_id: str
    amount: Decimal
    currency: str
    realised: Decimal | None  # after commissions; None: an opening trade


@dataclass(frozen=True, slots=True)
class Preview:
    """What an order would do to the margin: the nine figures of a what-if, and its commission."""

    initial_before: Decimal
    maintenance_before: Decimal
    equity_before: Decimal
    initial_change: Decimal
    maintenance_change: Decimal
    equity_change: Decimal
    initial_after: Decimal
    maintenance_after: Decimal
    equity_after: Decimal
    commission: Decimal
    currency: str = "USD"


class Rejected(Exception):
    """The venue refuses; code and message are those of the `errMsg` that the client receives."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
