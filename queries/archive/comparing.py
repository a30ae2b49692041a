"""What the archive holds of sealed days, beside what their seals say: events, first and last seq, head, all bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import groupby
from typing import NamedTuple

from ledger.events import DaySealed
from queries.archive.errors import ArchiveDamaged
from queries.archive.rows import Row

REMEDY = "write the account anew from its home: tallybook export delta URI --anew"


class Told(NamedTuple):
    """What one day comes to, as its seal says it or as the archive holds it."""

    file: str
    first_seq: int
    last_seq: int
    events: int
    head_hash: str
    file_sha256: str


def compare(where: str, account: str, seals: Sequence[DaySealed], rows: Iterable[Row]) -> None:
    """Raise ArchiveDamaged unless rows in order of seq are those of some sealed days, and nothing else."""
    expected = [Told(*(getattr(seal, name) for name in Told._fields)) for seal in seals]
    place = 0
    for day, lines in groupby(rows, key=lambda row: row.day):
        found = _told(f"{day.isoformat()}.jsonl", lines)
        wanted = expected[place] if place < len(expected) else None
        if found != wanted:
            raise ArchiveDamaged(f"{where}: {account}: {_difference(wanted, found)}; {REMEDY}")
        place += 1
    if place < len(expected):
        raise ArchiveDamaged(f"{where}: {account}: expected {expected[place].file}, found nothing of it; {REMEDY}")


def _told(file: str, rows: Iterable[Row]) -> Told:
    content, first, last, events, head = sha256(), -1, -1, 0, ""
    for row in rows:
        first = row.seq if events == 0 else first
        last, head, events = row.seq, row.hash, events + 1
        content.update(row.line)
    return Told(file, first, last, events, head, content.hexdigest())


def _difference(wanted: Told | None, found: Told) -> str:
    if wanted is None:
        return f"expected no further day, found {found.file}"
    name = next(name for name in Told._fields if getattr(wanted, name) != getattr(found, name))
    return f"{wanted.file}: expected {name} {getattr(wanted, name)}, found {getattr(found, name)}"
