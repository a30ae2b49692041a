"""Under what a cycle decided, beside what decides now: changed code is not a changed record."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from ledger.events import CycleStarted
from trader.assembly import versions

TEXT_BYTES = 12  # of a hash, where it is shown


@cache
def _now() -> dict[str, str]:
    return versions()


def differences(started: Iterable[CycleStarted]) -> tuple[str, ...]:
    """Say what of the environment is another now than when cycles ran: `code 1a2b… then, 3c4d… now`."""
    now, told = _now(), dict[str, None]()
    for cycle in started:
        for name in sorted(cycle.versions.keys() | now.keys()):
            before, after = cycle.versions.get(name, "not told"), now.get(name, "not there")
            if before != after:
                told[f"{name} {before[:TEXT_BYTES]} then, {after[:TEXT_BYTES]} now"] = None
    return tuple(told)
