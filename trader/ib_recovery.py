"""Bringing every order of ours to a known end: after a crash, and before anything new is decided.

`resolve` decides what a crash or a time-out left open; `clear_open_orders` cancels what still works, and believes a
cancellation only when the broker's own lists show the order gone. Both look until the lists hold still. Where the
settings say so, an order that stands at the broker as in the book is kept instead (`ib_keeping.py`), until the plan or
a safeguard says otherwise: then `withdraw` cancels it.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Sequence
from decimal import Decimal

from ledger.book import Book
from ledger.events import (
    ContractDefined,
    Fact,
    OpenOrderRow,
    OpenOrdersObserved,
    OrderCancelAttempted,
    OrderKept,
    OrderResolved,
)
from ledger.state import Order
from reconcile.inferred import without_inferred
from trader.broker import BrokerIncomplete, BrokerRefused, Told
from trader.ib_keeping import keepable
from trader.ib_orders import (
    CANCEL_ANSWERS,
    GONE,
    Picture,
    attempted_today,
    ending,
    refuse_old_copy,
    resolution,
    session_is_over,
    unheard,
)
from trader.ib_rows import contract_defined
from trader.ib_wire import Wire


def take_picture(wire: Wire) -> Picture:
    """List open orders, completed orders, executions, and open orders again, until nothing moves between the lists."""
    for look in range(wire.settings.looks_max):
        if look:
            wire.pause(wire.settings.look_step_seconds)
        before = wire.open_orders()
        completed = wire.completed_orders()
        wire.executions()
        after = wire.open_orders()
        if _identities(before) == _identities(after):
            return Picture(after, completed)
    raise BrokerIncomplete("looks-differ", f"open orders: {wire.settings.looks_max} looks, no two the same")


def _identities(rows: tuple[OpenOrderRow, ...]) -> list[tuple[int, Decimal]]:
    return sorted((row.perm_id, row.filled) for row in rows)


def resolve(wire: Wire, book: Book) -> Told:
    """Decide the undecided, and end what ended since the last cycle."""
    undecided = [order.order_ref for order in book.in_doubt]
    picture = take_picture(wire)
    if told := drained(wire, book, picture):
        yield told
    waited = 0.0
    while True:
        for ref in list(undecided):
            if decided := resolution(book, book.orders[ref], picture, wire.now()):
                undecided.remove(ref)
                yield decided
        if not undecided or waited >= wire.settings.resolve_wait_seconds:
            break
        wire.pause(wire.settings.resolve_step_seconds)
        waited += wire.settings.resolve_step_seconds
        picture = take_picture(wire)
        if told := drained(wire, book, picture):
            yield told
    if undecided:
        quantities = wire.quantities()
        yield tuple(_presume(wire, book, book.orders[ref], quantities, waited) for ref in undecided)
    yield unheard(book, (*picture.open, *picture.completed), wire.inbox.fills.values())
    yield _ended_meanwhile(wire, book, picture)


def drained(wire: Wire, book: Book, picture: Picture) -> tuple[Fact, ...]:
    """Return what was heard, after the contracts that it needs: somebody else may have traded anything."""
    wire.inbox.read()
    refuse_old_copy(book, wire.inbox, picture.open, picture.completed)
    traded = (fill.con_id for fill in wire.inbox.fills.values())
    return (*definitions(wire, traded, book.contracts), *without_inferred(book, wire.inbox.drain(book.fills)))


def definitions(wire: Wire, con_ids: Iterable[int], known: Container[int]) -> tuple[ContractDefined, ...]:
    """Define contracts that are not known yet; what IB does not know any more stays undefined."""
    missing = sorted({con_id for con_id in con_ids if con_id not in known})
    answers = wire.definitions(missing) if missing else []
    whole = (answer for answer in answers if not isinstance(answer, BaseException) and len(answer) == 1)
    return tuple(contract_defined(answer[0]) for answer in whole)


def _presume(wire: Wire, book: Book, order: Order, quantities: dict[int, Decimal], waited: float) -> OrderResolved:
    """Close an order that is nowhere, if its day lasts and its position never moved; else leave it in doubt.

    A pair of currencies has no position that could tell.
    """
    held, own = quantities.get(order.con_id, Decimal(0)), book.positions.get(order.con_id, Decimal(0))
    where = f"neither open, completed nor executed for {waited:.0f} s"
    is_held = order.con_id not in book.contracts or book.contracts[order.con_id].security_type != "CASH"
    if attempted_today(order, wire.now()) and is_held and held == own and not order.filled and not order.perm_ids:
        evidence = f"{where}, and the position is {held} on both sides"
        return OrderResolved(order_ref=order.order_ref, outcome="not_sent", evidence=evidence)
    evidence = f"{where}; the position is {held}, own {own}; attempted {order.attempted_at:%Y-%m-%d}"
    return OrderResolved(order_ref=order.order_ref, outcome="unknown", evidence=evidence)


def _ended_meanwhile(wire: Wire, book: Book, picture: Picture) -> tuple[Fact, ...]:
    """End the working orders that are not open any more: they were cancelled, or their session is past."""
    ended: list[Fact] = []
    for order in book.working_orders:
        if order.status == "attempted" or picture.open_rows(order.order_ref):
            continue
        completed = picture.completed_as_one(order.order_ref)
        is_done = completed is not None and completed.filled == abs(order.filled)
        if is_done or session_is_over(book, order, wire.now()):
            ended.append(ending(book, order, completed, wire.now(), "not open any more"))
    return tuple(ended)


def clear_open_orders(wire: Wire, book: Book) -> Told:
    """Cancel ours until the broker's state shows them gone. A fill on the way is booked."""
    rows = wire.open_orders()
    told = drained(wire, book, Picture(rows, ()))
    yield (*told, OpenOrdersObserved(rows=rows))
    if wire.settings.dry_run or book.recovery is not None:  # an order of a newer log is not this one's to cancel
        return
    ours = tuple(row for row in rows if may_work(book, row))
    kept = keepable(wire, book, ours)
    yield tuple(
        OrderKept(order_ref=row.order_ref, perm_id=row.perm_id, limit_price=row.limit_price, filled=row.filled)
        for row in kept
    )
    for row in kept:
        wire.inbox.expect(row.order_id)  # its end would be heard while waiting for fills
    yield from cancel_rows(wire, book, [row for row in ours if row not in kept])


