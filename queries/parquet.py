"""Sealed days as Parquet, compacted into months: derived from the log, pinned by hash, deletable at any time.

`update` writes, in `tallybook commit` alone; `sealed_history` reads. A file is opened only if its bytes are those that
the manifest pins; what is damaged, or was made from another log or by another version, is passed over, and the sealed
lines are read instead. Files are written aside and renamed, the manifest after them: a kill at any moment leaves units
that fit the manifest, or are passed over. What a manifest no longer names stays until the next update, for readers that
have it open.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain as chained
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from ledger.line import Event
from ledger.log import read_events
from ledger.log.chain import Seal
from ledger.log.recovery import require_log
from ledger.log.storage import file_mode
from queries.database import Part, does_not_fit, fill_table, finest, united
from queries.fence import new_database, quoted
from queries.pinned import (
    ASIDE,
    FOLDER,
    GLOB,
    MANIFEST,
    Day,
    File,
    Flaw,
    Manifest,
    ManifestDamaged,
    Unit,
    alone,
    bound_manifest,
    flaw_of,
    is_stale,
    make_folder,
    periods,
    read_manifest,
    relation_of,
    sync,
    usable,
    write_manifest,
)
from queries.sealed import events_of
from queries.staging import EVENTS, Staged, fingerprint, stage

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "FOLDER",
    "GLOB",
    "MANIFEST",
    "File",
    "Flaw",
    "Manifest",
    "ManifestDamaged",
    "SealedHistory",
    "Unit",
    "Updated",
    "flaw_of",
    "is_stale",
    "read_manifest",
    "relation_of",
    "sealed_history",
    "update",
    "usable",
]

CHUNK_EVENTS = 50_000  # so many lines are held as text at once
SAVED_EVERY_SECONDS = 10.0  # a first update of years goes on where it was killed


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


def sealed_history(home: Path, tables: Collection[str] | None = None) -> SealedHistory:
    """Return what may be read of a home's history, and how; each file named was checked just now.

    For some tables only (None: all), no more is checked, read or decoded than they need.
    """
    if tables is not None and not tables:
        require_log(home)
        return SealedHistory({}, (), ())
    manifest = bound_manifest(home)
    types = None if tables is None or EVENTS in tables else tables
    wanted = [_with_tables(unit, tables) for unit in manifest.units]
    good = [unit for unit in wanted if (types is not None or _has_events(unit)) and usable(home, unit)]
    if manifest.last_day is None or not good:
        return SealedHistory({}, (), read_events(home, types=types))
    passed_over = [day for unit in wanted if unit not in good for day in unit.days]
    lines = chained(
        (event for day in passed_over for event in events_of(home, day.seal, types)),
        _after(home, manifest.last_day, types),
    )
    kept = [(file, unit.path(home, file)) for unit in good for file in unit.files]
    return SealedHistory(_parts(kept), tuple(path for _, path in kept), lines)


def _with_tables(unit: Unit, tables: Collection[str] | None) -> Unit:
    """Return a unit with the files of some tables alone."""
    if tables is None:
        return unit
    return unit.model_copy(update={"files": tuple(file for file in unit.files if file.table in tables)})


def _has_events(unit: Unit) -> bool:
    return any(file.table == EVENTS for file in unit.files)


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


def update(home: Path, tell: Callable[[int], None] = lambda _: None) -> Updated:
    """Bring the Parquet copies up to the last sealed day: days as they are sealed, months when they are over.

    `tell` is told the last seq of each unit.
    """
    folder = home / FOLDER
    make_folder(folder)
    with alone(folder):
        try:
            manifest = read_manifest(home) or Manifest()
        except ManifestDamaged:
            manifest = Manifest()
        sweep(folder, manifest)
        known = {(unit.name, unit.days): unit for unit in manifest.units}
        reached = -1 if manifest.last_day is None else manifest.last_day.last_seq
        units, written, saved = list[Unit](), list[str](), monotonic()
        for name, days in periods(home):
            unit = known.get((name, days))
            if unit is None or not _has_events(unit) or not usable(home, unit):
                unit = _write_unit(home, name, days)
                written.append(name)
            units.append(unit)
            tell(days[-1].last_seq)
            if written and days[-1].last_seq > reached and monotonic() - saved > SAVED_EVERY_SECONDS:
                write_manifest(folder, Manifest(units=tuple(units), books=manifest.books))
                saved = monotonic()
        if tuple(units) != manifest.units:
            write_manifest(folder, Manifest(units=tuple(units), books=manifest.books))
        return Updated(tuple(written), len(units) - len(written))


def _after(home: Path, day: Day, types: Collection[str] | None) -> Iterator[Event]:
    return read_events(home, since=Seal(day.file, day.last_seq, day.head_hash), types=types)


def _write_unit(home: Path, name: str, days: tuple[Day, ...]) -> Unit:
    """Make a unit from the lines of its days."""
    con = new_database()
    try:
        parts = _staged_parts(con, (event for day in days for event in events_of(home, day.seal)))
        tables = sorted(parts)
        return put_in_place(
            home, name, days, lambda aside: tuple(_write_file(con, aside, table, parts[table]) for table in tables)
        )
    finally:
        con.close()


def put_in_place(home: Path, name: str, days: tuple[Day, ...], write: Callable[[Path], tuple[File, ...]]) -> Unit:
    """Have a unit's files written aside, and rename them into their folder."""
    aside = home / FOLDER / f"{ASIDE}-{os.getpid()}"
    shutil.rmtree(aside, ignore_errors=True)
    make_folder(aside)
    files = write(aside)
    folder = home / FOLDER / name
    for part in (folder.parent, folder):
        make_folder(part)
    for file in files:
        (aside / f"{file.table}.parquet").replace(folder / f"{file.table}.parquet")
    for changed in (folder, folder.parent, home / FOLDER):
        sync(changed)
    aside.rmdir()
    return Unit(name=name, days=days, files=files)


