"""Many accounts that cycle in the same slot: one gateway each, one machine; how long each takes, and the slowest.

Every gateway is the simulator, in a thread of this process; every cycle is `tallybook cycle` as cron starts it, with
the real client library over a socket. The homes share their settings through a base. An account alone is the measure.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.sections import write_section
from ledger.log import read_events
from trader import exits
from trader.calendar import NEW_YORK
from trader.commands.app import run
from trader.demo.tally import differences
from trader.fleet.accounts import Member
from trader.fleet.asking import Said, ask_all
from trader.schedule import TIMEOUT_SECONDS
from trader.simulator.simulator import Simulator

ACCOUNTS, SLOTS = 25, 2
DAY = date(2005, 3, 1)
REPORT = Path("docs") / "benchmarks.md"
BASE = """\
dry_run = false
approval = "none"
[universe]
symbols = ["AAPL", "IBM", "MSFT"]
[strategy]
kind = "fixed"
weights = { AAPL = "0.3", IBM = "0.3", MSFT = "0.3" }
[limits]
order_notional_max = 300000
"""
OWN = """\
base = "../base.toml"
[account]
id = "{account}"
[broker]
port = {port}
[simulator]
control = "127.0.0.1:{control}"
"""


@dataclass(frozen=True)
class Account:
    """A home and the gateway that it talks to."""

    member: Member
    venue: Simulator


@contextlib.contextmanager
def accounts(folder: Path, count: int) -> Iterator[tuple[Account, ...]]:
    """Start so many gateways, and adopt what each holds."""
    (folder / "base.toml").write_text(BASE, encoding="utf-8")
    with ExitStack() as stack:
        yield tuple(stack.enter_context(_account(folder, number)) for number in range(1, count + 1))


@contextlib.contextmanager
def _account(folder: Path, number: int) -> Iterator[Account]:
    name = f"DU3{number:06}"
    start = datetime.combine(DAY, time(9, 0), NEW_YORK)
    with Simulator(start=start, account=name, cash=Decimal(50_000 + 1_000 * number), seed=number) as venue:
        home = folder / name
        home.mkdir()
        text = OWN.format(account=name, port=venue.port, control=venue.control_port)
        (home / "tallybook.toml").write_text(text, encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()):
            status = run(["--home", str(home), "adopt", "--yes"])
        if status != exits.FINE:
            raise RuntimeError(f"{name}: expected to be adopted, found exit {status}")
        yield Account(Member(name, home), venue)


def slot(many: Sequence[Account], clock: str, processes: int) -> tuple[Said, ...]:
    """Let every account cycle at a clock of the day's."""
    moment = datetime.combine(DAY, time.fromisoformat(clock), NEW_YORK)
    for one in many:
        one.venue.control.advance(moment)
    return ask_all(run, [one.member for one in many], ("cycle",), processes, TIMEOUT_SECONDS)


def apart(one: Account) -> tuple[str, ...]:
    """Every figure of which an account's book and its venue disagree, to the last digit."""
    from ledger.book import replay

    return tuple(differences(replay(read_events(one.member.home)), one.venue.control.dump()))


def main() -> int:
    """Run an account alone, then all of them together; write down what it took."""
    processes = os.cpu_count() or 1
    with TemporaryDirectory() as folder, accounts(Path(folder), 1) as (alone,):
        single = [slot((alone,), clock, 1)[0].seconds for clock in ("09:35", "10:35")]
    with TemporaryDirectory() as folder, accounts(Path(folder), ACCOUNTS) as many:
        ran = [slot(many, clock, processes) for clock in ("09:35", "10:35")]
        wrong = [f"{one.member.name}: {text}" for one in many for text in apart(one)]
    said = [one for each in ran for one in each]
    failed = [f"{one.member.name}: exit {one.status}: {one.last_error}" for one in said if one.status != exits.FINE]
    slowest = max(one.seconds for one in said)
    lines = [
        __doc__.strip(), "",
        f"{ACCOUNTS} accounts, {SLOTS} slots, {processes} at a time on {os.cpu_count()} cores: {len(failed)} failed, "
        f"{len(wrong)} figures apart from the venues'.",
        f"An account alone: {median(single):.1f} s a cycle. Among all: median "
        f"{median(one.seconds for one in said):.1f} s, slowest {slowest:.1f} s; each may take {TIMEOUT_SECONDS} s.",
        *failed, *wrong,
    ]  # fmt: skip
    write_section(REPORT, "25 accounts in one slot", lines)
    sys.stdout.write("\n".join(lines) + "\n")
    return exits.BAD_NEWS if failed or wrong or slowest > TIMEOUT_SECONDS else exits.FINE


if __name__ == "__main__":
    sys.exit(main())
