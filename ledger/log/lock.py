"""One writer: a lock that dies with its process, and the notes of those who found it held.

`var/lock` is an flock; its content says who holds it. A start that is refused leaves a note under `var/refused/`, which
the holder, or whoever opens the log next, records.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ledger.errors import LockIneffective, LogLocked
from ledger.events import StartRefused, instant_text
from ledger.log.disk import LOCAL, Disk
from ledger.log.storage import file_mode, folder_mode, write_fully, write_new_file

LOOKS = 20  # at a holder that has the lock but has not written its name yet
LOOK_EVERY_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Holder:
    """What the lock's holder says of itself."""

    pid: int
    slot: str
    started_at: datetime


class Lock:
    """The right to write, until it is released or the process dies."""

    def __init__(self, handle: int, disk: Disk) -> None:
        self._handle: int | None = handle
        self._disk = disk
        # Never inherited: exec closes the handle by its flag, a plain fork by this.
        os.register_at_fork(after_in_child=self._drop)

    @staticmethod
    def take(var: Path, holder: Holder, disk: Disk = LOCAL) -> Lock:
        """Take the lock and write who holds it; LogLocked, with the holder's own words, if somebody else does."""
        path = var / "lock"
        for _ in range(LOOKS):
            handle = disk.open(path, "overwrite", file_mode(path.parent, disk))
            if disk.lock(handle) and disk.leads_to(path, handle):
                _prove_that_locks_work(path, handle, disk)
                _write_holder(handle, holder, disk)
                return Lock(handle, disk)
            disk.close(handle)
            if (other := read_holder(var, disk)) is not None:
                raise _locked(path, other)
            time.sleep(LOOK_EVERY_SECONDS)
        raise _locked(path, None)

    @property
    def held(self) -> bool:
        """This process may write."""
        return self._handle is not None

    def release(self) -> None:
        """Give the lock up. The name goes first, so that nobody reads it as the next holder's."""
        if self._handle is not None:
            with suppress(OSError):  # a courtesy to readers: a disk that fails here must not keep the lock held
                self._disk.truncate(self._handle, 0)
            self._drop()

    def _drop(self) -> None:
        if self._handle is not None:
            self._disk.close(self._handle)
            self._handle = None


def read_holder(var: Path, disk: Disk = LOCAL) -> Holder | None:
    """Return who holds the lock, or held it when it died last; None if that is unknown or the process is gone."""
    try:
        said = json.loads(disk.content(var / "lock"))
        holder = Holder(int(said["pid"]), str(said["slot"]), datetime.fromisoformat(said["started_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not to be read by this user, or half written
    try:
        os.kill(holder.pid, 0)
    except PermissionError:
        return holder  # another user's process: it lives
    except (OSError, OverflowError):
        return None
    return holder


def leave_note(var: Path, slot: str, refused_at: datetime, disk: Disk = LOCAL) -> None:
    """Leave word that a start was refused."""
    folder = var / "refused"
    if disk.kind(folder) == "nothing":
        with suppress(FileExistsError):  # another refused start was quicker
            disk.make_folder(folder, folder_mode(var, disk))
    said = {"pid": os.getpid(), "slot": slot, "refused_at": instant_text(refused_at)}
    write_new_file(folder / f"{os.getpid()}-{time.monotonic_ns()}.json", json.dumps(said).encode() + b"\n", disk)


def refused_starts(var: Path, otherwise: datetime, disk: Disk = LOCAL) -> tuple[tuple[Path, StartRefused], ...]:
    """Return the notes that lie there, oldest first; an unreadable one counts too, at the moment given."""
    folder = var / "refused"
    if disk.kind(folder) != "folder":
        return ()
    paths = (folder / name for name in disk.names(folder) if name.endswith(".json") and not name.startswith("."))
    oldest_first = sorted(paths, key=lambda path: (disk.status(path).modified_ns, path.name))
    return tuple((path, _read_note(path, otherwise, disk)) for path in oldest_first)


def _read_note(path: Path, otherwise: datetime, disk: Disk) -> StartRefused:
    name = path.name.encode("utf-8", "backslashreplace").decode()
    try:
        said = json.loads(disk.content(path))
        refused_at = datetime.fromisoformat(said["refused_at"])
        return StartRefused(pid=said["pid"], slot=said["slot"], refused_at=refused_at, note=name)
    except (OSError, ValueError, KeyError, TypeError):
        return StartRefused(pid=0, slot=f"unreadable note {name}", refused_at=otherwise, note=name)


def _locked(path: Path, holder: Holder | None) -> LogLocked:
    if holder is None:
        return LogLocked(f"{path}: expected to be free, found another writer; try again later", None, "", None)
    work = f"slot {holder.slot}" if holder.slot else "no slot"
    return LogLocked(
        f"{path}: expected to be free, found process {holder.pid} ({work}, since {instant_text(holder.started_at)}); "
        "wait for it to end",
        holder.pid, holder.slot, holder.started_at,
    )  # fmt: skip


def _prove_that_locks_work(path: Path, handle: int, disk: Disk) -> None:
    second = disk.open(path, "overwrite", file_mode(path.parent, disk))
    try:
        if disk.lock(second):
            disk.close(handle)
            raise LockIneffective(
                f"{path}: expected the file system to refuse a second lock, found it granted; "
                "move the home to a local disk"
            )
    finally:
        disk.close(second)


def _write_holder(handle: int, holder: Holder, disk: Disk) -> None:
    said = {"pid": holder.pid, "slot": holder.slot, "started_at": instant_text(holder.started_at)}
    disk.truncate(handle, 0)
    write_fully(handle, json.dumps(said).encode() + b"\n", disk)
