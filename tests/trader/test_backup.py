"""Backups: whole while a writer is at work, growing, never made older, and checked before anything is put back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.errors import LogError
from ledger.events import TargetsComputed
from ledger.ledger import Ledger
from ledger.log import Log
from ledger.log.halt import halt_reason
from ledger.log.head import Head, read_head
from tests.ledger.logs import StillClock, append, lost
from tests.trader.backed_up import DAY, ENDS, LATER, flip, go_on, home_of_two_days, lines, names, two_days
from tests.trader.homes import ROOT, command, tallybook
from trader.backup import back_up
from trader.copies import BackupDamaged, verify
from trader.evidence import put
from trader.manifest import MANIFEST, BackupRefused
from trader.restore import clock_at_hand, restore

WRITER = """
import sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ledger.clock import SimulatedClock
from ledger.events import BrokerLost
from ledger.log import Log
from trader.evidence import put

home, moment = Path(sys.argv[1]), [datetime(2026, 1, 17, tzinfo=UTC)]
clock = SimulatedClock(lambda: moment[0], lambda seconds: moment.append(moment.pop() + timedelta(seconds=seconds)))
with Log.open(home, clock) as log:
    print("ready", flush=True)
    for number in range(100_000):
        time.sleep(0.002)  # as a disk takes to sync: homes may lie in memory
        put(home, f"bars {number}".encode())
        log.append(log.draft(tuple(BrokerLost(reason=f"{number}/{part}") for part in range(1 + number % 4)), None))
        if number % 5 == 0:
            log.barrier()
        clock.sleep(7_200)  # a new file every twelve batches
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return home_of_two_days(tmp_path / "home")


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "backup"


# Making


def test_a_backup_holds_what_cannot_be_made_again_and_nothing_else(home: Path, backup: Path) -> None:
    done = back_up(home, backup)

    (evidence,) = (name for name in names(home) if name.startswith("var/data"))
    assert names(backup) == {
        MANIFEST, "tallybook.toml", evidence, "var/orders/2026-01-14/0935.csv",
        f"var/events/{DAY}", f"var/events/{LATER}", "var/HEAD.0", "var/HEAD.1",
    }  # fmt: skip
    assert lines(backup) == lines(home)
    assert read_head(backup / "var") == Head(ENDS, lines(home)[-1])
    assert done.log.witness == f"{ENDS}:{lines(home)[-1]}"


def test_nobody_else_may_read_a_backup(home: Path, backup: Path) -> None:
    back_up(home, backup)

    assert [name for name in names(backup) if (backup / name).stat().st_mode & 0o077] == []
    assert backup.stat().st_mode & 0o077 == 0


def test_a_second_backup_copies_only_what_is_new(home: Path, backup: Path) -> None:
    back_up(home, backup)
    sealed = (backup / "var" / "events" / DAY).stat().st_ino
    put(home, b"bars of tomorrow")
    go_on(home)

    done = back_up(home, backup)

    assert lines(backup) == lines(home)
    assert (backup / "var" / "events" / DAY).stat().st_ino == sealed
    assert done.files_new == 2  # the new day and the evidence: the day that was open had ended already
    assert back_up(home, backup).files_new == 0


def test_a_halt_goes_with_the_backup_and_is_lifted_with_it(home: Path, backup: Path) -> None:
    (home / "var" / "HALT").write_text("holiday", encoding="utf-8")
    back_up(home, backup)
    assert (backup / "var" / "HALT").read_text(encoding="utf-8") == "holiday"

    (home / "var" / "HALT").unlink()
    back_up(home, backup)
    assert not (backup / "var" / "HALT").exists()

    (home / "var" / "HALT").mkdir()
    back_up(home, backup)
    assert halt_reason(backup / "var") is not None

    (home / "var" / "HALT").rmdir()
    back_up(home, backup)
    (home / "var" / "HALT").symlink_to("nowhere")
    back_up(home, backup)
    assert halt_reason(backup / "var") is not None


def test_a_torn_tail_is_left_behind(home: Path, backup: Path) -> None:
    with (home / "var" / "events" / LATER).open("ab") as file:
        file.write(b'{"seq":8,"type":"bro')

    back_up(home, backup)

    assert lines(backup) == lines(home)
    assert verify(backup).seq == ENDS


def test_what_is_beyond_head_and_whole_is_part_of_it(home: Path, backup: Path) -> None:
    clock = StillClock()
    clock.sleep(90_000)
    log = Log.open(home, clock)
    append(log, lost("not vouched for yet"))

    done = back_up(home, backup)  # while the writer holds the lock

    assert done.log.seq == log.head[0] == ENDS + 1
    assert read_head(home / "var") == Head(ENDS, lines(home)[ENDS])
    log.close()


