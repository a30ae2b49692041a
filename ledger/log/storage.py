"""Where a home keeps its log, whose it is, and writes that survive a power cut.

What an account holds is nobody else's business: files are 0600, folders 0700, and one user owns them. If `var` belongs
to a group that may write, and hands its group on (2770), the home is shared: files are 0660, folders 2770, all of
`var`'s group, and whoever is in that group may write. Every file follows the folder that it is made in.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, overload

from ledger.errors import LogDamaged, LogNotWritable
from ledger.log.disk import LOCAL, Disk, Rights, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = stat.S_ISGID | stat.S_IWGRP
DAY_FILE = re.compile(r"\d{4}-\d{2}-\d{2}\.jsonl")


def var_folder(home: Path) -> Path:
    """Where everything that a home accumulates lies."""
    return home / "var"


def events_folder(home: Path) -> Path:
    """Where the day files lie."""
    return home / "var" / "events"


class DayFiles(Sequence[Path]):
    """The day files of a folder, oldest first: names, and paths where one is asked for (there may be thousands)."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.folder = folder
        self.names = names

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, at: int) -> Path: ...

    @overload
    def __getitem__(self, at: slice) -> DayFiles: ...

    def __getitem__(self, at: int | slice) -> Path | DayFiles:
        if isinstance(at, slice):
            return DayFiles(self.folder, self.names[at])
        return self.folder / self.names[at]


def day_files(folder: Path, disk: Disk = LOCAL) -> DayFiles:
    """Every day file, oldest first; none without the folder. LogDamaged for one of a day that never is."""
    try:
        names = disk.names(folder)
    except (FileNotFoundError, NotADirectoryError):
        return DayFiles(folder, ())
    try:
        return DayFiles(folder, sorted(name for name in names if _is_day_file(name)))
    except ValueError as error:
        raise LogDamaged(
            f"{folder / str(error)}: expected the file of a day, found one of a day that never is; "
            "find out who wrote it, then move it away"
        ) from None


def has_day_files(folder: Path, disk: Disk = LOCAL) -> bool:
    """Tell whether there is any, without putting them in order."""
    try:
        return any(_is_day_file(name) for name in disk.names(folder))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except ValueError:
        return True  # whoever lists them says which one cannot be


@lru_cache(maxsize=65_536)  # a long history is listed several times by one command
def _is_day_file(name: str) -> bool:
    """Tell whether a name is that of a day file; ValueError, with the name, for one of a day that never is."""
    if DAY_FILE.fullmatch(name) is None:
        return False
    try:
        date.fromisoformat(name[:10])
    except ValueError:
        raise ValueError(name) from None
    return True


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


def is_shared(folder: Path, disk: Disk = LOCAL) -> bool:
    """Tell whether what is made in a folder belongs to its group too."""
    return disk.status(folder).mode & SHARED == SHARED


def file_mode(folder: Path, disk: Disk = LOCAL) -> int:
    """Return the permissions of a new file in a folder."""
    return 0o660 if is_shared(folder, disk) else 0o600


def folder_mode(parent: Path, disk: Disk = LOCAL) -> int:
    """Return the permissions of a new folder in a folder."""
    return 0o2770 if is_shared(parent, disk) else 0o700


def seal_file(path: Path, disk: Disk) -> None:
    """Take the right to write from a file that is complete; another user's stays as it is, its seal guards it."""
    if disk.status(path).owner == disk.user_id():
        disk.chmod(path, file_mode(path.parent, disk) & 0o440)


def require_ours(var: Path, disk: Disk) -> None:
    """Refuse a home in which a file is another's, or open to others, or not to be written: root's cron must not lock
    the owner out, nor anybody else write what we read.
    """
    with refusing_what_cannot_be_written(var):
        owners = disk.status(var)
        shared = owners.mode & SHARED == SHARED
        events = events_folder(var.parent)
        days, alike = day_files(events, disk), dict[Rights, Path]()
        for name, rights in disk.rights(events) if days else ():
            if rights not in alike and _is_day_file(name):
                alike[rights] = events / name
        kept = [path for path in (var / "HEAD.0", var / "HEAD.1", var / "lock", var / "refused") if _lies(path, disk)]
        for path in (var, events, *sorted(alike.values()), *kept):
            _require_rights(path, disk.status(path), owners, disk.user_id(), shared=shared)
        for path in (var, events, *days[-1:], *kept):
            if not disk.writable(path):
                cure = f"add this user to group {owners.group}" if shared else "check its permissions"
                raise LogNotWritable(f"{path}: expected to be writable, found that it is not; {cure}")


def _lies(path: Path, disk: Disk) -> bool:
    return disk.kind(path) != "nothing"


def _require_rights(path: Path, found: Status, var: Status, user: int, *, shared: bool) -> None:
    if shared and found.group != var.group:
        raise LogNotWritable(
            f"{path}: expected to belong to group {var.group} as var does, found group {found.group}; "
            f"run: chgrp {var.group} {path}"
        )
    if not shared and found.owner != user:
        raise LogNotWritable(
            f"{path}: expected to belong to user id {user}, found {found.owner}; run as its owner, or share the home "
            "as docs/runbook.md says under 'Two users on one home'"
        )
    too_open = found.mode & (0o002 if shared else 0o022)
    too_closed = shared and not found.mode & 0o040
    if too_open or too_closed:
        expected = {("file", True): 0o660, ("file", False): 0o600, ("folder", True): 0o2770}
        mode = expected.get((found.kind, shared), 0o700)
        raise LogNotWritable(f"{path}: expected permissions {mode:o}, found {found.mode:o}; run: chmod {mode:o} {path}")


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
    handle = disk.open(unfinished, "new", file_mode(path.parent, disk))
    try:
        write_fully(handle, content, disk)
        disk.sync(handle)
    finally:
        disk.close(handle)
    disk.replace(unfinished, path)
    disk.sync_folder(path.parent)
