"""Working orders that a cycle keeps and reprices: what the venue's order book holds after each of its steps.

In modify mode an order works on only where nothing is in doubt about it and the plan still wants just that; asked is
always the venue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.events import (
    OrderCancelAttempted,
    OrderFilled,
    OrderKept,
    OrderModified,
    OrderModifyAttempted,
    OrderModifyRefused,
    OrderPlanned,
    OrderSendAttempted,
    TradingAllowed,
    TradingHalted,
)
from tests.trader.cycles.world import TUESDAY, World, fixed
from tests.trader.cycles.world import world as at_venue
from trader import exits
from trader.broker import BrokerProblem

LIMIT, BETTER = Decimal("50.03"), Decimal("50.06")  # the ask of ACME plus two ticks, and plus five


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Half the account is to be in ACME; the order for it works, and fills only where a test lets it."""
    quick = {"fill_wait_seconds": 70, "acknowledge_timeout_seconds": 1, "request_timeout_seconds": 1}
    with at_venue(tmp_path, orders={"open_orders": "modify", "type": "limit"}) as made:
        made.set(broker=quick)
        made.want(ACME="0.5", WAVE="0")
        made.control.fill_orders(False)
        made.advance_to(TUESDAY, 0)
        assert made.trade() == exits.FINE
        assert [(row["limit"], row["quantity"]) for row in working(made)] == [("50.03", "1000")]
        yield made


def working(world: World) -> list[dict[str, Any]]:
    return world.control.orders()


def reprice(world: World) -> None:
    """Let the plan want another limit."""
    world.set(orders={"offset_ticks": 5})


def test_an_order_that_the_plan_wants_as_it_is_works_on(world: World) -> None:
    (before,) = working(world)
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.FINE

    assert working(world) == [before]
    (kept,) = world.facts(OrderKept)
    assert (kept.perm_id, kept.limit_price, kept.filled) == (before["perm_id"], LIMIT, Decimal(0))
    row = [row for row in world.facts(OrderPlanned) if row.symbol == "ACME"][-1]
    assert (row.order_ref, row.quantity) == (before["order_ref"], Decimal(1000))
    assert row.reason.endswith("works already")
    assert len(world.facts(OrderSendAttempted)) == 1
    assert [*world.facts(OrderCancelAttempted), *world.facts(OrderModifyAttempted)] == []
    assert world.apart() == ()


def test_an_order_at_another_limit_is_changed_in_place_and_fills_once(world: World) -> None:
    (before,) = working(world)
    reprice(world)
    world.advance_to(TUESDAY, 1)
    world.control.fill_orders(True)

    assert world.trade() == exits.FINE

    assert [fact.limit_price for fact in world.facts(OrderModified)] == [BETTER]
    (order,) = world.orders()
    assert (order.status, order.filled, order.limit_price) == ("filled", Decimal(1000), BETTER)
    assert [row["perm_id"] for row in world.at_venue()] == [before["perm_id"]]
    assert world.held() == {"ACME": Decimal(1000)}
    assert world.apart() == ()


def test_what_an_order_has_filled_counts_and_the_rest_is_changed(tmp_path: Path) -> None:
    thin, modify = {"symbols": ["THIN"]}, {"open_orders": "modify"}
    with at_venue(tmp_path, orders=modify, universe=thin, strategy=fixed(THIN="0.2002")) as world:
        world.advance_to(TUESDAY, 0)
        assert world.trade() == exits.FINE
        (first,) = world.orders()
        assert 0 < first.filled < first.quantity
        world.set(orders={"offset_ticks": 4})
        world.advance_to(TUESDAY, 1)

        assert world.trade() == exits.FINE

        (order,) = world.orders()
        row = [row for row in world.facts(OrderPlanned) if row.symbol == "THIN"][-1]
        assert row.held + row.quantity == order.quantity == first.quantity
        assert [fact.quantity for fact in world.facts(OrderModifyAttempted)] == [order.quantity]
        assert order.filled >= row.held > first.filled
        assert len(world.at_venue()) == 1
        assert world.apart() == ()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(lambda world: world.want(ACME="0.4", WAVE="0"), id="another quantity"),
        pytest.param(lambda world: world.want(ACME="-0.5", WAVE="0"), id="the other side"),
        pytest.param(lambda world: world.want(ACME="0", WAVE="0"), id="nothing any more"),
        pytest.param(lambda world: world.set(orders={"type": "market"}), id="other terms"),
        pytest.param(lambda world: world.set(orders={"open_orders": "cancel"}), id="the settings cancel"),
        pytest.param(lambda world: world.set(limits={"restricted": ["ACME"]}), id="it may not be bought any more"),
    ],
)
def test_an_order_that_the_plan_does_not_want_as_it_is_is_cancelled_first(
    world: World, changes: Callable[[World], None]
) -> None:
    (before,) = working(world)
    changes(world)
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.FINE

    assert [fact.perm_id for fact in world.facts(OrderCancelAttempted)] == [before["perm_id"]]
    assert world.facts(OrderModifyAttempted) == []
    assert before["perm_id"] not in [row["perm_id"] for row in working(world)]
    wanted = [row.quantity for row in world.facts(OrderPlanned) if row.symbol == "ACME"][-1]
    assert sum(order.quantity for order in world.book().working_orders) == wanted
    assert world.apart() == ()


