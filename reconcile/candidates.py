"""What may explain differences: facts that may have happened, or why one side is not to be believed yet.

A cause (`reconcile/causes/`) looks at a `Case` and proposes `Candidate`s; `reconcile/explain.py` finds which of them
together make the findings vanish. A candidate is never believed: its facts are tried on a copy of the book.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from ledger.book import Book
from ledger.events import Fact
from ledger.events.reconciliation import BreakKind, Certainty
from reconcile.comparisons import Finding
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
    # How much of each difference (found - expected) it makes, where no facts say so.
    amounts: Mapping[Subject, Decimal] | None = None


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
    told: tuple[Fact, ...] = ()  # by a statement, and not in the book yet

    def differences(self, kind: BreakKind) -> dict[str, Decimal]:
        """Return found minus expected by subject, of the findings of a kind that have amounts."""
        told = ((f.subject, f.difference) for f in self.findings if f.kind == kind)
        return {subject: amount for subject, amount in told if amount is not None}


Cause = Callable[[Case], Iterable[Candidate]]


def money(amount: Decimal) -> str:
    """Spell an amount for an explanation: thousands, two digits."""
    return f"{amount:,.2f}"
