"""What may explain differences: facts that may have happened, or why one side is not to be believed yet.

A cause (`reconcile/causes/`) looks at a `Case` and proposes `Candidate`s; `reconcile/explain.py` finds which of them
together make the findings vanish. A candidate is never believed: its facts are tried on a copy of the book, and what
they move there is measured (`reconcile/measuring.py`).

What a cause proposes is one of two:
- an amount that something else tells (an accrual, a report, an order, a price): always, whether or not it fits alone;
  the engine finds what fits together;
- the whole difference that it sees, where the amount is free (a fee never seen before): the engine shows the case to
  the causes again when it has explained a part of it, and then the difference is what is left (`Case.after`).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from ledger.book import Book
from ledger.events import Fact
from ledger.events.reconciliation import BreakKind, Certainty
from reconcile.comparing.finding import Finding
from reconcile.tolerances import Tolerances

Subject = tuple[BreakKind, str]  # what a finding is of: ("cash", "USD"), ("position", "265598")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Facts that may have happened, and what speaks for them."""

    cause: str  # its name in docs/reconciliation.md: dividend, split, missed fill, …
    certainty: Certainty  # certain: the broker's own record; likely: announced, or fits exactly; possible: may be
    facts: tuple[Fact, ...]  # what would be recorded; none where the broker's side is late, or rounded
    text: str  # in a line, with its amounts
    evidence: tuple[str, ...] = ()
    # How much of each difference (found - expected) it makes, where no facts say so. What facts move is measured.
    amounts: Mapping[Subject, Decimal] | None = None
    # Names of what was to have come by now (an accrual whose pay date has come, a row that a statement tells): a set of
    # candidates that leaves it out ranks behind one that has it. Variants of one thing bear the same name.
    due: tuple[str, ...] = ()
    # The difference of which it only presumes how much it makes, by a mark; what is left there may correct it.
    presumes: Subject | None = None
    corrects: str = ""  # the text of the candidate whose presumption it corrects: they are one
    instead: tuple[Fact, ...] = ()  # all facts of that one, where none of its own says which one it `replaces`


def combined(candidates: Iterable[Candidate], left: Container[Subject] = ()) -> tuple[Candidate, ...]:
    """Make one of a presumption and what corrects it; one that nothing corrects is only possible, once all is told.

    `left` are the differences that are not closed yet: of those, nothing can be said of a presumption.
    """
    candidates = tuple(candidates)
    if all(candidate.presumes is None for candidate in candidates):
        return candidates
    corrections = {candidate.corrects: candidate for candidate in candidates if candidate.corrects}
    joined = (_corrected(each, corrections.get(each.text), left) for each in candidates if not each.corrects)
    return tuple(joined)


def _corrected(candidate: Candidate, by: Candidate | None, left: Container[Subject]) -> Candidate:
    if by is None:
        is_open = candidate.presumes is None or candidate.presumes in left
        return candidate if is_open else replace(candidate, certainty="possible")
    instead = {getattr(fact, "replaces", None): fact.model_copy(update={"replaces": None}) for fact in by.facts}
    facts = by.instead or tuple(instead.get(fact.key, fact) for fact in candidate.facts)
    return replace(candidate, certainty=by.certainty, text=by.text, facts=facts, presumes=None)


class Origin(NamedTuple):
    """Who infers: it names the provisional facts, so that the broker's own word can replace them."""

    source: str  # rule, operator
    reference: str  # where the broker has told none of its own

    def named(self, what: str) -> str:
        """Return a reference of its own for one of several facts: `what` tells them apart."""
        return f"{self.reference}/{what}" if self.reference else what


class Case(NamedTuple):
    """What a cause may look at: all that differs, together."""

    book: Book
    findings: tuple[Finding, ...]
    origin: Origin
    tolerances: Tolerances
    # What the engine has chosen already when it shows what is left; `book` is then as if its facts had been recorded.
    chosen: tuple[Candidate, ...] = ()

    def differences(self, kind: BreakKind) -> dict[str, Decimal]:
        """Return found minus expected by subject, of the findings of a kind that have amounts."""
        told = ((f.subject, f.difference) for f in self.findings if f.kind == kind)
        return {subject: amount for subject, amount in told if amount is not None}

    def finding(self, kind: BreakKind, subject: str) -> Finding | None:
        """Return what differs of one subject; None where nothing does."""
        return next((f for f in self.findings if f.kind == kind and f.subject == subject), None)

    def after(self, chosen: tuple[Candidate, ...], book: Book, left: Mapping[Subject, Decimal]) -> Case:
        """Return what is left when candidates are chosen: their facts in the book, the differences reduced."""
        findings = tuple(
            replace(f, expected=f.found - left[f.kind, f.subject])
            for f in self.findings
            if f.found is not None and (f.kind, f.subject) in left
        )
        return self._replace(book=book, findings=findings, chosen=chosen)


Cause = Callable[[Case], Iterable[Candidate]]


def money(amount: Decimal) -> str:
    """Spell an amount for an explanation: thousands, two digits."""
    return f"{amount:,.2f}"
