"""Where a home keeps its log, and writes that survive a power cut.

Files are 0600, folders 0700: what an account holds is nobody else's business.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import LogNotWritable
from ledger.log.disk import LOCAL, Disk

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_FILE = re.compile(r"\d{4}-\d{2}-\d{2}\.jsonl")


def var_folder(home: Path) -> Path:
    """Where everything that a home accumulates lies."""
    return home / "var"


def events_folder(home: Path) -> Path:
    """Where the day files lie."""
    return home / "var" / "events"


def day_files(folder: Path, disk: Disk = LOCAL) -> tuple[Path, ...]:
    """Every day file, oldest first; none without the folder."""
    try:
        names = disk.names(folder)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return tuple(folder / name for name in sorted(names) if DAY_FILE.fullmatch(name))


@contextmanager
def refusing_what_cannot_be_written(what: Path) -> Iterator[None]:
    """Turn an OSError into the log's own refusal, naming the file."""
    try:
        yield
    except OSError as error:
        raise LogNotWritable(
            f"{what}: expected to write, found {error.strerror or error}; "
            "check the disk, the permissions and the user, then start again"
        ) from error


def require_ours(disk: Disk, *paths: Path) -> None:
    """Refuse what this user cannot write, or what is another's: root's cron must not lock the owner out."""
    for path in paths:
        with refusing_what_cannot_be_written(path):
            owner, user = disk.status(path).owner, disk.user_id()
        if owner != user:
            raise LogNotWritable(f"{path}: expected to belong to user id {user}, found {owner}; run as its owner")
        if not disk.writable(path):
            raise LogNotWritable(f"{path}: expected to be writable, found that it is not; check its permissions")


def write_fully(handle: int, content: bytes, disk: Disk = LOCAL) -> None:
    """Write all of it, however the disk cuts it."""
    rest = memoryview(content)
    while rest:
        written = disk.write(handle, rest)
        if written == 0:
            raise OSError(f"expected to write {len(rest)} bytes, wrote none")
        rest = rest[written:]


def write_new_file(path: Path, content: bytes, disk: Disk = LOCAL) -> None:
    """Write a whole file so that it is there completely or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    handle = disk.open(unfinished, "new", 0o600)
    try:
        write_fully(handle, content, disk)
        disk.sync(handle)
    finally:
        disk.close(handle)
    disk.replace(unfinished, path)
    disk.sync_folder(path.parent)
