"""What was realised, disposal by disposal: which lot, acquired when, closed when and for how much.

The sums over a holding's disposals are its realised figures, exactly. What is realised without units (a return of
capital beyond the basis, the cash part of a merger) is a disposal of quantity zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from ledger.lots.arithmetic import EXACT, exactly
from ledger.lots.holding import Folded, Holding
from ledger.lots.matched import Matched
from ledger.lots.matching import closed_in


class Disposal(NamedTuple):
    """A lot, or a part of one, closed by one trade or action. Amounts in the contract's currency."""

    con_id: int
    opened_at: datetime  # acquisition date
    opened_by: str  # execution base or action
    closed_at: datetime
    closed_by: str
    quantity: Decimal  # signed as the lot: + a long one was closed
    gross_basis: Decimal  # before commissions, signed as the lot
    opening_commission: Decimal  # signed as cash, as is the next
    closing_commission: Decimal
    gross_proceeds: Decimal  # before commissions: + received
    method: str = "fifo"  # by which it was closed

    @property
    def basis(self) -> Decimal:
        """Basis by IB's convention: commissions netted."""
        return EXACT.subtract(self.gross_basis, self.opening_commission)

    @property
    def proceeds(self) -> Decimal:
        """Proceeds net of the closing commission."""
        return EXACT.add(self.gross_proceeds, self.closing_commission)

    @property
    def realised(self) -> Decimal:
        """Gain or loss by IB's convention."""
        return EXACT.subtract(self.proceeds, self.basis)


def disposals(holding: Holding) -> Iterator[Disposal]:
    """Yield them in economic order; Folded for a holding whose beginning was folded away."""
    if holding.floor is not None:
        raise Folded(holding.floor.order[1])
    for state in holding.states:
        with exactly():
            closed = list(_disposals(holding.con_id, state))
        yield from closed


def disposals_by(holding: Holding, closed_by: frozenset[str]) -> Iterator[Disposal]:
    """Yield those that some trades or actions closed, above the floor."""
    for state in holding.states:
        if state.entry is not None and state.entry[1] in closed_by:
            with exactly():
                closed = list(_disposals(holding.con_id, state))
            yield from closed


def disposals_in(con_id: int, state: Matched) -> tuple[Disposal, ...]:
    """Return those of one state's last entry."""
    with exactly():
        return tuple(_disposals(con_id, state))


def _disposals(con_id: int, state: Matched) -> Iterator[Disposal]:
    assert state.entry is not None
    at, entry_id, method = state.entry[0], state.entry[1], getattr(state.entry, "method", "fifo")
    for (opened_by, quantity, gross, charged, opened_at), moved, commission in closed_in(state):
        yield Disposal(con_id, opened_at, opened_by, at, entry_id, quantity, gross, charged, commission, -moved, method)
