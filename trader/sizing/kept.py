"""What the plan makes of orders that work already: kept where it wants just what is left of them, else withdrawn.

A kept order is planned under its own reference, with what is left of it, so that every safeguard judges it as if it
were new. Its limit may differ, and is then changed in place; with any other difference it is withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from ledger.book import Book
from ledger.events import OrderPlanned
from ledger.state import Order

SHARE_UNIT = Decimal("1e-6")  # of a strategy's share of an order: less is rounding


def with_kept(book: Book, rows: Iterable[OrderPlanned]) -> tuple[OrderPlanned, ...]:
    """Return the plan with the references of the orders that work already and that it wants as they are."""
    kept = {order.con_id: order for order in book.kept_orders}
    return tuple(_as_kept(kept[row.con_id], row) if row.con_id in kept else row for row in rows)


def _as_kept(order: Order, row: OrderPlanned) -> OrderPlanned:
    terms = (row.order_type, row.tif, row.algo, row.algo_priority)
    waits = row.proceeds_needed > 0  # it may not work before they came
    if row.action == "NOTHING" or waits or (row.quantity, terms) != (order.remaining, order.terms):
        return row
    if not _is_of_the_same(order, row):
        return row  # what it fills is booked to those who wanted it when it left
    change = "" if row.limit_price == order.limit_price else f", limit {order.limit_price} to {row.limit_price}"
    return row.model_copy(update={"order_ref": order.order_ref, "reason": f"{row.reason}; works already{change}"})


def _is_of_the_same(order: Order, row: OrderPlanned) -> bool:
    """Tell whether the strategies that want a row now are those of the order, to the same shares."""
    then = {name: units * row.quantity for name, units in order.parts if units}
    now = {part.strategy: part.quantity * order.quantity for part in row.parts if part.quantity}
    return then.keys() == now.keys() and all(abs(then[name] - now[name]) <= SHARE_UNIT * abs(now[name]) for name in now)


def unwanted(book: Book, plan: Iterable[object]) -> tuple[str, ...]:
    """Name the orders that work already and that a plan does not want as they are."""
    wanted = {row.order_ref for row in plan if isinstance(row, OrderPlanned)}
    return tuple(order.order_ref for order in book.kept_orders if order.order_ref not in wanted)
