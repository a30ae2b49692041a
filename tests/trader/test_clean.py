"""`clean` removes what can be made again, and what killed writers left. Never anything else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.log import Log
from tests.ledger.logs import StillClock, append, lost, started
from tests.trader.homes import command
from trader.clean import removable, remove
from trader.evidence import put

DERIVED = ("var/parquet/days/2026-01-14/order_filled.parquet", "var/checkpoints/2026-01-14.ckpt", "var/reports/a.html",
           "var/tallybook.duckdb", "var/tallybook.duckdb.wal")  # fmt: skip
PRECIOUS = ("tallybook.toml", "var/HALT", "var/events/torn-8-1234abcd.bin", "var/orders/2026-01-14/0935.csv",
            "var/targets/2026-01-14/0935.csv", "var/snapshots/2026-01-14/0935.json", "var/trades/2026-01-14.csv",
            "var/place", "var/alarms/log-damaged-2026-01-14", "var/data.csv", "nav.png")  # fmt: skip


@pytest.fixture
def dead() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(30)
    return process.pid


@pytest.fixture
def home(tmp_path: Path, dead: int) -> Path:
    home = tmp_path / "home"
    with started(home) as log:
        append(log, lost("one"))
    put(home, b"bars")
    left = (f"var/data/.abc.csv.{dead}", f"var/tallybook.duckdb.{dead}.new", f"var/.restoring-{dead}/var/HEAD.0",
            f"var/events/.x.{dead}")  # fmt: skip
    kept = (f"var/orders/.0935.csv.{os.getpid()}",)  # its writer is at work
    for name in (*DERIVED, *PRECIOUS, *left, *kept):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(b"content")
    return home


def files(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}


def test_what_is_derived_and_what_was_left_goes(home: Path, dead: int) -> None:
    before = files(home)

    remove(removable(home))

    gone = before - files(home)
    assert {name for name in gone if str(dead) not in name} == set(DERIVED)
    assert sum(str(dead) in name for name in gone) == 4
    assert set(PRECIOUS) < files(home)
    assert any(name.startswith("var/data/") for name in files(home))
    assert {"var/HEAD.0", "var/HEAD.1", f"var/orders/.0935.csv.{os.getpid()}"} < files(home)


def test_a_listing_removes_nothing_and_says_how_much(home: Path) -> None:
    before = files(home)

    told = command("clean", "--dry-run", home=home)

    assert files(home) == before
    assert told.returncode == 0
    assert "63 bytes would be removed" in told.stdout  # nine files of seven
    assert "left by a killed writer" in told.stdout


def test_a_link_is_left_alone_and_so_is_what_it_leads_to(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.parquet").write_bytes(b"mine")
    remove(removable(home))
    (home / "var" / "parquet").symlink_to(elsewhere)

    remove(removable(home))

    assert (elsewhere / "mine.parquet").exists()
    assert (home / "var" / "parquet").is_symlink()


def test_it_may_run_while_somebody_writes(home: Path) -> None:
    with Log.open(home, StillClock()) as log:
        remove(removable(home))
        append(log, lost("two"))

    with Log.open(home, StillClock()) as log:
        assert log.head[0] == 2


def test_a_folder_without_a_log_is_refused(tmp_path: Path) -> None:
    told = command("clean", home=tmp_path)

    assert (told.returncode, told.stderr.partition(":")[0]) == (2, "log-missing")
    assert "or restore a backup" in told.stderr


def test_beside_a_damaged_log_nothing_is_removed(home: Path) -> None:
    (day,) = (home / "var" / "events").glob("*.jsonl")
    day.write_bytes(day.read_bytes().replace(b'"one"', b'"two"'))
    before = files(home)

    told = command("clean", home=home)

    assert (told.returncode, told.stderr.partition(":")[0]) == (2, "log-damaged")
    assert files(home) == before


def test_a_clean_home_has_nothing_to_remove(home: Path) -> None:
    remove(removable(home))

    assert command("clean", home=home).stdout == "nothing to remove\n"
