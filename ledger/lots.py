"""Lots: which purchase a sale closes. First in, first out.

A lot keeps its quantity, its gross basis and its commission as three totals, each allocated by itself, so that IB's
convention (commissions netted into the basis) and the NAV bridge's (before commissions) are both exact.
Signs: a long lot has a positive quantity and basis, a short one negative ones (its basis is minus its proceeds);
commissions are signed as cash: negative when paid.

A contract's history is a chain of steps, and its open lots are a queue of links: both share what did not change with
the state before, so that a new trade copies nothing, and a late one re-matches only what came after it. The oldest
steps may be folded into a floor, the state after them: open lots stay exact, and nothing can be inserted below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation, getcontext, setcontext
from typing import NamedTuple

ZERO = Decimal(0)
BASIS_UNIT = Decimal("1e-10")
EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, Inexact])
ROUNDING = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])


# The fold makes millions of these values, and a named tuple's own constructor costs twice as much.
new = tuple.__new__


class Folded(LookupError):
    """What is asked for lies below the floor: that part of the history was folded away."""


@contextmanager
def exactly() -> Iterator[None]:
    """Compute in EXACT: what would be rounded raises. Where it holds already, `getcontext() is EXACT` is cheaper."""
    before = getcontext()
    setcontext(EXACT)
    try:
        yield
    finally:
        setcontext(before)


def allocate(total: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Return the share part/whole of a total, quantised to 1e-10 half-even: the only rounding in the book."""
    if part == whole:
        return total
    return ROUNDING.quantize(ROUNDING.divide(ROUNDING.multiply(total, part), whole), BASIS_UNIT)


class Trade(NamedTuple):
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
        return self[:3]


class Lot(NamedTuple):
    """Units opened by one trade and not yet closed."""

    execution: str
    quantity: Decimal
    gross: Decimal
    commission: Decimal


Link = tuple[Trade | Lot, "Link | None"]  # a trade that is open as a whole, or a lot, and the link behind it


class Matched(NamedTuple):
    """The state of one contract after a trade. Its open lots: `oldest` onwards, then `newest` backwards."""

    oldest: Link | None = None
    newest: Link | None = None
    quantity: Decimal = ZERO  # of the open lots together, as are the next two
    gross: Decimal = ZERO
    commission: Decimal = ZERO
    realised_gross: Decimal = ZERO  # before commissions
    realised_commission: Decimal = ZERO  # commissions of what was closed, both legs; negative

    def __repr__(self) -> str:
        """Show the lots in a row: links nest as deep as there are lots."""
        return f"Matched({self.lots}, realised {self.realised_gross}, {self.realised_commission})"

    @property
    def lots(self) -> tuple[Lot, ...]:
        """Open lots, oldest first."""
        parts = (*_parts(self.oldest), *reversed(tuple(_parts(self.newest))))
        return tuple(Lot(part.execution, part.quantity, part.gross, part.commission) for part in parts)


NOTHING = Matched()


def matched_of(
    lots: Iterable[Lot],
    quantity: Decimal,
    gross: Decimal,
    commission: Decimal,
    realised_gross: Decimal,
    realised_commission: Decimal,
) -> Matched:
    """Put a state together from its parts; lots oldest first."""
    queue: Link | None = None
    for lot in reversed(tuple(lots)):
        queue = (lot, queue)
    return Matched(queue, None, quantity, gross, commission, realised_gross, realised_commission)


def match(before: Matched, trade: Trade) -> Matched:
    """Close the oldest lots of the other side and open what remains; a flip's commission is split by quantity."""
    held, quantity = before.quantity, trade.quantity
    if not held or (held > ZERO) == (quantity > ZERO):
        return _opened(before, trade)
    held = abs(held)
    if abs(quantity) <= held:
        return _closed(before, quantity, trade.gross, trade.commission)
    closing = held.copy_sign(trade.quantity)
    gross = allocate(trade.gross, closing, trade.quantity)
    commission = allocate(trade.commission, closing, trade.quantity)
    left = _closed(before, closing, gross, commission)
    rest = Lot(trade.execution, trade.quantity - closing, trade.gross - gross, trade.commission - commission)
    return _opened(left, rest)


