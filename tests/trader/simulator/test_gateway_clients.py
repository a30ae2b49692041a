"""Several clients at once, those that leave and return, and those that do not speak as they should."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from ib_insync import IB

from tests.trader.simulator.gateway_world import (
    ACCOUNT,
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
    wait_until,
)
from trader.simulator.simulator import Simulator


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with running(tmp_path) as simulator, event_loop():
        yield simulator


def test_foreign_orders_and_executions_are_seen_but_not_reported_live(simulator: Simulator) -> None:
    ours, theirs = connect(simulator, 7), connect(simulator, 8)
    live: list[object] = []
    ours.execDetailsEvent += lambda *_: live.append("execution")
    ours.openOrderEvent += lambda *_: live.append("order")
    place(theirs, limit("BUY", 10, 50.01, orderRef="theirs"))
    seen = [trade.order.orderRef for trade in ours.reqAllOpenOrders()]
    own = ours.reqOpenOrders()
    simulator.control.advance(seconds=60)
    caught_up(ours)

    assert (seen, own, live) == (["theirs"], [], [])
    assert [(fill.execution.orderRef, fill.execution.clientId) for fill in ours.reqExecutions()] == [("theirs", 8)]
    assert [row.position for row in ours.positions()] == [row.position for row in theirs.positions()] == [10.0]
    ours.disconnect()
    theirs.disconnect()


def test_client_0_hears_of_everyones_orders(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    master, trader = connect(simulator, 0), connect(simulator, 8)
    place(trader, limit("BUY", 10, 50.01, orderRef="theirs"))
    simulator.control.advance(seconds=60)
    simulator.control.trade("ACME", Decimal(5))
    caught_up(master)

    (trade,) = master.trades()
    assert (trade.order.clientId, trade.orderStatus.status, len(trade.fills)) == (8, "Filled", 1)
    assert [fill.execution.shares for fill in master.fills()] == [10.0, 5.0]
    assert decoder_errors(caplog.records) == []
    master.disconnect()
    trader.disconnect()


def test_only_the_owner_cancels_but_a_global_cancel_ends_everything(simulator: Simulator) -> None:
    ours, theirs = connect(simulator, 7), connect(simulator, 8)
    errors = errors_of(ours)
    foreign = place(theirs, limit("BUY", 10, 40.00))
    ours.client.cancelOrder(foreign.order.orderId)
    caught_up(ours)
    refused = [code for _, code, _ in errors]
    ours.reqGlobalCancel()
    caught_up(ours)
    caught_up(theirs)

    assert (refused, foreign.orderStatus.status) == ([10147], "Cancelled")
    assert simulator.control.orders() == []
    ours.disconnect()
    theirs.disconnect()


def test_a_second_connection_under_the_same_id_is_refused_and_closed(simulator: Simulator) -> None:
    first = connect(simulator, 7)
    with BareClient(simulator.port) as second:
        second.read()
        second.send(71, 2, 7, "")

        assert second.error()[:2] == ["-1", "326"]
        with pytest.raises(EOFError):
            second.read()
    assert [client["client_id"] for client in simulator.control.clients()] == [7]
    first.disconnect()


def test_an_id_is_free_again_when_its_client_has_gone(simulator: Simulator) -> None:
    first = connect(simulator, 7)
    first.disconnect()

    again = connect(simulator, 7)

    assert again.isConnected()
    again.disconnect()


def test_orders_outlive_their_client_which_finds_them_when_it_returns(simulator: Simulator) -> None:
    first = connect(simulator, 7)
    left = place(first, limit("BUY", 10, 40.00, orderRef="left"))
    first.disconnect()

    again = connect(simulator, 7)
    (found,) = again.openTrades()
    again.cancelOrder(found.order)
    caught_up(again)

    assert (found.order.orderRef, found.order.permId) == ("left", left.order.permId)
    assert found.orderStatus.status == "Cancelled"
    assert simulator.control.orders() == []
    again.disconnect()


def test_a_fill_while_away_is_told_on_return(simulator: Simulator) -> None:
    first = connect(simulator, 7)
    place(first, limit("BUY", 10, 50.01, orderRef="left"))
    first.disconnect()
    simulator.control.advance(seconds=60)

    again = connect(simulator, 7)

    (fill,) = again.fills()
    assert (fill.execution.orderRef, fill.commissionReport.commission) == ("left", 1.0)
    again.disconnect()


def test_nothing_is_sent_between_the_handshake_and_the_start(simulator: Simulator) -> None:
    with BareClient(simulator.port) as client:
        handshake = client.read()
        simulator.control.cash(Decimal(5))
        simulator.control.error(2105, "HMDS data farm connection is broken:ushmds")
        client.send(71, 2, 5, "")
        greeting = client.until("9")

    assert (handshake[0], len(handshake)) == ("176", 2)
    assert [message[0] for message in greeting] == ["15", "9"]
    assert greeting[0] == ["15", "1", ACCOUNT]


@pytest.mark.parametrize(
    ("offer", "version"),
    [
        ("v100..226", "178"),
        ("v157..178 +PACEAPI", "178"),
        ("v157..177", "176"),
        ("v157..176", "176"),
        ("v100..175", "157"),
        ("v100..157", "157"),
    ],
)
def test_the_version_is_one_that_both_sides_speak(simulator: Simulator, offer: str, version: str) -> None:
    with BareClient(simulator.port, offer) as client:
        assert client.read()[0] == version


@pytest.mark.parametrize("offer", ["v100..156", "v177..177", "GET / HTTP/1.1"])
def test_without_a_version_in_common_the_socket_is_closed(simulator: Simulator, offer: str) -> None:
    with BareClient(simulator.port, offer) as client, pytest.raises(EOFError):
        client.read()


def test_what_does_not_begin_like_the_protocol_is_closed(simulator: Simulator) -> None:
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=10) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert stranger.recv(100) == b""


def test_an_old_client_is_answered_in_its_own_layouts(simulator: Simulator) -> None:
    with BareClient(simulator.port, "v100..157") as client:
        client.start()
        client.send(9, 8, 1, 0, "ACME", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "", 0, "", "")
        details = client.until("52")[-2]
        client.send(4, 1, 99)
        refusal = client.until("4")[-1]
        while refusal[3] != "10147":
            refusal = client.until("4")[-1]

    assert (details[:4], len(details)) == (["10", "8", "1", "ACME"], 39)
    assert len(refusal) == 5


def test_the_client_library_works_at_version_157_too(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    ib: Library = IB()  # type: ignore[no-untyped-call]
    ib.client.MaxClientVersion, ib.client.MaxRequests = 157, 0
    ib.TimezoneTWS = "America/New_York"
    ib.connect("127.0.0.1", simulator.port, clientId=7)
    trade = place(ib, limit("BUY", 10, 50.01, orderRef="old"))
    simulator.control.advance(seconds=60)
    caught_up(ib)
    (completed,) = ib.reqCompletedOrders(False)

    assert (ib.client.serverVersion(), trade.orderStatus.status) == (157, "Filled")
    assert at("09:35") < trade.fills[0].execution.time <= at("09:36")
    assert (completed.order.orderRef, completed.order.filledQuantity) == ("old", 10.0)
    assert decoder_errors(caplog.records) == []
    ib.disconnect()


@pytest.mark.parametrize(
    ("message", "request_id", "named"),
    [
        pytest.param((61, 1, "surplus"), "-1", "reqPositions", id="one field too many"),
        pytest.param((61,), "-1", "reqPositions", id="one too few"),
        pytest.param((7, 3, 41, 0, "", "", "", "", ""), "41", "reqExecutions", id="an execution filter cut short"),
        pytest.param((9, 8, 42, "x", "ACME"), "42", "reqContractDetails", id="a text for a number"),
        pytest.param((3, 43, 0, "ACME", "STK"), "43", "placeOrder", id="an order cut short"),
        pytest.param((4, 1, 44), "44", "cancelOrder", id="a cancel of an older version"),
        pytest.param((92, 45, ACCOUNT, ""), "45", "reqPnL", id="a request not simulated"),
        pytest.param((999, 1), "-1", "999", id="no message at all"),
        pytest.param((71, 2, 9, ""), "-1", "startApi", id="a second start"),
    ],
)
def test_what_is_not_understood_is_refused_by_name_and_the_session_goes_on(
    simulator: Simulator, message: tuple[object, ...], request_id: str, named: str
) -> None:
    with BareClient(simulator.port) as client:
        client.start()
        client.send(*message)
        refused_id, code, text = client.error()
        client.send(49, 1)

        assert (refused_id, code, named in text) == (request_id, "321", True)
        assert client.until("49")[-1][0] == "49"
    assert simulator.control.orders() == []


def test_requests_before_the_start_are_refused(simulator: Simulator) -> None:
    with BareClient(simulator.port) as client:
        client.read()
        client.send(61, 1)

        assert client.error()[1:] == ["321", "Error validating request.-'reqPositions' : cause - startApi comes first"]


def test_requests_may_arrive_in_pieces_and_in_bunches(simulator: Simulator) -> None:
    with BareClient(simulator.port) as client:
        client.start()
        for _ in range(50):
            client.send(49, 1)

        assert [client.until("49")[-1][0] for _ in range(50)] == ["49"] * 50


def test_only_client_0_binds_orders_placed_by_hand(simulator: Simulator) -> None:
    with BareClient(simulator.port) as client:
        client.start(client_id=5)
        client.send(15, 1, 1)

        assert client.error()[1] == "327"


def test_the_next_order_id_is_given_when_asked(simulator: Simulator) -> None:
    ib = connect(simulator, 5)
    place(ib, limit("BUY", 10, 40.00, orderId=77))
    ib.disconnect()
    wait_until(ib, lambda: not simulator.control.clients())
    with BareClient(simulator.port) as client:
        client.start(client_id=5)
        client.send(8, 1, 1)

        assert client.until("9")[-1] == ["9", "1", "78"]


def test_positions_are_told_until_they_are_cancelled(simulator: Simulator) -> None:
    with BareClient(simulator.port) as client:
        client.start()
        client.send(61, 1)
        client.until("62")
        simulator.control.trade("ACME", Decimal(5))
        told = client.until("61")[-1]
        client.send(64, 1)
        client.send(49, 1)
        client.until("49")
        simulator.control.trade("ACME", Decimal(5))
        client.send(49, 1)

        assert told[2:5] + told[-2:-1] == [ACCOUNT, told[3], "ACME", "5"]
        assert [message[0] for message in client.until("49")] == ["49"]
