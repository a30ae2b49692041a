"""Every class of fault once, seen through the real client library."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from tests.trader.simulator.gateway_world import (
    BareClient,
    Library,
    at,
    caught_up,
    connect,
    decoder_errors,
    errors_of,
    event_loop,
    limit,
    place,
    running,
    stock,
    wait_for_the_end,
    wait_until,
)
from trader.simulator.control import Control, ControlError
from trader.simulator.simulator import Simulator

SHORT = 1.0  # seconds, for what will never be answered


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with running(tmp_path) as simulator, event_loop():
        yield simulator


@pytest.fixture
def control(simulator: Simulator) -> Control:
    return simulator.control


@pytest.fixture
def ib(simulator: Simulator) -> Iterator[Library]:
    ib = connect(simulator)
    yield ib
    ib.disconnect()


@pytest.mark.parametrize(
    ("kind", "timed_out"),
    [
        ("positionEnd", "positions"),
        ("openOrderEnd", "open orders"),
        ("completedOrdersEnd", "completed orders"),
        ("accountDownloadEnd", "account updates"),
        ("accountUpdateMultiEnd", "account updates for DU1000001"),
    ],
)
def test_an_end_that_is_dropped_leaves_its_request_open(
    simulator: Simulator, control: Control, caplog: pytest.LogCaptureFixture, kind: str, timed_out: str
) -> None:
    control.drop(kind, times=1)
    ib = connect(simulator, seconds=SHORT)

    late = [record.getMessage() for record in caplog.records if "timed out" in record.getMessage()]
    assert late == [f"{timed_out} request timed out"]
    ib.disconnect()


def test_a_connection_fails_if_executions_do_not_end(simulator: Simulator, control: Control) -> None:
    control.drop("execDetailsEnd")
    with pytest.raises(TimeoutError):
        connect(simulator, seconds=SHORT)
    control.clear()
    ib = connect(simulator)

    assert ib.isConnected()
    ib.disconnect()


def test_a_dropped_status_is_never_heard_of_but_the_order_works(ib: Library, control: Control) -> None:
    control.drop("orderStatus")
    control.drop("openOrder")
    trade = place(ib, limit("BUY", 10, 50.01))
    control.advance(seconds=60)
    caught_up(ib)

    assert (trade.orderStatus.status, len(trade.fills)) == ("PendingSubmit", 1)


def test_messages_can_come_twice(ib: Library, control: Control) -> None:
    control.duplicate("execDetails")
    control.duplicate("orderStatus")
    trade = place(ib, limit("BUY", 10, 50.01))
    control.advance(seconds=60)
    caught_up(ib)

    assert ([fill.execution.shares for fill in trade.fills], trade.orderStatus.status) == ([10.0], "Filled")


def test_a_corrupt_position_is_missing_though_the_connection_stands(
    simulator: Simulator, control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    control.trade("ACME", Decimal(5))
    control.corrupt("position", times=1)
    ib = connect(simulator)

    assert ib.positions() == []
    assert len(decoder_errors(caplog.records)) == 1
    assert [row.position for row in ib.reqPositions()] == [5.0]
    ib.disconnect()


def test_a_delayed_message_is_overtaken_by_others(ib: Library, control: Control) -> None:
    control.delay("orderStatus", 0.05, times=1)
    trade = ib.placeOrder(stock(ib), limit("BUY", 10, 40.00))
    caught_up(ib)
    before = trade.orderStatus.status
    wait_until(ib, lambda: trade.orderStatus.status == "Submitted")

    assert before == "PendingSubmit"


def test_an_ignored_request_never_reaches_the_venue(ib: Library, control: Control) -> None:
    control.ignore("placeOrder", times=1)
    lost, kept = place(ib, limit("BUY", 10, 40.00)), place(ib, limit("BUY", 20, 40.00))

    assert (lost.orderStatus.status, kept.orderStatus.status) == ("PendingSubmit", "Submitted")
    assert [row["quantity"] for row in control.orders()] == ["20"]


def test_any_error_can_be_sent_to_one_client_or_to_all(simulator: Simulator, ib: Library, control: Control) -> None:
    other = connect(simulator, 8)
    ours, theirs = errors_of(ib), errors_of(other)
    control.error(399, "Order Message: a warning", request_id=5, client_id=7)
    control.error(1300, "TWS socket port has been reset and this connection is being dropped.")
    caught_up(ib)
    caught_up(other)

    assert [(request_id, code) for request_id, code, _ in ours] == [(5, 399), (-1, 1300)]
    assert [(request_id, code) for request_id, code, _ in theirs] == [(-1, 1300)]
    other.disconnect()


def test_figures_can_be_overridden_or_left_out(simulator: Simulator, control: Control) -> None:
    control.account_value("AccountReady", "false")
    control.account_value("NetLiquidation", None, "USD")
    ib = connect(simulator)

    values = {(row.tag, row.currency): row.value for row in ib.accountValues()}
    assert values["AccountReady", ""] == "false"
    assert ("NetLiquidation", "USD") not in values
    ib.disconnect()


def test_market_data_may_differ_from_what_was_asked_for(ib: Library, control: Control) -> None:
    control.market_data_type(3)
    (delayed,) = ib.reqTickers(stock(ib))

    assert (delayed.marketDataType, delayed.bid, delayed.last) == (3, 50.0, 50.0)


def test_all_clients_can_be_disconnected_and_orders_stay(simulator: Simulator, ib: Library, control: Control) -> None:
    place(ib, limit("BUY", 10, 40.00))
    control.disconnect()
    wait_for_the_end(ib)
    again = connect(simulator)

    assert len(again.openTrades()) == 1
    again.disconnect()


@pytest.mark.parametrize("answered", [False, True], ids=["before its answer", "after its answer"])
def test_the_socket_can_close_right_after_the_second_order(
    simulator: Simulator, ib: Library, control: Control, answered: bool
) -> None:
    control.disconnect_after("placeOrder", 2, answered=answered)
    contract = stock(ib)
    statuses: list[tuple[int, str]] = []
    ib.orderStatusEvent += lambda trade: statuses.append((int(trade.order.totalQuantity), trade.orderStatus.status))
    ib.placeOrder(contract, limit("BUY", 10, 40.00))
    caught_up(ib)
    ib.whatIfOrder(contract, limit("BUY", 10, 40.00))
    connected = ib.isConnected()
    ib.placeOrder(contract, limit("BUY", 20, 40.00))
    wait_for_the_end(ib)

    assert connected
    assert statuses == [(10, "Submitted"), *([(20, "Submitted")] if answered else [])]
    assert [row["quantity"] for row in control.orders()] == ["10", "20"]


def test_new_connections_can_be_refused_while_old_ones_stay(
    simulator: Simulator, ib: Library, control: Control
) -> None:
    control.refuse()
    with pytest.raises(ConnectionRefusedError):
        connect(simulator, 8)
    stayed = ib.reqCurrentTime()
    control.refuse(False)
    other = connect(simulator, 8)

    assert (stayed, other.isConnected()) == (at("09:35"), True)
    other.disconnect()


@pytest.mark.parametrize("after", ["connect", "handshake"])
def test_a_gateway_may_accept_and_stay_silent(simulator: Simulator, control: Control, after: str) -> None:
    control.silent(after)
    with pytest.raises(TimeoutError):
        connect(simulator, seconds=SHORT)
    control.silent("")
    ib = connect(simulator)

    assert ib.isConnected()
    ib.disconnect()


def test_an_order_can_be_accepted_and_all_answers_withheld(ib: Library, control: Control) -> None:
    control.hold_after("placeOrder")
    contract = stock(ib)
    ib.whatIfOrder(contract, limit("BUY", 10, 50.01))  # a preview is no order, and is answered
    trade = ib.placeOrder(contract, limit("BUY", 10, 50.01, orderRef="tb-9"))
    ib.client.reqCurrentTime()
    with ThreadPoolExecutor() as background:
        waiting = background.submit(control.wait_held, 10)
        wait_until(ib, waiting.done)
    order = waiting.result()
    with Control(control.address[1]) as other:
        other.advance(seconds=60)
        filled = [row["quantity"] for row in other.dump()["positions"].values()]
    ib.sleep(0.02)
    heard = trade.orderStatus.status
    control.release()
    caught_up(ib)

    assert order is not None
    assert (order["order_ref"], order["status"], filled, heard) == ("tb-9", "Submitted", ["10"], "PendingSubmit")
    assert (trade.orderStatus.status, len(trade.fills)) == ("Filled", 1)


def test_a_client_that_dies_while_held_finds_its_order_on_return(simulator: Simulator, control: Control) -> None:
    control.hold_after("placeOrder")
    first = connect(simulator)
    first.placeOrder(stock(first), limit("BUY", 10, 40.00, orderRef="tb-9"))
    with ThreadPoolExecutor() as background:
        waiting = background.submit(control.wait_held, 10)
        wait_until(first, waiting.done)
    first.disconnect()
    wait_until(first, lambda: not control.clients())
    control.release()
    again = connect(simulator)

    assert [trade.order.orderRef for trade in again.openTrades()] == ["tb-9"]
    again.disconnect()


def test_waiting_for_a_hold_that_never_springs_ends(control: Control) -> None:
    control.hold_after("placeOrder")
    with pytest.raises(ControlError, match="nothing was held within 0"):
        control.wait_held(0)


def test_a_read_only_gateway_refuses_orders_and_questions_about_them(ib: Library, control: Control) -> None:
    errors = errors_of(ib)
    control.read_only()
    trade = place(ib, limit("BUY", 10, 50.01))
    ib.client.reqOpenOrders()
    caught_up(ib)

    assert [(request_id, code) for request_id, code, _ in errors] == [(trade.order.orderId, 321), (-1, 321)]
    assert "Read-Only mode" in errors[0][2]
    assert control.orders() == []


@pytest.mark.parametrize(("data", "code"), [("maintained", 1102), ("lost", 1101)])
def test_connectivity_is_lost_and_restored(ib: Library, control: Control, data: str, code: int) -> None:
    errors = errors_of(ib)
    contract = stock(ib)
    control.lose_connectivity()
    lost = ib.placeOrder(contract, limit("BUY", 10, 40.00))
    caught_up(ib)
    unanswered = lost.orderStatus.status
    control.restore_connectivity(data)
    caught_up(ib)
    kept = place(ib, limit("BUY", 20, 40.00))
    caught_up(ib)

    assert [found for _, found, _ in errors] == [1100, code]
    assert (unanswered, kept.orderStatus.status) == ("PendingSubmit", "Submitted")
    assert bool(ib.wrapper.acctSummary) == (code == 1102)  # the client asks for the summary by itself


def test_fills_are_told_even_while_connectivity_is_lost(ib: Library, control: Control) -> None:
    trade = place(ib, limit("BUY", 10, 50.01))
    control.lose_connectivity()
    control.advance(seconds=60)
    caught_up(ib)

    assert trade.orderStatus.status == "Filled"


def test_clear_ends_every_fault(simulator: Simulator, ib: Library, control: Control) -> None:
    control.drop("orderStatus")
    control.ignore("placeOrder")
    control.read_only()
    control.lose_connectivity()
    control.reject(5)
    control.refuse()
    control.fill_orders(False)
    control.clear()
    trade = place(ib, limit("BUY", 10, 50.01))
    control.advance(seconds=60)
    caught_up(ib)
    other = connect(simulator, 8)

    assert (trade.orderStatus.status, other.isConnected()) == ("Filled", True)
    other.disconnect()


def test_the_wire_log_keeps_every_message(tmp_path: Path) -> None:
    log = tmp_path / "wire.jsonl"
    with running(tmp_path, wire_log=log) as simulator, BareClient(simulator.port) as client:
        client.start(client_id=12)
        client.send(92, 45, "", "")
        client.error()
    lines = [json.loads(line) for line in log.read_text().splitlines()]

    assert [line["fields"][0] for line in lines[:5]] == ["v157..176", "176", "71", "15", "9"]
    assert [line["direction"] for line in lines[:5]] == ["in", "out", "in", "out", "out"]
    assert lines[-1]["fields"][2:4] == ["45", "321"]
    assert {line["time"] for line in lines} == {"2005-03-01T14:35:00+00:00"}
    assert lines[-1]["client"] == 12
