"""What a start does before anything else: walk the chain from the last checkpoint on, and decide about its tail.

A tail that nothing depended on is kept aside and cut off. Anything else that does not fit HEAD or the chain is refused,
and nothing is touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ledger.errors import HeadDamaged, LogDamaged, LogForeign, LogForked, LogMissing
from ledger.events import LogStarted, TailTruncated
from ledger.line import LINE_BYTES_MAX, Event, Header, LineBroken, decode, event_of, header_of
from ledger.log.chain import Chain, ChainBroken, Seal
from ledger.log.disk import LOCAL, Disk
from ledger.log.head import SLOTS, Head, read_head
from ledger.log.storage import DayFiles, day_files, events_folder, file_mode, has_day_files, var_folder, write_fully
from ledger.log.walking import walk

Visit = Callable[[Event], None]

RESTORE = "restore the last good copy, as docs/runbook.md says under 'A damaged log'"
LINE_START = re.compile(rb'\{"seq":')


@dataclass(frozen=True, slots=True)
class Tail:
    """Where the good lines end, and why: no flaw if the log ends with a whole batch."""

    chain: Chain
    head_hash: str  # of the line at HEAD.seq, "" if it was not reached
    flaw: ChainBroken | None


def require_log(home: Path, disk: Disk = LOCAL) -> None:
    """Raise unless the home exists and holds at least one day file."""
    if disk.kind(home) != "folder":
        raise LogMissing(f"{home}: expected a home folder, found none; run: tallybook init, then tallybook adopt")
    if has_day_files(events_folder(home), disk):
        return
    head = read_head(var_folder(home), disk)
    if head is not None and head.seq > 0:
        raise LogDamaged(f"{home}: expected lines up to seq {head.seq} as HEAD says, found no day file; {RESTORE}")
    raise LogMissing(
        f"{events_folder(home)}: expected a log, found no day file; run: tallybook adopt, or restore a backup"
    )


def recover(
    var: Path, *, accept_head: bool = False, since: Seal | None = None, visit: Visit | None = None, disk: Disk = LOCAL
) -> tuple[Chain, Head | None]:
    """Return the verified chain and the HEAD found; cuts a torn tail, raises LogError for anything worse.

    `visit` is handed the event of every line of a whole batch, after `since`, in the same walk; what it was told counts
    only if this returns. Days up to `since` are not read, unless HEAD speaks of one of them or cannot be read.
    """
    folder = var / "events"
    tail, head = inspected(var, accept_head=accept_head, since=since, visit=visit, disk=disk)
    if tail.flaw is not None:
        cut_tail(folder, tail, disk)
        tail = _visited(folder, head, since, None, disk)
        check_tail(folder, tail, head, disk)
    _settle(var, tail.chain, disk)
    return tail.chain, head


def inspected(
    var: Path, *, accept_head: bool = False, since: Seal | None = None, visit: Visit | None = None, disk: Disk = LOCAL
) -> tuple[Tail, Head | None]:
    """Return what a start finds, and raise what it refuses; nothing is touched. Readers ask it too."""
    folder = var / "events"
    head = read_head(var, disk)
    tail = _visited(folder, head, since, visit, disk)
    check_tail(folder, tail, head, disk)
    if since is not None and tail.chain.whole_seq < since.seq:
        raise LogForked(
            f"{folder}: expected seq {since.seq} at the end of {since.file}, found whole lines up to seq "
            f"{tail.chain.whole_seq}; this is an old copy; {RESTORE}"
        )
    if head is None and not accept_head:
        end = f"seq {tail.chain.whole_seq}" + (f", then {tail.flaw}" if tail.flaw else f", hash {tail.chain.hash}")
        raise HeadDamaged(
            f"{var}/HEAD.0, HEAD.1: expected one readable, found none; the chain is valid up to {end}; compare it with "
            "the last mail; if it fits, run: tallybook verify --accept-head"
        )
    return tail, head


def _settle(var: Path, chain: Chain, disk: Disk) -> None:
    """Make durable what was found: of lines, HEAD and names that a killed process left, the disk may hold nothing."""
    day = [] if chain.day is None else [var / "events" / chain.day.file]
    for path in (*day, *(var / slot for slot in SLOTS)):
        if disk.kind(path) == "file":
            disk.sync_file(path)
    disk.sync_folder(var / "events")
    disk.sync_folder(var)


def _visited(folder: Path, head: Head | None, since: Seal | None, visit: Visit | None, disk: Disk) -> Tail:
    """Walk from the seal on; from the genesis if HEAD has to be looked up before it, or if nothing follows it."""
    if since is not None and head is not None and head.seq >= since.seq:
        tail = survey(folder, head, disk, since=since, visit=visit)
        if tail.chain.day is not None:
            return tail
    return survey(folder, head, disk, visit=visit if since is None else beyond(since, visit))


def beyond(since: Seal, visit: Visit | None) -> Visit:
    """Hand on what comes after the seal, provided that it lies on this chain."""

    def _beyond(event: Event) -> None:
        if event.seq == since.seq and event.hash != since.hash:
            raise LogForked(
                f"{since.file}: seq {since.seq}: expected hash {since.hash} as its seal says, found {event.hash}; "
                f"this is another history; {RESTORE}"
            )
        if event.seq > since.seq and visit is not None:
            visit(event)

    return _beyond


def survey(
    folder: Path, head: Head | None, disk: Disk = LOCAL, *, since: Seal | None = None, visit: Visit | None = None
) -> Tail:
    """Walk the chain as far as it is good."""
    files = day_files(folder, disk)
    chain, files = chain_after(since, files, disk)
    head_seq = None if head is None else head.seq
    head_hash, flaw, batch = chain.hash if head_seq == chain.seq else "", None, []
    try:
        for raw, header in walk(files, chain, disk):
            if header.seq == head_seq:
                head_hash = header.hash
            if visit is None:
                continue
            batch.append((raw, header))
            if header.batch[0] == header.batch[1]:
                for line in batch:
                    visit(event_of(*line))
                batch.clear()
    except ChainBroken as broken:
        flaw = broken
    if flaw is None and not chain.whole and chain.day is not None:
        flaw = ChainBroken(folder / chain.day.file, chain.day.size, f"batch {list(chain.batch)} ends here")
    return Tail(chain, head_hash, flaw)


def chain_after(since: Seal | None, files: DayFiles, disk: Disk) -> tuple[Chain, DayFiles]:
    """Return the chain to begin with, and the files to walk; the sealed file itself must be there, unread."""
    if since is None:
        return Chain(), files
    if since.file not in files.names:
        raise LogDamaged(f"{since.file}: expected a sealed day file up to seq {since.seq}, found none; {RESTORE}")
    genesis, log_id = genesis_of(files[0], disk)
    return Chain.after(since, genesis, log_id), files[files.names.index(since.file) + 1 :]


def genesis_of(path: Path, disk: Disk) -> tuple[LogStarted, str]:
    """Read the genesis and the log's id from the first line of the first file; LogDamaged if it is none."""
    with disk.reader(path) as file:
        raw = file.readline(LINE_BYTES_MAX + 1)
    try:
        event = decode(raw)
    except LineBroken as broken:
        raise LogDamaged(f"{path.name}, byte 0: {broken}; {RESTORE}") from broken
    if not isinstance(event.fact, LogStarted):
        raise LogDamaged(f"{path.name}: expected it to begin with log_started, found {event.type}; {RESTORE}")
    return event.fact, event.log


