"""What a contract's history is made of: trades, and what changes lots without one.

Every entry begins with its economic order: moment, id, revision; in one moment, the opening goes first. Quantities are
changes of the position, + or -, as the broker moved them; they count even where the book holds something else, because
what is told later may mend that: units that are not there open a lot without basis. To add an entry: write it here, add
it to `Entry`, and give it its change in `ledger/lots/changing.py` and its spelling in `ledger/spelling.py`.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.lots.arithmetic import ZERO

Order = tuple[datetime, str, int]
OPENING = "opening"  # id of the entry, and of the lots, that were there at the beginning
Named = tuple[tuple[str, Decimal], ...]  # lots by the id of what opened them, and how many units of each (magnitude)


class Trade(NamedTuple):
    """A change of position: what was moved, and for how much."""

    at: datetime
    execution: str  # base of the execution id; "opening" and break ids for what is no trade
    revision: int
    quantity: Decimal
    gross: Decimal  # quantity x price x multiplier, so + bought, - sold
    commission: Decimal = ZERO  # with transaction taxes; signed as cash
    method: str = "fifo"  # by which it closes: one of METHODS
    named: Named = ()  # lots that it closes first, if the method is specific

    @property
    def opened_at(self) -> datetime:
        """When the units were acquired that it opened."""
        return self.at


class Lot(NamedTuple):
    """Units acquired together and not yet closed."""

    execution: str  # of the trade or action that opened them, wherever they went since
    quantity: Decimal
    gross: Decimal
    commission: Decimal
    opened_at: datetime  # the acquisition date, which goes along through splits, renames, mergers and spin-offs


class Scale(NamedTuple):
    """More or fewer units in the same lots, in proportion; basis and dates stay (a split)."""

    at: datetime
    id: str
    revision: int
    quantity_change: Decimal


class TakeOut(NamedTuple):
    """Units that leave with their basis and realise nothing; where they go, BringIn holds `taken_by` of this one."""

    at: datetime
    id: str
    revision: int
    quantity: Decimal | None = None  # change of position; None: all that is held
    method: str = "fifo"
    named: Named = ()
    settled: Decimal = ZERO  # gross basis that cash settles instead of leaving, signed as the basis
    proceeds: Decimal = ZERO  # that cash, + received: it realises proceeds - settled


class CarveOut(NamedTuple):
    """A share of every lot's basis that leaves, and no units (a spin-off); its parts bear the parent's quantities."""

    at: datetime
    id: str
    revision: int
    fraction: Decimal  # 0 to 1


class BringIn(NamedTuple):
    """Lots that come with their basis and their dates; those of the other side close what is held, the oldest first."""

    at: datetime
    id: str
    revision: int
    lots: tuple[Lot, ...]  # none acquired later than `at`
    quantity: Decimal | None = None  # that they become together, in proportion; None: as they are


class Recost(NamedTuple):
    """A change of gross basis without units, shared by quantity: spread, or a return of capital."""

    at: datetime
    id: str
    revision: int
    amount: Decimal  # spread: added to the basis; return of capital: cash received, taken from the basis
    kind: str = "spread"  # or "return_of_capital": what exceeds a lot's basis is realised


Entry = Trade | Scale | TakeOut | CarveOut | BringIn | Recost


def place_of(entry: tuple[Any, ...]) -> Order:
    """Return where an entry stands among the others: nothing can happen to what is held before it is there."""
    at, entry_id, revision = entry[:3]
    return at, "" if entry_id == OPENING else entry_id, revision


Part = Trade | Lot  # a trade that is open as a whole, or a lot
