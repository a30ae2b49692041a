"""A day as its lines tell it, at once: nothing is folded, nothing decided again.

The book's part, that hashes and decisions come out again and how NAV came about, takes a second, and follows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from ledger.events import CycleFinished, SnapshotTaken
from ledger.line import Event, decode
from ledger.log.storage import day_files, events_folder
from queries.story import Audit, Day, story
from queries.tables import UnknownDay
from trader.dashboard.edition import Edition
from trader.dashboard.lines import line_of, lines_in

TOLD = "told"  # neither replayed nor decided again
BEFORE = "SELECT max(seq) FROM snapshot_taken WHERE session_day < '{day}'"


def told(edition: Edition, of: date) -> Audit:
    """Tell a day without a judgement; UnknownDay if nothing was recorded on it."""
    chapter = Day(of, edition.zone, opening=_opening(edition, of))
    chapter.symbols.update((con_id, contract.symbol) for con_id, contract in edition.book.contracts.items())
    for event in _events(edition.home, of, edition.zone):
        if chapter.take(event) > of and chapter.is_over(event):
            break
    if not chapter.events:
        raise UnknownDay(f"{of}: expected a day of the log, found nothing recorded on it")
    finished = {event.fact.slot for event in chapter.events if isinstance(event.fact, CycleFinished)}
    first, last = chapter.events[0].seq, chapter.events[-1].seq
    return Audit(of, tuple(story(chapter)), len(finished), 0, first, last, (), TOLD)


def _opening(edition: Edition, of: date) -> SnapshotTaken | None:
    """Return the snapshot that the day began with."""
    ((seq,),) = edition.answer(BEFORE.format(day=of)).rows
    found = line_of(edition.home, seq) if isinstance(seq, int) else None
    fact = None if found is None else decode(found.raw).fact
    return fact if isinstance(fact, SnapshotTaken) else None


def _events(home: Path, of: date, zone: str) -> Iterator[Event]:
    """Yield the events from the file before the day's on: it tells of the orders that the day found."""
    files = day_files(events_folder(home))
    began = datetime.combine(of, time(), ZoneInfo(zone)).astimezone(UTC).date()
    first = bisect_left(files.names, f"{began}.jsonl") - 1
    return (decode(line.raw) for line in lines_in(files[max(first, 0) :]))
