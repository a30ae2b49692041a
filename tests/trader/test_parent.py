from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest

from ledger.book import Book, replay
from ledger.events import CycleFailed, DayCommitted, Fact, IncidentOpened, NoticeFailed, NoticeSent, TradingHalted
from ledger.ledger import Ledger
from ledger.log import read_events
from ledger.log.storage import events_folder
from tests.queries.history import TUESDAY, WEDNESDAY, closed, new_world, two_sessions
from tests.trader.homes import ROOT, SETTINGS, SIMULATED, mail_section, tallybook, write_settings
from tests.trader.mailbox import Mailbox, mailbox
from trader import exits
from trader.aftermath import failure_of, tell
from trader.supervision import Ending, supervise

GOOD_FRIDAY = date(2005, 3, 25)
SLOT = f"{WEDNESDAY}/1035"


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


@pytest.fixture
def home(tmp_path: Path, box: Mailbox) -> Path:
    """An adopted home whose log ends on Wednesday at 09:40, in no need of a simulator."""
    write_settings(tmp_path, SETTINGS + SIMULATED + mail_section(box.port))
    return closed(two_sessions(tmp_path))


def ended(code: str, timeout_seconds: float = 30) -> Ending:
    """How a real process ends that runs some Python."""
    return supervise([sys.executable, "-c", code], timeout_seconds, grace_seconds=0.2)


def facts(home: Path) -> list[Fact]:
    return [event.fact for event in read_events(home)]


def book(home: Path) -> Book:
    return replay(read_events(home))


KILLED = "import os; os.kill(os.getpid(), 9)"


@pytest.mark.parametrize(
    ("code", "timeout_seconds", "expected"),
    [
        pytest.param(KILLED, 30, "cycle-killed", id="killed"),
        pytest.param("import time; time.sleep(600)", 0.5, "cycle-timed-out", id="hangs"),
        pytest.param("raise SystemExit(71)", 30, "cycle-out-of-memory", id="eats memory"),
        pytest.param("raise SystemExit('gateway-down: nobody listens')", 30, "gateway-down", id="says why"),
        pytest.param(
            "import sys; print('KeyError: 1', file=sys.stderr); raise SystemExit(70)", 30, "cycle-crashed", id="crash"
        ),
        pytest.param("raise SystemExit(9)", 30, "cycle-crashed", id="an exit status nobody knows"),
    ],
)
def test_every_abnormal_end_has_its_code(code: str, timeout_seconds: float, expected: str) -> None:
    assert failure_of(SLOT, ended(code, timeout_seconds), "cycle").code == expected


def test_an_abnormal_end_is_recorded_and_mailed(home: Path, box: Mailbox) -> None:
    tell(home, SLOT, ended(KILLED), "cycle")

    *_, failed, opened, sent = facts(home)
    assert isinstance(opened, IncidentOpened)
    assert (opened.code, opened.of_starts, opened.nav) == ("cycle-killed", True, Decimal("100080.67"))
    assert isinstance(failed, CycleFailed)
    assert (failed.slot, failed.code, failed.signal) == (SLOT, "cycle-killed", "SIGKILL")
    assert failed.peak_memory_bytes is not None
    assert failed.peak_memory_bytes > 0
    assert isinstance(sent, NoticeSent)
    assert sent.incident == "cycle-killed/2005-03-02"
    assert box.subjects == ["[paper] ALARM 2005-03-02/1035  cycle-killed  NAV 100,080.67 (0 min old)"]
    assert "it was ended by SIGKILL" in box.body("plain")
    assert "Last known NAV 100,080.67." in box.body("html")


def test_an_incident_is_mailed_once_and_each_failed_start_is_recorded(home: Path, box: Mailbox) -> None:
    tell(home, SLOT, ended(KILLED), "cycle")
    tell(home, SLOT, ended(KILLED), "cycle")
    assert len(box.received) == 1
    assert sum(isinstance(fact, CycleFailed) and fact.slot == SLOT for fact in facts(home)) == 2

    tell(home, "2005-03-03/0935", ended(KILLED), "cycle")  # it lasts: no cycle finished since
    assert [subject.split()[1] for subject in box.subjects] == ["ALARM", "START"]
    assert "No cycle has finished since Wed 2 Mar 09:40: cycle-killed; 3 starts failed." in box.body("plain")