def test_a_backup_made_while_another_process_records_is_whole_every_time(home: Path, backup: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(home)]
    writer = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    ends = []
    try:
        for turn in range(12):
            fresh = backup.with_name(f"backup-{turn}") if turn % 3 == 0 else backup
            vouched = read_head(home / "var")
            done = back_up(home, fresh)
            assert vouched is not None
            assert done.log.seq >= vouched.seq
            assert lines(fresh)[-1] == done.log.hash
            assert len(lines(fresh)) == done.log.seq + 1
            Ledger.open(shutil.copytree(fresh, backup.with_name(f"opened-{turn}")), clock_at_hand(fresh)).close()
            ends.append(done.log.seq)
    finally:
        writer.kill()
        writer.wait(30)
    assert ends == sorted(ends)
    assert ends[-1] > ends[0]


# What is refused


def test_another_logs_backup_is_refused_by_name(home: Path, backup: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    two_days(other)
    back_up(other, backup)
    before = lines(backup)

    with pytest.raises(BackupRefused, match="expected a backup of log"):
        back_up(home, backup)

    assert lines(backup) == before


def test_a_backup_is_never_made_older(home: Path, backup: Path, tmp_path: Path) -> None:
    old = shutil.copytree(home, tmp_path / "old")
    go_on(home)
    back_up(home, backup)
    before = lines(backup)

    with pytest.raises(BackupRefused, match="this log is an old copy"):
        back_up(old, backup)
    go_on(old, days=4)
    go_on(old, days=5)
    with pytest.raises(BackupRefused, match="another history"):
        back_up(old, backup)

    assert lines(backup) == before


def test_a_folder_that_holds_anything_else_is_refused(home: Path, backup: Path) -> None:
    backup.mkdir()
    (backup / "photos").mkdir()

    with pytest.raises(BackupRefused, match="expected an empty folder or an earlier backup, found photos"):
        back_up(home, backup)


@pytest.mark.parametrize("place", ["home", "home/var/backup", "home/backup", "link/backup", "."])
def test_a_backup_lies_apart_from_its_home(home: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "link").symlink_to(home)

    with pytest.raises(BackupRefused, match="apart from the home"):
        back_up(home, tmp_path / place)


def test_a_disk_that_is_not_mounted_is_not_made_up_for(home: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="mount its disk"):
        back_up(home, tmp_path / "mnt" / "backup")

    assert not (tmp_path / "mnt").exists()


def test_a_damaged_log_is_not_backed_up(home: Path, backup: Path) -> None:
    path = home / "var" / "events" / DAY
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"two", b"too"))

    with pytest.raises(LogError):
        back_up(home, backup)

    assert not backup.exists()


def test_damaged_evidence_is_left_out_and_told(home: Path, backup: Path) -> None:
    digest = put(home, b"damaged later")
    path = home / "var" / "data" / digest[:2] / f"{digest}.csv"
    path.write_bytes(b"other bytes")

    told = command("backup", str(backup), home=home)

    assert told.returncode == 1
    assert f"damaged in the home: var/data/{digest[:2]}/{digest}.csv" in told.stdout
    assert lines(backup) == lines(home)


def test_missing_evidence_and_settings_are_told(home: Path, backup: Path) -> None:
    digest = "ab" + "0" * 62
    targets = TargetsComputed(
        strategy="fixed", strategy_sha256="0" * 64, rows=(), inputs=(digest,), file="targets/0935.csv",
        file_sha256="0" * 64,
    )  # fmt: skip
    with Log.open(home, StillClock()) as log:
        append(log, targets)
    (home / "tallybook.toml").unlink()

    told = command("backup", str(backup), home=home)

    assert told.returncode == 1
    assert f"missing in the home, so not backed up: var/data/ab/{digest}" in told.stdout
    assert "missing in the home, so not backed up: tallybook.toml" in told.stdout