def test_an_order_does_not_work_on_under_a_halt(world: World) -> None:
    (before,) = working(world)
    (world.home / "var" / "HALT").write_text("stop everything\n", encoding="utf-8")
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.BAD_NEWS

    assert working(world) == []
    assert [fact.perm_id for fact in world.facts(OrderCancelAttempted)] == [before["perm_id"]]
    assert [fact.reason for fact in world.facts(TradingHalted)] == ["stop everything"]
    assert world.facts(TradingAllowed)[1:] == []


def test_an_order_that_a_safeguard_vetoes_does_not_work_on(world: World) -> None:
    (before,) = working(world)
    world.set(limits={"turnover_per_day_max": "0.001"})
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.BAD_NEWS

    assert [fact.perm_id for fact in world.facts(OrderCancelAttempted)] == [before["perm_id"]]
    assert working(world) == []
    assert world.apart() == ()


def test_while_halted_no_order_works_on(world: World) -> None:
    world.command("halt", "--why", "look")
    world.advance_to(TUESDAY, 1)

    world.trade()

    assert world.facts(OrderKept) == []
    assert working(world) == []


def test_ibi_502_of_a_refused_change_the_original_works_on_and_is_not_forgotten(world: World) -> None:
    (before,) = working(world)
    reprice(world)
    world.control.change_fault("refuse", times=9)
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.FINE

    assert working(world) == [before]
    assert [fact.code for fact in world.facts(OrderModifyRefused)] == [110]
    assert len(world.facts(OrderModifyAttempted)) == 1
    (order,) = world.orders()
    assert (order.status, order.limit_price) == ("working", LIMIT)
    world.advance_to(TUESDAY, 2)
    assert world.trade() == exits.FINE
    assert len(world.facts(OrderModifyAttempted)) == 2  # once a cycle
    assert working(world) == [before]
    assert world.apart() == ()


def test_ntl_4564_of_a_change_that_became_a_second_order_both_are_tracked_and_cancelled(world: World) -> None:
    (before,) = working(world)
    reprice(world)
    world.control.change_fault("double")
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.BAD_NEWS

    assert working(world) == []
    (order,) = world.orders()
    assert len(order.perm_ids) == 2
    assert {fact.perm_id for fact in world.facts(OrderCancelAttempted)} == set(order.perm_ids)
    assert before["perm_id"] in order.perm_ids
    (known,) = world.book().open_breaks
    assert (known.found.kind, known.found.consequence) == ("order", "lock")
    assert "the broker made 2 of it" in " ".join(world.box.body("plain", len(world.box.received) - 1).split())
    assert world.facts(OrderFilled) == []
    assert world.apart() == ()


FAULTS: dict[str, Callable[[World], None]] = {
    "the change is swallowed": lambda world: world.control.ignore("placeOrder"),
    "the socket dies with the change": lambda world: world.control.disconnect_after("placeOrder"),
    "no word of orders": lambda world: world.control.drop("openOrder"),
    "statuses do not come": lambda world: world.control.drop("orderStatus"),
    "every word comes twice": lambda world: world.control.duplicate("openOrder"),
    "the change is made twice": lambda world: world.control.change_fault("double"),
    "the change is refused": lambda world: world.control.change_fault("refuse", code=201, message="Order rejected"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_ntl_4564_whatever_the_link_does_there_are_never_two_live_orders_for_a_contract_after_a_cycle(
    world: World, fault: Callable[[World], None]
) -> None:
    reprice(world)
    fault(world)
    world.advance_to(TUESDAY, 1)
    tried(world)
    assert len(working(world)) <= 1
    world.control.clear()
    world.control.fill_orders(True)

    for slot in (2, 3):
        world.advance_to(TUESDAY, slot)
        tried(world)
        assert len(working(world)) <= 1

    assert world.held().get("ACME", Decimal(0)) in (Decimal(0), Decimal(1000))
    assert not world.book().in_doubt
    assert world.apart() == ()


def tried(world: World) -> None:
    """Run a cycle that may fail."""
    try:
        world.trade()
    except BrokerProblem:
        assert world.book().failed is not None
