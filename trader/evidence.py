"""What decisions were made from, kept under var/data by content hash.

A fact names its inputs by SHA-256; these bytes are as precious as the log. A kept file never changes: what is put twice
is kept once, and what is read is checked against its name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

SUFFIX = ".csv"


class EvidenceError(OSError):
    """Evidence that is missing or is no longer what was put there."""


def put(home: Path, content: bytes, suffix: str = SUFFIX) -> str:
    """Keep bytes and return their hash; they are on disk when this returns."""
    return put_all(home, (content,), suffix)[0]


def put_all(home: Path, contents: Iterable[bytes], suffix: str = SUFFIX) -> tuple[str, ...]:
    """Keep many, and return their hashes; all are on disk when this returns."""
    named = [(sha256(content).hexdigest(), content) for content in contents]
    new = {}
    for digest, content in named:
        path = _path(home, digest, suffix)
        if path.exists():
            get(home, digest, suffix)  # a damaged copy must not vouch for these bytes
        else:
            new[path] = content
    write_all_whole(new)
    return tuple(digest for digest, _ in named)


def get(home: Path, digest: str, suffix: str = SUFFIX) -> bytes:
    """Return the bytes of a hash, verified."""
    path = _path(home, digest, suffix)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise EvidenceError(
            f"evidence {path.name}: expected it in {path.parent}, found none; restore a backup"
        ) from None
    found = sha256(content).hexdigest()
    if found != digest:
        raise EvidenceError(f"evidence {path.name}: its bytes hash to {found[:12]}…; move it away, restore a backup")
    return content


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, whatever happens."""
    write_all_whole({path: content})


def write_all_whole(contents: Mapping[Path, bytes]) -> None:
    """Write files, each whole or not at all. All are written before any is synced: that makes one wait of many."""
    asides = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in contents}
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        asides[path].write_bytes(content)
    for aside in asides.values():
        _sync(aside)
    for path, aside in asides.items():
        aside.replace(path)
    for folder in sorted({folder for path in contents for folder in (path.parent, path.parent.parent)}):
        _sync(folder)  # else a name may be lost with the power


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _path(home: Path, digest: str, suffix: str) -> Path:
    return home / "var" / "data" / digest[:2] / f"{digest}{suffix}"
