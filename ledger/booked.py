"""What the book keeps of a fact beside its result, so that it can be undone, or derived again.

Every value is immutable, and spelt for checkpoints by its fields (`ledger/spelling.py`).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from ledger.events import FlowExpected
from ledger.lots import ZERO


class Tax(NamedTuple):
    """A tax on one execution."""

    name: str
    revision: int  # of the execution; a later one takes its place
    amount: Decimal  # signed as cash
    currency: str


class Passage(NamedTuple):
    """What leaves one contract and arrives in another; derived again whenever what left changes."""

    key: str  # of the fact
    at: datetime
    source: int
    target: int | None  # None: it leaves the account
    carries: str = "lots"  # or "premium": of an option, into the trade of its underlying
    quantity: Decimal | None = None  # in which it arrives, in proportion; None: as it left
    difference: Decimal | None = None  # instead: what is added to the units that left
    gross: Decimal = ZERO  # of the underlying's trade, without what is carried
    commission: Decimal = ZERO


class Step(NamedTuple):
    """One change of lots by an action, with what was posted for it."""

    con_id: int
    entry_id: str
    legs: tuple[tuple[str, Decimal], ...] = ()


class Booked(NamedTuple):
    """What a fact did that another may take the place of."""

    at: datetime
    steps: tuple[Step, ...] = ()
    passage: Passage | None = None
    legs: tuple[tuple[str, Decimal], ...] = ()  # of what left by the passage
    cash: tuple[tuple[str, str, Decimal], ...] = ()  # currency, account against which, amount
    spin_off: str | None = None  # whose basis it allocated
    flow: tuple[str, FlowExpected] | None = None  # that was announced, and came by it


class Provisional(NamedTuple):
    """A fact that was inferred, until the broker's own word replaces it."""

    seq: int
    type: str
    con_id: int | None
    currency: str | None = None
    amount: Decimal | None = None
