"""The course of the demo: adopt, then seven cycles and a closing a session, each a process as cron would start it.

On the fourth session somebody buys IBM by hand; from the seventh on the first cycle that sends an order is killed
(kill -9) right after the order left. Both must come out right, and at the end every figure is compared.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep
from typing import TextIO

from ledger.book import Book, replay
from ledger.checkpoints import book_of
from ledger.log import read_events
from ledger.log.lock import read_holder
from queries.figures import percent
from trader.calendar import NEW_YORK, Calendar, Session, Slot
from trader.demo.setting import (
    BENCHMARK,
    FIRST_DAY,
    REPORT,
    STATEMENT_TOKEN,
    DemoError,
    check_extras,
    control_of,
    fresh_home,
    mailbox,
    venue,
    write_bars,
    write_settings,
)
from trader.demo.table import HEADING, Row, counted, equity, holdings, money, show, show_progress
from trader.demo.tally import differences, lost_and_doubled
from trader.simulator.control import Control
from trader.sources.flex import TOKEN_VARIABLE

HAND_TRADE_SESSION, HAND_TRADE_SLOT = 4, 2  # before the third cycle of the fourth session
HAND_TRADE = ("IBM", Decimal(50))
ACCEPT_SLOT = 4  # two cycles later the owner accepts it
KILL_SESSION = 7
SPLIT_DAY = date(2005, 2, 28)  # AAPL, two for one; accepted before the day's second cycle
AFTER_CLOSE = timedelta(minutes=31)
CRON_STEP = timedelta(minutes=5)
CYCLE_SECONDS_MAX = 120.0
LOOK_SECONDS = 0.02


@dataclass
class Stage:
    """The demo while it runs."""

    home: Path
    control: Control
    out: TextIO
    calendar: Calendar = field(default_factory=Calendar.load)
    book: Book = field(default_factory=Book)
    navs: list[Decimal] = field(default_factory=list)
    cycles: int = 0
    closings: int = 0
    apart: list[str] = field(default_factory=list)
    killed: bool = False
    at_venue: dict[int, str] = field(default_factory=dict)  # every permanent id that the venue gave -> order_ref


def run(home: Path, sessions: int = 10, seed: int = 1, out: TextIO = sys.stdout) -> int:
    """Play the demo into a fresh home; returns 0 if both halves agreed to the last digit throughout, else 1."""
    check_extras()
    if sessions < 1:
        raise DemoError(f"--sessions: expected at least 1, found {sessions}")
    if fresh_home(home):
        print(f"the earlier demo in {shown(home)} is replaced", file=out)
    calendar = Calendar.load()
    days = calendar.sessions(FIRST_DAY, FIRST_DAY + timedelta(days=2 * sessions + 14))[:sessions]
    print(
        f"SIMULATED broker, real daily prices · seed {seed} · home {shown(home)} · dividends are paid on their ex-date",
        file=out,
    )
    with venue(home, seed) as ports, mailbox(home) as mail_port, control_of(ports) as control:
        write_settings(home, ports, mail_port)
        write_bars(home, days[-1].day)
        stage = Stage(home, control, out, calendar)
        control.advance(days[0].open - timedelta(minutes=30))
        _tallybook(stage, "adopt", "--yes")
        print(HEADING, file=out)
        began = monotonic()
        for number, session in enumerate(days, start=1):
            _session(stage, number, session)
        seconds = monotonic() - began
        return _finale(stage, seconds)


def _session(stage: Stage, number: int, session: Session) -> None:
    row = Row(session.day)
    before = stage.navs[-1] if stage.navs else None
    for index, slot in enumerate(stage.calendar.slots(session)):
        _interlude(stage, row, number, index, slot)
        stage.control.advance(slot.at)
        if number >= KILL_SESSION and not stage.killed:
            _cycle_to_be_killed(stage, row)
        else:
            _cycle(stage, row)
        show_progress(row, stage.out)
    stage.control.advance(session.close + AFTER_CLOSE)
    _tallybook(stage, "cycle")
    stage.closings += 1
    _look(stage)
    taken = stage.book.snapshots[session.day]
    stage.navs.append(taken.nav)
    row.nav, row.leverage = taken.nav, taken.leverage_gross
    row.change = round(taken.nav, 2) - round(before if before is not None else taken.flows, 2)  # as it is shown
    orders = [order for order in stage.book.orders.values() if order.session_day == session.day]
    row.sent, row.filled = len(orders), sum(order.status == "filled" for order in orders)
    row.remarks += _by_rule(stage.book, session.day)
    row.agrees = row.agrees and not stage.book.open_breaks and not stage.apart
    show(row, stage.out)


def _by_rule(book: Book, day: date) -> Iterator[str]:
    """Tell the cash that a rule explained during the session."""
    for known in book.breaks.values():
        found, explanation = known.found, known.explanation
        if known.session_day == day and known.status == "closed" and explanation is not None and found.kind == "cash":
            yield f"cash {money(found.difference or Decimal(0), sign=True)}: {explanation.text}, by rule"


def _interlude(stage: Stage, row: Row, number: int, index: int, slot: Slot) -> None:
    """Trade by hand before one cycle, and accept it before another."""
    if number == HAND_TRADE_SESSION and index == HAND_TRADE_SLOT:
        symbol, quantity = HAND_TRADE
        stage.control.advance(slot.at - timedelta(minutes=23))
        stage.control.trade(symbol, quantity)
        row.remarks.append(f"{quantity} {symbol} bought by hand: {symbol} locked")
    if number == HAND_TRADE_SESSION and index == ACCEPT_SLOT:
        _accept(stage, row, slot, "my own trade, forgot")
    if slot.day == SPLIT_DAY and index == 1:
        row.remarks += [known.explanation.text for known in stage.book.open_breaks if known.explanation is not None]
        _accept(stage, row, slot, "announced by the company")


def _accept(stage: Stage, row: Row, slot: Slot, why: str) -> None:
    for known in stage.book.open_breaks:
        stage.control.advance(slot.at - timedelta(minutes=25))
        _tallybook(stage, "accept", known.found.break_id, "--why", why)
        row.remarks.append("→ accepted → ✓")


def _cycle(stage: Stage, row: Row, glyph: str = "●") -> None:
    _tallybook(stage, "cycle")
    stage.cycles += 1
    _look(stage)
    row.marks += "◐" if stage.book.open_breaks else glyph
    if stage.book.cycle is None or stage.book.cycle.ended != "finished":
        raise DemoError(f"the cycle of {stage.control.now():%d %b %H:%M} did not finish; see {stage.home}/var/events")


def _cycle_to_be_killed(stage: Stage, row: Row) -> None:
    """Kill the child right after an order left, then start again as cron would; one that sends nothing just ends."""
    stage.control.hold_after("placeOrder")
    process = subprocess.Popen(
        _command(stage, "cycle"), env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    limit = monotonic() + CYCLE_SECONDS_MAX
    while not (held := _is_held(stage)) and process.poll() is None and monotonic() < limit:
        sleep(LOOK_SECONDS)
    if not held:
        process.wait(CYCLE_SECONDS_MAX)
        stage.control.clear()
        stage.cycles += 1
        _look(stage)
        row.marks += "◐" if stage.book.open_breaks else "●"
        return
    holder = read_holder(stage.home / "var")
    if holder is None:
        raise DemoError(f"{stage.home}/var/lock: expected the process of the cycle, found none")
    os.kill(holder.pid, signal.SIGKILL)
    process.wait(CYCLE_SECONDS_MAX)  # the parent records the end and mails it
    stage.killed = True
    stage.control.clear()
    stage.control.advance(seconds=CRON_STEP.total_seconds())
    _cycle(stage, row, glyph="↻")
    row.remarks.append("kill -9 after sending: order found at broker, not re-sent")


def _is_held(stage: Stage) -> bool:
    return any(client["held"] for client in stage.control.clients())


def _environment() -> dict[str, str]:
    """Return the environment that cron would give: one that lets Python keep what it compiled."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {TOKEN_VARIABLE: STATEMENT_TOKEN}


