"""The simulator as a whole: market, exchange, gateway and control port on one event loop.

`serve` runs it in the caller's loop; `Simulator` runs it in a thread of its own, for tests and for whoever wants a
gateway inside a `with` block. What can be set up before the start stands in `Setup`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Self

from trader.simulator.account import Account
from trader.simulator.answers import ANSWERS
from trader.simulator.bars import packaged_bars, read_bars
from trader.simulator.commands import carry_out
from trader.simulator.contracts import read_contracts
from trader.simulator.control import Control
from trader.simulator.control_server import ControlServer
from trader.simulator.desk import Desk
from trader.simulator.exchange import NO_TERMS, Exchange
from trader.simulator.gateway import Gateway
from trader.simulator.market import Market
from trader.simulator.scenario import Scenario
from trader.simulator.sessions import NEW_YORK
from trader.simulator.statement_service import StatementService
from trader.simulator.terms import Terms

DEFAULT_ACCOUNT = "DU1000001"
DEFAULT_CASH = Decimal(100_000)
DEFAULT_START = date(2005, 3, 1)
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True)
class Setup:
    """What a simulator starts from; `positions` are bought by hand at the start: symbol -> quantity, price."""

    data: Path | None = None  # a folder of bars; None: the packaged ones
    start: date | datetime = DEFAULT_START  # a date is its midnight in New York
    cash: Decimal = DEFAULT_CASH
    account: str = DEFAULT_ACCOUNT
    seed: int = 1
    host: str = "127.0.0.1"
    port: int = 0  # 0: any free one
    control_port: int = 0
    wire_log: Path | None = None
    positions: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    terms: Terms = NO_TERMS
    statement_port: int = 0  # of the statement service, if the terms have one
    scenario: Scenario = field(default_factory=Scenario)  # what goes wrong by itself


@dataclass(frozen=True, slots=True)
class Ports:
    """Where it listens."""

    port: int
    control_port: int
    statement_port: int | None = None


def start_moment(start: date | datetime) -> datetime:
    """Return the moment to start at, in UTC."""
    if isinstance(start, datetime):
        if start.utcoffset() is None:
            raise ValueError(f"start should have a time zone, found {start.isoformat()}")
        return start.astimezone(UTC)
    return datetime.combine(start, time(), NEW_YORK).astimezone(UTC)


def build_exchange(setup: Setup) -> Exchange:
    """Build the venue; raises ValueError or OSError, with a line that says what to do, for bars it cannot read."""
    bars = packaged_bars() if setup.data is None else read_bars(setup.data)
    market = Market(bars, setup.seed, read_contracts(setup.data) if setup.data else {})
    account = Account(setup.account, setup.cash)
    exchange = Exchange(market, account, start_moment(setup.start), setup.seed, setup.terms)
    for symbol, (quantity, price) in setup.positions.items():
        exchange.trade_by_hand(symbol, quantity, price)
    return exchange


async def serve(exchange: Exchange, setup: Setup, ready: Callable[[Ports, asyncio.Event], None]) -> None:
    """Serve until the event given to `ready`, with the ports, is set."""
    stopped = asyncio.Event()
    with ExitStack() as stack:
        log = stack.enter_context(setup.wire_log.open("a", encoding="utf-8")) if setup.wire_log else None
        gateway = Gateway(exchange, ANSWERS, log)
        archive = exchange.settlement.archive
        service = StatementService(archive) if archive else None
        desk = Desk(gateway, stopped, service)
        gateway.act = partial(carry_out, desk)
        control = ControlServer(desk)
        stack.callback(gateway.close)
        stack.callback(control.close)
        port = await gateway.open(setup.host, setup.port)
        control_port = await control.open(setup.host, setup.control_port)
        statement_port = None
        if service is not None:
            statement_port = service.open(setup.host, setup.statement_port)
            stack.callback(service.close)
        await gateway.play(setup.scenario)
        ready(Ports(port, control_port, statement_port), stopped)
        await stopped.wait()
        await gateway.drain()
        gateway.close()
        control.close()
        await asyncio.sleep(0)  # lets the sockets close


class Simulator:
    """A running simulator: `with Simulator(start=date(2005, 3, 1)) as simulator:` and connect to `simulator.port`."""

    port: int
    control_port: int
    statement_port: int | None

    def __init__(
        self,
        data: Path | None = None,
        start: date | datetime = DEFAULT_START,
        cash: Decimal = DEFAULT_CASH,
        account: str = DEFAULT_ACCOUNT,
        seed: int = 1,
        port: int = 0,
        control_port: int = 0,
        positions: Mapping[str, tuple[Decimal, Decimal]] | None = None,
        wire_log: Path | None = None,
        host: str = "127.0.0.1",
        terms: Terms = NO_TERMS,
        statement_port: int = 0,
        scenario: Scenario | None = None,
    ) -> None:
        self.setup = Setup(
            data=data,
            start=start,
            cash=cash,
            account=account,
            seed=seed,
            host=host,
            port=port,
            control_port=control_port,
            wire_log=wire_log,
            positions=positions or {},
            terms=terms,
            statement_port=statement_port,
            scenario=scenario or Scenario(),
        )
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: OSError | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start serving; returns when both ports listen."""
        exchange = build_exchange(self.setup)
        self._thread = threading.Thread(target=self._run, args=(exchange,), name="simulator", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_SECONDS_MAX):
            raise TimeoutError(f"the simulator did not listen within {START_SECONDS_MAX:g} seconds")
        if self._failure is not None:
            raise self._failure
        if self._loop is None:
            raise RuntimeError("the simulator ended before it listened")
        self.control = Control(self.control_port, self.setup.host)

    def stop(self) -> None:
        """Stop serving; orders and positions are gone."""
        if self._thread is None or self._loop is None or self._stopped is None:
            return
        self.control.close()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(STOP_SECONDS_MAX)
        if self._thread.is_alive():
            raise TimeoutError(f"the simulator did not stop within {STOP_SECONDS_MAX:g} seconds")

    def _run(self, exchange: Exchange) -> None:
        try:
            asyncio.run(serve(exchange, self.setup, self._listening))
        except OSError as failure:  # a port is taken, a log cannot be written: the thread that waits must hear of it
            self._failure = failure
        finally:
            self._ready.set()

    def _listening(self, ports: Ports, stopped: asyncio.Event) -> None:
        self.port, self.control_port, self._stopped = ports.port, ports.control_port, stopped
        self.statement_port = ports.statement_port
        self._loop = asyncio.get_running_loop()
        self._ready.set()
