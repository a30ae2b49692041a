"""The halt file: `var/HALT` stops every send, whatever is in it, and all the more if it cannot be read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

REASON_BYTES_MAX = 1000


def halt_reason(var: Path) -> str | None:
    """Return why trading is halted; None only if there is certainly no HALT."""
    path = var / "HALT"
    try:
        path.lstat()
    except FileNotFoundError:
        return None if var.is_dir() else f"unreadable: {var} is gone"
    except OSError as error:
        return f"unreadable: {error.strerror or error}"
    try:
        return _text(path) or "no reason given"
    except OSError as error:
        return f"unreadable: {error.strerror or error}"


def _text(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not make the check wait
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return "unreadable: not a plain file"
        return os.read(descriptor, REASON_BYTES_MAX).decode("utf-8", "replace").strip()
    finally:
        os.close(descriptor)
