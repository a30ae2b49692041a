"""What else may happen to a cycle as a process: a halt while it runs, two starts, a wrong clock, a full disk."""

from __future__ import annotations

import json
import resource
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.events import (
    CycleFailed,
    CycleFinished,
    CycleSkipped,
    CycleStarted,
    OrderSendAttempted,
    StartRefused,
    TradingHalted,
)
from tests.trader.cycles.world import TUESDAY, Done, World, world
from tests.trader.homes import ROOT, tallybook
from tests.trader.kills.rig import Point, complaints, injected
from trader import exits
from trader.simulator.control import Control

UNCACHED = {"PYTHONDONTWRITEBYTECODE": "1"}  # Python itself would cut its cached modules where files cannot grow


def ended(process: subprocess.Popen[str]) -> Done:
    out, err = process.communicate(timeout=60)
    return Done(process.returncode, out, err)


def alarms(made: World) -> list[str]:
    return [subject for subject in made.box.subjects if " ALARM " in subject]


# A halt


def test_the_command_halt_stops_a_running_cycle_between_two_orders(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    process = world.start_held("placeOrder")

    halted = tallybook("halt", "--why", "enough", home=world.home)

    assert (halted.returncode, halted.stderr) == (exits.FINE, "")
    assert "a cycle is running: it is stopped by var/HALT" in halted.stdout
    world.control.release()
    assert ended(process).status == exits.BAD_NEWS
    assert len(world.at_venue()) == len(world.facts(OrderSendAttempted)) == 1
    assert [fact.reason for fact in world.facts(TradingHalted)] == ["enough"]
    assert tuple(complaints(world)) == ()

    world.advance_to(TUESDAY, 1)
    assert world.trade() == exits.BAD_NEWS  # it stays halted
    assert len(world.at_venue()) == 1
    assert world.command("resume", "--why", "seen").status == exits.FINE
    world.advance_to(TUESDAY, 2)
    assert world.trade() == exits.FINE
    assert len(world.at_venue()) == 2


def test_the_command_halt_stops_a_running_cycle_before_its_first_order(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    process = world.start_held("whatIf")

    assert tallybook("halt", "--why", "not today", home=world.home).returncode == exits.FINE
    world.control.release()

    assert ended(process).status == exits.BAD_NEWS
    assert world.at_venue() == []
    assert [fact.reason for fact in world.facts(TradingHalted)] == ["not today"]


# Two starts at once


def test_overlap_of_two_starts_at_the_same_moment_one_runs(world: World) -> None:
    world.advance_to(TUESDAY, 0)

    both = [ended(process) for process in (world.start(), world.start())]

    assert [done.status for done in both] == [exits.FINE, exits.FINE]
    assert len(world.facts(CycleStarted)) == len(world.facts(CycleFinished)) == 1
    assert len(world.at_venue()) == 2
    assert world.facts(StartRefused) == []  # what it came for was being done
    assert alarms(world) == []
    assert tuple(complaints(world)) == ()


def test_of_two_starts_by_hand_at_the_same_moment_one_runs_at_a_time(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    process = world.start_held("reqPositions")

    refused = [ended(start) for start in (world.start("--now"), world.start("--now"))]

    assert [(done.status, done.code) for done in refused] == [(exits.LOCKED, "log-locked")] * 2
    world.control.release()
    assert ended(process).status == exits.FINE
    assert len(world.facts(StartRefused)) == 2
    assert len(world.at_venue()) == 2
    assert tuple(complaints(world)) == ()


# A clock that is wrong


@contextmanager
def slow_clock(control: Control, by: timedelta) -> Iterator[str]:
    """A control port whose time lags behind; yields its address."""

    class Lagging(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            own = Control(control.address[1])
            for line in self.rfile:
                asked: dict[str, Any] = json.loads(line)
                answer = own.send(asked.pop("command"), **asked)
                if "now" in answer:
                    answer["now"] = (datetime.fromisoformat(answer["now"]) - by).isoformat()
                self.wfile.write(json.dumps({"ok": True, **answer}).encode() + b"\n")
            own.close()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Lagging) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@pytest.mark.parametrize("seconds", [90, -90])
def test_a_clock_that_is_ninety_seconds_off_trades_nothing_and_is_told(world: World, seconds: int) -> None:
    world.advance_to(TUESDAY, 0)
    right = world.settings["simulator"]
    with slow_clock(world.control, timedelta(seconds=seconds)) as address:
        world.set(simulator={"control": address})
        world.control.advance(seconds=300)

        started = world.cycle()

        assert (started.status, started.code) == (exits.COULD_NOT, "clock-differs")
    assert f"the broker's minus ours is {seconds} s" in started.err
    assert [failed.code for failed in world.facts(CycleFailed)] == ["clock-differs"]
    assert len(alarms(world)) == 1
    assert world.at_venue() == []

    world.set(simulator=right)
    world.control.advance(seconds=300)
    assert world.trade() == exits.FINE
    assert len(world.at_venue()) == 2
    assert tuple(complaints(world)) == ()


def test_half_a_minute_is_no_reason_to_stop(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    with slow_clock(world.control, timedelta(seconds=30)) as address:
        world.set(simulator={"control": address})
        assert world.cycle().status == exits.FINE
    assert len(world.at_venue()) == 2


# Daylight saving


@pytest.mark.parametrize(
    ("friday", "hour_before", "monday", "hour_after"),
    [
        pytest.param(date(2005, 4, 1), 14, date(2005, 4, 4), 13, id="in April the clocks go forward"),
        pytest.param(date(2005, 10, 28), 13, date(2005, 10, 31), 14, id="in October they go back"),
    ],
)
def test_the_slots_on_each_side_of_a_change_of_the_clocks_run_by_the_exchanges_hour(
    tmp_path: Path, friday: date, hour_before: int, monday: date, hour_after: int
) -> None:
    """Processes as cron starts them, on the day after at the hour of the day before too."""
    with world(tmp_path, friday) as crossing:
        before = datetime(friday.year, friday.month, friday.day, hour_before, 35, tzinfo=UTC)
        after = datetime(monday.year, monday.month, monday.day, hour_after, 35, tzinfo=UTC)
        crossing.control.advance(before)
        assert crossing.cycle().status == exits.FINE
        crossing.close(friday)
        for at in sorted((after, datetime.combine(monday, before.timetz()))):
            crossing.control.advance(at)
            assert crossing.cycle().status == exits.FINE

        started = [fact.slot for fact in crossing.facts(CycleStarted)]
        later = [f"{monday}/1035"] if hour_after < hour_before else []  # the old hour is the second slot now
        assert started == [f"{friday}/0935", f"{friday}/close", f"{monday}/0935", *later]
        assert [fact.slot for fact in crossing.facts(CycleSkipped)] == [f"{friday}/{hour}35" for hour in range(10, 16)]
        assert crossing.apart() == ()


# A full disk


@pytest.mark.parametrize(
    ("call", "sent"),
    [
        pytest.param("write cycle_started", 0, id="at the beginning"),
        pytest.param("write order_send_attempted", 0, id="at an intent"),
        pytest.param("write order_acknowledged", 1, id="at an acknowledgement"),
    ],
)
def test_on_a_full_disk_the_cycle_ends_and_no_order_follows(world: World, call: str, sent: int) -> None:
    world.advance_to(TUESDAY, 0)

    full = world.cycle(**injected("child", AT=call, ACTION="full"))

    assert (full.status, full.code) == (exits.COULD_NOT, "log-not-writable")
    assert "No space left on device" in full.err
    assert [failed.code for failed in world.facts(CycleFailed)] == ["log-not-writable"]
    assert len(alarms(world)) == 1
    assert len(world.at_venue()) == sent

    world.control.advance(seconds=300)
    assert world.trade() == exits.FINE
    assert len(world.at_venue()) == 2
    assert tuple(complaints(world)) == ()


@pytest.mark.parametrize("left", [64, 9000])
def test_where_no_file_may_grow_nothing_is_sent_and_the_owner_is_told_all_the_same(world: World, left: int) -> None:
    """The kernel itself refuses (RLIMIT_FSIZE), the parent's recording included: the mail leaves without the log."""
    world.advance_to(TUESDAY, 0)
    size = max(path.stat().st_size for path in (world.home / "var" / "events").glob("*.jsonl"))
    command = [sys.executable, "-m", "trader.commands", "--home", str(world.home), "cycle"]

    full = subprocess.run(
        command, env={"PYTHONPATH": str(ROOT), **UNCACHED}, capture_output=True, text=True, timeout=60, check=False,
        cwd=ROOT, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size + left, size + left)),
    )  # fmt: skip

    assert full.returncode == exits.COULD_NOT
    assert full.stderr.startswith("log-not-writable: ")
    assert len(alarms(world)) == 1
    assert world.at_venue() == []
    assert world.facts(CycleFailed) == []

    world.control.advance(seconds=300)
    assert world.trade() == exits.FINE
    assert len(world.at_venue()) == 2
    assert tuple(complaints(world)) == ()


def test_a_point_that_is_never_reached_changes_nothing(world: World) -> None:
    """The rig itself does no harm."""
    world.advance_to(TUESDAY, 0)

    assert world.cycle(**Point("send nothing").environment) == Done(exits.FINE)
    assert tuple(complaints(world)) == ()
