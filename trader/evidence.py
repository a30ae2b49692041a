"""What decisions were made from, kept under var/data by content hash.

A fact names its inputs by SHA-256; these bytes are as precious as the log. A kept file never changes: what is put twice
is kept once, and what is read is checked against its name.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

SUFFIX = ".csv"


class EvidenceError(OSError):
    """Evidence that is missing or is no longer what was put there."""


def put(home: Path, content: bytes, suffix: str = SUFFIX) -> str:
    """Keep bytes and return their hash; they are on disk when this returns."""
    digest = sha256(content).hexdigest()
    path = _path(home, digest, suffix)
    if path.exists():
        get(home, digest, suffix)  # a damaged copy must not vouch for these bytes
    else:
        write_whole(path, content)
    return digest


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
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # else the name may be lost with the power
    finally:
        os.close(folder)


def _path(home: Path, digest: str, suffix: str) -> Path:
    return home / "var" / "data" / digest[:2] / f"{digest}{suffix}"
