"""Witnesses: SEQ:HASH of the log in a second place of the user's choice, beside the mailbox.

A witness is written with each session mail, after HEAD is synced, and read back when a cycle starts. One that knows
more than the log, or something else, shows that the log is an old copy. A place that cannot be used is recorded and
told with the next mail; trading does not depend on it. To add a place: a class with `name`, `keep` and `read`, a
setting in the section `[witness]`, and its line in `places_of`.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from ledger.book import Book
from ledger.events import Fact, WitnessFailed, WitnessKept, instant_text
from ledger.line import LINE_BYTES_MAX, Header, LineBroken, header_of
from ledger.log.storage import day_files, events_folder, write_new_file
from ledger.state import State
from trader.calendar import Calendar, Slot
from trader.settings import PASSWORD_VARIABLE, Settings

Part = Literal["start", "middle", "end"]
PARTS: tuple[Part, ...] = ("start", "middle", "end")
SPELLED = re.compile(r"(0|[1-9][0-9]*):([0-9a-f]{64})")
FILE_NAME = "tallybook-witness.txt"
LAST_MOMENT_SECONDS = 2.0  # for the output of what was ended


class Witness(NamedTuple):
    """What stood at one line of a log."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


class WitnessUnusable(Exception):
    """A place that cannot be written or read."""


def parse(text: str) -> Witness:
    """Read SEQ:HASH; raise ValueError for anything else."""
    match = SPELLED.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected SEQ:HASH, as in the last line of a mail, found {text!r}")
    return Witness(int(match[1]), match[2])


def completed(home: Path, text: str) -> Witness:
    """Read SEQ:HASH as a person gives it, shortened or not; ValueError for anything else.

    Its hash is whole where the log holds a line that it fits, else as it was given: that of no line.
    """
    from queries.verification.subject import Witness as Given  # slow to load, and rarely asked for

    given = Given.parse(text)
    there = hash_at(home, given.seq)
    return Witness(given.seq, there if there is not None and given.fits(there) else str(given).partition(":")[2])


class Place(Protocol):
    """Somewhere outside the home."""

    @property
    def name(self) -> str:
        """What the settings call it."""
        ...

    def keep(self, line: str) -> None:
        """Keep `MOMENT ACCOUNT LOG SEQ:HASH`; raise WitnessUnusable."""

    def read(self, log_id: str) -> Witness | None:
        """Return what was kept last of a log, None if nothing was; raise WitnessUnusable."""


@dataclass(frozen=True)
class WitnessFile:
    """A file, best on another disk: a line a witness."""

    path: Path

    @property
    def name(self) -> str:
        """What the settings call it."""
        return f"file {self.path}"

    def keep(self, line: str) -> None:
        """Add a line, so that the file is there whole whatever happens."""
        if not self.path.parent.is_dir():  # a disk that is not mounted is not replaced by a folder of its name
            raise WitnessUnusable(f"expected the folder {self.path.parent}, found none")
        try:
            before = self.path.read_bytes() if self.path.exists() else b""
            if before and not before.endswith(b"\n"):
                before += b"\n"  # somebody else cut or edited it: his last line stays his
            write_new_file(self.path, before + line.encode() + b"\n")
        except OSError as error:
            raise WitnessUnusable(f"{self.path}: {error.strerror or error}") from error

    def read(self, log_id: str) -> Witness | None:
        """Return the last line of a log."""
        try:
            return last_of(self.path.read_text(encoding="utf-8"), log_id)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise WitnessUnusable(f"{self.path}: {error}") from error


