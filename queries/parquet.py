"""Sealed days as Parquet, compacted into months: derived from the log, pinned by hash, deletable at any time.

    var/parquet/days/2026-01-14/order_filled.parquet      a sealed day, one file an event type
    var/parquet/months/2026-01/order_filled.parquet       a month that is over, in place of its days
    var/parquet/manifest.json                             each file's hash, and which sealed days it was made from

`update` writes, in `tallybook commit` alone; `sealed_history` reads. A file is opened only if its bytes are those that
the manifest pins; what is damaged, or was made from another log or by another version, is passed over, and the sealed
lines are read instead. Files are written aside and renamed, the manifest last: a kill at any moment leaves units that
fit the manifest, or are passed over. What a manifest no longer names stays until the next update, for readers that have
it open.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from itertools import chain as chained
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from ledger.events import BY_NAME, DaySealed
from ledger.line import Event
from ledger.log import read_events
from ledger.log.chain import Seal
from ledger.log.disk import LOCAL
from ledger.log.recovery import require_log
from ledger.log.storage import day_files, events_folder, file_mode, folder_mode
from queries.database import Part, does_not_fit, fill_table, united
from queries.fence import new_database, quoted
from queries.sealed import events_of, seal_in, seals
from queries.staging import Staged, fingerprint, stage

if TYPE_CHECKING:
    import duckdb

FOLDER = Path("var") / "parquet"
MANIFEST = "manifest.json"
ASIDE = ".new"
CHUNK_EVENTS = 50_000  # so many lines are held as text at once
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

    @property
    def last_day(self) -> Day | None:
        """The newest day."""
        return self.units[-1].days[-1] if self.units else None


@dataclass(frozen=True)
class SealedHistory:
    """A log in two parts: what Parquet holds of each event type, and the events that must come from lines."""

    parts: Mapping[str, tuple[Part, ...]]
    files: tuple[Path, ...]
    lines: Iterable[Event]


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update wrote."""

    written: tuple[str, ...]  # names of units
    kept: int


def sealed_history(home: Path, types: Collection[str] | None = None) -> SealedHistory:
    """Return what may be read of a home's history, and how; each file named was checked just now.

    Of some types only (None: all), no more is checked, read or decoded than they need.
    """
    if types is not None and not types:
        require_log(home)
        return SealedHistory({}, (), ())
    manifest = _bound_manifest(home)
    good = [unit for unit in manifest.units if usable(home, _with_types(unit, types))]
    if manifest.last_day is None or not good or GLOB & set(str(home)):
        return SealedHistory({}, (), read_events(home, types=types))
    passed_over = [day for unit in manifest.units if unit not in good for day in unit.days]
    lines = chained(
        (event for day in passed_over for event in events_of(home, day.seal, types)),
        _after(home, manifest.last_day, types),
    )
    kept = [(file, unit.path(home, file)) for unit in good for file in _with_types(unit, types).files]
    return SealedHistory(_parts(kept), tuple(path for _, path in kept), lines)


def _with_types(unit: Unit, types: Collection[str] | None) -> Unit:
    """Return a unit with the files of some types alone."""
    if types is None:
        return unit
    return unit.model_copy(update={"files": tuple(file for file in unit.files if file.table in types)})


def _parts(kept: Iterable[tuple[File, Path]]) -> dict[str, tuple[Part, ...]]:
    """Put files of one type and one scale into one relation."""
    alike: dict[tuple[str, tuple[tuple[str, int], ...]], list[Path]] = {}
    for file, path in kept:
        alike.setdefault((file.table, tuple(sorted(file.places.items()))), []).append(path)
    parts: dict[str, tuple[Part, ...]] = {}
    for (table, places), paths in alike.items():
        part = Part(relation_of(*paths), {(table, column): finer for column, finer in places})
        parts[table] = (*parts.get(table, ()), part)
    return parts


def relation_of(*paths: Path) -> str:
    """Name files as one relation, for SQL."""
    return f"read_parquet([{', '.join(map(quoted, paths))}])"


