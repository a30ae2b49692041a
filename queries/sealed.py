"""Sealed day files: what the file after each says of it, and its events, its bytes checked first."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from ledger.errors import LogDamaged
from ledger.events import BasisAllocated, DaySealed, Fact, OrderFilled, type_name
from ledger.history import INFERRED, OF_AN_EXECUTION, WITHOUT_TIME
from ledger.line import LINE_BYTES_MAX, Event, LineBroken, decode, header_of_sealed
from ledger.log.reading import of_types
from ledger.log.recovery import RESTORE
from ledger.log.storage import day_files, events_folder
from ledger.undone import UNDOING
from ledger.upcasters import UPCASTERS

# Told after a moment and without a time of their own, all other facts are of no account for what is known of it now.
RETROSPECTIVE: tuple[type[Fact], ...] = (
    *WITHOUT_TIME,
    *INFERRED,
    *OF_AN_EXECUTION,
    *UNDOING,
    BasisAllocated,
    OrderFilled,
)
# An old type may have become one of them.
LOOKING_BACK = re.compile(
    rb'\{"seq":[0-9]+,"type":"(?:%s)"'
    % b"|".join(name.encode() for name in {*map(type_name, RETROSPECTIVE), *(old.type for old in UPCASTERS)})
)


def seals(home: Path) -> tuple[DaySealed, ...]:
    """Return the seal of every sealed day, oldest first, as the first line of the file after it states it."""
    files = day_files(events_folder(home))
    found = [(before, after, seal_in(after)) for before, after in pairwise(files)]
    if found and found[-1][2] is None:
        found.pop()  # empty, or torn: the day before it is not sealed yet
    return tuple(_named(seal, before, after) for before, after, seal in found)


def _named(seal: DaySealed | None, before: Path, after: Path) -> DaySealed:
    if seal is None or seal.file != before.name:
        told = "no seal" if seal is None else f"that of {seal.file}, which is missing"
        raise LogDamaged(f"{after.name}, line 1: expected the seal of {before.name}, found {told}; {RESTORE}")
    return seal


def seal_in(path: Path) -> DaySealed | None:
    """Return the seal that a day file begins with; None if its first line is damaged, or is no seal."""
    with path.open("rb") as file:
        raw = file.readline(LINE_BYTES_MAX + 1)
    try:
        fact = decode(raw).fact
    except LineBroken:
        return None
    return fact if isinstance(fact, DaySealed) else None


def events_of(home: Path, seal: DaySealed, types: Collection[str] | None = None) -> Iterator[Event]:
    """Yield the events of a sealed day, of some types or all; LogDamaged, and none, if its bytes were not sealed so."""
    for raw in lines_of(home, seal):
        if types is None:
            yield decode(raw)
        else:
            yield from of_types(raw, header_of_sealed(raw), types)


def looking_back(home: Path, seal: DaySealed) -> Iterator[Event]:
    """Yield those events of a sealed day that may tell of a time before it, and some others.

    They say when they happened, or are `RETROSPECTIVE`; a line's bytes tell, so that no other is taken apart.
    """
    for raw in lines_of(home, seal):
        if b'"occurred_at":"' in raw or LOOKING_BACK.match(raw):
            yield decode(raw)


def lines_of(home: Path, seal: DaySealed) -> list[bytes]:
    """Return the lines of a sealed day; LogDamaged if its bytes were not sealed so."""
    path = events_folder(home) / seal.file
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise LogDamaged(f"{path}: expected a sealed day, found no file; {RESTORE}") from None
    found = sha256(content).hexdigest()
    if found != seal.file_sha256:
        raise LogDamaged(f"{path.name}: expected SHA-256 {seal.file_sha256}, found {found}; {RESTORE}")
    return content.splitlines(keepends=True)
