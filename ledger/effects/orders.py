"""The life of an order, and the plan that it comes from."""

from __future__ import annotations

from decimal import Decimal

from ledger.events import (
    OrderAcknowledged,
    OrderCancelAttempted,
    OrderCancelled,
    OrderDeferred,
    OrderExpired,
    OrderKept,
    OrderModified,
    OrderModifyAttempted,
    OrderModifyRefused,
    OrderPlanned,
    OrderPreviewed,
    OrderRejected,
    OrderResolved,
    OrderSendAttempted,
    StrategiesCrossed,
    TargetsScaled,
)
from ledger.forgetting import known_order
from ledger.line import Event
from ledger.state import ZERO, Impossible, Order, SlotState, State, changed
from ledger.subbooks import move

NEW = SlotState()
OUTCOMES = {
    "working": "working",
    "filled": "filled",
    "cancelled": "cancelled",
    "rejected": "rejected",
    "not_sent": "not_sent",
}


def _planned(state: State, event: Event) -> None:
    fact: OrderPlanned = event.fact  # type: ignore[assignment]
    if state.cycle is None:
        raise Impossible(f"plan for {fact.symbol}: expected it inside a cycle")
    state.update_cycle(plan=(*state.cycle.plan, fact))


def _scaled(state: State, event: Event) -> None:
    fact: TargetsScaled = event.fact  # type: ignore[assignment]
    if state.cycle is not None:
        state.update_cycle(scaled=(*state.cycle.scaled, fact))


def _previewed(state: State, event: Event) -> None:
    fact: OrderPreviewed = event.fact  # type: ignore[assignment]
    if state.cycle is not None:
        state.update_cycle(previews={**state.cycle.previews, fact.order_ref: fact})


def _deferred(state: State, event: Event) -> None:
    fact: OrderDeferred = event.fact  # type: ignore[assignment]
    if state.cycle is not None:
        state.update_cycle(deferred=(*state.cycle.deferred, fact))


def _send_attempted(state: State, event: Event) -> None:
    fact: OrderSendAttempted = event.fact  # type: ignore[assignment]
    cycle = state.cycle
    if cycle is None or cycle.ended or not state.may_trade:
        raise Impossible(f"order {fact.order_ref}: expected TradingAllowed of this cycle and no doubt, found none")
    if known_order(state, fact.order_ref) is not None:
        raise Impossible(f"order {fact.order_ref}: attempted already")
    if fact.order_id <= state.order_id_high:
        raise Impossible(f"order id {fact.order_id}: expected more than {state.order_id_high}")
    order = Order(
        fact.order_ref, fact.con_id, fact.quantity, fact.limit_price, fact.order_id, cycle.seq, event.at,
        cycle.started.session_day, reference_price=_reference_price(state, fact),
        terms=(fact.order_type, fact.tif, fact.algo, fact.algo_priority), parts=_parts(cycle.plan, fact.order_ref),
    )  # fmt: skip
    state.keep_order(order)
    state.order_id_high = fact.order_id
    _acted(state)


def _parts(plan: tuple[OrderPlanned, ...], order_ref: str) -> tuple[tuple[str, Decimal], ...]:
    rows = (row for row in plan if row.order_ref == order_ref)
    return tuple((part.strategy, part.quantity) for row in rows for part in row.parts if part.quantity)


def _crossed(state: State, event: Event) -> None:
    fact: StrategiesCrossed = event.fact  # type: ignore[assignment]
    sums = dict[int, Decimal]()
    for row in fact.rows:
        sums[row.con_id] = sums.get(row.con_id, ZERO) + row.quantity
    if apart := [con_id for con_id, total in sums.items() if total]:
        raise Impossible(f"crosses of contract {apart[0]}: expected them to sum to 0, found {sums[apart[0]]}")
    for row in fact.rows:
        move(state, row.strategy, row.con_id, row.quantity)


def _reference_price(state: State, fact: OrderSendAttempted) -> Decimal | None:
    """Return the price that an order was planned from; older lines have it in the plan alone."""
    if fact.reference_price is not None or state.cycle is None:
        return fact.reference_price
    return next((row.reference_price for row in state.cycle.plan if row.order_ref == fact.order_ref), None)


def _acted(state: State) -> None:
    if state.cycle is not None:
        slot = state.cycle.started.slot
        known = state.slots.get(slot, NEW)
        if not known.acted:
            state.slots[slot] = changed(known, acted=True)


