"""Compare both halves, and tell what became of each break."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import localcontext

from ledger.book import Book
from ledger.events import BookReconciled, BreakClosed, BreakExplained, BreakFound, Fact, StepFailed
from ledger.events.reconciliation import BreakKind, TermRow
from ledger.lots import EXACT
from ledger.nav import own_nav
from ledger.state import Break, State
from reconcile.candidates import Case, Origin, Subject
from reconcile.closing import closed
from reconcile.comparing.finding import Finding
from reconcile.comparing.findings import INFORMING
from reconcile.explain import Explanations, compared, explain
from reconcile.explanations import ROUNDING, TOTALS, Explanation, first_of, told
from reconcile.rules import begun, by_rule
from reconcile.tolerances import Tolerances

# They never close by themselves.
UNTIL_ACCEPTED: frozenset[BreakKind] = frozenset({"foreign_trade", "refused_fact", "second_books"})
# The same again is not found again.
ONCE_ACCEPTED: frozenset[BreakKind] = frozenset({"foreign_order", "order", "execution", "realised"})


def reconcile(book: Book, tolerances: Tolerances) -> tuple[Fact, ...]:
    """Return the breaks found, explained and closed, and that the halves were compared: one batch.

    What a rule allows is booked provisionally in the same batch, and the rest compared with the book as it is then. A
    half that was not reported completely in this cycle is a failed step, and so is a position or a currency without a
    mark or a rate: unknown is never agreement. What could be compared is told all the same.
    """
    missing = _not_reported(book)
    if missing:
        return (StepFailed(step="reconcile", reason=f"expected the broker's {missing} of this cycle, found none"),)
    with localcontext(EXACT):
        case, unknown = _case(book, tolerances)
        explanations = explain(case)
        ruled = by_rule(case, explanations)
        if ruled:
            book = book.supposing(ruled)
            case, unknown = _case(book, tolerances)
            explanations = explain(case)
        lives = tuple(_lives(case, explanations, unknown))
        vetoing = {kind: why for kind, why in unknown.items() if kind not in INFORMING}
        if vetoing:
            return (*ruled, *lives, StepFailed(step="reconcile", reason="; ".join(dict.fromkeys(vetoing.values()))))
        return (*ruled, *lives, _reconciled(book, lives))


def _case(book: Book, tolerances: Tolerances) -> tuple[Case, Mapping[str, str]]:
    findings, unknown = compared(book, tolerances)
    return Case(book, findings, Origin("rule", book.next_break_id), tolerances), unknown


def _reconciled(book: State, lives: tuple[Fact, ...]) -> BookReconciled:
    reported = book.reported
    assert reported.nav is not None
    nav_own, nav_reported = own_nav(book), reported.nav.without_accruals
    ended = sum(isinstance(fact, BreakClosed) for fact in lives)
    begun = sum(isinstance(fact, BreakFound) for fact in lives)
    return BookReconciled(
        positions=len(book.positions.keys() | (reported.positions or {}).keys()),
        currencies=len(book.cash.keys() | (reported.cash or {}).keys()),
        nav_own=nav_own,
        nav_reported=nav_reported,
        nav_difference=nav_own - nav_reported,
        open_breaks=len(book.open_breaks) + begun - ended,
    )


def _not_reported(book: State) -> str:
    """Name what the broker has not reported since the cycle began."""
    since = book.cycle.at if book.cycle is not None else None
    parts: tuple[tuple[str, datetime | None], ...] = (
        ("positions", book.reported.positions_at),
        ("cash", book.reported.cash_at),
        ("NAV", book.reported.nav_at),
        ("open orders", book.reported.open_orders_at),
        ("exchange rates", book.reported.rates_at),
    )
    return ", ".join(name for name, at in parts if at is None or since is None or at < since)


def _lives(case: Case, explanations: Explanations, unknown: Mapping[str, str]) -> Iterator[Fact]:
    """Close what is over, then tell what is new: a break whose amount changed ends and another begins."""
    book, present = case.book, {(finding.kind, finding.subject): finding for finding in case.findings}
    settled = _accepted(book, present, case.tolerances)
    lasting: dict[Subject, Break] = {}
    for known in book.open_breaks:
        subject = (known.found.kind, known.found.subject)
        finding = present.get(subject)
        if known.found.kind in UNTIL_ACCEPTED or known.found.kind in unknown:
            continue
        if finding is not None and _is_same(known, finding, case.tolerances):
            lasting[subject] = known
        else:
            yield closed(book, known, finding)
    new = [subject for subject in present if subject not in settled and subject not in lasting]
    ids = {subject: known.found.break_id for subject, known in lasting.items()}
    ids |= {subject: f"B-{number}" for number, subject in enumerate(new, book.breaks_found + 1)}
    for subject, known in lasting.items():
        yield from _told_again(known, present[subject], explanations.get(subject, ()), ids)
    for subject in new:
        yield begun(ids[subject], present[subject])
        yield told(ids[subject], present[subject], explanations.get(subject, ()), ids)


def _told_again(
    known: Break, finding: Finding, explanations: tuple[Explanation, ...], ids: Mapping[Subject, str]
) -> Iterator[Fact]:
    """Explain a break anew where something else explains it now."""
    now = told(known.found.break_id, finding, explanations, ids)
    if known.explanation is None or _said(known.explanation) != _said(now):
        yield now


def _said(explanation: BreakExplained) -> tuple[object, ...]:
    """Return what an explanation says, apart from rounding, and from totals that move with every mark.

    What is accepted is what was told: amounts that changed are told again.
    """
    rows = (first_of(explanation), *explanation.rivals)
    return tuple(
        (row.causes, row.certainty, row.also, tuple(_spoken(term) for term in row.terms if term.cause != ROUNDING))
        for row in rows
    )


def _spoken(term: TermRow) -> tuple[object, ...]:
    return (term.cause, term.kind, term.subject, None if term.kind in TOTALS else term.amount)


def _accepted(book: State, present: dict[Subject, Finding], tolerances: Tolerances) -> set[Subject]:
    """Name what was found before, to the same amount, and accepted."""
    accepted = set()
    for known in book.breaks.values():
        subject = (known.found.kind, known.found.subject)
        finding = present.get(subject) if known.found.kind in ONCE_ACCEPTED and known.status == "accepted" else None
        if finding is not None and _is_same(known, finding, tolerances):
            accepted.add(subject)
    return accepted


def _is_same(known: Break, finding: Finding, tolerances: Tolerances) -> bool:
    """Tell whether a break goes on as it was.

    That of a total does while it lasts: its amount moves with every mark. That of cash moves with IB's rounding.
    """
    before, now = known.found.difference, finding.difference
    if finding.kind == "cash" and before is not None and now is not None:
        same_amount = abs(now - before) <= tolerances.cash_rounding
    else:
        same_amount = finding.kind in TOTALS or before == now
    return same_amount and known.found.consequence == finding.consequence
