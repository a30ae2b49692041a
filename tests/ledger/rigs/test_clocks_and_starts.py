"""Clocks that jump, hours that come twice or not at all, and many starts at the same moment."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from freezegun import freeze_time

from ledger.clock import SystemClock
from ledger.events import LogStarted, StartRefused, WallClockRegressed
from ledger.ledger import Ledger
from ledger.line import Event
from ledger.log import Log, read_events
from tests.ledger.logs import StillClock, append, lost, started
from tests.ledger.rigs.log_of_three_days import deposit

ROOT = Path(__file__).parents[3]
NEW_YORK = ZoneInfo("America/New_York")
GENESIS = LogStarted(account="DU1", mode="paper", clock="system", base_currency="USD")


def later_and_later(events: list[Event]) -> bool:
    """Each batch is later than the one before; a batch shares its moment."""
    return all(
        a.recorded_at < b.recorded_at if b.batch[0] == 1 else a.recorded_at == b.recorded_at
        for a, b in pairwise(events)
    )


@pytest.mark.parametrize("jump", [90, 3_600, 86_400])
def test_a_clock_that_jumps_back_between_two_starts_is_recorded_and_never_followed(tmp_path: Path, jump: int) -> None:
    clock = StillClock()
    with started(tmp_path, clock) as log:
        append(log, lost("before"))
        last = log.last_recorded_at
    clock.sleep(-jump)

    with Ledger.open(tmp_path, clock) as ledger:
        ledger.record((deposit(1), deposit(2)))
    clock.sleep(jump + 5)
    Ledger.open(tmp_path, clock).close()

    events = list(read_events(tmp_path))
    assert [event.fact for event in events if isinstance(event.fact, WallClockRegressed)] == [
        WallClockRegressed(clock_showed=last - timedelta(seconds=jump, microseconds=1), last_recorded_at=last)
    ]
    assert later_and_later(events)


def test_a_clock_that_jumps_back_while_a_session_runs_is_not_followed(tmp_path: Path) -> None:
    clock = StillClock()
    with Ledger.create(tmp_path, clock, GENESIS.model_copy(update={"clock": "simulated"})) as ledger:
        for number, step in enumerate((60, -90, 0, 30, -90, 3_600, -90, 86_400, -90)):
            clock.sleep(step)
            ledger.record((deposit(2 * number), deposit(2 * number + 1)))

    events = list(read_events(tmp_path))
    assert later_and_later(events)
    assert [path.stem for path in sorted((tmp_path / "var/events").iterdir())] == ["2026-01-14", "2026-01-15"]
    assert len(events) == 1 + 18 + 1  # the seal


@pytest.fixture
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_new_york")
@pytest.mark.parametrize(
    ("begin", "offsets"),
    [
        pytest.param(datetime(2026, 11, 1, 0, 30, tzinfo=NEW_YORK), {-4, -5}, id="an hour comes twice"),
        pytest.param(datetime(2026, 3, 8, 0, 30, tzinfo=NEW_YORK), {-4, -5}, id="an hour is left out"),
    ],
)
def test_both_hours_of_daylight_saving_leave_the_log_in_order_and_in_utc(
    tmp_path: Path, begin: datetime, offsets: set[int]
) -> None:
    """Through the change by starts every quarter of an hour, on a machine whose own time is New York's."""
    moment, shown = begin.astimezone(UTC), list[datetime]()
    with freeze_time(moment):
        Log.create(tmp_path, SystemClock(), GENESIS).close()
    for number in range(16):
        moment += timedelta(minutes=15)
        shown.append(moment)
        with freeze_time(moment), Ledger.open(tmp_path, SystemClock()) as ledger:
            ledger.record((deposit(number),))

    events = list(read_events(tmp_path))
    assert [event.recorded_at for event in events[1:]] == shown
    assert not any(isinstance(event.fact, WallClockRegressed) for event in events)
    hours = {moment.astimezone(NEW_YORK).utcoffset() for moment in shown}
    assert hours == {timedelta(hours=offset) for offset in offsets}
    assert [path.stem for path in (tmp_path / "var/events").iterdir()] == [begin.date().isoformat()]


STARTER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ledger.clock import SimulatedClock
from ledger.ledger import Ledger
from ledger.log import LogLocked

clock = SimulatedClock(lambda: datetime(2026, 1, 14, 15, tzinfo=UTC), lambda seconds: None)
print("ready", flush=True)
sys.stdin.readline()
try:
    ledger = Ledger.open(Path(sys.argv[1]), clock, slot=sys.argv[2])
except LogLocked as locked:
    print(f"refused {locked.exit_status}", flush=True)
else:
    print("held", flush=True)
    sys.stdin.readline()
    ledger.close()
"""


def test_of_many_starts_at_once_one_writes_and_each_other_is_noted_exactly_once(tmp_path: Path) -> None:
    started(tmp_path).close()
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, str(tmp_path), f"slot {number}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for number in range(4)
    ]  # fmt: skip
    try:
        assert [_line(start) for start in starts] == ["ready"] * 4
        for start in starts:
            _say(start)
        said = [_line(start) for start in starts]
        _say(starts[said.index("held")])
        assert [start.wait(30) for start in starts] == [0] * 4
    finally:
        for start in starts:
            start.kill()
            start.communicate()

    assert sorted(said) == ["held", "refused 75", "refused 75", "refused 75"]
    for _ in range(2):
        Ledger.open(tmp_path, StillClock()).close()
    noted = [event.fact for event in read_events(tmp_path) if isinstance(event.fact, StartRefused)]
    refused = {start.pid: f"slot {n}" for n, start in enumerate(starts) if said[n] != "held"}
    assert {note.pid: note.slot for note in noted} == refused
    assert len(noted) == 3
    assert list((tmp_path / "var/refused").iterdir()) == []


def _line(start: subprocess.Popen[str]) -> str:
    assert start.stdout is not None
    return start.stdout.readline().strip()


def _say(start: subprocess.Popen[str]) -> None:
    assert start.stdin is not None
    start.stdin.write("\n")
    start.stdin.flush()
