"""A home, the venue that it trades at, and the owner's mailbox: the world in which whole cycles are tried.

Nothing here stands in for the broker: the simulator speaks the wire protocol, the real client library talks to it over
a socket, and a real mail server receives. `cycle()` starts `tallybook cycle` as cron does, as processes; `trade()` runs
the same cycle in this process, where only the trading matters. Prices are made up: ACME stands still at 50.00
(ask 50.01), so does THIN at 40.00 with little volume; WAVE goes up and down around 30.00, CLIMB rises ten cents a day.
To try another market: add a ticker to `MARKET`; other settings are keywords, a section each.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

from ledger.book import Book, replay
from ledger.events import Fact
from ledger.log import read_events
from ledger.log.lock import read_holder
from ledger.state import Order
from tests.trader.broker_world import event_loop
from tests.trader.homes import ROOT, tallybook
from tests.trader.mailbox import Mailbox, mailbox
from trader.calendar import NEW_YORK, Calendar, Slot
from trader.commands.app import run
from trader.cycle import perform
from trader.demo.tally import differences
from trader.occasion import Options
from trader.settings import load
from trader.simulator.control import Control
from trader.simulator.simulator import Simulator
from trader.simulator.terms import Terms

ACCOUNT = "DU1000001"
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2005, 3, day) for day in (1, 2, 3, 4))
AROUND = timedelta(days=21)  # of bars before and after the day on which a world begins
HEADING = "Date,Open,High,Low,Close,Volume,Dividend\n"
DIVIDENDS = {("ACME", WEDNESDAY): "0.20"}  # paid where the venue's terms say so
CLIMB = tuple(
    (f"{20 + n / 10:.2f}", f"{20.3 + n / 10:.2f}", f"{19.8 + n / 10:.2f}", f"{20.1 + n / 10:.2f}") for n in range(90)
)
MARKET: dict[str, tuple[tuple[str, str, str, str], ...]] = {  # open, high, low, close, day after day
    "ACME": (("50.00", "50.00", "50.00", "50.00"),),
    "CLIMB": CLIMB,
    "THIN": (("40.00", "40.00", "40.00", "40.00"),),
    "WAVE": (("30.00", "30.63", "29.71", "30.37"), ("30.37", "30.58", "29.64", "30.00")),
}
VOLUMES = {"THIN": 3_900}
SECONDS_MAX = 30.0
LOOK_SECONDS = 0.02
Settings = dict[str, Any]
F = TypeVar("F", bound=Fact)


@dataclass(frozen=True)
class Done:
    """What a command told."""

    status: int
    out: str = ""
    err: str = ""

    @property
    def code(self) -> str:
        """The code of the only line of its complaint; several lines are not one that says what to do."""
        (line,) = self.err.splitlines()
        return line.partition(":")[0]


@dataclass
class World:
    """One home and everything around it."""

    home: Path
    simulator: Simulator
    box: Mailbox
    settings: Settings
    calendar: Calendar = field(default_factory=Calendar.load)

    @property
    def control(self) -> Control:
        return self.simulator.control

    # Settings

    def set(self, **sections: Any) -> None:
        """Change settings, a keyword a section: `set(dry_run=True, broker={"request_timeout_seconds": 1})`."""
        for name, value in sections.items():
            adds = isinstance(value, dict) and "kind" not in value
            self.settings[name] = {**self.settings.get(name, {}), **value} if adds else value
        self.write(toml(self.settings))

    def want(self, leverage: str = "1", **weights: str) -> None:
        """Let the strategy want these weights."""
        every = {symbol: weights.get(symbol, "0") for symbol in self.settings["universe"]["symbols"]}
        self.set(strategy=fixed(leverage, **every))

    def state(self, *rows: str) -> None:
        """Let the strategy take the word of another program, which writes its file now."""
        path = self.home / "targets.csv"
        path.write_text("\n".join(("symbol,weight,leverage", *rows)) + "\n", encoding="utf-8")
        os.utime(path, times=(self.control.now().timestamp(),) * 2)
        self.set(strategy={"kind": "file", "path": path.name})

    def write(self, text: str) -> None:
        (self.home / "tallybook.toml").write_text(text, encoding="utf-8")

    # Time

    def slots(self, day: date) -> tuple[Slot, ...]:
        """The slots of a session, the closing one last."""
        session = self.calendar.session(day)
        assert session is not None
        return (*self.calendar.slots(session), self.calendar.closing_slot(session))

    def advance_to(self, day: date, slot: int | str) -> None:
        """Let time pass until a slot, by its number or by a clock in New York; -1 is the closing."""
        if isinstance(slot, str):
            self.control.advance(datetime.combine(day, time.fromisoformat(slot), NEW_YORK))
        else:
            self.control.advance(self.slots(day)[slot].at + timedelta(seconds=30))

    def due(self) -> Slot:
        """The slot that is due now, as the parent finds it."""
        not_before, zone = load(self.home).schedule.not_before or (None, None)
        slot = self.calendar.due(self.control.now(), not_before, zone)
        assert slot is not None
        return slot

    # What is run

    def adopt(self) -> None:
        """Take the account over as it is found."""
        done = self.command("adopt", "--yes")
        assert done.status == 0, done.err

    def command(self, *arguments: str) -> Done:
        """Run a command that is not a cycle in this process, for speed: it is the same function."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run(["--home", str(self.home), *arguments])
        return Done(status, out.getvalue(), err.getvalue())

    def trade(self) -> int:
        """Run the cycle that is due in this process; returns its exit status."""
        slot = self.due()
        return perform(self.home, load(self.home), slot, Options(slot.name))

    def close(self, day: date) -> None:
        """Close and commit a session in this process, as the parent has it done by two."""
        if self.control.now() < self.slots(day)[-1].at:
            self.advance_to(day, -1)
        assert self.trade() == 0
        assert self.command("commit", str(day)).status == 0

    def cycle(self, *options: str, **environment: str) -> Done:
        """Start `tallybook cycle` as cron does, and wait for its end."""
        ended = tallybook("cycle", *options, home=self.home, **environment)
        return Done(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start `tallybook cycle` as cron does, and go on."""
        command = [sys.executable, "-m", "trader.commands", "--home", str(self.home), "cycle", *options]
        surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, stdout=pipe, stderr=pipe, stdin=subprocess.DEVNULL, text=True, env=surroundings
        )

    def start_held(self, kind: str, nth: int = 1) -> subprocess.Popen[str]:
        """Start a cycle, and go on when the gateway has carried out its nth request of a kind and says no more."""
        self.control.hold_after(kind, nth)
        process = self.start()
        until(lambda: self._is_held() or process.poll() is not None, f"request {kind} {nth}")
        assert process.poll() is None, process.communicate()
        return process

    def _is_held(self) -> bool:
        return any(client["held"] for client in self.control.clients())

    def child(self) -> int:
        """The process that holds the log."""
        holder = read_holder(self.home / "var")
        assert holder is not None
        return holder.pid

    # What is found

    def book(self) -> Book:
        """What the log implies."""
        return replay(read_events(self.home))

    def facts(self, kind: type[F]) -> list[F]:
        """Everything of a type that is recorded so far."""
        return [event.fact for event in read_events(self.home) if isinstance(event.fact, kind)]

    def files(self) -> dict[str, str]:
        """Every file of the home with the hash of its content."""
        paths = (path for path in sorted(self.home.rglob("*")) if path.is_file())
        return {str(path.relative_to(self.home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    def log(self) -> bytes:
        """Every line of the log."""
        return b"".join(path.read_bytes() for path in sorted((self.home / "var" / "events").glob("*.jsonl")))

    def apart(self) -> tuple[str, ...]:
        """Every figure of which book and venue disagree, to the last digit; a pending commission is one."""
        book = self.book()
        return (*(f"pending {name}" for name in book.pending_commissions), *differences(book, self.control.dump()))

    def held(self) -> dict[str, Decimal]:
        """Own positions by ticker."""
        book = self.book()
        return {book.contracts[con_id].symbol: quantity for con_id, quantity in book.positions.items()}

    def orders(self) -> tuple[Order, ...]:
        """Every order that the log knows, oldest first."""
        return tuple(self.book().orders.values())

    def at_venue(self) -> list[dict[str, Any]]:
        """Every order that the venue ever took today."""
        orders: list[dict[str, Any]] = self.control.dump()["orders"]
        return orders


def fixed(leverage: str = "1", **weights: str) -> Settings:
    """Spell a strategy of fixed weights."""
    return {"kind": "fixed", "leverage": leverage, "weights": weights}


def toml(settings: Mapping[str, Any]) -> str:
    """Spell settings."""
    plain = [f"{name} = {_spelt(value)}" for name, value in settings.items() if not isinstance(value, dict)]
    for name, section in settings.items():
        if isinstance(section, dict):
            plain += [f"[{name}]", *(f"{key} = {_spelt(value)}" for key, value in section.items())]
    return "\n".join(plain) + "\n"


def _spelt(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_spelt(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(_spelt, value))}]"
    return json.dumps(value)


def write_bars(folder: Path, first: date, last: date) -> Path:
    """Write the market's files, a row for every session."""
    folder.mkdir(exist_ok=True)
    days = [session.day for session in Calendar.load().sessions(first, last)]
    for ticker, pattern in MARKET.items():
        rows = (
            ",".join(
                (
                    str(day),
                    *pattern[number % len(pattern)],
                    str(VOLUMES.get(ticker, 39_000_000)),
                    DIVIDENDS.get((ticker, day), "0"),
                )
            )
            for number, day in enumerate(days)
        )
        (folder / f"{ticker}.csv").write_text(HEADING + "\n".join(rows) + "\n", encoding="utf-8")
    return folder


@contextmanager
def world(
    folder: Path,
    day: date = TUESDAY,
    clock: str = "09:00",
    *,
    adopt: bool = True,
    account: str = ACCOUNT,
    positions: Mapping[str, tuple[Decimal, Decimal]] | None = None,
    terms: Terms | None = None,
    **sections: Any,
) -> Iterator[World]:
    """Begin on a day at a clock in New York: an adopted account of 100,000.00, half of it to be in ACME."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    bars = write_bars(folder / "venue", day - AROUND, day + AROUND)
    start = datetime.combine(day, time.fromisoformat(clock), NEW_YORK)
    simulator = Simulator(data=bars, start=start, account=account, positions=positions, terms=terms or Terms())
    with event_loop(), simulator, mailbox() as box:
        made = World(home, simulator, box, _usual(simulator, box))
        made.set(**sections)
        if adopt:
            made.adopt()
        yield made


def _usual(simulator: Simulator, box: Mailbox) -> Settings:
    symbols = ["ACME", "WAVE"]
    return {
        "dry_run": False,
        "approval": "none",  # tests change their settings at will
        "account": {"id": ACCOUNT},
        "broker": {"port": simulator.port, "requests_per_second_max": 0},
        "universe": {"symbols": symbols},
        "strategy": {"kind": "fixed", "weights": {"ACME": "0.5", "WAVE": "0.25"}},
        "sources": {"history_days": 5},
        "limits": {
            "name_share_max": "1.5", "order_share_max": "2", "order_notional_max": 300_000, "order_volume_share_max": 1,
            "turnover_per_day_max": 10,
        },
        "mail": {
            "charts": False,  # a second each; `tests/trader/notices/test_chart_in_mail.py` draws one
            "host": "127.0.0.1", "port": box.port, "tls": "none",
            "from": "tallybook@localhost", "to": "owner@localhost",
        },
        "simulator": {"control": f"127.0.0.1:{simulator.control_port}"},
    }  # fmt: skip


def is_over(pid: int) -> bool:
    """Tell whether a process has ended; one that nobody has asked about since is over too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def is_unlocked(home: Path) -> bool:
    """Tell whether nobody holds a home's lock: threads of a killed process may outlive its first one for a moment."""
    with (home / "var" / "lock").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, within a limit."""
    limit = monotonic() + SECONDS_MAX
    while not condition():
        assert monotonic() < limit, f"{what}: not within {SECONDS_MAX:.0f} s"
        sleep(LOOK_SECONDS)
