"""Does the broker agree? A break is found, explained, and accepted or closed; it never heals itself."""

from __future__ import annotations

from typing import Literal

from ledger.events.fact import Exact, Fact

Consequence = Literal["note", "lock", "reduce_only", "halt"]
BreakKind = Literal[
    "position", "cash", "nav", "foreign_trade", "foreign_order", "refused_fact", "order", "corporate_action"
]


class BookReconciled(Fact):
    """Both halves were complete and were compared. Agreement is `open_breaks == 0`."""

    type: Literal["book_reconciled"] = "book_reconciled"
    positions: int  # contracts compared, over the union of both sides
    currencies: int
    nav_own: Exact
    nav_reported: Exact
    nav_difference: Exact  # own minus reported
    open_breaks: int


class BreakFound(Fact):
    """Our half and the broker's differ, or the broker did something that is not ours."""

    type: Literal["break_found"] = "break_found"
    break_id: str  # "B-1", "B-2", … in the log's order
    kind: BreakKind
    subject: str  # what it is the break of: a con_id, a currency, an execution base, a perm_id
    consequence: Consequence
    expected: Exact | None = None
    found: Exact | None = None
    con_id: int | None = None
    currency: str | None = None
    text: str = ""

    @property
    def difference(self) -> Exact | None:
        """Found minus expected; absent where the break has no amount."""
        return None if self.expected is None or self.found is None else self.found - self.expected


class BreakExplained(Fact):
    """Why they differ: a cause, with amounts, and the evidence that it rests on."""

    type: Literal["break_explained"] = "break_explained"
    break_id: str
    cause: str
    certainty: Literal["certain", "likely", "possible", "unexplained"]
    text: str
    evidence: tuple[str, ...] = ()


class BreakAccepted(Fact):
    """The operator takes the broker's word for it; the lock falls."""

    type: Literal["break_accepted"] = "break_accepted"
    break_id: str
    why: str

    @property
    def key(self) -> str:
        """A break is accepted once."""
        return f"accept/{self.break_id}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """The break."""
        return (self.break_id,)


class BreakClosed(Fact):
    """Both halves match again, without anybody's acceptance."""

    type: Literal["break_closed"] = "break_closed"
    break_id: str
    reason: str
