"""One mode's year, from an empty folder to its row: what a process of its own does."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from benchmarks.year.course import Year
from benchmarks.year.telling import CHART, by_kind, complaints, line_of
from benchmarks.year.world import FIRST, LAST, world
from queries.charts import nav_chart


class Ran(NamedTuple):
    """What became of one mode's year."""

    row: str
    faults: list[str]
    wrong: list[str]


def run_year(mode: str, sessions: int, seed: int) -> Ran:
    """Play the year; the chart is drawn of the mode that cancels."""
    began = monotonic()
    with tempfile.TemporaryDirectory() as folder, world(Path(folder), seed, modify=mode == "modify") as made:
        year, days = Year(made), made.calendar.sessions(FIRST, LAST)[:sessions]
        for session in year.run(days):
            sys.stdout.write(f" {mode}  {session.day}  {year.sessions} sessions  {monotonic() - began:.0f} s\n")
            sys.stdout.flush()
        year.decide_again(days)
        if mode == "cancel":
            nav_chart(made.home, CHART)
        return Ran(line_of(year, mode, seed, monotonic() - began), list(by_kind(year)), list(complaints(year)))