def check_tail(folder: Path, tail: Tail, head: Head | None, disk: Disk = LOCAL) -> None:
    """Raise unless HEAD agrees and whatever is beyond the good lines is a torn append that nothing depended on."""
    chain = tail.chain
    if head is not None and tail.head_hash not in ("", head.hash):
        raise LogForked(
            f"{folder}: seq {head.seq}: expected hash {head.hash} as HEAD says, found {tail.head_hash}; "
            f"this is another history or an old copy; {RESTORE}"
        )
    if tail.flaw is not None:
        _check_rest(folder, tail, tail.flaw, disk)
    if chain.whole_seq < 0:
        raise LogDamaged(f"{folder}: expected a genesis, found {tail.flaw or 'no line'}; {RESTORE}")
    if head is not None and chain.whole_seq < head.seq:
        raise LogDamaged(
            f"{folder}: expected whole lines up to seq {head.seq} as HEAD says, found them up to seq "
            f"{chain.whole_seq}{f'; {tail.flaw}' if tail.flaw else ''}; {RESTORE}"
        )


def _check_rest(folder: Path, tail: Tail, flaw: ChainBroken, disk: Disk) -> None:
    """Raise unless the flaw is a torn append: the last thing in the log, with no valid later batch behind it."""
    chain = tail.chain
    torn_from = chain.whole_seq + 1
    in_file = chain.batch_from[0] if not chain.whole else flaw.path.name
    later = [path for path in day_files(folder, disk) if path.name > in_file and disk.status(path).size]
    if later:
        _check_foreign(later[-1], 0, chain, disk)
        raise LogDamaged(f"{flaw}; {later[-1].name} follows; {RESTORE}")
    _check_foreign(flaw.path, flaw.offset, chain, disk)
    for offset, header in valid_lines(flaw.path, flaw.offset, disk):
        # The pages of one unsynced write reach the disk in any order: lines of the very batch that is torn prove
        # nothing. A line that is valid where it stands, yet does not fit, was not torn by a crash.
        of_torn_batch = header.seq - header.batch[0] + 1 == torn_from and offset > flaw.offset
        if header.seq > chain.seq and not of_torn_batch:
            raise LogDamaged(f"{flaw}; byte {offset} holds a valid seq {header.seq}; {RESTORE}")


