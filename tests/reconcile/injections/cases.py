"""Cases: which kinds are injected together, drawn from a seed, and one of them run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from ledger.events import Fact
from tests.reconcile.injections.kinds import KINDS
from tests.reconcile.injections.kinds.kind import Kind
from tests.reconcile.injections.world import Truth, World

TOGETHER = (1, 1, 2, 3)  # of four cases: two alone, a pair, a triple


@dataclass(frozen=True)
class Case:
    """Some kinds, and the seed of the account and the amounts."""

    seed: int
    kinds: tuple[Kind, ...]

    def __str__(self) -> str:
        return f"{self.seed}: {' + '.join(kind.name for kind in self.kinds) or 'clean'}"


@dataclass(frozen=True)
class Run:
    """What happened in a case, and what the reconciler said: by the API alone, and with the statement."""

    case: Case
    truths: tuple[Truth, ...]
    by_api: tuple[Fact, ...]
    with_statement: tuple[Fact, ...]


def cases(number: int, first_seed: int = 1) -> Iterator[Case]:
    """Yield so many cases: every kind alone in turn, pairs and triples by lot."""
    chance, alone = Random(f"cases {first_seed}"), 0
    for place in range(number):
        size = TOGETHER[place % len(TOGETHER)]
        if size == 1:
            chosen = [KINDS[alone % len(KINDS)]]
            alone += 1
        else:
            chosen = chance.sample(KINDS, size)
        yield Case(first_seed * 1_000_000 + place, tuple(chosen))


def case_of(seed: int, first_seed: int) -> Case:
    """Return the one case of a run that bears a seed: those before it are drawn, and not run."""
    place = seed - first_seed * 1_000_000
    return next(islice(cases(place + 1, first_seed), place, None))


def run(case: Case, home: Path) -> Run:
    """Run one case from its market to the morning after."""
    world = World(case.seed, home)
    courses = [(kind, kind.course(world)) for kind in case.kinds]
    _go_on(world, courses)
    world.open_venue()
    _go_on(world, courses)
    world.begin()
    _own_trades(world)
    _go_on(world, courses)
    with world.ledger:
        by_api = world.close_today()
        with_statement = world.statement_comes()
    return Run(case, tuple(world.truths), by_api, with_statement)


def _go_on(world: World, courses: list[tuple[Kind, Iterator[None]]]) -> None:
    for kind, course in courses:
        world.running = kind.name
        next(course, None)


def _own_trades(world: World) -> None:
    """Let an ordinary day be around what is injected."""
    for _ in range(world.chance.randint(0, 2)):
        world.trade(world.plan.pick(), world.chance.choice((10, 35, 80, -25, -60)))
