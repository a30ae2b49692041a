"""Failures that the log could not record: kept beside it, a file each, until it can.

`var/alarms/NAME.json` holds the failure and who was told of it. Whoever opens the log next makes incidents of them.
Standard library only, as whatever runs when nothing else does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from trader.complaining import complain
from trader.incidents import Failure

FOLDER = "alarms"
KEPT = ("code", "reason", "slot", "details", "recorded", "headline", "command")


class Note(NamedTuple):
    """One failure, and who was told of it."""

    path: Path
    failure: Failure
    told: tuple[str, ...]


def kept(home: Path, failure: Failure) -> Note:
    """Return the note of a failure, or of what is the same trouble; a new one if there is none."""
    for note in notes(home):
        if note.failure.subject == failure.subject:
            return note
    return Note(_folder(home) / f"{failure.incident.replace('/', '-')}.json", failure, ())


def keep(note: Note) -> None:
    """Write a note; where that cannot be, a mail may repeat."""
    told = {name: value for name, value in asdict(note.failure).items() if name in KEPT}
    try:
        note.path.parent.mkdir(parents=True, exist_ok=True)
        note.path.write_text(json.dumps({**told, "told": note.told}, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        complain(f"{note.path}: expected to be writable, found: {error.strerror}; this mail may repeat")


def notes(home: Path) -> Iterator[Note]:
    """Yield the notes of a home; one that cannot be read is left alone: its failure is told again."""
    try:
        paths = sorted(_folder(home).glob("*.json"))
    except OSError:
        return
    for path in paths:
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            failure = Failure(**{**{name: told[name] for name in KEPT}, "details": tuple(told["details"])})
            yield Note(path, failure, tuple(told["told"]))
        except (OSError, ValueError, LookupError, TypeError):
            continue


def forget(note: Note) -> None:
    """Remove a note whose failure stands in the log."""
    try:
        note.path.unlink(missing_ok=True)
    except OSError as error:
        complain(f"{note.path}: expected to be removable, found: {error.strerror}; remove it")


def _folder(home: Path) -> Path:
    return home / "var" / FOLDER
