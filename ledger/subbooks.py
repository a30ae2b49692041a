"""What of each position is whose, where several strategies trade one account.

The book keeps the units of each strategy by contract; what is left of a position is the rest's: adopted, traded by
hand, or bought before there were strategies. So the parts sum to the position, whatever happened. A fill goes to the
strategies that have a part in its order, pro rata; an action changes their units as it changes the position; what one
passes to another moves no unit of the account.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from ledger.lots import ZERO, allocate, spread
from ledger.state import State

REST = ""  # whose what no strategy holds is
Parts = Sequence[tuple[str, Decimal]]


def pro_rata(total: Decimal, parts: Parts) -> tuple[tuple[str, Decimal], ...]:
    """Share a total out by parts of one sign, exactly: what was rounded off one share goes to the next."""
    if not any(part for _, part in parts):
        return ()
    shares = spread(total, [part for _, part in parts])
    return tuple((name, share) for (name, _), share in zip(parts, shares, strict=True) if share)


def sub_position(state: State, strategy: str, con_id: int) -> Decimal:
    """Return the units of a strategy; of the rest, what the strategies do not hold."""
    if strategy != REST:
        return state.sub_positions.get((strategy, con_id), ZERO)
    of_strategies = (units for (_, held), units in state.sub_positions.items() if held == con_id)
    return _position(state, con_id) - sum(of_strategies, ZERO)


def holders(state: State, con_id: int) -> tuple[str, ...]:
    """Name the strategies that hold units of a contract, long or short."""
    return tuple(strategy for strategy, held in state.sub_positions if held == con_id)


def move(state: State, strategy: str, con_id: int, units: Decimal) -> None:
    """Give units to a strategy, or take them; the rest's follow by themselves."""
    if strategy == REST:
        return
    after = state.sub_positions.get((strategy, con_id), ZERO) + units
    if after:
        state.sub_positions[strategy, con_id] = after
    else:
        state.sub_positions.pop((strategy, con_id), None)


def share_fill(state: State, parts: Parts, con_id: int, quantity: Decimal) -> None:
    """Share out what an order filled, or what was taken back of it."""
    for strategy, units in pro_rata(quantity, parts):
        move(state, strategy, con_id, units)


class Before(NamedTuple):
    """The positions that strategies hold units of, and that of the contract in which an action lets units arrive."""

    shared: dict[int, Decimal]
    target: int | None
    in_target: Decimal


def positions_shared(state: State, target: int | None = None) -> Before:
    """Take down the positions before an action."""
    shared = {con_id: _position(state, con_id) for con_id in {con_id for _, con_id in state.sub_positions}}
    return Before(shared, target, ZERO if target is None else _position(state, target))


def follow(state: State, before: Before) -> None:
    """Let sub-positions follow what an action made of the positions; what left one contract arrives in the target.

    A strategy has of what arrives the fraction that it had of the position that left; what was held in the target
    before stays whose it was.
    """
    target = before.target
    arrived = ZERO if target is None else _position(state, target) - before.in_target
    for con_id, position in before.shared.items():
        after = _position(state, con_id)
        if after == position or not position or con_id == target:
            continue
        for strategy in holders(state, con_id):
            units = state.sub_positions[strategy, con_id]
            move(state, strategy, con_id, allocate(after, units, position) - units)
            if target is not None and arrived and not after:
                move(state, strategy, target, allocate(arrived, units, position))


def _position(state: State, con_id: int) -> Decimal:
    holding = state.holdings.get(con_id)
    return ZERO if holding is None else holding.quantity
