"""Where the demo plays: a fresh home, the venue as a process, and a mailbox that keeps every mail as a file."""

from __future__ import annotations

import csv
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from trader.simulator.bars import packaged_bars
from trader.simulator.control import Control

FIRST_DAY = date(2005, 2, 14)  # MSFT pays a dividend on the 15th, the 21st is a holiday, AAPL splits on the 28th
TICKERS = ("AAPL", "GOOG", "IBM", "MSFT")
BENCHMARK = "MSFT"  # it pays a dividend, which its total return has
ACCOUNT = "DU1000001"
HISTORY_DAYS = 400  # calendar days of bars that the folder keeps from before the first session
START_SECONDS_MAX = 30.0
NEEDED = ("aiosmtpd", "matplotlib", "bokeh_sampledata")
MARK = "demo.json"  # tells a home that the demo may empty from any other folder
REPORT = "report.html"
MADE = (MARK, "tallybook.toml", "bars", "mail", "var", "ports.json", "nav.png", REPORT)  # all that a demo's home holds

SETTINGS = """\
# Written by `tallybook demo`: a simulated account on a simulated clock.
dry_run = false

[account]
id = "{account}"
mode = "paper"

[broker]
port = {port}
requests_per_second_max = 0

[universe]
symbols = [{symbols}]

[strategy]
kind = "momentum"
volatility_target = "0.80"

[sources]
broker = true
folder = "bars"

[mail]
host = "127.0.0.1"
port = {mail_port}
tls = "none"
from = "tallybook@localhost"
to = ["owner@localhost"]

[benchmark]
ticker = "{benchmark}"

[flex]
query_id = "1"
base_url = "http://127.0.0.1:{statement_port}/FlexWebService"

[simulator]
control = "127.0.0.1:{control_port}"
"""
STATEMENT_TOKEN = "simulated"  # what the venue's statement service asks for
OVERNIGHT = ("--dividends", "--splits", "--statements")


class DemoError(Exception):
    """The demo cannot run: one line that says what to do."""


def check_extras() -> None:
    """Refuse to start without the packages of the extra `demo`."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise DemoError(f"the demo needs {', '.join(missing)}; run: pip install 'tallybook[demo]'")


def fresh_home(home: Path) -> bool:
    """Make an empty home; tell whether an earlier demo's was emptied. What holds anything else is left alone."""
    is_replaced = home.exists() and any(home.iterdir())
    if is_replaced:
        if not (home / MARK).exists():
            raise DemoError(f"{home}: expected no folder, or one of an earlier demo; name another with --home")
        if others := sorted(path.name for path in home.iterdir() if path.name not in MADE):
            raise DemoError(
                f"{home}: expected nothing beside what an earlier demo made, found {', '.join(others)}; move it away, "
                "or name another folder with --home"
            )
    if home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True)
    (home / MARK).write_text(json.dumps({"made_by": "tallybook demo"}) + "\n", encoding="utf-8")
    return is_replaced


def write_settings(home: Path, ports: Mapping[str, Any], mail_port: int) -> None:
    """Write the demo's tallybook.toml."""
    symbols = ", ".join(f'"{ticker}"' for ticker in TICKERS)
    text = SETTINGS.format(account=ACCOUNT, mail_port=mail_port, symbols=symbols, benchmark=BENCHMARK, **ports)
    (home / "tallybook.toml").write_text(text, encoding="utf-8")


def write_bars(home: Path, last: date) -> None:
    """Put the packaged daily bars into a folder: the second source."""
    folder = home / "bars"
    folder.mkdir()
    daily = packaged_bars()
    for ticker in TICKERS:
        with (folder / f"{ticker}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("date", "open", "high", "low", "close", "volume", "adj close"))
            for row in daily.series[ticker].bars:
                if (FIRST_DAY - row.date).days <= HISTORY_DAYS and row.date <= last:
                    writer.writerow((row.date, row.open, row.high, row.low, row.close, row.volume, row.adjusted_close))


@contextmanager
def venue(home: Path, seed: int, *options: str) -> Iterator[dict[str, Any]]:
    """Run the simulator as a process, with further options of its own; yields its ports."""
    port_file = home / "ports.json"
    command = [
        sys.executable, "-m", "trader.simulator", "--port", "0", "--control-port", "0", "--seed", str(seed),
        "--start", FIRST_DAY.isoformat(), "--account", ACCOUNT, "--port-file", str(port_file), *OVERNIGHT, *options,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield _ports(process, port_file)
    finally:
        process.terminate()
        process.wait(START_SECONDS_MAX)
        port_file.unlink(missing_ok=True)


def _ports(process: subprocess.Popen[bytes], port_file: Path) -> dict[str, Any]:
    limit = monotonic() + START_SECONDS_MAX
    while not port_file.exists():
        if process.poll() is not None or monotonic() > limit:
            raise DemoError(f"the simulator did not start within {START_SECONDS_MAX:.0f} s; see its message above")
        sleep(0.02)
    ports: dict[str, Any] = json.loads(port_file.read_text(encoding="utf-8"))
    return ports


def control_of(ports: dict[str, Any]) -> Control:
    """Return a client of the venue's control port."""
    return Control(ports["control_port"])


@contextmanager
def mailbox(home: Path) -> Iterator[int]:
    """Receive mails over SMTP into home/mail; yields the port."""
    from aiosmtpd.controller import Controller

    folder = home / "mail"
    folder.mkdir()
    port = _free_port()
    controller = Controller(_Postbox(folder), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def _free_port() -> int:
    """Ask the system for a port: the mail server must be told one, and asks itself whether it listens there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _Postbox:
    """Keeps each mail as it came."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._received = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802 - aiosmtpd's
        self._received += 1
        (self._folder / f"{self._received:03d}.eml").write_bytes(envelope.original_content)
        return "250 kept"
