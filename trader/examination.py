"""`tallybook doctor`: is this home set up so that a cycle can run, and its owner be told?

An examination is a function of the home that says what it found, and what to do where that is not well. It changes
nothing. What is not there yet (no log, no mail server) is told; only what would stop or silence a cycle is bad news. To
add one: write the function and name it in `EXAMINATIONS`, after those that must be well before it makes sense.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Literal, NamedTuple

from ledger.clock import Clock
from ledger.errors import LogError, LogMissing, LogNotWritable
from ledger.ledger import refusal
from ledger.log import last_recorded_at, read_genesis, require_expected
from ledger.log.disk import LOCAL
from ledger.log.halt import halt_reason
from ledger.log.lock import read_holder
from ledger.log.storage import day_files, events_folder, require_ours, var_folder
from queries.advice import DAMAGED, MEND
from queries.sealed import seals
from trader.calendar import Calendar, CalendarError
from trader.clocks import clock_of
from trader.place import displaced
from trader.schedule import SettingsError
from trader.settings import Settings, apprise_urls, load, mail_password, ping_url
from trader.simulator.control import ControlError

GATEWAY = "start IB Gateway and switch its socket API on"
SIMULATOR = "start the simulator: tallybook simulator --help; a demo's ended with it, and its home needs it no more"
PRIVATE = stat.S_IRWXO  # what nobody else may do
ROOM_MIN_BYTES = 500_000_000
CALENDAR_DAYS = 90
REACH_SECONDS = 3.0


class Ailment(NamedTuple):
    """What one examination found."""

    verdict: Literal["well", "note", "ill"]
    found: str
    remedy: str = ""


def well(found: str) -> Ailment:
    """Say that all is well."""
    return Ailment("well", found)


def note(found: str, remedy: str) -> Ailment:
    """Tell something that stops nothing."""
    return Ailment("note", found, remedy)


def ill(found: str, remedy: str) -> Ailment:
    """Tell what stops or silences a cycle."""
    return Ailment("ill", found, remedy)


@dataclass(frozen=True)
class Patient:
    """A home under examination."""

    home: Path

    @cached_property
    def settings(self) -> Settings | None:
        """The settings, None if they cannot be read: the first examination says why."""
        with suppress(SettingsError):
            return load(self.home)
        return None

    @cached_property
    def clock(self) -> Clock:
        """The clock that the settings name."""
        return clock_of(self.home, None if self.settings is None else self.settings.simulator.address)


def settings(patient: Patient) -> Ailment:
    """Read the settings."""
    try:
        chosen = load(patient.home)
    except SettingsError as error:
        return ill(str(error), "correct the line that it names")
    trading = "dry run: no order leaves" if chosen.dry_run else "orders leave"
    return well(f"{chosen.account.id} {chosen.account.mode}, {len(chosen.universe.tickers)} symbols, {trading}")


def folders(patient: Patient) -> Ailment:
    """Look at who may read and write the home."""
    var = var_folder(patient.home)
    if not var.is_dir():
        return note("no var yet", "tallybook adopt makes it")
    events = events_folder(patient.home)
    for path in (var, events):
        if path.is_dir() and path.stat().st_mode & PRIVATE:
            return ill(f"{path}: mode {stat.S_IMODE(path.stat().st_mode):o}, others may look", f"chmod o-rwx {path}")
    try:
        if events.is_dir():
            require_ours(var, LOCAL)
    except LogNotWritable as error:
        return ill(str(error), "docs/runbook.md, 'Two users on one home'")
    mode = stat.S_IMODE(var.stat().st_mode)
    return well(f"var has mode {mode:o}, " + ("shared by its group" if mode & stat.S_IWGRP else "yours alone"))


def log(patient: Patient) -> Ailment:
    """Look at the log as a start does, and compare its account with the settings'."""
    try:
        genesis = read_genesis(patient.home)
        end = last_recorded_at(patient.home)
        if patient.settings is not None:
            account = patient.settings.account
            require_expected(patient.home, patient.clock, genesis, account.id, account.mode)
        refused = refusal(patient.home)
        if refused is not None:
            raise refused
        seals(patient.home)  # reads what each day says of the one before it, and no more
    except LogMissing:
        return note("none yet", "tallybook adopt begins it")
    except LogError as error:
        return ill(f"{error.code}: {error}", "tallybook verify says more")
    return well(f"{genesis.account} {genesis.mode}, up to {end:%Y-%m-%d %H:%M} UTC; its files: tallybook verify")


