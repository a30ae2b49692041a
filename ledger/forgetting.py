"""What the book forgets: what is older than the window in which corrections come, and settled.

Forgetting is a matter of memory, never of the result: what the book says stays the same. When a day is sealed, the
horizon moves on, and what lies beyond it goes (`FORGETTERS`, in their order). A fact that may need what is gone raises
`Forgotten`; whoever folds then begins again and retains everything. So a fact may be said to be unknown only after
`may_be_forgotten`, `known_order` or `is_old_day` was asked.

Never forgotten: open lots, pending commissions, orders that may still fill or do not add up, open and accepted breaks,
keys of what a source may tell without its time. To let something else be forgotten, write the function, add it to
`FORGETTERS`, and let the effects that read it ask.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

from ledger.events import Fact, OrderFilled, execution_base
from ledger.references import cycle_of
from ledger.state import ZERO, Break, Fill, Forgotten, Order, State

CORRECTION_WINDOW = timedelta(days=45)
STRIDE = timedelta(days=5)  # looking at everything kept costs something: not every day
KEYS_TO_AN_EVENT = 4  # looked at for each one that is newly beyond: what is never forgotten is not looked at for ever
SESSIONS_MIN = 25  # so that a home that rested for months still knows its last sessions
LATITUDE = timedelta(days=3)  # sources differ about the time of one execution
V = TypeVar("V")
DAY_IN_FRONT = re.compile(r"\d{4}-\d{2}-\d{2}(?=/)")


def forget(state: State) -> None:
    """Forget what lies beyond the horizon of the last seal, if there is any."""
    if not state.seals:
        return
    horizon = _horizon(state)
    beyond = [seq for sealed_at, seq in state.seals if sealed_at <= horizon]
    if not beyond or not _is_worth_it(state, horizon, max(beyond)):
        return
    state.horizon, state.horizon_seq = horizon, max(beyond)
    state.seals = tuple(sealed for sealed in state.seals if sealed[1] >= state.horizon_seq)
    for forgetter in FORGETTERS:
        forgetter(state, horizon)


def _is_worth_it(state: State, horizon: datetime, seq: int) -> bool:
    """Tell whether enough lies newly beyond a horizon to look at everything kept: else a replay would be quadratic."""
    if state.horizon is None:
        return True
    return horizon - state.horizon >= STRIDE and (seq - state.horizon_seq) * KEYS_TO_AN_EVENT >= len(state.keys)


def _horizon(state: State) -> datetime:
    horizon = state.seals[-1][0] - CORRECTION_WINDOW
    if state.snapshots:
        sessions = sorted(state.snapshots)[-SESSIONS_MIN:]
        horizon = min(horizon, datetime.combine(sessions[0], time(), UTC))
    return horizon if state.horizon is None else max(horizon, state.horizon)


# Whether something unknown was known once


def known_order(state: State, order_ref: str) -> Order | None:
    """Return an order of ours, None if the log never knew it; raise Forgotten for one that it may have known."""
    order = state.orders.get(order_ref)
    if order is None and state.horizon is not None and _is_beyond(state, order_ref):
        raise Forgotten(f"order {order_ref}: its cycle is forgotten")
    return order


def _is_beyond(state: State, order_ref: str) -> bool:
    made_in = cycle_of(order_ref, state.account)
    return made_in is not None and made_in <= state.horizon_seq


def is_old_day(state: State, name: str) -> bool:
    """Tell whether a name begins with a day beyond the horizon."""
    if state.horizon is None or name[:10] >= state.horizon.date().isoformat():
        return False  # by comparing alone, as a rule
    return DAY_IN_FRONT.match(name) is not None


def may_be_forgotten(state: State, fact: Fact, key: str) -> bool:
    """Tell whether a fact with an unknown key may have been told before."""
    if state.horizon is None:
        return False
    kind, _, rest = key.partition("/")
    match kind:
        case "fill" if isinstance(fact, OrderFilled):
            return _is_old_fill(state, fact)
        case "commission" | "proceeds":
            return rest.rpartition("/")[0] not in state.fills
        case "bust":
            return _busted_base(rest) not in state.fills
        case "order":
            return _is_order_gone(state, rest)
        case "cycle" | "day":
            return is_old_day(state, rest)
        case "accept" | "take-back":
            return rest not in state.breaks
        case _:
            return False


def _is_old_fill(state: State, fact: OrderFilled) -> bool:
    base, revision = execution_base(fact.execution_id)
    if base in state.fills or state.horizon is None:
        return False
    at = fact.occurred_at
    return revision > 1 or at is None or at < state.horizon + LATITUDE


# Forgetting


def _forget_orders_and_fills(state: State, horizon: datetime) -> None:
    """Forget fills first: an order stays as long as one of its fills."""
    settled = _settled_orders(state)
    _forget_fills(state, horizon, settled)
    needed = {fill.order_ref for fill in state.fills.values()} if settled else set()
    for order_ref in settled:
        if order_ref not in needed:
            del state.orders[order_ref]


def _settled_orders(state: State) -> dict[str, Order]:
    """Return the orders beyond the horizon that nothing can be said about any more."""
    named = {b.found.subject for b in state.open_breaks}
    named |= {row.order_ref for row in state.reported.open_orders or ()}
    return {
        order_ref: order
        for order_ref, order in _oldest(state.orders, lambda order: order.cycle <= state.horizon_seq)
        if order.ended and _adds_up(order) and order_ref not in named
        and cycle_of(order_ref, state.account) == order.cycle
    }  # fmt: skip


def _adds_up(order: Order) -> bool:
    """Tell whether an order's own word and its executions say the same, so that nothing will be found about it."""
    filled, whole, told = abs(order.filled), abs(order.quantity), order.filled_reported
    if told is None and order.status == "filled":
        told = whole
    if order.status in ("rejected", "not_sent"):
        told = ZERO
    return filled <= whole and told in (None, filled)