def test_what_the_settings_name_in_the_home_is_told_to_be_no_part_of_it(
    home: Path, backup: Path, tmp_path: Path
) -> None:
    own = (
        '[[strategy]]\nfunction = "mine:decide"\n[[strategy]]\npath = "wanted.csv"\n[[strategy]]\nfunction = "json:x"\n'
    )
    (home / "tallybook.toml").write_text(f'{own}[sources]\nfolder = "bars"\n', encoding="utf-8")
    (home / "bars").mkdir()

    made = command("backup", str(backup), home=home)
    put_back = command("restore", str(backup), home=tmp_path / "new")

    assert (made.returncode, put_back.returncode) == (0, 0)
    assert "not part of a backup: bars (sources.folder); keep a copy of your own" in made.stdout
    assert "not part of a backup: bars (sources.folder); put it into the home before the next cycle" in put_back.stdout
    for shown in (made.stdout, put_back.stdout):
        assert "not part of a backup: wanted.csv (strategy.path)" in shown
        assert "not part of a backup: mine.py (strategy.function)" in shown
        assert "json" not in shown


def test_a_backup_that_was_interrupted_is_completed_by_the_next(home: Path, backup: Path) -> None:
    back_up(home, backup)
    before = (backup / MANIFEST).read_bytes()
    go_on(home)
    back_up(home, backup)
    said = {**json.loads(before), "unfinished": True}
    (backup / MANIFEST).write_text(json.dumps(said), encoding="utf-8")  # killed before its last step
    verify(backup)
    go_on(home, days=4)

    back_up(home, backup)

    assert lines(backup) == lines(home)
    assert json.loads((backup / MANIFEST).read_bytes())["unfinished"] is False


# Damage


DAMAGES: tuple[tuple[str, Callable[[Path], object]], ...] = (
    ("a sealed day", lambda backup: flip(backup / "var" / "events" / DAY)),
    ("the open day", lambda backup: flip(backup / "var" / "events" / LATER)),
    ("a day is gone", lambda backup: (backup / "var" / "events" / DAY).unlink()),
    ("the last day is gone", lambda backup: (backup / "var" / "events" / LATER).unlink()),
    ("evidence", lambda backup: flip(next((backup / "var" / "data").rglob("*.csv")))),
    ("evidence is gone", lambda backup: next((backup / "var" / "data").rglob("*.csv")).unlink()),
    ("the settings", lambda backup: flip(backup / "tallybook.toml")),
    ("the manifest", lambda backup: (backup / MANIFEST).write_bytes(b"{")),
)


@pytest.mark.parametrize("damage", [damage for _, damage in DAMAGES], ids=[name for name, _ in DAMAGES])
def test_a_damaged_backup_is_not_put_back(
    home: Path, backup: Path, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    back_up(home, backup)
    damage(backup)

    with pytest.raises((BackupDamaged, LogError)):
        restore(tmp_path / "new", backup)

    assert not (tmp_path / "new").exists()


def test_damage_of_a_backup_is_not_told_as_damage_of_the_log(home: Path, backup: Path, tmp_path: Path) -> None:
    back_up(home, backup)
    flip(backup / "var" / "events" / DAY)

    again = command("backup", str(backup), home=home)
    put_back = command("restore", str(backup), home=tmp_path / "new")

    for told in (again, put_back):
        assert told.returncode == 2
        assert told.stderr.startswith(f"backup-damaged: {backup / 'var' / 'events' / DAY}: expected the bytes")
        assert told.stderr.endswith("; use another backup, or name a new folder\n")


@pytest.mark.parametrize("place", ["nowhere", "backup/var", "backup/tallybook.toml"])
def test_what_is_no_backup_is_named_as_such(home: Path, backup: Path, tmp_path: Path, place: str) -> None:
    back_up(home, backup)

    told = command("restore", str(tmp_path / place), home=tmp_path / "new")

    assert told.returncode == 2
    assert told.stderr.startswith(f"backup-refused: {tmp_path / place}: expected a backup, a folder with {MANIFEST}")


WRITING = (
    ("halt", "--why", "x"), ("resume", "--why", "x"), ("accept", "1", "--why", "x"), ("commit",), ("adopt",),
    ("cycle", "--now"), ("clean",), ("init",),
)  # fmt: skip


@pytest.mark.parametrize("words", WRITING, ids=[words[0] for words in WRITING])
def test_nothing_writes_into_a_backup(home: Path, backup: Path, words: tuple[str, ...]) -> None:
    back_up(home, backup)
    before = names(backup)

    told = tallybook(*words, home=backup)

    assert told.returncode == 2
    assert told.stderr.startswith(f"backup-refused: {backup}: expected a home, found a backup")
    assert names(backup) == before
    verify(backup)


def test_the_status_of_a_backup_says_that_it_is_one(home: Path, backup: Path) -> None:
    back_up(home, backup)

    assert "is a backup, and read only" in command("status", home=backup).stderr
    assert "is a backup" not in command("status", home=home).stderr
