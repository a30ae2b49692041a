"""Incidents of other systems, each by its id, at the broker's adapter: the real client library at the simulator.

To add one: a function `test_ID_what_must_hold`, and its row in `rows.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.clock import SimulatedClock
from ledger.events import CommissionCharged, OrderAcknowledged, OrderCancelled, OrderFilled, OrderRejected
from tests.trader.broker_world import SHORT, World, at, impatient_world
from trader.broker import BrokerIncomplete, BrokerRefused
from trader.ib import InteractiveBrokers

HUNDRED = Decimal(100)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with impatient_world(tmp_path) as made:
        made.connect()
        yield made


def look_again(world: World) -> None:
    """Begin another cycle over a new connection, and decide what the last one left."""
    world.hang_up()
    world.start_cycle()
    world.connect()
    world.ledger.record(world.broker.resolve(world.book))
    world.ledger.record(world.broker.observe(world.book))


def held(world: World) -> dict[int, Decimal]:
    return {con_id: quantity for con_id, quantity in world.book.positions.items() if quantity}


def filled(world: World, wait: bool = True) -> str:
    """Buy 100 ACME; returns the order's name."""
    ref = world.send("ACME", 100, "50.05")
    if wait:
        world.ledger.record(world.broker.wait_for_fills(world.book))
    return ref


def incomplete(world: World) -> str:
    """Look at the account; returns why that was not possible."""
    with pytest.raises(BrokerIncomplete) as caught:
        world.ledger.record(world.broker.observe(world.book))
    return caught.value.code


def test_psts_1580_an_order_that_the_library_calls_cancelled_is_booked_when_it_fills(world: World) -> None:
    ref = filled(world, wait=False)
    preset = "Order TIF was set to DAY based on order preset."
    world.control.error(10349, preset, request_id=world.book.orders[ref].order_id)
    before = world.book.orders[ref].status

    world.ledger.record(world.broker.wait_for_fills(world.book))

    assert (before, world.book.orders[ref].status) == ("working", "filled")
    assert len(world.facts(OrderFilled)) == len(world.control.dump()["orders"]) == 1


def test_psts_1661_a_commission_that_never_comes_is_pending_and_never_zero(world: World) -> None:
    world.control.drop("commissionReport")
    filled(world)
    look_again(world)
    pending = len(world.book.pending_commissions)
    assert world.facts(CommissionCharged) == []

    world.control.clear()
    look_again(world)

    assert pending == 1
    assert world.book.pending_commissions == ()


def test_psts_q9_base_the_total_of_all_currencies_is_not_one_more(world: World) -> None:
    world.ledger.record(world.broker.observe(world.book))

    assert world.book.reported.nav is not None
    assert world.book.reported.nav.net_liquidation == Decimal(100_000)
    assert set(world.book.reported.cash or ()) == {"USD"}


def test_ntl_4228_pos_positions_that_do_not_come_are_unknown(world: World) -> None:
    filled(world)
    world.control.drop("positionEnd")

    assert incomplete(world) == "no-answer"
    assert world.book.reported.positions is None
    assert len(world.facts(OrderFilled)) == 1


def test_ntl_4228_ord_orders_that_do_not_come_are_unknown(world: World) -> None:
    ref = filled(world, wait=False)
    world.control.drop("openOrderEnd")

    with pytest.raises(BrokerIncomplete):
        world.ledger.record(world.broker.clear_open_orders(world.book))

    assert world.book.orders[ref].status == "working"


def test_ntl_3476_a_partial_fill_beside_a_snapshot_counts_once(world: World) -> None:
    ref = world.send("THIN", 100, "50.05")
    world.control.advance(seconds=120)

    world.ledger.record(world.broker.observe(world.book))

    own = world.book.positions[world.con_id("THIN")]
    assert 0 < own < HUNDRED
    assert own == world.book.orders[ref].filled
    assert (world.book.reported.positions or {})[world.con_id("THIN")].quantity == own


def test_ntl_3176_five_restarts_change_nothing(world: World) -> None:
    ref = filled(world)
    positions, order = held(world), world.book.orders[ref]

    for _ in range(5):
        look_again(world)

    assert held(world) == positions
    assert list(world.book.orders) == [ref]
    assert world.book.orders[ref].order_id == order.order_id
    assert len(world.facts(OrderFilled)) == len(world.control.dump()["orders"]) == 1


