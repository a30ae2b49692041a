"""Where a home lies: a stamp that a restored, moved or copied home does not fit.

`var/place` holds the numbers that the file system gave to the log's folder, its first file and HEAD. Only a folder that
stays where it is keeps them: not one that was copied, unpacked, or put back from a backup. A home without a stamp
counts as copied: whoever copies only what a backup needs leaves it behind.
"""

from __future__ import annotations

import json
from pathlib import Path

from ledger.log.storage import (
    day_files,
    events_folder,
    refusing_what_cannot_be_written,
    var_folder,
    write_new_file,
)

STAMP = "place"


def stamp(home: Path) -> None:
    """Say that the log belongs here: whatever copies it from now on is a copy."""
    path = var_folder(home) / STAMP
    with refusing_what_cannot_be_written(path):
        write_new_file(path, json.dumps(_numbers(home)).encode() + b"\n")


def displaced(home: Path) -> str | None:
    """Say why the home may be a copy; None if it lies where it was stamped."""
    try:
        stamped = json.loads((var_folder(home) / STAMP).read_bytes())
    except FileNotFoundError:
        return "the log has no stamp of its place: it was restored or copied here"
    except (OSError, ValueError):
        return "the stamp of the log's place cannot be read: it may have been copied here"
    if stamped != _numbers(home):
        return "the log is not where it was stamped: it was moved, copied or put back from a backup"
    return None


def _numbers(home: Path) -> dict[str, int]:
    var = var_folder(home)
    marked = {"events": events_folder(home), "genesis": day_files(events_folder(home))[0]}
    marked |= {name: var / name for name in ("HEAD.0", "HEAD.1")}
    return {name: path.stat().st_ino if path.exists() else 0 for name, path in marked.items()}
