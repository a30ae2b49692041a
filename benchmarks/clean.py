"""A thousand clean sessions: only our own trading happens, through the real client; nothing may trip.

`make soak` or `python -m benchmarks.clean [--sessions N] [--seed S]`. Each world is three weeks of an account with
weights of its own, which change every time; commissions come late at times, and one stock is thin. Of each session the
first two slots and the closing are run, for a cycle after a missed slot is not a clean one. Every break, and every
safeguard that does not pass, is a false one; the count is written into docs/soak.md, whatever it is, and makes the run
fail.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from benchmarks import our_tests  # noqa: F401 - before anything of tests
from benchmarks.sections import write_section
from ledger.events import BreakFound, OrderFilled, SafeguardsEvaluated
from tests.trader.cycles.world import AROUND, TUESDAY, World, fixed, world
from trader import exits
from trader.calendar import Calendar

SESSIONS, SEED, WORKERS = 1000, 1, 2
TICKERS = ("ACME", "CLIMB", "THIN", "WAVE")
REPORT = Path(__file__).parents[1] / "docs" / "soak.md"


class Ran(NamedTuple):
    """What became of one account's weeks."""

    sessions: int
    cycles: int
    fills: int
    verdicts: int
    false: tuple[str, ...]  # breaks, and safeguards that did not pass


def _clean(seed: int) -> Ran:
    """Run one world of three weeks."""
    chance, days = random.Random(seed), Calendar.load().sessions(TUESDAY, TUESDAY + AROUND)
    wanted: Any = {"universe": {"symbols": list(TICKERS)}, "strategy": fixed(**dict.fromkeys(TICKERS, "0"))}
    cycles, false = 0, list[str]()
    with tempfile.TemporaryDirectory() as folder, world(Path(folder), **wanted) as made:
        for session in days:
            for slot in (0, 1, -1):
                _prepare(made, chance)
                made.advance_to(session.day, slot)
                if (status := made.trade()) != exits.FINE:
                    false.append(f"seed {seed}, {session.day}, slot {slot}: a cycle ended with {status}")
                cycles += 1
        verdicts = [row for told in made.facts(SafeguardsEvaluated) for row in told.verdicts]
        false += [f"seed {seed}: {row.safeguard}: {row.observed}" for row in verdicts if row.outcome != "pass"]
        false += [f"seed {seed}: break {found.text}" for found in made.facts(BreakFound)]
        return Ran(len(days), cycles, len(made.facts(OrderFilled)), len(verdicts), tuple(false))


def _prepare(made: World, chance: random.Random) -> None:
    made.control.commission_delay(0 if chance.random() < 0.7 else 1800)
    made.want(**{ticker: f"0.{chance.randint(2, 24):02}" for ticker in TICKERS if ticker != "THIN"}, THIN="0.02")


def main(arguments: list[str]) -> int:
    """Run worlds until there are sessions enough, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clean")
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args(arguments)
    began, ran = monotonic(), list[Ran]()
    weeks = len(Calendar.load().sessions(TUESDAY, TUESDAY + AROUND))
    seeds = [asked.seed * 1000 + number for number in range(-(-asked.sessions // weeks))]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        for one in pool.map(_clean, seeds):
            ran.append(one)
            done, wrong = sum(each.sessions for each in ran), sum(len(each.false) for each in ran)
            sys.stdout.write(f"\r {done} sessions  {wrong} false  {monotonic() - began:.0f} s ")
            sys.stdout.flush()
    false = [text for one in ran for text in one.false]
    totals = (sum(column) for column in zip(*(one[:4] for one in ran), strict=True))
    lines = [
        f"Written by `python -m benchmarks.clean --sessions {asked.sessions} --seed {asked.seed}`: cycles through the",
        "real client in which nothing but our own trading happens, the first two slots and the closing of each",
        "session; every break in them, and every safeguard that does not pass, is a false one.",
        "",
        "| sessions | cycles | fills | verdicts of safeguards | accounts | false | s |",
        "|---|---|---|---|---|---|---|",
        f"| {' | '.join(f'{total:,}' for total in totals)} | {len(ran)} | {len(false)} | {monotonic() - began:.0f} |",
        *(f"- {text}" for text in false),
    ]
    write_section(REPORT, "Clean sessions", lines)
    sys.stdout.write("\n" + "\n".join(lines[6:30]) + "\n")
    return int(bool(false))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
