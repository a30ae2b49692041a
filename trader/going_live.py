"""From paper to real money: what is asked for first, and with how little it begins.

A session on paper is clean if its trading cycles all ran, none of them dry, none failed or was skipped, nothing was
worse than a note, and the day was closed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ledger.events import (
    BreakFound,
    CycleFailed,
    CycleFinished,
    CycleSkipped,
    CycleStarted,
    Fact,
    StepFailed,
    TradingHalted,
    TradingVetoed,
)
from ledger.line import Event

SESSIONS_WANTED = 20
FIRST_SCALE = Decimal("0.1")


@dataclass
class _Session:
    traded: bool = False
    closed: bool = False
    spoilt: set[str] = field(default_factory=set)


def clean_sessions(events: Iterable[Event]) -> int:
    """Count the clean sessions of a log."""
    sessions: dict[date, _Session] = {}
    running: CycleStarted | None = None
    for event in events:
        fact = event.fact
        if isinstance(fact, CycleStarted):
            running = fact
            sessions.setdefault(fact.session_day, _Session())
        elif isinstance(fact, CycleSkipped):
            sessions.setdefault(date.fromisoformat(fact.slot.partition("/")[0]), _Session()).spoilt.add("skipped")
        if running is not None and not _before_the_open(fact):
            _take(sessions[running.session_day], running, fact)
    return sum(session.traded and session.closed and not session.spoilt for session in sessions.values())


def _before_the_open(fact: Fact) -> bool:
    """Tell whether a start failed that only looked: the cycle before it, of another day, is not spoilt by it."""
    return isinstance(fact, CycleFailed) and fact.slot.endswith("/preflight")


def _take(session: _Session, running: CycleStarted, fact: Fact) -> None:
    match fact:
        case CycleFinished() if running.dry_run:
            session.spoilt.add("dry")
        case CycleFinished():
            session.closed |= running.kind == "close"
            session.traded |= running.kind == "trade"
        case CycleFailed() | StepFailed() | TradingHalted() | TradingVetoed():
            session.spoilt.add(fact.type)
        case BreakFound(consequence="lock" | "reduce_only" | "halt"):
            session.spoilt.add(fact.type)
        case _:
            pass
