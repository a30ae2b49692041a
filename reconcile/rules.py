"""What may be booked without asking: cash whose cause has a rule, within its cap; provisional until a statement tells.

A rule is a line of `Tolerances.rules`: a cause, and how much of NAV it may book at once. To let another cause be booked
by rule, add its line there, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from ledger.book import Book
from ledger.events import BreakClosed, BreakFound, Fact
from ledger.nav import Unvalued, own_nav, rate
from ledger.state import ZERO, State
from reconcile.candidates import Case, Subject
from reconcile.comparing.finding import Finding
from reconcile.explain import Explanations
from reconcile.explanations import Explanation, told
from reconcile.tolerances import ANNOUNCED, Tolerances

SURE = ("certain", "likely")


def by_rule(case: Case, explanations: Explanations) -> tuple[Fact, ...]:
    """Book what rules allow, each with the break that it explains and ends: cash alone, never a position."""
    return tuple(_booked(case, explanations))


def _booked(case: Case, explanations: Explanations) -> Iterator[Fact]:
    book, tolerances = case.book, case.tolerances
    bound = _share(book, tolerances.rule_share)
    known = {(b.found.kind, b.found.subject): b.found.break_id for b in book.open_breaks}
    number, ended = book.breaks_found, set[Subject]()
    for finding in case.findings:
        subject = (finding.kind, finding.subject)
        told_of = explanations.get(subject, ())
        if finding.kind != "cash" or subject in ended or not told_of or not _is_ruled(told_of, case):
            continue
        together = tuple(f for f in case.findings if (f.kind, f.subject) in told_of[0].subjects)
        worth = _worth(book, told_of[0])
        common = sum((amount for cause, amount in worth.items() if cause not in ANNOUNCED), ZERO)
        if common > bound or any(amount > _cap(book, tolerances, cause) for cause, amount in worth.items()):
            continue
        bound -= common
        ids = dict(known)
        for each in together:
            if (each.kind, each.subject) not in ids:
                number += 1
                ids[each.kind, each.subject] = f"B-{number}"
        yield from _life(together, told_of, ids, known)
        ended |= told_of[0].subjects


def _life(
    together: tuple[Finding, ...],
    explanations: tuple[Explanation, ...],
    ids: Mapping[Subject, str],
    known: Mapping[Subject, str],
) -> Iterator[Fact]:
    """Tell differences from their beginning to their end."""
    first = explanations[0]
    for finding in together:
        subject = (finding.kind, finding.subject)
        if subject not in known:
            yield begun(ids[subject], finding)
        yield told(ids[subject], finding, explanations, ids)
    yield from first.facts
    keys = tuple(fact.key for fact in first.facts if fact.key is not None)
    reason = f"{first.text}, booked by rule until the statement confirms it"
    for finding in together:
        break_id = ids[finding.kind, finding.subject]
        yield BreakClosed(break_id=break_id, reason=reason, cause=" + ".join(first.causes), evidence=keys)


def begun(break_id: str, finding: Finding) -> BreakFound:
    """Begin a break."""
    return BreakFound(
        break_id=break_id, kind=finding.kind, subject=finding.subject, consequence=finding.consequence,
        expected=finding.expected, found=finding.found, con_id=finding.con_id, currency=finding.currency,
        text=finding.text,
    )  # fmt: skip


def _is_ruled(explanations: tuple[Explanation, ...], case: Case) -> bool:
    """Tell whether one explanation, and no other as sure, closes cash alone by causes that have rules."""
    first, *rivals = explanations
    ruled = {cause for cause, _ in case.tolerances.rules}
    return (
        bool(first.facts)
        and first.certainty in SURE
        and ruled.issuperset(first.causes)
        and all(kind == "cash" for kind, _ in first.subjects)
        and all(rival.certainty not in SURE for rival in rivals)
    )


def _cap(book: State, tolerances: Tolerances, cause: str) -> Decimal:
    return _share(book, dict(tolerances.rules)[cause])


def _share(book: State, share: Decimal) -> Decimal:
    """Return a share of NAV in base currency: nothing where NAV is unknown."""
    try:
        return own_nav(book) * share
    except Unvalued:
        return Decimal(-1)


def _worth(book: Book, explanation: Explanation) -> dict[str, Decimal]:
    """Return what each cause moves, in base currency, as a magnitude; rules may book none whose rate is unknown."""
    worth: dict[tuple[str, str], Decimal] = {}
    for term in explanation.terms:
        if term.cause != "rounding":
            worth[term.cause, term.subject] = worth.get((term.cause, term.subject), ZERO) + term.amount
    total = dict.fromkeys(explanation.causes, ZERO)
    for (cause, currency), amount in worth.items():
        try:
            total[cause] += abs(amount) * rate(book, currency)
        except Unvalued:
            total[cause] = Decimal("Infinity")
    return total
