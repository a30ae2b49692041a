"""The disk: the few operations on files that the log depends on, and all that it may depend on.

Every byte of the log, of HEAD and of the lock goes through a `Disk`; nothing else in `ledger/log` touches a file. What
is written is certain to survive a power cut only after `sync` or `sync_content` of that file returned, and a name (of a
new, replaced or removed file) only after `sync_folder` of its folder did. Locks die with their process.

To put a log elsewhere, subclass `Disk` and give the instance to `Log.open(…, disk=…)`: override every operation.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal, NamedTuple

Purpose = Literal["append", "overwrite", "new"]
# A handle never outlives this process's own program, and opening never waits for the other end of a pipe.
ALWAYS = os.O_CLOEXEC | os.O_NONBLOCK
FLAGS: dict[Purpose, int] = {
    "append": ALWAYS | os.O_WRONLY | os.O_APPEND,
    "overwrite": ALWAYS | os.O_RDWR,
    "new": ALWAYS | os.O_WRONLY | os.O_TRUNC,
}


class Status(NamedTuple):
    """What the disk says of one name."""

    kind: Literal["file", "folder", "other"]
    owner: int
    group: int
    mode: int  # permissions, with set-group-id
    size: int
    modified_ns: int


Rights = tuple[int, int, int]  # owner, group, mode


class Disk:
    """The file system of this machine. Whatever fails raises OSError; nothing is tried twice."""

    # what is there

    def names(self, folder: Path) -> tuple[str, ...]:
        """Return the names in a folder, in no order; FileNotFoundError or NotADirectoryError if it is none."""
        with os.scandir(folder) as entries:
            return tuple(entry.name for entry in entries)

    def rights(self, folder: Path) -> Iterator[tuple[str, Rights]]:
        """Yield every name in a folder with its rights, links followed: much cheaper than one status after another."""
        with os.scandir(folder) as entries:
            for entry in entries:
                found = entry.stat()
                yield entry.name, (found.st_uid, found.st_gid, found.st_mode)

    def status(self, path: Path, *, follow: bool = True) -> Status:
        """Say what is there; FileNotFoundError if nothing is."""
        found = path.stat(follow_symlinks=follow)
        kind: Literal["file", "folder", "other"] = "other"
        if stat.S_ISREG(found.st_mode):
            kind = "file"
        elif stat.S_ISDIR(found.st_mode):
            kind = "folder"
        mode = stat.S_IMODE(found.st_mode)
        return Status(kind, found.st_uid, found.st_gid, mode, found.st_size, found.st_mtime_ns)

    def writable(self, path: Path) -> bool:
        """Tell whether this user may write there."""
        return os.access(path, os.W_OK, effective_ids=True)

    def user_id(self) -> int:
        """Return whose files the ones made here are."""
        return os.geteuid()

    def reader(self, path: Path) -> IO[bytes]:
        """Open a plain file for reading from its start; the caller closes it. OSError for anything but a file."""
        descriptor = os.open(path, ALWAYS | os.O_RDONLY)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        return os.fdopen(descriptor, "rb")

    # one file, open for writing

    def open(self, path: Path, purpose: Purpose, mode: int) -> int:
        """Open a file, made with exactly this mode if it is not there; return a handle.

        `append` writes at the end, `overwrite` keeps what is there, `new` empties the file.
        """
        try:
            return os.open(path, FLAGS[purpose])
        except FileNotFoundError:
            descriptor = os.open(path, FLAGS[purpose] | os.O_CREAT, mode)
            os.fchmod(descriptor, mode)  # whatever the umask
            return descriptor

    def size(self, handle: int) -> int:
        """Return how many bytes the file holds."""
        return os.fstat(handle).st_size

    def write(self, handle: int, content: bytes | memoryview) -> int:
        """Write at the handle's position; return how many bytes were taken, which may be fewer."""
        return os.write(handle, content)

    def write_at(self, handle: int, content: bytes, offset: int) -> int:
        """Write in place; return how many bytes were taken."""
        return os.pwrite(handle, content, offset)

    def truncate(self, handle: int, size: int) -> None:
        """Cut the file off; this too is certain only when synced."""
        os.ftruncate(handle, size)

    def sync(self, handle: int) -> None:
        """Return when the file, content and status, is durable; its name is not."""
        os.fsync(handle)

    def sync_content(self, handle: int) -> None:
        """Return when the content, and the size that it needs, is durable."""
        os.fdatasync(handle)

    def close(self, handle: int) -> None:
        """Give the handle up, and with it its lock; nothing becomes durable by it."""
        os.close(handle)

    # names

    def make_folder(self, folder: Path, mode: int) -> None:
        """Make a folder with exactly this mode; FileExistsError if the name is taken."""
        folder.mkdir()
        folder.chmod(mode)

    def chmod(self, path: Path, mode: int) -> None:
        """Change the permissions."""
        path.chmod(mode)

    def replace(self, source: Path, target: Path) -> None:
        """Give a file another name of the same folder, in one step; what had that name is gone."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Remove a name; FileNotFoundError if it is not there."""
        path.unlink()

    def sync_file(self, path: Path) -> None:
        """Return when a file that another process may have written is durable; its name is not."""
        descriptor = os.open(path, ALWAYS | os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def sync_folder(self, folder: Path) -> None:
        """Return when the folder's names are durable."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    # the lock

    def lock(self, handle: int) -> bool:
        """Take the file's one lock, until the handle is closed or the process dies; False if another handle has it."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def leads_to(self, path: Path, handle: int) -> bool:
        """Tell whether the name still leads to the open file: a lock on a removed one keeps nobody out."""
        try:
            return os.path.samestat(path.stat(), os.fstat(handle))
        except FileNotFoundError:
            return False

    # what follows from these

    def kind(self, path: Path) -> Literal["file", "folder", "other", "nothing"]:
        """Say what is there, by `status`."""
        try:
            return self.status(path).kind
        except (FileNotFoundError, NotADirectoryError):
            return "nothing"

    def content(self, path: Path) -> bytes:
        """Read a whole small file, by `reader`."""
        with self.reader(path) as file:
            return file.read()


LOCAL = Disk()
