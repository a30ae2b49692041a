"""Cycles that hang, are killed or meet each other: no order lost, none doubled, and the owner is told."""

from __future__ import annotations

import os
import shutil
import signal

import pytest

from ledger.events import (
    CycleFailed,
    CycleStarted,
    NoticeSent,
    OrderFilled,
    OrderResolved,
    OrderSendAttempted,
    StartRefused,
)
from tests.trader.cycles.world import TUESDAY, WEDNESDAY, World, is_over, until
from trader import exits


def ended(world: World) -> tuple[str, str | None]:
    """How the last cycle failed: its code, and the signal that ended it."""
    last = world.facts(CycleFailed)[-1]
    return last.code, last.signal


def alarms(world: World) -> list[str]:
    return [subject for subject in world.box.subjects if " ALARM " in subject]


def test_a_strategy_that_never_ends_is_ended_within_the_time_limit(world: World) -> None:
    """The strategy reads the file of another program, which never writes it."""
    os.mkfifo(world.home / "targets.csv")
    world.set(strategy={"kind": "file", "path": "targets.csv"}, schedule={"timeout_seconds": 3})
    world.advance_to(TUESDAY, 0)

    started = world.cycle()

    assert (started.status, started.code) == (exits.COULD_NOT, "cycle-timed-out")
    assert ended(world) == ("cycle-timed-out", "SIGTERM")
    assert len(alarms(world)) == 1
    assert "ended abnormally: cycle-timed-out" in world.box.body("html")
    assert world.at_venue() == []

    world.set(schedule={"timeout_seconds": 900})
    world.want(ACME="0.5")
    assert world.cycle().status == exits.FINE
    assert world.apart() == ()


def test_a_strategy_that_eats_memory_is_ended_at_its_bound(world: World) -> None:
    """The strategy reads a file without an end."""
    world.set(strategy={"kind": "file", "path": "/dev/zero"}, schedule={"memory_megabytes": 640})
    world.advance_to(TUESDAY, 0)

    started = world.cycle()

    assert (started.status, started.code) == (exits.COULD_NOT, "cycle-out-of-memory")
    assert ended(world) == ("cycle-out-of-memory", None)
    peak = world.facts(CycleFailed)[-1].peak_memory_bytes
    assert peak is not None
    assert 100 * 2**20 < peak < 640 * 2**20
    assert len(alarms(world)) == 1
    assert world.at_venue() == []

    world.want(ACME="0.5")
    assert world.cycle().status == exits.FINE
    assert world.apart() == ()


def test_a_cycle_killed_after_sending_finds_its_order_and_sends_the_rest(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.control.hold_after("placeOrder")
    process = world.start()
    sent = world.control.wait_held()
    assert sent is not None

    os.kill(world.child(), signal.SIGKILL)

    _, told = process.communicate(timeout=30)
    assert process.returncode == exits.COULD_NOT
    assert told.startswith("cycle-killed: ")
    assert ended(world) == ("cycle-killed", "SIGKILL")
    assert len(alarms(world)) == 1
    assert f"Order {sent['order_ref']} is in doubt" in world.box.body("plain")
    assert [order.order_ref for order in world.book().in_doubt] == [sent["order_ref"]]

    world.control.clear()
    world.control.advance(seconds=300)
    assert world.cycle().status == exits.FINE

    references = [order["order_ref"] for order in world.at_venue()]
    assert references.count(sent["order_ref"]) == 1
    assert len(references) == len(set(references)) == 2
    assert [resolved.order_ref for resolved in world.facts(OrderResolved)] == [sent["order_ref"]]
    executions = [fill.execution_id for fill in world.facts(OrderFilled)]
    assert len(executions) == len(set(executions))
    assert world.held()["ACME"] == 1000
    assert world.apart() == ()
    assert world.book().slots[f"{TUESDAY}/0935"].attempts == 2


@pytest.mark.parametrize("request_held", ["reqHistoricalData", "reqPositions", "whatIf"])
def test_a_cycle_killed_before_sending_leaves_nothing_to_resolve(world: World, request_held: str) -> None:
    world.advance_to(TUESDAY, 0)
    world.control.hold_after(request_held)
    process = world.start()
    world.control.wait_held()

    os.kill(world.child(), signal.SIGKILL)

    process.communicate(timeout=30)
    assert process.returncode == exits.COULD_NOT
    assert ended(world) == ("cycle-killed", "SIGKILL")
    assert world.facts(OrderSendAttempted) == []

    world.control.clear()
    world.control.advance(seconds=300)
    assert world.cycle().status == exits.FINE
    assert len(world.at_venue()) == 2
    assert world.apart() == ()


def test_a_parent_that_is_told_to_stop_ends_its_cycle_and_tells(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.control.hold_after("reqHistoricalData")
    process = world.start()
    world.control.wait_held()

    process.terminate()

    process.communicate(timeout=30)
    assert process.returncode == exits.COULD_NOT
    assert ended(world) == ("cycle-killed", "SIGTERM")
    assert len(alarms(world)) == 1

    world.control.clear()
    assert world.cycle().status == exits.FINE
    assert world.apart() == ()


def test_a_parent_that_is_killed_leaves_a_cycle_that_ends_by_itself(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.control.hold_after("reqHistoricalData")
    process = world.start()
    world.control.wait_held()
    process.kill()
    process.wait(30)
    child = world.child()

    world.control.release()

    until(lambda: is_over(child), "the end of the orphan")
    assert world.book().slots[f"{TUESDAY}/0935"].finished
    assert world.apart() == ()
    world.control.advance(seconds=300)
    assert world.cycle().status == exits.FINE


def test_two_starts_at_once_run_one_cycle(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.control.hold_after("reqHistoricalData")
    process = world.start()
    world.control.wait_held()

    same_slot = world.cycle()
    by_hand = world.cycle("--now")

    assert (same_slot.status, same_slot.err) == (exits.FINE, "")
    assert (by_hand.status, by_hand.code) == (exits.LOCKED, "log-locked")
    world.control.release()
    process.communicate(timeout=30)
    assert process.returncode == exits.FINE
    refused = [fact.slot for fact in world.facts(StartRefused)]
    assert refused[-1] == f"{TUESDAY}/now-093530"
    assert len(world.facts(CycleStarted)) == 1
    assert alarms(world) == []
    assert world.apart() == ()


def test_an_old_copy_of_the_log_sends_nothing(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    shutil.copytree(world.home / "var", world.home / "copy")
    world.trade()
    shutil.rmtree(world.home / "var")
    shutil.move(world.home / "copy", world.home / "var")
    world.advance_to(TUESDAY, 1)
    sent = world.at_venue()

    started = world.cycle()

    assert (started.status, started.code) == (exits.COULD_NOT, "old-copy")
    assert ended(world)[0] == "old-copy"
    assert len(alarms(world)) == 1
    assert world.at_venue() == sent
    assert world.facts(NoticeSent)[-1].incident == f"old-copy/{TUESDAY}"

    assert world.facts(OrderFilled) == []  # booked as foreign, they would look known to the next start
    world.advance_to(TUESDAY, 2)
    assert world.cycle().code == "old-copy"
    assert world.at_venue() == sent
    world.advance_to(WEDNESDAY, 0)  # the broker has forgotten yesterday's executions; the halt has not
    assert world.cycle().status == exits.BAD_NEWS
    assert world.book().halted is not None
    assert world.at_venue() == []