def test_ntl_4247_one_order_id_of_two_clients_is_two_orders(world: World) -> None:
    ref = filled(world, wait=False)
    order_id = world.book.orders[ref].order_id
    assert order_id is not None
    world.control.foreign_order("MOVE", "BUY", Decimal(7), client_id=99, order_id=order_id)
    world.ledger.record(world.broker.wait_for_fills(world.book))

    world.ledger.record(world.broker.observe(world.book))

    assert world.book.orders[ref].filled == HUNDRED
    assert held(world) == {world.con_id("ACME"): HUNDRED, world.con_id("MOVE"): Decimal(7)}
    assert sorted(fill.foreign for fill in world.book.fills.values()) == [False, True]


def test_ntl_3493_an_execution_that_comes_after_its_status_is_booked_once(world: World) -> None:
    world.control.delay("execDetails", SHORT / 2, times=1)
    ref = filled(world)

    world.ledger.record(world.broker.observe(world.book))

    assert world.book.orders[ref].status == "filled"
    assert [fact.quantity for fact in world.facts(OrderFilled)] == [HUNDRED]


def test_ntl_5041_an_execution_before_any_word_of_its_order_is_matched(world: World) -> None:
    for kind in ("openOrder", "orderStatus"):
        world.control.drop(kind)
    ref = filled(world, wait=False)
    assert [order.order_ref for order in world.book.in_doubt] == [ref]
    world.control.advance(seconds=120)
    world.control.clear()

    world.ledger.record(world.broker.resolve(world.book))

    assert world.book.in_doubt == ()
    assert world.book.orders[ref].filled == HUNDRED


def test_lean_249_fills_that_came_while_ib_was_away_are_recovered(world: World) -> None:
    ref = filled(world, wait=False)
    world.control.lose_connectivity()
    for kind in ("execDetails", "commissionReport", "orderStatus"):
        world.control.drop(kind)
    world.control.advance(seconds=120)
    world.control.clear()
    world.control.restore_connectivity()

    look_again(world)

    assert world.book.orders[ref].status == "filled"
    assert held(world) == {world.con_id("ACME"): HUNDRED}
    assert world.book.pending_commissions == ()


def test_lean_156_a_liquidation_is_told_as_one(world: World) -> None:
    filled(world)
    world.control.trade("ACME", Decimal(-40), liquidation=True)

    world.ledger.record(world.broker.observe(world.book))

    assert [fact.liquidation for fact in world.facts(OrderFilled)] == [False, True]
    assert held(world) == {world.con_id("ACME"): Decimal(60)}


def test_lean_186_a_portfolio_told_twice_is_not_doubled(world: World) -> None:
    for kind in ("portfolioValue", "position", "execDetails"):
        world.control.duplicate(kind)
    filled(world)

    world.ledger.record(world.broker.observe(world.book))

    assert held(world) == {world.con_id("ACME"): HUNDRED}
    assert (world.book.reported.positions or {})[world.con_id("ACME")].quantity == HUNDRED


def test_ft_4470_a_trade_by_hand_is_foreign(world: World) -> None:
    world.control.trade("ACME", Decimal(7))

    world.ledger.record(world.broker.observe(world.book))

    assert held(world) == {world.con_id("ACME"): Decimal(7)}
    assert [fill.foreign for fill in fills(world)] == [True]


def fills(world: World) -> list[Any]:
    return list(world.book.fills.values())


def test_ft_13399_another_orders_fill_is_not_ours(world: World) -> None:
    world.control.foreign_order("ACME", "BUY", Decimal(7), client_id=99)
    ref = world.send("ACME", 100, "49")
    world.control.advance(seconds=120)

    world.ledger.record(world.broker.observe(world.book))

    assert world.book.orders[ref].filled == 0
    assert [(fill.foreign, fill.quantity) for fill in fills(world)] == [(True, Decimal(7))]


def test_ft_8913_an_order_without_an_answer_stops_the_next_one(world: World) -> None:
    world.control.ignore("placeOrder")

    ref = filled(world, wait=False)

    assert [order.order_ref for order in world.book.in_doubt] == [ref]
    assert world.book.next_order is None


def test_tg_711_an_order_that_is_refused_is_recorded_with_its_reason(world: World) -> None:
    world.control.reject(message="Order rejected - reason:margin")

    ref = filled(world, wait=False)

    (rejected,) = world.facts(OrderRejected)
    assert (rejected.order_ref, rejected.reason) == (ref, "Order rejected - reason:margin")
    assert world.book.orders[ref].status == "rejected"


