"""A cron user and an operator on one home, with real users and real files; skipped unless root runs the tests."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.log import read_events

ROOT = Path(__file__).parents[3]
CRON, OPERATOR, STRANGER, GROUP = 54_301, 54_302, 54_303, 54_310
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become two users")

# Everything is imported and used once before the user changes: the interpreter may lie where that user cannot look.
AS_A_USER = """
import os, sys, tempfile
from datetime import UTC, datetime
from pathlib import Path
from ledger.clock import SimulatedClock
from ledger.errors import LogError
from ledger.events import BrokerLost, LogStarted
from ledger.ledger import Ledger

GENESIS = LogStarted(account="DU1", mode="paper", clock="simulated", base_currency="USD")

def work(home, what, day):
    clock = SimulatedClock(lambda: datetime.fromisoformat(day), lambda seconds: None)
    if what == "create":
        Ledger.create(home, clock, GENESIS).close()
        return
    with Ledger.open(home, clock) as ledger:
        ledger.record((BrokerLost(reason=what),))
        if what == "dies":
            os.write(ledger.log._handle, b'{"seq":99,"torn')
            os._exit(9)

def warm_up():
    with tempfile.TemporaryDirectory() as folder:
        for what, day in (("create", "2026-01-12T15:00:00+00:00"), ("a", "2026-01-13T15:00:00+00:00")):
            work(Path(folder), what, day)
        try:
            work(Path(folder) / "none", "a", "2026-01-14T15:00:00+00:00")
        except LogError:
            pass

warm_up()
home, user, groups, what, day = sys.argv[1:]
os.setgroups([int(group) for group in groups.split(",") if group])
os.setgid(int(user))
os.setuid(int(user))
os.umask(0o077)
try:
    work(Path(home), what, day)
except LogError as refused:
    print(refused.code, refused)
else:
    print("fine")
"""


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="two-users-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def share(home: Path) -> None:
    """Prepare a home as the runbook says: var belongs to a group that hands itself on."""
    var = home / "var"
    var.mkdir()
    os.chown(var, CRON, GROUP)
    var.chmod(0o2770)
    home.chmod(0o755)


def give(home: Path, user: int) -> None:
    os.chown(home, user, user)


def run(home: Path, user: int, what: str, day: int = 14, groups: str = str(GROUP)) -> str:
    done = subprocess.run(
        [sys.executable, "-c", AS_A_USER, str(home), str(user), groups, what, f"2026-01-{day}T15:00:00+00:00"],
        capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    return done.stdout.strip() or f"exit {done.returncode}: {done.stderr[-300:]}"


def reasons(home: Path) -> list[str]:
    return [getattr(event.fact, "reason", event.type) for event in read_events(home)]


def test_both_users_record_on_a_shared_home_over_days_crashes_and_each_others_tails(home: Path) -> None:
    share(home)
    give(home, CRON)

    assert run(home, CRON, "create") == "fine"
    for day, user, what in (
        (14, CRON, "cron"), (14, OPERATOR, "operator"), (15, OPERATOR, "next day"), (15, CRON, "cron again"),
        (16, CRON, "third day"),
    ):  # fmt: skip
        assert run(home, user, what, day) == "fine"
    assert run(home, OPERATOR, "dies", 16).startswith("exit 9")
    assert run(home, CRON, "after", 16) == "fine"
    assert run(home, OPERATOR, "last", 17) == "fine"

    told = reasons(home)
    assert [what for what in told if what in ("cron", "operator", "next day", "cron again", "third day")] == [
        "cron", "operator", "next day", "cron again", "third day",
    ]  # fmt: skip
    assert told[-5:-1] == ["dies", "tail_truncated", "head_advanced", "after"] or told[-6:] == [
        "dies", "tail_truncated", "head_advanced", "after", "day_sealed", "last",
    ]  # fmt: skip
    for path in (home / "var").rglob("*"):
        status = path.stat()
        assert status.st_gid == GROUP, path
        assert not status.st_mode & stat.S_IRWXO, path


def test_somebody_outside_the_group_is_refused(home: Path) -> None:
    share(home)
    give(home, CRON)
    assert run(home, CRON, "create") == "fine"

    assert run(home, STRANGER, "stranger", groups="").startswith("log-")
    assert reasons(home) == ["log_started"]


@pytest.mark.parametrize("other", [OPERATOR, 0])
def test_a_private_home_refuses_everybody_but_its_owner_root_included(home: Path, other: int) -> None:
    give(home, CRON)
    assert run(home, CRON, "create") == "fine"
    before = {path: (path.stat().st_mtime_ns, path.stat().st_uid) for path in (home / "var").rglob("*")}

    said = run(home, other, "other")

    assert said.startswith("log-"), said
    assert {path: (path.stat().st_mtime_ns, path.stat().st_uid) for path in (home / "var").rglob("*")} == before
    assert run(home, CRON, "mine") == "fine"
    assert reasons(home) == ["log_started", "mine"]


def test_a_file_that_root_left_behind_is_refused_by_name(home: Path) -> None:
    give(home, CRON)
    assert run(home, CRON, "create") == "fine"
    os.chown(home / "var/HEAD.1", 0, 0)

    said = run(home, CRON, "mine")

    assert said.startswith("log-not-writable")
    assert "HEAD.1" in said


def test_the_way_back_to_one_owner_begins_with_giving_everything_to_that_one(home: Path) -> None:
    """As the runbook says under 'Two users on one home'."""
    share(home)
    give(home, CRON)
    assert run(home, CRON, "create") == "fine"
    assert run(home, OPERATOR, "operator", 15) == "fine"

    subprocess.run(["chown", "-R", str(CRON), "var"], cwd=home, check=True)
    subprocess.run(["chmod", "-R", "g-rwxs,o-rwx", "var"], cwd=home, check=True)

    assert run(home, CRON, "mine", 16) == "fine"
    assert run(home, OPERATOR, "operator", 16).startswith("log-")
    assert not any(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) for path in (home / "var").rglob("*"))
