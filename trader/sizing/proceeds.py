"""What each order is worth, and which has to wait until reductions have brought what it costs.

Pure. There is room for as much growth as the larger of NAV (less the reserve) and the gross value after the plan leaves
above today's gross value. What the orders that grow positions come to beyond it, in the order in which they may leave,
is what this cycle's reductions must have brought first: an account without debts stays one at every moment, and one
that borrows never borrows more on the way than where the plan leads.
"""

from __future__ import annotations

from decimal import Decimal

from ledger.events import OrderPlanned
from ledger.lots import ZERO
from ledger.sending import in_line, shrinkage
from trader.projection import gross_value, unit_value
from trader.sizing.wishes import Frame


def with_needs(frame: Frame, rows: tuple[OrderPlanned, ...]) -> tuple[OrderPlanned, ...]:
    """Return the plan with the worth of each order, and what it needs of the others' proceeds."""
    units = {row.con_id: _unit(frame, row) for row in rows if row.order_ref is not None}
    growth = {row.con_id: -shrinkage(row.held, row.quantity) * units[row.con_id] for row in in_line(rows)}
    after = gross_value(frame.book, rows)
    room = max(max(frame.invested, after) - (after - sum(growth.values(), ZERO)), ZERO)
    needs, wanted = dict[int, Decimal](), ZERO
    for con_id, grown in growth.items():
        if grown > 0:
            wanted += grown
            needs[con_id] = max(wanted - room, ZERO)
    return tuple(
        row if row.order_ref is None else _told(row, units[row.con_id], needs.get(row.con_id, ZERO)) for row in rows
    )


def _told(row: OrderPlanned, unit: Decimal, need: Decimal) -> OrderPlanned:
    reason = f"{row.reason}; after {need:.2f} of proceeds" if need else row.reason
    return row.model_copy(update={"notional": abs(row.quantity) * unit, "proceeds_needed": need, "reason": reason})


def _unit(frame: Frame, row: OrderPlanned) -> Decimal:
    """Return what one unit is worth at the price that the quantity was computed from."""
    if row.reference_price is None:
        raise ValueError(f"order {row.order_ref}: expected the price that it was computed from, found none")
    return unit_value(frame.book, row.con_id, row.reference_price)
