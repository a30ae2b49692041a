"""What most commands need of a home: its clock, its settings, and when its next cycle is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from ledger.clock import Clock, SystemClock
from ledger.ledger import Ledger
from ledger.log import read_genesis, require_expected
from trader.calendar import NEW_YORK, ZONES, Calendar, Slot
from trader.clocks import clock_of
from trader.schedule import FILE_NAME, SettingsError, read_toml, schedule_of
from trader.settings import Settings, load


def home_of(context: Any) -> Path:
    """Return the home that the command line names."""
    home: Path = context.obj
    return home


def clock_and_settings(home: Path) -> tuple[Clock, Settings]:
    """Return the home's clock and its settings."""
    settings = load(home)
    return clock_of(home, settings.simulator.address), settings


def clock_and_perhaps_settings(home: Path) -> tuple[Clock, Settings | None]:
    """Return a home's clock, and its settings where it has any: statements can be imported, and asked, without."""
    if not (home / FILE_NAME).exists():
        return SystemClock(), None
    return clock_and_settings(home)


def zone_of(home: Path) -> str:
    """Name the zone of a home's days: that of its calendar; without settings that can be read, New York's."""
    try:
        return ZONES.get(schedule_of(read_toml(home), home / FILE_NAME).calendar, NEW_YORK.key)
    except SettingsError:
        return NEW_YORK.key


def writer_of(home: Path) -> Ledger:
    """Open a home's log to write in it; without settings it is its own account's."""
    clock, settings = clock_and_perhaps_settings(home)
    if settings is not None:
        return Ledger.open(home, clock, account=settings.account.id, mode=settings.account.mode)
    genesis = read_genesis(home)
    return Ledger.open(home, clock, account=genesis.account, mode=genesis.mode)


def require_own_log(home: Path, clock: Clock, settings: Settings) -> None:
    """Refuse the log of another account, mode or clock than the settings name."""
    require_expected(home, clock, read_genesis(home), settings.account.id, settings.account.mode)


def refuse_foreign_log(home: Path) -> None:
    """Do the same before a question about the past; settings that cannot be read hinder none."""
    try:
        clock, settings = clock_and_settings(home)
    except SettingsError:
        return
    require_own_log(home, clock, settings)


def next_slots(settings: Settings, moment: datetime, count: int) -> tuple[Slot, ...]:
    """Return the next slots after a moment."""
    calendar = Calendar.load(settings.schedule.calendar)
    not_before, zone = settings.schedule.not_before or (None, None)
    slots: list[Slot] = []
    while len(slots) < count:
        slots.append(calendar.next_due(slots[-1].at if slots else moment, not_before, zone))
    return tuple(slots)


def slot_text(slot: Slot) -> str:
    """Spell a slot in the exchange's time, and in the local one where that differs: `Tue 09:35 (22:35 here)`."""
    there, here = slot.at.astimezone(slot.zone), slot.at.astimezone()
    local = "" if there.utcoffset() == here.utcoffset() else f" ({here:%a %H:%M} here)"
    return f"{there:%a %H:%M}{local}"


def next_cycle_text(settings: Settings, moment: datetime) -> str:
    """Say when the next cycle is."""
    return slot_text(next_slots(settings, moment, 1)[0])
