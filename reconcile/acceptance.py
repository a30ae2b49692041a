"""What accepting a break records: what explains it; its amount against suspense, where the operator says so."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import TypedDict

from ledger.book import Book
from ledger.effects.opening import adjustment_name
from ledger.events import (
    BreakAccepted,
    BreakClosed,
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
from reconcile.candidates import Case, Origin
from reconcile.explain import compared, explain
from reconcile.explanations import TOTALS, Explanation, explanations_of, is_same
from reconcile.tolerances import RETAIL, Tolerances


class Choice(TypedDict, total=False):
    """What the operator may say beside the break: which explanation, or none, or what a merger's cash is worth."""

    explanation: int | None
    as_suspense: bool
    basis_to_cash: Decimal | None


class Unexplained(Impossible):
    """Nothing explains a break, and the operator did not say that suspense shall."""


def acceptance(
    book: Book,
    break_id: str,
    why: str,
    tolerances: Tolerances = RETAIL,
    *,
    explanation: int | None = None,
    by: str = "",
    as_suspense: bool = False,
    basis_to_cash: Decimal | None = None,
) -> tuple[Fact, ...]:
    """Return one batch: the acceptance, and the facts that make the halves match.

    They are those of the explanation of that number (the likeliest, unless it is only possible: then a number is
    needed), provisional until the statement confirms them; `as_suspense` books the difference itself instead;
    `basis_to_cash` is the choice that a merger for cash and shares needs. Raises Unexplained for a break that nothing
    explains, unless `as_suspense`; Impossible for one that is not open, and Unvalued for a position whose worth nobody
    ever told.
    """
    known = _open_break(book, break_id)
    found = known.found
    accepted = BreakAccepted(break_id=break_id, why=why, by=by)
    with localcontext(EXACT):
        if found.kind == "corporate_action":
            chosen = _chosen(book, found, basis_to_cash, as_suspense=as_suspense)
            book.supposing(chosen)  # a choice that cannot be is refused here; of the broker's word it would be a break
            return (*chosen, _recording(accepted, None, chosen))
        if not as_suspense and (number := _number(known, explanation)) is not None:
            _require_lasting(book, found, tolerances)
            return _explained(book, known, number, accepted, tolerances)
        adjustment = _adjustment(book, found, why)
        if adjustment:
            _require_lasting(book, found, tolerances)
        is_adjusted = any(isinstance(fact, CashAdjusted | PositionAdjusted) for fact in adjustment)
        if not as_suspense and is_adjusted:
            raise Unexplained(
                f"break {break_id}: expected an explanation, found none; the account statement may tell (tallybook "
                f"import FILE); to take the broker's word without a reason, add --as-suspense"
            )
        return (accepted.model_copy(update={"recorded": (adjustment_name(break_id),) * is_adjusted}), *adjustment)


def _number(known: Break, wanted: int | None) -> int | None:
    """Return which explanation is accepted; None where the comparison itself saw the cause, or nothing explains."""
    told = () if wanted is None and known.found.kind in TOTALS else explanations_of(known)
    listed = ", ".join(f"{n} {row.cause}" for n, row in enumerate(told, 1)) or "none"
    break_id = known.found.break_id
    if wanted is not None and not 1 <= wanted <= len(told):
        raise Unexplained(f"break {break_id}: expected the number of an explanation ({listed}), found {wanted}")
    if wanted is None and told and told[0].certainty == "possible":
        raise Unexplained(
            f"break {break_id}: nothing tells for sure which explanation holds ({listed}): say which with "
            "--explanation N, or let the account statement tell (tallybook import FILE); to take the broker's word "
            "without a reason, add --as-suspense"
        )
    return wanted or (1 if told else None)


def _explained(
    book: Book, known: Break, number: int, accepted: BreakAccepted, tolerances: Tolerances
) -> tuple[Fact, ...]:
    """Record an explanation as it was shown, and end the breaks that it explains too."""
    shown, found = explanations_of(known)[number - 1], known.found
    findings, _ = compared(book, tolerances)
    explanations = explain(Case(book, findings, Origin("operator", found.break_id), tolerances))
    again = explanations.get((found.kind, found.subject), ())
    same = next((each for each in again if is_same(shown, each, found)), None)
    if found.kind in TOTALS:
        return (accepted.model_copy(update={"explanation": number}),)
    if same is None:
        raise Impossible(
            f"break {found.break_id}: expected explanation {number} ({shown.text}) to hold still, found that more was "
            "told since; run a cycle, which explains it again"
        )
    if not same.facts:
        raise Unexplained(
            f"break {found.break_id}: explanation {number} ({shown.text}) leaves nothing to record: the broker's half "
            "is to come round by itself; to take the broker's word instead, add --as-suspense"
        )
    recorded = _recording(accepted, number, same.facts)
    return (recorded, *same.facts, *_ended(book, known, same, recorded.recorded))


def _ended(book: Book, known: Break, explanation: Explanation, keys: tuple[str, ...]) -> Iterator[BreakClosed]:
    closed = explanation.subjects - explanation.left.keys()
    for other in book.open_breaks:
        if other is not known and (other.found.kind, other.found.subject) in closed:
            yield BreakClosed(
                break_id=other.found.break_id, reason=f"explained by what was accepted for {known.found.break_id}",
                cause=" + ".join(explanation.causes), evidence=keys,
            )  # fmt: skip


def _recording(accepted: BreakAccepted, number: int | None, facts: tuple[Fact, ...]) -> BreakAccepted:
    keys = tuple(fact.key for fact in facts if fact.key is not None)
    return accepted.model_copy(update={"explanation": number, "recorded": keys})


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


def _open_break(book: State, break_id: str) -> Break:
    known = book.breaks.get(break_id)
    if known is None or known.status != "open":
        listed = ", ".join(b.found.break_id for b in book.open_breaks) or "none"
        raise Impossible(f"break {break_id}: expected an open break ({listed}), found {what_became(known)}")
    return known


def what_became(known: Break | None) -> str:
    """Say what a break is by now, and what can be done about that."""
    if known is None:
        return "no such break; see: tallybook breaks"
    break_id, at = known.found.break_id, f" on {known.ended_at:%Y-%m-%d}" if known.ended_at is not None else ""
    match known.status:
        case "accepted":
            by = f" by {known.accepted.by}" if known.accepted is not None and known.accepted.by else ""
            undo = f'to undo that: tallybook accept {break_id} --take-back --why "…"'
            return f'that it was accepted{at}{by} ("{known.why}"); {undo}'
        case "taken back":
            return f"that its acceptance was taken back{at}; the next cycle finds the difference again, by another name"
        case "closed":
            return f"that it closed{at}: {known.why}"
        case _:
            return "that nobody has accepted it; see: tallybook breaks " + break_id


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
