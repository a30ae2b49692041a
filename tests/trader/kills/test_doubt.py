"""Orders of which too little is known, or too much: in doubt, nowhere, made twice. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import (
    BreakFound,
    CycleFailed,
    NoticeSent,
    OrderAcknowledged,
    OrderCancelAttempted,
    OrderPlanned,
    OrderResolved,
    OrderSendAttempted,
)
from tests.trader import broker_world
from tests.trader.cycles.world import TUESDAY, WEDNESDAY, World
from tests.trader.kills.rig import Point, complaints
from trader import exits
from trader.broker import BrokerUnreachable
from trader.calendar import NEW_YORK
from trader.simulator.simulator import Simulator

CLIENT_ID = 17
IMPATIENT = {"acknowledge_timeout_seconds": 2}


def alarms(world: World) -> list[str]:
    return [fact.incident for fact in world.facts(NoticeSent) if fact.kind == "alarm"]


def of_kind_order(world: World) -> list[BreakFound]:
    return [found for found in world.facts(BreakFound) if found.kind == "order"]


def planned_last(world: World) -> dict[str, OrderPlanned]:
    """The last cycle's plan, by ticker."""
    return {planned.symbol: planned for planned in world.facts(OrderPlanned)[-2:]}


def in_doubt(world: World) -> str:
    """Let the first order of the day go without a word; returns its name."""
    at_the_first_order(world, lambda: world.control.ignore("placeOrder", 1))
    (order,) = world.book().in_doubt
    return order.order_ref


def at_the_first_order(world: World, happens: Callable[[], None]) -> None:
    """Run the first cycle; something happens when all is previewed, and nothing sent."""
    world.set(broker=IMPATIENT)
    world.advance_to(TUESDAY, 0)
    process = world.start_held("whatIf", 2)
    happens()
    world.control.release()
    process.communicate(timeout=60)
    assert process.returncode == exits.BAD_NEWS


# In doubt


def test_after_a_time_out_nothing_more_is_sent_in_this_cycle_and_the_owner_is_told(world: World) -> None:
    ref = in_doubt(world)

    assert [attempted.order_ref for attempted in world.facts(OrderSendAttempted)] == [ref]
    assert [planned.action for planned in planned_last(world).values()] == ["BUY", "BUY"]
    assert world.at_venue() == []
    assert alarms(world) == [f"order-in-doubt/{TUESDAY}"]
    assert ref in world.box.body("plain", 0)
    assert world.command("status").status == exits.BAD_NEWS


def test_an_order_that_is_nowhere_all_day_was_never_sent_and_the_next_slot_decides_anew(world: World) -> None:
    ref = in_doubt(world)
    world.advance_to(TUESDAY, 1)
    before = world.control.now()

    assert world.trade() == exits.FINE

    (resolved,) = world.facts(OrderResolved)
    assert (resolved.order_ref, resolved.outcome) == (ref, "not_sent")
    assert (world.control.now() - before).total_seconds() >= 60
    assert world.held()["ACME"] == 1000
    assert tuple(complaints(world)) == ()


