"""`tallybook backup`: a copy of everything that cannot be made again, consistent while a cycle runs.

It takes no lock: sealed files never change, the open day's file only grows, and evidence is on disk before the line
that names it. Copied are the sealed files, the open one up to its last whole batch (never less than HEAD), a HEAD that
fits, and then the evidence, so that every line's evidence is there. A backup grows: what it holds is never made older,
and one that was interrupted is completed by the next.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from ledger.log.head import Head, read_head, write_first_head, write_head
from ledger.log.storage import events_folder, var_folder, write_new_file
from trader.copies import (
    EVIDENCE,
    BackupDamaged,
    Manifest,
    Prefix,
    evidence,
    evidence_hash,
    evidence_named,
    for_people,
    manifest_of,
    not_copied,
    prefix,
    verify,
)
from trader.manifest import MANIFEST, BackupRefused
from trader.schedule import FILE_NAME
from trader.witness import hash_at

PART_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup did."""

    folder: Path
    log: Prefix
    files_new: int
    bytes_new: int
    files: int
    left_out: tuple[str, ...]  # evidence that is damaged in the home itself
    missing: tuple[str, ...]  # evidence and settings that are not there
    not_copied: tuple[str, ...]  # what the settings name, and the owner keeps himself


def back_up(home: Path, folder: Path) -> Backup:
    """Copy a home into a folder, which is new, empty, or an earlier backup of the same log; verify the copy."""
    log = prefix(home, durable=True)
    _require_apart(home, folder)
    _make(folder)
    with _held(folder):
        before = _earlier(home, folder, log)
        write_new_file(folder / MANIFEST, replace(before, unfinished=True).to_bytes())
        writer = _Writer(home, folder, before)
        writer.copy_log(log)
        writer.copy_evidence()
        writer.copy_for_people()
        writer.sync()
        done = Manifest(
            log.log_id, log.genesis.account, log.genesis.mode, log.seq, log.hash, log.recorded_at, files=writer.files
        )
        write_new_file(folder / MANIFEST, done.to_bytes())
        found = verify(folder)
    if found.witness != log.witness:
        raise BackupDamaged(f"{folder}: expected {log.witness} after writing, found {found.witness}; check the disk")
    return Backup(
        folder, log, writer.files_new, writer.bytes_new, len(writer.files), tuple(writer.left_out),
        tuple(_missing(home, log)), tuple(not_copied(home)),
    )  # fmt: skip


def _missing(home: Path, log: Prefix) -> Iterator[str]:
    if not (home / FILE_NAME).is_file():
        yield FILE_NAME
    kept = {evidence_hash(path) for path in evidence(home)}
    yield from (str(EVIDENCE / hash_[:2] / hash_) for hash_ in sorted(evidence_named(home, log) - kept))


def _require_apart(home: Path, folder: Path) -> None:
    inner, outer = folder.resolve(), home.resolve()
    if inner == outer or inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise BackupRefused(
            f"{folder}: expected a folder apart from the home {home}, found one that overlaps it; name one elsewhere"
        )
    if not folder.parent.is_dir():  # a disk that is not mounted is not replaced by a folder of its name
        raise BackupRefused(
            f"{folder}: expected the folder {folder.parent} to be there, found none; mount its disk, or make it first"
        )


def _make(folder: Path) -> None:
    for part in (folder, folder / "var", folder / "var" / "events"):
        part.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep a second backup out of the same folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BackupRefused(f"{folder}: expected it to be free, found another backup at work; wait for it") from None
    finally:
        os.close(descriptor)


def _earlier(home: Path, folder: Path, log: Prefix) -> Manifest:
    """Return what the folder holds already; refuse another log's backup, and one that knows more than this log."""
    before = manifest_of(folder)
    if before is None:
        unfinished = f".{MANIFEST}."  # of a backup that was killed as it began
        found = sorted(p.name for p in folder.iterdir() if p.name != "var" and not p.name.startswith(unfinished))
        found += sorted(path.name for path in (folder / "var").rglob("*") if path != events_folder(folder))
        if found:
            raise BackupRefused(f"{folder}: expected an empty folder or an earlier backup, found {found[0]}")
        return Manifest(log.log_id, log.genesis.account, log.genesis.mode, -1, "")
    if before.log_id != log.log_id:
        found_log = f"log {before.log_id} of {before.account}"
        raise BackupRefused(f"{folder}: expected a backup of log {log.log_id}, found one of {found_log}; name another")
    if head := read_head(var_folder(folder)):  # an interrupted backup may reach further than its manifest says
        _require_older(home, folder, log, head)
    if before.seq >= 0:
        _require_older(home, folder, log, Head(before.seq, before.hash))
    return before