def withdraw(wire: Wire, book: Book, order_refs: Collection[str]) -> Told:
    """Cancel some working orders of ours until the broker's state shows them gone."""
    if not order_refs:
        return
    rows = wire.open_orders()
    if told := drained(wire, book, Picture(rows, ())):
        yield told
    ours = [row for row in rows if row.order_ref in order_refs and may_work(book, row)]
    yield from cancel_rows(wire, book, ours, {ref for ref in order_refs if not book.orders[ref].ended})


def cancel_rows(wire: Wire, book: Book, rows: Sequence[OpenOrderRow], refs: Iterable[str] = ()) -> Told:
    """Cancel each row, then confirm that nothing works under their references, and others."""
    for row in rows:
        if row.client_id != wire.settings.client_id:
            found = f"order {row.order_ref}: placed by client {row.client_id}, this is {wire.settings.client_id}"
            raise BrokerRefused("client-id-changed", found)
        yield OrderCancelAttempted(order_ref=row.order_ref, order_id=row.order_id, perm_id=row.perm_id)
        _cancel(wire, row.order_id)
    yield from _confirm(wire, book, {row.order_ref for row in rows} | set(refs))


def may_work(book: Book, row: OpenOrderRow) -> bool:
    """Tell whether a listed order is ours and may still fill: one that is filled may be listed for a while.

    Each that the broker made of an order has fills of its own: the first may be whole, and a second still work.
    """
    own = (f.quantity for f in book.fills.values() if (f.order_ref, f.perm_id) == (row.order_ref, row.perm_id))
    return row.order_ref in book.orders and abs(sum(own, Decimal(0))) < abs(row.quantity)


def _cancel(wire: Wire, order_id: int) -> None:
    """Ask, and wait until anything is said; what is said is not believed before the lists agree."""
    news = wire.inbox.expect(order_id)
    wire.cancel(order_id)

    def answered() -> bool:
        return news.status in GONE or any(code in CANCEL_ANSWERS for code, _ in news.errors)

    wire.wait(answered, wire.settings.acknowledge_timeout_seconds)


def _confirm(wire: Wire, book: Book, refs: set[str]) -> Told:
    for look in range(wire.settings.looks_max):
        if not refs:
            return
        if look:
            wire.pause(wire.settings.look_step_seconds)
        picture = take_picture(wire)
        if told := drained(wire, book, picture):
            yield told
        gone = {ref for ref in refs if not any(may_work(book, row) for row in picture.open_rows(ref))}
        ended = (book.orders[ref] for ref in sorted(gone) if book.orders[ref].status != "filled")
        yield tuple(
            ending(book, order, picture.completed_as_one(order.order_ref), wire.now(), "cancelled by us")
            for order in ended
        )
        refs -= gone
    if refs:
        found = f"{', '.join(sorted(refs))}: still open after {wire.settings.looks_max} looks"
        raise BrokerIncomplete("cancel-unconfirmed", found)
