"""Orders that the broker would not have: after the second in a session, a contract rests until the next one.

A refusal is an order that was rejected, or that somebody but us cancelled before any of it filled. The plan of the next
cycle is its one re-submission.
"""

from __future__ import annotations

from datetime import date

from ledger.orders import Order
from ledger.state import State

REFUSALS_A_DAY_MAX = 2


def is_refusal(order: Order) -> bool:
    """Tell whether the broker would not have an order."""
    return order.status == "rejected" or (order.status == "cancelled" and not order.cancel_asked and not order.filled)


def refusals(book: State, con_id: int, day: date) -> tuple[Order, ...]:
    """Return what was refused of a contract in a session, oldest first."""
    orders = (order for order in book.orders.values() if (order.con_id, order.session_day) == (con_id, day))
    return tuple(order for order in orders if is_refusal(order))


def rests(book: State, con_id: int, day: date) -> str:
    """Say why a contract is not ordered again in a session; nothing if it may be."""
    refused = refusals(book, con_id, day)
    if len(refused) < REFUSALS_A_DAY_MAX:
        return ""
    return f"refused {len(refused)} times today, it rests until the next session: {refused[-1].ended_reason}"


def resting(book: State, day: date) -> dict[int, str]:
    """Return every contract that rests in a session, and why."""
    traded = dict.fromkeys(order.con_id for order in book.orders.values() if order.session_day == day)
    return {con_id: why for con_id in traded if (why := rests(book, con_id, day))}