def read_manifest(home: Path) -> Manifest | None:
    """Return the manifest, its own hash checked; None without one, ManifestDamaged if it cannot be relied on."""
    path = home / FOLDER / MANIFEST
    try:
        written = json.loads(path.read_bytes())
        text = _canonical(written["content"])
        if sha256(text).hexdigest() != written["sha256"]:
            raise ManifestDamaged("its own hash does not fit")
        return Manifest.model_validate_json(text)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, ValidationError) as error:
        raise ManifestDamaged(f"it cannot be read ({type(error).__name__})") from error


class Flaw(NamedTuple):
    """Why a copy cannot be opened."""

    file: str
    text: str


def usable(home: Path, unit: Unit) -> bool:
    """Tell whether a unit's files are as they were written, and by this version."""
    return not is_stale(unit) and flaw_of(home, unit) is None


def flaw_of(home: Path, unit: Unit) -> Flaw | None:
    """Name the first file of a unit that is missing or changed."""
    for file in unit.files:
        path = unit.path(home, file)
        name = str(path.relative_to(home))
        try:
            with path.open("rb") as content:
                found = file_digest(content, "sha256").hexdigest()
        except OSError as error:
            return Flaw(name, f"expected the Parquet copy, found: {error.strerror}")
        if found != file.sha256:
            return Flaw(name, f"expected SHA-256 {file.sha256[:16]}…, found {found[:16]}…")
    return None


def is_stale(unit: Unit) -> bool:
    """Tell whether another version wrote it: tables have other columns now."""
    return any(
        file.table not in BY_NAME or fingerprint(BY_NAME[file.table]) != file.schema_fingerprint for file in unit.files
    )


def update(home: Path) -> Updated:
    """Bring the Parquet copies up to the last sealed day: days as they are sealed, months when they are over."""
    folder = home / FOLDER
    _make_folder(folder)
    with _alone(folder):
        try:
            manifest = read_manifest(home) or Manifest()
        except ManifestDamaged:
            manifest = Manifest()
        _sweep(folder, manifest)
        known = {(unit.name, unit.days): unit for unit in manifest.units}
        units, written = [], []
        for name, days in _wanted(home):
            unit = known.get((name, days))
            if unit is None or not usable(home, unit):
                unit = _write_unit(home, name, days)
                written.append(name)
            units.append(unit)
        if tuple(units) != manifest.units:
            _write_manifest(folder, Manifest(units=tuple(units)))
        return Updated(tuple(written), len(units) - len(written))


def _bound_manifest(home: Path) -> Manifest:
    """Return the manifest if it was made from this very log: the hash of its last day stands for all before it."""
    try:
        manifest = read_manifest(home)
    except ManifestDamaged:
        manifest = None
    if manifest is None or manifest.last_day is None:
        return Manifest()
    later = [path for path in day_files(events_folder(home)) if path.stem > manifest.last_day.file[:10]]
    seal = seal_in(later[0]) if later else None
    return manifest if seal is not None and _day(seal) == manifest.last_day else Manifest()


def _after(home: Path, day: Day, types: Collection[str] | None) -> Iterator[Event]:
    return read_events(home, since=Seal(day.file, day.last_seq, day.head_hash), types=types)


def _wanted(home: Path) -> Iterator[tuple[str, tuple[Day, ...]]]:
    """Name the units that a log should have: a month for each that is over, a day for each sealed one since."""
    files = day_files(events_folder(home))
    this_month = files[-1].stem[:7] if files else ""
    months: dict[str, list[Day]] = {}
    for seal in seals(home):
        months.setdefault(seal.file[:7], []).append(_day(seal))
    for month, days in months.items():
        if month < this_month:
            yield f"months/{month}", tuple(days)
        else:
            yield from ((f"days/{day.file[:10]}", (day,)) for day in days)


