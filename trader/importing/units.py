"""How many units of each contract a list of facts moves, and how many must have been there before. Pure.

What closes more than the facts themselves opened was held already. To let another kind of fact move units, add its case
to `_Walk.take`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ledger.events import (
    ContractDefined,
    ContractDelisted,
    ContractRenamed,
    Fact,
    FillBusted,
    MergerApplied,
    OptionExercised,
    OptionExpired,
    OrderFilled,
    PositionTransferred,
    SpinOffApplied,
    SplitApplied,
    execution_base,
)
from ledger.lots import EXACT, ZERO


class Units(NamedTuple):
    """What facts do to one contract's position."""

    moved: dict[int, Decimal]  # from the first fact to the last
    needed: dict[int, Decimal]  # what must have been held before the first
    came_from: dict[int, int]  # a whole position under a new id -> the id that it bore before


def units_of(facts: Iterable[Fact], contracts: Mapping[int, ContractDefined], closing: frozenset[str]) -> Units:
    """Walk through facts in economic order; `closing` names the executions that the broker says only close."""
    told = tuple(facts)
    walk = _Walk(closing, frozenset(c.con_id for c in contracts.values() if c.security_type == "CASH"), _valid(told))
    for fact in told:
        walk.take(fact)
    return Units(walk.moved, {con_id: units for con_id, units in walk.needed.items() if units}, walk.came_from)


def _valid(facts: tuple[Fact, ...]) -> dict[str, str]:
    """Return the execution that counts of each base: its last revision, none of what was taken back."""
    last = dict[str, tuple[int, str]]()
    for fact in facts:
        if isinstance(fact, OrderFilled):
            base, revision = execution_base(fact.execution_id)
            last[base] = max(last.get(base, (0, "")), (revision, fact.execution_id))
    busted = {execution_base(fact.execution_id)[0] for fact in facts if isinstance(fact, FillBusted)}
    return {base: execution_id for base, (_, execution_id) in last.items() if base not in busted}


class _Walk:
    def __init__(self, closing: frozenset[str], virtual: frozenset[int], valid: Mapping[str, str]) -> None:
        self.closing, self.virtual, self.valid = closing, virtual, valid
        self.moved, self.needed, self.came_from = dict[int, Decimal](), dict[int, Decimal](), dict[int, int]()

    def take(self, fact: Fact) -> None:
        match fact:
            case OrderFilled():
                self._fill(fact)
            case SplitApplied():
                self._split(fact)
            case SpinOffApplied():
                self._move(fact.child_con_id, fact.child_quantity)
            case MergerApplied():
                self._leave(fact.con_id, fact.quantity_change)
                if fact.successor_con_id is not None:
                    self._move(fact.successor_con_id, fact.successor_quantity or ZERO)
            case ContractRenamed():
                self._rename(fact.con_id, fact.successor_con_id)
            case ContractDelisted():
                self._leave(fact.con_id, fact.quantity_change)
            case OptionExercised():
                self._leave(fact.con_id, fact.quantity)
                if fact.underlying_con_id is not None:
                    self._move(fact.underlying_con_id, fact.underlying_quantity)
            case OptionExpired():
                self._leave(fact.con_id, fact.quantity)
            case PositionTransferred():
                self._move(fact.con_id, fact.quantity)
            case _:
                pass

    def _fill(self, fact: OrderFilled) -> None:
        base, _ = execution_base(fact.execution_id)
        if fact.con_id in self.virtual or self.valid.get(base) != fact.execution_id:
            return
        if fact.execution_id in self.closing:
            self._leave(fact.con_id, fact.quantity)
        else:
            self._move(fact.con_id, fact.quantity)

    def _split(self, fact: SplitApplied) -> None:
        ratio = Fraction(fact.numerator, fact.denominator)
        held = self._held(fact.con_id)
        if ratio != 1 and not held:
            before = Fraction(fact.quantity_change) / (ratio - 1)
            if before.denominator in (1, 2, 4, 5, 10, 20, 100):
                self._require(fact.con_id, Decimal(before.numerator) / Decimal(before.denominator))
        self._move(fact.con_id, fact.quantity_change)
        if fact.successor_con_id is not None:
            self._rename(fact.con_id, fact.successor_con_id)

    def _rename(self, con_id: int, successor: int) -> None:
        held = self._held(con_id)
        self._move(con_id, -held)
        self._move(successor, held)
        self.came_from.setdefault(successor, con_id)

    def _leave(self, con_id: int, change: Decimal) -> None:
        """Let units go that must have been there."""
        self._require(con_id, -change)
        self._move(con_id, change)

    def _require(self, con_id: int, units: Decimal) -> None:
        """See that so many units are held now, signed; what is missing was held from the beginning."""
        held = self._held(con_id)
        missing = max(units - held, ZERO) if units > 0 else min(units - held, ZERO)
        if missing:
            root = con_id
            while root in self.came_from:
                root = self.came_from[root]
            self.needed[root] = self.needed.get(root, ZERO) + missing
            if root != con_id:  # it went along when the position was renamed
                self._move(root, -missing)
                self._move(con_id, missing)

    def _held(self, con_id: int) -> Decimal:
        return EXACT.add(self.moved.get(con_id, ZERO), self.needed.get(con_id, ZERO))

    def _move(self, con_id: int, change: Decimal) -> None:
        self.moved[con_id] = EXACT.add(self.moved.get(con_id, ZERO), change)
