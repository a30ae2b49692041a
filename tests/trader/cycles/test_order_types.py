"""Every type of order, from the settings to the venue and back; our half equals the venue's to the last digit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.events import OrderPlanned, OrderSendAttempted, TradingAllowed
from tests.trader.cycles.world import TUESDAY, World
from trader import exits

PRICE = Decimal("50.00")  # ACME stands still; the ask is a cent above


def sent(world: World) -> list[tuple[str, Decimal | None, str]]:
    return [(fact.order_type, fact.limit_price, fact.algo) for fact in world.facts(OrderSendAttempted)]


@pytest.mark.parametrize(
    ("orders", "order_type", "priced", "algo"),
    [
        pytest.param({"type": "adaptive", "algo_priority": "Urgent"}, "LMT", True, "Adaptive", id="adaptive"),
        pytest.param({"type": "limit"}, "LMT", True, "", id="limit"),
        pytest.param({"algo": ""}, "LMT", True, "", id="no algorithm: limit"),
        pytest.param({"type": "market"}, "MKT", False, "", id="market"),
    ],
)
def test_an_order_leaves_as_the_settings_say_and_fills(
    world: World, orders: dict[str, str], order_type: str, priced: bool, algo: str
) -> None:
    world.set(orders=orders)
    world.want(ACME="0.5", WAVE="0")
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.FINE

    ((told_type, limit, told_algo),) = sent(world)
    assert (told_type, limit is not None, told_algo) == (order_type, priced, algo)
    (at_venue,) = world.at_venue()
    assert (at_venue["order_type"], at_venue["limit_price"] is not None) == (order_type, priced)
    (order,) = world.orders()
    assert (order.status, order.filled, order.reference_price) == ("filled", Decimal(1000), PRICE)
    assert world.apart() == ()


def test_an_order_at_the_close_is_planned_anew_until_its_time_is_over_and_fills_at_the_close(world: World) -> None:
    world.set(orders={"type": "moc"})
    world.want(ACME="0.5", WAVE="0")
    for slot in (5, 6):  # 14:35, and 15:35: ten minutes before venues stop
        world.advance_to(TUESDAY, slot)
        assert world.trade() == exits.FINE
    assert [order.status for order in world.orders()] == ["cancelled", "working"]
    assert [order["status"] for order in world.at_venue()] == ["Cancelled", "Submitted"]

    world.close(TUESDAY)

    assert [order.status for order in world.orders()] == ["cancelled", "filled"]
    assert world.held() == {"ACME": Decimal(1000)}
    (trades,) = (world.home / "var" / "trades").glob("*.csv")
    assert trades.read_text().splitlines()[1].endswith(",no,50,0,0")
    assert world.apart() == ()


def test_after_its_time_no_order_at_the_close_is_planned_and_the_row_says_why(world: World) -> None:
    world.set(orders={"type": "moc", "moc_cutoff_minutes": 30})
    world.want(ACME="0.5", WAVE="0")
    world.advance_to(TUESDAY, 6)

    assert world.trade() == exits.FINE

    rows = {row.symbol: (row.action, row.reason) for row in world.facts(OrderPlanned)}
    assert rows["ACME"] == ("NOTHING", "too late for an order at the close: placed until 20:30 UTC")
    assert world.facts(TradingAllowed)[0].orders == 0
    assert world.at_venue() == []