def test_a_mail_that_did_not_leave_is_tried_again(home: Path, box: Mailbox) -> None:
    box.refuses = True
    tell(home, SLOT, ended(KILLED), "cycle")
    assert isinstance(facts(home)[-1], NoticeFailed)

    box.refuses = False
    tell(home, SLOT, ended(KILLED), "cycle")
    assert isinstance(facts(home)[-1], NoticeSent)
    assert len(box.received) == 1


def test_a_log_that_refuses_does_not_keep_the_mail_back(home: Path, box: Mailbox) -> None:
    first = sorted(events_folder(home).iterdir())[0]
    first.write_bytes(first.read_bytes().replace(b'"AAPL"', b'"XXXX"', 1))
    before = {path: path.read_bytes() for path in events_folder(home).iterdir()}

    tell(home, SLOT, ended(KILLED), "cycle")
    tell(home, SLOT, ended(KILLED), "cycle")

    assert box.subjects == ["[paper] ALARM 2005-03-02/1035  cycle-killed  NAV unknown"]
    assert "The log could not record it: log-damaged" in box.body("plain")
    assert {path: path.read_bytes() for path in events_folder(home).iterdir()} == before


def test_a_gateway_that_is_down_is_recorded_mailed_and_exits_2(home: Path, box: Mailbox) -> None:
    ran = tallybook("cycle", "--now", home=home)

    assert ran.returncode == exits.COULD_NOT
    assert ran.stderr.startswith("gateway-down: 127.0.0.1:1")
    assert len(ran.stderr.splitlines()) == 1
    failures = [fact for fact in facts(home) if isinstance(fact, CycleFailed)]
    assert failures[-1].code == "gateway-down"
    assert [subject.split("  ")[1] for subject in box.subjects] == ["gateway-down"]
    assert book(home).cycle is not None


def test_off_slot_nothing_happens_and_nothing_is_left(tmp_path: Path) -> None:
    write_settings(tmp_path, SETTINGS + SIMULATED)
    world = two_sessions(tmp_path)
    world.at(WEDNESDAY, "10:05")  # the slot of 09:35 is over, that of 10:35 to come
    world.record(TradingHalted(reason="lunch"))
    closed(world)
    left = everything(tmp_path)

    ran = tallybook("cycle", home=tmp_path)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert everything(tmp_path) == left


def test_on_a_holiday_nothing_happens(tmp_path: Path) -> None:
    write_settings(tmp_path, SETTINGS + SIMULATED)
    world = new_world(tmp_path)
    world.at(GOOD_FRIDAY, "11:35")
    world.quiet_cycle(GOOD_FRIDAY - timedelta(days=1), "16:30", "92", kind="close")
    world.record(DayCommitted(session_day=GOOD_FRIDAY - timedelta(days=1), snapshots=1, fills=0))
    world.at(GOOD_FRIDAY, "11:35")
    world.record(TradingHalted(reason="holiday"))
    closed(world)
    left = everything(tmp_path)

    ran = tallybook("cycle", home=tmp_path)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert log_of(tmp_path, left) == log_of(tmp_path, everything(tmp_path))


def test_a_slot_that_is_used_up_is_left_alone(tmp_path: Path) -> None:
    write_settings(tmp_path, SETTINGS + SIMULATED)
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    closed(world)
    before = facts(tmp_path)

    ran = tallybook("cycle", home=tmp_path)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert facts(tmp_path) == before


def test_a_closed_day_is_committed_once(tmp_path: Path) -> None:
    write_settings(tmp_path, SETTINGS + SIMULATED)
    world = two_sessions(tmp_path)
    world.quiet_cycle(WEDNESDAY, "16:30", "93", kind="close")
    closed(world)

    first = tallybook("cycle", home=tmp_path)
    recorded = facts(tmp_path)
    second = tallybook("cycle", home=tmp_path)

    assert (first.returncode, first.stderr) == (0, "")
    assert recorded[-1] == DayCommitted(session_day=WEDNESDAY, snapshots=2, fills=0)
    assert (tmp_path / "var" / "tallybook.duckdb").exists()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert facts(tmp_path) == recorded


@pytest.mark.parametrize(
    ("holder", "status"),
    [
        pytest.param(f"{WEDNESDAY}/0935", exits.FINE, id="the same slot"),
        pytest.param(f"{TUESDAY}/1535", exits.LOCKED, id="another slot"),
        pytest.param("", exits.LOCKED, id="a command"),
    ],
)
def test_a_start_that_finds_the_log_held_goes_away(home: Path, holder: str, status: int) -> None:
    with Ledger.open(home, StillClock(), slot=holder):
        ran = tallybook("cycle", home=home)

    assert ran.returncode == status
    assert len(ran.stderr.splitlines()) == (0 if status == exits.FINE else 1)


