"""A difference, as it is told before anybody knows whether it is new."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from ledger.events.reconciliation import BreakKind, Consequence


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference, and what is known of its cause."""

    kind: BreakKind
    subject: str
    consequence: Consequence
    expected: Decimal | None = None
    found: Decimal | None = None
    con_id: int | None = None
    currency: str | None = None
    text: str = ""
    cause: str = "unexplained"
    certain: bool = False
    evidence: tuple[str, ...] = ()

    @property
    def difference(self) -> Decimal | None:
        """Found minus expected; None where the finding has no amount."""
        return None if self.expected is None or self.found is None else self.found - self.expected

    def saying(self, text: str) -> Finding:
        """Return it in other words."""
        return replace(self, text=text)
