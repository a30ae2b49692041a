"""Incidents of a home, and what was told of them."""

from __future__ import annotations

from pathlib import Path

from ledger.events import BreakFound, IncidentOpened
from tests.queries.history import IBM, World
from tests.trader.homes import SETTINGS, SIMULATED, mail_section, write_settings
from tests.trader.mailbox import Mailbox
from trader.alarms import troubles
from trader.incidents import begun
from trader.settings import Settings, load

TO = ("mail",)
LOCKED = BreakFound(break_id="B-1", kind="position", subject=str(IBM), consequence="lock", con_id=IBM)


def settings_of(home: Path, box: Mailbox, more: str = "") -> Settings:
    write_settings(home, SETTINGS + SIMULATED + mail_section(box.port) + more)
    return load(home)


def opened(world: World) -> tuple[IncidentOpened, ...]:
    return tuple(begun(world.ledger.book, troubles(world.ledger.book), TO))