def test_overlap_three_starts_that_are_kept_out_raise_an_alarm(home: Path, box: Mailbox) -> None:
    with Ledger.open(home, StillClock(), slot=f"{TUESDAY}/1535"):
        for _ in range(2):
            assert tallybook("cycle", home=home).returncode == exits.LOCKED
        assert box.subjects == []

        for _ in range(2):
            assert tallybook("cycle", home=home).returncode == exits.LOCKED

    assert [subject.split("  ")[1] for subject in box.subjects] == ["log-locked"]
    assert "Last known NAV 100,080.67." in box.body("plain")


class StillClock:
    """The simulated clock of these homes, at its last moment."""

    kind: Literal["simulated"] = "simulated"

    def now(self) -> datetime:
        return datetime(2005, 3, 2, 14, 41, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits here")


def everything(home: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


def log_of(home: Path, files: dict[Path, bytes]) -> dict[Path, bytes]:
    return {path: content for path, content in files.items() if path.parent == events_folder(home)}


def test_verbose_tells_the_next_slot(tmp_path: Path) -> None:
    write_settings(tmp_path, SETTINGS)

    ran = tallybook("cycle", "--verbose", home=tmp_path)

    assert ran.returncode in (exits.FINE, exits.COULD_NOT)  # by the hour at which this test runs
    assert ran.stdout.startswith("nothing is due; next: ") or "log-missing" in ran.stderr


def test_an_account_that_was_not_adopted_is_told_in_one_line(tmp_path: Path) -> None:
    write_settings(tmp_path, SETTINGS)

    ran = tallybook("cycle", "--now", home=tmp_path)

    assert ran.returncode == exits.COULD_NOT
    assert len(ran.stderr.splitlines()) == 1
    assert "run: tallybook adopt" in ran.stderr
    assert not (tmp_path / "var").exists()


def test_wrong_settings_are_told_in_one_line_and_mailed(home: Path, box: Mailbox) -> None:
    write_settings(home, SETTINGS.replace("0.4", "0.6") + SIMULATED + mail_section(box.port))

    ran = tallybook("cycle", "--now", home=home)

    assert ran.returncode == exits.COULD_NOT
    assert len(ran.stderr.splitlines()) == 1
    assert "strategy.weights: expected magnitudes that add up to 1 at most, found 1.1" in ran.stderr
    assert [subject.split("  ")[1] for subject in box.subjects] == ["settings-wrong"]


def test_settings_that_cannot_be_read_are_told_in_one_line(tmp_path: Path) -> None:
    write_settings(tmp_path, "[account")

    ran = tallybook("cycle", home=tmp_path)

    assert (ran.returncode, len(ran.stderr.splitlines())) == (exits.COULD_NOT, 1)
    assert ran.stderr.startswith(f"settings-wrong: {tmp_path}/tallybook.toml: expected TOML")


def test_a_log_that_cannot_be_looked_at_is_told_in_one_line(home: Path) -> None:
    (folder := events_folder(home) / "9999-12-31.jsonl").mkdir()

    ended = tallybook("cycle", home=home)

    assert ended.returncode == exits.COULD_NOT
    assert ended.stderr.startswith(f"not-usable: {folder}: not a plain file; check the folder")
    assert ended.stderr.count("\n") == 1


def test_another_accounts_log_is_told_in_one_line(home: Path) -> None:
    write_settings(home, SETTINGS.replace("DU1000001", "DU2000002") + SIMULATED)

    ran = tallybook("cycle", "--now", home=home)

    assert (ran.returncode, len(ran.stderr.splitlines())) == (exits.COULD_NOT, 1)
    assert ran.stderr.startswith("log-foreign: ")


def test_a_cycle_starts_without_what_is_slow() -> None:
    code = "import sys; from trader.commands import main; import trader.parent; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout

    slow = {"pydantic", "typer", "rich", "pandas", "duckdb", "jinja2", "matplotlib", "exchange_calendars", "ib_insync"}
    assert slow.isdisjoint(loaded.split())


def test_the_process_of_a_cycle_imports_nothing_that_only_others_need() -> None:
    code = "import sys, trader.child, trader.cycle, trader.ib; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout

    slow = {"pandas", "duckdb", "matplotlib", "exchange_calendars", "typer", "rich", "jinja2"}
    assert slow.isdisjoint(loaded.split())
