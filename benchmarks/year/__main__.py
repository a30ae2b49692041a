"""Run the year, and write down what became of it."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context

from benchmarks.sections import write_section
from benchmarks.year.running import run_year
from benchmarks.year.telling import HEADING, REPORT

SESSIONS, SEED = 250, 1
INTRODUCTION = (
    "Written by `python -m benchmarks.year`: two strategies (trend and risk parity, 60 and 40 % of the capital) on",
    "AAPL, GOOG, IBM, KO and MSFT from March 2012 on, real daily bars, eight starts a session (seven that trade, and",
    "the closing), faults injected at random. At each closing book and venue are held side by side, to the last digit;",
    "at the end every session is decided again, as `tallybook audit` does.",
    "A fault that happened must stand in the log, and be told in one mail when it begins and one at its end",
    "(*incident*), in the session's mails (*digest*), or be cured before it matters (*nothing*); all other sessions",
    "are told as all clear.",
)


def main(arguments: list[str]) -> int:
    """Run it in one mode or in both, each in a process of its own; exit 1 where anything was not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.year")
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--modes", default="cancel,modify", help="what becomes of working orders: cancel, modify")
    asked = parser.parse_args(arguments)
    modes = asked.modes.split(",")
    with ProcessPoolExecutor(len(modes), mp_context=get_context("spawn")) as pool:
        ran = list(pool.map(run_year, modes, repeat(asked.sessions), repeat(asked.seed)))
    wrong = [f"{mode}: {complaint}" for mode, one in zip(modes, ran, strict=True) for complaint in one.wrong]
    found = ["", "Not as it should be:", "", *(f"- {complaint}" for complaint in wrong)] if wrong else []
    table = [f"| {' | '.join(HEADING)} |", f"|{'---|' * len(HEADING)}", *(one.row for one in ran)]
    write_section(REPORT, "A year", [*INTRODUCTION, "", *table, "", *ran[0].faults, *found])
    sys.stdout.write("\n".join((*(one.row for one in ran), *wrong[:40])) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