def _staged_parts(con: duckdb.DuckDBPyConnection, events: Iterable[Event]) -> dict[str, list[Part]]:
    """Fill tables from lines, a chunk at a time."""
    parts: dict[str, list[Part]] = {}
    for number, staged in enumerate(_chunks(events)):
        for table in staged.lines:
            relation = f"{table}_{number}"
            fill_table(con, relation, table, staged)
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
    places = {column: finer for (_, column), finer in finest(parts).items()}
    question = f"SELECT * FROM ({united(table, parts)}) ORDER BY seq"
    return written(con, folder, question, table, fingerprint(table), places)


def written(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    question: str,
    table: str,
    schema_fingerprint: str,
    places: Mapping[str, int],
) -> File:
    """Write the rows of a question as one Parquet file; TableError for a value that does not fit."""
    import duckdb

    path = folder / f"{table}.parquet"
    try:
        con.execute(f"COPY ({question}) TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd)")
    except duckdb.Error as error:
        raise does_not_fit(table, error) from error
    path.chmod(file_mode(folder))
    sync(path)
    (rows,) = con.execute(f"SELECT count(*) FROM {relation_of(path)}").fetchall()[0]
    return File(
        table=table,
        sha256=sha256(path.read_bytes()).hexdigest(),
        rows=rows,
        schema_fingerprint=schema_fingerprint,
        places=dict(places),
    )


def sweep(folder: Path, manifest: Manifest) -> None:
    """Remove what the manifest does not name: units that months replaced, and what a killed update left."""
    named = {unit.name for unit in (*manifest.units, *manifest.books)}
    for left in folder.glob(f"{ASIDE}-*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    for kind in ("days", "months", "books"):
        for left in (folder / kind).glob("*"):
            if f"{kind}/{left.name}" not in named:
                shutil.rmtree(left)
