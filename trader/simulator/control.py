"""The control port: how time is moved, and how everything else about the simulator is steered while it runs.

TCP on 127.0.0.1. A request is one line of JSON, `{"command": "advance", "seconds": 300}`; so is its answer,
`{"ok": true, "now": "2005-03-01T14:35:00+00:00"}` or `{"ok": false, "error": "…"}`. Requests on one connection are
answered in order; amounts and prices are texts, moments are ISO 8601 in UTC, and `times` left out means for ever.
The names of messages (`kind`) are those of `registry.py`.

    time      now · advance {to | seconds} (answers when all that it caused is written to the clients)
    venue     trade {symbol, quantity, price?, client_id?, liquidation?} by hand, sells negative
              cash {amount, currency?, kind?, description?, symbol?} · dump · orders
              foreign-order {client_id?, order_id?, symbol, action, quantity, limit?, type?, tif?, order_ref?}
              reject {code?, message?, symbol?, times?=1} the next new orders · fill-orders {on}
              change-fault {kind: refuse | double, code?=110, message?, times?=1} the next changes of orders
              volume-share {share} · commission-delay {seconds} of simulated time
              double-order {} the last one once more
    account   restate {exec_id?, quantity?, price?} corrects or busts · deliver {symbol} an option before its last day
              action {kind: stock-dividend | spin-off | merge | rename | reverse-split, symbol, into?, ratio?, cash?}
              transfer {symbol, quantity, price} from another broker, or to it
    login     sibling {account, cash?, symbol?, quantity?, price? | limit?, order_ref?} another account of it
    messages  drop, duplicate, corrupt {kind, times?} · delay {kind, seconds, times?} real seconds
              rewrite {kind, field, text, times?} another value in the field of this number
              ignore {kind, times?} a request · error {code, text, id?=-1, of_order?, client_id?}
              account-value {tag, currency?, value?} overrides a figure; without value it is left out
              market-data-type {type?} delivered whatever was asked for · refuse-data {code?, text?} no quotes
              borrow {symbol, shares?} what can be borrowed of it; without a number nothing is told
    sockets   clients · disconnect · disconnect-after {kind, nth?=1, answered?=false} · refuse {on} · silent {after}
              hold-after {kind, nth?=1} · wait-held {seconds?} · release · read-only {on}
              lose-connectivity (1100) · restore-connectivity {data?: maintained (1102) | lost (1101)}
    statements  statements (port, url, token, days) · serve-statement {day?, first_day?} for any query number
              statement-fault {kind, times?, seconds?}: try-again (1019), bad-token (1015), expired (1012),
              no-statement (1003), garbage, truncated, cut-off, unavailable (503), slow (with real seconds)
    all       clear every fault · play {scenario?} · shutdown

`Control` is the client: one method a command, for tests, the demo and a clock. It is not for several threads at once.
To add a command: a function in one of the files `commands_*.py`, its row there, and a method here.
"""

from __future__ import annotations

import json
import socket
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

SECONDS_MAX = 60.0  # to wait for an answer; moving time by days is work
MARGIN_SECONDS = 5.0  # beyond the simulator's own limit, for its answer to arrive


class ControlError(Exception):
    """The simulator cannot be reached, or it refuses a command."""


