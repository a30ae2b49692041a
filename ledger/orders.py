"""An order of ours and an execution, as the book keeps them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from ledger.lots import EXACT, ZERO, new


class Fill(NamedTuple):
    """The valid revision of one execution."""

    execution_id: str
    revision: int
    con_id: int
    quantity: Decimal
    price: Decimal
    currency: str
    order_ref: str
    perm_id: int
    client_id: int
    at: datetime
    seq: int
    foreign: bool  # not of an order that the log knows
    commission: Decimal | None = None  # signed as cash; None: pending
    commission_currency: str | None = None
    commission_revision: int = 0
    busted: bool = False
    liquidation: bool = False  # the broker closed the position of its own accord
    realised_reported: Decimal | None = None  # what IB says that it realised, commissions netted; None: not told

    def charged(self, commission: Decimal, currency: str, revision: int, realised: Decimal | None) -> Fill:
        """Return it with a commission; by position, for every execution comes through here."""
        return new(Fill, (*self[:12], commission, currency, revision, *self[15:17], realised))

    @property
    def commission_told(self) -> tuple[Decimal | None, str | None, int]:
        """What a correction of it takes over."""
        return self[12:15]


class Order(NamedTuple):
    """One order of ours, by its order_ref."""

    order_ref: str
    con_id: int
    quantity: Decimal
    limit_price: Decimal | None
    order_id: int
    cycle: int
    attempted_at: datetime
    session_day: date
    perm_ids: tuple[int, ...] = ()
    status: str = "attempted"  # attempted, working, filled, cancelled, rejected, expired, not_sent
    filled: Decimal = ZERO  # signed, from executions alone
    filled_reported: Decimal | None = None  # magnitude, as the broker's last word on an ended order says
    ended_reason: str = ""
    reference_price: Decimal | None = None  # that the plan was made from: slippage is counted from it; None: not told
    cancel_asked: bool = False  # by us: else whoever cancelled it would not have it
    change_asked: bool = False  # and not decided by the broker's word: it may come twice, so that it is never kept
    terms: tuple[str, ...] = ()  # type, time in force, algorithm and its priority; empty: not told
    parts: tuple[tuple[str, Decimal], ...] = ()  # strategy and its signed part of the quantity; empty: the only one's

    def executed(self, filled: Decimal, status: str) -> Order:
        """Return it with what its executions add up to; by position, for every execution comes through here."""
        return new(Order, (*self[:9], status, filled, *self[11:]))

    def acknowledged(self, perm_ids: tuple[int, ...], status: str) -> Order:
        """Return it with the broker's permanent ids; by position, for every order comes through here."""
        return new(Order, (*self[:8], perm_ids, status, *self[10:]))

    @property
    def ended(self) -> bool:
        """Nothing of it can fill any more, as far as the broker's state shows."""
        return self.status not in ("attempted", "working")

    @property
    def remaining(self) -> Decimal:
        """Signed quantity not yet filled."""
        return EXACT.subtract(self.quantity, self.filled)
