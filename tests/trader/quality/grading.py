"""How much of what was injected is found, and what is found in clean series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from tests.trader.quality.injections import INJECTIONS, Injection, Spoiled
from tests.trader.quality.markets import MARKETS, clean
from trader.quality import Fault, Kind, faults_of

NEAR = timedelta(days=8)  # a split that is told a week off is found where it shows


@dataclass(frozen=True)
class Graded:
    """One injection over many series."""

    name: str
    injected: int
    found: int  # a fault of the right kind on the right days
    noticed: int  # any fault at all
    missed: tuple[str, ...]  # which market and seed

    @property
    def share(self) -> float:
        """Of what was injected, how much was found."""
        return self.found / self.injected if self.injected else 1.0


def false_alarms(seeds: range) -> Iterator[tuple[str, int, Fault]]:
    """Yield what is found in clean series."""
    for market in MARKETS:
        for seed in seeds:
            yield from ((market.name, seed, fault) for fault in faults_of(clean(market, seed)))


def graded(injection: Injection, kinds: frozenset[Kind], seeds: range) -> Graded:
    """Inject one fault into every market, once a seed."""
    injected = found = noticed = 0
    missed: list[str] = []
    for market in MARKETS:
        for seed in seeds:
            case = clean(market, seed)
            spoiled = injection(case, Random(f"{injection.__name__} {market.name} {seed}"))
            if spoiled is None:
                continue
            faults = faults_of(spoiled.case)
            injected, noticed = injected + 1, noticed + bool(faults)
            if is_found(spoiled, faults, kinds):
                found += 1
            else:
                missed.append(f"{market.name} {seed}")
    return Graded(injection.__name__, injected, found, noticed, tuple(missed))


def is_found(spoiled: Spoiled, faults: tuple[Fault, ...], kinds: frozenset[Kind]) -> bool:
    """Tell whether a fault of the right kind was found on one of the right days."""
    return any(
        fault.kind in kinds and any(_near(fault.first, fault.last, day) for day in spoiled.days) for fault in faults
    )


def all_graded(seeds: range) -> tuple[Graded, ...]:
    """Inject every fault."""
    return tuple(graded(injection, kinds, seeds) for injection, kinds in INJECTIONS)


def _near(first: date, last: date, day: date) -> bool:
    return first - NEAR <= day <= last + NEAR
