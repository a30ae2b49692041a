"""Compare both halves, and tell what became of each break."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Literal

from ledger.book import Book
from ledger.events import BookReconciled, BreakClosed, BreakExplained, BreakFound, Fact, StepFailed
from ledger.events.reconciliation import BreakKind
from ledger.lots import EXACT
from ledger.nav import Unvalued, own_nav, rate
from ledger.state import ZERO, Break, State
from reconcile.candidates import Candidate, Origin
from reconcile.comparisons import CHANGED, COMPARISONS, Finding, cash
from reconcile.explain import explained
from reconcile.tolerances import Tolerances

UNTIL_ACCEPTED: frozenset[BreakKind] = frozenset({"foreign_trade", "refused_fact"})  # never close by themselves
ONCE_ACCEPTED: frozenset[BreakKind] = frozenset({"foreign_order", "order"})  # the same again is not found again
Subject = tuple[BreakKind, str]


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
        by_rule = tuple(_by_rule(book, tolerances))
        book = book.supposing(by_rule)
        findings, unknown = _compared(book, tolerances)
        lives = tuple(_lives(book, findings, unknown, tolerances))
        if unknown:
            return (*by_rule, *lives, StepFailed(step="reconcile", reason="; ".join(dict.fromkeys(unknown.values()))))
        return (*by_rule, *lives, _reconciled(book, lives))


def _by_rule(book: Book, tolerances: Tolerances) -> Iterator[Fact]:
    """Book what was announced and has arrived, within the cap: cash alone, never a position."""
    bound, number = _rule_bound(book, tolerances), book.breaks_found
    known = {k.found.subject: k for k in book.open_breaks if k.found.kind == "cash"}
    for finding in cash(book, tolerances):
        candidate = explained(book, finding, tolerances, Origin("rule", ""))
        worth = _worth(book, finding)
        if candidate is None or worth > bound:
            continue
        bound -= worth
        if finding.subject in known:
            break_id = known[finding.subject].found.break_id
            yield _told(break_id, finding, candidate)
        else:
            number += 1
            break_id = f"B-{number}"
            yield from _begin(break_id, finding, candidate)
        yield from candidate.facts
        yield BreakClosed(break_id=break_id, reason=f"{candidate.text}, booked by rule until the statement confirms it")


def _rule_bound(book: Book, tolerances: Tolerances) -> Decimal:
    """Return how much rules may book at once, in base currency: nothing where NAV is unknown."""
    try:
        return own_nav(book) * tolerances.rule_share
    except Unvalued:
        return Decimal(-1)


def _worth(book: Book, finding: Finding) -> Decimal:
    """Return an amount of cash in base currency, as a magnitude; rules may book none whose rate is unknown."""
    try:
        return abs(finding.difference or ZERO) * rate(book, str(finding.currency))
    except Unvalued:
        return Decimal("Infinity")


def _compared(book: State, tolerances: Tolerances) -> tuple[tuple[Finding, ...], dict[BreakKind, str]]:
    """Return what differs, and why which kinds could not be compared."""
    findings: list[Finding] = []
    unknown: dict[BreakKind, str] = {}
    for kind, compare in COMPARISONS:
        try:
            findings.extend(tuple(compare(book, tolerances)))
        except Unvalued as unvalued:
            unknown[kind] = str(unvalued)
    return tuple(findings), unknown


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


def _lives(
    book: Book, findings: tuple[Finding, ...], unknown: dict[BreakKind, str], tolerances: Tolerances
) -> Iterator[Fact]:
    """Close what is over, then tell what is new: a break whose amount changed ends and another begins."""
    present: dict[Subject, Finding] = {(finding.kind, finding.subject): finding for finding in findings}
    settled = _accepted(book, present, tolerances)
    for known in book.open_breaks:
        subject = (known.found.kind, known.found.subject)
        finding = present.get(subject)
        if known.found.kind in UNTIL_ACCEPTED or known.found.kind in unknown:
            continue
        if finding is not None and _is_same(known, finding, tolerances):
            settled.add(subject)
        else:
            reason = "both halves match again" if finding is None else CHANGED
            yield BreakClosed(break_id=known.found.break_id, reason=reason)
    new = (finding for subject, finding in present.items() if subject not in settled)
    for number, finding in enumerate(new, book.breaks_found + 1):
        origin = Origin("operator", f"B-{number}")
        yield from _begin(f"B-{number}", finding, explained(book, finding, tolerances, origin))


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

    That of NAV does while it lasts: its amount moves with every mark. That of cash moves with IB's rounding to cents.
    """
    before, now = known.found.difference, finding.difference
    if finding.kind == "cash" and before is not None and now is not None:
        same_amount = abs(now - before) <= tolerances.cash_rounding
    else:
        same_amount = finding.kind == "nav" or before == now
    return same_amount and known.found.consequence == finding.consequence


def _begin(break_id: str, finding: Finding, candidate: Candidate | None) -> Iterator[Fact]:
    yield BreakFound(
        break_id=break_id,
        kind=finding.kind,
        subject=finding.subject,
        consequence=finding.consequence,
        expected=finding.expected,
        found=finding.found,
        con_id=finding.con_id,
        currency=finding.currency,
        text=finding.text,
    )
    yield _told(break_id, finding, candidate)


def _told(break_id: str, finding: Finding, candidate: Candidate | None) -> BreakExplained:
    """Tell why: by the comparison itself, which saw the cause, or by a candidate that makes the finding vanish."""
    if candidate is None:
        certainty: Literal["certain", "unexplained"] = "certain" if finding.certain else "unexplained"
        return BreakExplained(
            break_id=break_id, cause=finding.cause, certainty=certainty, text=finding.text, evidence=finding.evidence
        )
    return BreakExplained(
        break_id=break_id, cause=candidate.cause, certainty=candidate.certainty, text=candidate.text,
        evidence=candidate.evidence,
    )  # fmt: skip
