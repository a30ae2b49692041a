"""When the gateway is down, silent, or loses its words: nothing is sent, and the owner hears of it once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.events import (
    CycleFailed,
    CycleFinished,
    NoticeSent,
    OrderResolved,
    OrderSendAttempted,
    StepFailed,
    TradingAllowed,
)
from tests.trader.cycles.world import TUESDAY, World
from tests.trader.cycles.world import world as at_venue
from trader import exits

IMPATIENT = {"request_timeout_seconds": 1, "acknowledge_timeout_seconds": 1}


def failed(world: World) -> list[str]:
    return [fact.code for fact in world.facts(CycleFailed)]


def test_a_gateway_that_is_down_is_mailed_once_with_the_last_figures(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.trade()
    known = world.book().reported.nav
    assert known is not None
    world.advance_to(TUESDAY, 3)
    world.control.refuse()

    for _ in range(3):  # cron starts the slot again and again
        started = world.cycle()
        assert (started.status, started.code) == (exits.COULD_NOT, "gateway-down")
        world.control.advance(seconds=300)

    assert failed(world) == ["gateway-down"] * 3
    (alarm,) = world.box.received[1:]  # after START
    figures = f"Last known NAV {known.net_liquidation:,}."
    for kind in ("plain", "html"):
        assert figures in world.box.body(kind)
        assert "2 h 58 min old" in world.box.body(kind)
        assert "exit status 2" in world.box.body(kind)
    assert f"ALARM {TUESDAY}/1235  gateway-down  NAV {known.net_liquidation:,} (2 h 58 min old)" in alarm["Subject"]

    world.control.refuse(False)
    assert world.trade() == exits.FINE  # still in its slot
    assert world.book().slots[f"{TUESDAY}/1235"].finished
    (over, _) = world.box.received[2:]  # before MIDDLE
    assert f"ENDED {TUESDAY}/1235  gateway-down" in over["Subject"]
    text = world.box.body("plain", 2)
    assert "It lasted 15 min." in text
    assert "3 starts failed; no slot was missed." in text
    assert "Nothing was executed since, and book and broker agree as before." in text
    assert world.apart() == ()


def test_a_gateway_that_accepts_and_stays_silent_ends_the_cycle(world: World) -> None:
    world.set(broker=IMPATIENT)
    world.advance_to(TUESDAY, 0)
    world.control.silent()

    started = world.cycle()

    assert (started.status, started.code) == (exits.COULD_NOT, "gateway-silent")
    assert failed(world) == ["gateway-silent"]
    assert [subject.split()[1] for subject in world.box.subjects] == ["ALARM"]
    assert world.facts(OrderSendAttempted) == []

    world.control.silent("")
    assert world.trade() == exits.FINE
    assert world.apart() == ()


@pytest.mark.parametrize("answered", [False, True], ids=["before its answer", "after its answer"])
def test_a_gateway_that_dies_after_the_first_order_is_asked_what_became_of_it(world: World, answered: bool) -> None:
    world.advance_to(TUESDAY, 0)
    world.control.disconnect_after("placeOrder", 1, answered=answered)

    started = world.cycle()

    assert (started.status, started.code) == (exits.COULD_NOT, "connection-lost")
    assert len(world.facts(OrderSendAttempted)) == len(world.at_venue()) == 1
    assert [subject.split()[1] for subject in world.box.subjects] == ["ALARM"]

    world.control.advance(seconds=300)
    assert world.trade() == exits.FINE

    sent = world.at_venue()
    assert len({order["order_ref"] for order in sent}) == len(sent) == 2  # ACME once, WAVE once
    assert {order.status for order in world.orders()} == {"filled"}
    assert world.book().slots[f"{TUESDAY}/0935"].attempts == 2
    assert world.apart() == ()


def test_an_order_that_was_on_its_way_when_the_gateway_died_is_resolved_from_its_lists(world: World) -> None:
    world.control.fill_orders(False)
    world.advance_to(TUESDAY, 0)
    world.control.disconnect_after("placeOrder", 1)
    world.cycle()
    assert len(world.book().in_doubt) == 1
    world.control.advance(seconds=300)
    world.control.fill_orders(True)

    assert world.trade() == exits.FINE

    assert [resolved.outcome for resolved in world.facts(OrderResolved)] in (["filled"], ["working"])
    assert world.held()["ACME"] == 1000
    assert world.apart() == ()


def test_connectivity_that_is_lost_stops_the_cycle(world: World) -> None:
    world.set(broker=IMPATIENT)
    world.advance_to(TUESDAY, 0)
    world.control.lose_connectivity()

    started = world.cycle()

    assert started.status == exits.COULD_NOT
    assert len(failed(world)) == 1
    assert world.facts(OrderSendAttempted) == []
    assert world.at_venue() == []
    assert len(world.box.received) == 1

    world.control.restore_connectivity()
    assert world.trade() == exits.FINE
    assert world.apart() == ()


def test_connectivity_that_is_lost_between_two_orders_loses_and_doubles_none(world: World) -> None:
    world.set(broker=IMPATIENT)
    world.advance_to(TUESDAY, 0)
    process = world.start_held("placeOrder")
    world.control.lose_connectivity()
    world.control.release()
    _, told = process.communicate(timeout=30)
    assert process.returncode == exits.COULD_NOT, told
    assert failed(world) == ["broker-offline"]
    assert len(world.facts(OrderSendAttempted)) == 1

    world.control.restore_connectivity()
    world.control.advance(seconds=300)
    assert world.trade() == exits.FINE
    assert len(world.at_venue()) == 2
    assert world.apart() == ()


@pytest.mark.parametrize("end", ["positionEnd", "accountDownloadEnd", "execDetailsEnd", "openOrderEnd"])
def test_an_answer_without_its_end_is_never_taken_for_flat(world: World, end: str) -> None:
    world.advance_to(TUESDAY, 0)
    world.trade()
    before = world.held()
    world.want(ACME="0.2", WAVE="0.6")  # a plan that would send orders
    world.set(broker=IMPATIENT)
    world.control.drop(end)
    world.advance_to(TUESDAY, 1)

    started = world.cycle()

    assert (started.status, started.code) == (exits.COULD_NOT, "no-answer")
    assert failed(world) == ["no-answer"]
    assert len(world.facts(TradingAllowed)) == 1
    assert world.held() == before
    assert world.book().open_breaks == ()
    assert [subject.split()[1] for subject in world.box.subjects] == ["START", "ALARM"]

    world.control.clear()
    assert world.trade() == exits.FINE
    assert world.apart() == ()


def test_an_end_that_is_missing_once_is_asked_for_again_and_not_mailed(world: World) -> None:
    world.set(broker=IMPATIENT)
    world.control.drop("positionEnd", 1)
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.FINE

    assert [subject.split()[1] for subject in world.box.subjects] == ["START"]
    assert world.apart() == ()


@pytest.mark.parametrize("kind", ["position", "portfolioValue", "execDetails"])
def test_a_message_that_cannot_be_read_stops_the_cycle(world: World, kind: str) -> None:
    world.advance_to(TUESDAY, 0)
    world.trade()
    world.want(ACME="0.2", WAVE="0.6")
    world.set(broker=IMPATIENT)
    world.control.corrupt(kind)
    world.advance_to(TUESDAY, 1)

    started = world.cycle()

    assert (started.status, started.code) == (exits.COULD_NOT, "garbled")
    assert failed(world) == ["garbled"]
    assert len(world.facts(TradingAllowed)) == 1
    assert world.book().open_breaks == ()

    world.control.clear()
    assert world.trade() == exits.FINE
    assert world.apart() == ()


def test_bars_that_do_not_come_fail_the_step_and_no_order_leaves(world: World) -> None:
    world.set(broker=IMPATIENT)
    world.control.ignore("reqHistoricalData")
    world.advance_to(TUESDAY, 0)

    assert world.cycle().status == exits.BAD_NEWS

    assert next(fact.step for fact in world.facts(StepFailed)).startswith("ingest")
    assert world.facts(TradingAllowed) == []
    assert world.at_venue() == []
    assert len(world.facts(CycleFinished)) == 1


def test_another_account_at_the_gateway_is_refused(world: World, tmp_path: Path) -> None:
    world.advance_to(TUESDAY, 0)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with at_venue(elsewhere, clock="09:35", adopt=False, account="DU2000002") as other:
        world.set(
            broker={"port": other.simulator.port},
            simulator={"control": f"127.0.0.1:{other.simulator.control_port}"},
        )
        started = world.cycle()

        assert (started.status, started.code) == (exits.COULD_NOT, "wrong-account")
        assert other.at_venue() == []
    assert failed(world) == ["wrong-account"]
    assert world.facts(NoticeSent)[-1].incident == f"wrong-account/{TUESDAY}"