def test_what_is_nowhere_in_its_own_slot_might_still_appear_and_its_contract_rests(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.cycle(**Point("write order_send_attempted", 1, "after").environment)  # killed with its intent on disk
    world.control.advance(seconds=300)

    assert world.trade() == exits.BAD_NEWS

    (presumed,) = of_kind_order(world)
    assert presumed.consequence == "lock"
    assert "might still appear" in presumed.text
    assert planned_last(world)["ACME"].action == "NOTHING"
    assert planned_last(world)["WAVE"].action == "BUY"
    assert [incident.partition("/")[0] for incident in alarms(world)] == ["cycle-killed", "order-in-doubt"]
    world.advance_to(TUESDAY, 1)
    assert world.trade() == exits.FINE
    assert world.held()["ACME"] == 1000
    assert world.book().open_breaks == ()


@pytest.mark.parametrize("fills", [False, True])
def test_an_order_that_appears_after_all_is_cancelled_or_booked_and_is_a_break(world: World, fills: bool) -> None:
    ref = in_doubt(world)
    world.advance_to(TUESDAY, 1)
    world.want(ACME="0")
    assert world.trade() == exits.FINE
    world.control.foreign_order(
        "ACME", "BUY", Decimal(10), Decimal(51 if fills else 49), client_id=CLIENT_ID, order_ref=ref
    )
    world.advance_to(TUESDAY, 2)

    world.trade()

    assert world.control.orders() == []
    order = world.book().orders[ref]
    assert (order.filled, len(order.perm_ids)) == (Decimal(10 if fills else 0), 1)
    assert [found.consequence for found in of_kind_order(world)][-1:] == (["lock"] if fills else [])
    assert world.apart() == ()


def test_an_order_that_cannot_be_decided_locks_its_contract_and_is_told(world: World) -> None:
    """It is nowhere, but the position moved, and no execution says why: the order may have filled."""
    ref = in_doubt(world)
    world.control.trade("ACME", Decimal(5))
    world.control.drop("execDetails")
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.BAD_NEWS

    assert [resolved.outcome for resolved in world.facts(OrderResolved)] == ["unknown"]
    assert [(found.subject, found.consequence) for found in of_kind_order(world)] == [(ref, "lock")]
    assert [order.order_ref for order in world.book().in_doubt] == [ref]
    assert world.at_venue() == []
    assert alarms(world) == [f"order-in-doubt/{TUESDAY}", f"break-open/{TUESDAY}"]  # the same doubt is told once
    world.control.clear()
    world.advance_to(TUESDAY, 2)
    world.trade()
    assert [resolved.outcome for resolved in world.facts(OrderResolved)] == ["unknown", "not_sent"]
    assert world.held()["ACME"] == 5  # somebody else's, and locked until accepted
    assert planned_last(world)["ACME"].action == "NOTHING"
    assert world.apart() == ()


def test_an_order_of_yesterday_that_nobody_can_tell_of_waits_for_the_owner(world: World) -> None:
    ref = in_doubt(world)
    world.advance_to(WEDNESDAY, 0)

    assert world.trade() == exits.BAD_NEWS

    assert [resolved.outcome for resolved in world.facts(OrderResolved)] == ["unknown"]
    (found,) = of_kind_order(world)
    assert (found.subject, found.consequence) == (ref, "lock")
    assert alarms(world) == [f"order-in-doubt/{TUESDAY}"]  # it lasts
    assert world.at_venue() == []
    assert world.command("accept", found.break_id, "--why", "the statement has no such trade").status == exits.FINE
    world.advance_to(WEDNESDAY, 1)
    assert world.trade() == exits.FINE
    assert world.held()["ACME"] == 1000


# Made twice


@pytest.mark.parametrize("fills", [False, True])
def test_ntl_4564_an_order_that_the_broker_made_twice_is_tracked_cancelled_and_told(world: World, fills: bool) -> None:
    world.control.fill_orders(False)
    world.advance_to(TUESDAY, 0)
    assert world.trade() == exits.FINE
    (first,) = (order for order in world.at_venue() if order["quantity"] == "1000")
    ghost = world.control.foreign_order(
        "ACME", "BUY", Decimal(1000), Decimal("50.05"), client_id=CLIENT_ID, order_ref=first["order_ref"]
    )
    world.control.fill_orders(fills)
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.BAD_NEWS

    order = world.book().orders[first["order_ref"]]
    assert set(order.perm_ids) == {first["perm_id"], ghost["perm_id"]}
    assert ghost["perm_id"] in [acknowledged.perm_id for acknowledged in world.facts(OrderAcknowledged)]
    cancelled = {attempted.perm_id for attempted in world.facts(OrderCancelAttempted)}
    assert {first["perm_id"], ghost["perm_id"]} <= cancelled or fills
    assert [found.consequence for found in of_kind_order(world)] == ["lock"]
    assert alarms(world) == [f"order-doubled/{TUESDAY}"]
    assert planned_last(world)["ACME"].action == "NOTHING"
    assert world.held().get("ACME", Decimal(0)) == (2000 if fills else 0)
    assert [row for row in world.control.orders() if row["order_ref"] == order.order_ref] == []
    assert world.apart() == ()


def test_ntl_4564_of_an_order_made_twice_the_second_is_cancelled_though_the_first_filled(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    assert world.trade() == exits.FINE
    (first,) = (order for order in world.at_venue() if order["quantity"] == "1000")
    ghost = world.control.foreign_order(
        "ACME", "BUY", Decimal(1000), Decimal("49.00"), client_id=CLIENT_ID, order_ref=first["order_ref"]
    )
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.BAD_NEWS

    assert [attempted.perm_id for attempted in world.facts(OrderCancelAttempted)] == [ghost["perm_id"]]
    assert world.control.orders() == []
    assert world.held()["ACME"] == 1000
    assert alarms(world) == [f"order-doubled/{TUESDAY}"]


def test_one_that_the_broker_made_twice_in_the_very_cycle_is_told_at_its_end(world: World) -> None:
    world.control.fill_orders(False)
    world.set(broker={"fill_wait_seconds": 10, "fill_step_seconds": 10})
    world.advance_to(TUESDAY, 0)
    process = world.start_held("reqPositions", 3)  # the closing look
    (first,) = (order for order in world.at_venue() if order["quantity"] == "1000")
    world.control.foreign_order(
        "ACME", "BUY", Decimal(1000), Decimal("50.05"), client_id=CLIENT_ID, order_ref=first["order_ref"]
    )
    world.control.release()
    process.communicate(timeout=60)

    assert process.returncode == exits.BAD_NEWS
    assert len(world.book().orders[first["order_ref"]].perm_ids) == 2
    assert alarms(world) == [f"order-doubled/{TUESDAY}"]


# The order id


def test_the_order_id_only_rises_even_over_a_gateway_that_forgot_them(tmp_path: Path) -> None:
    """A restarted gateway may give out ids again: its nextValidId rolls back."""
    with broker_world.world(tmp_path) as world:
        world.connect()
        for _ in range(3):
            world.send("ACME", 100, "49")
        high = world.book.order_id_high
        world.disconnect()
        fresh = Simulator(data=tmp_path / "bars", start=world.control.now().astimezone(NEW_YORK))
        with fresh:
            world.connect(port=fresh.port)
            world.send("ACME", 100, "48")
            (placed,) = fresh.control.orders()
            world.disconnect()

        assert high >= 3
        assert placed["order_id"] == world.book.order_id_high > high


def test_no_cycle_that_ended_without_a_word_goes_untold(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    killed = world.cycle(**Point("send placeOrder", 1, "after", victims="both").environment)
    assert killed.status < 0
    world.control.advance(seconds=300)

    assert world.cycle().status == exits.FINE

    (failed,) = world.facts(CycleFailed)
    assert (failed.slot, failed.code) == (f"{TUESDAY}/0935", "cycle-cut-off")
    assert alarms(world) == [f"cycle-cut-off/{TUESDAY}"]
    assert tuple(complaints(world)) == ()


def test_an_end_that_was_recorded_and_not_mailed_is_mailed_by_the_next_start(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.control.refuse()
    with pytest.raises(BrokerUnreachable):
        world.trade()  # recorded; the parent that would mail it is not there
    assert [failed.code for failed in world.facts(CycleFailed)] == ["gateway-down"]
    assert alarms(world) == []
    world.control.clear()

    assert world.trade() == exits.FINE

    assert alarms(world) == [f"gateway-down/{TUESDAY}"]
    world.advance_to(TUESDAY, 1)
    assert world.trade() == exits.FINE
    assert len(alarms(world)) == 1
