"""Checkpoints: the book at the end of a sealed day, so that nothing folds years.

`var/checkpoints/2026-01-14.ckpt` is the book after the last line of that day's file. A checkpoint proves nothing and
may be deleted at any time: it counts only if its own hash fits, if the same code wrote it (`state_version`), and if the
line that begins the next day file seals exactly the line that it was made after. Anything else is ignored and made
again.

    tallybook-checkpoint 1 SHA256 of what follows
    {"file":…,"seq":…,"hash":…,"log":…,"state_version":…}
    the book: canonical JSON (`ledger/spelling.py`), deflated
"""

from __future__ import annotations

import json
import os
import re
import zlib
from bisect import bisect_left
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_type_hints

from ledger.book import Book, Forgotten, forgetful_book, replay
from ledger.collecting import uncollected
from ledger.events import DaySealed
from ledger.forgetting import forget
from ledger.line import LINE_BYTES_MAX, Event, LineBroken, event_of, header_of
from ledger.log import Seal, read_events
from ledger.log.disk import LOCAL
from ledger.log.storage import day_files, events_folder, folder_mode, write_new_file
from ledger.lots import exactly
from ledger.spelling import spelling
from ledger.state import State

FORMAT = b"tallybook-checkpoint 1 "
NAME = re.compile(r"\d{4}-\d{2}-\d{2}\.ckpt")
DAILY = timedelta(days=14)  # of older ones, the last of each week is kept
READS = ("log", "checkpoints.py", "ledger.py", "clock.py", "errors.py")  # of ledger/, what does not fold
T = TypeVar("T")


class Checkpoint(NamedTuple):
    """A book, and the line that it was made after."""

    seal: Seal
    book: Book


@cache
def state_version() -> str:
    """Return a hash of the source of everything that folds: whoever changes any of it makes new checkpoints."""
    folder = Path(__file__).parent
    parts = (path for path in sorted(folder.rglob("*.py")) if path.relative_to(folder).parts[0] not in READS)
    content = b"".join(b"%s\0%s\0" % (str(path.relative_to(folder)).encode(), path.read_bytes()) for path in parts)
    return sha256(content).hexdigest()


def checkpoints_folder(home: Path) -> Path:
    """Where the checkpoints of a home lie."""
    return home / "var" / "checkpoints"


# The book as text


def encode(book: Book) -> bytes:
    """Spell the whole state of a book; `decode` returns an equal one."""
    told = {name: turn(getattr(book, name)) if turn else getattr(book, name) for name, turn, _ in _spellings()}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def decode(text: bytes) -> Book:
    """Read a book; ValueError, KeyError or TypeError for what `encode` did not write."""
    book = forgetful_book()
    with uncollected():
        told = json.loads(text)
        for name, _, turn in _spellings():
            setattr(book, name, turn(told[name]) if turn else told[name])
    return book


@cache
def _spellings() -> tuple[tuple[str, Callable[[Any], Any] | None, Callable[[Any], Any] | None], ...]:
    hints = get_type_hints(State)
    return tuple((field.name, *spelling(hints[field.name])) for field in fields(State))


# Writing


def write(home: Path, book: Book, seal: Seal) -> Path:
    """Keep the book after the last line of a sealed day. Raises OSError; thins what is older than two weeks."""
    if (book.seq, book.head) != (seal.seq, seal.hash):
        raise ValueError(f"{seal.file}: expected a book after seq {seal.seq}, found one after {book.seq}")
    if not book.forgets:
        book = book.fork()  # one that retains everything is kept as one that forgets
        forget(book)
    folder = checkpoints_folder(home)
    if not folder.exists():
        LOCAL.make_folder(folder, folder_mode(folder.parent))
    bound = {**seal._asdict(), "log": book.log_id, "state_version": state_version()}
    rest = json.dumps(bound).encode() + b"\n" + zlib.compress(encode(book), 1)
    path = folder / f"{_day(seal.file)}.ckpt"
    write_new_file(path, FORMAT + sha256(rest).hexdigest().encode() + b"\n" + rest)
    _thin(folder, _newest_day(home))
    return path


def _newest_day(home: Path) -> date:
    return date.fromisoformat(_day(day_files(events_folder(home)).names[-1]))


def _thin(folder: Path, today: date) -> None:
    weeks = dict[tuple[int, int], Path]()
    for path in _files(folder):
        day = date.fromisoformat(path.stem)
        if day >= today - DAILY:
            break
        earlier = weeks.pop(day.isocalendar()[:2], None)
        if earlier is not None:
            earlier.unlink()
        weeks[day.isocalendar()[:2]] = path


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:  # a path for each of thousands of names costs ten times as much
        return [folder / name for name in sorted(entry.name for entry in entries if NAME.fullmatch(entry.name))]


def _day(file: str) -> str:
    return file.removesuffix(".jsonl")


# Reading


def latest(home: Path, *, before: str | None = None) -> Checkpoint | None:
    """Return the newest checkpoint that counts, of the days before a day file if one is named; None without any."""
    return _newest(home, before, read)


