"""`tallybook halt` and `resume`: what stops trading, and what it takes to trade again."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.events import RecoveryStarted, TradingHalted, TradingResumed
from ledger.ledger import Ledger
from ledger.log import read_events
from tests.queries.history import WEDNESDAY
from tests.trader.homes import command, write_settings
from tests.trader.recorded_home import book, facts, home_with_break
from trader import exits
from trader.clocks import clock_of


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return home_with_break(tmp_path)


def test_a_folder_in_the_halts_place_halts_and_is_not_resumed_past(home: Path) -> None:
    (home / "var/HALT").mkdir()
    before = len(list(read_events(home)))

    resumed = command("resume", "--why", "back", home=home)

    assert resumed.returncode == exits.COULD_NOT
    assert "HALT: expected a file, found a folder; move it away" in resumed.stderr
    assert len(list(read_events(home))) == before, "nothing is recorded that is not true"


def test_a_halt_lasts_until_somebody_resumes(home: Path) -> None:
    halted = command("halt", "--why", "going away", home=home)
    assert (home / "var" / "HALT").read_text() == "going away\n"
    assert halted.stdout == "halted: going away\n"
    assert facts(home)[-1] == TradingHalted(reason="going away")
    assert "HALTED" in command("status", home=home).stdout

    resumed = command("resume", "--why", "back", home=home)
    assert resumed.stdout == "resumed: back\n"
    assert not (home / "var" / "HALT").exists()
    assert facts(home)[-1] == TradingResumed(why="back")
    assert command("resume", "--why", "again", home=home).stdout == "nothing was halted\n"


def test_a_halt_from_before_the_adoption_is_lifted(tmp_path: Path) -> None:
    write_settings(tmp_path)
    command("halt", "--why", "not yet", home=tmp_path)

    resumed = command("resume", "--why", "now", home=tmp_path)

    assert resumed.stdout == "resumed: now (there is no log yet to record it in)\n"
    assert not (tmp_path / "var" / "HALT").exists()
    assert command("resume", "--why", "again", home=tmp_path).stderr.startswith("log-missing: ")


def test_a_halt_needs_no_settings_that_can_be_read(home: Path) -> None:
    write_settings(home, "[account")

    halted = command("halt", "--why", "now", home=home)

    assert halted.returncode == exits.FINE
    assert (home / "var" / "HALT").exists()


def test_a_halt_of_nothing_is_refused(tmp_path: Path) -> None:
    told = command("halt", home=tmp_path)

    assert told.returncode == exits.COULD_NOT
    assert "nothing was halted: check --home" in told.stderr


def test_the_end_of_a_recovery_leaves_a_halt_by_hand(home: Path) -> None:
    command("halt", "--why", "again", home=home)
    with Ledger.open(home, clock_of(home, ("127.0.0.1", 1))) as ledger:
        ledger.record((RecoveryStarted(reason="restored"),))

    done = command("resume", "--recovered", "--why", "it is the newest", home=home)

    assert done.stdout.splitlines() == [
        "recovered: it is the newest", 'still halted: again; to lift it: tallybook resume --why "…"',
    ]  # fmt: skip
    assert (home / "var/HALT").read_text() == "again\n"
    assert (book(home).recovery, book(home).halt) == (None, "again")


def test_a_halt_for_damage_is_not_resumed_past_while_the_damage_stands(home: Path) -> None:
    sealed = min((home / "var" / "events").glob("*.jsonl"))
    sound = sealed.read_bytes()
    sealed.chmod(0o600)
    sealed.write_bytes(sound[:500] + b"#" + sound[501:])
    command("commit", WEDNESDAY.isoformat(), home=home)

    refused = command("resume", "--why", "go on", home=home)
    sealed.write_bytes(sound)
    resumed = command("resume", "--why", "put back", home=home)

    assert (refused.returncode, refused.stderr.partition(":")[0]) == (exits.COULD_NOT, "log-damaged")
    assert resumed.stdout == "resumed: put back\n"


def test_a_second_halt_hides_no_earlier_one(home: Path) -> None:
    (home / "tallybook.toml").unlink()

    command("halt", "--why", "one", home=home)
    second = command("halt", "--why", "two", home=home)

    assert (home / "var/HALT").read_text() == "one; two\n"
    assert "the log could not record it: settings-wrong" in second.stdout
