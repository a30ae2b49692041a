"""Orders through the real client library: from the preview to the commission."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ib_insync import ExecutionFilter, Order, TagValue

from tests.trader.simulator.gateway_world import (
    ACCOUNT,
    WEDNESDAY,
    Library,
    at,
    at_market,
    caught_up,
    connect,
    decoder_errors,
    errors_of,
    event_loop,
    limit,
    place,
    running,
    stock,
)
from trader.simulator.simulator import Simulator

ADAPTIVE = {"algoStrategy": "Adaptive", "algoParams": [TagValue("adaptivePriority", "Normal")]}


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with running(tmp_path) as simulator, event_loop():
        yield simulator


@pytest.fixture
def ib(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> Iterator[Library]:
    caplog.set_level(logging.INFO, "ib_insync")
    ib = connect(simulator)
    yield ib
    ib.disconnect()
    assert decoder_errors(caplog.get_records("call") + caplog.get_records("setup")) == []


def test_a_preview_shows_margin_and_commission_and_places_nothing(ib: Library, simulator: Simulator) -> None:
    state = ib.whatIfOrder(stock(ib), limit("BUY", 100, 50.01, **ADAPTIVE))

    assert (state.status, state.initMarginChange, state.maintMarginAfter) == ("PreSubmitted", "2500.0", "1250.0")
    assert (state.equityWithLoanBefore, state.commission, state.commissionCurrency) == ("100000.0", 1.0, "USD")
    assert simulator.control.orders() == []
    assert ib.reqAllOpenOrders() == []


def test_an_order_fills_with_execution_commission_position_and_cash(ib: Library, simulator: Simulator) -> None:
    trade = place(ib, limit("BUY", 100, 50.01, orderRef="tb-1", **ADAPTIVE))
    working = (trade.orderStatus.status, trade.order.permId > 0)
    simulator.control.advance(seconds=300)
    caught_up(ib)

    (fill,) = trade.fills
    assert working == ("Submitted", True)
    assert (trade.orderStatus.status, trade.orderStatus.filled, trade.orderStatus.avgFillPrice) == (
        "Filled",
        100,
        50.01,
    )
    assert (fill.execution.side, fill.execution.shares, fill.execution.price) == ("BOT", 100.0, 50.01)
    assert (fill.execution.orderRef, fill.execution.permId) == ("tb-1", trade.order.permId)
    assert at("09:35") < fill.execution.time <= at("09:36")
    assert (fill.commissionReport.commission, fill.commissionReport.realizedPNL) == (1.0, 0.0)
    assert [(row.position, row.avgCost) for row in ib.positions()] == [(100.0, 50.02)]
    cash = next(row.value for row in ib.accountValues() if row.tag == "TotalCashValue" and row.currency == "USD")
    assert cash == "94998.00"


def test_events_come_in_the_order_of_the_wire(ib: Library, simulator: Simulator) -> None:
    heard: list[str] = []
    ib.openOrderEvent += lambda _: heard.append("openOrder")
    ib.orderStatusEvent += lambda trade: heard.append(f"orderStatus {trade.orderStatus.status}")
    ib.execDetailsEvent += lambda *_: heard.append("execDetails")
    ib.commissionReportEvent += lambda *_: heard.append("commissionReport")
    ib.positionEvent += lambda _: heard.append("position")
    ib.updatePortfolioEvent += lambda _: heard.append("portfolio")
    place(ib, limit("BUY", 100, 50.01))
    simulator.control.advance(seconds=60)
    caught_up(ib)

    assert heard == [
        *("openOrder", "orderStatus Submitted"),
        *("execDetails", "openOrder", "orderStatus Filled", "commissionReport"),
        *("position", "portfolio"),
    ]


def test_thin_volume_fills_in_parts_and_what_is_left_can_be_cancelled(ib: Library, simulator: Simulator) -> None:
    errors = errors_of(ib)
    trade = place(ib, limit("BUY", 500, 50.01), "THIN")
    simulator.control.advance(at("12:00"))
    caught_up(ib)
    partly = (trade.orderStatus.status, 0 < trade.orderStatus.filled < 500, len(trade.fills) > 1)
    ib.cancelOrder(trade.order)
    caught_up(ib)

    assert partly == ("Submitted", True, True)
    assert trade.orderStatus.status == "Cancelled"
    assert trade.orderStatus.filled + trade.orderStatus.remaining == 500
    assert sum(fill.execution.shares for fill in trade.fills) == trade.orderStatus.filled
    assert [(request_id, code) for request_id, code, _ in errors] == [(trade.order.orderId, 202)]


def test_a_resting_order_fills_at_its_limit_when_the_price_arrives(ib: Library, simulator: Simulator) -> None:
    trade = place(ib, limit("BUY", 10, 28.00), "MOVE")
    simulator.control.advance(at("16:00"))
    caught_up(ib)

    assert (trade.orderStatus.status, trade.fills[0].execution.price) == ("Filled", 28.0)


def test_price_and_quantity_of_an_open_order_can_be_modified(ib: Library, simulator: Simulator) -> None:
    trade = place(ib, limit("BUY", 100, 40.00))
    trade.order.lmtPrice, trade.order.totalQuantity = 50.01, 60
    place(ib, trade.order)
    (row,) = simulator.control.orders()
    simulator.control.advance(seconds=60)
    caught_up(ib)

    assert (row["limit"], row["quantity"]) == ("50.01", "60")
    assert [(fill.execution.shares, fill.execution.price) for fill in trade.fills] == [(60.0, 50.01)]


def test_nothing_but_price_and_quantity_can_be_modified(ib: Library, simulator: Simulator) -> None:
    errors = errors_of(ib)
    trade = place(ib, limit("BUY", 100, 40.00, orderRef="first"))
    trade.order.orderRef = "second"
    place(ib, trade.order)

    assert [(request_id, code) for request_id, code, _ in errors] == [(trade.order.orderId, 105)]
    assert [row["order_ref"] for row in simulator.control.orders()] == ["first"]


def test_a_filled_order_cannot_be_modified_or_cancelled(ib: Library, simulator: Simulator) -> None:
    errors = errors_of(ib)
    trade = place(ib, limit("BUY", 100, 50.01))
    simulator.control.advance(seconds=60)
    caught_up(ib)
    ib.client.placeOrder(trade.order.orderId, stock(ib), limit("BUY", 200, 50.01))
    ib.client.cancelOrder(trade.order.orderId)
    caught_up(ib)

    assert [(code, text.rpartition("state")[2]) for _, code, text in errors] == [
        (104, "Cannot modify a filled order."),
        (10148, ": Filled."),
    ]


def test_an_id_used_before_is_a_duplicate_for_orders_and_previews(ib: Library, simulator: Simulator) -> None:
    errors = errors_of(ib)
    trade = place(ib, limit("BUY", 100, 40.00, orderId=500))
    ib.cancelOrder(trade.order)
    caught_up(ib)
    errors.clear()
    for order_id, preview in ((500, False), (499, False), (499, True)):
        ib.client.placeOrder(order_id, stock(ib), limit("BUY", 1, 40.00, whatIf=preview))
    caught_up(ib)

    assert [(request_id, code) for request_id, code, _ in errors] == [(500, 103), (499, 103), (499, 103)]
    assert simulator.control.orders() == []


def test_cancelling_an_unknown_order_is_refused(ib: Library) -> None:
    errors = errors_of(ib)
    ib.client.cancelOrder(902)
    caught_up(ib)

    assert errors == [(902, 10147, "OrderId 902 that needs to be cancelled is not found.")]


@pytest.mark.parametrize(
    ("order", "code"),
    [
        pytest.param(limit("BUY", 100_000, 50.01), 201, id="more than the margin allows"),
        pytest.param(limit("BUY", 100, 50.013), 110, id="between two ticks"),
        pytest.param(limit("BUY", 100, 50.01, tif="IOC"), 321, id="time in force not simulated"),
        pytest.param(limit("BUY", 100, 50.01, account="DU9999999"), 321, id="another account"),
        pytest.param(limit("BUY", 100, 50.01, eTradeOnly=True), 10268, id="an attribute TWS abolished"),
        pytest.param(limit("BUY", 100, 50.01, algoStrategy="Vwap"), 439, id="an unknown algorithm"),
        pytest.param(limit("BUY", 100, 50.01, goodAfterTime="20050301 10:00:00 UTC"), 321, id="a term not simulated"),
    ],
)
def test_an_order_that_cannot_be_placed_is_refused_on_its_id(
    ib: Library, simulator: Simulator, order: Order, code: int
) -> None:
    errors = errors_of(ib)
    trade = place(ib, order)

    assert [(request_id, found) for request_id, found, _ in errors] == [(trade.order.orderId, code)]
    assert simulator.control.orders() == []


def test_an_order_without_an_exchange_is_refused(ib: Library, simulator: Simulator) -> None:
    errors = errors_of(ib)
    contract = stock(ib)
    contract.exchange = ""
    ib.placeOrder(contract, limit("BUY", 100, 50.01))
    caught_up(ib)

    assert [(code, text.rpartition(" - ")[2]) for _, code, text in errors] == [(321, "Missing order exchange")]
    assert simulator.control.orders() == []


def test_an_order_of_the_day_expires_at_the_close_and_is_listed_as_completed(ib: Library, simulator: Simulator) -> None:
    trade = place(ib, limit("BUY", 100, 40.00, orderRef="tb-7"))
    simulator.control.advance(at("16:30"))
    caught_up(ib)
    (completed,) = ib.reqCompletedOrders(False)

    assert (trade.orderStatus.status, ib.reqAllOpenOrders()) == ("Cancelled", [])
    assert (completed.order.orderRef, completed.order.permId) == ("tb-7", trade.order.permId)
    assert (completed.orderStatus.status, completed.order.totalQuantity) == ("Cancelled", 100.0)


def test_a_filled_order_is_completed_with_what_was_filled(ib: Library, simulator: Simulator) -> None:
    trade = place(ib, limit("SELL", 30, 50.00, orderRef="tb-8", **ADAPTIVE))
    simulator.control.advance(seconds=60)
    (completed,) = ib.reqCompletedOrders(True)

    assert (completed.orderStatus.status, completed.order.totalQuantity) == ("Filled", 0.0)
    assert (completed.order.filledQuantity, completed.order.permId) == (30.0, trade.order.permId)
    assert completed.order.algoParams == [TagValue("adaptivePriority", "Normal")]


def test_executions_and_completed_orders_are_those_since_midnight(ib: Library, simulator: Simulator) -> None:
    place(ib, at_market("BUY", 10))
    simulator.control.advance(at("15:59"))
    today = len(ib.reqExecutions()), len(ib.reqCompletedOrders(False))
    simulator.control.advance(at("09:00", WEDNESDAY))

    assert (today, ib.reqExecutions(), ib.reqCompletedOrders(False)) == ((1, 1), [], [])


def test_executions_can_be_filtered(ib: Library, simulator: Simulator) -> None:
    place(ib, at_market("BUY", 10))
    simulator.control.advance(at("10:00"))
    simulator.control.trade("THIN", Decimal(-5))
    caught_up(ib)

    def found(**terms: Any) -> list[str]:
        return [fill.contract.symbol for fill in ib.reqExecutions(ExecutionFilter(**terms))]

    assert found() == ["ACME", "THIN"]
    assert found(clientId=7) == ["ACME"]
    assert found(symbol="THIN") == found(side="SELL") == found(time="20050301 09:59:00 US/Eastern") == ["THIN"]
    assert found(acctCode=ACCOUNT, secType="STK", side="BUY") == ["ACME"]
    assert found(acctCode="DU9999999") == []


def test_a_trade_by_hand_is_an_execution_of_no_order(ib: Library, simulator: Simulator) -> None:
    simulator.control.trade("ACME", Decimal(50))

    (fill,) = ib.reqExecutions()

    assert (fill.execution.orderId, fill.execution.clientId, fill.execution.orderRef) == (0, 0, "")
    assert ib.reqAllOpenOrders() == ib.reqCompletedOrders(False) == []


def test_the_realised_result_comes_with_the_commission_of_the_closing_trade(ib: Library, simulator: Simulator) -> None:
    opening = place(ib, limit("BUY", 100, 50.01))
    simulator.control.advance(seconds=60)
    closing = place(ib, limit("SELL", 100, 50.00))
    simulator.control.advance(seconds=60)
    caught_up(ib)

    assert opening.fills[0].commissionReport.realizedPNL == 0.0
    assert closing.fills[0].commissionReport.realizedPNL == -3.0
    assert (ib.positions(), ib.portfolio()) == ([], [])


def test_the_next_id_of_a_returning_client_is_above_all_it_used(ib: Library, simulator: Simulator) -> None:
    place(ib, limit("BUY", 100, 40.00, orderId=700))
    ib.disconnect()
    again = connect(simulator)

    assert again.client.getReqId() > 700
    again.disconnect()
