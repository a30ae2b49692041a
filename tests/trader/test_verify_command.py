from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.log import read_events
from ledger.log.head import read_head
from tests.queries.history import closed, two_sessions
from tests.trader.homes import SETTINGS, SIMULATED, command, write_settings
from trader import exits


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_settings(tmp_path, SETTINGS + SIMULATED)
    return closed(two_sessions(tmp_path))


def lose_head(home: Path) -> None:
    for name in ("HEAD.0", "HEAD.1"):
        (home / "var" / name).write_bytes(b"x" * 151)


def test_a_sound_home_ends_with_zero_and_its_witness(home: Path) -> None:
    last = list(read_events(home))[-1]

    shown = command("verify", home=home)

    assert shown.returncode == exits.FINE, shown.stdout + shown.stderr
    assert shown.stdout.splitlines()[-1].endswith(f"Witness: {last.seq}:{last.hash}")


def test_what_a_mail_says_is_compared(home: Path) -> None:
    last = list(read_events(home))[-1]

    same = command("verify", "--witness", f"{last.seq}:{last.hash[:4]}…{last.hash[-4:]}", home=home)
    another = command("verify", "--witness", f"{last.seq}:0123456789", home=home)
    later = command("verify", "--witness", f"{last.seq + 1}:0123456789", home=home)

    assert (same.returncode, another.returncode, later.returncode) == (exits.FINE, exits.BAD_NEWS, exits.BAD_NEWS)
    assert "this is another history" in another.stdout
    assert "this is an old copy" in later.stdout


def test_damage_ends_with_one_and_says_where(home: Path) -> None:
    path = home / "var/events/2005-03-01.jsonl"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"IBM"', b'"IBN"', 1))

    shown = command("verify", home=home)
    told = json.loads(command("verify", "--format", "json", home=home).stdout)

    assert shown.returncode == exits.BAD_NEWS
    assert "2005-03-01.jsonl, line " in shown.stdout
    assert told["clean"] is False


def test_the_settings_of_another_account_are_bad_news(home: Path) -> None:
    write_settings(home, (SETTINGS + SIMULATED).replace("DU1000001", "DU7654321"))

    shown = command("verify", home=home)

    assert shown.returncode == exits.BAD_NEWS
    assert "expected the log of DU7654321 paper" in shown.stdout


def test_no_settings_are_needed(home: Path) -> None:
    (home / "tallybook.toml").unlink()

    assert command("verify", home=home).returncode == exits.FINE


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--witness", "nonsense"], "usage: Invalid value for '--witness': expected SEQ:HASH"),
        (["--witness", ""], "usage: Invalid value for '--witness': expected SEQ:HASH"),
        (["--accept-head", "--yes"], "head-not-accepted: "),
    ],
    ids=["no witness", "an empty one", "HEAD is readable"],
)
def test_what_makes_no_sense_could_not_run(home: Path, arguments: list[str], said: str) -> None:
    shown = command("verify", *arguments, home=home)

    assert shown.returncode == exits.COULD_NOT
    assert said in shown.stderr


def test_a_home_without_a_log_could_not_be_verified(tmp_path: Path) -> None:
    shown = command("verify", home=tmp_path)

    assert shown.returncode == exits.COULD_NOT
    assert shown.stderr.startswith("log-missing: ")


def test_a_lost_head_is_accepted_after_all_else_was_found_sound(home: Path) -> None:
    last = list(read_events(home))[-1]
    lose_head(home)
    before = command("verify", home=home)

    asked = command("verify", "--accept-head", home=home)
    accepted = command("verify", "--accept-head", "--yes", home=home)

    head = read_head(home / "var")
    assert before.returncode == exits.BAD_NEWS
    assert (asked.returncode, asked.stderr.partition(":")[0]) == (exits.COULD_NOT, "head-not-accepted")
    assert accepted.returncode == exits.FINE, accepted.stderr
    assert f"{last.seq}:{last.hash}" in accepted.stdout
    assert head is not None
    assert head.seq >= last.seq
    assert command("verify", home=home).returncode == exits.FINE


def test_a_lost_head_is_not_accepted_over_a_damaged_log(home: Path) -> None:
    lose_head(home)
    path = home / "var/events/2005-03-02.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"killed"', b'"kilted"', 1))

    shown = command("verify", "--accept-head", "--yes", home=home)

    assert shown.returncode == exits.BAD_NEWS
    assert read_head(home / "var") is None
