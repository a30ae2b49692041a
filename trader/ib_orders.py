"""What Interactive Brokers' words about an order mean: pure decisions over what was heard and what was listed.

A code means something only together with its stage: 110 refuses a new order and leaves a changed one as it was. A code
that stands in neither table decides nothing: the order stays in doubt until the broker's own lists show what it is.
To classify a code: add it to `REFUSALS` with where it was seen, and a case to tests/trader/test_ib_orders.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ledger.book import Book
from ledger.events import (
    Fact,
    OpenOrderRow,
    OrderAcknowledged,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderPlanned,
    OrderRejected,
    OrderResolved,
)
from ledger.hours import last_moment
from ledger.references import is_ours
from ledger.state import Order
from trader.broker import OldCopyOfLog
from trader.ib_inbox import Inbox, OrderNews
from trader.ib_rows import CompletedRow

HOME = ZoneInfo("America/New_York")  # the broker's midnight: executions and completed orders are listed since then

# On a new order: nothing of it works. Source: IB's message codes, and the reports named in the tests.
REFUSALS = frozenset(
    {
        *(103, 104, 105, 106, 107, 109, 110, 111, 113, 114, 116, 117, 118, 119, 120, 121, 122, 126, 129, 131, 132),
        *(133, 139, 140, 144, 146, 147, 152, 153, 154, 155, 157, 158, 160, 163, 164, 200, 201, 203, 320, 321, 323),
        *(328, 329, 335, 336, 343, 344, 345, 349, 350, 351, 353, 355, 356, 357, 361, 362, 363, 382, 383, 387, 388),
        *(391, 400, 401, 402, 403, 405, 409, 411, 412, 415, 416, 417, 418, 419, 422, 423, 426, 427, 428, 429, 436),
        *(440, 441, 442, 443, 444, 445, 446, 447, 460, 461, 10005, 10006, 10020, 10043, 10052, 10243, 10268),
    }
)
# Warnings: the order is live all the same. 10349 is the one that the library shows as a cancellation.
WARNINGS = frozenset({*range(2100, 2200), 399, 404, 434, 481, 10349})
# On a cancellation: the request was answered, though not every answer says that the order is gone.
CANCEL_ANSWERS = frozenset({104, 135, 136, 161, 202, 10147, 10148})
PRIORITIES = ("Urgent", "Normal", "Patient")  # of the Adaptive algorithm
ENDED = frozenset({"Cancelled", "ApiCancelled"})
GONE = ENDED | {"Filled"}  # a filled order may still be listed as open: executions win
NOT_WORKING = ENDED | {"Inactive", ""}  # with a refusal: nothing of it works. Inactive alone proves nothing


@dataclass(frozen=True, slots=True)
class Picture:
    """What the broker lists of all orders at one moment, fills included."""

    open: tuple[OpenOrderRow, ...]
    completed: tuple[CompletedRow, ...]

    def open_rows(self, order_ref: str) -> tuple[OpenOrderRow, ...]:
        """Return an order's open rows: more than one if the broker made more than one of it."""
        return tuple(row for row in self.open if row.order_ref == order_ref)

    def completed_as_one(self, order_ref: str) -> CompletedRow | None:
        """Return how an order ended; if the broker made more than one of it, with what all of them filled."""
        rows = {row.perm_id: row for row in self.completed if row.order_ref == order_ref}
        if not rows:
            return None
        return replace([*rows.values()][-1], filled=sum((row.filled for row in rows.values()), Decimal(0)))


def refusal(news: OrderNews) -> tuple[int, str] | None:
    """Return the error that refused an order."""
    return next((error for error in news.errors if error[0] in REFUSALS), None)


def acknowledgement(order_ref: str, news: OrderNews) -> tuple[Fact, ...]:
    """Decide what was heard of an order just placed; nothing while it is undecided."""
    refused = refusal(news)
    if refused is not None and news.status in NOT_WORKING and not news.executed:
        return (OrderRejected(order_ref=order_ref, code=refused[0], reason=refused[1]),)
    if not news.perm_id or not (news.status or news.executed):
        return ()
    taken = OrderAcknowledged(order_ref=order_ref, perm_id=news.perm_id, status=news.status)
    if news.status in ENDED and not news.executed:
        return taken, OrderCancelled(order_ref=order_ref, filled=Decimal(0), reason=_last_words(news))
    return (taken,)


def _last_words(news: OrderNews) -> str:
    return f"{news.errors[-1][0]} {news.errors[-1][1]}" if news.errors else "by the broker, without a reason"


def late_ending(book: Book, order: Order, news: OrderNews, now: datetime) -> Fact | None:
    """Decide whether what was heard since ended an acknowledged order."""
    refused = refusal(news)
    if news.status not in NOT_WORKING:
        return None
    if refused is not None and not order.filled:
        return OrderRejected(order_ref=order.order_ref, code=refused[0], reason=refused[1])
    if news.status not in ENDED:
        return None
    return ending(book, order, None, now, _last_words(news))


def ending(book: Book, order: Order, completed: CompletedRow | None, now: datetime, reason: str) -> Fact:
    """Tell the end of an order that the broker shows gone: with its session, or before."""
    filled = completed.filled if completed else abs(order.filled)
    if session_is_over(book, order, now):
        return OrderExpired(order_ref=order.order_ref, filled=filled)
    if completed is not None and completed.text:
        reason = completed.text
    return OrderCancelled(order_ref=order.order_ref, filled=filled, reason=reason)


