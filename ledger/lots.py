"""Lots: which purchase a sale closes. First in, first out.

A lot keeps its quantity, its gross basis and its commission as three totals, each allocated by itself, so that IB's
convention (commissions netted into the basis) and the NAV bridge's (before commissions) are both exact.
Signs: a long lot has a positive quantity and basis, a short one negative ones (its basis is minus its proceeds);
commissions are signed as cash: negative when paid.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation, localcontext

ZERO = Decimal(0)
BASIS_UNIT = Decimal("1e-10")
EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, Inexact])
_ROUNDING = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])


def allocate(total: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Return the share part/whole of a total, quantised to 1e-10 half-even: the only rounding in the book."""
    if part == whole:
        return total
    with localcontext(_ROUNDING):
        return (total * part / whole).quantize(BASIS_UNIT)


@dataclass(frozen=True, slots=True)
class Trade:
    """A change of position: what was moved, and for how much."""

    at: datetime
    execution: str  # base of the execution id; "opening" and break ids for what is no trade
    revision: int
    quantity: Decimal
    gross: Decimal  # quantity x price x multiplier, so + bought, - sold
    commission: Decimal = ZERO

    @property
    def order(self) -> tuple[datetime, str, int]:
        """Economic order, total: time, execution base, revision."""
        return (self.at, self.execution, self.revision)


@dataclass(frozen=True, slots=True)
class Lot:
    """Units opened by one trade and not yet closed."""

    execution: str
    quantity: Decimal
    gross: Decimal
    commission: Decimal


@dataclass(frozen=True, slots=True)
class Matched:
    """The state of one contract after a trade."""

    lots: tuple[Lot, ...] = ()
    realised_gross: Decimal = ZERO  # before commissions
    realised_commission: Decimal = ZERO  # commissions of what was closed, both legs; negative


def match(before: Matched, trade: Trade) -> Matched:
    """Close the oldest lots of the other side and open what remains; a flip's commission is split by quantity."""
    held = sum((lot.quantity for lot in before.lots), ZERO)
    if held * trade.quantity >= 0:
        return replace(before, lots=(*before.lots, Lot(trade.execution, trade.quantity, trade.gross, trade.commission)))
    closing = min(abs(trade.quantity), abs(held)).copy_sign(trade.quantity)
    closing_gross = allocate(trade.gross, closing, trade.quantity)
    closing_commission = allocate(trade.commission, closing, trade.quantity)
    remaining, gross_taken, commission_taken = _take(before.lots, abs(closing))
    if closing != trade.quantity:
        opening = trade.quantity - closing
        rest = Lot(trade.execution, opening, trade.gross - closing_gross, trade.commission - closing_commission)
        remaining = (rest,)
    return Matched(
        remaining,
        before.realised_gross - closing_gross - gross_taken,
        before.realised_commission + closing_commission + commission_taken,
    )


def _take(lots: tuple[Lot, ...], units: Decimal) -> tuple[tuple[Lot, ...], Decimal, Decimal]:
    """Take units (a magnitude) from the oldest lots; return what is left, and the gross basis and commission taken."""
    gross = commission = ZERO
    for index, lot in enumerate(lots):
        if units == 0:
            return lots[index:], gross, commission
        taken = min(units, abs(lot.quantity))
        lot_gross = allocate(lot.gross, taken, abs(lot.quantity))
        lot_commission = allocate(lot.commission, taken, abs(lot.quantity))
        gross, commission, units = gross + lot_gross, commission + lot_commission, units - taken
        if taken < abs(lot.quantity):
            left = lot.quantity - taken.copy_sign(lot.quantity)
            rest = Lot(lot.execution, left, lot.gross - lot_gross, lot.commission - lot_commission)
            return (rest, *lots[index + 1 :]), gross, commission
    return (), gross, commission


@dataclass(frozen=True, slots=True)
class Holding:
    """One contract's history of trades in economic order, and what it implies."""

    con_id: int
    currency: str
    multiplier: Decimal
    trades: tuple[Trade, ...] = ()
    states: tuple[Matched, ...] = ()  # after each trade, so that a late fact re-matches from its insertion point

    def with_trade(self, trade: Trade) -> Holding:
        """Insert a trade where it belongs economically, and match again from there."""
        index = bisect_right(self.trades, trade.order, key=lambda known: known.order)
        return self._rematched(index, (*self.trades[:index], trade, *self.trades[index:]))

    def without_trade(self, execution: str) -> Holding:
        """Take an execution out (a bust, or the original of a correction)."""
        index = self._index(execution)
        return self._rematched(index, self.trades[:index] + self.trades[index + 1 :])

    def with_commission(self, execution: str, commission: Decimal) -> Holding:
        """Give an execution its commission, whenever it comes."""
        index = self._index(execution)
        trade = replace(self.trades[index], commission=commission)
        return self._rematched(index, (*self.trades[:index], trade, *self.trades[index + 1 :]))

    def _index(self, execution: str) -> int:
        for index in range(len(self.trades) - 1, -1, -1):
            if self.trades[index].execution == execution:
                return index
        raise KeyError(execution)

    def _rematched(self, index: int, trades: tuple[Trade, ...]) -> Holding:
        states = list(self.states[:index])
        state = states[-1] if states else Matched()
        for trade in trades[index:]:
            state = match(state, trade)
            states.append(state)
        return replace(self, trades=trades, states=tuple(states))

    @property
    def _now(self) -> Matched:
        return self.states[-1] if self.states else Matched()

    @property
    def lots(self) -> tuple[Lot, ...]:
        """Open lots, oldest first."""
        return self._now.lots

    @property
    def quantity(self) -> Decimal:
        """Units held: + long, - short."""
        return sum((lot.quantity for lot in self.lots), ZERO)

    @property
    def gross_basis(self) -> Decimal:
        """Basis of the open lots before commissions."""
        return sum((lot.gross for lot in self.lots), ZERO)

    @property
    def commission(self) -> Decimal:
        """Commissions in the open lots, signed as cash."""
        return sum((lot.commission for lot in self.lots), ZERO)

    @property
    def basis(self) -> Decimal:
        """Total basis by IB's convention: commissions netted."""
        return self.gross_basis - self.commission

    @property
    def realised_gross(self) -> Decimal:
        """Realised P&L before commissions."""
        return self._now.realised_gross

    @property
    def realised_commission(self) -> Decimal:
        """Commissions that belong to what was closed."""
        return self._now.realised_commission

    @property
    def realised(self) -> Decimal:
        """Realised P&L by IB's convention: commissions of both legs netted."""
        return self.realised_gross + self.realised_commission
