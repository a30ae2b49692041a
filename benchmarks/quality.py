"""How much of what is wrong with data is found: every fault injected into clean series of many habits, and counted.

`python -m benchmarks.quality [--seeds 40] [--clean 200]`. The table is written into docs/data-quality.md. It ends with
1 if anything is found in a clean series, or less than nine tenths of all that was injected.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import wrap
from time import monotonic
from types import ModuleType

from benchmarks.sections import write_section

ROOT = Path(__file__).parents[1]
_TESTS = ModuleType("tests")  # packages of that name may be installed: ours is meant
_TESTS.__path__ = [str(ROOT / "tests")]
sys.modules["tests"] = _TESTS

from tests.trader.quality.grading import Graded, false_alarms, graded  # noqa: E402
from tests.trader.quality.injections import INJECTIONS  # noqa: E402
from tests.trader.quality.markets import MARKETS  # noqa: E402

PAGE = ROOT / "docs" / "data-quality.md"
HEADING = "How much is found"
SHARE_MIN = 0.9


def lines_of(all_graded: Sequence[Graded], alarms: int, seeds: int, clean: int) -> Iterator[str]:
    """Yield the section."""
    injected, found = sum(one.injected for one in all_graded), sum(one.found for one in all_graded)
    yield f"`python -m benchmarks.quality --seeds {seeds} --clean {clean}`: series of {len(MARKETS)} habits"
    yield from wrap(f"({'; '.join(market.name for market in MARKETS)}), drawn from a seed; each fault at a random", 119)
    yield "place with a random size. *Found* is the right kind on the right days, *noticed* any fault at all."
    yield f"Of {injected:,} faults {found:,} were found ({found / injected:.1%})."
    yield f"In {clean * len(MARKETS):,} clean series {alarms} {'was' if alarms == 1 else 'were'} found."
    yield ""
    yield "| injected | | times | found | noticed |"
    yield "|---|---|---|---|---|"
    told = {injection.__name__: inspect.cleandoc(injection.__doc__ or "") for injection, _ in INJECTIONS}
    for one in all_graded:
        name = one.name.replace("_", " ")
        share, noticed = one.share, one.noticed / one.injected
        yield f"| {name} | {told[one.name]} | {one.injected} | {share:.0%} | {noticed:.0%} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Grade everything and write the section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--clean", type=int, default=200)
    options = parser.parse_args(arguments)
    began, all_graded = monotonic(), list[Graded]()
    alarms = list(false_alarms(range(40_000, 40_000 + options.clean)))
    for market, seed, fault in alarms:
        sys.stdout.write(f"  {market} {seed}: {fault}\n")
    for injection, kinds in INJECTIONS:
        all_graded.append(graded(injection, kinds, range(50_000, 50_000 + options.seeds)))
        sys.stdout.write(f"  {all_graded[-1].name:36} {all_graded[-1].share:6.1%}  {monotonic() - began:.0f} s\n")
        sys.stdout.flush()
    write_section(PAGE, HEADING, list(lines_of(all_graded, len(alarms), options.seeds, options.clean)))
    share = sum(one.found for one in all_graded) / sum(one.injected for one in all_graded)
    return int(bool(alarms) or share < SHARE_MIN)


if __name__ == "__main__":
    sys.exit(main())
