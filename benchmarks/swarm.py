"""The swarm: simulated disks whose power fails at any change, tens of thousands of cycles long.

`make soak` or `python -m benchmarks.swarm [--cycles N] [--first-seed N]`. The rig is the one of the tests
(`tests/ledger/rigs/swarm.py`), on every core. One seed is one life of a home; a seed that fails is printed, and belongs
into `ONCE_BROKEN` of `tests/ledger/rigs/test_swarm.py`. The result is written into docs/soak.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from multiprocessing import Pool
from pathlib import Path
from time import monotonic
from types import ModuleType
from typing import TYPE_CHECKING

from benchmarks.sections import write_section

if TYPE_CHECKING:
    from tests.ledger.rigs.swarm import Tally

ROOT = Path(__file__).parents[1]
CYCLES, LIVES_AT_ONCE = 21_600, 50
DECISIONS = ("open", "adopt", "cut", "cut and adopt")


def main(arguments: list[str]) -> int:
    """Run the lives and write the report; the first that is broken ends the run with its seed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.swarm")
    parser.add_argument("--cycles", type=int, default=CYCLES)
    parser.add_argument("--first-seed", type=int, default=10_000)
    asked = parser.parse_args(arguments)
    _import_our_tests()
    from tests.ledger.rigs.swarm import CYCLES_A_LIFE, Tally

    began, tally = monotonic(), Tally()
    lives = -(-asked.cycles // CYCLES_A_LIFE)
    last = asked.first_seed + lives
    parts = [range(seed, min(seed + LIVES_AT_ONCE, last)) for seed in range(asked.first_seed, last, LIVES_AT_ONCE)]
    with Pool(os.cpu_count()) as pool:
        for part in pool.imap_unordered(_live, parts):
            tally.add(part)
            sys.stdout.write(f"\r {tally.cycles} cycles, {tally.crashes} crashes, {monotonic() - began:.0f} s ")
            sys.stdout.flush()
    lines = _report(tally, asked.first_seed, last - 1, monotonic() - began)
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    write_section(ROOT / "docs" / "soak.md", "Simulated disks", lines)
    return 0


def _import_our_tests() -> None:
    """Find `tests` here: an installed package may bear that name too."""
    tests = ModuleType("tests")
    tests.__path__ = [str(ROOT / "tests")]
    sys.modules["tests"] = tests


def _live(seeds: range) -> Tally:
    from tests.ledger.rigs.swarm import live

    return live(seeds)


def _report(tally: Tally, first: int, last: int, seconds: float) -> list[str]:
    def told(names: list[str]) -> str:
        return ", ".join(f"{name} {tally.seen[name]:,}" for name in names)

    by_name = sorted(tally.seen)
    return [
        "Written by `python -m benchmarks.swarm`: homes on disks in memory that lose, keep, cut, zero, recycle or",
        "reorder what was not synced, names too. After every start: nothing lost that was appended, nothing invented,",
        "whole batches, the oracle's decision, the book of exactly these lines. A run ends at the first difference.",
        "",
        "| seeds | cycles | crashes | facts | orders sent | lost | wrong books | cycles a second |",
        "|---|---|---|---|---|---|---|---|",
        f"| {first} to {last} | {tally.cycles:,} | {tally.crashes:,} | {tally.facts:,} | {tally.acts:,} | 0 | 0 "
        f"| {tally.cycles / seconds:.0f} |",
        "",
        f"Crashes: {told(['power cut', 'kill'])}; {told([name for name in by_name if name.startswith('cut at')])}.",
        f"What was not synced: {told([name for name in by_name if name.startswith(('bytes', 'name'))])}.",
        f"Decisions of the starts: {told(list(DECISIONS))}; begun {tally.seen['begin']:,} times.",
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
