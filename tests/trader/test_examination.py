from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.checkpoints import rebuild
from tests.queries.history import WEDNESDAY, closed, two_sessions
from tests.trader.homes import SETTINGS, SIMULATED, command, mail_section, write_settings
from trader import exits
from trader.examination import EXAMINATIONS, GATEWAY, SIMULATOR, Ailment, examine
from trader.place import stamp


@pytest.fixture
def listener() -> Iterator[int]:
    """Somebody who listens where the broker, or the mail server, should."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def home(tmp_path: Path, listener: int) -> Path:
    write_settings(tmp_path, SETTINGS.replace("port = 1\n", f"port = {listener}\n") + SIMULATED)
    return closed(two_sessions(tmp_path))


def found(home: Path) -> dict[str, Ailment]:
    return dict(examine(home))


def test_a_home_that_is_set_up_is_well(home: Path, listener: int) -> None:
    path = home / "tallybook.toml"
    path.write_text(path.read_text() + mail_section(listener))
    stamp(home)

    assert [name for name, ailment in found(home).items() if ailment.verdict != "well"] == []


def test_a_home_that_was_copied_is_told_of_the_recovery_to_come(home: Path, tmp_path: Path) -> None:
    stamp(home)
    copy = shutil.copytree(home, tmp_path / "copy")

    assert found(copy)["place"].verdict == "note"
    assert "the next cycle starts in recovery" in found(copy)["place"].remedy


def test_a_log_that_refuses_every_start_is_ill_whoever_reads_it(home: Path) -> None:
    """A reader would not mind: no start goes on without HEAD."""
    for slot in (home / "var").glob("HEAD.*"):
        slot.unlink()

    assert found(home)["log"].verdict == "ill"
    assert found(home)["log"].found.startswith("head-damaged: ")


def test_an_open_day_that_is_damaged_below_head_is_ill(home: Path) -> None:
    newest = max((home / "var/events").glob("*.jsonl"))
    content = newest.read_bytes()
    newest.write_bytes(content[: len(content) // 2] + b"x" + content[len(content) // 2 + 1 :])

    assert found(home)["log"].found.startswith("log-damaged: ")


def test_a_sealed_day_that_is_missing_is_ill_though_a_cycle_may_start(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    for days in (1, 2):
        world.quiet_cycle(WEDNESDAY + timedelta(days=days), "09:35", "93.1")
    home = closed(world)
    rebuild(home)  # a start reads the days from the newest checkpoint on
    write_settings(home, SETTINGS + SIMULATED)
    (home / f"var/events/{WEDNESDAY}.jsonl").unlink()

    assert found(home)["log"].verdict == "ill"
    assert "found that of 2005-03-02.jsonl, which is missing" in found(home)["log"].found


def test_every_remedy_is_named(home: Path) -> None:
    (home / "tallybook.toml").unlink()

    assert [name for name, ailment in found(home).items() if ailment.verdict != "well" and not ailment.remedy] == []


def test_without_settings_the_rest_is_examined_all_the_same(home: Path) -> None:
    (home / "tallybook.toml").unlink()

    said = found(home)

    assert said["settings"].verdict == "ill"
    assert said["log"].verdict == "well"
    assert said["broker"].verdict == "note"


def test_an_empty_folder_is_no_crash(tmp_path: Path) -> None:
    said = found(tmp_path)

    assert list(said) == [name for name, _ in EXAMINATIONS]
    assert (said["settings"].verdict, said["log"].verdict, said["lock"].verdict) == ("ill", "note", "note")
    assert said["halt"] == Ailment("note", "not tried: no var yet", "tallybook adopt makes it")


@pytest.mark.parametrize(("simulator", "remedy"), [("", GATEWAY), (SIMULATED, SIMULATOR)], ids=["IB's", "simulated"])
def test_a_broker_that_does_not_listen_is_ill(home: Path, simulator: str, remedy: str) -> None:
    write_settings(home, SETTINGS + simulator)

    assert found(home)["broker"] == Ailment("ill", "127.0.0.1:1: Connection refused", remedy)


def test_the_log_of_another_account_is_ill(home: Path) -> None:
    path = home / "tallybook.toml"
    path.write_text(path.read_text().replace("DU1000001", "DU7654321"))

    assert found(home)["log"].verdict == "ill"
    assert found(home)["log"].found.startswith("log-foreign: ")


def test_a_damaged_end_of_the_log_is_ill(home: Path) -> None:
    path = home / "var/events/2005-03-01.jsonl"
    path.chmod(0o600)
    path.write_bytes(b"x" + path.read_bytes()[1:])

    assert found(home)["log"].verdict == "ill"


def test_a_home_that_others_may_look_into_is_ill(home: Path) -> None:
    (home / "var").chmod(0o755)

    assert found(home)["folders"].verdict == "ill"
    assert "755" in found(home)["folders"].found


def test_a_shared_home_is_well(home: Path) -> None:
    (home / "var").chmod(0o2770)
    (home / "var/events").chmod(0o2770)
    for path in (*(home / "var/events").iterdir(), *(home / "var").glob("HEAD.*"), home / "var/lock"):
        path.chmod(0o660)

    assert found(home)["folders"] == Ailment("well", "var has mode 2770, shared by its group")


def test_a_file_that_others_may_write_is_ill(home: Path) -> None:
    (home / "var/HEAD.0").chmod(0o666)

    assert found(home)["folders"].verdict == "ill"
    assert "run: chmod 600" in found(home)["folders"].found


def test_a_halt_is_noted(home: Path) -> None:
    (home / "var/HALT").write_text("for the holidays")

    assert found(home)["halt"].verdict == "note"


def test_a_halt_for_damage_is_not_to_be_resumed(home: Path) -> None:
    (home / "var/HALT").write_text("the log is damaged: 2005-03-01.jsonl, line 3")

    assert found(home)["halt"].remedy.startswith("do not resume: tallybook verify")


def test_a_mail_user_without_a_password_is_ill(home: Path, listener: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALLYBOOK_MAIL_PASSWORD", raising=False)
    path = home / "tallybook.toml"
    path.write_text(path.read_text() + mail_section(listener) + 'user = "me"\n')

    assert found(home)["mail"].verdict == "ill"


def test_a_watch_whose_address_others_may_read_is_ill(home: Path) -> None:
    assert found(home)["notices"].found.startswith("no watch")
    path = home / "tallybook.toml"
    path.write_text(path.read_text() + '[notices]\nping_url_file = "ping"\n')
    (home / "ping").write_text("https://a.example/secret")
    (home / "ping").chmod(0o644)
    assert found(home)["notices"].verdict == "ill"
    (home / "ping").chmod(0o600)
    assert found(home)["notices"].found == "a watch waits for a sign of life; 0 addresses get messages"


def test_a_mail_server_that_does_not_listen_is_ill(home: Path) -> None:
    path = home / "tallybook.toml"
    path.write_text(path.read_text() + mail_section(1))

    assert found(home)["mail"].found == "127.0.0.1:1: Connection refused"


def test_nothing_is_left_behind(home: Path) -> None:
    before = sorted(home.rglob("*"))

    examine(home)

    assert sorted(home.rglob("*")) == before


def test_the_command_lists_what_it_examined(home: Path) -> None:
    shown = command("doctor", home=home)
    told = json.loads(command("doctor", "--format", "json", home=home).stdout)

    assert shown.returncode == exits.FINE, shown.stdout
    assert [row["examined"] for row in told] == [name for name, _ in EXAMINATIONS]
    assert [name for name, _ in EXAMINATIONS if name not in shown.stdout] == []


def test_a_folder_that_is_not_there_is_no_home(tmp_path: Path) -> None:
    shown = command("doctor", home=tmp_path / "nowhere")

    assert shown.returncode == exits.COULD_NOT
    assert shown.stderr.startswith("settings-wrong: ")
    assert "nowhere: expected a home, found no folder" in shown.stderr


def test_the_command_fails_where_something_is_ill(tmp_path: Path) -> None:
    shown = command("doctor", home=tmp_path)

    assert shown.returncode == exits.BAD_NEWS
    assert "✗ settings" in shown.stdout


@pytest.mark.parametrize("place", ['file = "/nowhere/w.txt"', 'git = "/nowhere"', 'command = ["/nowhere/keep"]'])
def test_a_witness_that_cannot_be_kept_is_ill(home: Path, place: str) -> None:
    assert found(home)["witness"].verdict == "well"
    path = home / "tallybook.toml"
    path.write_text(path.read_text() + f"[witness]\n{place}\n")

    assert found(home)["witness"].verdict == "ill"
    assert "/nowhere" in found(home)["witness"].found