class Control:
    """Steers a running simulator."""

    def __init__(self, port: int, host: str = "127.0.0.1", seconds_max: float = SECONDS_MAX) -> None:
        self.address = (host, port)
        self.seconds_max = seconds_max
        self._socket: socket.socket | None = None
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next command opens another."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._received = b""

    def send(self, command: str, *, seconds_max: float | None = None, **arguments: object) -> dict[str, Any]:
        """Send any command, and return its answer; arguments that are None are left out."""
        given = {name: value for name, value in arguments.items() if value is not None}
        line = json.dumps({"command": command, **given}, default=_text) + "\n"
        try:
            answer = self._exchange(line.encode(), seconds_max or self.seconds_max)
        except OSError as error:
            self.close()
            host, port = self.address
            raise ControlError(
                f"{command}: no answer from a simulator at {host}:{port} ({error}); start one"
            ) from error
        if not answer.pop("ok", False):
            raise ControlError(f"{command}: {answer.get('error', 'refused without a reason')}")
        return answer

    def _exchange(self, line: bytes, seconds: float) -> dict[str, Any]:
        if self._socket is None:
            self._socket = socket.create_connection(self.address, timeout=seconds)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(seconds)
        self._socket.sendall(line)
        while b"\n" not in self._received:
            more = self._socket.recv(65536)
            if not more:
                raise ConnectionError("the simulator closed the connection")
            self._received += more
        answer, _, self._received = self._received.partition(b"\n")
        try:
            decoded = json.loads(answer)
        except ValueError as error:
            raise ConnectionError(f"what answers is no simulator: {answer[:80]!r}") from error
        if not isinstance(decoded, dict):
            raise ConnectionError(f"what answers is no simulator: {answer[:80]!r}")
        return decoded

    # Time

    def now(self) -> datetime:
        """Return the simulated time."""
        return _moment(self.send("now"))

    def advance(self, to: datetime | None = None, *, seconds: float | None = None) -> datetime:
        """Move time to a moment, or by some seconds, and return the new time."""
        return _moment(self.send("advance", to=to, seconds=seconds))

    # The venue

    def trade(
        self,
        symbol: str,
        quantity: Decimal,
        price: Decimal | None = None,
        *,
        client_id: int | None = None,
        liquidation: bool | None = None,
    ) -> dict[str, Any]:
        """Trade by hand, outside any API client; a negative quantity sells. Returns the execution."""
        answer = self.send(
            "trade", symbol=symbol, quantity=quantity, price=price, client_id=client_id, liquidation=liquidation
        )
        execution: dict[str, Any] = answer["execution"]
        return execution

    def restate(self, exec_id: str, *, quantity: Decimal | None = None, price: Decimal | None = None) -> None:
        """Correct an execution, or bust it where neither a quantity nor a price is given."""
        self.send("restate", exec_id=exec_id, quantity=quantity, price=price)

    def action(
        self, kind: str, symbol: str, *, into: str | None = None, ratio: str | None = None, cash: Decimal | None = None
    ) -> None:
        """Apply a corporate action: stock-dividend, spin-off, merge, rename or reverse-split."""
        self.send("action", kind=kind, symbol=symbol, into=into, ratio=ratio, cash=cash)

    def deliver(self, symbol: str) -> None:
        """Exercise an option that is held, or let one that was sold be assigned."""
        self.send("deliver", symbol=symbol)

    def transfer(self, symbol: str, quantity: Decimal, price: Decimal) -> None:
        """Bring units in from another broker, or send them there."""
        self.send("transfer", symbol=symbol, quantity=quantity, price=price)

    def cash(
        self,
        amount: Decimal,
        currency: str = "USD",
        *,
        kind: str | None = None,
        description: str | None = None,
        symbol: str | None = None,
    ) -> None:
        """Pay money in, or out if negative; or move it as another kind: 'Other Fees', 'Withholding Tax', …"""
        self.send("cash", amount=amount, currency=currency, kind=kind, description=description, symbol=symbol)

    def dump(self, account: str | None = None) -> dict[str, Any]:
        """Return an account in full, ours or another of the login: every amount as an exact decimal text."""
        whole: dict[str, Any] = self.send("dump", account=account)["account"]
        return whole

    def orders(self) -> list[dict[str, Any]]:
        """Return the open orders of all clients."""
        orders: list[dict[str, Any]] = self.send("orders")["orders"]
        return orders

    def foreign_order(
        self,
        symbol: str,
        action: str,
        quantity: Decimal,
        limit: Decimal | None = None,
        *,
        client_id: int = 99,
        order_id: int = 0,
        order_ref: str = "",
    ) -> dict[str, Any]:
        """Place an order as another client (order id 0: its next one), at market without a limit. Returns the order."""
        answer = self.send(
            "foreign-order",
            client_id=client_id,
            order_id=order_id,
            symbol=symbol,
            action=action,
            quantity=quantity,
            limit=limit,
            order_ref=order_ref,
        )
        order: dict[str, Any] = answer["order"]
        return order

    def double_order(self) -> dict[str, Any]:
        """Let the order that was placed last be there once more. Returns the other one."""
        order: dict[str, Any] = self.send("double-order")["order"]
        return order

    def reject(
        self,
        times: int = 1,
        *,
        code: int = 201,
        message: str = "Order rejected - reason:rejected by the simulator",
        symbol: str | None = None,
    ) -> None:
        """Let the venue refuse the next new orders, of one symbol or of any."""
        self.send("reject", times=times, code=code, message=message, symbol=symbol)

    def change_fault(self, kind: str, times: int = 1, *, code: int = 110, message: str | None = None) -> None:
        """Let the next changes of orders be refused ("refuse"), or become second orders beside the first ("double")."""
        self.send("change-fault", kind=kind, times=times, code=code, message=message)

    def fill_orders(self, on: bool) -> None:
        """Switch filling off, so that orders work without end, or on again."""
        self.send("fill-orders", on=on)

    def volume_share(self, share: Decimal) -> None:
        """Limit fills to this share of a bar's volume."""
        self.send("volume-share", share=share)

    def commission_delay(self, seconds: float) -> None:
        """Let commission reports come so much simulated time after their executions."""
        self.send("commission-delay", seconds=seconds)

    def sibling(
        self,
        account: str,
        symbol: str | None = None,
        quantity: Decimal | None = None,
        *,
        price: Decimal | None = None,
        limit: Decimal | None = None,
        cash: Decimal | None = None,
        order_ref: str | None = None,
    ) -> None:
        """Put another account behind the login; let it hold something at a price, or order it at a limit."""
        self.send(
            "sibling",
            account=account,
            symbol=symbol,
            quantity=quantity,
            price=price,
            limit=limit,
            cash=cash,
            order_ref=order_ref,
        )

    # Messages

    def drop(self, kind: str, times: int | None = None) -> None:
        """Lose messages of a kind."""
        self.send("drop", kind=kind, times=times)

    def duplicate(self, kind: str, times: int | None = None) -> None:
        """Send messages of a kind twice."""
        self.send("duplicate", kind=kind, times=times)

    def corrupt(self, kind: str, times: int | None = None) -> None:
        """Send messages of a kind with one field too many."""
        self.send("corrupt", kind=kind, times=times)

    def delay(self, kind: str, seconds: float, times: int | None = None) -> None:
        """Send messages of a kind so many real seconds late."""
        self.send("delay", kind=kind, seconds=seconds, times=times)

    def rewrite(self, kind: str, field: int, text: str, times: int | None = None) -> None:
        """Let a field of messages of a kind say something else; the message's number is field 0."""
        self.send("rewrite", kind=kind, field=field, text=text, times=times)

    def ignore(self, kind: str, times: int | None = None) -> None:
        """Swallow requests of a kind unread."""
        self.send("ignore", kind=kind, times=times)

    def error(self, code: int, text: str, *, request_id: int = -1, client_id: int | None = None) -> None:
        """Send an errMsg to one client or to all."""
        self.send("error", code=code, text=text, id=request_id, client_id=client_id)

    def account_value(self, tag: str, value: str | None, currency: str = "") -> None:
        """Override a figure of the account; None leaves it out."""
        self.send("account-value", tag=tag, value=value, currency=currency)

    def market_data_type(self, delivered: int | None) -> None:
        """Deliver this type of market data (1 to 4) whatever was asked for; None ends that."""
        self.send("market-data-type", type=delivered)

    def borrow(self, symbol: str, shares: int | None) -> None:
        """Say how many shares of a symbol can be borrowed; None: nothing is told of it."""
        self.send("borrow", symbol=symbol, shares=shares)

    def refuse_data(self, code: int | None, text: str | None = None) -> None:
        """Answer requests for quotes with this error; None ends that."""
        self.send("refuse-data", code=code, text=text)

    # Sockets

    def clients(self) -> list[dict[str, Any]]:
        """Return the connected clients."""
        clients: list[dict[str, Any]] = self.send("clients")["clients"]
        return clients

    def disconnect(self) -> None:
        """Close every client's socket; orders stay."""
        self.send("disconnect")

    def disconnect_after(self, kind: str, nth: int = 1, *, answered: bool = False) -> None:
        """Close the socket right after the nth request of a kind was carried out, before or after its answers."""
        self.send("disconnect-after", kind=kind, nth=nth, answered=answered)

    def refuse(self, on: bool = True) -> None:
        """Refuse new connections; those that exist stay."""
        self.send("refuse", on=on)

    def silent(self, after: str = "connect") -> None:
        """Answer new connections nothing beyond 'connect' or 'handshake'; '' ends that."""
        self.send("silent", after=after)

    def hold_after(self, kind: str = "placeOrder", nth: int = 1) -> None:
        """Carry out the nth request of a kind, and withhold everything from that client from its answers on."""
        self.send("hold-after", kind=kind, nth=nth)

    def wait_held(self, seconds: float = SECONDS_MAX) -> dict[str, Any] | None:
        """Wait until a hold has sprung; returns the order that was accepted last, if it was one."""
        answer = self.send("wait-held", seconds=seconds, seconds_max=seconds + MARGIN_SECONDS)
        order: dict[str, Any] | None = answer["order"]
        return order

    def release(self) -> None:
        """Send what is withheld, and withhold no more."""
        self.send("release")

    def read_only(self, on: bool = True) -> None:
        """Refuse orders and questions about orders, as a gateway in read-only mode does."""
        self.send("read-only", on=on)

    def lose_connectivity(self) -> None:
        """Send 1100, and answer nothing that needs IB's servers until it is restored."""
        self.send("lose-connectivity")

    def restore_connectivity(self, data: str = "maintained") -> None:
        """Send 1102 ('maintained') or 1101 ('lost')."""
        self.send("restore-connectivity", data=data)

    # Statements

    def statements(self) -> dict[str, Any]:
        """Return where statements are served (`port`, `url`), the `token`, and the `days` that are closed."""
        return self.send("statements")

    def serve_statement(self, day: date | None = None, first_day: date | None = None) -> None:
        """Answer any query with a day, or a period; without one, with the last day closed."""
        self.send("serve-statement", day=day, first_day=first_day)

    def statement_fault(self, kind: str, times: int | None = None, *, seconds: float | None = None) -> None:
        """Let the statement service fail; `seconds` are real ones, of `slow`."""
        self.send("statement-fault", kind=kind, times=times, seconds=seconds)

    # All

    def clear(self) -> None:
        """End every fault; what is withheld is sent."""
        self.send("clear")

    def play(self, scenario: str | None = None) -> list[str]:
        """Let a scenario happen from now on; return the commands that are left of it."""
        left: list[str] = self.send("play", scenario=scenario)["left"]
        return left

    def shutdown(self) -> None:
        """End the simulator."""
        self.send("shutdown")
        self.close()


def _text(value: object) -> str:
    if isinstance(value, date):  # or a moment
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} cannot be sent to the simulator")


def _moment(answer: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(answer["now"])
