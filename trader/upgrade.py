"""`tallybook upgrade --check`: replay the whole log under the installed version, and show every number that changed.

Each cycle's book is hashed again and held against the hash that it recorded; each snapshot's figures are computed
again. On the way the checkpoints of this version are written, so that the first cycle after an upgrade is not the one
that pays for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.book import Book, Forgotten, Impossible, book_hash
from ledger.checkpoints import Keeper
from ledger.events import CycleFinished, SnapshotTaken
from ledger.line import Event
from ledger.log import read_events
from ledger.nav import Unvalued
from trader.snapshot import snapshot


@dataclass(frozen=True, slots=True)
class Change:
    """One number that this version computes differently."""

    seq: int
    cycle: str  # its slot
    field: str
    recorded: str
    now: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a replay under this version found."""

    cycles: int
    snapshots: int
    checkpoints: int
    changes: tuple[Change, ...]


def check(home: Path, seen: Callable[[int], None] = lambda _: None) -> Checked:
    """Replay the log; `seen` is told the seq of each event. Raises OSError where a checkpoint cannot be written."""
    try:
        return _replayed(home, seen, retain=False)
    except Forgotten:  # a late fact reaches further back than a book remembers
        return _replayed(home, seen, retain=True)


def _replayed(home: Path, seen: Callable[[int], None], *, retain: bool) -> Checked:
    book, keeper, changes = Book(), Keeper(home, weekly=True), list[Change]()
    book.forgets = not retain
    cycles = snapshots = 0
    for event in read_events(home):
        match event.fact:
            case CycleFinished() as finished:
                cycles += 1
                changes += _hash_change(book, event, finished)
            case SnapshotTaken() as taken:
                snapshots += 1
                changes += _snapshot_changes(book, event, taken)
            case _:
                pass
        try:
            keeper.visit(book, event)
            book.apply(event)
        except Forgotten:
            raise
        except Impossible as error:
            changes.append(Change(event.seq, _slot(book), event.type, "applied", f"impossible: {error}"))
            break  # nothing after it can be told
        seen(event.seq)
    return Checked(cycles, snapshots, keeper.written, tuple(changes))


def _slot(book: Book) -> str:
    return book.cycle.started.slot if book.cycle is not None else ""


def _hash_change(book: Book, event: Event, finished: CycleFinished) -> Iterator[Change]:
    version = finished.book_hash.partition(":")[0]
    try:
        now = book_hash(book, int(version))
    except ValueError as error:
        now = f"cannot be computed: {error}"
    if now != finished.book_hash:
        yield Change(event.seq, finished.slot, "book hash", finished.book_hash, now)


def _snapshot_changes(book: Book, event: Event, taken: SnapshotTaken) -> Iterator[Change]:
    try:
        now = dict(_figures(snapshot(book).model_dump(mode="json")))
    except (Unvalued, LookupError) as error:
        yield Change(event.seq, _slot(book), "snapshot", "computed", f"cannot be computed: {error}")
        return
    recorded = dict(_figures(taken.model_dump(mode="json")))
    for name in sorted(recorded.keys() | now.keys()):
        before, after = recorded.get(name, "absent"), now.get(name, "absent")
        if before != after:
            yield Change(event.seq, _slot(book), name, before, after)


def _figures(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield every figure of a snapshot under a name of its own: `nav`, `positions AAPL value`, `cash USD amount`."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key not in ("type", "occurred_at"):
                yield from _figures(part, f"{name} {key}".strip())
    elif isinstance(value, list):
        for row in value:
            yield from _figures(row, f"{name} {row.get('symbol') or row.get('currency')}")
    else:
        yield name, "absent" if value is None else str(value)
