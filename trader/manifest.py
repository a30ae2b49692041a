"""What marks a folder as a backup: its `backup.json`. Whatever would write into one refuses it, and says to restore it.

Standard library only: the light parent asks too, at every start.
"""

from __future__ import annotations

from pathlib import Path

from ledger.errors import Refusal

MANIFEST = "backup.json"


class BackupRefused(Refusal):
    """A backup that is not made, not restored, or not written into: the places do not fit."""

    code = "backup-refused"


def is_backup(home: Path) -> bool:
    """Tell whether a folder is a backup, and no home."""
    return (home / MANIFEST).exists()


def require_home(home: Path) -> None:
    """Refuse to write into a backup: it would no longer be the copy of its log."""
    if is_backup(home):
        raise BackupRefused(
            f"{home}: expected a home, found a backup ({MANIFEST}), which is read only; "
            f"restore it first: tallybook --home NEW restore {home}"
        )
