"""What led to a contract's order, or to none: one cycle from its data to its fills.

A step of the way is a function from the cycle's facts to lines. To tell more, write one and add it to `STEPS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ledger.events import (
    BreakFound,
    CommissionCharged,
    DataFaultFound,
    DataIngested,
    OrderAcknowledged,
    OrderCancelled,
    OrderDeferred,
    OrderFilled,
    OrderPlanned,
    OrderPreviewed,
    OrderRejected,
    OrderSendAttempted,
    QuotesObserved,
    SafeguardsEvaluated,
    StrategiesCrossed,
    TargetsComputed,
    TargetsScaled,
    TradingVetoed,
)
from ledger.line import Event
from queries.figures import percent, price, quantity

Lines = Iterator[tuple[str, str]]  # what it is about, what it says
Events = Sequence[Event]


def _data(events: Events, con_id: int) -> Lines:
    for event in events:
        match event.fact:
            case DataIngested(source=source, series=series):
                for row in series:
                    if row.con_id == con_id:
                        close = f"last close {price(row.last_close)} of {row.last}"
                        yield "data", f"{source}: {row.bars} bars, {close}, kept as {row.sha256[:12]}…"
            case DataFaultFound(con_id=faulty) as fault if faulty == con_id:
                yield "data", f"{fault.source}: {fault.kind} of {fault.first}: {fault.text}"
            case _:
                pass


def _forecast(events: Events, con_id: int) -> Lines:
    for event in events:
        if isinstance(event.fact, TargetsComputed):
            for row in event.fact.rows:
                if row.con_id == con_id:
                    levered = f", leverage {row.leverage.normalize():f}" if row.leverage != 1 else ""
                    share = f", of {percent(event.fact.capital)} of the capital" if event.fact.capital != 1 else ""
                    seen = f", at {price(row.reference_price)} of {row.reference_day}" if row.reference_day else ""
                    yield "forecast", f"{event.fact.strategy}: weight {percent(row.weight, 2)}{levered}{share}{seen}"


def _quote(events: Events, con_id: int) -> Lines:
    for event in events:
        if isinstance(event.fact, QuotesObserved):
            for row in event.fact.rows:
                if row.con_id == con_id:
                    kind = "" if row.market_data_type == 1 else f", data of type {row.market_data_type}"
                    halted = ", its trading halted" if row.halted else ""
                    yield "quote", f"bid {price(row.bid)}, ask {price(row.ask)}, last {price(row.last)}{kind}{halted}"


def _plan(events: Events, con_id: int) -> Lines:
    for event in events:
        match event.fact:
            case TargetsScaled(con_ids=con_ids) as scaled if con_id in con_ids:
                yield "limits", f"{scaled.limit}: {scaled.reason} (× {scaled.factor.normalize():f})"
            case OrderPlanned(con_id=planned) as row if planned == con_id:
                wanted = f"held {quantity(row.held)}, wanted {quantity(row.target)} ({percent(row.weight, 2)} of NAV)"
                what = "do nothing" if row.action == "NOTHING" else f"{row.action} {quantity(abs(row.quantity))}"
                limit = f", limit {price(row.limit_price)}" if row.limit_price is not None else ""
                yield "plan", f"{what}{limit}: {row.reason or 'drift'} · {wanted}"
                for part in row.parts:
                    of = part.strategy or "no strategy"
                    yield "", f"{of}: {quantity(part.quantity)} of the order, {quantity(part.crossed)} crossed"
            case StrategiesCrossed(rows=rows):
                for cross in rows:
                    if cross.con_id == con_id:
                        yield (
                            "crossed",
                            f"{cross.strategy or 'no strategy'} {quantity(cross.quantity)} at {price(cross.price)}",
                        )
            case _:
                pass


def _verdicts(events: Events, con_id: int) -> Lines:
    for event in events:
        if isinstance(event.fact, SafeguardsEvaluated):
            rows = event.fact.verdicts
            against = [row for row in rows if row.outcome != "pass"]
            yield "safeguards", f"{len(rows)} verdicts, {len(against)} against"
            for row in rows:
                if row.con_id == con_id or (row.con_id is None and row in against):
                    limit = f", limit {row.limit}" if row.limit else ""
                    yield "", f"{row.outcome}  {row.safeguard}: {row.observed}{limit}"
        elif isinstance(event.fact, TradingVetoed):
            yield "vetoed", f"{len(event.fact.reasons)} reasons: nothing was sent"


def _refs(events: Events, con_id: int) -> set[str]:
    planned = (event.fact for event in events if isinstance(event.fact, OrderPlanned))
    return {row.order_ref for row in planned if row.con_id == con_id and row.order_ref}


def _preview(events: Events, con_id: int) -> Lines:
    refs = _refs(events, con_id)
    for event in events:
        if isinstance(told := event.fact, OrderPreviewed) and told.order_ref in refs:
            after = f"initial margin after it {price(told.initial_margin_after)}"
            yield "what-if", f"{'accepted' if told.accepted else f'refused: {told.reason}'}, {after}"


def _order(events: Events, con_id: int) -> Lines:
    refs = _refs(events, con_id)
    for event in events:
        at = f"{event.at:%H:%M:%S} UTC"
        match event.fact:
            case OrderSendAttempted(order_ref=ref) as sent if ref in refs:
                yield "sent", f"{at}, {ref}, {sent.order_type} {sent.algo} {sent.algo_priority}"
            case OrderAcknowledged(order_ref=ref) as told if ref in refs:
                yield "taken", f"{at}, permId {told.perm_id}"
            case OrderRejected(order_ref=ref) | OrderCancelled(order_ref=ref) | OrderDeferred(order_ref=ref) if (
                ref in refs
            ):
                yield "ended", f"{at}, {event.type.removeprefix('order_')}: {event.fact.reason}"
            case OrderFilled(con_id=filled) as fill if filled == con_id:
                yield "filled", f"{at}, {quantity(fill.quantity)} @ {price(fill.price)}, {fill.execution_id}"
            case _:
                pass


def _breaks(events: Events, con_id: int) -> Lines:
    for event in events:
        if isinstance(event.fact, BreakFound) and event.fact.con_id == con_id:
            yield "break", f"{event.fact.break_id}: {event.fact.text}"


def _commissions(events: Events, con_id: int) -> Lines:
    own = {e.fact.execution_id for e in events if isinstance(e.fact, OrderFilled) and e.fact.con_id == con_id}
    for event in events:
        if isinstance(event.fact, CommissionCharged) and event.fact.execution_id in own:
            yield "charged", f"{price(event.fact.amount)} {event.fact.currency}"


STEPS: tuple[Callable[[Events, int], Lines], ...] = (
    _breaks, _data, _forecast, _quote, _plan, _preview, _verdicts, _order, _commissions,
)  # fmt: skip


def reasons(events: Events, con_id: int) -> Lines:
    """Yield what a cycle's events say of a contract, step by step."""
    for step in STEPS:
        yield from step(events, con_id)