def test_tg_709_a_refusal_without_its_order_is_shown_and_decides_nothing(world: World) -> None:
    ref = world.send("ACME", 100, "49")
    world.control.error(201, "Order rejected - reason:of some order", request_id=-1)

    world.ledger.record(world.broker.observe(world.book))

    assert (201, "Order rejected - reason:of some order") in world.broker.inbox.notices  # type: ignore[attr-defined]
    assert world.book.orders[ref].status == "working"


def test_tg_617_an_account_update_that_never_ends_is_unknown(world: World) -> None:
    world.control.drop("accountDownloadEnd")

    assert incomplete(world) == "no-answer"
    assert world.book.reported.nav is None


def test_ibi_364_a_correction_takes_the_place_of_what_it_corrects(world: World) -> None:
    world.control.trade("ACME", HUNDRED, Decimal("49.90"))
    world.ledger.record(world.broker.observe(world.book))
    (execution,) = world.control.dump()["executions"]

    world.control.restate(execution["exec_id"], price=Decimal("49.50"))
    world.ledger.record(world.broker.observe(world.book))

    assert [fact.execution_id[-2:] for fact in world.facts(OrderFilled)] == ["01", "02"]
    assert held(world) == {world.con_id("ACME"): HUNDRED}
    assert [fill.price for fill in fills(world)] == [Decimal("49.50")]


def test_ibi_502_a_refused_change_does_not_end_the_order_that_works(world: World) -> None:
    ref = filled(world, wait=False)
    text = "The price does not conform to the minimum price variation for this contract."
    world.control.error(110, text, request_id=world.book.orders[ref].order_id)

    world.ledger.record(world.broker.wait_for_fills(world.book))

    assert world.book.orders[ref].status == "filled"
    assert world.facts(OrderRejected) == []


def test_ibi_363_a_fill_while_it_is_cancelled_is_booked(world: World) -> None:
    world.control.fill_orders(False)
    ref = filled(world, wait=False)
    steps = iter(world.broker.clear_open_orders(world.book))
    for _ in range(2):  # what is open, and the intent to cancel
        told = next(steps)
        world.ledger.record(told if isinstance(told, tuple) else (told,))
    world.control.fill_orders(True)
    world.control.advance(seconds=120)

    world.ledger.record(steps)

    assert world.book.orders[ref].status == "filled"
    assert world.facts(OrderCancelled) == []
    assert held(world) == {world.con_id("ACME"): HUNDRED}


def test_iba_84_a_connection_that_stands_with_nothing_in_it_is_not_flat(world: World) -> None:
    filled(world)
    world.control.drop("position")

    assert incomplete(world) == "looks-differ"
    assert world.book.reported.positions is None


def test_lean_242_an_order_that_died_with_its_socket_is_not_anothers(world: World) -> None:
    world.control.ignore("placeOrder", 1)
    lost = filled(world, wait=False)
    look_again(world)
    world.control.advance(to=at("09:50"))

    ref = filled(world)

    assert world.book.orders[lost].filled == 0
    assert world.book.orders[ref].filled == HUNDRED
    assert world.book.orders[lost].order_id != world.book.orders[ref].order_id
    assert len(world.facts(OrderAcknowledged)) == 1


def test_tg_reprice_an_order_without_its_terms_leaves_nothing_and_none_is_sent_twice(world: World) -> None:
    planned = world.plan("ACME", 100, "49").model_copy(update={"tif": ""})
    with pytest.raises(ValueError, match="expected its tif"):
        world.ledger.record(world.broker.send(planned))
    world.send("ACME", 100, "49")

    world.ledger.record(world.broker.clear_open_orders(world.book))
    world.send("ACME", 100, "49.50")

    assert [order["limit"] for order in world.control.orders()] == ["49.5"]
    ids = [order.order_id for order in world.book.orders.values()]
    assert len(ids) == len(set(ids)) == 2


def test_clock_skew_ninety_seconds_are_refused(world: World) -> None:
    world.hang_up()
    late = SimulatedClock(lambda: world.control.now() - timedelta(seconds=90), lambda _: None)

    with pytest.raises(BrokerRefused) as refused:
        world.ledger.record(InteractiveBrokers(world.settings, late).connect(world.book))

    assert refused.value.code == "clock-differs"
