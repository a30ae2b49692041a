"""Putting a backup back: into recovery, never over a log, as a witness decides."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.events import RecoveryStarted, TradingHalted
from ledger.ledger import Ledger
from ledger.log import read_events
from tests.trader.backed_up import DAY, LATER, home_of_two_days, lines, names
from tests.trader.homes import command
from trader import exits
from trader.backup import back_up
from trader.manifest import MANIFEST, BackupRefused
from trader.place import displaced
from trader.restore import clock_at_hand, restore
from trader.witness import Witness


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return home_of_two_days(tmp_path / "home")


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def test_a_restored_home_is_in_recovery_before_anything_can_open_it(home: Path, backup: Path, tmp_path: Path) -> None:
    back_up(home, backup)
    new = tmp_path / "new"

    done = restore(new, backup)

    events = list(read_events(new))
    assert [event.hash for event in events[:-1]] == lines(home)
    assert isinstance(events[-1].fact, RecoveryStarted)
    assert events[-1].fact.reason == f"restored from {backup}"
    assert names(new) - {"var/lock", "var/place"} == names(backup) - {MANIFEST} | {f"var/events/{LATER}"}
    assert displaced(new) is None
    assert not done.settings_kept
    Ledger.open(new, clock_at_hand(new)).close()


def test_a_home_with_a_log_is_never_written_over(home: Path, backup: Path) -> None:
    back_up(home, backup)
    before = lines(home)

    with pytest.raises(BackupRefused, match="expected a home without a log"):
        restore(home, backup)

    assert lines(home) == before


def test_the_copy_of_a_home_can_be_put_back_too(home: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(home, tmp_path / "copy")

    restore(tmp_path / "new", copy)

    assert lines(tmp_path / "new")[:-1] == lines(home)
    assert not (tmp_path / "new" / "mail-password").exists()


def test_the_settings_of_the_home_are_kept(home: Path, backup: Path, tmp_path: Path) -> None:
    back_up(home, backup)
    new = tmp_path / "new"
    new.mkdir()
    (new / "tallybook.toml").write_text("# mine\n", encoding="utf-8")

    assert restore(new, backup).settings_kept
    assert (new / "tallybook.toml").read_text(encoding="utf-8") == "# mine\n"


def test_a_home_that_is_shared_with_a_group_stays_shared(home: Path, backup: Path, tmp_path: Path) -> None:
    back_up(home, backup)
    var = tmp_path / "new" / "var"
    var.mkdir(parents=True)
    var.chmod(0o2770)

    restore(tmp_path / "new", backup)

    Ledger.open(tmp_path / "new", clock_at_hand(tmp_path / "new")).close()
    modes = {path.name: path.stat().st_mode & 0o7777 for path in var.rglob("*")}
    assert (modes["events"], modes["HEAD.0"], modes["place"], modes[DAY]) == (0o2770, 0o660, 0o660, 0o440)


def test_a_witness_decides_what_is_put_back(home: Path, backup: Path, tmp_path: Path) -> None:
    back_up(home, backup)
    hashes = lines(home)

    with pytest.raises(BackupRefused, match="another history"):
        restore(tmp_path / "other", backup, Witness(3, "0" * 64))
    assert restore(tmp_path / "held", backup, Witness(3, hashes[3])).warning == ""
    beyond = restore(tmp_path / "beyond", backup, Witness(9, "0" * 64))
    assert beyond.warning == "the witness knows seq 9, and the backup ends at seq 7: it is not the newest log"


@pytest.mark.parametrize(
    "spell", [lambda d: d[:8], lambda d: f"{d[:8]}…{d[-4:]}", lambda d: d], ids=["start", "both ends", "whole"]
)
def test_a_witness_may_be_given_as_a_mail_shortens_it(
    home: Path, backup: Path, tmp_path: Path, spell: Callable[[str], str]
) -> None:
    back_up(home, backup)
    digest = lines(home)[3]

    told = command("restore", str(backup), "--witness", f"3:{spell(digest)}", home=tmp_path / "new")

    assert told.returncode == 0, told.stderr
    (begun,) = (event.fact for event in read_events(tmp_path / "new") if isinstance(event.fact, RecoveryStarted))
    assert begun.witness == f"3:{digest}"


@pytest.mark.parametrize(("words", "code"), [("3:0000", "usage"), ("3:00000000", "backup-refused")])
def test_a_short_witness_of_another_line_is_refused(
    home: Path, backup: Path, tmp_path: Path, words: str, code: str
) -> None:
    back_up(home, backup)

    told = command("restore", str(backup), "--witness", words, home=tmp_path / "new")

    assert (told.returncode, told.stderr.partition(":")[0]) == (2, code)


def test_a_halt_of_the_log_that_was_moved_away_is_told(home: Path, backup: Path) -> None:
    back_up(home, backup)
    (home / "var").rename(home / "var.damaged")
    (home / "var.damaged" / "HALT").write_text("holiday", encoding="utf-8")

    told = command("restore", str(backup), home=home)

    assert told.returncode == 0
    assert "to keep that halt: cp var.damaged/HALT var/HALT" in told.stdout


def test_an_archived_account_is_put_back_up_to_its_last_sealed_day(home: Path, tmp_path: Path) -> None:
    pytest.importorskip("deltalake", reason="archives need tallybook[delta]")
    archive, new = tmp_path / "archive", tmp_path / "new"
    command("export", "delta", str(archive), home=home)
    sealed = [event.hash for event in read_events(home) if f"{event.recorded_at:%Y-%m-%d}.jsonl" == DAY]

    ended = command("restore", str(archive), "--account", "DU1", home=new)

    events = list(read_events(new))
    assert ended.returncode == exits.FINE
    assert [event.hash for event in events[:-1]] == sealed
    assert isinstance(events[-1].fact, RecoveryStarted)
    assert events[-1].fact.reason == f"restored from {archive}"
    assert f"restored DU1 up to {len(sealed) - 1}:" in ended.stdout


def test_an_archive_is_put_back_by_account_alone(home: Path, tmp_path: Path) -> None:
    pytest.importorskip("deltalake", reason="archives need tallybook[delta]")
    archive, new = tmp_path / "archive", tmp_path / "new"
    command("export", "delta", str(archive), home=home)

    ended = [
        command("restore", *words, home=new)
        for words in ([str(archive)], ["s3://books/archive"], [str(archive), "--account", "DU9"])
    ]

    assert [one.returncode for one in ended] == [exits.COULD_NOT] * 3
    assert [one.stderr.partition(": ")[0] for one in ended] == ["usage", "usage", "archive-missing"]
    assert "an archive holds several; name one" in ended[0].stderr
    assert not new.exists()


def test_a_restored_halt_still_halts(home: Path, backup: Path, tmp_path: Path) -> None:
    (home / "var" / "HALT").write_text("holiday", encoding="utf-8")
    back_up(home, backup)

    restore(tmp_path / "new", backup)

    with Ledger.open(tmp_path / "new", clock_at_hand(tmp_path / "new")) as ledger:
        assert ledger.log.halt_reason() == "holiday"
        assert not ledger.book.may_trade
        ledger.record((TradingHalted(reason="holiday"),))


def test_a_backup_is_read_like_a_home(home: Path, backup: Path) -> None:
    assert command("backup", str(backup), home=home).returncode == 0

    shown = command("sql", "SELECT count(*) AS n FROM broker_lost", "--format", "csv", home=backup)

    assert shown.stdout.split() == ["n", "6"]
