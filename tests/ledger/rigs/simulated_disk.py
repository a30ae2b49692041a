"""A disk in memory that loses what nobody synced.

Between a write and its sync, and between a change of a name and the sync of its folder, a power cut may undo it, keep
it, cut it, leave zeros or old bytes in its place, or keep some sectors of it and not others. `cut_at` says before or in
the middle of which changing operation the power goes; reading changes nothing, so a cut while reading is the cut at the
next change. To add a fate of unsynced bytes: write the function and add it to `FATES`.
"""

from __future__ import annotations

import errno
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

from ledger.log.disk import Disk, Purpose, Rights, Status

SECTOR = 512
OWNER = 1000
HOME = Path("/home")


class PowerCut(BaseException):
    """The process is gone: no code of ours runs on, whatever it catches."""


class File:
    """A file's content as the process sees it, and as the disk is certain to have it."""

    __slots__ = ("content", "durable", "locked_by", "mode", "modified")

    def __init__(self, content: bytes, mode: int, modified: int) -> None:
        self.content = bytearray(content)
        self.durable = b""
        self.mode = mode
        self.modified = modified
        self.locked_by: int | None = None


class Folder:
    """Names as the process sees them, as the disk is certain to have them, and the changes in between."""

    __slots__ = ("changes", "durable", "mode", "names")

    def __init__(self, mode: int = 0o700) -> None:
        self.names: dict[str, File | Folder] = {}
        self.durable: dict[str, File | Folder] = {}
        self.changes: list[dict[str, File | Folder | None]] = []  # each happens as a whole, or not
        self.mode = mode

    def change(self, **names: File | Folder | None) -> None:
        """Rename in one step: a name without a node goes."""
        self.changes.append(names)
        _rename(self.names, names)

    def sync(self) -> None:
        """Make the names durable."""
        self.durable, self.changes = dict(self.names), []

    def lose(self) -> None:
        """Go back to what is durable, in every folder below too."""
        self.names, self.changes = dict(self.durable), []
        for node in self.names.values():
            if isinstance(node, Folder):
                node.lose()
            else:
                node.content = bytearray(node.durable)


def _rename(names: dict[str, File | Folder], change: dict[str, File | Folder | None]) -> None:
    for name, node in change.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


Fate = Callable[[bytes, bytes, random.Random, bytes], bytes]


def lost(old: bytes, new: bytes, chance: random.Random, stale: bytes) -> bytes:
    """Nothing arrived."""
    return old


def kept(old: bytes, new: bytes, chance: random.Random, stale: bytes) -> bytes:
    """All of it arrived."""
    return new


def cut(old: bytes, new: bytes, chance: random.Random, stale: bytes) -> bytes:
    """The first bytes arrived; behind them the old ones stand, if there were any."""
    same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    arrived = chance.randint(same, len(new))
    return new[:arrived] + old[arrived:]


def zeroed(old: bytes, new: bytes, chance: random.Random, stale: bytes) -> bytes:
    """The length arrived, the content did not."""
    return old + bytes(max(0, len(new) - len(old)))


def recycled(old: bytes, new: bytes, chance: random.Random, stale: bytes) -> bytes:
    """The length arrived; where the content should be lies what the blocks held before."""
    room = len(new) - len(old)
    if room <= 0 or not stale:
        return old
    begin = chance.randrange(len(stale))
    if chance.random() < 0.5:
        begin = stale.rfind(b"\n", 0, begin) + 1
    return old + (stale[begin:] + stale)[:room].ljust(room, b"\0")


def reordered(old: bytes, new: bytes, chance: random.Random, stale: bytes) -> bytes:
    """Some sectors arrived, others not."""
    size = chance.choice((len(old), len(new)))
    was, now = old.ljust(size, b"\0"), new.ljust(size, b"\0")
    return b"".join(chance.choice((was, now))[at : at + SECTOR] for at in range(0, size, SECTOR))[:size]


FATES: tuple[Fate, ...] = (lost, kept, cut, zeroed, recycled, reordered)


