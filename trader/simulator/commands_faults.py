"""Commands of the control port that let something go wrong with messages and sockets.

To add one: the function, its row in `FAULT_COMMANDS`, and a method of `control.Control`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

from trader.simulator.clients import Client
from trader.simulator.commands_venue import last_order, order_row
from trader.simulator.desk import Answer, Arguments, Command, CommandError, Desk
from trader.simulator.faults import Rule, Trap
from trader.simulator.registry import MESSAGE_NAMES, REQUEST_NAMES

WAIT_SECONDS = 60


def _rule(effect: str) -> Callable[[Desk, Arguments], Answer]:
    def command(desk: Desk, arguments: Arguments) -> Answer:
        kind, times = arguments.one_of("kind", MESSAGE_NAMES), arguments.optional_integer("times")
        seconds = arguments.decimal("seconds") if effect == "delay" else Decimal(0)
        arguments.end()
        desk.gateway.faults.rules.append(Rule(effect, kind, times, float(seconds)))
        return {}

    return command


def rewrite(desk: Desk, arguments: Arguments) -> Answer:
    """Let a field of messages say something else."""
    kind, position = arguments.one_of("kind", MESSAGE_NAMES), arguments.integer("field")
    text, times = arguments.text("text"), arguments.optional_integer("times")
    arguments.end()
    if position < 1:
        raise CommandError(f"field should be 1 or more, found {position}")
    desk.gateway.faults.rules.append(Rule("rewrite", kind, times, position=position, text=text))
    return {}


def ignore(desk: Desk, arguments: Arguments) -> Answer:
    """Swallow requests."""
    kind, times = arguments.one_of("kind", REQUEST_NAMES), arguments.optional_integer("times")
    arguments.end()
    desk.gateway.faults.ignored.append(Rule("drop", kind, times))
    return {}


async def error(desk: Desk, arguments: Arguments) -> Answer:
    """Send an errMsg to one client or to all."""
    code, text = arguments.integer("code"), arguments.text("text")
    request_id, client_id = arguments.integer("id", -1), arguments.optional_integer("client_id")
    if arguments.flag("of_order", False):
        request_id = last_order(desk).request.order_id
    arguments.end()
    clients = desk.gateway.clients
    if client_id is not None and client_id not in clients:
        raise CommandError(f"client_id should be one of {sorted(clients)}, found {client_id}")
    for client in [clients[client_id]] if client_id is not None else list(clients.values()):
        desk.gateway.error(client, request_id, code, text)
    await desk.gateway.drain()
    return {}


def account_value(desk: Desk, arguments: Arguments) -> Answer:
    """Override a figure of the account, or leave it out."""
    tag, currency, value = arguments.text("tag"), arguments.text("currency", ""), arguments.optional_text("value")
    arguments.end()
    desk.gateway.faults.figures[tag, currency] = value
    return {}


def market_data_type(desk: Desk, arguments: Arguments) -> Answer:
    """Deliver one type of market data, whatever is asked for."""
    delivered = arguments.optional_integer("type")
    arguments.end()
    if delivered not in (None, 1, 2, 3, 4):
        raise CommandError(f"type should be 1 to 4, found {delivered}")
    desk.gateway.faults.market_data_type = delivered
    return {}


def refuse_data(desk: Desk, arguments: Arguments) -> Answer:
    """Answer requests for quotes with an error, or no longer."""
    code, text = arguments.optional_integer("code"), arguments.text("text", "No market data during competing session")
    arguments.end()
    desk.gateway.faults.data_refused = None if code is None else (code, text)
    return {}


def borrow(desk: Desk, arguments: Arguments) -> Answer:
    """Say how many shares of a symbol can be borrowed; without a number nothing is told of it."""
    symbol, shares = arguments.text("symbol"), arguments.optional_integer("shares")
    arguments.end()
    desk.gateway.faults.borrowable[symbol] = shares
    return {}


def clients(desk: Desk, arguments: Arguments) -> Answer:
    """List the connected clients."""
    arguments.end()
    return {"clients": [_client_row(client) for client in desk.gateway.clients.values()]}


def _client_row(client: Client) -> Answer:
    row = {"client_id": client.client_id, "version": client.version, "peer": client.address}
    return {**row, "held": client.held}


def disconnect(desk: Desk, arguments: Arguments) -> Answer:
    """Close every client's socket."""
    arguments.end()
    desk.gateway.disconnect_all()
    return {}


