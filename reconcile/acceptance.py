"""What accepting a break records: the broker's word is taken, against suspense, and the lock falls."""

from __future__ import annotations

from decimal import localcontext

from ledger.events import BreakAccepted, CashAdjusted, Fact, PositionAdjusted
from ledger.lots import EXACT, allocate
from ledger.nav import mark
from ledger.state import Break, Impossible, State


def acceptance(book: State, break_id: str, why: str) -> tuple[Fact, ...]:
    """Return one batch: the acceptance, and the adjustment that makes the halves match.

    Raises Impossible for a break that is not open, and Unvalued for a position that has no mark.
    """
    known = book.breaks.get(break_id)
    if known is None or known.status != "open":
        listed = ", ".join(b.found.break_id for b in book.open_breaks) or "none"
        raise Impossible(
            f"break {break_id}: expected an open break ({listed}), found {known.status if known else 'no such break'}"
        )
    accepted = BreakAccepted(break_id=break_id, why=why)
    with localcontext(EXACT):
        return (accepted, *_adjustment(book, known, why))


def _adjustment(book: State, known: Break, why: str) -> tuple[Fact, ...]:
    found = known.found
    if found.difference is None:
        return ()
    if found.kind == "cash" and found.currency is not None:
        return (CashAdjusted(break_id=found.break_id, amount=found.difference, currency=found.currency, why=why),)
    if found.kind == "position" and found.con_id is not None:
        contract = book.contracts.get(found.con_id)
        if contract is None:
            raise Impossible(
                f"break {found.break_id}: contract {found.con_id} is not defined; run a cycle, then accept"
            )
        units = found.difference
        amount = allocate(units * mark(book, found.con_id) * contract.multiplier, units, units)
        return (
            PositionAdjusted(
                break_id=found.break_id,
                con_id=found.con_id,
                quantity=units,
                amount=amount,
                currency=contract.currency,
                why=why,
            ),
        )
    return ()
