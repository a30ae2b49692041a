"""Checks of what is derived from the log: checkpoints and Parquet copies. A damaged one is a note.

Every reader passes it over, and it is made again; but a disk that changes one file may change another. One that fits
its own hash and says something else than the lines is believed by its readers: that is bad news.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from ledger.checkpoints import FORMAT, checkpoints_folder
from ledger.errors import LogDamaged
from queries import kept_bars
from queries.database import Part, fill_table, united
from queries.fence import new_database
from queries.parquet import (
    FOLDER,
    MANIFEST,
    Flaw,
    Manifest,
    ManifestDamaged,
    Unit,
    flaw_of,
    is_stale,
    read_manifest,
    relation_of,
    usable,
)
from queries.sealed import events_of, seal_in
from queries.staging import Staged, stage
from queries.verification.findings import Figure, Finding, counted
from queries.verification.subject import Subject

Said = Iterator[Finding | Figure]


def checkpoints(subject: Subject) -> Said:
    """Check each checkpoint's own hash; with --deep, the book in it against the book folded from the lines."""
    paths = sorted(checkpoints_folder(subject.home).glob("[0-9]*.ckpt"))
    for path in paths:
        first, _, rest = path.read_bytes().partition(b"\n")
        if first != FORMAT + sha256(rest).hexdigest().encode():
            yield Finding(
                "its hash does not fit: it is passed over, and made again", subject.named(path), harmless=True
            )
    yield Figure(counted(len(paths), "file"))
    if not subject.deep:
        return
    _ = subject.walked
    yield Figure(f"{len(subject.compared):,} folded again")
    for file, alike in subject.compared:
        if not alike:
            yield Finding("the checkpoint after it holds another book than the lines imply; delete it, report it", file)


def parquet_copies(subject: Subject) -> Said:
    """Check the Parquet manifest by its own hash, each file by the manifest, and the manifest by the log's seals."""
    try:
        manifest = read_manifest(subject.home)
        flaws = _flaws(subject, manifest)
        if flaws:  # a commit may be at work
            manifest = read_manifest(subject.home)
            flaws = _flaws(subject, manifest)
    except ManifestDamaged as damaged:
        yield Finding(f"{damaged}; {REBUILD}", str(FOLDER / MANIFEST), harmless=True)
        return
    if manifest is None:
        yield Figure("none yet", skipped=True)
        return
    yield from (Finding(f"{flaw.text}; {REBUILD}", flaw.file, harmless=True) for flaw in flaws)
    units = (*manifest.units, *manifest.books)
    stale = sum(map(is_stale, units))
    if stale:
        text = f"{stale} of {counted(len(units), 'unit')} made by another version; {REBUILD}"
        yield Finding(text, str(FOLDER), harmless=True)
    seals = _seals(subject)
    for unit in units:
        others = [day.file for day in unit.days if seals.get(day.file) != (day.head_hash, day.file_sha256)]
        if others:
            yield Finding(f"{unit.name} was made from another {others[0]}; {REBUILD}", harmless=True)
    yield Figure(f"{sum(len(unit.files) for unit in units):,} files of {len(manifest.units):,} days and months")


REBUILD = "it is passed over; rebuild it with: tallybook commit"


def _flaws(subject: Subject, manifest: Manifest | None) -> list[Flaw]:
    units = (*manifest.units, *manifest.books) if manifest else ()
    found = (flaw_of(subject.home, unit) for unit in units)
    return [flaw for flaw in found if flaw is not None]


def _seals(subject: Subject) -> dict[str, tuple[str, str]]:
    seals = (seal_in(path) for path in subject.files[1:])
    return {seal.file: (seal.head_hash, seal.file_sha256) for seal in seals if seal is not None}


def parquet_rows(subject: Subject) -> Said:
    """Compare, with --deep alone, every row of the Parquet copies with the sealed lines that it was made from."""
    if not subject.deep:
        yield Figure("with --deep", skipped=True)
        return
    try:
        manifest = read_manifest(subject.home) or Manifest()
    except ManifestDamaged:
        return  # said by the check before
    rows = 0
    for unit in manifest.units:
        if not usable(subject.home, unit):
            continue
        try:
            staged = stage(event for day in unit.days for event in events_of(subject.home, day.seal))
        except LogDamaged as damaged:
            yield Finding(f"{unit.name} cannot be compared: {damaged}")
            continue
        rows += sum(file.rows for file in unit.files)
        for table in _unlike(subject, unit, staged):
            yield Finding(f"{table}: its rows are not those of the sealed lines; {REBUILD}", str(FOLDER / unit.name))
    yield Figure(f"{counted(rows, 'row')} compared")


def _unlike(subject: Subject, unit: Unit, staged: Staged) -> Iterator[str]:
    """Name the tables of a unit that differ from the lines, or stand on one side alone."""
    copies = {file.table: file for file in unit.files}
    yield from sorted(copies.keys() ^ staged.lines.keys())
    for table in sorted(copies.keys() & staged.lines.keys()):
        file, con = copies[table], new_database()
        try:
            fill_table(con, "sealed", table, staged)
            places = {(table, column): finer for column, finer in file.places.items()}
            copy = united(table, (Part(relation_of(unit.path(subject.home, file)), places),))
            lines = united(table, (Part("sealed", staged.places),))
            unlike = f"(({copy}) EXCEPT ALL ({lines})) UNION ALL (({lines}) EXCEPT ALL ({copy}))"
            if con.execute(f"SELECT count(*) FROM ({unlike})").fetchall() != [(0,)]:
                yield table
        finally:
            con.close()


def bars(subject: Subject) -> Said:
    """Check the kept bars by the hash that they are named by."""
    paths = sorted((subject.home / kept_bars.FOLDER).glob("*.parquet"))
    for path in paths:
        if not kept_bars.fits(path):
            yield Finding(f"its bytes are not those that it is named by; {REBUILD}", subject.named(path), harmless=True)
    yield Figure(counted(len(paths), "file")) if paths else Figure("none yet", skipped=True)
