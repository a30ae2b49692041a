"""Run every benchmark and write docs/benchmarks.md: `python -m benchmarks [NAME …]`."""

from __future__ import annotations

import inspect
import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import (
    append,
    archived_totals,
    bookkeepers,
    breaks,
    commands,
    cycle,
    engines,
    questions,
    replaying,
    syncs,
    verifying,
)
from benchmarks.measuring import machine

BENCHMARKS: tuple[tuple[str, Callable[[], Iterator[str]]], ...] = (
    ("cycle", cycle.run),
    ("syncs", syncs.run),
    ("append", append.run),
    ("replay", replaying.replaying),
    ("memory", replaying.memory),
    ("lots", replaying.lots),
    ("bookkeepers", bookkeepers.run),
    ("breaks", breaks.run),
    ("verify", verifying.run),
    ("commands", commands.run),
    ("questions", questions.run),
    ("engines", engines.run),
    ("archived", archived_totals.run),
)
REPORT = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; only a run of all writes the report."""
    known = dict(BENCHMARKS)
    if unknown := [name for name in names if name not in known]:
        sys.stderr.write(f"benchmark {unknown[0]}: expected one of {', '.join(known)}\n")
        return 2
    report = [
        "# Benchmarks",
        "",
        f"Written by `make bench` in one run on {os.cpu_count()} cores of {machine()},",
        f"Python {platform.python_version()}, {platform.system()}. A ratio is the median of the ratios of seven paired",
        "runs, ours beside the peer's; its limit stands in parentheses.",
    ]
    for name in names or known:
        report += ["", f"## {name}", "", inspect.cleandoc(known[name].__doc__ or ""), "", "```"]
        sys.stdout.write(f"{name}\n")
        for line in known[name]():
            sys.stdout.write(f"  {line}\n")
            sys.stdout.flush()
            report.append(line)
        report.append("```")
        if not names:  # as far as it got: the last ones take minutes
            REPORT.write_text("\n".join(report) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
