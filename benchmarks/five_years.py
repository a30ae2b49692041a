"""A home of some years, decided by the real cycle: fifty contracts, two strategies, a broker in this process.

`run_cycle` runs as it is, with the desk of real settings; what it talks to is a broker without a wire, whose account,
prices and fills are made up by a seed (`made_up.py`). So every decision comes out again, and every view and report has
something to say: fills and commissions, trades by hand that are accepted, limits that shape plans. Making it takes some
hundred milliseconds a cycle; a home that is there already is used again.
"""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic

from benchmarks.made_up import HISTORY_BARS, Clock, Market, Memory, Venue
from ledger import checkpoints
from ledger.events import AccountAdopted, LogStarted, OpeningBalanceRecorded
from ledger.ledger import Ledger
from queries.commit import commit
from reconcile.acceptance import acceptance
from trader.assembly import desk_of
from trader.calendar import Calendar, Slot
from trader.cycle import run_cycle
from trader.place import stamp
from trader.settings import Settings, settings_of

LAST = date(2024, 12, 30)
EDITION = 1  # raise it with any change of what is written
WHOLE = "five-years"  # the name of the file that says that a home is complete


@dataclass(frozen=True)
class Course:
    """What an account goes through."""

    account: str
    contracts: int
    cash: Decimal  # to begin with, in dollars
    seed: int
    sessions: int
    settings: Settings
    by_hand_every: int  # sessions
    trade_slots: int | None = None  # a session; None: all


def settings(account: str, contracts: int) -> Settings:
    """Two strategies, one that holds every stock alike and one that follows trends."""
    symbols = tuple(f"S{number:02}" for number in range(1, contracts + 1))
    even = dict.fromkeys(symbols, str(1 / Decimal(contracts)))
    return settings_of(
        {
            "account": {"id": account}, "dry_run": False, "approval": "none", "universe": {"symbols": symbols},
            "strategy": (
                {"kind": "trend", "name": "trend", "capital": "0.6", "speeds": (2, 4, 8), "volatility_target": "0.2"},
                {"kind": "fixed", "name": "even", "capital": "0.4", "weights": even},
            ),
            "sources": {"broker": False, "folder": "bars", "history_days": HISTORY_BARS},
            "simulator": {"control": "127.0.0.1:1"},
            "limits": {"orders_per_cycle_max": 60, "orders_per_day_max": 400, "turnover_per_day_max": "3",
                       "order_notional_max": 2_000_000, "no_trade_band": "0.001"},
        },
        Path("five years"),
    )  # fmt: skip


def five_years(home: Path, sessions: int = 1260) -> Path:
    """Make a home of so many sessions that ends on LAST; one that is there already is used again."""
    account = "DU1000001"
    said = f"{sessions} sessions, edition {EDITION}"
    if (home / WHOLE).is_file() and (home / WHOLE).read_text(encoding="utf-8") == said:
        return home
    shutil.rmtree(home, ignore_errors=True)
    course = Course(account, 50, Decimal(10_000_000), 7, sessions, settings(account, 50), 37)
    decide(home, course, _counting(sessions))
    checkpoints.rebuild(home)
    commit(home)
    (home / WHOLE).write_text(said, encoding="utf-8")
    return home


def _counting(sessions: int) -> Callable[[int, int], None]:
    began = monotonic()

    def tell(number: int, seq: int) -> None:
        sys.stderr.write(f"\r{number} of {sessions} sessions, seq {seq:,}, {monotonic() - began:.0f} s")

    return tell


def decide(home: Path, course: Course, tell: Callable[[int, int], None] = lambda _, __: None) -> None:
    """Make a home that goes through a course, up to LAST; `tell` is told the number of each session, and the seq."""
    home.mkdir(parents=True)
    calendar = Calendar.load()
    every = calendar.sessions(LAST - timedelta(days=round(course.sessions * 1.5) + 90), LAST)
    days, before = every[-course.sessions :], every[-course.sessions - HISTORY_BARS - 2 : -course.sessions]
    market = Market(random.Random(course.seed), course.contracts)
    for session in before:
        market.grow(session.day)
    clock = Clock(days[0].open - timedelta(hours=1))
    venue = Venue(clock, market, days[0], course.account, course.cash)
    _begin(home, clock, course)
    for number, session in enumerate(days, start=1):
        market.grow(session.day)
        venue.session, venue.executed, venue.charged = session, [], {}
        with Ledger.open(home, clock) as ledger:  # anew each day: a book that forgets, as in the field
            for slot in (*calendar.slots(session)[: course.trade_slots], calendar.closing_slot(session)):
                clock.moment = max(slot.at + timedelta(seconds=20), clock.moment)
                if number % course.by_hand_every == 0 and slot.name.endswith("1135"):
                    venue.trade_by_hand(1 + number % course.contracts)
                _cycle(ledger, home, course.settings, clock, venue, slot)
            tell(number, ledger.book.seq)


def _begin(home: Path, clock: Clock, course: Course) -> None:
    genesis = LogStarted(account=course.account, mode="paper", clock="simulated", base_currency="USD")
    with Ledger.create(home, clock, genesis) as ledger:
        stamp(home)
        adopted = AccountAdopted(account=course.account, execution_ids=(), open_order_perm_ids=())
        ledger.record((adopted, OpeningBalanceRecorded(currency="USD", amount=course.cash)))


def _cycle(ledger: Ledger, home: Path, chosen: Settings, clock: Clock, venue: Venue, slot: Slot) -> None:
    desk = desk_of(chosen, home, clock, venue, slot, slot.name, dry_run=False)
    run_cycle(ledger, venue, replace(desk, sources=(Memory(venue.market),)))
    for known in ledger.book.open_breaks:
        ledger.record(acceptance(ledger.book, known.found.break_id, "my own trade"))


if __name__ == "__main__":
    five_years(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1260)
