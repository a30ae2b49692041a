"""Paired runs: ours, then the peer, again and again, so that whatever else the machine does falls on both.

A benchmark returns the seconds of its two sides; `paired` takes the median of seven runs and of their ratios.
"""

from __future__ import annotations

import gc
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

RUNS = 7


class Pairs(NamedTuple):
    """Seconds of both sides, run by run."""

    ours: tuple[float, ...]
    peers: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median of the runs' own ratios."""
        return statistics.median(our / peer for our, peer in zip(self.ours, self.peers, strict=True))

    def line(self, what: str, peer: str, limit: float | None, each: int = 1) -> str:
        """Print both medians, for each of so many, and the limit."""
        our, other = statistics.median(self.ours) / each, statistics.median(self.peers) / each
        compared = f"{what:34} {_spelt(our)}  {peer:34} {_spelt(other)}  ratio {self.ratio:6.2f}"
        return f"{compared}  {verdict(self.ratio, limit)}".rstrip()


def verdict(found: float, limit: float | None) -> str:
    """Say whether a figure keeps its limit."""
    if limit is None:
        return ""
    return f"(at most {limit:g}) {'within' if found <= limit else 'BEYOND'}"


def paired(ours: Callable[[], float], peer: Callable[[], float], runs: int = RUNS) -> Pairs:
    """Run both sides in turn; each returns its own seconds, so that its preparation does not count."""
    found = list[tuple[float, float]]()
    for run in range(runs):
        gc.collect()
        if run % 2:
            other, our = peer(), ours()
        else:
            our, other = ours(), peer()
        found.append((our, other))
        _tell(run + 1, runs)
    return Pairs(*zip(*found, strict=True))


def in_turns(both: Callable[[], tuple[float, float]], runs: int = RUNS) -> Pairs:
    """Run what takes turns within a run; it returns the seconds of both sides. The first run only warms up."""
    both()
    found = list[tuple[float, float]]()
    for run in range(runs):
        gc.collect()
        found.append(both())
        _tell(run + 1, runs)
    return Pairs(*zip(*found, strict=True))


def _tell(run: int, runs: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{run}/{runs} " if run < runs else "\r     \r")


def seconds(act: Callable[..., object], *given: object) -> float:
    """Time one call."""
    began = time.perf_counter()
    act(*given)
    return time.perf_counter() - began


@contextmanager
def without_garbage_collector() -> Iterator[None]:
    """Let neither side pay for the other's objects."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def machine() -> str:
    """Name what was measured on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = (line for line in cpuinfo.read_text(encoding="utf-8").splitlines() if line.startswith("model name"))
        model = next(names, f":{model}").partition(":")[2].strip()
    return model


def _spelt(taken: float) -> str:
    for unit, scale in (("s ", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if taken >= scale or unit == "us":
            return f"{taken / scale:8.2f} {unit}"
    raise AssertionError(taken)
