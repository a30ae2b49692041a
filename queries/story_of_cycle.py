"""One cycle in one line: what it found, what it decided, what became of it.

A part of the line is a function from the cycle's events to phrases. To tell more, write one and add it to `PHRASES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ledger.events import (
    BookReconciled,
    BreakClosed,
    BreakExplained,
    BreakFound,
    BrokerLost,
    CycleFailed,
    CycleFinished,
    CycleSkipped,
    CycleStarted,
    OrderAcknowledged,
    OrderCancelled,
    OrderDeferred,
    OrderExpired,
    OrderFilled,
    OrderKept,
    OrderModified,
    OrderModifyRefused,
    OrderPlanned,
    OrderRejected,
    OrderResolved,
    OrderSendAttempted,
    StepFailed,
    StrategiesCrossed,
    TargetsScaled,
    TradingVetoed,
)
from ledger.events.reconciliation import Certainty
from ledger.line import Event
from queries.figures import money, price, quantity

RESOLVED: dict[str, str] = {  # what the broker's own state said of an order that was in doubt
    "working": "found at the broker: it works",
    "filled": "found at the broker: filled",
    "cancelled": "found at the broker: cancelled",
    "rejected": "found at the broker: rejected",
    "not_sent": "not found at the broker: it never left",
    "unknown": "not found at the broker: stays in doubt",
}
EXPLAINED: dict[Certainty, str] = {
    "certain": ", explained",
    "likely": ", explained",
    "possible": ", perhaps explained",
    "unexplained": "",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the day, and whether an equal one may be joined to it."""

    at: datetime
    text: str
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """A cycle's events and what the log knew."""

    events: Sequence[Event]
    sent: Mapping[str, Event]  # order_ref -> its OrderSendAttempted, of any cycle so far
    commissions: Mapping[str, Decimal]
    symbol: Callable[[int], str]

    @property
    def started(self) -> CycleStarted | None:
        """The cycle's first fact."""
        fact = self.events[0].fact
        return fact if isinstance(fact, CycleStarted) else None


def cycle_text(
    events: Sequence[Event],
    sent: Mapping[str, Event],
    commissions: Mapping[str, Decimal],
    symbol: Callable[[int], str],
) -> str:
    """Tell one cycle."""
    scene = Scene(events, sent, commissions, symbol)
    phrases = [phrase for part in PHRASES for phrase in part(scene)]
    return " · ".join(phrases) or "nothing happened"


def _kind(scene: Scene) -> Iterator[str]:
    if scene.started and scene.started.kind == "close":
        yield "closing"
    if scene.started and scene.started.dry_run:
        yield "dry run"
    if scene.started and scene.started.attempt > 1:
        yield f"attempt {scene.started.attempt}"


def _skipped(scene: Scene) -> Iterator[str]:
    yield from (f"{e.fact.slot} was skipped: {e.fact.reason}" for e in scene.events if isinstance(e.fact, CycleSkipped))


def _earlier_orders(scene: Scene) -> Iterator[str]:
    """Tell what became of orders that an earlier cycle left behind."""
    own = {event.fact.order_ref for event in scene.events if isinstance(event.fact, OrderPlanned)}
    for event in scene.events:
        match event.fact:
            case OrderResolved(order_ref=ref, outcome=outcome):
                yield f"order {ref} {RESOLVED[outcome]}"
            case OrderFilled(order_ref=ref) as fill if ref in scene.sent and ref not in own:
                side = "bought" if fill.quantity > 0 else "sold"
                units = quantity(abs(fill.quantity))
                yield f"an earlier order {side} {units} {scene.symbol(fill.con_id)} @ {price(fill.price)}"
            case OrderCancelled(order_ref=ref, filled=filled) if ref not in own:
                yield f"cancelled the rest of {ref}" if filled else f"cancelled {ref}"
            case OrderExpired(order_ref=ref) if ref not in own:
                yield f"{ref} expired"
            case _:
                pass


def _agreement(scene: Scene) -> Iterator[str]:
    told = (event.fact for event in scene.events if isinstance(event.fact, BreakExplained))
    explained = {fact.break_id: EXPLAINED[fact.certainty] for fact in told}
    agreed: BookReconciled | None = None
    for event in scene.events:
        match event.fact:
            case BreakFound() as found:
                what = found.kind.replace("_", " ")
                subject = found.subject if found.con_id is None else scene.symbol(found.con_id)
                known = explained.get(found.break_id, "")
                yield f"BREAK {found.break_id} ({what} {subject}){known} · {_consequence(found, scene)}"
            case BreakClosed(break_id=break_id, reason=reason, cause=cause):
                yield f"{break_id} closed: {reason}{f', {cause}' if cause and cause not in reason else ''}"
            case BookReconciled() as reconciled:
                agreed = reconciled
            case _:
                pass
    if agreed is not None:
        breaks = agreed.open_breaks
        yield "agrees" if not breaks else f"{breaks} open break{'' if breaks == 1 else 's'}"


def _consequence(found: BreakFound, scene: Scene) -> str:
    match found.consequence:
        case "note":
            return "noted"
        case "lock":
            return f"{found.subject if found.con_id is None else scene.symbol(found.con_id)} locked"
        case "reduce_only":
            return "reduce only"
        case "halt":
            return "HALT"


