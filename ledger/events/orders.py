"""The life of an order, from plan to end. Fills stand in `money.py`: only they move the book.

An order is its `order_ref`, never the client library's order id; IB's permanent ids hang below it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal

from ledger.events.fact import Exact, Fact, Row


class TargetsScaled(Fact):
    """A limit shaped the plan: wanted exposure was reduced to what the limit allows."""

    type: Literal["targets_scaled"] = "targets_scaled"
    limit: str
    factor: Exact  # 0..1, applied to every weight named in con_ids
    con_ids: tuple[int, ...]
    reason: str


class PartRow(Row):
    """What one strategy has in a planned row; "" stands for what no strategy holds."""

    strategy: str
    quantity: Exact  # signed, of the order: its fills and their costs are split pro rata to these
    crossed: Exact = Decimal(0)  # signed, passed between strategies at the reference price; they sum to 0


class OrderPlanned(Fact):
    """What to do about one contract: buy, sell or nothing, and why."""

    type: Literal["order_planned"] = "order_planned"
    con_id: int
    symbol: str
    action: Literal["BUY", "SELL", "NOTHING"]
    quantity: Exact  # + to buy, - to sell, 0 for nothing
    reason: str
    held: Exact
    target: Exact  # quantity wanted after all limits
    weight: Exact  # fraction of NAV wanted, leverage included
    reference_price: Exact | None = None  # the price that the quantity was computed from
    limit_price: Exact | None = None
    order_ref: str | None = None  # absent for nothing
    tif: str = "DAY"
    algo: str = "Adaptive"
    algo_priority: str = "Normal"
    order_type: Literal["LMT", "MKT", "MOC"] = "LMT"
    notional: Exact | None = None  # magnitude at the reference price, in the base currency; None: not told
    proceeds_needed: Exact = Decimal(0)  # base currency: what this cycle's sales must have brought before it may leave
    parts: tuple[PartRow, ...] = ()


class CrossRow(Row):
    """What one strategy gets of a contract from others, or gives them."""

    con_id: int
    symbol: str
    strategy: str  # "": what no strategy holds
    quantity: Exact  # + gets, - gives; they sum to 0 for each contract
    price: Exact  # that the plan was made at, in the contract's currency


class StrategiesCrossed(Fact):
    """Units passed from strategy to strategy inside the account, at the decision price: nothing is traded for it."""

    type: Literal["strategies_crossed"] = "strategies_crossed"
    rows: tuple[CrossRow, ...]


class OrderPreviewed(Fact):
    """IB's what-if for a planned order."""

    type: Literal["order_previewed"] = "order_previewed"
    order_ref: str
    accepted: bool
    initial_margin_after: Exact | None = None
    maintenance_margin_after: Exact | None = None
    equity_with_loan_after: Exact | None = None
    commission: Exact | None = None  # what the broker expects to charge, positive, in the base currency; None: not told
    reason: str = ""


class OrderFact(Fact):
    """A step in an order's life: each step stands in the log once an order."""

    order_ref: str
    STEP: ClassVar[str]

    @property
    def key(self) -> str:
        """One step of one order."""
        return f"order/{self.order_ref}/{self.STEP}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """The order itself."""
        return (self.order_ref,)


class OrderDeferred(OrderFact):
    """A planned order that did not leave in this cycle, because it had to wait; the next cycle plans anew."""

    type: Literal["order_deferred"] = "order_deferred"
    STEP: ClassVar[str] = "deferred"
    reason: str


class OrderSendAttempted(OrderFact):
    """The intent to place an order, durable before the order leaves. Undecided until a fact decides it."""

    type: Literal["order_send_attempted"] = "order_send_attempted"
    STEP: ClassVar[str] = "send"
    ACTS: ClassVar[bool] = True
    account: str
    order_id: int  # the client library's; the high-water mark is kept
    con_id: int
    quantity: Exact  # + buy, - sell
    order_type: Literal["LMT", "MKT", "MOC"]
    limit_price: Exact | None = None  # None: at market
    tif: str
    algo: str
    algo_priority: str
    reference_price: Exact | None = None  # of the plan: what slippage is counted from; None: not told

    @property
    def economic_part(self) -> tuple[object, ...]:
        """Contract, signed quantity and limit."""
        return (self.order_ref, self.con_id, self.quantity, self.limit_price)


class OrderAcknowledged(OrderFact):
    """The broker has the order. One a permanent id: IB may make more than one of ours."""

    type: Literal["order_acknowledged"] = "order_acknowledged"
    FROM_BROKER: ClassVar[bool] = True
    perm_id: int
    status: str  # the broker's word at that moment; advisory

    @property
    def key(self) -> str:
        """One acknowledgement a permanent id."""
        return f"order/{self.order_ref}/acknowledged/{self.perm_id}"


class OrderRejected(OrderFact):
    """The broker refused the order; nothing of it works."""

    type: Literal["order_rejected"] = "order_rejected"
    STEP: ClassVar[str] = "rejected"
    FROM_BROKER: ClassVar[bool] = True
    code: int
    reason: str


class OrderCancelAttempted(Fact):
    """The intent to cancel, durable before the request leaves. May be repeated."""

    type: Literal["order_cancel_attempted"] = "order_cancel_attempted"
    ACTS: ClassVar[bool] = True
    order_ref: str
    order_id: int
    perm_id: int


class OrderCancelled(OrderFact):
    """The broker's state shows the order gone, with what it had filled."""

    type: Literal["order_cancelled"] = "order_cancelled"
    STEP: ClassVar[str] = "cancelled"
    FROM_BROKER: ClassVar[bool] = True
    filled: Exact  # magnitude, >= 0
    reason: str = ""


class OrderExpired(OrderFact):
    """The order ended unfilled or partly filled with its session (time in force DAY)."""

    type: Literal["order_expired"] = "order_expired"
    STEP: ClassVar[str] = "expired"
    FROM_BROKER: ClassVar[bool] = True
    filled: Exact


class OrderKept(Fact):
    """A working order of ours that is left at the broker while this cycle decides: it stands there as in the book."""

    type: Literal["order_kept"] = "order_kept"
    order_ref: str
    perm_id: int
    limit_price: Exact | None = None  # None: at market
    filled: Exact  # magnitude, as the broker tells it


class OrderModifyAttempted(Fact):
    """The intent to change the limit of a working order, durable before the request leaves.

    The order is undecided until a fact says what became of it: a lost link may turn a change into a second order.
    """

    type: Literal["order_modify_attempted"] = "order_modify_attempted"
    ACTS: ClassVar[bool] = True
    order_ref: str
    order_id: int
    perm_id: int
    quantity: Exact  # + buy, - sell; of the whole order, what is filled included
    limit_price: Exact


class OrderModified(Fact):
    """The broker shows the order open with its new limit, and no other under its name."""

    type: Literal["order_modified"] = "order_modified"
    FROM_BROKER: ClassVar[bool] = True
    order_ref: str
    limit_price: Exact


class OrderModifyRefused(Fact):
    """The broker refused to change the order, and shows it open as it was."""

    type: Literal["order_modify_refused"] = "order_modify_refused"
    FROM_BROKER: ClassVar[bool] = True
    order_ref: str
    code: int
    reason: str


class OrderResolved(Fact):
    """What the broker's own state says of an order that a crash or a time-out left undecided."""

    type: Literal["order_resolved"] = "order_resolved"
    order_ref: str
    outcome: Literal["working", "filled", "cancelled", "rejected", "not_sent", "unknown"]
    evidence: str
