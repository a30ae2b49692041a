"""One writer: a lock that dies with its process, and the notes of those who found it held.

`var/lock` is an flock; its content says who holds it. A start that is refused leaves a note under `var/refused/`, which
the holder, or whoever opens the log next, records.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ledger.errors import LockIneffective, LogLocked
from ledger.events import StartRefused, instant_text
from ledger.log.storage import write_fully, write_new_file

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

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor
        # Never inherited: exec closes the descriptor by its flag, a plain fork by this.
        os.register_at_fork(after_in_child=self._drop)

    @staticmethod
    def take(var: Path, holder: Holder) -> Lock:
        """Take the lock and write who holds it; LogLocked, with the holder's own words, if somebody else does."""
        path = var / "lock"
        for _ in range(LOOKS):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if _flock(descriptor) and _is_still(path, descriptor):
                _prove_that_locks_work(path, descriptor)
                _write_holder(descriptor, holder)
                return Lock(descriptor)
            os.close(descriptor)
            if (other := read_holder(var)) is not None:
                raise _locked(path, other)
            time.sleep(LOOK_EVERY_SECONDS)
        raise _locked(path, None)

    @property
    def held(self) -> bool:
        """This process may write."""
        return self._descriptor is not None

    def release(self) -> None:
        """Give the lock up. The name goes first, so that nobody reads it as the next holder's."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            self._drop()

    def _drop(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def read_holder(var: Path) -> Holder | None:
    """Return who holds the lock, or held it when it died last; None if that is unknown or the process is gone."""
    try:
        said = json.loads((var / "lock").read_bytes())
        holder = Holder(int(said["pid"]), str(said["slot"]), datetime.fromisoformat(said["started_at"]))
        os.kill(holder.pid, 0)
    except PermissionError:
        return holder  # another user's process: it lives
    except (OSError, OverflowError, ValueError, KeyError, TypeError):
        return None
    return holder


def leave_note(var: Path, slot: str, refused_at: datetime) -> None:
    """Leave word that a start was refused."""
    folder = var / "refused"
    folder.mkdir(mode=0o700, exist_ok=True)
    said = {"pid": os.getpid(), "slot": slot, "refused_at": instant_text(refused_at)}
    write_new_file(folder / f"{os.getpid()}-{time.monotonic_ns()}.json", json.dumps(said).encode() + b"\n")


def refused_starts(var: Path, otherwise: datetime) -> tuple[tuple[Path, StartRefused], ...]:
    """Return the notes that lie there, oldest first; an unreadable one counts too, at the moment given."""
    folder = var / "refused"
    paths = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns) if folder.is_dir() else ()
    return tuple((path, _read_note(path, otherwise)) for path in paths)


def _read_note(path: Path, otherwise: datetime) -> StartRefused:
    try:
        said = json.loads(path.read_bytes())
        refused_at = datetime.fromisoformat(said["refused_at"])
        return StartRefused(pid=said["pid"], slot=said["slot"], refused_at=refused_at)
    except (OSError, ValueError, KeyError, TypeError):
        return StartRefused(pid=0, slot=f"unreadable note {path.name}", refused_at=otherwise)


def _locked(path: Path, holder: Holder | None) -> LogLocked:
    if holder is None:
        return LogLocked(f"{path}: expected to be free, found another writer; try again later", None, "", None)
    work = f"slot {holder.slot}" if holder.slot else "no slot"
    return LogLocked(
        f"{path}: expected to be free, found process {holder.pid} ({work}, since {instant_text(holder.started_at)}); "
        "wait for it to end",
        holder.pid, holder.slot, holder.started_at,
    )  # fmt: skip


def _flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    """Tell whether the path still leads to the locked file: a lock on a deleted one keeps nobody out."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _prove_that_locks_work(path: Path, descriptor: int) -> None:
    second = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        if _flock(second):
            os.close(descriptor)
            raise LockIneffective(
                f"{path}: expected the file system to refuse a second lock, found it granted; "
                "move the home to a local disk"
            )
    finally:
        os.close(second)


def _write_holder(descriptor: int, holder: Holder) -> None:
    said = {"pid": holder.pid, "slot": holder.slot, "started_at": instant_text(holder.started_at)}
    os.ftruncate(descriptor, 0)
    write_fully(descriptor, json.dumps(said).encode() + b"\n")
