"""The halt file: `var/HALT` stops every send, whatever is in it, and all the more if it cannot be read."""

from __future__ import annotations

from pathlib import Path

from ledger.log.disk import LOCAL, Disk

REASON_BYTES_MAX = 1000


def halt_reason(var: Path, disk: Disk = LOCAL) -> str | None:
    """Return why trading is halted; None only if there is certainly no HALT."""
    path = var / "HALT"
    try:
        disk.status(path, follow=False)
    except FileNotFoundError:
        return None if disk.kind(var) == "folder" else f"unreadable: {var} is gone"
    except OSError as error:
        return f"unreadable: {error.strerror or error}"
    try:
        return _text(path, disk) or "no reason given"
    except OSError as error:
        return f"unreadable: {error.strerror or error}"


def _text(path: Path, disk: Disk) -> str:
    with disk.reader(path) as file:
        return file.read(REASON_BYTES_MAX).decode("utf-8", "replace").strip()
