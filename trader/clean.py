"""`tallybook clean`: remove what can be made again, and what killed writers left behind. Nothing else, ever.

Events, evidence, HEAD, HALT, torn tails, the files that people read and the settings stay. To call something derived:
add it to `DERIVED`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DERIVED = ("parquet", "data/bars", "checkpoints", "recent", "reports", "tallybook.duckdb", "tallybook.duckdb.wal")
# A writer's unfinished file bears the writer's process id: `.name.123`, `name.123.new`, `.restoring-123`.
LEFTOVER = re.compile(r"\..+[.-](?P<pid>[0-9]+)|.+\.(?P<other>[0-9]+)\.new(\.wal)?")


@dataclass(frozen=True, slots=True)
class Removable:
    """One thing that may go."""

    path: Path
    files: int
    size: int
    is_leftover: bool


def removable(home: Path) -> tuple[Removable, ...]:
    """List what may go. A link is left alone: what it leads to is not ours."""
    var = home / "var"
    found = [var / name for name in DERIVED if (var / name).exists() and not (var / name).is_symlink()]
    told = [_weighed(path, is_leftover=False) for path in found]
    return (*told, *(_weighed(path, is_leftover=True) for path in _leftovers(var, frozenset(found))))


def remove(found: tuple[Removable, ...]) -> None:
    """Remove what was listed; what a writer has finished or removed meanwhile is none of it any more."""
    for thing in found:
        if thing.path.is_dir():
            shutil.rmtree(thing.path, ignore_errors=True)  # who writes there right now adds to it
        else:
            thing.path.unlink(missing_ok=True)


def _leftovers(folder: Path, derived: frozenset[Path]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        match = LEFTOVER.fullmatch(path.name)
        if path in derived or path.is_symlink():
            continue
        if match is not None:
            if not _lives(int(match["pid"] or match["other"])):
                yield path
        elif path.is_dir():
            yield from _leftovers(path, derived)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def _weighed(path: Path, *, is_leftover: bool) -> Removable:
    files = [path] if path.is_file() else [part for part in path.rglob("*") if part.is_file()]
    return Removable(path, len(files), sum(part.stat().st_size for part in files), is_leftover)
