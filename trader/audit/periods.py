"""Days audited: one, or every one of a range, several at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from os import cpu_count
from pathlib import Path

from ledger.log.storage import day_files, events_folder
from queries.story import Audit, audit
from queries.tables import UnknownDay
from queries.workers import is_one_of_several, several
from trader.audit.judging import Judge

WORTH_PROCESSES = 8  # days: each process takes a second to start


def audit_day(home: Path, day: date, zone: str) -> Audit:
    """Tell a day, and decide it again; UnknownDay if nothing was recorded on it."""
    return audit(home, day, zone=zone, judge=lambda: Judge(home))


def days_between(home: Path, first: date, last: date) -> tuple[date, ...]:
    """Return the days of a range that a log may tell of: those of its files, which are cut by UTC, and neighbours."""
    written = {date.fromisoformat(name.removesuffix(".jsonl")) for name in day_files(events_folder(home)).names}
    near = {day + timedelta(days=by) for day in written for by in (-1, 0)}
    return tuple(sorted(day for day in near if first <= day <= last))


def audit_days(home: Path, days: Sequence[date], zone: str) -> Iterator[Audit | None]:
    """Yield the audits of days in their order, as they are done; None for a day of which nothing is recorded."""
    one = partial(_audit_if_known, home, zone=zone)
    processes = 1 if is_one_of_several() else min(cpu_count() or 1, len(days))
    if len(days) < WORTH_PROCESSES or processes == 1:
        yield from map(one, days)
        return
    with several(processes) as pool:
        yield from pool.map(one, days)


def _audit_if_known(home: Path, day: date, zone: str) -> Audit | None:
    with suppress(UnknownDay):
        return audit_day(home, day, zone)
    return None
