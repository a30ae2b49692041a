"""Homes of a thousand accounts in minutes: a few that the real cycle decided, and the rest made of them.

`python -m benchmarks.fleet_copies FOLDER ACCOUNTS [SESSIONS]`. An original takes some twenty seconds for 250 sessions,
a copy (`renaming.py`) one: it is another account with another log, every hash recomputed, and its audit decides again
equal. Those that are there already are used again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.fleet_histories import EDITION, WHOLE, fleet_histories
from benchmarks.renaming import renamed_anew

ORIGINALS = 4


def account(number: int) -> str:
    """Name the account of a copy, from 1 on; those of originals begin with DU2."""
    return f"DU3{number:06}"


def fleet_copies(
    folder: Path, accounts: int, sessions: int = 250, first: int = 1, originals: int = ORIGINALS, processes: int = 2
) -> Iterator[Path]:
    """Make homes of so many accounts, from one number on, `folder/ACCOUNT` each; yield each as it is there."""
    made = tuple(fleet_histories(folder / "originals", originals, sessions, processes))
    said = f"copy of {sessions} sessions, edition {EDITION}"
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(partial(_copy, folder, made, said), range(first, first + accounts))


def _copy(folder: Path, originals: tuple[Path, ...], said: str, number: int) -> Path:
    home = folder / account(number)
    stamp = home / WHOLE
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != said:
        renamed_anew(originals[number % len(originals)], home, account(number))
        stamp.write_text(said, encoding="utf-8")
    return home


if __name__ == "__main__":
    for place, copy in enumerate(fleet_copies(Path(sys.argv[1]), *map(int, sys.argv[2:])), start=1):
        sys.stderr.write(f"\r{place} of {sys.argv[2]} accounts, {copy.name}")
