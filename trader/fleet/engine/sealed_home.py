"""The sealed days of a home as a home of their own, by links: what an archive would give back, without an archive.

What is asked of many accounts is asked of this, so that a home that goes on meanwhile, and an archive of it, say the
same. Derived files (checkpoints, Parquet) are not part of it: whatever depends on them is made again.
"""

from __future__ import annotations

from pathlib import Path

from ledger.errors import LogError
from ledger.log.head import Head, write_first_head
from ledger.log.storage import events_folder, var_folder
from queries.sealed import seals

TORN = "torn-*"  # what was cut off the log and kept beside it


class NothingSealed(LogError):
    """No day of this home is sealed yet."""

    code = "nothing-sealed"


def sealed_home(home: Path, folder: Path) -> Path:
    """Make the home in a folder that is not there yet; return it."""
    sealed = seals(home.resolve())
    if not sealed:
        raise NothingSealed(
            f"{home.name}: expected a sealed day, found none; the first is sealed by what the next day records first"
        )
    events_folder(folder).mkdir(parents=True)
    source = events_folder(home.resolve())
    for path in (*(source / seal.file for seal in sealed), *source.glob(TORN)):
        (events_folder(folder) / path.name).symlink_to(path)
    kept = var_folder(home.resolve()) / "data"
    if kept.is_dir():
        (var_folder(folder) / "data").symlink_to(kept)
    write_first_head(var_folder(folder), Head(sealed[-1].last_seq, sealed[-1].head_hash))
    return folder
