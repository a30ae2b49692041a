"""A day as its lines tell it, at once: nothing is folded, nothing decided again.

The book's part, that hashes and decisions come out again and how NAV came about, takes a second, and follows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from ledger.events import CycleFinished, SnapshotTaken
from ledger.line import Event, decode
from ledger.log.storage import day_files, events_folder
from queries.story import Audit, Day, story
from queries.tables import UnknownDay
from trader.commands.dashboard.edition import Edition
from trader.commands.dashboard.lines import line_of, lines_in

TOLD = "told"  # neither replayed nor decided again
CYCLES = """
SELECT session_day, list(seq ORDER BY seq), list(strftime(recorded_at, '%H:%M') ORDER BY seq)
FROM cycle_started GROUP BY session_day ORDER BY session_day
"""
SNAPSHOTS = "SELECT session_day, max(seq) FROM snapshot_taken GROUP BY session_day ORDER BY session_day"
OF_BEFORE = frozenset(("cycle_started", "contract_defined", "order_send_attempted", "commission_charged",
                       "snapshot_taken"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sessions:
    """Every session day: its cycles with the time that each began at, and the last snapshot of each."""

    cycles: Mapping[date, Sequence[tuple[int, str]]]
    days: Sequence[date]
    snapshots: Mapping[date, int]

    def beside(self, of: date) -> tuple[date | None, date | None]:
        """Return the session before a day and the one after it."""
        before, after = bisect_left(self.days, of), bisect_right(self.days, of)
        return self.days[before - 1] if before else None, self.days[after] if after < len(self.days) else None

    def snapshot_before(self, of: date) -> int | None:
        """Return the seq of the last snapshot of an earlier session."""
        earlier = [day for day in self.snapshots if day < of]
        return self.snapshots[max(earlier)] if earlier else None


def sessions(edition: Edition) -> Sessions:
    """Read the sessions of a log."""
    return edition.once("sessions", lambda: _sessions(edition))


def _sessions(edition: Edition) -> Sessions:
    cycles: dict[date, Sequence[tuple[int, str]]] = {}
    for day, seqs, times in edition.answer(CYCLES).rows:
        if isinstance(day, date) and isinstance(seqs, list) and isinstance(times, list):
            cycles[day] = tuple(zip(seqs, times, strict=True))
    snapshots = {
        day: seq for day, seq in edition.answer(SNAPSHOTS).rows if isinstance(day, date) if isinstance(seq, int)
    }
    return Sessions(cycles, tuple(cycles), snapshots)


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
    seq = sessions(edition).snapshot_before(of)
    found = None if seq is None else line_of(edition.home, seq)
    fact = None if found is None else decode(found.raw).fact
    return fact if isinstance(fact, SnapshotTaken) else None


def _events(home: Path, of: date, zone: str) -> Iterator[Event]:
    """Yield the day's events and later ones, and of the file before what tells of the orders that the day found."""
    files = day_files(events_folder(home))
    began = f"{datetime.combine(of, time(), ZoneInfo(zone)).astimezone(UTC).date()}.jsonl"
    first = bisect_left(files.names, began) - 1
    return (
        decode(line.raw) for line in lines_in(files[max(first, 0) :]) if line.file >= began or line.type in OF_BEFORE
    )
