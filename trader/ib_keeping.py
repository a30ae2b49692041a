"""Which working orders may be left at the broker while a cycle decides: those that leave nothing to doubt.

An order is kept only over a link that was whole since the session began, if the broker acknowledged exactly one of it
and lists exactly that one, as the book has it. Anything else is cancelled to confirmation, and planned anew.
To ask for more: another condition in `_stands_as_known`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ledger.book import Book
from ledger.events import OpenOrderRow
from trader.ib_wire import Wire

WORKING = frozenset({"Submitted", "PreSubmitted"})  # the broker's words for an order that nothing holds up


def keepable(wire: Wire, book: Book, ours: Sequence[OpenOrderRow]) -> tuple[OpenOrderRow, ...]:
    """Return the open rows that may be left as they are; none where the settings say that orders are cancelled."""
    cycle = book.cycle
    if wire.settings.open_orders != "modify" or wire.inbox.disturbed or cycle is None:
        return ()
    if cycle.started.kind != "trade" or book.halted is not None or book.in_doubt:
        return ()
    on_contract = Counter(row.con_id for row in ours)
    return tuple(row for row in ours if on_contract[row.con_id] == 1 and _stands_as_known(wire, book, row))


def _stands_as_known(wire: Wire, book: Book, row: OpenOrderRow) -> bool:
    """Tell whether the broker shows an order exactly as the book has it."""
    order, cycle = book.orders[row.order_ref], book.cycle
    if order.status != "working" or order.cancel_asked or order.change_asked or not order.terms:
        return False
    told = (row.con_id, row.order_id, row.client_id, row.quantity, row.limit_price, row.filled, (row.perm_id,))
    known = (
        order.con_id, order.order_id, wire.settings.client_id, order.quantity, order.limit_price, abs(order.filled),
        order.perm_ids,
    )  # fmt: skip
    is_of_today = cycle is not None and order.session_day == cycle.started.session_day
    return told == known and row.status in WORKING and is_of_today
