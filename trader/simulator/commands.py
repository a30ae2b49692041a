"""What the control port can do.

A command reads its arguments by name and type, acts on the venue or on the gateway's faults, and returns the fields of
its answer; `CommandError` becomes `{"ok": false}`. Every argument is used or refused, so that a misspelt one does not
pass for its default. To add a command: see `commands_venue.py`, `commands_faults.py` and `commands_statements.py`.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from trader.simulator.commands_faults import FAULT_COMMANDS
from trader.simulator.commands_injections import INJECTION_COMMANDS
from trader.simulator.commands_siblings import SIBLING_COMMANDS
from trader.simulator.commands_statements import STATEMENT_COMMANDS
from trader.simulator.commands_venue import VENUE_COMMANDS
from trader.simulator.desk import Answer, Arguments, Command, CommandError, Desk
from trader.simulator.faults import Faults
from trader.simulator.orders import Rejected
from trader.simulator.scenario import place_of, read_scenario

VOLUME_SHARE = Decimal("0.10")  # the venue's own


async def clear(desk: Desk, arguments: Arguments) -> Answer:
    """End every fault."""
    arguments.end()
    gateway = desk.gateway
    gateway.faults = Faults()
    gateway.exchange.reject_next.clear()
    gateway.exchange.fill_orders = True
    gateway.exchange.volume_share = VOLUME_SHARE
    gateway.exchange.commission_delay = timedelta(0)
    if desk.statements is not None:
        desk.statements.faults.clear()
    gateway.release()
    await gateway.refuse_connections(False)
    await gateway.drain()
    return {}


async def play(desk: Desk, arguments: Arguments) -> Answer:
    """Let a scenario happen from now on, in place of the one before; without a name, tell what is left of it."""
    name = arguments.optional_text("scenario")
    arguments.end()
    if name is not None:
        try:
            await desk.gateway.play(read_scenario(place_of(name), SCENARIO_COMMANDS))
        except OSError as error:
            raise CommandError(f"scenario {name}: expected a packaged one or a file: {error.strerror}") from error
    return {"left": [step.command for step in desk.gateway.scenario.steps]}


def shutdown(desk: Desk, arguments: Arguments) -> Answer:
    """End the simulator, once this is answered."""
    arguments.end()
    desk.stopped.set()
    return {}


COMMANDS: tuple[tuple[str, Command], ...] = (
    *VENUE_COMMANDS,
    *FAULT_COMMANDS,
    *STATEMENT_COMMANDS,
    *INJECTION_COMMANDS,
    *SIBLING_COMMANDS,
    ("clear", clear),
    ("play", play),
    ("shutdown", shutdown),
)

# What a scenario may do by itself: time is moved by whoever steers, and only they wait and end it all.
SCENARIO_COMMANDS = frozenset(name for name, _ in COMMANDS) - {
    "now",
    "advance",
    "wait-held",
    "play",
    "shutdown",
    "dump",
}


async def carry_out(desk: Desk, name: str, given: dict[str, object]) -> Answer:
    """Carry out a command by its name."""
    command = dict(COMMANDS).get(name)
    if command is None:
        raise CommandError(f"unknown command {name!r}; known are {', '.join(known for known, _ in COMMANDS)}")
    try:
        answer = command(desk, Arguments(given))
        return answer if isinstance(answer, dict) else await answer
    except (Rejected, ValueError) as refusal:
        raise CommandError(str(refusal)) from refusal