def session_is_over(book: Book, order: Order, now: datetime) -> bool:
    """Tell whether the session that the order was good for has ended."""
    started = book.cycle.started if book.cycle else None
    if started is not None and started.session_day == order.session_day:
        contract = book.contracts.get(order.con_id)
        return now >= last_moment(started, [] if contract is None else [contract.symbol])
    return now.astimezone(HOME).date() > order.session_day


def attempted_today(order: Order, now: datetime) -> bool:
    """Tell whether the broker's lists still reach back to the attempt."""
    return order.attempted_at.astimezone(HOME).date() == now.astimezone(HOME).date()


def resolution(book: Book, order: Order, picture: Picture, now: datetime) -> tuple[Fact, ...]:
    """Decide an undecided order from what the broker lists; nothing if it is nowhere or contradictory."""
    ref, working = order.order_ref, picture.open_rows(order.order_ref)
    if abs(order.filled) >= abs(order.quantity):
        return (OrderResolved(order_ref=ref, outcome="filled", evidence=f"executions add up to {order.filled}"),)
    if working:
        taken = tuple(OrderAcknowledged(order_ref=ref, perm_id=row.perm_id, status=row.status) for row in working)
        evidence = f"open as {', '.join(str(row.perm_id) for row in working)}"
        return (*taken, OrderResolved(order_ref=ref, outcome="working", evidence=evidence))
    completed = picture.completed_as_one(ref)
    if completed is None or completed.filled != abs(order.filled):
        return ()  # nowhere, or executions are missing
    if completed.status == "Inactive":
        return (OrderResolved(order_ref=ref, outcome="rejected", evidence=f"completed: {completed.text}"),)
    evidence = f"completed: {completed.status} {completed.text}".rstrip()
    resolved = OrderResolved(order_ref=ref, outcome="cancelled", evidence=evidence)
    acknowledged = OrderAcknowledged(order_ref=ref, perm_id=completed.perm_id, status=completed.status)
    return acknowledged, resolved, ending(book, order, completed, now, evidence)


def unheard(book: Book, rows: Iterable[OpenOrderRow | CompletedRow], fills: Iterable[OrderFilled]) -> tuple[Fact, ...]:
    """Tell the permanent ids that no answer named: of what a crash cut off, and of what the broker made twice."""
    seen = [(row.order_ref, row.perm_id, row.status) for row in rows]
    seen += [(fill.order_ref, fill.perm_id, "executed") for fill in fills]
    told: dict[tuple[str, int], OrderAcknowledged] = {}
    for ref, perm_id, status in seen:
        order = book.orders.get(ref)
        if order is not None and perm_id and perm_id not in order.perm_ids:
            told.setdefault((ref, perm_id), OrderAcknowledged(order_ref=ref, perm_id=perm_id, status=status))
    return tuple(told.values())


def check_terms(account: str, planned: OrderPlanned) -> None:
    """Raise ValueError for an order that IB would complete by its presets, or refuse for its shape."""
    for name, text in (("account", account), ("order_ref", planned.order_ref), ("tif", planned.tif)):
        if not text:
            raise ValueError(f"order in {planned.symbol}: expected its {name}, found none")
    quantity = abs(planned.quantity)
    if not quantity or quantity != quantity.to_integral_value():
        raise ValueError(f"order {planned.order_ref}: expected whole units, found {planned.quantity}")
    terms = f"{planned.order_type} {planned.tif} {planned.algo}".rstrip() + f" at {planned.limit_price}"
    if (planned.order_type == "LMT") != (planned.limit_price is not None):
        raise ValueError(f"order {planned.order_ref}: expected a limit with LMT and with nothing else, found {terms}")
    if planned.order_type == "MOC" and planned.tif != "DAY":
        raise ValueError(f"order {planned.order_ref}: expected an order at the close for the DAY, found {terms}")
    if planned.algo and (planned.algo, planned.tif, planned.order_type) != ("Adaptive", "DAY", "LMT"):
        raise ValueError(f"order {planned.order_ref}: expected an Adaptive DAY order with a limit, found {terms}")
    if planned.algo and planned.algo_priority not in PRIORITIES:
        found = f"found {planned.algo_priority!r}"
        raise ValueError(f"order {planned.order_ref}: expected a priority of {', '.join(PRIORITIES)}, {found}")


def refuse_old_copy(
    book: Book, inbox: Inbox, rows: tuple[OpenOrderRow, ...], completed: tuple[CompletedRow, ...] = ()
) -> None:
    """Raise OldCopyOfLog if the broker has anything of ours that the log does not know.

    Completed orders count in a recovery alone: on the day of its adoption an account may list those of an earlier log.
    """
    adopted = book.adopted_perm_ids
    for row in rows:
        if is_ours(row.order_ref, book.account) and row.order_ref not in book.orders and row.perm_id not in adopted:
            raise OldCopyOfLog(f"open order {row.order_ref}: the broker has it, the log does not know it")
    for fill in inbox.fills.values():
        known = fill.order_ref in book.orders or fill.key in book.keys or fill.perm_id in adopted
        if is_ours(fill.order_ref, book.account) and not known:
            raise OldCopyOfLog(f"execution {fill.execution_id} of {fill.order_ref}: the log does not know the order")
    told = adopted | {fill.perm_id for fill in inbox.fills.values() if fill.key in book.keys}
    for done in completed if book.recovery is not None else ():
        if is_ours(done.order_ref, book.account) and done.order_ref not in book.orders and done.perm_id not in told:
            raise OldCopyOfLog(f"completed order {done.order_ref}: the broker has it, the log does not know it")