def _require_older(home: Path, folder: Path, log: Prefix, end: Head) -> None:
    if end.seq > log.seq:
        raise BackupRefused(
            f"{folder}: expected at most seq {log.seq} as in this log, found seq {end.seq}: this log is an old copy; "
            "see 'A forked log, or an old copy' in docs/runbook.md"
        )
    if hash_at(home, end.seq) != end.hash:
        raise BackupRefused(
            f"{folder}: seq {end.seq}: expected the line of this log, found another history; name another folder, and "
            "see 'A forked log, or an old copy' in docs/runbook.md"
        )


class _Writer:
    """Copies what is new, each file whole or not at all."""

    def __init__(self, home: Path, folder: Path, before: Manifest) -> None:
        self._home, self._folder, self._before = home, folder, before
        self._folders: set[Path] = set()
        self.files: dict[str, str] = {}
        self.files_new = 0
        self.bytes_new = 0
        self.left_out: list[str] = []

    def copy_log(self, log: Prefix) -> None:
        """Copy the day files, oldest first, and then put HEAD where they end."""
        for day in log.days:
            name = Path("var") / "events" / day.name
            if self._is_there(name, day.sha256, day.size):
                self.files[str(name)] = day.sha256
                continue
            copied = self._copy(name, day.size, 0o400 if day.sealed else 0o600)
            if copied != day.sha256:
                raise BackupDamaged(f"{self._home / name}: expected it to grow only, found it changed; see the runbook")
        self.sync()
        var, head = var_folder(self._folder), Head(log.seq, log.hash)
        if read_head(var) is None:
            write_first_head(var, head)
        else:
            write_head(var, head)

    def copy_evidence(self) -> None:
        """Copy what decisions were made from; what is damaged in the home is left out, and told."""
        for name in evidence(self._home):
            expected, size = evidence_hash(name), (self._home / name).stat().st_size
            if self._is_there(name, expected, size):
                self.files[str(name)] = expected
            elif self._hash(name) != expected:
                self.left_out.append(str(name))
            else:
                self._copy(name, size, 0o600)

    def copy_for_people(self) -> None:
        """Copy the settings and what people read; a halt that was lifted is lifted here too."""
        for name in for_people(self._home):
            try:
                found = self._hash(name)
                if self._is_there(name, found, (self._home / name).stat().st_size):
                    self.files[str(name)] = found
                else:
                    self._copy(name, None, 0o600)
            except FileNotFoundError:
                continue  # a halt was lifted meanwhile
        halt = Path("var") / "HALT"
        if os.path.lexists(self._home / halt) and not (self._home / halt).is_file():  # whatever is there halts
            write_new_file(self._folder / halt, b"halted by something of that name that is no file\n")
        elif str(halt) not in self.files:
            (self._folder / halt).unlink(missing_ok=True)

    def sync(self) -> None:
        """Make the names of everything new durable."""
        for folder in sorted(self._folders):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self._folders.clear()

    def _hash(self, name: Path) -> str:
        return sha256((self._home / name).read_bytes()).hexdigest()

    def _is_there(self, name: Path, expected: str, size: int) -> bool:
        """Tell whether the backup holds a file already, as its manifest and its size say; its bytes are verified."""
        target = self._folder / name
        return self._before.files.get(str(name)) == expected and target.is_file() and target.stat().st_size == size

    def _copy(self, name: Path, size: int | None, mode: int) -> str:
        """Copy a file, or its first bytes, and return the hash of what was copied."""
        target = self._folder / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.{os.getpid()}")
        found, rest = sha256(), size
        with (self._home / name).open("rb") as source, aside.open("wb") as copy:
            os.fchmod(copy.fileno(), mode)
            while part := source.read(PART_BYTES if rest is None else min(PART_BYTES, rest)):
                copy.write(part)
                found.update(part)
                self.bytes_new += len(part)
                rest = None if rest is None else rest - len(part)
            copy.flush()
            os.fsync(copy.fileno())
        aside.replace(target)
        self._folders |= {target.parent, target.parent.parent}
        self.files_new += 1
        self.files[str(name)] = found.hexdigest()
        return self.files[str(name)]
