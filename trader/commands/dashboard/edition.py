"""What the log says up to one line, read once and shown until the next line comes.

Nothing here takes the log's lock or writes: the writer never waits for a reader. A new line, a halt or new settings
make a new edition; what the old one had read is dropped with it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, TypeVar

from ledger.book import Book
from ledger.checkpoints import book_of
from ledger.clock import Clock, SystemClock
from ledger.events import LogStarted
from ledger.log import read_genesis
from ledger.log.storage import day_files, events_folder, var_folder
from queries.sql import Answer, Terms
from queries.status import Status, status
from trader.commands.dashboard.connections import Connections
from trader.commands.home import clock_and_settings, next_cycle_text, zone_of
from trader.place import displaced
from trader.schedule import FILE_NAME, SettingsError

if TYPE_CHECKING:
    from trader.settings import Settings

KEPT_MAX = 400  # pages' figures of one edition
TIMEOUT_SECONDS = 20.0  # for a question of the owner; `tallybook sql` waits longer
T = TypeVar("T")


def mark_of(home: Path) -> str:
    """Return what changes with every line, halt or setting; three looks at the folder, however long the history is."""
    files = day_files(events_folder(home))
    last = files[-1] if files else home / "tallybook.toml"
    watched = (last, var_folder(home) / "HALT", home / FILE_NAME, var_folder(home) / "parquet" / "manifest.json")
    return f"{last.stem}-" + "-".join(_state(path) for path in watched)


def _state(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "0"
    return f"{found.st_size:x}.{found.st_mtime_ns:x}"


@dataclass
class _Place:
    """Room for what is read once."""

    lock: Lock = field(default_factory=Lock)
    found: tuple[Any, ...] = ()  # empty: not yet


@dataclass
class Edition:
    """A home as of one mark."""

    home: Path
    mark: str
    _kept: dict[Hashable, _Place] = field(default_factory=dict)
    _looking: Lock = field(default_factory=Lock)

    @cached_property
    def zone(self) -> str:
        """The zone of the home's days."""
        return zone_of(self.home)

    @cached_property
    def genesis(self) -> LogStarted:
        """What the log says of itself."""
        return read_genesis(self.home)

    @cached_property
    def settings(self) -> Settings | SettingsError:
        """The settings, or why they cannot be used."""
        try:
            return clock_and_settings(self.home)[1]
        except SettingsError as error:
            return error

    @property
    def book(self) -> Book:
        """The book after the last line."""
        return self.once("book", lambda: book_of(self.home))

    @property
    def now(self) -> datetime:
        """What time it is by the home's clock; where settings do not tell and it is simulated, where the log ends."""
        return self._clock.now() if self._clock is not None else self.book.now

    @cached_property
    def _clock(self) -> Clock | None:
        try:
            return clock_and_settings(self.home)[0]
        except SettingsError:
            return SystemClock() if self.genesis.clock == "system" else None

    @property
    def status(self) -> Status:
        """Where the account stands, as `tallybook status` tells it; looked up again every minute."""
        now = self.now
        return self.once(("status", now.replace(second=0, microsecond=0)), lambda: self._status(now))

    def _status(self, now: datetime) -> Status:
        settings = self.settings
        away = displaced(self.home) or ""
        if isinstance(settings, SettingsError):
            wrong = f"{settings.code}: {settings}"
            return status(
                self.home, now, settings_error=wrong, displaced=away, zone=self.zone, book=self.book
            )  # fmt: skip
        return status(
            self.home, now, next_cycle=lambda: next_cycle_text(settings, now),
            leverage_max=settings.limits.gross_leverage_max, dry_run=settings.dry_run, displaced=away, zone=self.zone,
            book=self.book,
        )  # fmt: skip

    def once(self, what: Hashable, read: Callable[[], T]) -> T:
        """Return what was read before, or read it; who wants the same meanwhile waits for it, and nobody else."""
        with self._looking:
            if what not in self._kept and len(self._kept) >= KEPT_MAX:
                self._kept.pop(next(iter(self._kept)))
            place = self._kept.setdefault(what, _Place())
        with place.lock:
            if not place.found:
                place.found = (read(),)
            found: T = place.found[0]
            return found

    def answer(self, question: str) -> Answer:
        """Answer a question of ours; the same question is asked once."""
        return self.once(("sql", question), lambda: self._ours.ask(question, Terms(zone=self.zone)))

    def asked(self, question: str, parameters: Mapping[str, object] | None = None) -> Answer:
        """Answer the owner's question, behind the same fence as `tallybook sql`."""
        return self._theirs.ask(question, Terms(self.zone, parameters or {}, TIMEOUT_SECONDS))

    @cached_property
    def _ours(self) -> Connections:
        return Connections(self.home, self.zone)

    @cached_property
    def _theirs(self) -> Connections:
        return Connections(self.home, self.zone)


class Editions:
    """The newest edition of a home; `read_ahead` reads what is asked for first, before anybody asks."""

    def __init__(self, home: Path, read_ahead: Callable[[Edition], object] | None = None) -> None:
        self._home = home
        self._read_ahead = read_ahead
        self._lock = Lock()
        self._newest: Edition | None = None

    def newest(self) -> Edition:
        """Return the edition of this moment: the last one, while nothing changed."""
        mark = mark_of(self._home)
        with self._lock:
            if self._newest is None or self._newest.mark != mark:
                self._newest = Edition(self._home, mark)
                if self._read_ahead is not None:
                    Thread(target=self._read_ahead, args=(self._newest,), daemon=True).start()
            return self._newest
