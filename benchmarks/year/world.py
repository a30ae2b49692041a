"""The home, its venue and its mailbox; and one start, as cron and the parent would have it."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

from benchmarks import our_tests  # noqa: F401 - before anything of tests
from ledger.book import Book
from ledger.checkpoints import book_of
from ledger.log.lock import read_holder
from tests.trader.mailbox import Mailbox, mailbox
from trader import exits
from trader.calendar import Calendar, Slot
from trader.commands.app import run
from trader.cycle import perform
from trader.demo.setting import ACCOUNT, STATEMENT_TOKEN, control_of, venue
from trader.occasion import Options
from trader.settings import load
from trader.simulator.bars import packaged_bars
from trader.simulator.control import Control
from trader.sources.flex import TOKEN_VARIABLE

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "daily"
PACKAGED = ("AAPL", "GOOG", "IBM", "MSFT")
FIRST, LAST = date(2012, 3, 1), date(2013, 2, 28)  # where all five have bars, and forty sessions before
PROCESS_SECONDS_MAX = 120.0
LOOK_SECONDS = 0.02
COMMITS_ON = 5  # Fridays: each takes a second or two, and here nobody asks in between

SETTINGS = """\
dry_run = false
approval = "none"

[account]
id = "{account}"

[broker]
port = {port}
requests_per_second_max = 0
request_timeout_seconds = 1
acknowledge_timeout_seconds = 1

[universe]
symbols = ["AAPL", "GOOG", "IBM", "KO", "MSFT"]

[[strategy]]
name = "trend"
kind = "trend"
capital = "0.6"
speeds = [2, 4, 8]
volatility_target = "0.25"

[[strategy]]
name = "parity"
kind = "risk_parity"
capital = "0.4"
covariance_days = 36

[sources]
broker = true
folder = "bars"
history_days = 40

[orders]
{orders}

[mail]
host = "127.0.0.1"
port = {mail_port}
tls = "none"
from = "tallybook@localhost"
to = ["owner@localhost"]
charts = false

[flex]
query_id = "1"
base_url = "http://127.0.0.1:{statement_port}/FlexWebService"

[simulator]
control = "127.0.0.1:{control_port}"
"""


@dataclass
class World:
    """One home and everything around it."""

    home: Path
    control: Control
    box: Mailbox
    chance: random.Random
    calendar: Calendar = field(default_factory=Calendar.load)

    def book(self) -> Book:
        """Return what the log implies now."""
        return book_of(self.home)

    def start(self, slot: Slot) -> int:
        """Run the cycle of a slot and what follows it, in this process; return the exit status."""
        status = perform(self.home, load(self.home), slot, Options(slot.name))
        if slot.kind == "close" and slot.day.isoweekday() == COMMITS_ON:
            self.command("commit", str(slot.day))
        return status

    def start_as_cron(self) -> int:
        """Start the real processes, as cron does; return the exit status."""
        quiet = subprocess.DEVNULL
        return subprocess.run(
            self._cycle(), stdout=quiet, stderr=quiet, timeout=PROCESS_SECONDS_MAX, check=False
        ).returncode

    def _cycle(self) -> list[str]:
        return [sys.executable, "-m", "trader.commands", "--home", str(self.home), "cycle"]

    def start_to_be_killed(self) -> bool:
        """Start the real processes, and kill the child right after an order left; tell whether one did."""
        self.control.hold_after("placeOrder")
        with subprocess.Popen(self._cycle(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            limit = monotonic() + PROCESS_SECONDS_MAX
            while not self._is_held() and process.poll() is None and monotonic() < limit:
                sleep(LOOK_SECONDS)
            held = self._is_held()
            holder = read_holder(self.home / "var")
            if held and holder is not None:
                os.kill(holder.pid, signal.SIGKILL)
            process.wait(PROCESS_SECONDS_MAX)
        self.control.clear()
        return held

    def _is_held(self) -> bool:
        return any(client["held"] for client in self.control.clients())

    def command(self, *arguments: str) -> str:
        """Run a command that is not a cycle, in this process; SystemExit if it could not run."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run(["--home", str(self.home), *arguments])
        if status not in (exits.FINE, exits.BAD_NEWS):
            raise SystemExit(f"tallybook {' '.join(arguments)}: exit {status}: {err.getvalue()}")
        return out.getvalue()

    def advance(self, moment: datetime) -> None:
        """Let time pass at the venue; what is past already is left alone."""
        if moment > self.control.now():
            self.control.advance(moment)


@contextmanager
def world(home: Path, seed: int, *, modify: bool) -> Iterator[World]:
    """Begin on the eve of the first session: an account adopted as it is found, of 100,000.00."""
    os.environ[TOKEN_VARIABLE] = STATEMENT_TOKEN
    if not SHARED.is_dir():
        raise SystemExit("the year needs the daily bars of ../shared/data, found none")
    bars, first = home / "venue", FIRST - timedelta(days=90)
    write_bars(bars, first, LAST + timedelta(days=14))
    write_bars(home / "bars", first, LAST)
    start = f"{FIRST - timedelta(days=1)}T16:00-05:00"
    options = ("--start", start, "--data", str(bars))
    with venue(home, seed, *options) as ports, mailbox() as box, control_of(ports) as control:
        orders = 'open_orders = "modify"' if modify else ""
        text = SETTINGS.format(account=ACCOUNT, mail_port=box.port, orders=orders, **ports)
        (home / "tallybook.toml").write_text(text, encoding="utf-8")
        made = World(home, control, box, random.Random(seed))
        made.command("adopt", "--yes")
        yield made


def write_bars(folder: Path, first: date, last: date) -> None:
    """Write the five stocks' bars of some days; KO's are in shares as after its split of August 2012."""
    folder.mkdir()
    daily = packaged_bars()
    for ticker in PACKAGED:
        rows = (
            (bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close)
            for bar in daily.series[ticker].bars
            if first <= bar.date <= last
        )
        _write(folder / f"{ticker}.csv", ("date", "open", "high", "low", "close", "volume", "adj close"), rows)
    with gzip.open(SHARED / "KO.csv.gz", "rt", encoding="utf-8") as text:
        kept = [row for row in csv.DictReader(text) if first <= date.fromisoformat(row["date"]) <= last]
    names = ("date", "open", "high", "low", "close", "volume", "dividend")
    _write(folder / "KO.csv", names, (tuple(row[name] for name in names) for row in kept))


def _write(path: Path, names: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