def _command(stage: Stage, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "trader.commands", "--home", str(stage.home), *arguments]


def _tallybook(stage: Stage, *arguments: str) -> None:
    """Run the command as a process of its own; what it complains about is shown."""
    done = subprocess.run(
        _command(stage, *arguments),
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=CYCLE_SECONDS_MAX,
        check=False,
    )
    if done.returncode not in (0, 1):
        said = (done.stderr or done.stdout).strip()
        raise DemoError(f"tallybook {' '.join(arguments)}: exit {done.returncode}: {said}")


def _look(stage: Stage) -> None:
    """Fold the log, and hold it against the venue's own books, unless a break says already that a position differs."""
    stage.book = book_of(stage.home)
    account = stage.control.dump()
    stage.at_venue |= {order["perm_id"]: order["order_ref"] for order in account["orders"]}
    if any(known.found.kind == "position" for known in stage.book.open_breaks):
        return
    for difference in differences(stage.book, account):
        stage.apart.append(f"{stage.control.now():%d %b %H:%M} {difference}")


def _finale(stage: Stage, seconds: float) -> int:
    """Print the sums, the checks and what to try next."""
    from queries.charts import nav_chart
    from trader.audit import audit_day

    home, book = stage.home, replay(lambda: read_events(stage.home), retain=True)
    checks = [audit_day(home, day, str(NEW_YORK)) for day in sorted(book.snapshots)]
    checked, equal = sum(check.checked for check in checks), sum(check.equal for check in checks)
    lost, doubled = lost_and_doubled(book, stage.at_venue)
    nav_chart(home, home / "nav.png")
    write_report(home, sorted(book.snapshots))
    lines = (
        f" {counted(stage.cycles, 'cycle')}, {counted(stage.closings, 'closing')} in {seconds:.0f} s · "
        f"{checked:,} decided again, {equal} equal · {counted(lost, 'order')} lost, {doubled} doubled · "
        f"max drawdown {percent(_deepest(home), 2)}",
        equity(book),
        holdings(book),
        _to_open(home, book),
        *_to_try(home, sorted(book.snapshots)),
    )
    print("\n".join(lines), file=stage.out)
    for difference in stage.apart:
        print(f" APART  {difference}", file=stage.out)
    return 1 if stage.apart or lost or doubled or checked != equal else 0


