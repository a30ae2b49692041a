"""What one statement tells, while it is read: facts with their place in economic order, contracts, observations.

A section's function gets its rows and this; it tells facts, notes what it leaves out, and fills what it observes. Facts
are sorted when all is read, so that the order of rows in the file changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from ledger.events import ContractDefined, Fact
from reconcile.statements.rows import ZERO, Row, at, moment_of, number_of
from reconcile.statements.statement import Observed, Statement

# What comes first where times are equal: an execution before what follows from it, an action before the cash it pays.
EXECUTION, ACTION, CASH, ACCRUAL = range(4)


class Told(NamedTuple):
    """A fact and its place."""

    at: datetime
    rank: int
    tie: str
    step: int  # among the facts of one row
    fact: Fact
    line: int


@dataclass(slots=True)
class Reading:
    """All that is known of a statement so far."""

    file: str
    head: Row
    kind: str
    account: str
    first_day: date
    last_day: date
    generated_at: datetime | None = None
    base_currency: str = ""
    contracts: dict[int, ContractDefined] = field(default_factory=dict)
    mentioned: dict[int, ContractDefined] = field(default_factory=dict)  # by rows whose currency is that of cash
    observed: dict[str, Any] = field(default_factory=dict)  # fields of Observed
    told: list[Told] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    references: Counter[str] = field(default_factory=Counter)
    transactions: set[str] = field(default_factory=set)  # ids of cash that a section has told already
    trade_ids: dict[str, tuple[str, ...]] = field(default_factory=dict)  # the broker's other ids, by execution
    marked: dict[int, Decimal] = field(default_factory=dict)  # what trades of futures gained until the close
    commissions_hold_taxes: bool = False  # the CSV statement counts a tax into the commission, too

    def tell(self, row: Row, fact: Fact, rank: int, tie: str, step: int = 0) -> None:
        """Add a fact; it must have a time."""
        if fact.occurred_at is None:
            raise row.error("a time", "none")
        self.told.append(Told(fact.occurred_at, rank, tie, step, fact, row.line))

    def note(self, text: str) -> None:
        """Say what a reader of the import should know, once."""
        self.notes.setdefault(text)

    def reference(self, row: Row, *names: str, told: Iterable[str] = ("transactionID",)) -> str:
        """Return the broker's id of a row; without one, a stable name made of what it says.

        Rows that say the same are counted, so that two equal charges of one day stay two.
        """
        for name in told:
            if (value := row.text(name)) and value not in {"0", "0.0"}:
                return value
        said = "|".join(f"{name}={_plain(row, name)}" for name in names)
        name = sha256(f"{row.section}|{said}".encode()).hexdigest()[:16]
        self.references[name] += 1
        return name if self.references[name] == 1 else f"{name}-{self.references[name]}"

    def beginning(self) -> datetime:
        """Return the first moment of the period."""
        return at(self.first_day)

    def statement(self) -> Statement:
        """Return all of it, facts in economic order."""
        ordered = sorted(self.told, key=lambda told: told[:4])
        lines, contracts = dict[str, int](), {**self.mentioned, **self.contracts}
        for con_id, contract in contracts.items():
            if not contract.currency:
                currency = self.base_currency or "USD"
                self.note(f"{contract.symbol}: the file does not tell its currency; {currency} is taken")
                contracts[con_id] = contract.model_copy(update={"currency": currency})
        for told in ordered:
            if told.fact.key is not None:
                lines.setdefault(told.fact.key, told.line)
        return Statement(
            self.kind, self.account, self.first_day, self.last_day, self.generated_at, self.base_currency,
            tuple(contracts[con_id] for con_id in sorted(contracts)),
            tuple(told.fact for told in ordered), Observed(**self.observed), tuple(sorted(self.notes)), lines,
        )  # fmt: skip

    def add(self, name: str, key: object, amount: Decimal | None) -> None:
        """Add an amount to a table that is observed; None adds nothing, not even the table."""
        if amount is not None:
            table = self.observed.setdefault(name, {})
            table[key] = table.get(key, ZERO) + amount


def _plain(row: Row, name: str) -> str:
    """Return a field so that two spellings of one value are one."""
    value = row.text(name)
    if (number := number_of(value)) is not None and not name.lower().endswith(("date", "datetime")):
        return format(number.normalize(), "f")
    if (moment := moment_of(value)) is not None:
        return f"{moment[0]} {moment[1] or ''}".strip()
    return value
