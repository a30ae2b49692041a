"""HEAD: how far the log is vouched for.

Two slots, each with seq, hash and its own checksum. The older one is overwritten in place and synced, so that a crash
in the middle leaves the other; the valid one with the higher seq wins. HEAD tells a tail that nothing depended on from
damage.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ledger.log.storage import sync_folder

SLOTS = ("HEAD.0", "HEAD.1")
SLOT = re.compile(rb"([0-9]{20}) ([0-9a-f]{64}) ([0-9a-f]{64})\n")


@dataclass(frozen=True, slots=True)
class Head:
    """The last line that something in the outside world may depend on."""

    seq: int
    hash: str


def read_head(var: Path) -> Head | None:
    """Return what the slots vouch for; None if neither is readable."""
    valid = [head for head in (_read_slot(var / name) for name in SLOTS) if head is not None]
    return max(valid, key=lambda head: head.seq, default=None)


def write_head(var: Path, head: Head) -> None:
    """Overwrite the older slot and sync it."""
    if read_head(var) == head:
        return
    slots = [(_read_slot(var / name), name) for name in SLOTS]
    _, name = min(slots, key=lambda slot: -1 if slot[0] is None else slot[0].seq)
    _write_slot(var / name, head)


def write_first_head(var: Path, head: Head) -> None:
    """Write both slots of a new log, or of one whose HEAD the operator gave up."""
    for name in SLOTS:
        _write_slot(var / name, head)
    sync_folder(var)


def _read_slot(path: Path) -> Head | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None  # unreadable is invalid: the other slot decides, and without it the log refuses
    match = SLOT.fullmatch(content)
    if match is None or sha256(content[:85]).hexdigest().encode() != match[3]:
        return None
    return Head(int(match[1]), match[2].decode())


def _write_slot(path: Path, head: Head) -> None:
    content = f"{head.seq:020d} {head.hash}".encode()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        line = content + b" " + sha256(content).hexdigest().encode() + b"\n"
        written = os.pwrite(descriptor, line, 0)
        if written != len(line):
            raise OSError(f"{path}: expected to write {len(line)} bytes, wrote {written}")
        os.ftruncate(descriptor, len(line))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