def _opened(before: Matched, lot: Trade | Lot) -> Matched:
    oldest, newest, quantity, gross, commission, realised_gross, realised_commission = before
    return new(Matched, (
        oldest, (lot, newest), quantity + lot.quantity, gross + lot.gross, commission + lot.commission,
        realised_gross, realised_commission,
    ))  # fmt: skip


def _closed(before: Matched, closing: Decimal, closing_gross: Decimal, closing_commission: Decimal) -> Matched:
    """Take the oldest lots for a trade of the other side that they cover."""
    oldest, newest, units = before.oldest, before.newest, abs(closing)
    gross = commission = ZERO
    while units:
        if oldest is None:
            oldest, newest = _turned(newest), None
        assert oldest is not None
        part, behind = oldest
        size = abs(part.quantity)
        if size <= units:
            units, oldest = units - size, behind
        else:
            part, remainder = _split(part, units.copy_sign(part.quantity))
            units, oldest = ZERO, (remainder, behind)
        gross, commission = gross + part.gross, commission + part.commission
    return new(Matched, (
        oldest, newest, before.quantity + closing, before.gross - gross, before.commission - commission,
        before.realised_gross - closing_gross - gross, before.realised_commission + closing_commission + commission,
    ))  # fmt: skip


def rematch(before: Matched, trade: Trade, after: Matched, charged: Trade) -> Matched:
    """Return what a trade led to, had its commission been another; a flip alone need be matched again for that."""
    oldest, newest, quantity, gross, commission, realised_gross, realised_commission = after
    change = charged.commission - trade.commission
    if newest is not None and newest[0] is trade:
        newest, commission = (charged, newest[1]), commission + change
    elif (quantity > ZERO) == (before.quantity > ZERO) or not quantity:
        realised_commission += change
    else:
        return match(before, charged)
    return new(Matched, (oldest, newest, quantity, gross, commission, realised_gross, realised_commission))


def _split(lot: Trade | Lot, quantity: Decimal) -> tuple[Lot, Lot]:
    gross = allocate(lot.gross, quantity, lot.quantity)
    commission = allocate(lot.commission, quantity, lot.quantity)
    remainder = (lot.execution, lot.quantity - quantity, lot.gross - gross, lot.commission - commission)
    return new(Lot, (lot.execution, quantity, gross, commission)), new(Lot, remainder)


def _parts(link: Link | None) -> Iterator[Trade | Lot]:
    while link is not None:
        lot, link = link
        yield lot


def _turned(newest: Link | None) -> Link | None:
    oldest: Link | None = None
    for lot in _parts(newest):
        oldest = (lot, oldest)
    return oldest


Step = tuple[Trade, Matched, "Step | None"]  # one trade, what it led to, and the step before


@dataclass(frozen=True, slots=True, eq=False)
class Floor:
    """Where the kept history of a contract begins: the last trade that was folded away, and what all of them led to."""

    order: tuple[datetime, str, int]
    after: Matched

    def __eq__(self, other: object) -> bool:
        """Floors are equal that lead to the same."""
        return isinstance(other, Floor) and self._parts == other._parts

    __hash__ = None  # type: ignore[assignment]

    @property
    def _parts(self) -> tuple[object, ...]:
        after = self.after
        return self.order, after.lots, after.realised_gross, after.realised_commission


