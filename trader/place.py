"""Where a home lies: a stamp that a restored, moved or copied home does not fit.

`var/place` holds the numbers that the file system gave to the log's folder, its first file and HEAD. Only a folder that
stays where it is keeps them: not one that was copied, unpacked, or put back from a backup. A home without a stamp
counts as copied: whoever copies only what a backup needs leaves it behind. Each cycle marks in it how far the log has
come: a backup that is copied over the files in their places keeps their numbers, and does not reach the mark.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from ledger.log.disk import LOCAL
from ledger.log.storage import (
    day_files,
    events_folder,
    file_mode,
    refusing_what_cannot_be_written,
    var_folder,
    write_fully,
    write_new_file,
)

STAMP = "place"
END = "end"


def stamp(home: Path) -> None:
    """Say that the log belongs here: whatever copies it from now on is a copy."""
    path = var_folder(home) / STAMP
    with refusing_what_cannot_be_written(path):
        write_new_file(path, json.dumps(_numbers(home)).encode() + b"\n")


def mark(home: Path, end: str) -> None:
    """Stamp the home, with SEQ:HASH of a line that is on disk. Not synced: an older mark only says less."""
    path = var_folder(home) / STAMP
    unfinished = path.with_name(f".{STAMP}.{os.getpid()}")
    with refusing_what_cannot_be_written(path):
        handle = LOCAL.open(unfinished, "new", file_mode(path.parent))
        try:
            write_fully(handle, json.dumps({**_numbers(home), END: end}).encode() + b"\n")
        finally:
            LOCAL.close(handle)
        LOCAL.replace(unfinished, path)


def marked(home: Path) -> str | None:
    """Return SEQ:HASH that the log had reached when it was marked last; None if the stamp does not say."""
    try:
        return str(json.loads((var_folder(home) / STAMP).read_bytes())[END])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def displaced(home: Path) -> str | None:
    """Say why the home may be a copy; None if it lies where it was stamped."""
    try:
        stamped = json.loads((var_folder(home) / STAMP).read_bytes())
    except FileNotFoundError:
        return "the log has no stamp of its place: it was restored or copied here"
    except (OSError, ValueError):
        return "the stamp of the log's place cannot be read: it may have been copied here"
    if not isinstance(stamped, dict) or {k: v for k, v in stamped.items() if k != END} != _numbers(home):
        return "the log is not where it was stamped: it was moved, copied or put back from a backup"
    return None


def _numbers(home: Path) -> dict[str, int]:
    var = var_folder(home)
    marked = {"events": events_folder(home), "genesis": day_files(events_folder(home))[0]}
    marked |= {name: var / name for name in ("HEAD.0", "HEAD.1")}
    return {name: path.stat().st_ino if path.exists() else 0 for name, path in marked.items()}
