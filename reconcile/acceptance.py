"""What accepting a break records: the broker's word is taken, against suspense, and the lock falls."""

from __future__ import annotations

from decimal import Decimal, localcontext

from ledger.events import BreakAccepted, BreakFound, CashAdjusted, Fact, OrderResolved, PositionAdjusted
from ledger.lots import EXACT, allocate
from ledger.nav import Unvalued, mark
from ledger.state import Break, Impossible, State


def acceptance(book: State, break_id: str, why: str) -> tuple[Fact, ...]:
    """Return one batch: the acceptance, and the adjustment that makes the halves match.

    Raises Impossible for a break that is not open, and Unvalued for a position whose worth nobody ever told.
    """
    found = _open_break(book, break_id).found
    accepted = BreakAccepted(break_id=break_id, why=why)
    with localcontext(EXACT):
        return (accepted, *_adjustment(book, found, why))


def _open_break(book: State, break_id: str) -> Break:
    known = book.breaks.get(break_id)
    if known is None or known.status != "open":
        listed = ", ".join(b.found.break_id for b in book.open_breaks) or "none"
        is_now = known.status if known is not None else "no such break"
        raise Impossible(f"break {break_id}: expected an open break ({listed}), found {is_now}")
    return known


def _adjustment(book: State, found: BreakFound, why: str) -> tuple[Fact, ...]:
    match found:
        case BreakFound(kind="cash", currency=str(currency), difference=Decimal() as amount):
            return (CashAdjusted(break_id=found.break_id, amount=amount, currency=currency, why=why),)
        case BreakFound(kind="position", con_id=int(con_id), difference=Decimal() as units):
            contract = book.contracts.get(con_id)
            if contract is None:
                raise Impossible(f"break {found.break_id}: contract {con_id} is not defined; run a cycle, then accept")
            worth = _worth(book, con_id, units, contract.multiplier)
            return (
                PositionAdjusted(
                    break_id=found.break_id,
                    con_id=con_id,
                    quantity=units,
                    amount=worth,
                    currency=contract.currency,
                    why=why,
                ),
            )
        case BreakFound(kind="order", subject=order_ref) if order_ref in {order.order_ref for order in book.in_doubt}:
            return (OrderResolved(order_ref=order_ref, outcome="not_sent", evidence=f"the operator says so: {why}"),)
        case _:
            return ()


def _worth(book: State, con_id: int, units: Decimal, multiplier: Decimal) -> Decimal:
    """Value units at the mark; where IB told none, at its average cost, or at our own."""
    try:
        return units * mark(book, con_id) * multiplier
    except Unvalued:
        row = (book.reported.positions or {}).get(con_id)
        if row is not None:
            return units * row.average_cost
        own = book.holdings.get(con_id)
        if own is None or not own.quantity:
            raise
        return allocate(own.gross_basis, units, own.quantity)
