"""The gateway: accepts API clients, answers their requests, and tells them what happens at the venue.

One event loop owns venue and gateway, so nothing here waits or locks. A request is read exactly, answered by the
function that the given answers have for its name (errMsg 321 where it cannot be read or is not simulated), and what it
caused at the venue is told to whom it concerns: orders and executions to the owning client and to client 0, positions
and account to all who follow. The answers know the gateway, not the other way round; `answers.py` puts them together.
To answer another request: see there.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TextIO, assert_never

from trader.simulator import messages
from trader.simulator.account import Account
from trader.simulator.account_values import AccountValue, account_values
from trader.simulator.clients import Client
from trader.simulator.contracts import Contract
from trader.simulator.exchange import Exchange
from trader.simulator.faults import Faults
from trader.simulator.following import tell_account
from trader.simulator.happenings import (
    AccountChanged,
    CommissionCharged,
    Executed,
    Happening,
    OrderChanged,
    PositionChanged,
)
from trader.simulator.messages_orders import commission_report, exec_details, open_order, order_status
from trader.simulator.orders import Order, Rejected
from trader.simulator.registry import REQUEST_OF_NUMBER, Request
from trader.simulator.scenario import Act, Scenario, Step
from trader.simulator.sessions import NEW_YORK, session_at
from trader.simulator.siblings import Sibling
from trader.simulator.ticks import delivered_type, ticks
from trader.simulator.wire import Fields, MalformedError

ANSWERED_WHILE_LOST = ("reqCurrentTime",)  # by the gateway itself, without the servers behind it
NOTICES = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
)
BACKLOG = 100


class Gateway:
    """The TWS side of one simulated account."""

    def __init__(self, exchange: Exchange, answers: Mapping[str, Answer], wire_log: TextIO | None = None) -> None:
        self.exchange = exchange
        self.faults = Faults()
        self.siblings: dict[str, Sibling] = {}  # other accounts of the login, by number
        self.scenario = Scenario()
        self.act: Act | None = None  # carries out a step of the scenario
        self._acting: set[asyncio.Task[None]] = set()
        self.clients: dict[int, Client] = {}  # started, by client id
        self.highest_order_id: dict[int, int] = {}  # by client id; never lowered
        self.held = asyncio.Event()  # a hold has sprung
        self.order_accepted: Order | None = None  # the last one
        self.order_held: Order | None = None  # the one accepted last when the hold sprang
        self._answers = answers
        self._connections: set[Client] = set()
        self._positions_moved: dict[tuple[str, int], PositionChanged] = {}
        self._accounts_changed: set[str] = set()
        self._wire_log = wire_log
        self._server: asyncio.Server | None = None
        self._socket: socket.socket | None = None
        exchange.listen.append(partial(self._happened, exchange))

    # Accounts

    def admit(self, number: str, cash: Decimal) -> Sibling:
        """Put another account behind the login, or return it."""
        if number not in self.siblings:
            venue = self.exchange.beside(Account(number, cash), len(self.siblings) + 1)
            venue.listen.append(partial(self._happened, venue))
            self.siblings[number] = Sibling(venue)
        return self.siblings[number]

    @property
    def venues(self) -> tuple[Exchange, ...]:
        """Where each account of the login trades, the simulator's own first."""
        return (self.exchange, *(other.venue for other in self.siblings.values()))

    def venue(self, account: str) -> Exchange:
        """Return where an account trades; nothing means ours, and so does one that is not known."""
        return self.siblings[account].venue if account in self.siblings else self.exchange

    # Listening

    async def open(self, host: str, port: int) -> int:
        """Listen, and return the port."""
        self._socket = _bound(host, port)
        await self._listen()
        return int(self._socket.getsockname()[1])

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        if self._socket is not None:
            self._server = await loop.create_server(lambda: Client(self), sock=self._socket, backlog=BACKLOG)

    async def refuse_connections(self, refuse: bool) -> None:
        """Close the door, keeping the port, or open it again; those inside stay."""
        if refuse == (self._server is None) or self._socket is None:
            return
        if self._server is None:
            await self._listen()
            return
        host, port = self._socket.getsockname()[:2]
        self._server.close()
        self._server = None
        self._socket = _bound(host, port)  # bound but not listening: the kernel refuses

    def close(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
        elif self._socket is not None:
            self._socket.close()
        self.disconnect_all()

    def disconnect_all(self) -> None:
        """Close every connection; orders stay."""
        for client in tuple(self._connections):
            client.close()

    # What a connection reports

    def opened(self, client: Client) -> None:
        """Note a new connection."""
        self._connections.add(client)

    def gone(self, client: Client) -> None:
        """Forget a connection; its client id is free again."""
        self._connections.discard(client)
        if client.client_id is not None and self.clients.get(client.client_id) is client:
            del self.clients[client.client_id]

    def garbled(self, client: Client, cause: str) -> None:
        """Note why a connection is closed."""
        self.log(client, "closed", [cause])

    def handshake_time(self) -> str:
        """Write the time as the handshake does."""
        return f"{self.exchange.now.astimezone(NEW_YORK):%Y%m%d %H:%M:%S} EST"

    def received(self, client: Client, raw: list[str]) -> None:
        """Answer one request."""
        self.log(client, "in", raw)
        number = _whole_number(raw[0])
        request = None if number is None else REQUEST_OF_NUMBER.get(number)
        if request is None:
            self.refuse(client, -1, f"message {raw[0]!r}", "there is no such request")
            return
        lost = self.faults.connectivity_lost and request.name not in ANSWERED_WHILE_LOST
        if lost or self.faults.ignores(request.name):
            return
        mark = client.mark()
        try:
            counts_as = self._answer(client, request, Fields(raw[1:], client.version))
        except MalformedError as error:
            self.refuse(client, request_id(request, raw), request.name, str(error))
        except Rejected as refusal:
            self.error(client, request_id(request, raw), refusal.code, refusal.message)
        else:
            self.settle()
            self._spring(client, counts_as or request.name, mark)
            self._follow(counts_as or request.name)

    def _answer(self, client: Client, request: Request, fields: Fields) -> str | None:
        if client.client_id is None and request.name != "startApi":
            raise MalformedError("startApi comes first")
        if request.name not in self._answers:
            raise MalformedError("this request is not simulated")
        return self._answers[request.name](self, client, fields)

    def _spring(self, client: Client, kind: str, mark: int) -> None:
        """Let a trap act on the answers to the request that sprang it."""
        trap = self.faults.sprung(kind)
        if trap is None:
            return
        if trap.effect == "hold":
            client.withhold(mark)
            self.order_held = self.order_accepted
            self.held.set()
            return
        if not trap.answered:
            client.withhold(mark)
        client.close()

    async def play(self, scenario: Scenario) -> None:
        """Let another scenario go on from here."""
        self.scenario = scenario
        for step in scenario.until(self.exchange.now):
            await self._carry_out(step)

    def _follow(self, kind: str) -> None:
        """Let the scenario act, once the answers to the request that it waited for are sent."""
        for step in self.scenario.after(kind):
            task = asyncio.get_running_loop().create_task(self._carry_out(step))
            self._acting.add(task)
            task.add_done_callback(self._acting.discard)
            task.add_done_callback(asyncio.Task.result)  # what fails is told by the loop

    async def _carry_out(self, step: Step) -> None:
        if self.act is not None:
            await self.act(step.command, dict(step.arguments))

    def release(self) -> None:
        """Send what is withheld from any client."""
        for client in tuple(self._connections):
            client.release()
        self.held.clear()

    # Starting a client

    def start(self, client: Client, client_id: int) -> None:
        """Let a client in under its id, or refuse the id."""
        if client_id in self.clients:
            text = "Unable to connect as the client id is already in use. Retry with a unique client id."
            self.error(client, -1, 326, text)
            client.close()
            return
        client.client_id = client_id
        self.clients[client_id] = client
        client.send(messages.managed_accounts(",".join((self.exchange.account.number, *self.siblings))))
        client.send(messages.next_valid_id(self.next_order_id(client_id)))
        for code, text in NOTICES:
            self.error(client, -1, code, text)

    def next_order_id(self, client_id: int) -> int:
        """Give the id that this client may use next."""
        return self.highest_order_id.get(client_id, 0) + 1

    # Telling

    def error(self, client: Client, request_id: int, code: int, text: str) -> None:
        """Send one errMsg."""
        client.send(messages.error(request_id, code, text, client.version))

    def refuse(self, client: Client, request_id: int, name: str, cause: str) -> None:
        """Send errMsg 321 for a request that cannot be carried out as it stands."""
        self.error(client, request_id, 321, f"Error validating request.-'{name}' : cause - {cause}")

    def tell_all(self, code: int, text: str, request_id: int = -1) -> None:
        """Send one errMsg to every started client."""
        for client in self.clients.values():
            self.error(client, request_id, code, text)

    def contract(self, con_id: int) -> Contract:
        """Give a contract that the venue certainly knows."""
        contract = self.exchange.market.contract(con_id)
        if contract is None:
            raise LookupError(f"the venue named conId {con_id}, which its market does not know")
        return contract

    def followers(self, client_id: int) -> Iterable[Client]:
        """Give those who hear of a client's orders: the client itself, and client 0."""
        return [self.clients[each] for each in sorted({client_id, 0}) if each in self.clients]

    def _happened(self, venue: Exchange, happening: Happening) -> None:
        match happening:
            case OrderChanged():
                for client in self.followers(happening.order.request.client_id):
                    self._tell_order(client, happening.order)
            case Executed():
                execution = happening.execution
                for client in self.followers(execution.client_id):
                    client.send(exec_details(-1, execution, self.contract(execution.con_id), client.version))
            case CommissionCharged():
                for client in self.followers(happening.execution.client_id):
                    client.send(commission_report(happening.commission))
            case PositionChanged():
                self._positions_moved[venue.account.number, happening.position.con_id] = happening
            case AccountChanged():
                self._accounts_changed.add(venue.account.number)
            case _:
                assert_never(happening)

    def _tell_order(self, client: Client, order: Order) -> None:
        """Tell of a change: an order in the book or filled with openOrder, one on its way out without."""
        if order.status not in ("PendingCancel", "Cancelled"):
            client.send(open_order(order, self.contract(order.request.con_id), client.version))
        client.send(order_status(order, client.version))
        if order.status == "Cancelled" and client.client_id == order.request.client_id:
            self.error(client, order.request.order_id, 202, "Order Canceled - reason:")

    def settle(self, revalue: bool = False) -> None:
        """Tell the followers what moved since the last time; `revalue` because prices may have."""
        moved, self._positions_moved = self._positions_moved, {}
        changed, self._accounts_changed = self._accounts_changed | {number for number, _ in moved}, set()
        for client in self.clients.values():
            if client.follows_positions:
                for (number, con_id), happening in moved.items():
                    contract = self.contract(con_id)
                    client.send(messages.position(number, contract, happening.position, client.version))
            if client.follows_account in changed or (client.follows_account and revalue):
                self.tell_account(client)
            if revalue:
                for line, con_id in client.market_lines.items():
                    self.tell_ticks(client, line, con_id)

    def tell_ticks(self, client: Client, request_id: int, con_id: int) -> None:
        """Send everything that the market quotes now."""
        quote = self.exchange.market.quote(con_id, self.exchange.now)
        for message in ticks(request_id, quote, self.delivered_type(client), client.version):
            client.send(message)

    def delivered_type(self, client: Client) -> int:
        """Say which type of market data a client gets."""
        if self.faults.market_data_type is not None:
            return self.faults.market_data_type
        return delivered_type(client.market_data_type, session_at(self.exchange.now) is not None)

    def tell_account(self, client: Client) -> None:
        """Send what differs of the account that a client follows."""
        venue = self.venue(client.follows_account)
        tell_account(client, venue, self.figures(venue), self.contract)

    def figures(self, venue: Exchange) -> list[AccountValue]:
        """Give an account's figures; of our own, as far as no fault overrides them."""
        overridden = self.faults.figures if venue is self.exchange else {}
        rows = account_values(venue.account, venue.market, venue.now)
        kept = ((row, overridden.get((row.tag, row.currency), row.value)) for row in rows)
        return [AccountValue(row.tag, value, row.currency) for row, value in kept if value is not None]

    # Time, and the log

    async def advance(self, to: datetime) -> None:
        """Move time; returns when all that it caused is written."""
        for step in self.scenario.until(to):
            await self._advance(max(step.at or to, self.exchange.now))
            await self._carry_out(step)
        await self._advance(to)

    async def _advance(self, to: datetime) -> None:
        try:
            for venue in self.venues:
                venue.advance(to)
        finally:  # the venue may stop on the way: what has happened until then is told all the same
            self.settle(revalue=True)
            await self.drain()

    async def drain(self) -> None:
        """Wait until everything sent so far is written to the sockets."""
        for client in tuple(self._connections):
            await client.drain()

    def log(self, client: Client, direction: str, fields: Sequence[str]) -> None:
        """Write one line of the wire log, if there is one."""
        if self._wire_log is None:
            return
        line = {
            "time": self.exchange.now.isoformat(),
            "client": client.client_id,
            "peer": client.address,
            "direction": direction,
            "fields": list(fields),
        }
        self._wire_log.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._wire_log.flush()


Answer = Callable[[Gateway, Client, Fields], str | None]  # the name under which traps count the request, if another


def request_id(request: Request, raw: Sequence[str]) -> int:
    """Find the id that an answer to this request goes to; -1 where it has none."""
    position = request.id_position
    if position is None or position >= len(raw):
        return -1
    number = _whole_number(raw[position])
    return -1 if number is None else number


def _whole_number(text: str) -> int | None:
    """Read a number without trusting that it is one."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None


def _bound(host: str, port: int) -> socket.socket:
    """Bind a socket; not yet listening, it refuses connections but keeps the port."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setblocking(False)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