def place(patient: Patient) -> Ailment:
    """See whether the log lies where it was stamped."""
    try:
        if not day_files(events_folder(patient.home)):
            return note("no log yet", "tallybook adopt begins it")
        moved = displaced(patient.home)
    except LogError:
        return note("not tried", "mend the log first")
    if moved is not None:
        return note(moved, "nothing; the next cycle starts in recovery, see docs/runbook.md#recovery")
    return well("where it was stamped")


def halt(patient: Patient) -> Ailment:
    """Look for HALT."""
    if not var_folder(patient.home).is_dir():
        return note("not tried: no var yet", "tallybook adopt makes it")
    reason = halt_reason(var_folder(patient.home))
    if reason is None:
        return well("not halted")
    return note(f"halted: {reason}", MEND if reason.startswith(DAMAGED) else 'tallybook resume --why "…"')


def lock(patient: Patient) -> Ailment:
    """See whether this file system keeps two locks apart, and who holds the log's."""
    var = var_folder(patient.home)
    if not var.is_dir():
        return note("not tried: no var yet", "tallybook adopt")
    path = var / f".doctor-{os.getpid()}"
    first = LOCAL.open(path, "overwrite", 0o600)
    second = LOCAL.open(path, "overwrite", 0o600)
    try:
        kept_apart = LOCAL.lock(first) and not LOCAL.lock(second)
    finally:
        LOCAL.close(first)
        LOCAL.close(second)
        path.unlink()
    if not kept_apart:
        return ill("the file system grants one lock twice", "move the home to a local disk")
    holder = read_holder(var)
    return well("works; nobody holds the log" if holder is None else f"works; process {holder.pid} holds the log")


def clock(patient: Patient) -> Ailment:
    """Read the clock, and see whether the log is ahead of it."""
    try:
        now = patient.clock.now()
    except ControlError as error:
        return ill(str(error), SIMULATOR)
    with suppress(LogError):
        end = last_recorded_at(patient.home)
        if end > now + timedelta(minutes=1):
            return ill(f"{now:%Y-%m-%d %H:%M} UTC, but the log goes on to {end:%Y-%m-%d %H:%M}", "set the clock")
    return well(f"{patient.clock.kind}, {now:%Y-%m-%d %H:%M} UTC")


def room(patient: Patient) -> Ailment:
    """Look at the room on the disk."""
    free = shutil.disk_usage(patient.home).free
    found = f"{free / 1e9:,.1f} GB free"
    return well(found) if free >= ROOM_MIN_BYTES else ill(found, "free space; never under var/events or var/data")


def calendar(patient: Patient) -> Ailment:
    """See whether the sessions of the next months are known."""
    name = "XNYS" if patient.settings is None else patient.settings.schedule.calendar
    try:
        today = patient.clock.now().date()
        sessions = Calendar.load(name).sessions(today, today + timedelta(days=CALENDAR_DAYS))
    except CalendarError as error:
        return ill(str(error), "pip install 'tallybook[calendar]'")
    except ControlError as error:
        return note(f"not tried: {error}", "start the simulator")
    return well(f"{name}: {len(sessions)} sessions known in the next {CALENDAR_DAYS} days")


def mail(patient: Patient) -> Ailment:
    """See whether mails can be sent: without them a failure is silent."""
    if patient.settings is None:
        return note("not tried", "correct the settings first")
    section = patient.settings.mail
    if not section.wanted:
        return note("none is sent: whatever goes wrong stays silent", "set [mail]; an app password does")
    try:
        password = mail_password(section, patient.home) if section.user else ""
    except SettingsError as error:
        return ill(str(error), "set TALLYBOOK_MAIL_PASSWORD, in the crontab too, or mail.password_file")
    if section.user and not password:
        return ill("no password", "set TALLYBOOK_MAIL_PASSWORD, in the crontab too, or mail.password_file")
    reached = _unreachable(section.host, section.port)
    if reached:
        return ill(f"{section.host}:{section.port}: {reached}", "check mail.host, mail.port and the network")
    return well(f"to {', '.join(section.to)} by {section.host}:{section.port}")


