"""How much room a year takes, extrapolated from what is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from queries.disk import DiskUse, bytes_text, disk_use
from queries.status import status
from queries.status_text import status_lines
from tests.queries.history import two_sessions

FIRST = date(2026, 1, 5)


def days(home: Path, count: int, size: int = 1_000) -> None:
    folder = home / "var" / "events"
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{FIRST + timedelta(days=number)}.jsonl").write_bytes(b"x" * size)


def evidence(home: Path, number: int, size: int = 500) -> None:
    path = home / "var" / "data" / f"{number % 256:02x}" / f"{number}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


def test_a_year_is_the_recorded_days_scaled_up(tmp_path: Path) -> None:
    days(tmp_path, 10)
    for number in range(20):
        evidence(tmp_path, number)

    found = disk_use(tmp_path)

    assert (found.year, found.days) == ((10 * 1_000 + 20 * 500) * 365 // 10, 10)
    assert found.free > 0


def test_a_few_days_say_nothing_of_a_year(tmp_path: Path) -> None:
    days(tmp_path, 4)

    assert disk_use(tmp_path).year is None


def test_much_evidence_is_not_counted_file_by_file(tmp_path: Path) -> None:
    days(tmp_path, 10, size=0)
    for number in range(512):
        evidence(tmp_path, number)

    found = disk_use(tmp_path, files_enough=64)

    assert found.year == 512 * 500 * 365 // 10  # every folder holds as much as the first ones


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (12_345_678, "12.3 MB"), (4 * 10**15, "4000.0 TB")],
)
def test_bytes_are_spelled_as_a_person_does(count: int, text: str) -> None:
    assert bytes_text(count) == text


def test_the_status_tells_it_once_there_is_something_to_tell(tmp_path: Path) -> None:
    world = two_sessions(tmp_path / "home")
    world.ledger.close()
    assert not any(line.startswith("disk") for line in status_lines(status(world.home)))

    shown = replace(status(world.home), disk=DiskUse(year=12_345_678, free=45_100_000_000, days=9))

    assert status_lines(shown)[-1] == "disk: log and evidence grow 12.3 MB a year, 45.1 GB free"