def _failures(scene: Scene) -> Iterator[str]:
    for event in scene.events:
        match event.fact:
            case StepFailed(step=step, reason=reason):
                yield f"step {step} failed: {reason}"
            case BrokerLost(reason=reason):
                yield f"broker lost: {reason}"
            case TradingVetoed(reasons=reasons):
                yield f"vetoed: {'; '.join(reasons)}"
            case _:
                pass
    yield from _scaled(scene)


def _scaled(scene: Scene) -> Iterator[str]:
    """Name the contracts that each limit kept back."""
    limited: dict[str, list[str]] = {}
    for event in scene.events:
        if isinstance(event.fact, TargetsScaled):
            limited.setdefault(event.fact.limit, []).extend(map(scene.symbol, event.fact.con_ids))
    yield from (f"{', '.join(symbols)} kept to {limit}" for limit, symbols in limited.items())


def _plan(scene: Scene) -> Iterator[str]:
    plan = [event.fact for event in scene.events if isinstance(event.fact, OrderPlanned)]
    yield from (_order(planned, scene) for planned in plan if planned.action != "NOTHING")
    idle = [planned.reason for planned in plan if planned.action == "NOTHING"]
    if idle:
        why = f" ({idle[0]})" if len(set(idle)) == 1 else ""
        others = "others: " if len(idle) < len(plan) else ""
        yield f"{others}do nothing ×{len(idle)}{why}"


def _crossed(scene: Scene) -> Iterator[str]:
    """Tell what strategies passed to each other."""
    for event in scene.events:
        if isinstance(event.fact, StrategiesCrossed):
            for con_id in dict.fromkeys(row.con_id for row in event.fact.rows):
                rows = [row for row in event.fact.rows if row.con_id == con_id]
                each = ", ".join(f"{row.strategy or 'no strategy'} {_signed(row.quantity)}" for row in rows)
                yield f"{rows[0].symbol} crossed at {price(rows[0].price)}: {each}"


def _signed(units: Decimal) -> str:
    return f"{'+' if units > 0 else ''}{quantity(units)}"


def _order(planned: OrderPlanned, scene: Scene) -> str:
    limit = "" if planned.limit_price is None else f" limit {price(planned.limit_price)}"
    algo = f" {planned.algo} {planned.algo_priority}".rstrip()
    wanted = f"{planned.action} {quantity(abs(planned.quantity))} {planned.symbol}{limit}{algo}"
    return f"{wanted} · {_fate(planned, scene)}"


def _fate(planned: OrderPlanned, scene: Scene) -> str:
    """Return what became of an order within its cycle."""
    mine = [event for event in scene.events if getattr(event.fact, "order_ref", None) == planned.order_ref]
    sent = next((event for event in mine if isinstance(event.fact, OrderSendAttempted)), None)
    if any(isinstance(event.fact, OrderKept) for event in mine):
        return _kept(mine)
    if sent is None:
        waits = (event.fact.reason for event in mine if isinstance(event.fact, OrderDeferred))
        return next(waits, "not sent")
    fills = [event for event in mine if isinstance(event.fact, OrderFilled)]
    if fills:
        return _filled(planned, fills, sent, scene)
    for event in mine:
        match event.fact:
            case OrderRejected(code=code, reason=reason):
                return f"rejected {code}: {reason}"
            case OrderCancelled():
                return "cancelled"
            case _:
                pass
    return "still working" if any(isinstance(e.fact, OrderAcknowledged) for e in mine) else "NO ANSWER KNOWN"


def _kept(mine: Sequence[Event]) -> str:
    """Return what became of an order that worked before its cycle."""
    words, fills = ["kept"], [event.fact for event in mine if isinstance(event.fact, OrderFilled)]
    for event in mine:
        match event.fact:
            case OrderModified(limit_price=limit):
                words.append(f"changed to limit {price(limit)}")
            case OrderModifyRefused(code=code, reason=reason):
                words.append(f"change refused {code}: {reason}")
            case OrderCancelled():
                words.append("withdrawn")
            case _:
                pass
    return ", ".join([*words, *([f"filled {_prices(fills)}"] if fills else [])])


def _filled(planned: OrderPlanned, fills: Sequence[Event], sent: Event, scene: Scene) -> str:
    facts = [event.fact for event in fills if isinstance(event.fact, OrderFilled)]
    done = sum((fact.quantity for fact in facts), Decimal(0))
    part = "" if done == planned.quantity else f"{quantity(abs(done))} of {quantity(abs(planned.quantity))} "
    seconds = round((fills[-1].at - sent.recorded_at).total_seconds())
    costs = [scene.commissions.get(fact.execution_id) for fact in facts]
    known = [cost for cost in costs if cost is not None]
    commission = money(-sum(known, Decimal(0))) if len(known) == len(costs) else "pending"
    return f"filled {part}{_prices(facts)} in {seconds} s, commission {commission}"


def _prices(fills: Sequence[OrderFilled]) -> str:
    if len({fill.price for fill in fills}) == 1:
        return f"@ {price(fills[0].price)}"
    return " + ".join(f"{quantity(abs(fill.quantity))} @ {price(fill.price)}" for fill in fills)


def _end(scene: Scene) -> Iterator[str]:
    ends = [event.fact for event in scene.events if isinstance(event.fact, CycleFinished | CycleFailed)]
    if not ends:
        yield "NO END RECORDED"
    yield from (f"FAILED {end.code}: {end.reason}" for end in ends if isinstance(end, CycleFailed))


PHRASES: tuple[Callable[[Scene], Iterator[str]], ...] = (
    _kind, _skipped, _earlier_orders, _agreement, _failures, _plan, _crossed, _end,
)  # fmt: skip
