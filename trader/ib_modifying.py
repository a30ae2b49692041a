"""Changing the limit of a working order in place, so that it keeps what it has filled, and its turn.

Only an order that this cycle kept is changed (`ib_keeping.py`), only its limit, with all its terms told again, and only
once a cycle. What came of it is read off the broker's open orders: a change that was sent over a failing link may have
become a second order. Then every one of it is cancelled; if nothing is certain, the order stays in doubt.
"""

from __future__ import annotations

from ledger.book import Book
from ledger.events import (
    ContractDefined,
    OpenOrderRow,
    OrderModified,
    OrderModifyRefused,
    OrderPlanned,
)
from ledger.state import Order
from trader.broker import Told, change_of
from trader.ib_inbox import OrderNews
from trader.ib_orders import refusal, resolution, unheard
from trader.ib_recovery import cancel_rows, drained, may_work, take_picture, withdraw
from trader.ib_wire import Wire


def modify(wire: Wire, book: Book, planned: OrderPlanned, contract: ContractDefined) -> Told:
    """Tell the intent, send the change once resumed, and tell what the broker's open orders say of it."""
    order = book.orders[str(planned.order_ref)]
    if wire.inbox.disturbed or planned.limit_price is None:  # the link failed since the order was kept
        yield from withdraw(wire, book, (order.order_ref,))
        return
    built = wire.build(planned.model_copy(update={"quantity": order.quantity}))
    yield change_of(planned, order)
    news = wire.inbox.expect(order.order_id)
    wire.place(order.order_id, contract, built)
    wire.wait(lambda: news.messages > 0, wire.settings.acknowledge_timeout_seconds)
    wire.echo()  # what belongs to the first message has arrived before this answer
    yield from _outcome(wire, book, planned, news)
    wire.inbox.expect(order.order_id)  # a refusal of the change is none of the order


def _outcome(wire: Wire, book: Book, planned: OrderPlanned, news: OrderNews) -> Told:
    """Look at the broker's lists until they decide; nothing told of the change: the order is in doubt."""
    ref = str(planned.order_ref)
    for look in range(wire.settings.looks_max):
        if look:
            wire.pause(wire.settings.look_step_seconds)
        picture = take_picture(wire)
        told = (*drained(wire, book, picture), *unheard(book, picture.open, wire.inbox.fills.values()))
        if told:
            yield told
        order, rows = book.orders[ref], tuple(row for row in picture.open_rows(ref) if may_work(book, row))
        if order.ended:
            return  # it filled meanwhile
        if len(rows) > 1 or len(order.perm_ids) > 1:
            yield from cancel_rows(wire, book, rows, (ref,))
            return
        decided = _decided(order, rows, planned, news) if rows else resolution(book, order, picture, wire.now())
        if decided:
            yield decided
            return


def _decided(
    order: Order, rows: tuple[OpenOrderRow, ...], planned: OrderPlanned, news: OrderNews
) -> tuple[OrderModified | OrderModifyRefused, ...]:
    """Say what the one open row shows: the new limit, or the old one beside a refusal."""
    (row,), refused = rows, refusal(news)
    if planned.limit_price is not None and row.limit_price == planned.limit_price:
        return (OrderModified(order_ref=order.order_ref, limit_price=planned.limit_price),)
    if refused is not None and row.limit_price == order.limit_price:
        return (OrderModifyRefused(order_ref=order.order_ref, code=refused[0], reason=refused[1]),)
    return ()
