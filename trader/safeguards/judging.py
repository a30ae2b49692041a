"""What safeguards have in common: judging order by order, and the figures that several need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from ledger.book import Book
from ledger.events import OrderPlanned, OrderPreviewed
from ledger.nav import Unvalued
from trader.limits import Limits
from trader.projection import only_reductions, planned_orders, planned_positions, running_cycle, touch, unit_value
from trader.verdicts import Verdict

Safeguard = Callable[[Book, Limits], tuple[Verdict, ...]]


def each(book: Book, verdict: Callable[[OrderPlanned], Verdict]) -> tuple[Verdict, ...]:
    """Judge every planned order; one that cannot be judged is unknown, and the others are judged all the same."""
    return tuple(_judged(order, verdict) for order in planned_orders(book)) or (
        Verdict("pass", "every planned order", "no order planned", ""),
    )


def each_position(book: Book, verdict: Callable[[OrderPlanned], Verdict]) -> tuple[Verdict, ...]:
    """Judge every planned order but conversions of currencies, which leave no position."""
    return tuple(_judged(order, verdict) for order in planned_positions(book)) or (
        Verdict("pass", "every planned order that leaves a position", "no such order planned", ""),
    )


def _judged(order: OrderPlanned, verdict: Callable[[OrderPlanned], Verdict]) -> Verdict:
    try:
        return verdict(order)
    except Unvalued as missing:
        return Verdict("unknown", "every planned order", str(missing), "", con_id=order.con_id)


def worth(book: Book, order: OrderPlanned) -> Decimal:
    """Return what an order is worth at its limit price, or else at the far touch, in the base currency."""
    return abs(order.quantity) * unit_value(book, order.con_id, price_to_judge(book, order))


def price_to_judge(book: Book, order: OrderPlanned) -> Decimal:
    """Return an order's limit price; of one without a limit the far touch, which is what it would pay now."""
    if order.order_type != "LMT":
        return touch(book, order.con_id).far(order.quantity)
    if order.limit_price is None:
        raise Unvalued(f"{order.symbol}: the plan has no limit price")
    return order.limit_price


def judged(order: OrderPlanned) -> str:
    """Name the price that an order is judged by."""
    return "limit price" if order.order_type == "LMT" else "far touch"


def previewed(book: Book, order: OrderPlanned) -> OrderPreviewed:
    """Return what the broker's preview of an order said; raise Unvalued where it was not asked."""
    preview = running_cycle(book).previews.get(order.order_ref or "")
    if preview is None:
        raise Unvalued(f"{order.symbol}: the broker did not preview the order")
    return preview


def shrinks(book: Book) -> bool:
    """Tell whether the plan orders something, and nothing but reductions."""
    return bool(planned_orders(book)) and only_reductions(book)


def age_of(book: Book, at: datetime | None) -> int | None:
    """Return the seconds since a moment; None where nothing tells it."""
    return None if at is None else max(0, int((book.now - at).total_seconds()))