@dataclass(frozen=True)
class WitnessRepository:
    """A git repository: a commit a witness. Nothing is pushed, unless a hook of its owner's does."""

    folder: Path
    timeout_seconds: float

    @property
    def name(self) -> str:
        """What the settings call it."""
        return f"git {self.folder}"

    def keep(self, line: str) -> None:
        """Add a line to the witness file, and commit that file alone."""
        self._git("rev-parse", "--git-dir")  # before anything is written: is it one?
        WitnessFile(self.folder / FILE_NAME).keep(line)
        self._git("add", "--", FILE_NAME)
        self._git(*self._identity(), "commit", "--quiet", "-m", f"tallybook {line.rpartition(' ')[2]}", "--", FILE_NAME)

    def read(self, log_id: str) -> Witness | None:
        """Return the last committed line of a log."""
        try:
            text = self._git("show", f"HEAD:./{FILE_NAME}")
        except WitnessUnusable:
            self._git("rev-parse", "--git-dir")  # a repository without the file holds no witness yet
            return None
        try:
            return last_of(text, log_id)
        except ValueError as error:
            raise WitnessUnusable(f"{self.folder / FILE_NAME}: {error}") from error

    def _identity(self) -> tuple[str, ...]:
        try:
            self._git("config", "user.email")
        except WitnessUnusable:  # cron may know nobody
            return ("-c", "user.name=tallybook", "-c", "user.email=tallybook@localhost")
        return ()

    def _git(self, *words: str) -> str:
        return run(("git", "-C", str(self.folder), *words), None, self.timeout_seconds, GIT_TERMINAL_PROMPT="0")


@dataclass(frozen=True)
class WitnessCommand:
    """A command of the user's, which gets SEQ:HASH as its last word. It cannot be read back."""

    words: tuple[str, ...]
    folder: Path
    timeout_seconds: float

    @property
    def name(self) -> str:
        """What the settings call it."""
        return f"command {self.words[0]}"

    def keep(self, line: str) -> None:
        """Run it; another exit status than 0 is a failure."""
        run((*self.words, line.rpartition(" ")[2]), self.folder, self.timeout_seconds, TALLYBOOK_WITNESS=line)

    def read(self, log_id: str) -> Witness | None:  # noqa: ARG002 - every place has the same methods
        """Return nothing: what it did with the witness is its own."""
        return None


