"""The long run: 250 sessions with three seeds, every cycle compared with the venue's own books to the last digit.

Each session's statement, which the next one's first cycle fetched, is held against the book as it was at its end.

`make soak` or `python -m benchmarks.soak [--sessions N] [--seeds 1,2,3]`. One process runs many cycles on one open
ledger; the venue is a process of its own. Somebody trades by hand now and then, volume is thin at times, commissions
come late at times. The result is written into docs/soak.md.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic

from benchmarks.sections import write_section
from ledger.book import book_hash, replay
from ledger.clock import Clock
from ledger.ledger import Ledger
from ledger.log import read_events
from reconcile import acceptance
from reconcile.comparing.statement import compared, own_side
from trader.assembly import broker_of, desk_of
from trader.calendar import Calendar, Session, Slot
from trader.clocks import clock_of
from trader.cycle import run_cycle
from trader.demo.setting import FIRST_DAY, STATEMENT_TOKEN, TICKERS, control_of, venue, write_bars, write_settings
from trader.demo.tally import differences, lost_and_doubled
from trader.importing import read_file
from trader.settings import FILE_NAME, Settings, load
from trader.simulator.bars import packaged_bars
from trader.simulator.control import Control
from trader.sources.flex import TOKEN_VARIABLE, fetch, token_of

SESSIONS, SEEDS = 250, (1, 2, 3)
AFTER_CLOSE = timedelta(minutes=31)
SPLIT_ACCEPTED_BY = timedelta(days=7)
HEADING = (
    "seed", "sessions", "cycles", "compared", "orders", "fills", "by hand", "lost", "doubled", "statements", "rows",
    "events", "replay", "s",
)  # fmt: skip
REPORT = Path(__file__).parents[1] / "docs" / "soak.md"


def _ex_dates() -> dict[str, tuple[date, ...]]:
    series = packaged_bars().series
    return {ticker: tuple(split.ex_date for split in series[ticker].splits) for ticker in TICKERS}


@dataclass
class Soak:
    """One seed's run."""

    seed: int
    home: Path
    settings: Settings
    control: Control
    clock: Clock
    ledger: Ledger
    chance: random.Random
    calendar: Calendar = field(default_factory=Calendar.load)
    at_venue: dict[int, str] = field(default_factory=dict)
    ex_dates: dict[str, tuple[date, ...]] = field(default_factory=_ex_dates)  # of splits, by ticker
    cycles: int = 0
    compared: int = 0
    hand_trades: int = 0
    statements: int = 0
    rows: int = 0  # of statements, compared


def soak(seed: int, sessions: int) -> str:
    """Run one seed and return its line of the report; raises SystemExit at the first difference."""
    began = monotonic()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        days = Calendar.load().sessions(FIRST_DAY, FIRST_DAY + timedelta(days=2 * sessions + 14))[:sessions]
        with venue(home, seed) as ports, control_of(ports) as control:
            write_settings(home, ports, mail_port=1)
            toml = home / FILE_NAME
            toml.write_text(toml.read_text().replace("[mail]", "[mail]\ncharts = false"))  # nobody looks at them
            write_bars(home, days[-1].day)
            control.advance(days[0].open - timedelta(minutes=30))
            settings = load(home)
            clock = clock_of(home, settings.simulator.address)
            adopt = [sys.executable, "-m", "trader.commands", "--home", folder, "adopt", "--yes"]
            subprocess.run(adopt, check=True, stdout=subprocess.DEVNULL)
            with Ledger.open(home, clock) as ledger:
                run = Soak(seed, home, settings, control, clock, ledger, random.Random(seed))
                for number, session in enumerate(days, start=1):
                    _session(run, session)
                    sys.stdout.write(f"\r seed {seed}  {number}/{len(days)} sessions  {monotonic() - began:.0f} s ")
                    sys.stdout.flush()
            return _line(run, len(days), monotonic() - began)


def _session(run: Soak, session: Session) -> None:
    for slot in (*run.calendar.slots(session), run.calendar.closing_slot(session)):
        _disturb(run, slot)
        run.control.advance(session.close + AFTER_CLOSE if slot.kind == "close" else slot.at)
        broker = broker_of(run.settings, run.clock, dry_run=False)
        desk = desk_of(run.settings, run.home, run.clock, broker, slot, slot.name, dry_run=False)
        run_cycle(run.ledger, broker, desk)
        run.cycles += 1
        _compare(run, slot)
        for known in run.ledger.book.open_breaks:
            if run.chance.random() < 0.5:
                run.ledger.record(acceptance(run.ledger.book, known.found.break_id, "the soak's owner agrees"))
    _compare_statement(run)