class Holding(NamedTuple):
    """One contract's history of trades in economic order, and what it implies."""

    con_id: int
    currency: str
    multiplier: Decimal
    last: Step | None = None
    floor: Floor | None = None  # None: nothing was folded away

    def __eq__(self, other: object) -> bool:
        """Equal histories imply equal lots."""
        if not isinstance(other, Holding):
            return NotImplemented
        mine = (self.con_id, self.currency, self.multiplier, self.floor, self.trades)
        return mine == (other.con_id, other.currency, other.multiplier, other.floor, other.trades)

    def __hash__(self) -> int:
        return self.con_id

    def __repr__(self) -> str:
        """Show the last trade alone: steps nest as deep as there are trades."""
        return f"Holding({self.con_id}, {self.currency}, {self.multiplier}, {self.last and self.last[0]})"

    def with_trade(self, trade: Trade) -> Holding:
        """Insert a trade where it belongs economically, and match again from there; Folded below the floor."""
        order = trade.order
        if self.floor is not None and order < self.floor.order:
            raise Folded(trade.execution)
        step, later = self.last, []
        while step is not None and step[0].order > order:
            later.append(step[0])
            step = step[2]
        return self._rematched(step, (trade, *reversed(later)) if later else (trade,))

    def without_trade(self, execution: str) -> Holding:
        """Take an execution out (a bust, or the original of a correction)."""
        (_, _, before), later = self._found(execution)
        return self._rematched(before, later)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def with_commission(self, execution: str, commission: Decimal) -> Holding:
        """Give an execution its commission, whenever it comes."""
        if getcontext() is not EXACT:
            with exactly():
                return self.with_commission(execution, commission)
        (trade, after, before), later = self._found(execution)
        charged = new(Trade, (*trade[:5], commission))
        begun = self._begun if before is None else before[1]
        return self._rematched((charged, rematch(begun, trade, after, charged), before), later)

    def _found(self, execution: str) -> tuple[Step, tuple[Trade, ...]]:
        """Return an execution's step and the trades after it; KeyError if there is none, Folded if there may be."""
        step, later = self.last, []
        while step is not None and step[0].execution != execution:
            later.append(step[0])
            step = step[2]
        if step is None:
            raise KeyError(execution) if self.floor is None else Folded(execution)
        return step, tuple(reversed(later)) if later else ()

    def _rematched(self, last: Step | None, trades: Iterable[Trade]) -> Holding:
        if getcontext() is not EXACT:
            with exactly():
                return self._rematched(last, trades)
        after = self._begun if last is None else last[1]
        for trade in trades:
            after = match(after, trade)
            last = (trade, after, last)
        return new(Holding, (self.con_id, self.currency, self.multiplier, last, self.floor))

    def folded(self, before: datetime) -> Holding:
        """Fold the trades before a moment into the floor, once they are half of the kept ones.

        What is kept is copied, so that each trade is copied once or twice in its life.
        """
        step, kept, count = self.last, list[Step](), 0
        while step is not None and step[0].at >= before:
            kept.append(step)
            step = step[2]
        floor = step
        while step is not None:
            count, step = count + 1, step[2]
        if floor is None or count < len(kept):
            return self
        last: Step | None = None
        for trade, after, _ in reversed(kept):
            last = (trade, after, last)
        return Holding(self.con_id, self.currency, self.multiplier, last, Floor(floor[0].order, floor[1]))

    @property
    def trades(self) -> tuple[Trade, ...]:
        """Every trade above the floor, in economic order."""
        step, backwards = self.last, []
        while step is not None:
            backwards.append(step[0])
            step = step[2]
        return tuple(reversed(backwards))

    @property
    def _begun(self) -> Matched:
        return NOTHING if self.floor is None else self.floor.after

    @property
    def now(self) -> Matched:
        """What all its trades led to."""
        return self._begun if self.last is None else self.last[1]

    @property
    def lots(self) -> tuple[Lot, ...]:
        """Open lots, oldest first."""
        return self.now.lots

    @property
    def quantity(self) -> Decimal:
        """Units held: + long, - short."""
        return self.now.quantity

    @property
    def gross_basis(self) -> Decimal:
        """Basis of the open lots before commissions."""
        return self.now.gross

    @property
    def commission(self) -> Decimal:
        """Commissions in the open lots, signed as cash."""
        return self.now.commission

    @property
    def basis(self) -> Decimal:
        """Total basis by IB's convention: commissions netted."""
        return EXACT.subtract(self.gross_basis, self.commission)

    @property
    def realised_gross(self) -> Decimal:
        """Realised P&L before commissions."""
        return self.now.realised_gross

    @property
    def realised_commission(self) -> Decimal:
        """Commissions that belong to what was closed."""
        return self.now.realised_commission

    @property
    def realised(self) -> Decimal:
        """Realised P&L by IB's convention: commissions of both legs netted."""
        return EXACT.add(self.realised_gross, self.realised_commission)


def holding_of(
    con_id: int, currency: str, multiplier: Decimal, floor: Floor | None, trades: Iterable[Trade]
) -> Holding:
    """Put a holding together from its parts; trades in economic order."""
    return Holding(con_id, currency, multiplier, None, floor)._rematched(None, trades)