def _check_foreign(path: Path, offset: int, chain: Chain, disk: Disk) -> None:
    with disk.reader(path) as file:
        file.seek(offset)
        raw = file.readline(LINE_BYTES_MAX + 1)
    try:
        header = header_of(raw)
    except LineBroken:
        return
    if header.log != chain.log_id and chain.log_id:
        raise LogForeign(f"{path.name}: expected log {chain.log_id}, found log {header.log}; remove the foreign file")


def valid_lines(path: Path, offset: int, disk: Disk = LOCAL) -> Iterator[tuple[int, Header]]:
    """Yield every line from the offset on that is valid by its own hash, wherever it begins."""
    unended = b""
    with disk.reader(path) as file:
        file.seek(offset)
        while part := file.readline(LINE_BYTES_MAX + 1):
            raw = unended + part
            starts = LINE_START.finditer(raw) if part.endswith(b"\n") else ()
            for start in starts:
                try:
                    header = header_of(raw[start.start() :])
                except LineBroken:
                    continue
                yield offset - len(unended) + start.start(), header
            # A line may begin in junk that has no end of its own.
            unended = b"" if part.endswith(b"\n") else raw[-LINE_BYTES_MAX:]
            offset += len(part)


def cut_tail(folder: Path, tail: Tail, disk: Disk = LOCAL) -> None:
    """Copy the torn batch aside, then truncate its file; each step is durable before the next."""
    name, offset = tail.chain.batch_from
    if tail.flaw is not None and tail.chain.whole:
        name, offset = tail.flaw.path.name, tail.flaw.offset
    path = folder / name
    kept = folder / f"torn-{tail.chain.whole_seq + 1}-{_sha256(path, disk, offset)[:8]}.bin"
    copy = disk.open(kept, "new", file_mode(folder, disk))
    try:
        for part in _parts(path, disk, offset):
            write_fully(copy, part, disk)
        disk.sync(copy)
    finally:
        disk.close(copy)
    disk.sync_folder(folder)
    torn = disk.open(path, "overwrite", file_mode(folder, disk))
    try:
        disk.truncate(torn, offset)
        disk.sync(torn)
    finally:
        disk.close(torn)


def unrecorded_cuts(folder: Path, chain: Chain, disk: Disk = LOCAL) -> tuple[TailTruncated, ...]:
    """Return what was cut off where the log now ends: by this start, or by one that died before it could say so."""
    last = day_files(folder, disk)[-1]
    kept = re.compile(rf"torn-{chain.seq + 1}-.*\.bin")
    return tuple(
        TailTruncated(
            file=last.name,
            offset=disk.status(last).size,
            byte_count=disk.status(folder / name).size,
            sha256=_sha256(folder / name, disk),
            kept_as=name,
        )
        for name in sorted(disk.names(folder))
        if kept.fullmatch(name)
    )


def _sha256(path: Path, disk: Disk, offset: int = 0) -> str:
    digest = sha256()
    for part in _parts(path, disk, offset):
        digest.update(part)
    return digest.hexdigest()


def _parts(path: Path, disk: Disk, offset: int) -> Iterator[bytes]:
    with disk.reader(path) as file:
        file.seek(offset)
        while part := file.read(1 << 20):
            yield part
