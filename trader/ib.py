"""Interactive Brokers, through ib_insync 0.9.86. This is the only file that imports it.

`LibraryWire` is one session: it asks, waits, places and cancels, and trusts an answer only whole: its end marker came,
and nothing of it was garbled. `InteractiveBrokers` is the Broker over it. In which order it asks stands in
`ib_conversation.py`, what the messages mean in `ib_rows.py` and `ib_orders.py`, what was heard in `ib_inbox.py`,
recovery in `ib_recovery.py`.
The library's caches and its idea of an order's status are never read (docs/brokers.md says why).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from decimal import Decimal
from math import isnan
from time import monotonic
from typing import Any, assert_never

from ib_insync import IB, Contract, Order, TagValue
from ib_insync.wrapper import RequestError

from ledger.clock import Clock
from ledger.events import ContractDefined, OpenOrderRow, OrderPlanned
from trader import ib_rows
from trader.broker import (
    BrokerIncomplete,
    BrokerLost,
    BrokerProblem,
    BrokerRefused,
    BrokerSettings,
    BrokerUnreachable,
    ContractSpec,
)
from trader.ib_conversation import Conversation
from trader.ib_inbox import CALLBACKS, GarbledMessages, Inbox
from trader.ib_orders import GONE, check_terms
from trader.ib_rows import CompletedRow

BORROW = "236"  # generic tick: brings tick 89, the shares that can be borrowed; none of it comes with a snapshot
ORDER_ID_MAX = 2**31 - 2  # one more is the library's "none", and would be sent as no id at all
CLIENT_ID_IN_USE, READ_ONLY = 326, 321


class LibraryWire:
    """One session with the Gateway."""

    def __init__(self, settings: BrokerSettings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock
        self.inbox = Inbox(settings.account, settings.client_id)
        self._ib: Any = IB()  # type: ignore[no-untyped-call]
        self._ib.RequestTimeout = settings.request_timeout_seconds
        self._ib.RaiseRequestErrors = True
        if settings.throttle is not None:
            self._ib.client.MaxRequests = settings.throttle
        for name, heard in CALLBACKS:
            setattr(self._ib.wrapper, name, _hear_first(self.inbox, heard, getattr(self._ib.wrapper, name)))
        self._log = GarbledMessages(self.inbox)

    # The session

    def open(self, order_id_min: int) -> tuple[tuple[str, ...], int]:
        """Connect and return the managed accounts and the server's version.

        Not the library's own `connect`: it swallows the time-outs of the questions that it asks on the way.
        """
        self._listen(True)
        client, settings = self._ib.client, self.settings
        self._ib.wrapper.clientId = settings.client_id
        try:
            self._ib.run(self._connected())
        except (OSError, asyncio.CancelledError) as error:  # a TimeoutError is an OSError
            self._listen(False)
            raise self._reason(error) from error
        client.updateReqId(order_id_min)
        return tuple(client.getAccounts()), client.serverVersion()

    def _reason(self, error: BaseException) -> BrokerProblem:
        """Say why no session came about."""
        where = f"{self.settings.host}:{self.settings.port}"
        if any(code == CLIENT_ID_IN_USE for code, _ in self.inbox.notices):
            return BrokerRefused("client-id-in-use", f"{where}: client id {self.settings.client_id} is in use")
        if isinstance(error, TimeoutError):
            return BrokerUnreachable(
                "gateway-silent", f"{where}: no session within {self.settings.request_timeout_seconds:g} s"
            )
        return BrokerUnreachable("gateway-down", f"{where}: {str(error) or 'it closed the connection'}")

    def _listen(self, on: bool) -> None:
        """Count what the library cannot read, or stop."""
        log = logging.getLogger("ib_insync")
        if on:
            log.addHandler(self._log)
        else:
            log.removeHandler(self._log)

    async def _connected(self) -> None:
        """Connect; a peer that hangs up ends the attempt at once, not only at its time-out."""
        client, settings = self._ib.client, self.settings
        attempt = asyncio.ensure_future(
            client.connectAsync(settings.host, settings.port, settings.client_id, settings.request_timeout_seconds)
        )

        def hung_up(_: str) -> None:
            attempt.cancel()

        client.apiError += hung_up
        try:
            await attempt
        finally:
            client.apiError -= hung_up

    @property
    def is_alive(self) -> bool:
        """Whether the session lasts."""
        return bool(self._ib.client.isReady())

    def close(self) -> None:
        """End the session; nothing is lost that was queued before the last echo."""
        self._ib.client.disconnect()
        self._ib.sleep(0)  # lets the transport close
        self._listen(False)

    def now(self) -> datetime:
        """Return the clock's moment."""
        return self.clock.now()

    # Waiting

    def echo(self) -> datetime:
        """Ask for the server's time: its answer proves that everything sent before it was read."""
        with self._border("the current time"):
            told: datetime = self._ib.reqCurrentTime()
            return told

    def pause(self, seconds: float) -> None:
        """Let market time pass, and read what it brought."""
        with self._border("while waiting"):
            if self.clock.kind == "system":
                self._ib.sleep(seconds)  # keeps reading meanwhile
            else:
                self.clock.sleep(seconds)
        self.echo()

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for messages until a condition holds; False after so many real seconds."""
        with self._border("while waiting"):
            self._ib.run(self._until(condition, seconds))
        return condition()

    async def _until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Listen before looking: the library's own waitOnUpdate misses what arrives before its loop turns."""
        updated = asyncio.Event()
        self._ib.updateEvent += updated.set
        self._ib.client.apiEnd += updated.set
        deadline = monotonic() + seconds
        try:
            while not condition() and self.is_alive and (left := deadline - monotonic()) > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(updated.wait(), left)
                updated.clear()
        finally:
            self._ib.updateEvent -= updated.set
            self._ib.client.apiEnd -= updated.set

    def check(self) -> None:
        """Raise if IB's servers cannot be asked now. What arrives all the same is heard."""
        self._check_alive()
        if self.inbox.offline:
            raise BrokerLost("broker-offline", self.inbox.offline)

    def _check_alive(self) -> None:
        if not self.is_alive:
            raise BrokerLost("connection-lost", "the Gateway closed the connection")

    def ask(self, what: str, request: Callable[[], Any]) -> Any:
        """Ask, once more if the answer did not come or not whole; raise if it still does not."""
        last = self.settings.request_attempts - 1
        for attempt in range(self.settings.request_attempts):
            garbled = self.inbox.garbled
            self.check()
            try:
                with self._border(what):
                    answer = request()
            except BrokerIncomplete as problem:
                self.check()
                if attempt == last or problem.code != "no-answer":
                    raise
                continue
            self.check()
            if self.inbox.garbled == garbled:
                return answer
        raise BrokerIncomplete("garbled", f"{what}: a message of the answer could not be read")

    @contextmanager
    def _border(self, what: str) -> Iterator[None]:
        """Turn the library's exceptions into ours."""
        self._check_alive()
        try:
            yield
        except TimeoutError as error:
            self._check_alive()
            self._refuse_read_only(what, self.inbox.notices)
            seconds = self.settings.request_timeout_seconds
            raise BrokerIncomplete("no-answer", f"{what}: no whole answer within {seconds:g} s") from error
        except RequestError as error:
            self._refuse_read_only(what, [(error.code, error.message)])
            raise BrokerIncomplete("request-refused", f"{what}: {error.code} {error.message}") from error
        except ConnectionError as error:
            raise BrokerLost("connection-lost", f"{what}: {error}") from error

    @staticmethod
    def _refuse_read_only(what: str, errors: Iterable[tuple[int, str]]) -> None:
        if any(code == READ_ONLY and "Read-Only" in text for code, text in errors):
            raise BrokerRefused("read-only", f"{what}: the API is read-only")

    # Questions

    def open_orders(self) -> tuple[OpenOrderRow, ...]:
        """List every order that works, of all clients, from the broker's own messages."""
        self.inbox.open_orders.clear()
        self.ask("open orders", self._ib.reqAllOpenOrders)
        latest = {(o.permId, o.clientId, o.orderId): (c, o, status) for c, o, status in self.inbox.open_orders}
        filled = self.inbox.filled
        rows = (ib_rows.open_order_row(*row, filled.get(key[0], 0.0)) for key, row in sorted(latest.items()))
        return tuple(row for row in rows if row.status not in GONE)

    def completed_orders(self) -> tuple[CompletedRow, ...]:
        """List every order that is done since the broker's midnight."""
        self.inbox.completed.clear()
        self.ask("completed orders", lambda: self._ib.reqCompletedOrders(False))
        return tuple(ib_rows.completed_row(order, state) for order, state in self.inbox.completed)

    def executions(self) -> None:
        """Have every execution since the broker's midnight put into the inbox."""
        self.ask("executions", self._ib.reqExecutions)

    def positions(self) -> tuple[Any, ...]:
        """List the library's position rows of this account; virtual currency positions and zeros are left out."""
        rows = self.ask("positions", self._ib.reqPositions)
        mine = {row.contract.conId: row for row in rows if row.account == self.settings.account}
        return tuple(row for row in mine.values() if row.contract.secType != "CASH" and row.position)

    def quantities(self) -> dict[int, Decimal]:
        """List the quantity of every position."""
        return {row.contract.conId: ib_rows.exact(row.position, row.contract.symbol) for row in self.positions()}

    def account_download(self) -> None:
        """Have all account values and the portfolio put into the inbox, afresh."""

        def download() -> None:
            self._ib.client.reqAccountUpdates(False, self.settings.account)
            self.inbox.values.clear()
            self.inbox.portfolio.clear()
            self._ib.reqAccountUpdates(self.settings.account)

        self.ask("account values", download)

    def definitions(self, asked: Sequence[ContractSpec | int]) -> list[Any]:
        """Ask for the details of each contract; an exception stands for one that was refused."""
        return self._together("contract details", self._ib.reqContractDetailsAsync, asked)

    def market_rule(self, number: int) -> Any:
        """Ask for the price increments of a market rule; the library waits a second for them, and then gives None."""

        def request() -> Any:
            if (rule := self._ib.reqMarketRule(number)) is None:
                raise TimeoutError
            return rule

        return self.ask(f"market rule {number}", request)

    def snapshots(self, contracts: Sequence[ContractDefined]) -> list[tuple[Any, str | None] | None]:
        """Ask for one snapshot of each contract: ticker and time of the last trade, or None for one without an end."""
        with self._border("quotes"):
            self._ib.client.reqMarketDataType(self.settings.market_data_type)
        tickers = self._together("quotes", self._ib.reqTickersAsync, contracts)
        times = {
            self._ib.wrapper.reqId2Ticker[request_id].contract.conId: text
            for request_id, text in self.inbox.last_trades.items()
        }
        return [None if isinstance(t, BaseException) else (t[0], times.get(t[0].contract.conId)) for t in tickers]

    def shortable(self, contracts: Sequence[ContractDefined]) -> list[Decimal | None]:
        """Ask how many shares of each contract can be borrowed; None where nothing is told in time."""
        asked = [_contract(one) for one in contracts]
        with self._border("shares to borrow"):
            lines = [self._ib.reqMktData(one, BORROW, False, False) for one in asked]
        self.wait(lambda: not any(isnan(it.shortableShares) for it in lines), self.settings.request_timeout_seconds)
        with self._border("shares to borrow"):
            for one in asked:
                self._ib.cancelMktData(one)
        return [None if isnan(line.shortableShares) else Decimal(int(line.shortableShares)) for line in lines]

    def _together(
        self, what: str, request: Callable[[Any], Awaitable[Any]], asked: Sequence[ContractDefined | ContractSpec | int]
    ) -> list[Any]:
        seconds = self.settings.request_timeout_seconds

        async def together() -> list[Any]:
            questions = (asyncio.wait_for(request(_contract(one)), seconds) for one in asked)
            return await asyncio.gather(*questions, return_exceptions=True)

        answers: list[Any] = self.ask(what, lambda: self._ib.run(together()))
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, TimeoutError | RequestError):
                raise answer
        return answers

    def daily_bars(self, contract: ContractDefined, end: datetime, duration: str) -> Any:
        """Ask for daily bars of regular hours."""
        seconds = self.settings.request_timeout_seconds

        def request() -> Any:
            question = self._ib.reqHistoricalDataAsync(
                _contract(contract), end, duration, "1 day", "TRADES", True, 1, False, [], 0
            )
            return self._ib.run(asyncio.wait_for(question, seconds))

        return self.ask(f"daily bars of {contract.symbol}", request)

    # Orders

    def next_order_id(self) -> int:
        """Take an order id above every one of ours, of this session and of the log."""
        with self._border("the next order id"):
            order_id: int = self._ib.client.getReqId()
        if order_id > ORDER_ID_MAX:
            raise BrokerRefused("order-ids-exhausted", f"order id {order_id}: expected at most {ORDER_ID_MAX}")
        return order_id

    def build(self, planned: OrderPlanned) -> Any:
        """Build an order; what cannot be sent is refused here, before any intent is told."""
        return build_order(self.settings.account, planned)

    def place(self, order_id: int, contract: ContractDefined, order: Any, *, what_if: bool = False) -> None:
        """Send an order, or only ask what it would do. Called with its intent on disk, never repeated."""
        order.whatIf = what_if
        order.orderId, order.clientId = order_id, self.settings.client_id
        with self._border(f"order {order.orderRef}"):
            self._ib.client.placeOrder(order_id, _contract(contract), order)

    def cancel(self, order_id: int) -> None:
        """Ask for a cancellation."""
        with self._border(f"cancelling {order_id}"):
            self._ib.client.cancelOrder(order_id)