def run(words: Sequence[str], folder: Path | None, timeout_seconds: float, **environment: str) -> str:
    """Run a program without a shell and within a time limit, its children included; return what it printed."""
    try:
        process = subprocess.Popen(
            words, cwd=folder, env=_surroundings(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise WitnessUnusable(f"{words[0]}: {error.strerror}") from error
    try:
        told, _ = process.communicate(timeout=timeout_seconds)
    except subprocess.TimeoutExpired as late:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=LAST_MOMENT_SECONDS)
        raise WitnessUnusable(f"{words[0]}: not done within {timeout_seconds:g} s") from late
    text = told.decode("utf-8", "replace")
    if process.returncode:
        last = text.strip().rpartition("\n")[2]
        raise WitnessUnusable(f"{words[0]}: exit status {process.returncode}{f': {last}' if last else ''}")
    return text


def _surroundings(environment: Mapping[str, str]) -> dict[str, str]:
    """Hand no password on, and no other repository's place."""
    kept = {k: v for k, v in os.environ.items() if k != PASSWORD_VARIABLE and not k.startswith("GIT_")}
    return {**kept, "LC_ALL": "C", **environment}


def last_of(text: str, log_id: str) -> Witness | None:
    """Return the last witness of a log among lines of several; ValueError for a line that is none."""
    found = None
    for line in text.splitlines():
        words = line.split()
        if len(words) != 4:
            raise ValueError(f"expected lines of MOMENT ACCOUNT LOG SEQ:HASH, found {line[:80]!r}")
        witness = parse(words[3])
        found = witness if words[2] == log_id else found
    return found


def places_of(settings: Settings, home: Path) -> tuple[Place, ...]:
    """Return the places of the settings."""
    section = settings.witness
    places: list[Place] = []
    if section.file:
        places.append(WitnessFile(home / Path(section.file).expanduser()))
    if section.git:
        places.append(WitnessRepository(home / Path(section.git).expanduser(), section.timeout_seconds))
    if section.command:
        places.append(WitnessCommand(section.command, home, section.timeout_seconds))
    return tuple(places)


def keep_due(book: Book, settings: Settings, home: Path) -> Iterator[Fact]:
    """Write the witnesses that are due after the last cycle; sync HEAD first: they must not know more than the disk.

    None in a recovery: what may be an old copy must not hide the last word of the newest log behind its own.
    """
    if book.recovery is not None:
        return
    due = tuple((place, part) for place in places_of(settings, home) for part in _parts_due(book, settings, place))
    line, day = line_of(book), _session_day(book)
    for place, part in due:
        yield from kept(book, place, line, day, part)


def keep_now(book: Book, settings: Settings, home: Path) -> Iterator[Fact]:
    """Write every witness anew, whatever is due; sync HEAD first."""
    line, day = line_of(book), _session_day(book)
    for place in places_of(settings, home):
        yield from kept(book, place, line, day, "start")


def _session_day(book: State) -> date:
    return book.cycle.started.session_day if book.cycle is not None else book.now.date()


def kept(book: State, place: Place, line: str, day: date, part: Part) -> Iterator[Fact]:
    """Write one witness; what becomes of it is a fact, the same failure only once."""
    try:
        place.keep(line)
    except WitnessUnusable as error:
        if failed := failure(book, place, "writing", error):
            yield failed
        return
    yield WitnessKept(place=place.name, witness=line.rpartition(" ")[2], session_day=day, part=part)


def failure(
    book: State, place: Place, doing: Literal["writing", "reading"], error: WitnessUnusable
) -> WitnessFailed | None:
    """Return a failure that is not the last one known."""
    reason = " ".join(str(error).split())
    if book.witness_failures.get(place.name) == f"{doing}: {reason}":
        return None
    return WitnessFailed(place=place.name, doing=doing, reason=reason)


def line_of(book: State) -> str:
    """Spell where the log stands: MOMENT ACCOUNT LOG SEQ:HASH."""
    return f"{instant_text(book.now)} {book.account} {book.log_id} {Witness(book.seq, book.head)}"


def _parts_due(book: State, settings: Settings, place: Place) -> Iterator[Part]:
    """Tell the part of the session that a place has not been told yet, as with the mails."""
    cycle, calendar = book.cycle, Calendar.load(settings.schedule.calendar)
    session = calendar.session(cycle.started.session_day) if cycle is not None else None
    if cycle is None or session is None or cycle.ended != "finished":
        return
    slots = calendar.slots(session)
    slot = next((s for s in (*slots, calendar.closing_slot(session)) if s.name == cycle.started.slot), None)
    if slot is not None:  # a start by hand belongs to no part of the session
        part, told = _part(slot, slots), book.witnessed.get(place.name, "")
        if told not in tuple(f"{slot.day}/{known}" for known in PARTS[PARTS.index(part) :]):
            yield part


def _part(slot: Slot, slots: tuple[Slot, ...]) -> Part:
    if slot.kind == "close":
        return "end"
    return "middle" if slot.at >= slots[len(slots) // 2].at else "start"


def contradiction(home: Path, book: State, witness: Witness) -> str | None:
    """Say how a witness contradicts the log; None if the log holds the very line."""
    if witness.seq > book.seq:
        return f"it knows seq {witness.seq}, and this log ends at seq {book.seq}"
    if hash_at(home, witness.seq) != witness.hash:
        return f"at seq {witness.seq} it knows another line than this log"
    return None


def hash_at(home: Path, seq: int) -> str | None:
    """Return the hash of one line, reading its day's file alone; None if there is no such line."""
    for path in reversed(day_files(events_folder(home))):
        lines = _headers(path)
        first = next(lines, None)
        if first is not None and first.seq <= seq:
            return next((header.hash for header in chain((first,), lines) if header.seq == seq), None)
    return None


def _headers(path: Path) -> Iterator[Header]:
    """Yield the envelopes up to the first line that is none; the log itself was walked when it was opened."""
    with path.open("rb") as file, suppress(LineBroken):
        while raw := file.readline(LINE_BYTES_MAX + 1):
            yield header_of(raw)
