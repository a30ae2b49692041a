"""Sessions of a home, and what their mails say."""

from __future__ import annotations

from pathlib import Path

from ledger.events import NoticeSent
from tests.queries.history import TUESDAY, World, new_world
from trader.calendar import Calendar, Slot
from trader.notices import due_mails
from trader.notices.letters import Letter
from trader.settings import load

CALENDAR = Calendar.load()
SESSION = CALENDAR.session(TUESDAY)
assert SESSION is not None
SLOTS = CALENDAR.slots(SESSION)
NAMES = tuple(slot.name for slot in SLOTS)
CLOSING = CALENDAR.closing_slot(SESSION)


def lines(letter: Letter) -> list[str]:
    return [line for part in letter.parts for line in part.lines]


def finished(home: Path, *times: str) -> World:
    world = new_world(home)
    for time in times:
        world.quiet_cycle(TUESDAY, time, "92", kind="close" if time > "16" else "trade")
    return world


def mailed(world: World, kind: str) -> None:
    world.record(NoticeSent(kind=kind, subject=kind))


def at(name: str) -> Slot:
    return next(slot for slot in (*SLOTS, CLOSING) if slot.name.endswith(name))


def mail_what_is_due(world: World, home: Path) -> None:
    world.ledger.log.barrier()
    world.ledger.record(due_mails(world.ledger.book, load(home), home))
