"""When and at what price a working order fills, given the price of the minute.

To add an order type: say in `delay_range` how long it takes to fill and in `offer` at what price; let it in by
`rules.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

from trader.simulator.bridge import HourBar
from trader.simulator.contracts import CENT
from trader.simulator.market import touch
from trader.simulator.orders import SIDE_OF_ACTION, Execution, Order, OrderRequest

MARKET_DELAY_SECONDS = (1, 5)
LIMIT_DELAY_SECONDS = {"": (5, 60), "Urgent": (5, 15), "Normal": (5, 60), "Patient": (20, 60)}  # by Adaptive's priority
MAKER, TAKER = 1, 2  # IB's lastLiquidity: added, removed
ZERO = Decimal(0)

Offer = tuple[Decimal, int]  # price and liquidity


@dataclass(slots=True, eq=False)
class Working:
    """An order at the exchange, with what is needed to fill it."""

    order: Order
    expires_at: datetime | None  # None: good till cancelled
    arrived: bool = False  # at the market: not before the session opens
    due: datetime | None = None  # first fill of a market or marketable order; None: it rests at its limit
    at_open: bool = False  # a market order of before the open takes the opening price
    value: Decimal = ZERO  # traded so far
    charged: Decimal = ZERO  # commission so far

    def is_ready(self, now: datetime) -> bool:
        """Return whether to look at it now: when it is due, and then, like a resting order, every minute."""
        if not self.arrived or (self.due is not None and now < self.due):
            return False
        return now == self.due or now.second == 0


def delay_range(request: OrderRequest) -> tuple[int, int]:
    """Return the least and the most seconds until an order fills that is marketable on arrival."""
    return MARKET_DELAY_SECONDS if request.order_type == "MKT" else LIMIT_DELAY_SECONDS[request.algo_priority]


def is_marketable(request: OrderRequest, price: Decimal, tick: Decimal = CENT) -> bool:
    """Return whether an order may trade at the touch."""
    bid, ask = touch(price, tick)
    if request.limit_price is None or request.order_type != "LMT":
        return request.order_type != "MOC"  # that one waits for the close
    return request.limit_price >= ask if request.action == "BUY" else request.limit_price <= bid


def offer(working: Working, price: Decimal, now: datetime, tick: Decimal = CENT) -> Offer | None:
    """Return what the market offers this order now: the opening price, the touch, its limit, or nothing."""
    request = working.order.request
    if working.at_open and now == working.due:
        return price, TAKER
    if working.due and is_marketable(request, price, tick):
        return touch(price, tick)[request.action == "BUY"], TAKER
    limit = request.limit_price
    if limit is None:
        return None
    working.due = None  # the touch has moved away: from now on it rests
    reached = price <= limit if request.action == "BUY" else price >= limit
    return (limit, MAKER) if reached else None


def available(bar: HourBar, minute: int, share: Decimal, taken: Decimal) -> Decimal:
    """Return the whole shares that may still fill, of the bar's volume up to the end of this minute."""
    open_to_us = (share * bar.volume * (minute + 1) / bar.minutes).to_integral_value(ROUND_FLOOR)
    return max(open_to_us - taken, ZERO)


def execution(
    order: Order, exec_id: str, at: datetime, shares: Decimal, price: Decimal, venue: str, liquidity: int
) -> Execution:
    """Return one fill of an order that counts it already."""
    request = order.request
    return Execution(
        exec_id,
        at,
        request.order_id,
        request.client_id,
        order.perm_id,
        request.order_ref,
        request.account,
        request.con_id,
        SIDE_OF_ACTION[request.action],
        shares,
        price,
        order.filled,
        order.average_price,
        venue,
        liquidity,
        request.liquidation,
    )