def _deepest(home: Path) -> Decimal | None:
    """Return the deepest fall of all days together."""
    from queries.bridge import days_of
    from queries.performance import periods

    (*_, together) = periods(tuple(days_of(home, zone=str(NEW_YORK))))
    return None if together.drawdown is None else together.drawdown.depth


def write_report(home: Path, days: list[date]) -> None:
    """Write all sessions as one page, beside the benchmark of the settings."""
    from queries.pages.account import account_page
    from queries.sections import rendered

    page = account_page(home, days[0], days[-1], zone=str(NEW_YORK), ticker=BENCHMARK)
    (home / REPORT).write_text(rendered(page, "html"), encoding="utf-8")


def shown(path: Path) -> str:
    """Spell a path as it can be typed from where the demo was started."""
    return shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))


def _to_open(home: Path, book: Book) -> str:
    days = len(list((home / "var" / "events").glob("*.jsonl")))
    mails = counted(len(list((home / "mail").glob("*.eml"))), "mail")
    events = f"{counted(book.seq + 1, 'event')}, {counted(days - 1, 'sealed day')}, 1 open"
    return (
        f" open   {shown(home / REPORT)}   {shown(home / 'nav.png')}   {shown(home / 'mail')}/ ({mails})   "
        f"{shown(home / 'var' / 'events')}/ ({events})"
    )


def _to_try(home: Path, days: list[date]) -> tuple[str, ...]:
    beside = Path(sys.executable).with_name("tallybook")
    command = shown(beside) if beside.exists() else f"{shown(Path(sys.executable))} -m trader.commands"
    told = days[min(HAND_TRADE_SESSION, len(days)) - 1]
    start = f"{command} --home {shown(home)}"
    return (
        f" try    {start} status",
        f"        {start} audit {told}",
        f"        {start} doctor --fire-drill",
    )