def _order(state: State, order_ref: str) -> Order:
    order = known_order(state, order_ref)
    if order is None:
        raise Impossible(f"order {order_ref}: the log does not know it")
    return order


def _acknowledged(state: State, event: Event) -> None:
    fact: OrderAcknowledged = event.fact  # type: ignore[assignment]
    order = _order(state, fact.order_ref)
    perm_ids = order.perm_ids if fact.perm_id in order.perm_ids else (*order.perm_ids, fact.perm_id)
    is_answer = order.status == "attempted" and not order.change_asked  # a change has an answer of its own
    state.keep_order(order.acknowledged(perm_ids, "working" if is_answer else order.status))


def _rejected(state: State, event: Event) -> None:
    fact: OrderRejected = event.fact  # type: ignore[assignment]
    order = _order(state, fact.order_ref)
    state.keep_order(changed(order, status="rejected", ended_reason=f"{fact.code} {fact.reason}"))


def _cancel_attempted(state: State, event: Event) -> None:
    fact: OrderCancelAttempted = event.fact  # type: ignore[assignment]
    state.keep_order(changed(_order(state, fact.order_ref), cancel_asked=True))
    _acted(state)


def _cancelled(state: State, event: Event) -> None:
    fact: OrderCancelled = event.fact  # type: ignore[assignment]
    order = _order(state, fact.order_ref)
    status = "filled" if abs(order.filled) >= abs(order.quantity) else "cancelled"
    state.keep_order(changed(order, status=status, filled_reported=fact.filled, ended_reason=fact.reason))


def _expired(state: State, event: Event) -> None:
    fact: OrderExpired = event.fact  # type: ignore[assignment]
    order = _order(state, fact.order_ref)
    state.keep_order(changed(order, status="expired", filled_reported=fact.filled))


def _resolved(state: State, event: Event) -> None:
    fact: OrderResolved = event.fact  # type: ignore[assignment]
    order = _order(state, fact.order_ref)
    status = OUTCOMES.get(fact.outcome, order.status)
    state.keep_order(changed(order, status=status, ended_reason=fact.evidence))


def _kept(state: State, event: Event) -> None:
    fact: OrderKept = event.fact  # type: ignore[assignment]
    if state.cycle is None or state.cycle.ended or _order(state, fact.order_ref).status != "working":
        raise Impossible(f"order {fact.order_ref}: expected it to work while a cycle runs")
    state.update_cycle(kept=(*state.cycle.kept, fact.order_ref))


def _modify_attempted(state: State, event: Event) -> None:
    fact: OrderModifyAttempted = event.fact  # type: ignore[assignment]
    order, cycle = _order(state, fact.order_ref), state.cycle
    if cycle is None or not state.may_trade or fact.order_ref not in cycle.kept or fact.order_ref in cycle.changed:
        raise Impossible(f"order {fact.order_ref}: expected an order that this cycle kept, and TradingAllowed")
    if order.status != "working":
        raise Impossible(f"order {fact.order_ref}: it is {order.status}, only a working one is changed")
    state.keep_order(changed(order, status="attempted", change_asked=True))
    state.update_cycle(changed=(*cycle.changed, fact.order_ref))
    _acted(state)


def _modified(state: State, event: Event) -> None:
    fact: OrderModified = event.fact  # type: ignore[assignment]
    order = _order(state, fact.order_ref)
    status = "working" if order.status == "attempted" else order.status
    state.keep_order(changed(order, status=status, limit_price=fact.limit_price, change_asked=False))


def _modify_refused(state: State, event: Event) -> None:
    fact: OrderModifyRefused = event.fact  # type: ignore[assignment]
    order = _order(state, fact.order_ref)
    status = "working" if order.status == "attempted" else order.status
    state.keep_order(changed(order, status=status, change_asked=False))


EFFECTS = (
    (StrategiesCrossed, _crossed),
    (OrderPlanned, _planned),
    (TargetsScaled, _scaled),
    (OrderPreviewed, _previewed),
    (OrderDeferred, _deferred),
    (OrderSendAttempted, _send_attempted),
    (OrderAcknowledged, _acknowledged),
    (OrderRejected, _rejected),
    (OrderCancelAttempted, _cancel_attempted),
    (OrderCancelled, _cancelled),
    (OrderExpired, _expired),
    (OrderResolved, _resolved),
    (OrderKept, _kept),
    (OrderModifyAttempted, _modify_attempted),
    (OrderModified, _modified),
    (OrderModifyRefused, _modify_refused),
)
