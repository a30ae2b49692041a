"""What lies under var/parquet, and whether it may be opened: files in units, pinned by hash in one manifest.

    var/parquet/days/2026-01-14/order_filled.parquet      a sealed day, one file an event type
    var/parquet/months/2026-01/order_filled.parquet       a month that is over, in place of its days
    var/parquet/books/2026-01/journal.parquet             what folding those days gives (`queries/book_tables/`)
    var/parquet/manifest.json                             each file's hash, and which sealed days it was made from

A file is opened only if its bytes are those that the manifest pins, and if this version would write the same columns.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from ledger.events import BY_NAME, DaySealed
from ledger.log.disk import LOCAL
from ledger.log.storage import day_files, events_folder, file_mode, folder_mode
from queries import book_columns as book_tables
from queries.fence import quoted
from queries.sealed import seal_in, seals
from queries.staging import EVENTS, fingerprint

FOLDER = Path("var") / "parquet"
MANIFEST = "manifest.json"
ASIDE = ".new"
GLOB = frozenset("*?[")  # DuckDB takes a path that holds one of these for a pattern


class ManifestDamaged(Exception):
    """The manifest is not what was written: its own hash does not fit, or it cannot be read."""


class _Pinned(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class File(_Pinned):
    """One Parquet file: the events of one type."""

    table: str
    sha256: str
    rows: int
    schema_fingerprint: str
    places: dict[str, int]  # of the columns that are finer than usual


class Day(_Pinned):
    """The sealed day that rows were made from."""

    file: str
    first_seq: int
    last_seq: int
    head_hash: str
    file_sha256: str

    @classmethod
    def of(cls, seal: DaySealed) -> Day:
        """Return the day that a seal states."""
        return cls(
            file=seal.file,
            first_seq=seal.first_seq,
            last_seq=seal.last_seq,
            head_hash=seal.head_hash,
            file_sha256=seal.file_sha256,
        )

    @property
    def seal(self) -> DaySealed:
        """The day as its seal states it."""
        return DaySealed(events=self.last_seq - self.first_seq + 1, **self.model_dump())


class Unit(_Pinned):
    """A folder of files: a sealed day, or a month of them."""

    name: str  # "days/2026-01-14", "months/2026-01"
    days: tuple[Day, ...]
    files: tuple[File, ...]

    def path(self, home: Path, file: File) -> Path:
        """Where a file lies."""
        return home / FOLDER / self.name / f"{file.table}.parquet"


class Manifest(_Pinned):
    """What lies under var/parquet, oldest first."""

    units: tuple[Unit, ...] = ()
    books: tuple[Unit, ...] = ()

    @property
    def last_day(self) -> Day | None:
        """The newest day."""
        return self.units[-1].days[-1] if self.units else None


def relation_of(*paths: Path) -> str:
    """Name files as one relation, for SQL."""
    return f"read_parquet([{', '.join(map(quoted, paths))}])"


def read_manifest(home: Path) -> Manifest | None:
    """Return the manifest, its own hash checked; None without one, ManifestDamaged if it cannot be relied on."""
    path = home / FOLDER / MANIFEST
    try:
        return _manifest(_seen(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, ValidationError) as error:
        raise ManifestDamaged(f"it cannot be read ({type(error).__name__})") from error


class Seen(NamedTuple):
    """A file as the file system shows it: whoever writes to it changes this, whatever he sets its times to."""

    path: Path
    size: int
    modified_ns: int
    changed_ns: int
    inode: int


def _seen(path: Path) -> Seen:
    found = path.stat()
    return Seen(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


# One process asks many questions. A file that looks as it did is not read again; `verify` and each new process read it.
@lru_cache(maxsize=4)
def _manifest(seen: Seen) -> Manifest:
    written = json.loads(seen.path.read_bytes())
    text = _canonical(written["content"])
    if sha256(text).hexdigest() != written["sha256"]:
        raise ManifestDamaged("its own hash does not fit")
    return Manifest.model_validate_json(text)


@lru_cache(maxsize=50_000)
def _digest(seen: Seen) -> str:
    return _digest_now(seen.path)


def _digest_now(path: Path) -> str:
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


class Flaw(NamedTuple):
    """Why a copy cannot be opened."""

    file: str
    text: str


def bound(home: Path, units: tuple[Unit, ...]) -> tuple[Unit, ...]:
    """Return units if they were made from this very log: the hash of their last day stands for all before it."""
    if not units or GLOB & set(str(home)):
        return ()
    last = units[-1].days[-1]
    later = next((name for name in day_files(events_folder(home)).names if name[:10] > last.file[:10]), None)
    seal = None if later is None else seal_in(events_folder(home) / later)
    return units if seal is not None and Day.of(seal) == last else ()


def bound_manifest(home: Path) -> Manifest:
    """Return the manifest with what was made from this very log; an empty one if it cannot be relied on."""
    try:
        manifest = read_manifest(home) or Manifest()
    except ManifestDamaged:
        return Manifest()
    return Manifest(units=bound(home, manifest.units), books=bound(home, manifest.books))


def periods(home: Path) -> Iterator[tuple[str, tuple[Day, ...]]]:
    """Name the units that a log should have: a month for each that is over, a day for each sealed one since."""
    files = day_files(events_folder(home))
    this_month = files[-1].stem[:7] if files else ""
    months: dict[str, list[Day]] = {}
    for seal in seals(home):
        months.setdefault(seal.file[:7], []).append(Day.of(seal))
    for month, days in months.items():
        if month < this_month:
            yield f"months/{month}", tuple(days)
        else:
            yield from ((f"days/{day.file[:10]}", (day,)) for day in days)


def usable(home: Path, unit: Unit) -> bool:
    """Tell whether a unit's files are as they were written, and by this version."""
    return not is_stale(unit) and flaw_of(home, unit, lambda path: _digest(_seen(path))) is None


def flaw_of(home: Path, unit: Unit, digest: Callable[[Path], str] = _digest_now) -> Flaw | None:
    """Name the first file of a unit that is missing or changed."""
    for file in unit.files:
        path = unit.path(home, file)
        try:
            found = digest(path)
        except OSError as error:
            return Flaw(str(path.relative_to(home)), f"expected the Parquet copy, found: {error.strerror}")
        if found != file.sha256:
            text = f"expected SHA-256 {file.sha256[:16]}…, found {found[:16]}…"
            return Flaw(str(path.relative_to(home)), text)
    return None


def is_stale(unit: Unit) -> bool:
    """Tell whether another version wrote it: tables have other columns now."""
    return any(_fingerprint(file.table) != file.schema_fingerprint for file in unit.files)


def _fingerprint(table: str) -> str | None:
    if table in BY_NAME or table == EVENTS:
        return fingerprint(table)
    return book_tables.fingerprint(table) if table in book_tables.KEPT else None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put a manifest in place of the one before."""
    content = manifest.model_dump(mode="json")
    written = {"sha256": sha256(_canonical(content)).hexdigest(), "content": content}
    aside = folder / f"{ASIDE}-{MANIFEST}"
    with aside.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), file_mode(folder))
        json.dump(written, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(folder / MANIFEST)
    sync(folder)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one update run at a time; the next waits."""
    descriptor = LOCAL.open(folder / "lock", "append", file_mode(folder))
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        LOCAL.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder that the home's group may use too, where the home is shared."""
    if not folder.is_dir():
        folder.mkdir()
        folder.chmod(folder_mode(folder.parent))


def _canonical(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def sync(path: Path) -> None:
    """Bring a file or a folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