def _trap(effect: str) -> Callable[[Desk, Arguments], Answer]:
    def command(desk: Desk, arguments: Arguments) -> Answer:
        kind, nth = arguments.one_of("kind", REQUEST_NAMES | {"whatIf"}), arguments.integer("nth", 1)
        answered = arguments.flag("answered", False) if effect == "disconnect" else False
        arguments.end()
        if nth < 1:
            raise CommandError(f"nth should be 1 or more, found {nth}")
        if effect == "hold":
            desk.gateway.held.clear()
        desk.gateway.faults.traps.append(Trap(effect, kind, nth, answered))
        return {}

    return command


async def refuse(desk: Desk, arguments: Arguments) -> Answer:
    """Close the door to new connections, or open it."""
    on = arguments.flag("on", True)
    arguments.end()
    await desk.gateway.refuse_connections(on)
    return {}


def silent(desk: Desk, arguments: Arguments) -> Answer:
    """Answer new connections nothing beyond a stage."""
    after = arguments.one_of("after", frozenset({"", "connect", "handshake"}), "connect")
    arguments.end()
    desk.gateway.faults.silent_after = after
    return {}


async def wait_held(desk: Desk, arguments: Arguments) -> Answer:
    """Wait until a hold has sprung, and show the order that was accepted last."""
    seconds = arguments.decimal("seconds", Decimal(WAIT_SECONDS))
    arguments.end()
    try:
        await asyncio.wait_for(desk.gateway.held.wait(), float(seconds))
    except TimeoutError as late:
        raise CommandError(f"nothing was held within {seconds} seconds") from late
    order = desk.gateway.order_held
    return {"order": None if order is None else order_row(desk, order)}


async def release(desk: Desk, arguments: Arguments) -> Answer:
    """Send what is withheld."""
    arguments.end()
    desk.gateway.release()
    await desk.gateway.drain()
    return {}


def read_only(desk: Desk, arguments: Arguments) -> Answer:
    """Refuse orders and questions about them."""
    desk.gateway.faults.read_only = arguments.flag("on", True)
    arguments.end()
    return {}


async def lose_connectivity(desk: Desk, arguments: Arguments) -> Answer:
    """Lose the connection to IB's servers."""
    arguments.end()
    desk.gateway.faults.connectivity_lost = True
    desk.gateway.tell_all(1100, "Connectivity between IB and Trader Workstation has been lost.")
    await desk.gateway.drain()
    return {}


async def restore_connectivity(desk: Desk, arguments: Arguments) -> Answer:
    """Find it again."""
    maintained = arguments.one_of("data", frozenset({"maintained", "lost"}), "maintained") == "maintained"
    arguments.end()
    desk.gateway.faults.connectivity_lost = False
    what = "maintained. All data farms are connected: usfarm; ushmds; secdefnj." if maintained else "lost."
    text = f"Connectivity between IB and Trader Workstation has been restored - data {what}"
    desk.gateway.tell_all(1102 if maintained else 1101, text)
    await desk.gateway.drain()
    return {}


def change_fault(desk: Desk, arguments: Arguments) -> Answer:
    """Let the next changes of working orders be refused, or become second orders beside the first."""
    kind, times = arguments.one_of("kind", frozenset({"refuse", "double"})), arguments.integer("times", 1)
    code = arguments.integer("code", 110)
    message = arguments.text("message", "The price does not conform to the minimum price variation for this contract.")
    arguments.end()
    desk.gateway.faults.changes += [(kind, code, message)] * times
    return {}


FAULT_COMMANDS: tuple[tuple[str, Command], ...] = (
    ("drop", _rule("drop")),
    ("duplicate", _rule("duplicate")),
    ("corrupt", _rule("corrupt")),
    ("delay", _rule("delay")),
    ("rewrite", rewrite),
    ("ignore", ignore),
    ("error", error),
    ("change-fault", change_fault),
    ("account-value", account_value),
    ("market-data-type", market_data_type),
    ("refuse-data", refuse_data),
    ("borrow", borrow),
    ("clients", clients),
    ("disconnect", disconnect),
    ("disconnect-after", _trap("disconnect")),
    ("refuse", refuse),
    ("silent", silent),
    ("hold-after", _trap("hold")),
    ("wait-held", wait_held),
    ("release", release),
    ("read-only", read_only),
    ("lose-connectivity", lose_connectivity),
    ("restore-connectivity", restore_connectivity),
)
