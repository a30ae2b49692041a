"""What the account held at the beginning, and what an operator's acceptance corrects.

To add one: write the model here, and give it its effect, with its postings, in `ledger/effects/`.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from ledger.events.fact import Exact, Fact, Instant, Row


class OpeningBalanceRecorded(Fact):
    """What the account held when it was adopted: cash, or one position as one provisional lot."""

    type: Literal["opening_balance_recorded"] = "opening_balance_recorded"
    currency: str
    amount: Exact  # cash held, or the position's basis: average cost x quantity, to 1e-10
    con_id: int | None = None
    quantity: Exact | None = None
    settled: Exact | None = None  # of a future or a CFD: what of its gains was settled into cash before, + received

    @property
    def key(self) -> str:
        """One a currency and one a contract."""
        return f"opening/{self.currency if self.con_id is None else self.con_id}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """All of it."""
        return (self.currency, self.amount, self.con_id, self.quantity)


class PositionAdjusted(Fact):
    """A quantity and its basis, corrected by the operator's acceptance of a break."""

    type: Literal["position_adjusted"] = "position_adjusted"
    break_id: str
    con_id: int
    quantity: Exact  # change, signed
    amount: Exact  # change of basis, in the contract's currency, against suspense
    currency: str
    why: str


class CashAdjusted(Fact):
    """A cash balance, corrected by the operator's acceptance of a break."""

    type: Literal["cash_adjusted"] = "cash_adjusted"
    break_id: str
    amount: Exact
    currency: str
    why: str


class OpeningLot(Row):
    """One lot as the broker's statement lists it."""

    opened_at: Instant
    quantity: Exact  # + long, - short
    basis: Exact  # commissions netted, signed as the quantity


class OpeningLotsRecorded(Fact):
    """The lots of an opening position, by a statement: they replace the one provisional lot that was adopted."""

    type: Literal["opening_lots_recorded"] = "opening_lots_recorded"
    FROM_BROKER: ClassVar[bool] = True
    con_id: int
    currency: str
    lots: tuple[OpeningLot, ...]
    source: str = "statement"

    @property
    def key(self) -> str:
        """One a contract."""
        return f"opening-lots/{self.con_id}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """Its lots."""
        return tuple((lot.opened_at, lot.quantity, lot.basis) for lot in self.lots)


class StatementImported(Fact):
    """A statement was read whole; the file itself is kept under var/data by its hash."""

    type: Literal["statement_imported"] = "statement_imported"
    source: str  # flex, csv
    account: str
    first_day: str  # of its period, YYYY-MM-DD
    last_day: str
    file_sha256: str
    facts: int  # that it tells
    facts_new: int  # that the log did not hold

    @property
    def key(self) -> str:
        """One a file."""
        return f"statement/{self.file_sha256}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """Account and period."""
        return (self.account, self.first_day, self.last_day)


class StatementMissed(Fact):
    """The statement of a day could not be had, or not be read: what it alone knows is not known yet."""

    type: Literal["statement_missed"] = "statement_missed"
    day: date  # the session that it should reach to
    code: str  # stands in docs/runbook.md
    reason: str
