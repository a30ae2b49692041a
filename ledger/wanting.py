"""What each strategy wanted last: by it a jump is seen, and a forecast that is stuck."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from ledger.events import TargetsComputed


class Wanted(NamedTuple):
    """One strategy's targets as multiples of NAV by contract; those of weight 0 are left out."""

    exposures: dict[int, Decimal]
    session_day: date
    sessions: int = 1  # in a row that wanted just these, this one included
    accepted: dict[int, Decimal] | None = None  # what trading was allowed by last; None: nothing since the settings

    @property
    def jump(self) -> Decimal | None:
        """How much of NAV changes place against what trading was allowed by last; None where nothing was."""
        if self.accepted is None:
            return None
        changed = self.exposures.keys() | self.accepted.keys()
        return sum((abs(self.exposures.get(c, ZERO) - self.accepted.get(c, ZERO)) for c in changed), ZERO)


ZERO = Decimal(0)


def exposures(computed: TargetsComputed) -> dict[int, Decimal]:
    """Return what targets amount to, as multiples of NAV by contract."""
    rows = ((row.con_id, row.weight * row.leverage * computed.capital) for row in computed.rows)
    return {con_id: exposure for con_id, exposure in rows if exposure}


def wanted_after(before: Wanted | None, computed: TargetsComputed, session_day: date) -> Wanted:
    """Return what a strategy wants, given what it wanted before."""
    now = exposures(computed)
    if before is None:
        return Wanted(now, session_day)
    lasts = now == before.exposures
    sessions = (before.sessions + (session_day != before.session_day)) if lasts else 1
    return Wanted(now, session_day, sessions, before.accepted)
