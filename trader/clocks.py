"""Which clock a home follows: the system's, or a simulator's over its control port."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ledger.clock import Clock, SimulatedClock, SystemClock

REACH_SECONDS = 5.0  # to find out whether a simulator runs


def clock_of(home: Path, control: tuple[str, int] | None) -> Clock:
    """Return the clock of a home; `control` is the address of its simulator's control port."""
    if control is None:
        return SystemClock()
    from trader.simulator.control import Control

    host, port = control
    simulator = Control(port, host)

    def advance(seconds: float) -> None:
        simulator.advance(seconds=seconds)

    return SimulatedClock(_now(simulator.now, home), advance)


def _now(simulated: Callable[[], datetime], home: Path) -> Callable[[], datetime]:
    """Ask the simulator; with none running, time stands where the log ends."""
    from trader.simulator.control import ControlError

    def now() -> datetime:
        try:
            return simulated()
        except ControlError as unreachable:
            return _end_of_log(home, unreachable)

    return now


def _end_of_log(home: Path, unreachable: Exception) -> datetime:
    from ledger.errors import LogMissing  # slow: the light parent pays for the log only here
    from ledger.log import last_recorded_at

    try:
        return last_recorded_at(home)
    except LogMissing:
        raise unreachable from None