def latest_seal(home: Path, *, before: str | None = None) -> Seal | None:
    """Return what the newest checkpoint that counts was made after, as `latest` does; its book is not read."""
    found = _newest(home, before, _vouched)
    return None if found is None else found[0]


def _newest(home: Path, before: str | None, look: Callable[[Path, Event], T]) -> T | None:
    try:
        days = day_files(events_folder(home)).names
        candidates = _files(checkpoints_folder(home))
    except OSError:
        return None  # whoever opens or reads the log says what is wrong
    for path in reversed(candidates):
        file = f"{path.stem}.jsonl"
        at = bisect_left(days, file)
        if days[at : at + 1] == [file] and at + 1 < len(days) and (before is None or file < before):
            with suppress(Unusable):
                return look(path, _first_event(events_folder(home) / days[at + 1]))
    return None


class Unusable(Exception):
    """A checkpoint that does not count, and why."""


def read(path: Path, sealing: Event) -> Checkpoint:
    """Read one checkpoint against the line that begins the next day file; Unusable if it does not count."""
    seal, body = _vouched(path, sealing)
    try:
        return Checkpoint(seal, decode(zlib.decompress(body)))
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise Unusable(f"{path.name}: {error}") from error


def _vouched(path: Path, sealing: Event) -> tuple[Seal, bytes]:
    """Return what a checkpoint was made after, and its book as it lies there; Unusable if it does not count."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unusable(f"{path.name}: {error.strerror}") from error
    first, _, rest = content.partition(b"\n")
    if first != FORMAT + sha256(rest).hexdigest().encode():
        raise Unusable(f"{path.name}: its hash does not fit its content")
    told, _, body = rest.partition(b"\n")
    try:
        bound = json.loads(told)
        seal = Seal(bound["file"], bound["seq"], bound["hash"])
        if bound["state_version"] != state_version():
            raise Unusable(f"{path.name}: another version of the code wrote it")
        is_sealed = isinstance(sealing.fact, DaySealed) and Seal.of(sealing.fact) == seal
        if not is_sealed or (sealing.log, sealing.seq, sealing.prev) != (bound["log"], seal.seq + 1, seal.hash):
            raise Unusable(f"{path.name}: the line that begins the next day does not seal what it was made after")
    except (ValueError, KeyError, TypeError) as error:
        raise Unusable(f"{path.name}: {error}") from error
    return seal, body


def _first_event(path: Path) -> Event:
    try:
        with path.open("rb") as file:
            raw = file.readline(LINE_BYTES_MAX + 1)
        return event_of(raw, header_of(raw))
    except (OSError, LineBroken) as error:
        raise Unusable(f"{path.name}: {error}") from error


# Folding on


def folded_from(home: Path, *, before: str | None = None) -> tuple[Book, Seal | None]:
    """Return the book to go on from, and the seal that it stands after: with no checkpoint, the empty book."""
    found = latest(home, before=before)
    if found is not None:
        return found.book, found.seal
    return forgetful_book(), None


def book_of(home: Path, *, until_seq: int | None = None) -> Book:
    """Return the book after the last line, or after a seq: the newest checkpoint before it, and what came since."""
    book, seal = folded_from(home)
    if seal is not None and until_seq is not None and seal.seq > until_seq:
        book, seal = _before_seq(home, until_seq)
    try:
        with uncollected(), exactly():
            for event in read_events(home, since=seal, until_seq=until_seq):
                book.apply(event)
    except Forgotten:
        return replay(read_events(home, until_seq=until_seq), retain=True)
    return book


def _before_seq(home: Path, until_seq: int) -> tuple[Book, Seal | None]:
    """Go back, checkpoint by checkpoint, to one that is not too late."""
    book, seal = folded_from(home)
    while seal is not None and seal.seq > until_seq:
        book, seal = folded_from(home, before=seal.file)
    return book, seal


class Keeper:
    """Writes the checkpoints that are worth it, while somebody folds: hand it each event before it is applied.

    Those of the last two weeks; with `weekly`, of the weeks before that too.
    """

    def __init__(self, home: Path, *, weekly: bool = False) -> None:
        self.home = home
        self.written = 0
        self._weekly = weekly
        self._since: date | None = None

    def visit(self, book: Book, event: Event) -> None:
        """Keep the book at the end of a day; raises OSError."""
        if not isinstance(event.fact, DaySealed):
            return
        seal = Seal.of(event.fact)
        day, next_day = date.fromisoformat(_day(seal.file)), event.recorded_at.date()
        if self._since is None:
            self._since = _newest_day(self.home) - DAILY
        ends_week = day.isocalendar()[:2] != next_day.isocalendar()[:2]
        if day >= self._since or (self._weekly and ends_week):
            write(self.home, book, seal)
            self.written += 1


def rebuild(home: Path) -> int:
    """Fold the whole log once and write every checkpoint that is kept; return how many. Raises OSError."""
    for retain in (False, True):
        book, keeper = Book() if retain else forgetful_book(), Keeper(home, weekly=True)
        with suppress(Forgotten), uncollected(), exactly():
            for event in read_events(home):
                keeper.visit(book, event)
                book.apply(event)
            return keeper.written
    raise AssertionError("a book that retains everything forgot something")
