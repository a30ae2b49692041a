"""The simulator as a process of its own: `python -m trader.simulator --port 4002 --data DIR --start 2005-03-01`.

Exit codes: 0 ended by SIGTERM, Ctrl-C or the command `shutdown`; 2 it could not start, with one line that says why.
To add an option: an argument here, and a field of `Setup`.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from trader.simulator.commands import SCENARIO_COMMANDS
from trader.simulator.desk import CommandError
from trader.simulator.scenario import Scenario, packaged, place_of, read_scenario
from trader.simulator.simulator import (
    DEFAULT_ACCOUNT,
    DEFAULT_CASH,
    DEFAULT_START,
    Ports,
    Setup,
    build_exchange,
    serve,
    start_moment,
)
from trader.simulator.terms import Terms

CANNOT_START = 2

PORT_MAX = 65_535


def main(argv: Sequence[str] | None = None) -> int:
    """Run until told to stop, and return the exit code."""
    options = _parser().parse_args(argv)
    if options.scenarios:
        print("\n".join(f"{name:<18} {about}" for name, about in packaged().items()))
        return 0
    try:
        setup = _setup(options)
    except (ValueError, OSError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return CANNOT_START

    def listening(ports: Ports, stopped: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        if options.port_file:
            write_ports(options.port_file, ports)
        told = [f"API {setup.host}:{ports.port}", f"control {setup.host}:{ports.control_port}"]
        if ports.statement_port is not None:
            told.append(f"statements {setup.host}:{ports.statement_port}")
        print(f"simulator: {', '.join(told)}, account {setup.account}")
        sys.stdout.flush()

    try:
        asyncio.run(serve(build_exchange(setup), setup, listening))
    except (ValueError, OSError, CommandError) as error:  # the last: a step of the scenario that happens at once
        print(f"simulator: {_reason(error, setup)}", file=sys.stderr)
        return CANNOT_START
    return 0


def write_ports(path: Path, ports: Ports) -> None:
    """Write the ports at once: a reader sees all of the file or none."""
    told = {name: number for name, number in asdict(ports).items() if number is not None} | {"pid": os.getpid()}
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    aside.write_text(json.dumps(told) + "\n")
    aside.replace(path)


def _reason(error: Exception, setup: Setup) -> str:
    """Say on one line what is wrong and what to do."""
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        ports, options = [setup.port, setup.control_port], ["--port", "--control-port"]
        if setup.terms.statements:
            ports, options = [*ports, setup.statement_port], [*options, "--statement-port"]
        told = " or ".join(map(str, ports))
        return f"port {told} on {setup.host} is in use; end the other program, or give {' and '.join(options)}"
    text = " ".join(str(error).split())
    return f"{text} (--data takes a folder of daily bars)" if setup.data and "--" not in text else text


def _start(text: str) -> date | datetime:
    """Read a date, or a moment with its zone."""
    try:
        return start_moment(datetime.fromisoformat(text)) if len(text) > 10 else date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected 2005-03-01 or 2005-03-01T09:30-05:00: {error}") from error


def _amount(text: str) -> Decimal:
    """Read an amount of money."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise argparse.ArgumentTypeError(f"expected an amount like 100000.00, found {text!r}")
    return amount


def _setup(options: argparse.Namespace) -> Setup:
    return Setup(
        data=options.data,
        start=options.start,
        cash=options.cash,
        account=options.account,
        seed=options.seed,
        host=options.host,
        port=options.port,
        control_port=options.control_port,
        wire_log=options.wire_log,
        statement_port=options.statement_port,
        scenario=read_scenario(place_of(options.scenario), SCENARIO_COMMANDS) if options.scenario else Scenario(),
        terms=Terms(
            dividends=options.dividends,
            splits=options.splits,
            statements=options.statements,
            withholding=options.withholding,
            credit_rate=options.credit_rate,
            debit_rate=options.debit_rate,
            borrow_rate=options.borrow_rate,
        ),
    )


def _port(text: str) -> int:
    """Read a port; 0 is any that is free."""
    if not text.isdecimal() or int(text) > PORT_MAX:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to {PORT_MAX}, found {text!r}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tallybook simulator",
        description="An IB Gateway with an account and a market of its own, for clients that speak TWS.",
        epilog="Its clock stands still until the control port moves it: see docs/simulator.md.",
    )
    add = parser.add_argument
    add("--port", type=_port, default=4002, help="where API clients connect (0: any free port; default 4002)")
    add("--control-port", type=_port, default=4003, help="where it is steered (0: any free port; default 4003)")
    add("--data", type=Path, help="a folder of daily bars, CSV or Parquet (default: those of bokeh_sampledata)")
    add("--start", type=_start, default=DEFAULT_START, help=f"a date or a moment with zone (default {DEFAULT_START})")
    add("--account", default=DEFAULT_ACCOUNT, help=f"the account's number (default {DEFAULT_ACCOUNT})")
    add("--cash", type=_amount, default=DEFAULT_CASH, help=f"its cash in USD (default {DEFAULT_CASH})")
    add("--seed", type=int, default=1, help="of the market's path inside a day and of fills (default 1)")
    add("--dividends", action="store_true", help="pay dividends: accrued the evening before, paid on the ex-date")
    add("--splits", action="store_true", help="apply splits to positions (default: time stops before one)")
    add("--credit-rate", type=_amount, default=Decimal(0), help="interest a year on cash held, like 0.03 (default 0)")
    add("--debit-rate", type=_amount, default=Decimal(0), help="interest a year on cash owed (default 0)")
    add("--borrow-rate", type=_amount, default=Decimal(0), help="a year on the value of shares sold short (default 0)")
    add("--statements", action="store_true", help="write a Flex statement every evening and serve it over HTTP")
    add("--statement-port", type=int, default=0, help="where statements are served (default 0: any free port)")
    add("--withholding", type=_amount, default=Decimal("0.30"), help="tax on dividends, a share (default 0.30)")
    add("--scenario", help="what goes wrong by itself: a packaged scenario's name, or a file (docs/simulator.md)")
    add("--scenarios", action="store_true", help="list the packaged scenarios, and end")
    add("--host", default="127.0.0.1", help="address to listen at (default 127.0.0.1; there is no password)")
    add("--port-file", type=Path, help="write the ports to this file as JSON, once they listen")
    add("--wire-log", type=Path, help="append every message to this file, a JSON line each")
    return parser