def _write_unit(home: Path, name: str, days: tuple[Day, ...]) -> Unit:
    """Make a unit from the lines of its days."""
    aside = home / FOLDER / f"{ASIDE}-{os.getpid()}"
    shutil.rmtree(aside, ignore_errors=True)
    _make_folder(aside)
    con = new_database()
    try:
        parts = _staged_parts(con, (event for day in days for event in events_of(home, day.seal)))
        files = tuple(_write_file(con, aside, table, parts[table]) for table in sorted(parts))
    finally:
        con.close()
    folder = home / FOLDER / name
    for part in (folder.parent, folder):
        _make_folder(part)
    for file in files:
        (aside / f"{file.table}.parquet").replace(folder / f"{file.table}.parquet")
    for changed in (folder, folder.parent, home / FOLDER):
        _sync(changed)
    aside.rmdir()
    return Unit(name=name, days=days, files=files)


def _staged_parts(con: duckdb.DuckDBPyConnection, events: Iterable[Event]) -> dict[str, list[Part]]:
    """Fill tables from lines, a chunk at a time."""
    parts: dict[str, list[Part]] = {}
    for number, staged in enumerate(_chunks(events)):
        for table in staged.lines:
            relation = f"{table}_{number}"
            fill_table(con, relation, BY_NAME[table], staged)
            parts.setdefault(table, []).append(Part(relation, _own(staged.places, table)))
    return parts


def _own(places: Mapping[tuple[str, str], int], table: str) -> dict[tuple[str, str], int]:
    return {column: finer for column, finer in places.items() if column[0] == table}


def _chunks(events: Iterable[Event]) -> Iterator[Staged]:
    chunk: list[Event] = []
    for event in events:
        chunk.append(event)
        if len(chunk) == CHUNK_EVENTS:
            yield stage(chunk)
            chunk.clear()
    if chunk:
        yield stage(chunk)


def _write_file(con: duckdb.DuckDBPyConnection, folder: Path, table: str, parts: Sequence[Part]) -> File:
    import duckdb

    path, event_type = folder / f"{table}.parquet", BY_NAME[table]
    question = f"SELECT * FROM ({united(event_type, parts)}) ORDER BY seq"
    try:
        con.execute(f"COPY ({question}) TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd)")
    except duckdb.Error as error:
        raise does_not_fit(table, error) from error
    path.chmod(file_mode(folder))
    _sync(path)
    places: dict[str, int] = {}
    for part in parts:
        for (_, column), finer in part.places.items():
            places[column] = max(finer, places.get(column, finer))
    (rows,) = con.execute(f"SELECT count(*) FROM ({united(event_type, parts)})").fetchall()[0]
    return File(
        table=table,
        sha256=sha256(path.read_bytes()).hexdigest(),
        rows=rows,
        schema_fingerprint=fingerprint(event_type),
        places=places,
    )


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    content = manifest.model_dump(mode="json")
    written = {"sha256": sha256(_canonical(content)).hexdigest(), "content": content}
    aside = folder / f"{ASIDE}-{MANIFEST}"
    with aside.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), file_mode(folder))
        json.dump(written, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(folder / MANIFEST)
    _sync(folder)


def _sweep(folder: Path, manifest: Manifest) -> None:
    """Remove what the manifest does not name: units that months replaced, and what a killed update left."""
    named = {unit.name for unit in manifest.units}
    for left in folder.glob(f"{ASIDE}-*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    for kind in ("days", "months"):
        for left in (folder / kind).glob("*"):
            if f"{kind}/{left.name}" not in named:
                shutil.rmtree(left)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one update run at a time; the next waits."""
    descriptor = LOCAL.open(folder / "lock", "append", file_mode(folder))
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        LOCAL.close(descriptor)


def _make_folder(folder: Path) -> None:
    """Make a folder that the home's group may use too, where the home is shared."""
    if not folder.is_dir():
        folder.mkdir()
        folder.chmod(folder_mode(folder.parent))


def _day(seal: DaySealed) -> Day:
    return Day(
        file=seal.file,
        first_seq=seal.first_seq,
        last_seq=seal.last_seq,
        head_hash=seal.head_hash,
        file_sha256=seal.file_sha256,
    )


def _canonical(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