def _compare_statement(run: Soak) -> None:
    """Hold the book, as it is now known to have been, against the last statement that was taken in, row by row."""
    if run.ledger.book.statement_until is None:
        return
    content = fetch(run.settings.flex, token_of(run.settings.flex, run.home), run.clock)
    told = read_file(content, "the statement").statement
    rows = compared(own_side(tuple(read_events(run.home)), told), told)
    apart = [row for row in rows if row.difference]
    if apart:
        raise SystemExit(f"\nseed {run.seed}, statement of {told.last_day}: {apart}")
    run.statements += 1
    run.rows += sum(row.difference is not None for row in rows)


def _disturb(run: Soak, slot: Slot) -> None:
    """Do what happens in a year: trades by hand, thin volume, late commissions."""
    if slot.kind == "close":
        return
    run.control.volume_share(Decimal("0.10") if run.chance.random() < 0.8 else Decimal("0.0000002"))
    run.control.commission_delay(0 if run.chance.random() < 0.9 else 600)
    if run.chance.random() < 0.01:
        run.control.advance(slot.at - timedelta(minutes=1))
        quantity = Decimal(run.chance.randint(-40, 60)) or Decimal(1)
        run.control.trade(run.chance.choice(TICKERS), quantity)
        run.hand_trades += 1


def _compare(run: Soak, slot: Slot) -> None:
    book, account = run.ledger.book, run.control.dump()
    run.at_venue |= {order["perm_id"]: order["order_ref"] for order in account["orders"]}
    if _awaits_split(run, slot):
        return
    run.compared += not (account["pending_commissions"] or book.pending_commissions)
    if apart := differences(book, account):
        raise SystemExit(f"\nseed {run.seed}, {slot.name}: {'; '.join(apart)}")


def _awaits_split(run: Soak, slot: Slot) -> bool:
    """Whether a split stands as a break that nobody accepted yet; any other break of a position ends the run."""
    book = run.ledger.book
    waiting = [known.found for known in book.open_breaks if known.found.kind == "position"]
    for found in waiting:
        contract = book.contracts.get(found.con_id or 0)
        ex_dates = run.ex_dates.get(contract.symbol, ()) if contract else ()
        if not any(timedelta(0) <= slot.at.date() - ex_date <= SPLIT_ACCEPTED_BY for ex_date in ex_dates):
            raise SystemExit(f"\nseed {run.seed}, {slot.name}: a break of a position that did not split: {found}")
    return bool(waiting)


def _line(run: Soak, sessions: int, seconds: float) -> str:
    book = replay(lambda: read_events(run.home), retain=True)  # the open one forgets what is settled
    same = "equal" if book_hash(book) == book_hash(run.ledger.book) else "DIFFERENT"
    lost, doubled = lost_and_doubled(book, run.at_venue)
    return (
        f"| {run.seed} | {sessions} | {run.cycles} | {run.compared} | {len(book.orders)} | {len(book.fills)} | "
        f"{run.hand_trades} | {lost} | {doubled} | {run.statements} | {run.rows} | {book.seq + 1} | {same} | "
        f"{seconds:.0f} |"
    )


def main(arguments: list[str]) -> int:
    """Run every seed and write the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)))
    asked = parser.parse_args(arguments)
    os.environ[TOKEN_VARIABLE] = STATEMENT_TOKEN
    lines = [
        "Written by `python -m benchmarks.soak`: every cycle's quantities, cash, basis, realised P&L and NAV equal the",
        "venue's own books to the last digit, once no commission is pending, and so does each session's statement, row",
        "by row (positions, basis, cash, realised P&L, commissions, dividends, taxes, NAV, the lines of its change);",
        "a run ends at the first difference.",
        "",
        f"| {' | '.join(HEADING)} |",
        f"|{'---|' * len(HEADING)}",
    ]
    for seed in asked.seeds.split(","):
        lines.append(soak(int(seed), asked.sessions))
        sys.stdout.write(f"\n{lines[-1]}\n")
    write_section(REPORT, "Sessions", lines)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
