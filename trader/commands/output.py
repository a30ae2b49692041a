"""Where an answer may be written: never over the log, or what belongs to it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from ledger.errors import Refusal
from trader.schedule import FILE_NAME


class OutputRefused(Refusal):
    """A file that an answer must not be written to."""

    code: ClassVar[str] = "output"


def require_free(home: Path, out: Path | None) -> None:
    """Refuse a path in a home's var, its settings, and a folder that holds a home; None is the terminal."""
    if out is None:
        return
    place, owner = out.resolve(), home.resolve()
    if place == owner / FILE_NAME or (owner / "var") in (place, *place.parents) or place in (owner, *owner.parents):
        raise OutputRefused(f"{out}: expected a file of its own, found one of the home {home}; name another")


def require_new(home: Path, out: Path | None, mark: str) -> None:
    """Refuse, besides, a file that is there and does not begin as an export does: it may be anything."""
    require_free(home, out)
    if out is None or not out.exists():
        return
    if not out.is_file() or mark not in out.open(encoding="utf-8", errors="replace").readline():
        raise OutputRefused(
            f"{out}: expected nothing there, or an earlier export; found something else; remove it first"
        )
