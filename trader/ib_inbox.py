"""What Interactive Brokers said, as it said it: the callbacks append here and do nothing else.

The client library's own picture of orders is never read: it shows live orders as cancelled, loses commissions that come
before their execution, and fills in what IB left unset. To hear one more message: a method here, and its IB name in
`CALLBACKS`. An exception in a method is logged by the library's decoder, which makes the answer under way incomplete.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledger.events import CommissionCharged, Fact, OrderFilled, execution_base
from trader import ib_rows

LAST_TRADE_TIMES = (45, 88)  # tick types: live, delayed
CONNECTIVITY_LOST = frozenset({1100, 2110})
CONNECTIVITY_RESTORED = frozenset({1101, 1102})


@dataclass(slots=True)
class OrderNews:
    """What was said of one order id of this session's client."""

    perm_id: int = 0
    status: str = ""
    executed: bool = False
    errors: list[tuple[int, str]] = field(default_factory=list)
    messages: int = 0


class Inbox:
    """One session's messages. It outlives the connection, so that nothing heard is lost with it."""

    def __init__(self, account: str, client_id: int) -> None:
        self.account, self.client_id = account, client_id
        self.values: dict[tuple[str, str], str] = {}
        self.portfolio: dict[int, tuple[Decimal, Decimal | None]] = {}  # con_id -> quantity, mark
        self.open_orders: list[tuple[Any, Any, str]] = []
        self.filled: dict[int, object] = {}  # permanent id -> filled, by orderStatus
        self.completed: list[tuple[Any, Any]] = []
        self.news: dict[int, OrderNews] = {}
        self.previews: dict[int, Any] = {}
        self.last_trades: dict[int, str] = {}  # request id -> epoch seconds
        self.notices: deque[tuple[int, str]] = deque(maxlen=50)
        self.offline = ""
        self.disturbed = False  # whether connectivity was ever lost in this session: orders may have been made twice
        self.garbled = 0
        self.fills: dict[str, OrderFilled] = {}  # everything told in this session, by execution id
        self._charged: dict[str, CommissionCharged] = {}
        self._untold: list[Fact] = []
        self._executions: deque[tuple[Any, Any]] = deque()
        self._commissions: dict[str, CommissionCharged] = {}

    # What the callbacks call

    def open_order(self, order_id: int, contract: Any, order: Any, state: Any) -> None:
        """Hear of an open order, or of a preview; those of another account of the login are not ours to judge."""
        if order.account not in ("", self.account):
            return
        if order.whatIf:
            self.previews[order.orderId] = state  # a first, bogus answer is replaced by the real one
            return
        self.open_orders.append((contract, order, state.status))
        if order.clientId == self.client_id:
            self._hear(order.orderId, order.permId, state.status)

    def order_status(
        self, order_id: int, status: str, filled: float, remaining: float, average: float, perm_id: int,
        parent_id: int, last_price: float, client_id: int, *why_held: object,
    ) -> None:  # fmt: skip
        """Hear of an order's status."""
        self.filled[perm_id] = filled
        if client_id == self.client_id:
            self._hear(order_id, perm_id, status)

    def execution(self, request_id: int, contract: Any, execution: Any) -> None:
        """Hear of an execution; rows that sum up a combination are left out, its legs come by themselves."""
        if execution.acctNumber != self.account or contract.secType == "BAG":
            return
        self._executions.append((contract, execution))
        news = self.news.get(execution.orderId) if execution.clientId == self.client_id else None
        if news is not None:
            news.perm_id, news.executed, news.messages = execution.permId, True, news.messages + 1

    def commission(self, report: Any) -> None:
        """Hear of a commission, which may come before its execution."""
        told = ib_rows.commission(report.execId, report.commission, report.currency, report.realizedPNL)
        if told is not None:
            self._commissions[told.execution_id] = told

    def completed_order(self, contract: Any, order: Any, state: Any) -> None:
        """Hear of an order that is done."""
        if order.account in ("", self.account):
            self.completed.append((order, state))

    def account_value(self, tag: str, text: str, currency: str, account: str) -> None:
        """Hear a figure of the account."""
        if account == self.account:
            self.values[(tag, currency)] = text

    def portfolio_row(self, contract: Any, quantity: float, price: float, *rest: Any) -> None:
        """Hear a position of the account download, with its mark."""
        if rest[-1] == self.account and contract.secType != "CASH":
            whole = ib_rows.exact(quantity, f"portfolio row of {contract.symbol}")
            self.portfolio[contract.conId] = (whole, ib_rows.price_or_none(price))

    def tick_text(self, request_id: int, kind: int, text: str) -> None:
        """Hear when a contract last traded: the library leaves it out."""
        if kind in LAST_TRADE_TIMES:
            self.last_trades[request_id] = text

    def error(self, request_id: int, code: int, text: str, *advanced: str) -> None:
        """Hear an error, a warning or a notice. What it means depends on code and stage: see `ib_orders.py`."""
        self.disturbed = self.disturbed or code in CONNECTIVITY_LOST | CONNECTIVITY_RESTORED
        if code in CONNECTIVITY_LOST:
            self.offline = f"{code} {text}"
        elif code in CONNECTIVITY_RESTORED:
            self.offline = ""
        news = self.news.get(request_id)
        if news is None:
            self.notices.append((code, text))
        else:
            news.errors.append((code, text))
            news.messages += 1

    # What the adapter reads

    def expect(self, order_id: int) -> OrderNews:
        """Listen for one order from now on."""
        self.news[order_id] = OrderNews()
        return self.news[order_id]

    def read(self) -> frozenset[str]:
        """Turn the executions that arrived into facts, to be told later; return the ids of all of this session."""
        while self._executions:
            fact = ib_rows.fill(*self._executions.popleft())
            if self.fills.get(fact.execution_id) != fact:
                self.fills[fact.execution_id] = fact
                self._untold.append(fact)
        return frozenset(self.fills)

    def drain(self, known: Container[str] = ()) -> tuple[Fact, ...]:
        """Return what was not told yet; a commission waits until its execution is told, or its base is `known`."""
        self.read()
        told, self._untold = self._untold, []
        for execution_id, charge in list(self._commissions.items()):
            if execution_id in self.fills or execution_base(execution_id)[0] in known:
                del self._commissions[execution_id]
                if self._charged.get(execution_id) != charge:
                    self._charged[execution_id] = charge
                    told.append(charge)
        return tuple(told)

    def _hear(self, order_id: int, perm_id: int, status: str) -> None:
        news = self.news.get(order_id)
        if news is not None:
            news.perm_id, news.status, news.messages = perm_id or news.perm_id, status, news.messages + 1


# IB's name of a callback, and who hears it. The method runs before the library's own, which changes what it is given.
CALLBACKS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("openOrder", Inbox.open_order),
    ("orderStatus", Inbox.order_status),
    ("execDetails", Inbox.execution),
    ("commissionReport", Inbox.commission),
    ("completedOrder", Inbox.completed_order),
    ("updateAccountValue", Inbox.account_value),
    ("updatePortfolio", Inbox.portfolio_row),
    ("tickString", Inbox.tick_text),
    ("error", Inbox.error),
)


class GarbledMessages(logging.Handler):
    """Counts the messages that the library could not read: it logs them, and goes on as if they had not come."""

    def __init__(self, inbox: Inbox) -> None:
        super().__init__(logging.ERROR)
        self._inbox = inbox

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record of the decoder's, or of a malformed value."""
        if record.name == "ib_insync.Decoder" or "malformed" in record.getMessage():
            self._inbox.garbled += 1
