"""What the venue refuses."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.trader.simulator.small_market import (
    THURSDAY,
    at,
    exactly,
    exchange_on,
    limit,
    market_of,
    market_order,
    still,
)
from trader.simulator.contracts import stable_con_id
from trader.simulator.orders import OrderRequest, Rejected


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        pytest.param(limit("BUY", "1", "50", con_id=1), 200, id="unknown contract"),
        pytest.param(limit("BUY", "1", "50", account="U1"), 321, id="another account"),
        pytest.param(limit("BUY", "1", "50", transmit=False), 321, id="not transmitted"),
        pytest.param(limit("HOLD", "1", "50"), 321, id="no side"),
        pytest.param(limit("BUY", "1", "50", order_type="STP"), 387, id="order type"),
        pytest.param(market_order("BUY", "1", order_type="MOC", tif="GTC"), 321, id="good beyond its close"),
        pytest.param(limit("BUY", "1", "50", tif="IOC"), 321, id="time in force"),
        pytest.param(limit("BUY", "1", "50", limit_price=None), 321, id="no limit price"),
        pytest.param(limit("BUY", "1", "50.001"), 110, id="off the tick"),
        pytest.param(limit("BUY", "1", "0"), 110, id="price zero"),
        pytest.param(limit("BUY", "0", "50"), 434, id="no shares"),
        pytest.param(limit("BUY", "-1", "50"), 321, id="negative shares"),
        pytest.param(limit("BUY", "NaN", "50"), 321, id="NaN shares"),
        pytest.param(limit("BUY", "1.5", "50"), 10243, id="half a share"),
        pytest.param(limit("BUY", "1", "50", algo="Vwap"), 439, id="unknown algorithm"),
        pytest.param(limit("BUY", "1", "50", algo="Adaptive", algo_priority="urgent"), 441, id="unknown priority"),
        pytest.param(
            limit("BUY", "1", "50", algo="Adaptive", algo_priority="Normal", tif="GTC"), 441, id="Adaptive GTC"
        ),
        pytest.param(market_order("BUY", "1000000"), 201, id="too much for the account"),
        pytest.param(limit("BUY", "1", "50", con_id=stable_con_id("NEW")), 201, id="has not traded yet"),
    ],
)
def test_a_bad_order_is_refused_and_leaves_no_trace(request_: OrderRequest, code: int) -> None:
    exchange, heard = exchange_on(market_of(NEW=(still(THURSDAY),)), at("10:00"))

    with pytest.raises(Rejected) as refusal:
        exchange.place(request_)

    assert refusal.value.code == code
    assert exchange.open_orders() == []
    assert heard == []


def test_buying_power_ends_where_initial_margin_exceeds_equity() -> None:
    exchange, _ = exchange_on(market_of(), at("10:00"), cash="100000")

    shown = exchange.what_if(limit("BUY", "3999", "50.01"))
    assert (shown.initial_after, shown.equity_after) == (Decimal(99975), Decimal("99980.005"))
    assert exchange.place(limit("BUY", "3999", "50.01")).is_open
    with pytest.raises(Rejected, match=r"201: Order rejected - reason:.*MUST EXCEED THE INITIAL MARGIN"):
        exchange.place(limit("BUY", "4000", "50.01"))


def test_selling_what_is_held_is_allowed_even_without_equity() -> None:
    exchange, _ = exchange_on(market_of(), at("10:00"), cash="100000")
    exchange.trade_by_hand("ACME", Decimal(10000))

    assert exchange.place(market_order("SELL", "5000")).is_open
    with pytest.raises(Rejected, match="201"):
        exchange.place(market_order("BUY", "1"))


def test_a_what_if_shows_the_margin_and_changes_nothing() -> None:
    exchange, heard = exchange_on(market_of(), at("10:00"))
    exchange.trade_by_hand("ACME", Decimal(100), Decimal(50))
    heard.clear()

    shown = exchange.what_if(limit("SELL", "300", "50", what_if=True))

    assert (shown.initial_before, shown.initial_change, shown.initial_after) == exactly(2500, 2500, 5000)
    assert (shown.maintenance_before, shown.maintenance_change, shown.maintenance_after) == exactly(1250, 1250, 2500)
    assert (shown.equity_before, shown.equity_after) == (Decimal(999999), Decimal("999997.5"))
    assert (shown.commission, shown.equity_change) == (Decimal("1.5"), Decimal("-1.5"))
    assert (heard, exchange.open_orders()) == ([], [])
    with pytest.raises(Rejected, match="110"):
        exchange.what_if(limit("BUY", "1", "50.005"))


def test_a_what_if_can_never_become_an_order() -> None:
    exchange, heard = exchange_on(market_of(), at("10:00"))

    with pytest.raises(ValueError, match="found a what-if"):
        exchange.place(limit("BUY", "1", "50", what_if=True))
    assert (heard, exchange.open_orders()) == ([], [])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(limit("SELL", "100", "40"), 105, id="side"),
        pytest.param(limit("BUY", "100", "40", order_ref="x"), 105, id="reference"),
        pytest.param(limit("BUY", "100", "40.005"), 110, id="tick"),
        pytest.param(limit("BUY", "100.5", "40"), 10243, id="fraction"),
        pytest.param(limit("BUY", "1000000", "40"), 201, id="too much"),
    ],
)
def test_a_refused_change_leaves_the_order_as_it_was(change: OrderRequest, code: int) -> None:
    exchange, _ = exchange_on(market_of(), at("10:00"))
    order = exchange.place(limit("BUY", "100", "40"))

    with pytest.raises(Rejected) as refusal:
        exchange.replace(order, change)

    assert refusal.value.code == code
    assert (order.request, order.status) == (limit("BUY", "100", "40"), "Submitted")


def test_a_filled_order_can_be_neither_changed_nor_cancelled() -> None:
    exchange, _ = exchange_on(market_of(), at("10:00"))
    order = exchange.place(limit("BUY", "100", "51"))
    exchange.advance(at("10:05"))

    with pytest.raises(Rejected, match="104"):
        exchange.replace(order, limit("BUY", "100", "52"))
    with pytest.raises(Rejected, match=r"10148: OrderId 1 .* state: Filled"):
        exchange.cancel(order)


def test_a_change_below_what_has_filled_is_refused() -> None:
    exchange, _ = exchange_on(market_of(still(at("10:00").date(), volume=3900)), at("10:00"))
    order = exchange.place(limit("BUY", "1000", "51"))
    exchange.advance(at("11:00"))

    with pytest.raises(Rejected, match=f"exceed the {order.filled} already filled"):
        exchange.replace(order, limit("BUY", str(order.filled), "51"))


def test_the_next_order_can_be_made_to_fail_for_any_symbol_or_for_one() -> None:
    exchange, _ = exchange_on(market_of(), at("10:00"))
    exchange.reject_next += [(201, "for another", "OTHER"), (460, "for ACME", "ACME"), (201, "for any", None)]

    refusals = []
    for _ in range(2):
        with pytest.raises(Rejected) as refusal:
            exchange.place(limit("BUY", "1", "50"))
        refusals.append((refusal.value.code, refusal.value.message))

    assert refusals == [(460, "for ACME"), (201, "for any")]
    assert exchange.place(limit("BUY", "1", "50")).is_open
    assert exchange.reject_next == [(201, "for another", "OTHER")]
