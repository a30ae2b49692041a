"""What a home or a backup holds, checked: its log up to the last whole batch, its evidence, the files that people read.

A backup is laid out as a home is, with `backup.json` beside it: which log, up to which line, and the hash of each file.
It can therefore be read like one (`tallybook --home BACKUP status`). Derived files and passwords are never part of it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ledger.errors import HeadDamaged, LogDamaged, LogError, Refusal
from ledger.events import DaySealed, LogStarted
from ledger.line import GENESIS_PREV, LINE_BYTES_MAX, Header, LineBroken, decode, header_of
from ledger.log import read_genesis
from ledger.log.head import Head, read_head
from ledger.log.storage import day_files, events_folder, var_folder
from trader.manifest import MANIFEST, BackupRefused, is_backup
from trader.schedule import FILE_NAME, SettingsError, read_toml
from trader.witness import hash_at

EVIDENCE = Path("var") / "data"
FOR_PEOPLE = tuple(Path("var") / kind for kind in ("targets", "orders", "snapshots", "trades"))
OWN = (("sources", "folder"), ("strategy", "path"), ("strategy", "function"))  # what the owner keeps himself
SINGLE = (Path(FILE_NAME), Path("var") / "HALT")


class BackupDamaged(Refusal):
    """A backup that is not what was put there."""

    code = "backup-damaged"


@dataclass(frozen=True, slots=True)
class DayFile:
    """One day's file, as far as it counts."""

    name: str
    size: int
    sha256: str
    sealed: bool


