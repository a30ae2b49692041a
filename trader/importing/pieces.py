"""Which of the units that were there before the first day each later closing took, and what basis went with them. Pure.

The units of a contract stand in a queue, oldest first, as the broker matches them. Those from before have an unknown
basis: a closing's realised gain tells it. To let another kind of fact move units, add its case to `Pieces.take`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from ledger.events import (
    ContractDelisted,
    ContractRenamed,
    Fact,
    MergerApplied,
    OptionExercised,
    OptionExpired,
    PositionTransferred,
    SpinOffApplied,
    SplitApplied,
)

NONE = Fraction(0)


@dataclass(frozen=True, slots=True)
class Piece:
    """Units that stand together in a queue."""

    units: Fraction  # signed, as they are now
    root: int | None  # the contract under which they were there before; None: a fact of the period brought them
    scale: Fraction = Fraction(1)  # units now for one at the beginning
    basis: Fraction | None = None  # None: unknown


@dataclass(frozen=True, slots=True)
class Closed:
    """Units from before that one closing took, counted as at the beginning."""

    root: int
    units: Fraction
    basis: Fraction | None


@dataclass(frozen=True, slots=True)
class Traded:
    """One execution, as far as lots go."""

    con_id: int
    units: Fraction  # + bought
    cost: Fraction | None  # + paid, - received, commissions and taxes of it included; None: unknown
    realised: Fraction | None  # by the broker; None: it says none


class Pieces:
    """The queues of all contracts."""

    def __init__(self, before: Mapping[int, Decimal], multipliers: Mapping[int, Decimal]) -> None:
        self.multipliers = multipliers
        self.queues = {con_id: deque([Piece(Fraction(units), con_id)]) for con_id, units in before.items() if units}
        self.closed: list[Closed] = []

    def held(self, con_id: int) -> Fraction:
        """Return how many units of a contract there are now."""
        return sum((piece.units for piece in self.queues.get(con_id, ())), NONE)

    def trade(self, told: Traded) -> None:
        """Close what stands against it, and open what remains."""
        held = self.held(told.con_id)
        closing = NONE
        if held * told.units < 0:
            closing = max(told.units, -held) if told.units < 0 else min(told.units, -held)
            known = told.cost is not None and told.realised is not None
            share = (told.cost or NONE) * closing / told.units
            self._close(told.con_id, -closing, -share - (told.realised or NONE) if known else None)
        if told.units != closing:
            rest = told.units - closing
            basis = None if told.cost is None else told.cost * rest / told.units
            self._queue(told.con_id).append(Piece(rest, None, basis=basis))

    def take(self, fact: Fact) -> None:
        """Let an action do to the queues what it does to the lots."""
        match fact:
            case SplitApplied():
                self._scale(fact.con_id, Fraction(fact.quantity_change))
                if fact.successor_con_id is not None:
                    self._move(fact.con_id, fact.successor_con_id, self.held(fact.con_id), Fraction(1))
            case ContractRenamed():
                self._move(fact.con_id, fact.successor_con_id, self.held(fact.con_id), Fraction(1))
            case MergerApplied(successor_con_id=int(successor), successor_quantity=Decimal() as received):
                left = -Fraction(fact.quantity_change)
                self._move(fact.con_id, successor, left, Fraction(received) / left if left else Fraction(1))
            case MergerApplied() | ContractDelisted():
                self._close(fact.con_id, -Fraction(fact.quantity_change), None)
            case OptionExpired():
                self._close(fact.con_id, -Fraction(fact.quantity), None)
            case OptionExercised():
                self._exercise(fact)
            case PositionTransferred():
                self.trade(Traded(fact.con_id, Fraction(fact.quantity), Fraction(fact.basis), None))
            case SpinOffApplied():
                self._queue(fact.child_con_id).append(Piece(Fraction(fact.child_quantity), None))
            case _:
                pass

    def left(self) -> dict[int, tuple[Piece, ...]]:
        """Return what still stands in each queue, oldest first."""
        return {con_id: tuple(queue) for con_id, queue in self.queues.items() if queue}

    def _exercise(self, fact: OptionExercised) -> None:
        """Let the premium go into the trade of the underlying."""
        premium = self._close(fact.con_id, -Fraction(fact.quantity), None)
        underlying, units = fact.underlying_con_id, Fraction(fact.underlying_quantity)
        if underlying is None or not units:
            return
        paid = units * Fraction(fact.strike) * Fraction(self.multipliers.get(underlying, Decimal(1)))
        if fact.amount is not None:
            paid = -Fraction(fact.amount)
        cost = None if premium is None else paid + premium - Fraction(fact.commission or 0)
        self.trade(Traded(underlying, units, cost, None))

    def _queue(self, con_id: int) -> deque[Piece]:
        return self.queues.setdefault(con_id, deque())

    def _close(self, con_id: int, units: Fraction, basis: Fraction | None) -> Fraction | None:
        """Take the oldest units; of their basis, what is not of pieces that are known belongs to those from before.

        Returns the basis of all of them, as far as it is known.
        """
        taken = self._taken(con_id, units)
        old = [piece for piece in taken if piece.root is not None]
        known = [piece.basis for piece in taken if piece.root is None]
        total = sum((piece.units for piece in old), NONE)
        rest = None if basis is None or None in known else basis - sum(filter(None, known), NONE)
        for piece in old:
            assert piece.root is not None
            share = None if rest is None or not total else rest * piece.units / total
            self.closed.append(Closed(piece.root, piece.units / piece.scale, share))
        return basis if old or None in known else sum(filter(None, known), NONE)

    def _taken(self, con_id: int, units: Fraction) -> list[Piece]:
        queue, taken = self._queue(con_id), list[Piece]()
        while units and queue and queue[0].units * units > 0:
            piece = queue.popleft()
            if abs(piece.units) > abs(units):
                share = units / piece.units
                basis = None if piece.basis is None else piece.basis * share
                left = None if piece.basis is None or basis is None else piece.basis - basis
                queue.appendleft(replace(piece, units=piece.units - units, basis=left))
                piece = replace(piece, units=units, basis=basis)
            units -= piece.units
            taken.append(piece)
        return taken

    def _scale(self, con_id: int, change: Fraction) -> None:
        held = self.held(con_id)
        if held and held + change:
            ratio = (held + change) / held
            queue = self._queue(con_id)
            self.queues[con_id] = deque(
                replace(piece, units=piece.units * ratio, scale=piece.scale * ratio) for piece in queue
            )

    def _move(self, con_id: int, successor: int, units: Fraction, ratio: Fraction) -> None:
        for piece in self._taken(con_id, units):
            moved = replace(piece, units=piece.units * ratio, scale=piece.scale * ratio)
            self._queue(successor).append(moved)
