"""The one clock. The genesis of a log says which: the system's, or the simulator's.

Nothing else asks for the time: what decides takes `book.now`, what records is given its moment by the log.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, Protocol

ClockKind = Literal["system", "simulated"]


class Clock(Protocol):
    """What tells the time and waits for it to pass."""

    @property
    def kind(self) -> ClockKind:
        """Which clock it is; must be the one that the log's genesis names."""
        ...

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let this much of the clock's own time pass."""
        ...


class SystemClock:
    """The computer's clock."""

    kind: Literal["system"] = "system"

    def now(self) -> datetime:
        """Return the system's moment in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        time.sleep(seconds)


class SimulatedClock:
    """A simulator's clock: it stands still until somebody advances it."""

    kind: Literal["simulated"] = "simulated"

    def __init__(self, now: Callable[[], datetime], advance: Callable[[float], None]) -> None:
        self._now = now
        self._advance = advance

    def now(self) -> datetime:
        """Return the simulator's moment in UTC."""
        return self._now().astimezone(UTC)

    def sleep(self, seconds: float) -> None:
        """Move the simulated time; returns at once."""
        self._advance(seconds)
