"""`tallybook restore`: put a backup into a home without a log. The home is in recovery from the first moment on.

Everything is copied aside and checked, the recovery is recorded in the copy, and only then is the log put in its place:
no start in between finds a log that does not say that it may be old.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ledger.clock import Clock, SimulatedClock, SystemClock
from ledger.errors import LogForeign
from ledger.events import RecoveryStarted
from ledger.log import Log, last_recorded_at, read_genesis
from ledger.log.disk import LOCAL
from ledger.log.head import Head, write_first_head
from ledger.log.lock import Holder, Lock
from ledger.log.storage import day_files, events_folder, file_mode, folder_mode, var_folder
from trader.copies import BackupDamaged, Prefix, evidence, for_people, not_copied, prefix, verify
from trader.manifest import BackupRefused
from trader.place import stamp
from trader.schedule import FILE_NAME
from trader.witness import Witness, hash_at

ASIDE = ".restoring"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore put in its place."""

    log: Prefix
    warning: str  # empty, or why more than this backup is known to have happened
    settings_kept: bool  # the home had its own
    not_copied: tuple[str, ...]  # what the settings name, and no backup holds


def restore(home: Path, source: Path, witness: Witness | None = None, name: str = "") -> Restored:
    """Put a backup, or the copy of a home, into a home that holds no log; `name` is what the log calls it."""
    log = verify(source)
    warning = _held_against(source, log, witness)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    var = var_folder(home)
    _make(var)
    with _locked(var):
        _require_no_log(home, source)
        aside = var / f"{ASIDE}-{os.getpid()}"
        try:
            _copy_log(source, aside, log)
            _begin_recovery(aside, f"restored from {name or source}{f'; {warning}' if warning else ''}", witness)
            settings_kept = _copy_rest(source, home)
            _put_in_place(aside, home)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return Restored(log, warning, settings_kept, tuple(not_copied(home)))


def _held_against(source: Path, log: Prefix, witness: Witness | None) -> str:
    if witness is None:
        return ""
    if witness.seq > log.seq:
        return f"the witness knows seq {witness.seq}, and the backup ends at seq {log.seq}: it is not the newest log"
    if hash_at(source, witness.seq) != witness.hash:
        raise BackupRefused(
            f"{source}: seq {witness.seq}: expected the line of the witness, found another: this is another history; "
            "use another backup"
        )
    return ""


@contextmanager
def _locked(var: Path) -> Iterator[None]:
    """Keep every cycle out meanwhile."""
    lock = Lock.take(var, Holder(os.getpid(), "", datetime(1970, 1, 1, tzinfo=UTC)))
    try:
        yield
    finally:
        lock.release()


def _require_no_log(home: Path, source: Path) -> None:
    var = var_folder(home)
    found = [*day_files(events_folder(home)), *(path for path in (var / "HEAD.0", var / "HEAD.1") if path.exists())]
    if found:
        raise BackupRefused(
            f"{home}: expected a home without a log, found {found[0].relative_to(home)}; keep what is there "
            f"(mv var var.old), or name another --home"
        )
    if source.resolve() == home.resolve():
        raise BackupRefused(f"{source}: expected a backup, found the home itself; name the backup")


def _copy_log(source: Path, aside: Path, log: Prefix) -> None:
    """Copy the log as far as it was checked, and check the copy."""
    events = events_folder(aside)
    _make(events)
    for day in log.days:
        path = events / day.name
        with (events_folder(source) / day.name).open("rb") as original, path.open("wb") as copy:
            rest = day.size
            while rest and (part := original.read(min(rest, 1 << 20))):
                copy.write(part)
                rest -= len(part)
            os.fchmod(copy.fileno(), file_mode(events) & (0o440 if day.sealed else 0o660))
            copy.flush()
            os.fsync(copy.fileno())
    for torn in sorted(events_folder(source).glob("torn-*.bin")):
        shutil.copyfile(torn, events / torn.name)
    write_first_head(var_folder(aside), Head(log.seq, log.hash))
    if prefix(aside).witness != log.witness:
        raise BackupDamaged(f"{aside}: expected {log.witness} after copying, found otherwise; check the disk")


def _begin_recovery(aside: Path, reason: str, witness: Witness | None) -> None:
    with Log.open(aside, clock_at_hand(aside)) as log:
        log.append(
            log.draft((RecoveryStarted(reason=reason, witness=None if witness is None else str(witness)),), None)
        )


def clock_at_hand(home: Path) -> Clock:
    """Return the clock that a log asks for; a simulated one stands where the log ends."""
    if read_genesis(home).clock == "system":
        return SystemClock()
    moment = last_recorded_at(home)

    def refuse(_: float) -> None:
        raise LogForeign(f"{home}: expected a simulator to advance its clock, found none; start it")

    return SimulatedClock(lambda: moment, refuse)


def _copy_rest(source: Path, home: Path) -> bool:
    """Copy evidence and what people read; tell whether the home kept settings of its own."""
    settings_kept = (home / FILE_NAME).exists()
    events = Path("var") / "events"
    for name in (*evidence(source), *for_people(source)):
        if name.parent == events or (settings_kept and name == Path(FILE_NAME)):
            continue
        target = home / name
        _make(target.parent)
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copyfile(source / name, unfinished)
        unfinished.chmod(file_mode(target.parent))
        _sync(unfinished)
        unfinished.replace(target)
    return settings_kept


def _put_in_place(aside: Path, home: Path) -> None:
    """Put HEAD in its place first: without its lines, every start refuses."""
    var, there = var_folder(home), var_folder(aside)
    if events_folder(home).exists():
        events_folder(home).rmdir()  # it is empty
    for name in ("HEAD.0", "HEAD.1", "events"):
        (there / name).replace(var / name)
        _sync(var)
    stamp(home)


def _make(folder: Path) -> None:
    """Make a folder and those above it; a shared home's are its group's too."""
    if not folder.is_dir():
        _make(folder.parent)
        LOCAL.make_folder(folder, folder_mode(folder.parent))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
