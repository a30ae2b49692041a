"""Homes to archive: seven days in two months, six of them sealed, and the same of another account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks.renaming import renamed
from ledger.line import header_of
from ledger.log.storage import day_files, events_folder
from queries.archive.reading import lines
from queries.sealed import lines_of, seals
from tests.queries.history import ACCOUNT, closed
from tests.queries.test_parquet import THURSDAY, seven_days

OTHER_ACCOUNT = "DU1000002"
EVERY_DAY = 1  # byte a commit: one day each

__all__ = ["ACCOUNT", "EVERY_DAY", "OTHER_ACCOUNT", "another", "archived_seqs", "home_of_seven_days", "sealed_lines"]


def home_of_seven_days(home: Path) -> Path:
    """Two months; a price in it has more places than usual."""
    world = seven_days(home)
    world.quiet_cycle(THURSDAY + timedelta(days=5), "09:35", "93.9")
    home = closed(world)
    (home / "tallybook.toml").write_text("", encoding="utf-8")
    return home


def another(home: Path, target: Path, account: str = OTHER_ACCOUNT) -> Path:
    """The same history as another account's; its evidence is the same."""
    return renamed(home, target, account)


def sealed_lines(home: Path) -> list[bytes]:
    """What an archive ought to hold."""
    return [raw for seal in seals(home) for raw in lines_of(home, seal)]


def archived_seqs(uri: Path, account: str = ACCOUNT) -> list[int]:
    return [header_of(raw).seq for raw in lines(str(uri), account)]


def day_names(home: Path) -> Iterator[str]:
    yield from (path.name for path in day_files(events_folder(home)))
