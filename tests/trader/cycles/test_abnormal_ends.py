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
    TradingHalted,
)
from tests.trader.cycles.world import TUESDAY, WEDNESDAY, World, is_over, is_unlocked, until
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
    assert "No cycle finished: cycle-timed-out" in world.box.body("html")
    assert world.at_venue() == []

    world.set(schedule={"timeout_seconds": 900})
    world.want(ACME="0.5")
    assert world.trade() == exits.FINE
    assert world.apart() == ()


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_the_owner_is_told_though_nobody_reads_the_error_output_any_more(
    world: World, monkeypatch: pytest.MonkeyPatch, unbuffered: str
) -> None:
    """A pipe that is broken, as when cron, a journal or a fleet's command ended meanwhile."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)  # empty counts as not set
    world.want(ACME="0.5")
    world.advance_to(TUESDAY, 0)
    process = world.start_held("reqPositions")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()

    os.kill(world.child(), signal.SIGKILL)
    process.wait(60)

    assert process.returncode == exits.COULD_NOT
    assert ended(world) == ("cycle-killed", "SIGKILL")
    assert len(alarms(world)) == 1


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
    assert world.trade() == exits.FINE
    assert world.apart() == ()


def test_a_cycle_killed_after_sending_finds_its_order_and_sends_the_rest(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    process = world.start_held("placeOrder")
    (sent,) = world.at_venue()

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


@pytest.mark.parametrize(
    ("request_held", "nth"), [("placeOrder", 2), ("cancelOrder", 1), ("cancelOrder", 2), ("reqExecutions", 1)]
)
def test_a_cycle_killed_wherever_it_acts_loses_and_doubles_no_order(world: World, request_held: str, nth: int) -> None:
    world.control.fill_orders(False)
    world.advance_to(TUESDAY, 0)
    world.trade()  # leaves two orders working
    world.want(ACME="0.4", WAVE="0.3")
    world.advance_to(TUESDAY, 1)
    process = world.start_held(request_held, nth)

    os.kill(world.child(), signal.SIGKILL)

    process.communicate(timeout=30)
    world.control.fill_orders(True)
    assert ended(world) == ("cycle-killed", "SIGKILL")
    world.control.clear()
    world.control.advance(seconds=300)
    assert world.trade() == exits.FINE
    references = [order["order_ref"] for order in world.at_venue()]
    assert len(references) == len(set(references))
    assert set(references) == set(world.book().orders)
    assert world.control.orders() == []
    assert world.apart() == ()


def test_a_machine_that_went_down_is_picked_up_by_the_next_start(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    process = world.start_held("placeOrder")
    child = world.child()
    process.kill()  # nobody is left to record or to mail it
    process.wait(30)
    os.kill(child, signal.SIGKILL)
    until(lambda: is_over(child) and is_unlocked(world.home), "the end of the child")
    assert world.facts(CycleFailed) == []

    world.control.clear()
    world.control.advance(seconds=300)
    assert world.trade() == exits.FINE

    assert [resolved.outcome for resolved in world.facts(OrderResolved)] == ["filled"]
    assert len(world.at_venue()) == 2
    assert world.apart() == ()


def test_a_halt_between_two_orders_stops_the_second(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    process = world.start_held("placeOrder")
    (world.home / "var" / "HALT").write_text("enough\n")

    world.control.release()

    process.communicate(timeout=30)
    assert process.returncode == exits.BAD_NEWS
    assert len(world.at_venue()) == len(world.facts(OrderSendAttempted)) == 1
    assert [halted.reason for halted in world.facts(TradingHalted)] == ["enough"]
    assert world.apart() == ()


@pytest.mark.parametrize("request_held", ["reqHistoricalData", "reqPositions", "whatIf"])
def test_a_cycle_killed_before_sending_leaves_nothing_to_resolve(world: World, request_held: str) -> None:
    world.advance_to(TUESDAY, 0)
    process = world.start_held(request_held)

    os.kill(world.child(), signal.SIGKILL)

    process.communicate(timeout=30)
    assert process.returncode == exits.COULD_NOT
    assert ended(world) == ("cycle-killed", "SIGKILL")
    assert world.facts(OrderSendAttempted) == []

    world.control.clear()
    world.control.advance(seconds=300)
    assert world.trade() == exits.FINE
    assert len(world.at_venue()) == 2
    assert world.apart() == ()


def test_a_parent_that_is_told_to_stop_ends_its_cycle_and_tells(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    process = world.start_held("reqHistoricalData")

    process.terminate()

    process.communicate(timeout=30)
    assert process.returncode == exits.COULD_NOT
    assert ended(world) == ("cycle-killed", "SIGTERM")
    assert len(alarms(world)) == 1

    world.control.clear()
    assert world.trade() == exits.FINE
    assert world.apart() == ()


def test_a_parent_that_is_killed_leaves_a_cycle_that_ends_by_itself(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    process = world.start_held("reqHistoricalData")
    process.kill()
    process.wait(30)
    child = world.child()

    world.control.release()

    until(lambda: is_over(child) and is_unlocked(world.home), "the end of the orphan")
    assert world.book().slots[f"{TUESDAY}/0935"].finished
    assert world.apart() == ()
    world.control.advance(seconds=300)
    assert world.cycle().status == exits.FINE


def test_two_starts_at_once_run_one_cycle(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    process = world.start_held("reqHistoricalData")

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
    shutil.move(world.home / "var", world.home / "newest")
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
    assert world.trade() == exits.BAD_NEWS
    assert world.book().halted is not None
    assert world.at_venue() == []

    shutil.rmtree(world.home / "var")
    shutil.move(world.home / "newest", world.home / "var")
    world.advance_to(WEDNESDAY, 1)
    assert world.trade() == exits.FINE
    assert world.apart() == ()
