"""What a server says and does, row by row of the catalogue in `rows.py`, as far as no other test shows it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import CommissionCharged, OrderFilled, OrderRejected
from tests.trader.broker_world import SHORT, World, impatient_world

NOTICES = (1300, 2100, 2101, 2103, 2104, 2105, 2106, 2107, 2108, 2119, 2137, 2157, 2158)
OF_AN_ORDER = (103, 104, 105, 110, 135, 136, 161, 321, 329, 399, 404, 434, 2102, 2109, 2137, 2161, 10147, 10148, 10149)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with impatient_world(tmp_path) as made:
        made.connect()
        yield made


def test_notices_of_the_gateway_stop_nothing(world: World) -> None:
    ref = world.send("ACME", 100, "50.05")
    for code in NOTICES:
        world.control.error(code, "A notice")

    world.ledger.record(world.broker.wait_for_fills(world.book))
    world.ledger.record(world.broker.observe(world.book))

    assert world.book.orders[ref].status == "filled"
    assert world.book.reported.nav is not None


@pytest.mark.parametrize("code", OF_AN_ORDER)
def test_no_code_ends_an_order_that_works(world: World, code: int) -> None:
    ref = world.send("ACME", 100, "50.05")
    world.control.error(code, "Whatever it says", request_id=world.book.orders[ref].order_id)

    world.ledger.record(world.broker.wait_for_fills(world.book))

    assert world.book.orders[ref].status == "filled"
    assert [fact.quantity for fact in world.facts(OrderFilled)] == [Decimal(100)]
    assert world.facts(OrderRejected) == []


@pytest.mark.parametrize("code", [109, 163, 200, 201, 203, 355, 382, 383, 388, 460, 10243, 10268])
def test_a_refusal_ends_its_order_whatever_its_code(world: World, code: int) -> None:
    world.control.reject(code=code, message="Not this one")

    ref = world.send("ACME", 100, "50.05")

    (rejected,) = world.facts(OrderRejected)
    assert (rejected.order_ref, rejected.code) == (ref, code)
    assert world.control.orders() == []
    assert world.book.in_doubt == ()


def test_a_connection_under_the_same_id_finds_its_orders_after_a_restart(world: World) -> None:
    ref = world.send("ACME", 100, "49")
    world.control.disconnect()
    world.control.refuse()
    world.hang_up()
    world.control.refuse(False)
    world.start_cycle()

    world.connect()
    world.ledger.record(world.broker.resolve(world.book))

    assert world.book.orders[ref].status == "working"
    assert len(world.control.orders()) == 1


def test_a_position_that_was_closed_is_flat_on_both_sides(world: World) -> None:
    world.control.trade("ACME", Decimal(40))
    world.ledger.record(world.broker.observe(world.book))
    world.control.trade("ACME", Decimal(-40))

    world.ledger.record(world.broker.observe(world.book))

    assert not any(world.book.positions.values())
    assert not any(row.quantity for row in (world.book.reported.positions or {}).values())


def test_while_another_session_takes_the_data_there_is_no_price(world: World) -> None:
    world.control.ignore("reqMktData")
    world.control.error(10197, "No market data during competing live session")

    world.ledger.record(world.broker.quotes(world.book))

    assert {row.ask for row in world.book.quotes.values()} == {None}


@pytest.mark.parametrize(("told", "charged"), [("0.0", "0"), ("-0.20", "0.20")], ids=["free", "rebate"])
def test_a_commission_of_nothing_or_less_is_a_commission(world: World, told: str, charged: str) -> None:
    world.control.rewrite("commissionReport", 3, told)
    world.send("ACME", 100, "50.05")
    world.ledger.record(world.broker.wait_for_fills(world.book))

    world.ledger.record(world.broker.observe(world.book))

    assert [fact.amount for fact in world.facts(CommissionCharged)] == [Decimal(charged)]
    assert world.book.pending_commissions == ()


def test_an_unset_commission_is_none_that_has_come(world: World) -> None:
    world.control.rewrite("commissionReport", 3, "1.7976931348623157E308")
    world.send("ACME", 100, "50.05")
    world.ledger.record(world.broker.wait_for_fills(world.book))

    assert world.facts(CommissionCharged) == []
    assert len(world.book.pending_commissions) == 1


def test_a_commission_that_overtakes_its_execution_is_booked_with_it(world: World) -> None:
    world.control.delay("execDetails", SHORT / 3, times=1)
    world.send("ACME", 100, "50.05")
    world.ledger.record(world.broker.wait_for_fills(world.book))

    world.ledger.record(world.broker.observe(world.book))

    assert len(world.facts(OrderFilled)) == len(world.facts(CommissionCharged)) == 1


def test_a_position_of_a_currency_pair_is_none(world: World) -> None:
    world.control.trade("ACME", Decimal(40))
    world.control.trade("MOVE", Decimal(5))
    world.ledger.record(world.broker.observe(world.book))
    for kind, position in (("position", 5), ("portfolioValue", 4)):
        world.control.rewrite(kind, position, "CASH")

    world.ledger.record(world.broker.observe(world.book))

    assert world.book.reported.positions == {}