def _contract(asked: ContractDefined | ContractSpec | int) -> Any:
    """Name a contract on the wire: as defined, as the settings have it, or by its number alone."""
    named: dict[str, Any]
    match asked:
        case ContractDefined():
            named = {"secType": asked.security_type, "conId": asked.con_id}
        case ContractSpec():
            named = {
                "secType": asked.security_type,
                "conId": asked.con_id or 0,
                "primaryExchange": asked.primary_exchange,
            }
        case int():
            return Contract(conId=asked)
        case _:
            assert_never(asked)
    return Contract(symbol=asked.symbol, exchange=asked.exchange, currency=asked.currency, **named)


def _hear_first(inbox: Inbox, heard: Callable[..., None], library: Callable[..., None]) -> Callable[..., None]:
    """Let the inbox hear a message before the library changes it."""

    def callback(*fields: Any) -> None:
        heard(inbox, *fields)
        library(*fields)

    return callback


def build_order(account: str, planned: OrderPlanned) -> Any:
    """Build an order that cannot lack account, reference or time in force: IB would fill them in by its presets."""
    check_terms(account, planned)
    order = Order(
        action="BUY" if planned.quantity > 0 else "SELL",
        totalQuantity=int(abs(planned.quantity)),
        orderType=planned.order_type,
        tif=planned.tif,
        account=account,
        orderRef=str(planned.order_ref),
        algoStrategy=planned.algo,
        algoParams=[TagValue("adaptivePriority", planned.algo_priority)] if planned.algo else [],
        outsideRth=False,
        transmit=True,
    )
    if planned.limit_price is not None:
        order.lmtPrice = _wire_number(planned.limit_price, f"limit of {planned.order_ref}")
    return order


def _wire_number(number: Decimal, what: str) -> float:
    """Turn a number into the library's float, if that spells it exactly."""
    spelled = float(number)
    if Decimal(str(spelled)) != number:
        raise ValueError(f"{what}: expected a price that a float spells exactly, found {number}")
    return spelled


class InteractiveBrokers(Conversation):
    """Interactive Brokers as a Broker."""

    def __init__(self, settings: BrokerSettings, clock: Clock) -> None:
        super().__init__(settings, LibraryWire(settings, clock))