def notices(patient: Patient) -> Ailment:
    """See whether a watch waits for a sign of life, and who gets messages; neither is told anything."""
    if patient.settings is None:
        return note("not tried", "correct the settings first")
    section = patient.settings.notices
    try:
        url, urls = ping_url(section, patient.home), apprise_urls(section, patient.home)
    except SettingsError as error:
        return ill(str(error), "docs/runbook.md, 'The watch'")
    if urls and find_spec("apprise") is None:
        return ill("addresses for apprise, which is not installed", "pip install 'tallybook[apprise]'")
    if url is None:
        return well("no watch: of a machine that is down nobody tells; [notices] ping_url_file names one")
    return well(f"a watch waits for a sign of life; {len(urls)} addresses get messages")


def witness(patient: Patient) -> Ailment:
    """See whether the places of the witness are there; nothing is written to them, no command is run."""
    if patient.settings is None:
        return note("not tried", "correct the settings first")
    section, home = patient.settings.witness, patient.home
    for key, named in (("file", section.file), ("git", section.git)):
        place = home / Path(named).expanduser() if named else None
        folder = place.parent if place is not None and key == "file" else place
        if folder is not None and not folder.is_dir():
            return ill(f"witness.{key}: {folder} is no folder", "make it, or correct the setting")
    if section.command and which(section.command[0]) is None:
        return ill(f"witness.command: {section.command[0]} is no program here", "install it, or correct the setting")
    kept = [key for key in ("file", "git", "command") if getattr(section, key)]
    return well(f"kept by {', '.join(kept)}, and in the mails" if kept else "in the mails alone")


def broker(patient: Patient) -> Ailment:
    """See whether something listens where the broker should; nothing is said to it."""
    if patient.settings is None:
        return note("not tried", "correct the settings first")
    section = patient.settings.broker
    reached = _unreachable(section.host, section.port)
    if reached:
        simulated = patient.settings.simulator.address is not None
        return ill(f"{section.host}:{section.port}: {reached}", SIMULATOR if simulated else GATEWAY)
    return well(f"something listens on {section.host}:{section.port}")


def hindsight(patient: Patient) -> Ailment:
    """Ask the strategies about days of the past, with what must not matter to them."""
    if patient.settings is None:
        return note("not tried", "correct the settings first")
    from trader.evidence import EvidenceError  # slow, and nobody else here needs them
    from trader.strategies import StrategyError
    from trader.strategy_trial import tried

    try:
        found = tried(patient.home, patient.settings)
    except (LogError, EvidenceError, StrategyError) as error:
        return note(f"not tried: {error}", "nothing, until a cycle has its bars; see docs/strategies.md")
    for name, (first, *_) in ((name, differences) for name, differences in found if differences):
        words = f"{first.symbol} {first.said} on {first.day}, but {first.instead} with {first.way}"
        return ill(f"{name}: {words}", "correct the strategy: docs/strategies.md, 'No hindsight'")
    return well(f"{', '.join(name for name, _ in found)}: none" if found else "no strategy that looks at prices")


def _unreachable(host: str, port: int) -> str:
    try:
        socket.create_connection((host, port), REACH_SECONDS).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""


EXAMINATIONS: tuple[tuple[str, Callable[[Patient], Ailment]], ...] = (
    ("settings", settings),
    ("folders", folders),
    ("log", log),
    ("place", place),
    ("halt", halt),
    ("lock", lock),
    ("clock", clock),
    ("disk", room),
    ("calendar", calendar),
    ("mail", mail),
    ("notices", notices),
    ("witness", witness),
    ("broker", broker),
    ("hindsight", hindsight),
)


def examine(home: Path) -> tuple[tuple[str, Ailment], ...]:
    """Make every examination."""
    patient = Patient(home)
    return tuple((name, examination(patient)) for name, examination in EXAMINATIONS)
