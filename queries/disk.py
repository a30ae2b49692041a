"""How much room the history takes: its growth a year, and what is free.

Log and evidence alone count: what is derived can be removed. Evidence lies in folders by the first two digits of its
hash, so that a few folders stand for all of them, however long the history is.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ledger.log.storage import DayFiles, day_files, events_folder

DAYS_MIN = 5  # of recorded days: fewer say nothing of a year
DAYS_MAX = 120  # of the last ones are looked at
FILES_ENOUGH = 2_000  # of evidence, in whole folders
FOLDERS = 256
YEAR = 365


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Bytes a year, and bytes left."""

    year: int | None  # None: too few days are recorded
    free: int
    days: int  # recorded days that it rests on


def disk_use(home: Path, *, files_enough: int = FILES_ENOUGH) -> DiskUse:
    """Extrapolate from the recorded days, and ask how much is free."""
    files = day_files(events_folder(home))
    free = shutil.disk_usage(home).free
    if len(files) < DAYS_MIN:
        return DiskUse(None, free, len(files))
    recent = files[-DAYS_MAX:]
    log = sum(path.stat().st_size for path in recent) / _span(recent)
    evidence = _evidence_size(home, files_enough) / _span(files)
    return DiskUse(round((log + evidence) * YEAR), free, len(recent))


def _span(files: DayFiles) -> int:
    """Count the calendar days from the first file to the last."""
    first, last = (date.fromisoformat(path.stem) for path in (files[0], files[-1]))
    return (last - first).days + 1


def _evidence_size(home: Path, files_enough: int) -> float:
    """Return the size of the evidence: of all of it, or extrapolated from the first folders."""
    size = files = 0
    for number in range(FOLDERS):
        folder = home / "var" / "data" / f"{number:02x}"
        found = [path.stat().st_size for path in folder.iterdir() if path.name[0] != "."] if folder.is_dir() else []
        size, files = size + sum(found), files + len(found)
        if files >= files_enough:
            return size * FOLDERS / (number + 1)
    return size


def bytes_text(count: int) -> str:
    """Spell bytes as a person does: `12.3 MB`."""
    size, units = float(count), ("bytes", "kB", "MB", "GB", "TB")
    for unit in units:
        if size < 1000 or unit == units[-1]:
            return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("the last unit takes everything")
