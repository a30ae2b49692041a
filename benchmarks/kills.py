"""The kill soak: the real cycle, killed with SIGKILL at every point that it passes.

`make soak` or `python -m benchmarks.kills [--seed N] [--each N] [--workers N]`. The first scenario of
`tests/trader/kills/scenarios.py` is killed at every boundary of an event and on both sides of every request to the
broker; the others, two kills in a row and the parent's death at points drawn by the seed. Each kill has a home and a
venue of its own, real processes, and must end without a complaint: nothing lost, nothing doubled, nothing undecided,
books equal to the venue's to the last digit. The result is written into docs/soak.md; a point that failed is printed,
and is kept by a line in `CASES` of `tests/trader/kills/test_kills.py`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from types import ModuleType

from benchmarks.sections import write_section

ROOT = Path(__file__).parents[1]
_TESTS = ModuleType("tests")  # packages of that name may be installed: ours is meant
_TESTS.__path__ = [str(ROOT / "tests")]
sys.modules["tests"] = _TESTS

from tests.trader.cycles.world import world  # noqa: E402
from tests.trader.kills.rig import Point, Run, sides, trace, traced, try_out  # noqa: E402
from tests.trader.kills.scenarios import SCENARIOS  # noqa: E402

SEED, EACH = 1, 8
SENT = Point("send placeOrder", 1, "after")
HEADING = "Kills"


@dataclass(frozen=True)
class Case:
    """One scenario, by its place in `SCENARIOS`, and what is killed in it."""

    scenario: int
    runs: tuple[Run, ...]
    kind: str

    def __str__(self) -> str:
        points = "; then ".join(" and ".join(map(str, run)) for run in self.runs)
        return f"{SCENARIOS[self.scenario].name}: {points}"


def points_of(scenario: int) -> tuple[Point, ...]:
    """Run a scenario undisturbed, and return what its cycle passes."""
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as made:
        return trace(made, SCENARIOS[scenario])


def points_of_telling() -> tuple[Point, ...]:
    """Kill a cycle, and return what its parent passes while it tells."""
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as made:
        SCENARIOS[0].before(made)
        return traced(made, "parent", SENT)


def tried(case: Case) -> tuple[str, ...]:
    """Try one case in a world of its own; an error of the rig's is a complaint as well."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with world(Path(folder)) as made:
                return try_out(made, SCENARIOS[case.scenario], *case.runs)
        except (AssertionError, OSError, LookupError, ValueError, RuntimeError) as error:
            return (f"{type(error).__name__}: {error}",)


def is_boundary(point: Point) -> bool:
    """Tell a boundary of an event, a request to the broker and a file put in place from the control of the clock."""
    return point.call.startswith(("write ", "sync ", "rename ", "send ")) and not point.call.startswith("send control")


def every_boundary(points: Sequence[Point]) -> Iterator[Case]:
    """Kill the first scenario everywhere."""
    for point in filter(is_boundary, points):
        for cut in sides(point):
            if point.call.startswith(("send ", "write ")) or cut.side == "after":
                yield Case(0, ((cut,),), "every boundary")


def while_telling(points: Sequence[Point], chance: random.Random, each: int) -> Iterator[Case]:
    """Kill the parent of a killed cycle while it recovers the log, records and mails."""
    for point in chance.sample([point for point in points if is_boundary(point)], each):
        yield Case(0, ((SENT, chance.choice([*sides(point)])),), "the parent while it tells")


def drawn(points: Sequence[Sequence[Point]], chance: random.Random, each: int) -> Iterator[Case]:
    """Kill every scenario at points drawn by lot: once, twice in a row, with its parent, and its parent alone."""
    for scenario, own in enumerate(points):
        for _ in range(each if scenario else 0):
            yield Case(scenario, ((_any(own, chance),),), "drawn")
        for _ in range(each // 4):
            yield Case(scenario, ((_sent(own, chance),), (_any(own, chance, "resolving"),)), "twice")
            yield Case(scenario, ((replace(_any(own, chance), victims="both"),),), "both")
            yield Case(scenario, ((replace(_any(own, chance), victims="parent"),),), "the parent alone")


def _any(points: Sequence[Point], chance: random.Random, which: str = "") -> Point:
    """Draw a point; while resolving, one that any cycle passes before it decides anything."""
    early = [point for point in points[: len(points) // 3] if point.nth < 3] if which else points
    return chance.choice([*sides(chance.choice([point for point in early if is_boundary(point)]))])


def _sent(points: Sequence[Point], chance: random.Random) -> Point:
    orders = [point for point in points if point.call in ("send placeOrder", "send cancelOrder")]
    return replace(chance.choice(orders), side=chance.choice(("torn", "after")))


def soak(cases: Sequence[Case], workers: int) -> dict[Case, tuple[str, ...]]:
    """Try every case; print those that fail as they do."""
    began, outcomes = monotonic(), dict[Case, tuple[str, ...]]()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        waiting = {pool.submit(tried, case): case for case in cases}
        for done in as_completed(waiting):
            case = waiting[done]
            outcomes[case] = done.result()
            for complaint in outcomes[case]:
                sys.stdout.write(f"\r{case}\n    {complaint}\n")
            sys.stdout.write(f"\r {len(outcomes)}/{len(cases)} kills  {monotonic() - began:.0f} s ")
            sys.stdout.flush()
    return outcomes


def lines_of(outcomes: dict[Case, tuple[str, ...]], seed: int, seconds: float) -> Iterator[str]:
    """Tell the result as a table."""
    yield f"`python -m benchmarks.kills --seed {seed}`: the real `tallybook cycle` and its parent, the venue behind"
    yield "real sockets; SIGKILL before, after or in the middle of a write or a request; then it is started again as"
    yield "by cron. *Failed* counts homes with a complaint: an order lost, doubled or undecided, a sum that differs,"
    yield "an end that nobody was told."
    yield ""
    yield f"| scenario | {' | '.join(KINDS)} | failed |"
    yield f"|---|{'---|' * len(KINDS)}---|"
    for number, scenario in enumerate(SCENARIOS):
        own = [case for case in outcomes if case.scenario == number]
        counts = [sum(case.kind == kind for case in own) for kind in KINDS]
        failed = sum(bool(outcomes[case]) for case in own)
        yield f"| {scenario.name} | {' | '.join(map(str, counts))} | {failed} |"
    kills = sum(len(case.runs) for case in outcomes)
    yield ""
    yield f"{kills} kills in {len(outcomes)} homes, {seconds:.0f} s."


KINDS = ("every boundary", "drawn", "twice", "both", "the parent alone", "the parent while it tells")


def main(arguments: list[str]) -> int:
    """Try every case and write the report; 1 if any failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--each", type=int, default=EACH, help="points drawn in each scenario")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args(arguments)
    began = monotonic()
    points = [points_of(number) for number in range(len(SCENARIOS))]
    chance = random.Random(asked.seed)
    telling = while_telling(points_of_telling(), chance, asked.each)
    cases = (*every_boundary(points[0]), *drawn(points, chance, asked.each), *telling)
    sys.stdout.write(f"seed {asked.seed}: {len(cases)} homes, {sum(len(case.runs) for case in cases)} kills\n")
    outcomes = soak(tuple(dict.fromkeys(cases)), asked.workers)
    told = tuple(lines_of(outcomes, asked.seed, monotonic() - began))
    sys.stdout.write("\n" + "\n".join(told) + "\n")
    write_section(ROOT / "docs" / "soak.md", HEADING, list(told))
    return 1 if any(outcomes.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
