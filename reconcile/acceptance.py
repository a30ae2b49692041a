"""What accepting a break records: what explains it; its amount against suspense, where the operator says so."""

from __future__ import annotations

from decimal import Decimal, localcontext

from ledger.book import Book
from ledger.events import (
    BreakAccepted,
    BreakFound,
    CashAdjusted,
    Fact,
    MergerApplied,
    OrderResolved,
    PositionAdjusted,
    decimal_text,
)
from ledger.lots import EXACT, allocate
from ledger.nav import Unvalued, mark
from ledger.state import ZERO, Break, Impossible, State
from reconcile.candidates import Origin
from reconcile.comparisons import Finding
from reconcile.explain import explained
from reconcile.tolerances import RETAIL, Tolerances


class Unexplained(Impossible):
    """Nothing explains a break, and the operator did not say that suspense shall."""


def acceptance(
    book: Book,
    break_id: str,
    why: str,
    tolerances: Tolerances = RETAIL,
    *,
    as_suspense: bool = False,
    basis_to_cash: Decimal | None = None,
) -> tuple[Fact, ...]:
    """Return one batch: the acceptance, and the facts that make the halves match.

    They are what explains the break, provisional until the statement confirms them; `as_suspense` books the difference
    itself instead; `basis_to_cash` is the choice that a merger for cash and shares needs. Raises Unexplained for a
    break that nothing explains, unless `as_suspense`; Impossible for one that is not open, and Unvalued for a position
    whose worth nobody ever told.
    """
    found = _open_break(book, break_id).found
    accepted = BreakAccepted(break_id=break_id, why=why)
    with localcontext(EXACT):
        if found.kind == "corporate_action":
            chosen = _chosen(book, found, basis_to_cash, as_suspense=as_suspense)
            book.supposing(chosen)  # a choice that cannot be is refused here; of the broker's word it would be a break
            return (*chosen, accepted)
        candidate = None if as_suspense else explained(book, _finding(found), tolerances, Origin("operator", break_id))
        if candidate is not None:
            return (accepted, *candidate.facts)
        adjustment = _adjustment(book, found, why)
        if adjustment:
            _require_lasting(book, found, tolerances)
        if not as_suspense and any(isinstance(fact, CashAdjusted | PositionAdjusted) for fact in adjustment):
            raise Unexplained(
                f"break {break_id}: expected an explanation, found none; the account statement may tell (tallybook "
                f"import FILE); to take the broker's word without a reason, add --as-suspense"
            )
        return (accepted, *adjustment)


def _chosen(book: Book, found: BreakFound, basis_to_cash: Decimal | None, *, as_suspense: bool) -> tuple[Fact, ...]:
    """Book an action by the operator's choice; as suspense it is let go, and what it moved shows as breaks."""
    pending = book.pending_actions.get(found.subject)
    if pending is None or (as_suspense and basis_to_cash is None):
        return ()
    stated = {name: value for name, value in pending if name in MergerApplied.model_fields and name != "type"}
    is_known = pending.quantity_change is not None and pending.cash is not None and pending.currency is not None
    if basis_to_cash is None or not is_known:
        raise Unexplained(
            f"break {found.break_id}: {pending.description}; expected a choice: --basis-to-cash AMOUNT for cash and "
            "shares, found none; or import a statement that tells, or add --as-suspense to let it go"
        )
    chosen = {"source": "operator", "reference": found.break_id, "replaces": found.subject}
    return (MergerApplied.model_validate(stated | chosen | {"provisional": True, "basis_to_cash": basis_to_cash}),)


def _finding(found: BreakFound) -> Finding:
    return Finding(
        found.kind, found.subject, found.consequence, found.expected, found.found, found.con_id, found.currency
    )


def _open_break(book: State, break_id: str) -> Break:
    known = book.breaks.get(break_id)
    if known is None or known.status != "open":
        listed = ", ".join(b.found.break_id for b in book.open_breaks) or "none"
        is_now = known.status if known is not None else "no such break"
        raise Impossible(f"break {break_id}: expected an open break ({listed}), found {is_now}")
    return known


def _require_lasting(book: State, found: BreakFound, tolerances: Tolerances) -> None:
    """Refuse an amount that is told by now: a statement that was imported since would count twice."""
    match found:
        case BreakFound(kind="cash", currency=str(currency)):
            apart = (book.reported.cash or {}).get(currency, ZERO) - book.cash.get(currency, ZERO)
            allowed = tolerances.cash_rounding
        case BreakFound(kind="position", con_id=int(con_id)):
            row = (book.reported.positions or {}).get(con_id)
            apart = (ZERO if row is None else row.quantity) - book.positions.get(con_id, ZERO)
            allowed = ZERO
        case _:
            return
    was = found.difference or ZERO
    if abs(apart - was) > allowed:
        raise Impossible(
            f"break {found.break_id}: expected both halves to be {decimal_text(was)} apart still, found "
            f"{decimal_text(apart)}: more was told since; run a cycle, which compares them again"
        )


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