@dataclass(frozen=True, slots=True)
class Prefix:
    """A log up to its last whole batch: a writer at work only adds to it."""

    log_id: str
    genesis: LogStarted
    days: tuple[DayFile, ...]
    seq: int
    hash: str
    recorded_at: str

    @property
    def witness(self) -> str:
        """SEQ:HASH of its last line."""
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    log_id: str
    account: str
    mode: str
    seq: int
    hash: str
    recorded_at: str = ""
    unfinished: bool = False  # a backup was begun on top of this one, and did not end
    files: dict[str, str] = field(default_factory=dict)  # path in the backup -> sha256

    def to_bytes(self) -> bytes:
        """Spell it."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode() + b"\n"


def prefix(home: Path, *, durable: bool = False) -> Prefix:
    """Read a log without its lock, sealed days by their hashes, the open one line by line.

    Everything up to HEAD as it was found must be there. With `durable`, what was read is on disk when this returns.
    """
    genesis, head = read_genesis(home), read_head(var_folder(home))
    if head is None:
        raise HeadDamaged(
            f"{var_folder(home)}/HEAD.0, HEAD.1: expected one readable, found none; see 'A damaged log' in "
            "docs/runbook.md"
        )
    files = day_files(events_folder(home))
    days, seal = list[DayFile](), None
    for place, path in enumerate(files):
        following = _seal_of(files[place + 1]) if place + 1 < len(files) else None
        if following is None:
            end, size = _whole_lines(path, seal, head, durable=durable)
            days.append(DayFile(path.name, size, digest(path, size), sealed=False))
            if len(files) > place + 2:
                raise LogDamaged(f"{files[place + 1]}: expected it to begin with the seal of {path.name}, found none")
            _check_head(home, end, head)
            return Prefix(end.log, genesis, tuple(days), end.seq, end.hash, end.recorded_at.decode())
        found = digest(path)
        if (following.file, following.file_sha256) != (path.name, found):
            raise LogDamaged(f"{path}: expected the bytes that were sealed, found others; restore a backup")
        days.append(DayFile(path.name, path.stat().st_size, found, sealed=True))
        seal = following
    raise LogDamaged(f"{events_folder(home)}: expected a day file, found none")


def _seal_of(path: Path) -> DaySealed | None:
    """Return the seal that a day file begins with; None where its first line is not whole yet."""
    with path.open("rb") as file:
        raw = file.readline(LINE_BYTES_MAX + 1)
    with suppress(LineBroken):
        fact = decode(raw).fact
        return fact if isinstance(fact, DaySealed) else None
    return None


def _whole_lines(path: Path, seal: DaySealed | None, head: Head, *, durable: bool) -> tuple[Header, int]:
    """Walk the last file; return the last line of its last whole batch, and where that ends."""
    seq, prev = (-1, GENESIS_PREV) if seal is None else (seal.last_seq, seal.head_hash)
    end, size, offset = None, 0, 0
    with path.open("rb") as file:
        while raw := file.readline(LINE_BYTES_MAX + 1):
            try:
                header = header_of(raw)
            except LineBroken:
                break
            if (header.seq, header.prev) != (seq + 1, prev):
                break
            seq, prev, offset = header.seq, header.hash, offset + len(raw)
            if header.seq == head.seq and header.hash != head.hash:
                raise LogDamaged(f"{path}: seq {seq}: expected hash {head.hash} as HEAD says, found {header.hash}")
            if header.batch[0] == header.batch[1]:
                end, size = header, offset
        if durable:
            os.fsync(file.fileno())  # a copy must not know what a power cut may still take away here
    if end is None:
        raise LogDamaged(f"{path}: expected a whole batch, found none; restore a backup")
    return end, size


def _check_head(home: Path, end: Header, head: Head) -> None:
    if end.seq < head.seq:
        raise LogDamaged(
            f"{events_folder(home)}: expected whole lines up to seq {head.seq} as HEAD says, found them up to seq "
            f"{end.seq}; restore a backup"
        )


def digest(path: Path, size: int | None = None) -> str:
    """Hash a file, or its first bytes."""
    with path.open("rb") as file:
        if size is None:
            return hashlib.file_digest(file, "sha256").hexdigest()
        found, rest = hashlib.sha256(), size
        while rest and (part := file.read(min(rest, 1 << 20))):
            found.update(part)
            rest -= len(part)
        return found.hexdigest()


def evidence(home: Path) -> Iterator[Path]:
    """Yield the kept inputs of decisions, as paths in the home; what a killed writer left is none."""
    for folder in sorted((home / EVIDENCE).glob("??")):
        yield from (EVIDENCE / folder.name / path.name for path in sorted(folder.iterdir()) if path.name[0] != ".")


def evidence_named(home: Path, log: Prefix) -> frozenset[str]:
    """Return the hashes of the evidence that the log names; of its lines, only those that may are read."""
    from queries.verification.walk import NAMES_EVIDENCE  # slow to load, and only a backup asks

    naming = tuple(f'"{kind.model_fields["type"].default}"'.encode() for kind in NAMES_EVIDENCE)
    named = set[str]()
    for day in log.days:
        rest = day.size
        with (events_folder(home) / day.name).open("rb") as file:
            while rest > 0:
                raw = file.readline()
                rest -= len(raw)
                if any(kind in raw for kind in naming):
                    fact = decode(raw).fact
                    named.update(NAMES_EVIDENCE[type(fact)](fact) if type(fact) in NAMES_EVIDENCE else ())
    return frozenset(named)


def evidence_hash(path: Path) -> str:
    """Return the hash that the name of a piece of evidence promises."""
    return path.name.partition(".")[0]


def for_people(home: Path) -> Iterator[Path]:
    """Yield the settings, a halt, torn tails, and the files that people read, as paths in the home."""
    yield from (path for path in SINGLE if (home / path).is_file())
    yield from (path.relative_to(home) for path in sorted(events_folder(home).glob("torn-*.bin")))
    for kind in FOR_PEOPLE:
        found = (path for path in sorted((home / kind).rglob("*")) if path.is_file() and path.name[0] != ".")
        yield from (path.relative_to(home) for path in found)


def not_copied(home: Path) -> Iterator[str]:
    """Yield what the settings name inside the home and a backup does not hold: `bars (sources.folder)`."""
    with suppress(SettingsError):  # unreadable settings are told by whatever needs them
        toml = read_toml(home)
        for section, key in OWN:
            named = toml.get(section)
            for table in named if isinstance(named, list) else [named]:
                value = table.get(key) if isinstance(table, dict) else None
                path = _file_of(home, value) if key == "function" and isinstance(value, str) else value
                if isinstance(path, str) and path and (home / path).resolve().is_relative_to(home.resolve()):
                    yield f"{path} ({section}.{key})"


def _file_of(home: Path, function: str) -> str | None:
    """Return the file of the home that a function stands in; None where its module is installed."""
    module = function.partition(":")[0]
    file = module.replace(".", "/") + ".py"
    return file if (home / file).is_file() or find_spec(module.partition(".")[0]) is None else None


def manifest_of(folder: Path) -> Manifest | None:
    """Read what a backup says of itself; None for a folder that is no backup."""
    path = folder / MANIFEST
    try:
        said: dict[str, Any] = json.loads(path.read_bytes())
        return Manifest(**said)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise BackupDamaged(
            f"{path}: expected what a backup says of itself, found: {error}; use another backup"
        ) from error


def verify(folder: Path) -> Prefix:
    """Check a backup, or the copy of a home, byte by byte; raise BackupRefused for neither, BackupDamaged."""
    require_copy(folder)
    found, manifest = _copied_log(folder), manifest_of(folder)
    for path in evidence(folder):
        if digest(folder / path) != evidence_hash(path):
            raise BackupDamaged(f"{folder / path}: expected the bytes of its name, found others; use another backup")
    if manifest is None:
        return found
    _check_end(folder, found, manifest)
    held = {f"var/events/{day.name}": day for day in found.days}
    for name, expected in manifest.files.items():
        if name in held:
            same = not held[name].sealed or held[name].sha256 == expected  # the open one may have grown
        elif (folder / name).is_file():
            same = manifest.unfinished or digest(folder / name) == expected
        else:
            raise BackupDamaged(f"{folder / name}: expected it in the backup, found none; use another backup")
        if not same:
            raise BackupDamaged(
                f"{folder / name}: expected the bytes that were backed up, found others; use another backup"
            )
    return found


def require_copy(folder: Path) -> None:
    """Refuse what is no backup, nor the copy of a home."""
    if not folder.is_dir() or not (is_backup(folder) or day_files(events_folder(folder))):
        raise BackupRefused(
            f"{folder}: expected a backup, a folder with {MANIFEST}, or the copy of a home; it is neither; name another"
        )


def _copied_log(folder: Path) -> Prefix:
    """Read the log of a copy: what is wrong with it is wrong with the copy, and not with the log of a home."""
    try:
        return prefix(folder)
    except LogError as error:
        said = str(error).partition("; ")[0]  # its advice is for a home
        where = "" if str(folder) in said else f"{folder}: "
        raise BackupDamaged(f"{where}{said}; use another backup, or name a new folder") from error


def _check_end(folder: Path, found: Prefix, manifest: Manifest) -> None:
    """Hold the log against what the manifest says of its end."""
    there = found.hash if found.seq == manifest.seq else hash_at(folder, manifest.seq)
    grown = found.seq > manifest.seq and not manifest.unfinished
    if manifest.seq >= 0 and (there != manifest.hash or grown or found.log_id != manifest.log_id):
        raise BackupDamaged(
            f"{folder}: expected log {manifest.log_id} up to {manifest.seq}:{manifest.hash}, found log {found.log_id} "
            f"up to {found.witness}; use another backup"
        )
