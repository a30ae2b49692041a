"""A thousand clean cycles: only our own trading happens, through the real client, and no break may be found.

`make soak` or `python -m benchmarks.clean [--cycles N] [--seed S]`. Each world is three weeks of an account with
weights of its own; commissions come late at times, and one stock is thin. The count is written into docs/soak.md,
whatever it is; a break makes the run fail.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path
from time import monotonic
from types import ModuleType
from typing import Any

from benchmarks.sections import write_section

ROOT = Path(__file__).parents[1]
_TESTS = ModuleType("tests")  # packages of that name may be installed: ours is meant
_TESTS.__path__ = [str(ROOT / "tests")]
sys.modules["tests"] = _TESTS

from ledger.events import BreakFound, OrderFilled  # noqa: E402
from tests.trader.cycles.world import AROUND, TUESDAY, World, fixed, world  # noqa: E402
from trader import exits  # noqa: E402
from trader.calendar import Calendar  # noqa: E402

CYCLES, SEED = 1000, 1
TICKERS = ("ACME", "CLIMB", "THIN", "WAVE")
REPORT = ROOT / "docs" / "soak.md"


def _clean(seed: int, limit: int) -> tuple[int, int, int]:
    """Run one world; returns its cycles, its fills and the breaks that it found."""
    chance = random.Random(seed)
    wanted: Any = {"universe": {"symbols": list(TICKERS)}, "strategy": fixed(**dict.fromkeys(TICKERS, "0"))}
    with tempfile.TemporaryDirectory() as folder, world(Path(folder), **wanted) as made:
        cycles = 0
        for session in Calendar.load().sessions(TUESDAY, TUESDAY + AROUND):
            for slot in range(len(made.slots(session.day))):
                if cycles == limit:
                    break
                _prepare(made, chance)
                made.advance_to(session.day, slot)
                if (status := made.trade()) != exits.FINE:
                    raise SystemExit(f"\nseed {seed}, {session.day}, slot {slot}: a cycle ended with {status}")
                cycles += 1
        return cycles, len(made.facts(OrderFilled)), len(made.facts(BreakFound))


def _prepare(made: World, chance: random.Random) -> None:
    made.control.commission_delay(0 if chance.random() < 0.7 else 1800)
    made.want(**{ticker: f"0.{chance.randint(2, 24):02}" for ticker in TICKERS if ticker != "THIN"}, THIN="0.02")


def main(arguments: list[str]) -> int:
    """Run worlds until there are cycles enough, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clean")
    parser.add_argument("--cycles", type=int, default=CYCLES)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args(arguments)
    began, worlds, cycles, fills, breaks = monotonic(), 0, 0, 0, 0
    while cycles < asked.cycles:
        more = _clean(asked.seed * 1000 + worlds, asked.cycles - cycles)
        worlds, cycles, fills, breaks = worlds + 1, cycles + more[0], fills + more[1], breaks + more[2]
        sys.stdout.write(f"\r {cycles} cycles  {breaks} breaks  {monotonic() - began:.0f} s ")
        sys.stdout.flush()
    lines = [
        f"Written by `python -m benchmarks.clean --cycles {asked.cycles} --seed {asked.seed}`: whole cycles through",
        "the real client in which nothing but our own trading happens; every break in them is a false one.",
        "",
        "| cycles | accounts | fills | false breaks | s |",
        "|---|---|---|---|---|",
        f"| {cycles:,} | {worlds} | {fills:,} | {breaks} | {monotonic() - began:.0f} |",
    ]
    write_section(REPORT, "Clean cycles", lines)
    sys.stdout.write(f"\n{lines[-1]}\n")
    return int(breaks > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
