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

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_FILE = re.compile(r"\d{4}-\d{2}-\d{2}\.jsonl")


def var_folder(home: Path) -> Path:
    """Where everything that a home accumulates lies."""
    return home / "var"


def events_folder(home: Path) -> Path:
    """Where the day files lie."""
    return home / "var" / "events"


def day_files(folder: Path) -> tuple[Path, ...]:
    """Every day file, oldest first; none without the folder."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(path for path in folder.iterdir() if DAY_FILE.fullmatch(path.name)))


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


def require_ours(*paths: Path) -> None:
    """Refuse what this user cannot write, or what is another's: root's cron must not lock the owner out."""
    for path in paths:
        with refusing_what_cannot_be_written(path):
            owner, user = path.stat().st_uid, os.geteuid()
        if owner != user:
            raise LogNotWritable(f"{path}: expected to belong to user id {user}, found {owner}; run as its owner")
        if not os.access(path, os.W_OK):
            raise LogNotWritable(f"{path}: expected to be writable, found that it is not; check its permissions")


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_fully(descriptor: int, content: bytes) -> None:
    """Write all of it, however the kernel cuts it."""
    rest = memoryview(content)
    while rest:
        written = os.write(descriptor, rest)
        if written == 0:
            raise OSError(f"expected to write {len(rest)} bytes, wrote none")
        rest = rest[written:]


def write_new_file(path: Path, content: bytes) -> None:
    """Write a whole file so that it is there completely or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_fully(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    unfinished.replace(path)
    sync_folder(path.parent)
