"""Compare both halves, and tell what became of each break."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import localcontext

from ledger.events import BookReconciled, BreakClosed, BreakExplained, BreakFound, Fact, StepFailed
from ledger.lots import EXACT
from ledger.nav import Unvalued, own_nav
from ledger.state import ZERO, Break, State
from reconcile.comparisons import CHANGED, COMPARISONS, Finding
from reconcile.tolerances import Tolerances

UNTIL_ACCEPTED = frozenset({"foreign_trade", "refused_fact"})  # never close by themselves
ONCE_ACCEPTED = frozenset({"foreign_order", "nav", "order"})  # an accepted one is not found again


def reconcile(book: State, tolerances: Tolerances) -> tuple[Fact, ...]:
    """Return the breaks found, explained and closed, and that the halves were compared: one batch.

    A half that was not reported completely in this cycle is a failed step: unknown is never agreement.
    """
    missing = _not_reported(book)
    if missing:
        return (StepFailed(step="reconcile", reason=f"expected the broker's {missing} of this cycle, found none"),)
    with localcontext(EXACT):
        try:
            findings = tuple(f for compare in COMPARISONS for f in compare(book, tolerances))
            own = own_nav(book)
        except Unvalued as unvalued:
            return (StepFailed(step="reconcile", reason=str(unvalued)),)
        lives = tuple(_lives(book, findings))
        ended = sum(isinstance(fact, BreakClosed) for fact in lives)
        begun = sum(isinstance(fact, BreakFound) for fact in lives)
        reported = book.reported
        assert reported.nav is not None
        reported_nav = reported.nav.net_liquidation - (reported.nav.accrued_cash or ZERO)
        reconciled = BookReconciled(
            positions=len(book.positions.keys() | (reported.positions or {}).keys()),
            currencies=len(book.cash.keys() | (reported.cash or {}).keys()),
            nav_own=own,
            nav_reported=reported_nav,
            nav_difference=own - reported_nav,
            open_breaks=len(book.open_breaks) + begun - ended,
        )
    return (*lives, reconciled)


def _not_reported(book: State) -> str:
    """Name what the broker has not reported since the cycle began."""
    since = book.cycle.at if book.cycle is not None else None
    parts: tuple[tuple[str, datetime | None], ...] = (
        ("positions", book.reported.positions_at),
        ("cash", book.reported.cash_at),
        ("NAV", book.reported.nav_at),
        ("open orders", book.reported.open_orders_at),
    )
    return ", ".join(name for name, at in parts if at is None or since is None or at < since)


def _lives(book: State, findings: tuple[Finding, ...]) -> Iterator[Fact]:
    """Close what is over, then tell what is new: a break whose amount changed ends and another begins."""
    present = {(finding.kind, finding.subject): finding for finding in findings}
    going_on = set()
    for known in book.open_breaks:
        subject = (known.found.kind, known.found.subject)
        finding = present.get(subject)
        if known.found.kind in UNTIL_ACCEPTED or (finding is not None and _same(known, finding)):
            going_on.add(subject)
        else:
            reason = "both halves match again" if finding is None else CHANGED
            yield BreakClosed(break_id=known.found.break_id, reason=reason)
    accepted = {
        (b.found.kind, b.found.subject)
        for b in book.breaks.values()
        if b.status == "accepted" and b.found.kind in ONCE_ACCEPTED
    }
    number = len(book.breaks)
    for subject, finding in present.items():
        is_new_foreign_trade = finding.kind == "foreign_trade"  # the comparison names only untold executions
        if is_new_foreign_trade or (subject not in going_on and subject not in accepted):
            number += 1
            yield from _begin(f"B-{number}", finding)


def _same(known: Break, finding: Finding) -> bool:
    found = known.found
    return (found.expected, found.found, found.consequence) == (finding.expected, finding.found, finding.consequence)


def _begin(break_id: str, finding: Finding) -> Iterator[Fact]:
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
    yield BreakExplained(
        break_id=break_id,
        cause=finding.cause,
        certainty="certain" if finding.certain else "unexplained",
        text=finding.text,
        evidence=finding.evidence,
    )
