"""Days of a log for tests of the NAV bridge: each is a cycle that observes, what happened before it, and its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from ledger.book import Book
from ledger.bridged_days import BridgedDay, bridged_days
from ledger.events import CycleFinished, Fact
from ledger.line import Event
from tests.facts import CONTRACTS, DAY, GENESIS, START, cycle_started, event, snapshot


def day_of(number: int) -> date:
    """The day with a number, from 0."""
    return DAY + timedelta(days=number)


def finished(day: date, slot: str = "1035") -> CycleFinished:
    return CycleFinished(slot=f"{day}/{slot}", book_hash="1:0")


def closing(number: int, *observed: Fact) -> tuple[Fact, ...]:
    """A cycle of the day that observes."""
    day = day_of(number)
    return (cycle_started(day), *observed, snapshot(day), finished(day))


def log_of(days: Iterable[Sequence[Fact]]) -> tuple[Event, ...]:
    """Wrap days of facts as a log would: each day's are recorded from 15:00 UTC of it on, one after the other."""
    told: list[Event] = []
    for number, facts in enumerate(days):
        began = START + timedelta(days=number)
        for place, fact in enumerate((GENESIS, *CONTRACTS, *facts) if number == 0 else facts):
            told.append(event(fact, len(told), began + timedelta(seconds=place)))
    return tuple(told)


def bridged(*days: Sequence[Fact]) -> tuple[BridgedDay, ...]:
    """Bridge a log that is told in days."""
    return tuple(bridged_days(log_of(days), Book()))
