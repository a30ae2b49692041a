"""Why reading a history takes long, and which command makes it quick again.

After a change of version neither the Parquet copies nor the checkpoints count: everything is read and folded from the
log's lines. To name another cause, write a function that says it in a line, and let `cause_of` ask it.
"""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

from ledger.checkpoints import latest_seal
from ledger.log.storage import day_files, events_folder
from queries.pinned import bound_manifest, is_stale

UNCOPIED_MAX = 1  # sealed days: yesterday's, until today's commit
FOLDED_MAX = 10  # sealed days since a checkpoint: older ones are kept for each week


def cause_of(home: Path, day: str = "") -> str:
    """Say in a line what makes a question slow; nothing where nothing is missing. With a day, the question is of it."""
    return uncopied(home) or unfolded(home, day)


def uncopied(home: Path) -> str:
    """Tell how many sealed days have no copy that counts."""
    manifest = bound_manifest(home)
    good = [list(takewhile(lambda unit: not is_stale(unit), units)) for units in (manifest.units, manifest.books)]
    last = min(units[-1].days[-1].file if units else "" for units in good)
    days = day_files(events_folder(home)).names[:-1]
    waiting = sum(file > last for file in days)
    if waiting <= UNCOPIED_MAX:
        return ""
    return f"{waiting} of {len(days)} sealed days have to be read line by line; tallybook commit makes that quick"


def unfolded(home: Path, day: str = "") -> str:
    """Tell how many sealed days lie between the end of the log, or a day, and the last checkpoint that counts."""
    days = [file for file in day_files(events_folder(home)).names[:-1] if not day or file[:10] < day]
    seal = latest_seal(home, before=f"{day}.jsonl" if day else None)
    folded = sum(seal is None or file > seal.file for file in days)
    if folded <= FOLDED_MAX:
        return ""
    return f"{folded} days have to be folded from the log's lines; tallybook upgrade --check makes that quick"
