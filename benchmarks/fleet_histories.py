"""Homes of many accounts, each decided by the real cycle: four contracts, one trading slot a session and the closing.

Every account has a market, a capital and weights of its own, by its number. A home takes some seconds for 250 sessions
(13 ms a cycle); those that are there already are used again, so that a fleet that was begun goes on.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path

from benchmarks.five_years import Course, decide, settings

EDITION = 1  # raise it with any change of what is written
WHOLE = "fleet-history"  # the name of the file that says that a home is complete
CONTRACTS = 4
SETTINGS = """\
[account]
id = "{account}"
[universe]
symbols = ["S01", "S02", "S03", "S04"]
[strategy]
kind = "fixed"
weights = {{S01 = "0.25", S02 = "0.25", S03 = "0.25", S04 = "0.25"}}
[simulator]
control = "127.0.0.1:1"
"""


def account(number: int) -> str:
    """Name an account, from 1 on."""
    return f"DU2{number:06}"


def fleet_histories(folder: Path, accounts: int, sessions: int = 250, processes: int = 2) -> Iterator[Path]:
    """Make homes of so many accounts, `folder/ACCOUNT` each; yield each as it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(partial(_home, folder, sessions), range(1, accounts + 1), chunksize=1)


def _home(folder: Path, sessions: int, number: int) -> Path:
    home, said = folder / account(number), f"{sessions} sessions, edition {EDITION}"
    if (home / WHOLE).is_file() and (home / WHOLE).read_text(encoding="utf-8") == said:
        return home
    shutil.rmtree(home, ignore_errors=True)
    cash = Decimal(50_000 + 1_000 * (number % 200))
    course = Course(
        account(number), CONTRACTS, cash, number, sessions, settings(account(number), CONTRACTS), 37, trade_slots=1
    )
    decide(home, course)
    (home / "tallybook.toml").write_text(SETTINGS.format(account=account(number)), encoding="utf-8")
    (home / WHOLE).write_text(said, encoding="utf-8")
    return home


if __name__ == "__main__":
    wanted = int(sys.argv[2])
    made = fleet_histories(Path(sys.argv[1]), wanted, *(int(word) for word in sys.argv[3:]))
    for number, home in zip(count(1), made, strict=False):
        sys.stderr.write(f"\r{number} of {wanted} accounts, {home.name}")
