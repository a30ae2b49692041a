"""One contract's history in economic order: insert, take out, charge; match again from there; fold what is old."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, getcontext
from typing import NamedTuple

from ledger.lots.arithmetic import EXACT, exactly, new
from ledger.lots.entries import Entry, Lot, Order, TakeOut, Trade, place_of
from ledger.lots.matched import NOTHING, Matched
from ledger.lots.matching import match, recharged, taken_by


class Folded(LookupError):
    """What is asked for lies below the floor: that part of the history was folded away."""


@dataclass(frozen=True, slots=True)
class Floor:
    """Where the kept history of a contract begins: the last entry that was folded away, and what all of them led to."""

    order: Order
    after: Matched


class Holding(NamedTuple):
    """One contract's history of entries in economic order, and what it implies."""

    con_id: int
    currency: str
    multiplier: Decimal
    now: Matched = NOTHING  # what all its entries led to
    floor: Floor | None = None  # None: nothing was folded away

    def __eq__(self, other: object) -> bool:
        """Equal histories imply equal lots."""
        return isinstance(other, Holding) and self._told == other._told

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return self.con_id

    def __repr__(self) -> str:
        """Show the last entry alone: states nest as deep as there are entries."""
        return f"Holding({self.con_id}, {self.currency}, {self.multiplier}, {self.now.entry})"

    def averaged(self) -> Holding:
        """Return it as if every closing had taken a share of one pool, as IB's average cost does; raises Folded."""
        if self.floor is not None:
            raise Folded(str(self.con_id))
        pooled = Holding(self.con_id, self.currency, self.multiplier)
        for entry in self.entries:
            pooled = pooled.with_entry(
                entry._replace(method="average") if isinstance(entry, (Trade, TakeOut)) else entry
            )
        return pooled

    def with_entry(self, entry: Entry) -> Holding:
        """Insert an entry where it belongs economically, and match again from there; Folded below the floor."""
        if getcontext() is not EXACT:
            with exactly():
                return self.with_entry(entry)
        con_id, currency, multiplier, now, floor = self
        last = now.entry
        if last is not None and last[0] < entry[0]:
            return new(Holding, (con_id, currency, multiplier, match(now, entry), floor))
        order = place_of(entry)
        if floor is not None and order < floor.order:
            raise Folded(entry[1])
        later = list[Entry]()
        while last is not None and place_of(last) > order:
            later.append(last)
            now = _before(now)
            last = now.entry
        return self._rematched(now, (entry, *reversed(later)))

    def without_entry(self, entry_id: str) -> Holding:
        """Take an entry out (a bust, or the original of a correction); KeyError if there is none."""
        state, later = self._found(entry_id)
        return self._rematched(_before(state), later)

    def replaced(self, entry: Entry) -> Holding:
        """Put an entry in the place of the one with its id; KeyError if there is none."""
        state, later = self._found(entry[1])
        if state.entry is not None and state.entry[:3] == entry[:3]:
            return self._rematched(_before(state), (entry, *later))
        return self._rematched(_before(state), later).with_entry(entry)

    def with_commission(self, execution: str, commission: Decimal) -> Holding:
        """Give an execution its commission, whenever it comes."""
        if getcontext() is not EXACT:
            with exactly():
                return self.with_commission(execution, commission)
        con_id, currency, multiplier, now, floor = self
        last = now.entry
        if last is not None and last[1] == execution:
            return new(Holding, (con_id, currency, multiplier, recharged(now, _trade(last), commission), floor))
        state, later = self._found(execution)
        return self._rematched(recharged(state, _trade(state.entry), commission), later)

    def with_gross(self, execution: str, gross: Decimal) -> Holding:
        """Let an execution have moved what the broker says that it moved."""
        state, later = self._found(execution)
        trade = _trade(state.entry)
        return self._rematched(_before(state), (trade._replace(gross=gross), *later))

    def _found(self, entry_id: str) -> tuple[Matched, tuple[Entry, ...]]:
        """Return the state after an entry, and what came later; KeyError if there is none, Folded if there may be."""
        state, later = self.now, list[Entry]()
        while state.entry is not None:
            if state.entry[1] == entry_id:
                return state, tuple(reversed(later)) if later else ()
            later.append(state.entry)
            state = _before(state)
        raise KeyError(entry_id) if self.floor is None else Folded(entry_id)

    def _rematched(self, now: Matched, entries: Iterable[Entry]) -> Holding:
        if getcontext() is not EXACT:
            with exactly():
                return self._rematched(now, entries)
        for entry in entries:
            now = match(now, entry)
        return new(Holding, (self.con_id, self.currency, self.multiplier, now, self.floor))

    def folded(self, before: datetime) -> Holding:
        """Fold the entries before a moment into the floor, once they are half of the kept ones.

        What is kept is copied, so that each entry is copied once or twice in its life.
        """
        state, kept, count = self.now, list[Matched](), 0
        while state.entry is not None and state.entry[0] >= before:
            kept.append(state)
            state = _before(state)
        last = state
        while state.entry is not None:
            count, state = count + 1, _before(state)
        if last.entry is None or count < len(kept):
            return self
        now: Matched = new(Matched, (*last[:7], None, None))
        floor = Floor(place_of(last.entry), now)
        for state in reversed(kept):
            now = new(Matched, (*state[:8], now))
        return Holding(self.con_id, self.currency, self.multiplier, now, floor)

    @property
    def states(self) -> tuple[Matched, ...]:
        """The state after each entry above the floor, in economic order."""
        state, backwards = self.now, list[Matched]()
        while state.entry is not None:
            backwards.append(state)
            state = _before(state)
        return tuple(reversed(backwards))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every entry above the floor, in economic order."""
        return tuple(state.entry for state in self.states if state.entry is not None)

    @property
    def trades(self) -> tuple[Trade, ...]:
        """Every trade above the floor, in economic order."""
        return tuple(entry for entry in self.entries if type(entry) is Trade)

    def entry(self, entry_id: str) -> Entry:
        """Return an entry; KeyError if there is none, Folded if it may lie below the floor."""
        found = self._found(entry_id)[0].entry
        assert found is not None
        return found

    def taken_by(self, entry_id: str) -> tuple[Lot, ...]:
        """Return what an entry takes out or closes, oldest first; KeyError and Folded as `entry`."""
        with exactly():
            return taken_by(self._found(entry_id)[0])

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

    @property
    def _told(self) -> tuple[object, ...]:
        return self.con_id, self.currency, self.multiplier, self.floor, self.entries


def _before(state: Matched) -> Matched:
    assert state.before is not None
    return state.before


def _trade(entry: Entry | None) -> Trade:
    """Return an entry that is a trade; KeyError for another."""
    if type(entry) is not Trade:
        raise KeyError(entry and entry[1])
    return entry


def holding_of(
    con_id: int, currency: str, multiplier: Decimal, floor: Floor | None, *entries: Iterable[Entry]
) -> Holding:
    """Put a holding together from its parts: its entries kind by kind, each kind in economic order."""
    begun = Holding(con_id, currency, multiplier, NOTHING if floor is None else floor.after, floor)
    in_order = [entry for kind in entries for entry in kind]
    if any(entries[1:]):
        in_order.sort(key=place_of)
    return begun._rematched(begun.now, in_order)
