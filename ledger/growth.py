"""What one unit of the account became: its return and its drawdown since the first snapshot.

Its figures are rounded to 28 digits: they are shown, and compared with limits; no money is computed from them.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import NamedTuple

from ledger.lots import EXACT, ONE, ZERO

DISPLAYED = Context(prec=28)


class Growth(NamedTuple):
    """What one unit of the account became, deposits and withdrawals taken out."""

    unit: Decimal = ONE
    peak: Decimal = ONE
    nav: Decimal | None = None  # of the last snapshot; None: there was none yet
    flows: Decimal = ZERO
    known: bool = True  # False for ever once there was nothing that could grow

    def after(self, nav: Decimal, flows: Decimal) -> Growth:
        """Return the growth after one more snapshot."""
        base = flows if self.nav is None else EXACT.subtract(EXACT.add(self.nav, flows), self.flows)
        if not self.known or base <= 0 or nav < 0:
            return self._replace(known=False)
        unit = DISPLAYED.multiply(self.unit, DISPLAYED.divide(nav, base))
        # What an adopted position had lost before the first snapshot is no drawdown of ours.
        peak = unit if self.nav is None else max(self.peak, unit)
        return Growth(unit, peak, nav, flows)

    @property
    def since_start(self) -> Decimal | None:
        """The return since the first snapshot's flows; None if unknown."""
        return DISPLAYED.subtract(self.unit, ONE) if self._is_told else None

    @property
    def drawdown(self) -> Decimal | None:
        """The distance from the peak, negative or zero; None if unknown."""
        return DISPLAYED.subtract(DISPLAYED.divide(self.unit, self.peak), ONE) if self._is_told else None

    @property
    def nav_at_peak(self) -> Decimal | None:
        """What NAV would be at the peak, with today's flows: the high-water mark; None if unknown."""
        if self.nav is None or not self.known or self.unit <= 0:
            return None
        return DISPLAYED.divide(DISPLAYED.multiply(self.nav, self.peak), self.unit)

    @property
    def _is_told(self) -> bool:
        return self.known and self.nav is not None
