"""Which planned order may leave next, and why one does not: reductions first, growth as far as there is room for it.

Pure: a plan and the orders that came of it. What shrinks a position brings proceeds as it fills, counted by what the
gross value of the positions shrinks by at the plan's prices; an order whose `proceeds_needed` they do not reach yet
waits. The plan says how much that is (`trader/sizing/proceeds.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import ROUND_DOWN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext

from ledger.events import OrderDeferred, OrderPlanned
from ledger.orders import Order

ZERO = Decimal(0)
# Quotients are of an exact product, by one of its factors, or rounded down: never more than was sold.
PROCEEDS = Context(prec=60, rounding=ROUND_DOWN, traps=[InvalidOperation, DivisionByZero, Overflow])
SHRINKS, SELLS, BUYS = range(3)
Orders = Mapping[str, Order]


def place_in_line(planned: OrderPlanned) -> int:
    """Tell when an order may leave: what shrinks a position first, then what is sold short, then what is bought."""
    if planned.held * planned.quantity < 0:
        return SHRINKS
    return SELLS if planned.quantity < 0 else BUYS


def in_line(plan: Sequence[OrderPlanned]) -> tuple[OrderPlanned, ...]:
    """Return the orders of a plan as they may leave, one after the other."""
    return tuple(sorted((row for row in plan if row.order_ref is not None), key=place_in_line))


def next_planned(plan: Sequence[OrderPlanned], orders: Orders, kept: Collection[str] = ()) -> OrderPlanned | None:
    """Return the next order to place, or of those that were kept to change, that nothing keeps back."""
    left = (row for row in in_line(plan) if str(row.order_ref) not in orders or _is_to_change(row, orders, kept))
    return next((row for row in left if not _keeps_back(plan, orders, row)), None)


def _is_to_change(planned: OrderPlanned, orders: Orders, kept: Collection[str]) -> bool:
    """Tell whether a planned order works already, at another limit."""
    order = orders[str(planned.order_ref)]
    works = order.order_ref in kept and order.status == "working" and not order.cancel_asked
    return works and order.limit_price != planned.limit_price


def kept_back(plan: Sequence[OrderPlanned], orders: Orders, kept: Collection[str]) -> tuple[str, ...]:
    """Name the orders that worked already and that may not any more: not planned again, or kept back since."""
    rows = {row.order_ref: row for row in plan if row.order_ref is not None}
    return tuple(ref for ref in kept if ref not in rows or _keeps_back(plan, orders, rows[ref]))


def deferred(plan: Sequence[OrderPlanned], orders: Orders) -> tuple[OrderDeferred, ...]:
    """Say of each order that was not attempted what kept it back; nothing of those that nothing keeps back."""
    left = (row for row in in_line(plan) if str(row.order_ref) not in orders)
    reasons = ((row, _keeps_back(plan, orders, row)) for row in left)
    return tuple(OrderDeferred(order_ref=str(row.order_ref), reason=reason) for row, reason in reasons if reason)


def waiting_for_proceeds(plan: Sequence[OrderPlanned], told: Sequence[OrderDeferred]) -> tuple[int, ...]:
    """Name the contracts of a plan whose orders were deferred, and needed the proceeds of others."""
    refs = {one.order_ref for one in told}
    return tuple(row.con_id for row in plan if row.order_ref in refs and row.proceeds_needed)


def _keeps_back(plan: Sequence[OrderPlanned], orders: Orders, planned: OrderPlanned) -> str:
    """Say why an order waits, or nothing.

    Once a reduction came to nothing, none that grows a position follows: the plan's leverage counted on it.
    """
    if place_in_line(planned) != SHRINKS:
        for row in plan:
            order = orders.get(row.order_ref or "")
            if order is not None and place_in_line(row) == SHRINKS and order.ended and order.remaining:
                return f"{row.symbol}, which was to shrink first, came to nothing"
    if planned.proceeds_needed > (brought := proceeds(plan, orders)):
        return f"waits for proceeds of {planned.proceeds_needed:.2f}: {brought:.2f} came"
    return ""


def proceeds(plan: Sequence[OrderPlanned], orders: Orders) -> Decimal:
    """Return what reductions have brought so far, in the base currency at the plan's prices."""
    with localcontext(PROCEEDS):
        return sum((_brought(row, orders.get(row.order_ref or "")) for row in plan), ZERO)


def _brought(planned: OrderPlanned, order: Order | None) -> Decimal:
    """Return by how much an order's fills shrank its position for good: a flip that fills on grows it again.

    What is planned of an order that worked already is what was left of it then.
    """
    if order is None or not planned.notional:
        return ZERO
    filled = planned.quantity - order.remaining
    units = min(shrinkage(planned.held, filled), shrinkage(planned.held, planned.quantity))
    return max(units, ZERO) * planned.notional / abs(planned.quantity)


def shrinkage(held: Decimal, change: Decimal) -> Decimal:
    """Return by how many units a change brings a position nearer to flat; below zero if it grows."""
    return abs(held) - abs(held + change)
