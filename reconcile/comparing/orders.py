"""What somebody else traded or orders, and orders of ours that do not add up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from ledger.events import decimal_text, execution_base
from ledger.paid import paid
from ledger.references import is_ours
from ledger.state import ZERO, Break, Fill, Order, State
from reconcile.comparing.finding import Finding
from reconcile.comparing.names import INFERRED, symbol
from reconcile.tolerances import Tolerances

PRESUMED_FOR = timedelta(minutes=30)  # longer than a slot is due, shorter than the way to the next one


def foreign_trades(book: State, _: Tolerances) -> Iterator[Finding]:
    """Tell each once: it is booked, because it happened, and locks its contract until accepted."""
    told = {base for b in book.breaks.values() if b.found.kind == "foreign_trade" for base in _evidence(b)}
    groups: dict[tuple[int, int], list[Fill]] = {}
    for base, fill in book.fills.items():
        # What was inferred was accepted with it, or booked by a rule: it is no news.
        if fill.foreign and not fill.busted and base not in told and not base.startswith(INFERRED):
            groups.setdefault((fill.con_id, fill.perm_id), []).append(fill)
    for fills in groups.values():
        yield _foreign_trade(book, fills)


def _evidence(known: Break) -> tuple[str, ...]:
    return () if known.explanation is None else known.explanation.evidence


def _foreign_trade(book: State, fills: list[Fill]) -> Finding:
    con_id = fills[0].con_id
    quantity = sum((fill.quantity for fill in fills), ZERO)
    held = book.positions.get(con_id, ZERO)
    name = symbol(book, con_id)
    parts = (
        f"{decimal_text(fill.quantity)} {name} at {decimal_text(fill.price)} "
        f"({decimal_text(paid(book, fill.con_id, fill.quantity, fill.price))} {fill.currency})"
        for fill in fills
    )
    charged = ", ".join(_commission_text(fill) for fill in fills)
    cause, whose = _whose(fills[0])
    text = f"{'bought' if quantity > 0 else 'sold'} {whose}: {', '.join(parts)}; commission {charged}"
    bases = tuple(execution_base(fill.execution_id)[0] for fill in fills)
    return Finding(
        "foreign_trade", bases[0], "lock", held - quantity, held, con_id=con_id, currency=fills[0].currency, text=text,
        cause=cause, certain=True, evidence=bases,
    )  # fmt: skip


def _whose(fill: Fill) -> tuple[str, str]:
    """Name whose trade one is that is not ours: what is traded by hand bears client 0."""
    if fill.liquidation:
        return "broker liquidation", "by the broker, to end a shortage of margin"
    if fill.client_id:
        return "other client's trade", f"outside tallybook, by client {fill.client_id}"
    return "foreign trade", "outside tallybook"


def _commission_text(fill: Fill) -> str:
    if fill.commission is None:
        return "pending"
    return f"{decimal_text(fill.commission)} {fill.commission_currency}"


def foreign_orders(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """Orders that work at the broker and that the log does not know: they may change the position at any moment.

    One that bears our prefix is never left alone: another copy of us placed it.
    """
    for row in book.reported.open_orders or ():
        is_left = tolerances.foreign_orders == "leave" and not is_ours(row.order_ref, book.account)
        if row.order_ref not in book.orders and not is_left:
            what = f"{decimal_text(row.quantity)} {row.symbol}"
            text = f"an order that is not ours works: {what}, client {row.client_id}, {row.status}"
            name = f"perm id {row.perm_id}" if row.perm_id else f"client {row.client_id}, order id {row.order_id}"
            subject = str(row.perm_id) if row.perm_id else name  # one of another client may have no permanent id yet
            yield Finding(
                "foreign_order", subject, "lock", con_id=row.con_id, text=text, cause="foreign order", certain=True,
                evidence=(name,),
            )  # fmt: skip


def orders(book: State, _: Tolerances) -> Iterator[Finding]:
    """Hold each order against its executions: they add up, not to too much, and nothing that ended works."""
    working = {row.order_ref for row in book.reported.open_orders or ()}
    for order in book.orders.values():
        executed, told = abs(order.filled), _filled_by_order(order)
        if doubt := _doubt(book, order):
            text = f"order {order.order_ref}: {doubt}"
            yield Finding("order", order.order_ref, "lock", con_id=order.con_id, text=text)
        elif order.ended and executed < abs(order.quantity) and order.order_ref in working:
            text = f"order {order.order_ref}: the book says {order.status}, the broker that it works"
            yield Finding("order", order.order_ref, "lock", con_id=order.con_id, text=text)
        elif told is not None and told != executed:
            text = f"order {order.order_ref}: executions say {decimal_text(executed)}, the order {decimal_text(told)}"
            yield Finding("order", order.order_ref, "lock", executed, told, con_id=order.con_id, text=text)


def _doubt(book: State, order: Order) -> str:
    """Say what is not certain of an order: whether it arrived, or how often.

    One that a crash left undecided over the end of its session can be decided by the operator alone. One that is
    nowhere at the broker may still appear: its contract rests until another slot decides anew.
    """
    today = book.cycle.started.session_day if book.cycle is not None else None
    if len(order.perm_ids) > 1:
        return f"the broker made {len(order.perm_ids)} of it, permanent ids {', '.join(map(str, order.perm_ids))}"
    if order.status == "attempted" and today is not None and order.session_day < today:
        return f"attempted on {order.session_day}, and nothing was heard of it since"
    if order.status == "attempted" and order.ended_reason:
        return f"it is not found at the broker: {order.ended_reason}"
    if order.status == "not_sent" and not order.perm_ids and book.now - order.attempted_at < PRESUMED_FOR:
        return "it is presumed never sent, but might still appear; its contract rests until the next slot"
    return ""


def _filled_by_order(order: Order) -> Decimal | None:
    """Return how much the order itself says that it filled, a magnitude; None while it says nothing."""
    if abs(order.filled) > abs(order.quantity):
        return abs(order.quantity)
    if order.filled_reported is None and order.status == "filled":
        return abs(order.quantity)
    if order.status in ("not_sent", "rejected"):
        return ZERO
    return order.filled_reported


def corporate_actions(book: State, _: Tolerances) -> Iterator[Finding]:
    """Actions that need the operator's choice: both halves may agree, and yet the lots cannot be known."""
    for key, action in book.pending_actions.items():
        text = f"{symbol(book, action.con_id)}: {action.description}"
        yield Finding(
            "corporate_action", key, "lock", con_id=action.con_id, text=text, cause="corporate action", certain=True,
            evidence=(key,),
        )  # fmt: skip
