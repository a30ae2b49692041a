"""Several accounts behind one login: only ours is looked at, and nothing of the others is touched or judged."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import OpenOrdersObserved
from tests.trader.broker_world import ACCOUNT, World, impatient_world
from tests.trader.simulator.gateway_world import connect

OTHER = "DU2000002"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with impatient_world(tmp_path) as made:
        made.control.sibling(OTHER, "ACME", Decimal(70), price=Decimal(49), cash=Decimal(50_000))
        made.control.sibling(OTHER, "ACME", Decimal(30), limit=Decimal(40), order_ref=f"tb-{ACCOUNT}-9-a-1-B-1")
        yield made


def test_a_client_sees_every_account_of_its_login(world: World) -> None:
    ib = connect(world.simulator, client_id=3)
    ib.client.reqAccountUpdates(True, OTHER)
    ib.reqCurrentTime()

    assert ib.managedAccounts() == [ACCOUNT, OTHER]
    assert [(row.account, row.position) for row in ib.reqPositions()] == [(OTHER, 70.0)]
    assert [(trade.order.account, trade.order.totalQuantity) for trade in ib.reqAllOpenOrders()] == [(OTHER, 30.0)]
    cash = [row.value for row in ib.accountValues(OTHER) if (row.tag, row.currency) == ("CashBalance", "USD")]
    assert [Decimal(value) for value in cash] == [Decimal(46_570)]
    ib.disconnect()


def test_positions_and_orders_of_another_account_are_not_ours(world: World) -> None:
    world.connect()
    ref = world.send("ACME", 100, "50.05")
    world.ledger.record(world.broker.wait_for_fills(world.book))

    world.ledger.record(world.broker.observe(world.book))
    world.ledger.record(world.broker.resolve(world.book))
    world.ledger.record(world.broker.clear_open_orders(world.book))

    assert world.book.orders[ref].status == "filled"
    assert world.book.positions == {world.con_id("ACME"): Decimal(100)}
    assert (world.book.reported.positions or {})[world.con_id("ACME")].quantity == Decimal(100)
    assert {row.order_ref for observed in world.facts(OpenOrdersObserved) for row in observed.rows} == set()
    assert world.book.reported.nav is not None
    assert world.book.reported.nav.net_liquidation > 99_000
