"""Reading without the lock: for queries, audits and status, while a writer may be at work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from ledger.errors import LogDamaged, LogForked
from ledger.events import DaySealed, LogStarted
from ledger.line import LINE_BYTES_MAX, Event, Header, LineBroken, decode, event_of, header_of, moment
from ledger.log.chain import Chain, ChainBroken, Seal
from ledger.log.decoding import walk_events
from ledger.log.disk import LOCAL, Disk
from ledger.log.head import Head, read_head
from ledger.log.recovery import RESTORE, beyond, chain_after, genesis_of, require_log
from ledger.log.storage import day_files, events_folder, var_folder
from ledger.log.walking import walk


class _Line(NamedTuple):
    """A line that nobody decoded yet."""

    seq: int
    hash: str
    raw: bytes
    header: Header


Told = TypeVar("Told", Event, _Line)


def read_events(
    home: Path,
    *,
    since: Seal | None = None,
    until_seq: int | None = None,
    types: Collection[str] | None = None,
    disk: Disk = LOCAL,
) -> Iterator[Event]:
    """Yield the events of whole batches, each line checked before it is parsed; with `since`, of those after it.

    Everything up to HEAD as it was found must be there; beyond it the first line that is not whole ends the reading.
    With `types`, other facts are not decoded, and left out.
    """
    require_log(home, disk)
    head = read_head(var_folder(home), disk)
    if since is not None and head is not None and head.seq < since.seq:
        later = list[Event]()  # HEAD has to be looked up before the seal
        hand_on = beyond(since, later.append)
        for event in read_events(home, until_seq=until_seq, disk=disk):
            hand_on(event)
            yield from (event for event in later if types is None or event.type in types)
            later.clear()
    elif since is not None and until_seq is not None and until_seq <= since.seq:
        return
    elif types is None:
        yield from _read(events_folder(home), head, since, until_seq, disk, walk_events)
    else:
        for line in _read(events_folder(home), head, since, until_seq, disk, _walk_lines):
            yield from of_types(line.raw, line.header, types)


def of_types(raw: bytes, header: Header, types: Collection[str]) -> Iterator[Event]:
    """Decode a line if its fact is of these types: an old one may become one of them."""
    if header.known is None or header.type in types:
        event = event_of(raw, header)
        if event.type in types:
            yield event


def _walk_lines(files: Sequence[Path], chain: Chain, disk: Disk) -> Iterator[list[_Line]]:
    for raw, header in walk(files, chain, disk):
        yield [_Line(header.seq, header.hash, raw, header)]


def _read(
    folder: Path,
    head: Head | None,
    since: Seal | None,
    until_seq: int | None,
    disk: Disk,
    walked: Callable[[Sequence[Path], Chain, Disk], Iterator[list[Told]]],
) -> Iterator[Told]:
    chain, files = chain_after(since, day_files(folder, disk), disk)
    waiting, head_seq = list[Told](), None if head is None else head.seq  # for the rest of their batch
    if head_seq == chain.seq:
        _check_head(folder, head, chain.hash)
    try:
        for run in walked(files, chain, disk):
            first, last = run[0].seq, run[-1].seq
            if head_seq is not None and first <= head_seq <= last:
                _check_head(folder, head, run[head_seq - first].hash)
            waiting += run
            if until_seq is not None and first <= until_seq <= last:
                yield from waiting[: until_seq - last or None]
                return
            whole = len(waiting) - (last - chain.whole_seq)
            yield from waiting[:whole]
            del waiting[:whole]
    except ChainBroken as broken:
        if head is None or chain.whole_seq < head.seq:
            raise LogDamaged(f"{broken}; {RESTORE}") from broken
    if head is not None and chain.whole_seq < head.seq:
        raise LogDamaged(f"{folder}: expected seq {head.seq} as HEAD says, found {chain.whole_seq}; {RESTORE}")


def _check_head(folder: Path, head: Head | None, found: str) -> None:
    if head is not None and found != head.hash:
        raise LogForked(f"{folder}: seq {head.seq}: expected hash {head.hash} as HEAD says, found {found}; {RESTORE}")


def read_from(home: Path, seq: int, disk: Disk = LOCAL) -> Iterator[Event]:
    """Yield the events from the day file on in which a seq stands: some of before it, and all of it and after."""
    yield from read_events(home, since=_seal_before(home, seq, disk), disk=disk)


def _seal_before(home: Path, seq: int, disk: Disk) -> Seal | None:
    """Return the last seal at or before a seq, as the first line after it states it; None if there is none."""
    for path in reversed(day_files(events_folder(home), disk)):
        with disk.reader(path) as file:
            raw = file.readline(LINE_BYTES_MAX + 1)
        try:
            event = decode(raw)
        except LineBroken:
            continue  # torn, or damaged: the walk will come to it, and judge
        if event.seq <= seq:
            return Seal.of(event.fact) if isinstance(event.fact, DaySealed) else None
    return None


def read_genesis(home: Path, disk: Disk = LOCAL) -> LogStarted:
    """Return what the log says of itself in its first line."""
    require_log(home, disk)
    return genesis_of(day_files(events_folder(home), disk)[0], disk)[0]


def last_recorded_at(home: Path, disk: Disk = LOCAL) -> datetime:
    """Return the moment of the last whole line, without a walk through the history."""
    require_log(home, disk)
    for path in reversed(day_files(events_folder(home), disk)):
        found = b""
        with disk.reader(path) as file:
            while raw := file.readline(LINE_BYTES_MAX + 1):
                try:
                    found = header_of(raw).recorded_at
                except LineBroken:
                    break
        if found:
            return moment(found)
    raise LogDamaged(f"{events_folder(home)}: expected one whole line, found none; {RESTORE}")
