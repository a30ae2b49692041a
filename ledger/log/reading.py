"""Reading without the lock: for queries, audits and status, while a writer may be at work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from ledger.errors import LogDamaged, LogForked
from ledger.events import LogStarted
from ledger.line import LINE_BYTES_MAX, Event, LineBroken, decode, event_of, header_of, moment
from ledger.log.chain import Chain, ChainBroken, walk
from ledger.log.disk import LOCAL, Disk
from ledger.log.head import read_head
from ledger.log.recovery import RESTORE, require_log
from ledger.log.storage import day_files, events_folder, var_folder


def read_events(home: Path, *, until_seq: int | None = None, disk: Disk = LOCAL) -> Iterator[Event]:
    """Yield the events of whole batches, each line checked before it is parsed.

    Everything up to HEAD as it was found must be there; beyond it the first line that is not whole ends the reading.
    """
    require_log(home, disk)
    head = read_head(var_folder(home), disk)
    folder = events_folder(home)
    chain, batch = Chain(), list[Event]()
    try:
        for raw, header in walk(day_files(folder, disk), chain, disk):
            if head is not None and header.seq == head.seq and header.hash != head.hash:
                raise LogForked(
                    f"{folder}: seq {head.seq}: expected hash {head.hash} as HEAD says, found {header.hash}; {RESTORE}"
                )
            batch.append(event_of(raw, header))
            if until_seq is not None and header.seq == until_seq:
                yield from batch
                return
            if chain.whole:
                yield from batch
                batch.clear()
    except ChainBroken as broken:
        if head is None or chain.whole_seq < head.seq:
            raise LogDamaged(f"{broken}; {RESTORE}") from broken
    if head is not None and chain.whole_seq < head.seq:
        raise LogDamaged(f"{folder}: expected seq {head.seq} as HEAD says, found {chain.whole_seq}; {RESTORE}")


def read_genesis(home: Path, disk: Disk = LOCAL) -> LogStarted:
    """Return what the log says of itself in its first line."""
    require_log(home, disk)
    path = day_files(events_folder(home), disk)[0]
    with disk.reader(path) as file:
        raw = file.readline(LINE_BYTES_MAX + 1)
    try:
        genesis = decode(raw).fact
    except LineBroken as broken:
        raise LogDamaged(f"{path.name}, byte 0: {broken}; {RESTORE}") from broken
    if not isinstance(genesis, LogStarted):
        raise LogDamaged(f"{path.name}: expected it to begin with log_started, found {genesis.type}; {RESTORE}")
    return genesis


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