def _forget_fills(state: State, horizon: datetime, settled: dict[str, Order]) -> None:
    told = {base for b in state.breaks.values() if b.status != "open" for base in _evidence(b)}

    def is_old(fill: Fill) -> bool:
        return fill.seq <= state.horizon_seq or fill.at < horizon  # a correction has a later seq in an old place

    for base, fill in _oldest(state.fills, is_old):
        is_beyond = fill.seq <= state.horizon_seq and fill.at < horizon
        is_settled = fill.busted or (fill.commission is not None and (base in told or not fill.foreign))
        if is_beyond and is_settled and (fill.order_ref in settled or fill.order_ref not in state.orders):
            del state.fills[base]
            for beside in (state.proceeds, state.taxes, state.named_lots):
                beside.pop(base, None)


def _evidence(known: Break) -> tuple[str, ...]:
    is_told = known.found.kind == "foreign_trade" and known.explanation is not None
    return known.explanation.evidence if is_told and known.explanation is not None else ()


def _fold_holdings(state: State, horizon: datetime) -> None:
    for con_id, holding in list(state.holdings.items()):
        folded = holding.folded(horizon)
        if folded is not holding:
            state.holdings[con_id] = folded


def _forget_breaks(state: State, horizon: datetime) -> None:
    for break_id, known in list(state.breaks.items()):
        if known.ended_at is None or known.ended_at >= horizon or known.found.kind == "refused_fact":
            continue
        evidence = _evidence(known)
        if known.status == "closed" or (evidence and not any(base in state.fills for base in evidence)):
            del state.breaks[break_id]


def _forget_days(state: State, horizon: datetime) -> None:
    """Forget what became of slots and sessions: by their own names, so that nothing else need be known."""
    first = horizon.date()
    before = first.isoformat()
    for name in [name for name in state.slots if name[:10] < before and is_old_day(state, name)]:
        del state.slots[name]
    for day in [day for day in state.snapshots if day < first]:
        del state.snapshots[day]
    for day in [day for day in state.committed if day < first]:
        del state.committed[day]
    for notice in [notice for notice in state.notices if notice[1] < first]:
        del state.notices[notice]
    for name in [name for name, seq in state.mailed.items() if seq <= state.horizon_seq]:
        del state.mailed[name]
    for name, known in list(state.incidents.items()):
        if known.ended_at is not None and known.ended_at < horizon and known.seq <= state.horizon_seq:
            del state.incidents[name]
    for name in [name for name, at in state.unsent.items() if at < horizon]:
        del state.unsent[name]


def _forget_keys(state: State, _: datetime) -> None:
    """Forget keys with what they are keys of; those of days by name."""
    for key, (_seq, part) in _oldest(state.keys, lambda known: known[0] <= state.horizon_seq):
        kind, _slash, rest = key.partition("/")
        match kind:
            case "fill":
                gone = part is not None and rest.partition("/")[2].rpartition("/")[0] not in state.fills
            case "bust":
                gone = part is not None and _busted_base(rest) not in state.fills
            case "commission" | "proceeds":
                gone = part is not None and rest.rpartition("/")[0] not in state.fills
            case "order":
                gone = _is_order_gone(state, rest)
            case "cycle" | "day":
                gone = is_old_day(state, rest)
            case "accept" | "take-back":
                gone = rest not in state.breaks
            case _:
                gone = False
        if gone:
            del state.keys[key]


def _busted_base(rest: str) -> str:
    """Return the execution that a bust's key names: `ACCOUNT/BASE/REVISION`, in older logs without the revision."""
    execution = rest.partition("/")[2]
    return execution.rpartition("/")[0] or execution


def _is_order_gone(state: State, rest: str) -> bool:
    """Tell whether the order of `REF/STEP` or `REF/acknowledged/PERM` is not kept and may have been forgotten."""
    whole, short = rest.rpartition("/")[0], rest.rsplit("/", 2)[0]
    if whole in state.orders or short in state.orders:
        return False
    return _is_beyond(state, whole) or _is_beyond(state, short)


def _oldest(held: dict[str, V], is_old: Callable[[V], bool]) -> list[tuple[str, V]]:
    """Return the entries from the first on as long as they are old: dicts keep the order of the log."""
    found = []
    for name, value in held.items():
        if not is_old(value):
            break
        found.append((name, value))
    return found


FORGETTERS: tuple[Callable[[State, datetime], None], ...] = (
    _forget_orders_and_fills, _fold_holdings, _forget_breaks, _forget_days, _forget_keys,
)  # fmt: skip