class SimulatedDisk(Disk):
    """A disk whose power can be cut; `restart` is the machine coming up again."""

    def __init__(self, seed: int = 0) -> None:
        self.chance = random.Random(seed)
        self.root = Folder()
        self.cut_at: int | None = None
        self.changes = 0  # how many changing operations there were
        self.dead = False
        self.coverage: Counter[str] = Counter()
        self.short_writes = False
        self._handles: dict[int, tuple[File, bool]] = {}
        self._next_handle = 1000
        self.make_folder(HOME, 0o700)
        self.root.sync()

    # for the rigs

    def day_files(self) -> dict[str, bytes]:
        """Return every day file as the process sees it."""
        return {name: content for name, content in self.files(HOME / "var/events").items() if name[-6:] == ".jsonl"}

    def files(self, folder: Path) -> dict[str, bytes]:
        """Return every file of a folder."""
        found = self.find(folder)
        if not isinstance(found, Folder):
            return {}
        return {name: bytes(node.content) for name, node in sorted(found.names.items()) if isinstance(node, File)}

    def put(self, path: Path, content: bytes) -> None:
        """Lay a durable file there, whatever was."""
        file = File(content, 0o600, 0)
        file.durable = content
        folder = self._folder(path.parent)
        folder.names[path.name] = folder.durable[path.name] = file

    def remove(self, path: Path) -> None:
        """Take a file away for good."""
        folder = self._folder(path.parent)
        del folder.names[path.name]
        folder.durable.pop(path.name, None)

    def forget(self) -> None:
        """Give the memory back."""
        self.kill()
        self.root = Folder()

    def kill(self) -> None:
        """End the process alone: what it wrote stays, its handles and locks go."""
        self.dead, self.cut_at = False, None
        for file, _ in self._handles.values():
            file.locked_by = None
        self._handles.clear()

    def restart(self) -> None:
        """Cut the power and come up again with what survived."""
        events = self.find(HOME / "var/events")
        files = sorted(events.names.items()) if isinstance(events, Folder) else []
        stale = b"".join(file.durable for _, file in files if isinstance(file, File))
        self.kill()
        self._survive(self.root, stale)

    # what is there

    def names(self, folder: Path) -> tuple[str, ...]:
        return tuple(self._folder(folder).names)

    def rights(self, folder: Path) -> Iterator[tuple[str, Rights]]:
        names = self._folder(folder).names
        return ((name, (OWNER, OWNER, self.status(folder / name).mode)) for name in tuple(names))

    def status(self, path: Path, *, follow: bool = True) -> Status:
        found = self.find(path)
        if found is None:
            raise _missing(path)
        if isinstance(found, Folder):
            return Status("folder", OWNER, OWNER, found.mode, 0, 0)
        return Status("file", OWNER, OWNER, found.mode, len(found.content), found.modified)

    def writable(self, path: Path) -> bool:
        return self.find(path) is not None

    def user_id(self) -> int:
        return OWNER

    def reader(self, path: Path) -> IO[bytes]:
        return BytesIO(self._file(path).content)

    # one file

    def open(self, path: Path, purpose: Purpose, mode: int) -> int:
        found = self.find(path)
        if found is None:
            self._change("create")
            found = File(b"", mode, self.changes)
            self._folder(path.parent).change(**{path.name: found})
            self._may_cut_after()
        elif not isinstance(found, File):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        elif purpose == "new":
            self._change("empty")
            found.content.clear()
            self._may_cut_after()
        self._next_handle += 1
        self._handles[self._next_handle] = found, purpose == "append"
        return self._next_handle

    def size(self, handle: int) -> int:
        return len(self._opened(handle).content)

    def write(self, handle: int, content: bytes | memoryview) -> int:
        self._change("write")
        file = self._opened(handle)
        if self.short_writes and len(content) > 1:
            content = content[: self.chance.randint(1, len(content))]
        file.content += content
        file.modified = self.changes
        self._may_cut_after()
        return len(content)

    def write_at(self, handle: int, content: bytes, offset: int) -> int:
        self._change("write at")
        file = self._opened(handle)
        file.content[len(file.content) :] = bytes(max(0, offset - len(file.content)))
        file.content[offset : offset + len(content)] = content
        self._may_cut_after()
        return len(content)

    def truncate(self, handle: int, size: int) -> None:
        self._change("truncate")
        del self._opened(handle).content[size:]
        self._may_cut_after()

    def sync(self, handle: int) -> None:
        self._change("sync")
        file = self._opened(handle)
        file.durable = bytes(file.content)
        self._may_cut_after()

    def sync_content(self, handle: int) -> None:
        self.sync(handle)

    def close(self, handle: int) -> None:
        file, _ = self._handles.pop(handle, (None, False))
        if file is not None and file.locked_by == handle:
            file.locked_by = None

    # names

    def make_folder(self, folder: Path, mode: int) -> None:
        self._change("make folder")
        parent = self._folder(folder.parent)
        if folder.name in parent.names:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
        parent.change(**{folder.name: Folder(mode)})
        self._may_cut_after()

    def chmod(self, path: Path, mode: int) -> None:
        self._change("chmod")
        found = self.find(path)
        if found is None:
            raise _missing(path)
        found.mode = mode

    def replace(self, source: Path, target: Path) -> None:
        self._change("replace")
        self._folder(source.parent).change(**{source.name: None, target.name: self._file(source)})
        self._may_cut_after()

    def unlink(self, path: Path) -> None:
        self._change("unlink")
        self._file(path)
        self._folder(path.parent).change(**{path.name: None})
        self._may_cut_after()

    def sync_file(self, path: Path) -> None:
        self._change("sync file")
        file = self._file(path)
        file.durable = bytes(file.content)
        self._may_cut_after()

    def sync_folder(self, folder: Path) -> None:
        self._change("sync folder")
        self._folder(folder).sync()
        self._may_cut_after()

    # the lock

    def lock(self, handle: int) -> bool:
        file = self._opened(handle)
        if file.locked_by not in (None, handle):
            return False
        file.locked_by = handle
        return True

    def leads_to(self, path: Path, handle: int) -> bool:
        return self.find(path) is self._opened(handle)

    # how

    def _change(self, operation: str) -> None:
        """Count a changing operation; the power goes before it, or after it (`_may_cut_after`)."""
        if self.dead:
            raise PowerCut(operation)
        self.changes += 1
        if self.changes == self.cut_at:
            self.coverage[f"cut at {operation}"] += 1
            if self.chance.random() < 0.5:
                self._cut()

    def _may_cut_after(self) -> None:
        if self.changes == self.cut_at:
            self._cut()

    def _cut(self) -> None:
        self.dead = True
        raise PowerCut(f"change {self.changes}")

    def _survive(self, folder: Folder, stale: bytes) -> None:
        names = folder.durable
        for change in folder.changes:
            stays = self.chance.random() < 0.5
            self.coverage[f"name {'kept' if stays else 'lost'}"] += 1
            if stays:
                _rename(names, change)
        folder.names = names
        folder.sync()
        for node in names.values():
            if isinstance(node, Folder):
                self._survive(node, stale)
            elif node.content != node.durable:
                fate = self.chance.choice(FATES)
                self.coverage[f"bytes {fate.__name__}"] += 1
                node.durable = fate(node.durable, bytes(node.content), self.chance, stale)
                node.content = bytearray(node.durable)

    def find(self, path: Path) -> File | Folder | None:
        """Return what lies there; None if nothing does."""
        node: File | Folder | None = self.root
        for part in path.parts[1:]:
            if not isinstance(node, Folder):
                return None
            node = node.names.get(part)
        return node

    def _folder(self, path: Path) -> Folder:
        found = self.find(path)
        if found is None:
            raise _missing(path)
        if isinstance(found, File):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        return found

    def _file(self, path: Path) -> File:
        found = self.find(path)
        if found is None:
            raise _missing(path)
        if isinstance(found, Folder):
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        return found

    def _opened(self, handle: int) -> File:
        if self.dead:
            raise PowerCut("the machine is off")
        return self._handles[handle][0]


def _missing(path: Path) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
