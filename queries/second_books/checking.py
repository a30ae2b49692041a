"""The chain under the second bookkeeping, checked in bulk.

A sealed day is hashed as a whole: its bytes must have the SHA-256
that the first line of the next file states, its first seq must follow, and that line must hang on its head hash. That
takes the place of one thing only, hashing each of its lines and comparing it with the next line's `prev`: the writer
sealed bytes of which it had checked that, and other bytes have another hash. The newest day, which no seal vouches for
yet, is walked line by line, and HEAD must be on it. `verify` also reads each line of sealed days.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from ledger.errors import LogDamaged, LogForked
from ledger.events import DaySealed
from ledger.line import LineBroken, decode
from ledger.log.chain import Chain, ChainBroken, Seal
from ledger.log.disk import LOCAL
from ledger.log.head import Head, read_head
from ledger.log.recovery import RESTORE, genesis_of, require_log
from ledger.log.storage import day_files, events_folder, var_folder
from ledger.log.walking import walk


def checked(home: Path) -> tuple[tuple[Path, ...], list[str], int]:
    """Return the sealed files, the lines of the newest day, and the last seq of a whole batch."""
    require_log(home)
    head = read_head(var_folder(home))
    files = [path for path in day_files(events_folder(home)) if path.stat().st_size]
    sealed, last, hashes = 0, Seal("", -1, ""), dict[int, str]()
    genesis, log_id = genesis_of(files[0], LOCAL)
    for path, after in pairwise(files):
        seal = _seal_of(path, after, last, log_id)
        if seal is None:
            break
        if head is not None and seal.first_seq <= head.seq <= seal.last_seq:
            hashes[head.seq] = _hash_of(path, head.seq - seal.first_seq)
        sealed, last = sealed + 1, Seal.of(seal)
    chain = Chain.after(last, genesis, log_id) if sealed else Chain()
    lines = list[str]()
    try:
        for raw, header in walk(files[sealed:], chain):
            lines.append(raw.decode())
            if head is not None and header.seq == head.seq:
                hashes[head.seq] = header.hash
    except ChainBroken as broken:
        if head is None or chain.whole_seq < head.seq:
            raise LogDamaged(f"{broken}; {RESTORE}") from broken
    _require_head(home, head, hashes, chain.whole_seq)
    return tuple(files[:sealed]), lines, chain.whole_seq


def _seal_of(path: Path, after: Path, before: Seal, log_id: str) -> DaySealed | None:
    """Return what seals a file, its bytes checked; None if the newest file's first line is torn."""
    with after.open("rb") as file:
        raw = file.readline()
    try:
        line = decode(raw)
    except LineBroken:
        return None  # the walk will come to it, and judge
    seal, content = line.fact, path.read_bytes()
    expected = (path.name, before.seq + 1, line.seq - 1, line.prev, content.count(b"\n"), log_id)
    if not isinstance(seal, DaySealed) or expected != (
        seal.file, seal.first_seq, seal.last_seq, seal.head_hash, seal.events, line.log,
    ):  # fmt: skip
        raise LogDamaged(f"{after.name}, line 1: expected the seal of {path.name} after seq {before.seq}; {RESTORE}")
    found = sha256(content).hexdigest()
    if found != seal.file_sha256 or not content.endswith(f'{seal.head_hash}"}}\n'.encode()):
        raise LogDamaged(f"{path.name}: expected SHA-256 {seal.file_sha256}, found {found}; {RESTORE}")
    return seal


def _hash_of(path: Path, number: int) -> str:
    with path.open("rb") as file:
        return decode(next(line for at, line in enumerate(file) if at == number)).hash


def _require_head(home: Path, head: Head | None, hashes: Mapping[int, str], whole_seq: int) -> None:
    if head is not None and whole_seq < head.seq:
        raise LogDamaged(f"{home}: expected seq {head.seq} as HEAD says, found {whole_seq}; {RESTORE}")
    if head is not None and hashes.get(head.seq) != head.hash:
        found = hashes.get(head.seq)
        raise LogForked(f"{home}: seq {head.seq}: expected {head.hash} as HEAD says, found {found}; {RESTORE}")
