"""What each order is worth, and which has to wait until reductions have brought what it costs.

Pure. There is room for as much growth as the larger of NAV (less the reserve) and the gross value after the plan leaves
above today's gross value. What the orders that grow positions come to beyond it, in the order in which they may leave,
is what this cycle's reductions must have brought first: an account without debts stays one at every moment, and one
that borrows never borrows more on the way than where the plan leads. Orders at the close fill in one auction, and wait
for nothing. A purchase that waited a cycle in vain is cut to the room there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ledger.events import OrderPlanned
from ledger.lots import ZERO
from ledger.sending import SHRINKS, in_line, place_in_line, shrinkage
from trader.projection import gross_value, running_cycle, unit_value
from trader.safeguards.judging import worth
from trader.sizing.units import in_lots
from trader.sizing.wishes import Frame


def with_needs(frame: Frame, rows: tuple[OrderPlanned, ...]) -> tuple[OrderPlanned, ...]:
    """Return the plan with the worth of each order, and what it needs of the others' proceeds."""
    rows = tuple(_settled(frame, rows))
    told = {row.con_id: row for row in _in_line(frame, rows)}
    return tuple(told.get(row.con_id, row) for row in rows)


def _in_line(frame: Frame, rows: tuple[OrderPlanned, ...]) -> Iterator[OrderPlanned]:
    """Yield the orders as they may leave, each with what those before it and itself need beyond the room."""
    units = {row.con_id: _unit(frame, row) for row in rows if row.order_ref is not None}
    growth = {row.con_id: -shrinkage(row.held, row.quantity) * units[row.con_id] for row in in_line(rows)}
    after, wanted = gross_value(frame.book, rows), ZERO
    room = max(max(frame.invested, after) - (after - sum(growth.values(), ZERO)), ZERO)
    for row in in_line(rows):
        unit, grown = units[row.con_id], growth[row.con_id]
        if wanted + max(grown, ZERO) > room and (cut := _cut(frame, row, unit, room - wanted)):
            row, grown = cut, abs(cut.quantity) * unit  # noqa: PLW2901 - what leaves instead
        wanted += max(grown, ZERO)
        need = max(wanted - room, ZERO) if grown > 0 and row.order_type != "MOC" else ZERO
        reason = f"{row.reason}; after {need:.2f} of proceeds" if need else row.reason
        update = {"notional": abs(row.quantity) * unit, "proceeds_needed": need, "reason": reason}
        yield row.model_copy(update=update)


def _settled(frame: Frame, rows: tuple[OrderPlanned, ...]) -> Iterator[OrderPlanned]:
    """Yield the plan with the purchases that settled cash pays for, where nothing else may: sales settle days later."""
    margin = frame.book.reported.margin
    left = margin.settled_cash if frame.sizing.limits.settled_cash_only and margin is not None else None
    for row in rows:
        if left is None or row.action != "BUY":
            yield row
        elif (cost := worth(frame.book, row)) <= left:
            left -= cost
            yield row
        else:
            reason = f"{row.reason}; {cost:.2f} to pay, {left:.2f} of settled cash left"
            update = {"action": "NOTHING", "quantity": ZERO, "limit_price": None, "order_ref": None, "reason": reason}
            yield row.model_copy(update=update)


def _cut(frame: Frame, row: OrderPlanned, unit: Decimal, room: Decimal) -> OrderPlanned | None:
    """Return as much of an order as there is room for, if it waited in vain before and the rest is worth an order."""
    if row.con_id not in running_cycle(frame.book).waited or place_in_line(row) == SHRINKS or row.order_type == "MOC":
        return None
    quantity, limits = in_lots(frame.book.contracts.get(row.con_id), max(room, ZERO) / unit), frame.sizing.limits
    if quantity * unit < max(limits.min_order_notional, limits.no_trade_band * frame.nav) or not quantity:
        return None
    reason = f"{row.reason}; {quantity} of {abs(row.quantity)} now: the rest waits for proceeds"
    return row.model_copy(update={"quantity": quantity.copy_sign(row.quantity), "reason": reason})


def _unit(frame: Frame, row: OrderPlanned) -> Decimal:
    """Return what one unit is worth at the price that the quantity was computed from."""
    if row.reference_price is None:
        raise ValueError(f"order {row.order_ref}: expected the price that it was computed from, found none")
    return unit_value(frame.book, row.con_id, row.reference_price)
