"""`upgrade --check`: every number that this version computes differently, and nothing in the log changed."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import book_hash
from ledger.checkpoints import checkpoints_folder, latest
from ledger.events import CycleFinished, RecoveryStarted
from ledger.ledger import Ledger
from tests.trader.cycles.world import TUESDAY, WEDNESDAY, World, world
from trader import exits
from trader.restore import clock_at_hand
from trader.snapshot import snapshot


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of two days."""
    with world(tmp_path_factory.mktemp("upgrade")) as made:
        made.advance_to(TUESDAY, 0)
        made.trade()
        made.close(TUESDAY)
        made.advance_to(WEDNESDAY, 0)
        made.trade()
        return made.home


@pytest.fixture
def home(lived: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(lived, tmp_path / "home"))


def command(home: Path, *arguments: str) -> tuple[int, str, str]:
    done = World(home, *[None] * 3).command(*arguments)  # type: ignore[arg-type]
    return done.status, done.out, done.err


def log(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (home / "var" / "events").iterdir()}


def test_a_version_that_computes_the_same_says_so(home: Path) -> None:
    shutil.rmtree(checkpoints_folder(home), ignore_errors=True)
    before = log(home)

    status, told, _ = command(home, "upgrade", "--check")

    assert status == exits.FINE
    assert "nothing changed: 3 cycles and 3 snapshots replayed" in told
    assert f"backed up to {home}-backup, verified" in told
    assert latest(home) is not None
    assert log(home) == before == log(home.with_name("home-backup"))


def test_every_changed_number_is_shown(home: Path) -> None:
    """A log that another version wrote: its figures are not what this one computes."""
    with Ledger.open(home, clock_at_hand(home)) as ledger:
        taken = snapshot(ledger.book)
        rows = tuple(row.model_copy(update={"mark": row.mark + 1}) for row in taken.positions)
        ledger.record((taken.model_copy(update={"nav": taken.nav + Decimal("0.25"), "positions": rows}),))
        ledger.record((CycleFinished(slot="2005-03-02/1035", book_hash=f"1:{'0' * 64}"),))
    changed = taken.nav + Decimal("0.25")

    status, told, _ = command(home, "upgrade", "--check", "--backup", f"{home}-elsewhere", "--format", "json")

    assert status == exits.BAD_NEWS
    rows_told = [(row["field"], row["recorded"], row["now"]) for row in json.loads(told)]
    assert ("nav", str(changed.normalize()), str(taken.nav.normalize())) in rows_told
    assert {field for field, _, _ in rows_told} == {
        "nav", *(f"positions {row.symbol} mark" for row in taken.positions), "book hash",
    }  # fmt: skip
    assert log(home.with_name("home-elsewhere")) == log(home)


def test_upgrade_installs_nothing_by_itself(home: Path) -> None:
    status, _, complaint = command(home, "upgrade")

    assert (status, complaint.partition(":")[0]) == (exits.COULD_NOT, "usage")
    assert "--check" in complaint


def test_a_damaged_log_is_not_upgraded(home: Path) -> None:
    path = min((home / "var" / "events").glob("*.jsonl"))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"ACME", b"ACMF", 1))

    status, _, complaint = command(home, "upgrade", "--check")

    assert (status, complaint.partition(":")[0]) == (exits.COULD_NOT, "log-damaged")


def test_it_may_run_while_a_cycle_holds_the_log(home: Path) -> None:
    with Ledger.open(home, clock_at_hand(home)) as ledger:
        status, told, _ = command(home, "upgrade", "--check")
        ledger.record((CycleFinished(slot="2005-03-02/1035", book_hash=book_hash(ledger.book)),))

    assert status == exits.FINE
    assert "nothing changed" in told


def test_a_recovery_is_not_ended_while_a_cycle_runs(home: Path) -> None:
    with Ledger.open(home, clock_at_hand(home)) as ledger:
        ledger.record((RecoveryStarted(reason="restored"),))

        status, _, complaint = command(home, "resume", "--recovered", "--why", "it is the newest")

    assert (status, complaint.partition(":")[0]) == (exits.LOCKED, "log-locked")
    status, told, _ = command(home, "resume", "--why", "back")
    assert (status, told) == (
        exits.FINE, "nothing was halted (but no order leaves in recovery: restored; see tallybook status)\n",
    )  # fmt: skip
    status, told, _ = command(home, "resume", "--recovered", "--why", "it is the newest")
    assert (status, told) == (exits.FINE, "recovered: it is the newest\n")
    status, told, _ = command(home, "resume", "--recovered", "--why", "again")
    assert told.startswith("no recovery was under way")
