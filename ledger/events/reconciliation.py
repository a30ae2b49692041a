"""Does the broker agree? A break is found, explained, and accepted or closed; it never heals itself."""

from __future__ import annotations

from datetime import date
from typing import Literal

from ledger.events.fact import Exact, Fact, Row

Consequence = Literal["note", "lock", "reduce_only", "halt"]
Certainty = Literal["certain", "likely", "possible", "unexplained"]
BreakKind = Literal[
    "position", "cash", "nav", "foreign_trade", "foreign_order", "refused_fact", "order", "corporate_action",
    "execution", "commission", "realised", "exposure", "second_books",
]  # fmt: skip


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


class TermRow(Row):
    """One term of an explanation: how much of a difference one cause makes."""

    cause: str
    kind: BreakKind  # of the difference that it explains
    subject: str
    amount: Exact  # found minus expected, as far as this cause makes it
    text: str


class ExplanationRow(Row):
    """Causes that together explain a difference, and what speaks for them."""

    causes: tuple[str, ...]
    certainty: Certainty
    text: str
    terms: tuple[TermRow, ...] = ()
    unexplained: Exact | None = None  # of this break's difference; absent where it has no amount
    evidence: tuple[str, ...] = ()
    also: tuple[str, ...] = ()  # other breaks that the same causes explain

    @property
    def cause(self) -> str:
        """Name the causes in one line."""
        return " + ".join(self.causes)


class BreakExplained(Fact):
    """Why they differ: a cause, with amounts, and the evidence that it rests on; told again when it changes."""

    type: Literal["break_explained"] = "break_explained"
    break_id: str
    cause: str  # of the likeliest explanation; several are joined by " + "
    certainty: Certainty
    text: str
    evidence: tuple[str, ...] = ()
    terms: tuple[TermRow, ...] = ()
    unexplained: Exact | None = None
    also: tuple[str, ...] = ()
    rivals: tuple[ExplanationRow, ...] = ()  # what else fits: explanation 2, 3, …


class BreakAccepted(Fact):
    """The operator takes an explanation, or the broker's word without one; the lock falls."""

    type: Literal["break_accepted"] = "break_accepted"
    break_id: str
    why: str
    by: str = ""  # who, as the machine knows them
    explanation: int | None = None  # 1: the likeliest; absent: the broker's word, without a reason
    # Keys of the facts that were inferred and recorded with it; `adjustment/ID` of an amount against suspense.
    recorded: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A break is accepted once."""
        return f"accept/{self.break_id}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """The break."""
        return (self.break_id,)


class AcceptanceTakenBack(Fact):
    """The operator takes an acceptance back, with what was inferred for it: the difference shows again as a break."""

    type: Literal["acceptance_taken_back"] = "acceptance_taken_back"
    break_id: str
    why: str
    by: str = ""
    # Keys of the facts that it undoes; inferred executions, commissions and reversals follow as facts of their own.
    withdraws: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """An acceptance is taken back once."""
        return f"take-back/{self.break_id}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """The break, and what is undone."""
        return (self.break_id, self.withdraws)


class BreakClosed(Fact):
    """Both halves match again, without anybody's acceptance."""

    type: Literal["break_closed"] = "break_closed"
    break_id: str
    reason: str
    cause: str = ""  # what brought the halves together, where it is known
    evidence: tuple[str, ...] = ()  # keys of the facts that did


WitnessVerdict = Literal["agree", "own differs", "api differs", "both differ", "unknown"]


class WitnessRow(Row):
    """One figure as the statement tells it, beside what the book held, and what the API had reported of that day."""

    kind: str  # position, cash, nav, execution, commission, realised, dividend, tax, …
    subject: str
    own_before: Exact | None = None  # without what this import told; absent: not known
    api: Exact | None = None  # the API's last word of that day; absent: it had none
    statement: Exact | None = None  # absent: the section is not in the statement
    own: Exact | None = None  # with what was imported and reversed
    tolerance: Exact
    verdict: WitnessVerdict


class WitnessCount(Row):
    """How many figures of a kind agree three ways."""

    kind: str
    agreeing: int


class StatementFact(Row):
    """One fact that only the statement told, or an inferred one and what became of it."""

    key: str
    type: str
    by: str = ""  # key of the fact that took its place
    occurred_on: date | None = None  # the broker's day
    con_id: int | None = None
    currency: str | None = None
    amount: Exact | None = None
    text: str = ""


class StatementReconciled(Fact):
    """A day's statement beside the book and the API's reports of that day; what was only inferred is settled by it."""

    type: Literal["statement_reconciled"] = "statement_reconciled"
    account: str
    first_day: date
    last_day: date
    file_sha256: str
    agreeing: tuple[WitnessCount, ...] = ()
    rows: tuple[WitnessRow, ...] = ()  # cash and NAV, and whatever does not agree
    only_told: tuple[StatementFact, ...] = ()  # what the statement alone knew
    confirmed: tuple[StatementFact, ...] = ()  # inferred, and told alike
    replaced: tuple[StatementFact, ...] = ()  # inferred, and told otherwise
    # Inferred, and not in the statement: the event undoes them. Inferred executions are busted by facts of their own.
    reversed: tuple[StatementFact, ...] = ()
    waiting: tuple[StatementFact, ...] = ()  # inferred, and neither told nor contradicted yet

    @property
    def key(self) -> str:
        """One a file."""
        return f"statement-reconciled/{self.file_sha256}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """Account and period, and what is undone."""
        return (self.account, self.first_day, self.last_day, tuple(each.key for each in self.reversed))
