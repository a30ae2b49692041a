"""Folding for the book's tables: from which checkpoint, and again from further back where that was too late.

A session's bridge needs the book as it stood when the session began: the first session that a fold meets may have begun
before it, and is told by a fold from further back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ledger.book import Book, Forgotten, forgetful_book
from ledger.checkpoints import folded_from
from ledger.collecting import uncollected
from ledger.history import as_known_at, as_of, stands_alone
from ledger.line import Event
from ledger.log import Seal, read_events
from ledger.log.storage import day_files, events_folder
from ledger.lots import exactly
from queries.book_tables.following import Follower
from queries.sealed import looking_back, seals

# Day files before the first that rows are wanted of: in one of them the session before the last should have begun.
BACK = (2, 6)


class Wanted(NamedTuple):
    """Which part of the log rows are wanted of."""

    after: Seal | None = None  # None: of all of it
    until_seq: int | None = None
    until: datetime | None = None  # None: the end of the log
    known_then: bool = True  # until then as it was known then, else as it is known now
    bridged: bool = False
    only_book: bool = False  # and no rows at all


def fold(
    home: Path,
    wanted: Wanted,
    visit: Callable[[Follower], None] = lambda _: None,
    pause: Callable[[], None] = lambda: None,
) -> Follower:
    """Fold what is wanted, and something before it; return the follower, with rows of what came before among its own.

    `visit` is called now and then, with everything told up to the book's seq; `pause` for each day of which only what
    it tells of an earlier time is read. Both may raise.
    """
    for book, seal in _beginnings(home, wanted):
        follower = Follower.of(book)
        try:
            if _followed(follower, _selected(home, wanted, seal, pause), wanted, seal, visit):
                return follower
        except Forgotten:
            break
    follower = Follower.of(Book())  # it retains everything
    _followed(follower, _selected(home, wanted, None, pause), wanted, None, visit)
    return follower


def followed(events: Iterable[Event]) -> Follower:
    """Fold events from a log's beginning, every session bridged, into a book that retains everything."""
    follower = Follower.of(Book())
    _followed(follower, iter(events), Wanted(bridged=True), None, lambda _: None)
    return follower


def _followed(
    follower: Follower,
    events: Iterator[Event],
    wanted: Wanted,
    seal: Seal | None,
    visit: Callable[[Follower], None],
) -> bool:
    """Take events in; False if that began too late for the first bridge that is wanted."""
    since = -1 if wanted.after is None else wanted.after.seq
    course = follower.run_bridged if wanted.bridged else follower.run
    with uncollected(), exactly():
        for _ in course(events):
            if wanted.bridged and seal is not None and follower.first_bridge > since:
                return False
            visit(follower)
    return True


def _selected(home: Path, wanted: Wanted, seal: Seal | None, pause: Callable[[], None]) -> Iterator[Event]:
    """Yield what is wanted of the events after a seal; Forgotten where one of them undoes what lies before it."""
    if wanted.until is None:
        return read_events(home, since=seal, until_seq=wanted.until_seq)
    if wanted.known_then:
        return as_known_at(read_events(home, since=seal), wanted.until)
    read = partial(_in_retrospect, home, seal, wanted.until, pause)
    if seal is not None and not stands_alone(read, wanted.until):
        raise Forgotten(f"{seal.file}: something later undoes what lies before its end")
    return as_of(read, wanted.until)


def _in_retrospect(home: Path, seal: Seal | None, until: datetime, pause: Callable[[], None]) -> Iterator[Event]:
    """Yield the events after a seal; of sealed days after a moment's, those alone that may tell of a time before."""
    later = [day for day in seals(home) if day.file[:10] > f"{until:%Y-%m-%d}" and (not seal or day.file > seal.file)]
    if not later:
        yield from read_events(home, since=seal)
        return
    if later[0].first_seq > 0:
        yield from read_events(home, since=seal, until_seq=later[0].first_seq - 1)
    for day in later:
        pause()
        yield from looking_back(home, day)
    yield from read_events(home, since=Seal.of(later[-1]))


def _beginnings(home: Path, wanted: Wanted) -> Iterator[tuple[Book, Seal | None]]:
    """Yield books to begin with, each further back than the one before."""
    days = day_files(events_folder(home)).names
    if wanted.only_book:
        last = len(days) if wanted.until is None else sum(day[:10] < f"{wanted.until:%Y-%m-%d}" for day in days)
        yield folded_from(home, before=None if last == len(days) else days[last])
        return
    if wanted.after is not None:
        first = sum(day <= wanted.after.file for day in days)
        for back in BACK if wanted.bridged else (0,):
            before = days[max(0, first - back)] if first - back < len(days) else None
            book, seal = folded_from(home, before=before)
            if seal is None:
                break
            yield book, seal
    yield forgetful_book(), None
