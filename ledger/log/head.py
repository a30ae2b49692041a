"""HEAD: how far the log is vouched for.

Two slots, each with seq, hash and its own checksum. The older one is overwritten in place and synced, so that a crash
in the middle leaves the other; the valid one with the higher seq wins. HEAD tells a tail that nothing depended on from
damage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ledger.log.disk import LOCAL, Disk
from ledger.log.storage import file_mode

SLOTS = ("HEAD.0", "HEAD.1")
SLOT = re.compile(rb"([0-9]{20}) ([0-9a-f]{64}) ([0-9a-f]{64})\n")


@dataclass(frozen=True, slots=True)
class Head:
    """The last line that something in the outside world may depend on."""

    seq: int
    hash: str


def read_head(var: Path, disk: Disk = LOCAL) -> Head | None:
    """Return what the slots vouch for; None if neither is readable."""
    valid = [head for head in (_read_slot(var / name, disk) for name in SLOTS) if head is not None]
    return max(valid, key=lambda head: head.seq, default=None)


def write_head(var: Path, head: Head, disk: Disk = LOCAL) -> None:
    """Overwrite the older slot and sync it."""
    slots = [(_read_slot(var / name, disk), name) for name in SLOTS]
    if any(found == head for found, _ in slots):
        return
    _, name = min(slots, key=lambda slot: -1 if slot[0] is None else slot[0].seq)
    _write_slot(var / name, head, disk)


def write_first_head(var: Path, head: Head, disk: Disk = LOCAL) -> None:
    """Write both slots of a new log, or of one whose HEAD the operator gave up."""
    for name in SLOTS:
        _write_slot(var / name, head, disk)
    disk.sync_folder(var)


def _read_slot(path: Path, disk: Disk) -> Head | None:
    try:
        content = disk.content(path)
    except OSError:
        return None  # unreadable is invalid: the other slot decides, and without it the log refuses
    match = SLOT.fullmatch(content)
    if match is None or sha256(content[:85]).hexdigest().encode() != match[3]:
        return None
    return Head(int(match[1]), match[2].decode())


def _write_slot(path: Path, head: Head, disk: Disk) -> None:
    content = f"{head.seq:020d} {head.hash}".encode()
    line = content + b" " + sha256(content).hexdigest().encode() + b"\n"
    handle = disk.open(path, "overwrite", file_mode(path.parent, disk))
    try:
        written = disk.write_at(handle, line, 0)
        if written != len(line):
            raise OSError(f"{path}: expected to write {len(line)} bytes, wrote {written}")
        disk.truncate(handle, len(line))
        disk.sync(handle)
    finally:
        disk.close(handle)
