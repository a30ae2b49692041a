"""A home of two recorded sessions with a break that stands open, and what its log says."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from ledger.book import Book, replay
from ledger.events import BreakFound, CashObserved, CashRow, Fact
from ledger.log import read_events
from tests.queries.history import World, closed, two_sessions
from tests.trader.homes import SETTINGS, SIMULATED, write_settings


def home_with_break(folder: Path) -> Path:
    """Two recorded sessions, and no simulator: time stands where the log ends."""
    write_settings(folder, SETTINGS + SIMULATED)
    return closed(with_break(two_sessions(folder)))


def with_break(world: World) -> World:
    own = world.ledger.book.cash["USD"]
    world.record(
        CashObserved(rows=(CashRow(currency="USD", amount=own - Decimal("152.3")),)),
        BreakFound(
            break_id="B-2",
            kind="cash",
            subject="USD",
            consequence="note",
            currency="USD",
            expected=Decimal("1000"),
            found=Decimal("847.7"),
        ),
    )
    return world


def facts(home: Path) -> list[Fact]:
    return [event.fact for event in read_events(home)]


def book(home: Path) -> Book:
    return replay(read_events(home))
