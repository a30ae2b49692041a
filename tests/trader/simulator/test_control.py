"""The control port: time, the venue, and every command's refusals."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.trader.simulator.gateway_world import (
    MONDAY,
    WEDNESDAY,
    BareClient,
    at,
    at_market,
    caught_up,
    connect,
    errors_of,
    event_loop,
    limit,
    place,
    running,
)
from trader.simulator import control as control_module
from trader.simulator.commands import COMMANDS
from trader.simulator.control import Control, ControlError
from trader.simulator.simulator import Simulator

FRIDAY_BEFORE_THE_SPLIT = date(2005, 2, 25)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with running(tmp_path) as simulator, event_loop():
        yield simulator


@pytest.fixture
def control(simulator: Simulator) -> Control:
    return simulator.control


def test_time_moves_by_seconds_or_to_a_moment_and_not_by_itself(control: Control) -> None:
    assert control.now() == at("09:35")
    assert control.advance(seconds=30) == at("09:35:30")
    assert control.advance(at("10:35", WEDNESDAY)) == at("10:35", WEDNESDAY)
    assert control.now() == at("10:35", WEDNESDAY)


def test_time_never_runs_backwards(control: Control) -> None:
    with pytest.raises(ControlError, match="or later"):
        control.advance(at("09:34"))
    assert control.now() == at("09:35")


def test_time_does_not_run_past_the_last_bar(control: Control) -> None:
    with pytest.raises(ControlError, match="the bars end on 2005-03-02"):
        control.advance(at("09:35") + timedelta(days=30))


def test_time_stops_before_a_split_of_what_is_held_and_tells_what_came_before() -> None:
    with Simulator(start=at("09:35", FRIDAY_BEFORE_THE_SPLIT)) as simulator, event_loop():
        ib = connect(simulator)
        trade = place(ib, at_market("BUY", 10), "AAPL")
        with pytest.raises(ControlError, match="AAPL: it splits 2:1 on 2005-02-28"):
            simulator.control.advance(at("09:35"))
        caught_up(ib)

        assert (trade.orderStatus.status, simulator.control.now() < at("00:00", MONDAY)) == ("Filled", True)
        ib.disconnect()


def test_an_advance_is_answered_when_its_messages_are_written(simulator: Simulator) -> None:
    ib = connect(simulator)
    trade = place(ib, limit("BUY", 10, 50.01))
    simulator.control.advance(seconds=60)
    caught_up(ib)

    assert trade.orderStatus.status == "Filled"
    ib.disconnect()


def test_two_runs_of_the_same_day_are_the_same(tmp_path: Path) -> None:
    def run(folder: Path) -> dict[str, Any]:
        with running(folder, seed=3) as simulator:
            for symbol in ("ACME", "THIN", "MOVE"):
                simulator.control.foreign_order(symbol, "BUY", Decimal(300), Decimal("60.00"))
            simulator.control.advance(at("16:30"))
            return simulator.control.dump()

    assert run(tmp_path) == run(tmp_path)


def test_a_trade_by_hand_moves_position_and_cash_exactly(control: Control) -> None:
    execution = control.trade("ACME", Decimal(50), Decimal("49.995"))
    dump = control.dump()

    assert (execution["side"], execution["shares"], execution["price"]) == ("BOT", "50", "49.995")
    assert Decimal(dump["cash"]["USD"]) == Decimal("100000") - Decimal("2499.75") - Decimal("1.00")
    assert [row["quantity"] for row in dump["positions"].values()] == ["50"]


def test_cash_moves_as_a_fee_or_a_tax_too(simulator: Simulator) -> None:
    control = simulator.control
    control.cash(Decimal(-10), kind="Other Fees", description="P1234567:US SECURITIES SNAPSHOT FOR FEB 2005")
    control.cash(Decimal("-0.30"), kind="Withholding Tax", symbol="ACME")

    assert Decimal(control.dump()["cash"]["USD"]) == Decimal("99989.70")
    with pytest.raises(ControlError, match="kind should be one of Broker Interest Paid"):
        control.cash(Decimal(1), kind="Gift")
    with pytest.raises(ControlError, match="symbol should be one of ACME, MOVE, THIN"):
        control.cash(Decimal(1), kind="Dividends", symbol="NONE")


def test_cash_is_paid_in_and_out(control: Control) -> None:
    control.cash(Decimal("250.50"))
    control.cash(Decimal("-0.5"))

    assert Decimal(control.dump()["cash"]["USD"]) == Decimal("100250")


def test_a_foreign_order_works_like_any_other(simulator: Simulator, control: Control) -> None:
    order = control.foreign_order("ACME", "SELL", Decimal(20), Decimal("50.00"), client_id=31, order_ref="other")
    (listed,) = control.orders()
    control.advance(seconds=60)

    assert order == listed
    assert (order["client_id"], order["order_id"], order["order_ref"], order["status"]) == (31, 1, "other", "Submitted")
    assert [row["quantity"] for row in control.dump()["positions"].values()] == ["-20"]


def test_a_foreign_order_may_be_refused(control: Control) -> None:
    control.foreign_order("ACME", "SELL", Decimal(20), Decimal("60.00"), order_id=5)

    with pytest.raises(ControlError, match="103: Duplicate order id"):
        control.foreign_order("ACME", "SELL", Decimal(20), Decimal("60.00"), order_id=5)
    with pytest.raises(ControlError, match="110: The price"):
        control.foreign_order("ACME", "SELL", Decimal(20), Decimal("60.001"))


def test_the_next_orders_are_rejected_with_code_and_message(simulator: Simulator, control: Control) -> None:
    ib = connect(simulator)
    errors = errors_of(ib)
    control.reject(2, code=201, message="Order rejected - reason:no shares", symbol="ACME")
    refused = [place(ib, limit("BUY", 10, 50.01)) for _ in range(2)]
    others = [place(ib, limit("BUY", 10, 50.01), "THIN"), place(ib, limit("BUY", 10, 50.01))]

    assert [(code, text) for _, code, text in errors] == [(201, "Order rejected - reason:no shares")] * 2
    assert [trade.orderStatus.status for trade in (*refused, *others)] == [*["Cancelled"] * 2, *["Submitted"] * 2]
    ib.disconnect()


def test_filling_can_be_switched_off_and_on(simulator: Simulator, control: Control) -> None:
    ib = connect(simulator)
    control.fill_orders(False)
    trade = place(ib, at_market("BUY", 10))
    control.advance(seconds=600)
    caught_up(ib)
    working = trade.orderStatus.status
    control.fill_orders(True)
    control.advance(seconds=600)
    caught_up(ib)

    assert (working, trade.orderStatus.status) == ("Submitted", "Filled")
    ib.disconnect()


def test_a_smaller_share_of_the_volume_makes_smaller_fills(simulator: Simulator, control: Control) -> None:
    ib = connect(simulator)
    control.volume_share(Decimal("0.00001"))
    trade = place(ib, limit("BUY", 1000, 50.01))
    control.advance(at("10:30"))
    caught_up(ib)

    assert 0 < trade.orderStatus.filled < 1000
    ib.disconnect()


def test_commissions_can_be_reported_late_but_are_charged_at_once(simulator: Simulator, control: Control) -> None:
    ib = connect(simulator)
    control.commission_delay(600)
    trade = place(ib, limit("BUY", 10, 50.01))
    control.advance(seconds=60)
    caught_up(ib)
    pending, reported = control.dump()["pending_commissions"], trade.fills[0].commissionReport.execId
    control.advance(seconds=600)
    caught_up(ib)

    assert (pending, reported) == ([trade.fills[0].execution.execId], "")
    assert trade.fills[0].commissionReport.commission == 1.0
    assert control.dump()["pending_commissions"] == []
    ib.disconnect()


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        pytest.param(b"advance\n", "no JSON", id="no JSON"),
        pytest.param(b"[1]\n", "expected a line like", id="no object"),
        pytest.param(b"{}\n", "expected a line like", id="no command"),
        pytest.param(b'{"command": "fly"}\n', "known are now, advance, trade", id="an unknown command"),
        pytest.param(b'{"command": "now", "zone": "UTC"}\n', "unknown arguments: zone", id="an unknown argument"),
        pytest.param(b'{"command": "advance"}\n', "either to (a moment) or seconds", id="a missing argument"),
        pytest.param(b'{"command": "advance", "to": "soon"}\n', "soon", id="no moment"),
        pytest.param(b'{"command": "advance", "to": "2005-03-01T16:00:00"}\n', "zone", id="no zone"),
        pytest.param(
            b'{"command": "advance", "seconds": "ten"}\n', "seconds should be a decimal number", id="no number"
        ),
        pytest.param(b'{"command": "trade", "symbol": "ACME", "quantity": 0.5}\n', "whole number", id="half a share"),
        pytest.param(b'{"command": "trade", "symbol": "NONE", "quantity": 5}\n', "No security", id="no such stock"),
        pytest.param(b'{"command": "drop", "kind": "positions"}\n', "kind should be one of", id="no such message"),
        pytest.param(b'{"command": "fill-orders", "on": "yes"}\n', "true or false", id="no flag"),
        pytest.param(b'{"command": "volume-share", "share": 2}\n', "from 0 to 1", id="out of range"),
        pytest.param(b'{"command": "hold-after", "kind": "placeOrder", "nth": 0}\n', "1 or more", id="the 0th"),
        pytest.param(b'{"command": "error", "code": 1, "text": "x", "client_id": 4}\n', "client_id", id="no client"),
        pytest.param(b'{"command": "wait-held", "seconds": 0}\n', "nothing was held", id="waited in vain"),
    ],
)
def test_a_command_that_cannot_be_carried_out_says_why(simulator: Simulator, line: bytes, cause: str) -> None:
    with socket.create_connection(("127.0.0.1", simulator.control_port), timeout=10) as console:
        console.sendall(line + b'{"command": "now"}\n')
        answers = console.makefile("rb")
        refusal, then = json.loads(answers.readline()), json.loads(answers.readline())

    assert (refusal["ok"], cause in refusal["error"]) == (False, True)
    assert then == {"ok": True, "now": "2005-03-01T14:35:00+00:00"}


def test_every_command_is_documented_and_has_a_method() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text()

    for name, _ in COMMANDS:
        assert name in (control_module.__doc__ or "")
        assert f"`{name}`" in manual
        assert hasattr(Control, name.replace("-", "_"))


def test_without_a_simulator_the_client_says_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        with pytest.raises(ControlError, match=rf"no answer from a simulator at 127.0.0.1:{port} .*; start one"):
            Control(port).now()


def test_a_stranger_on_the_port_is_no_simulator() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as background:
        control = Control(server.getsockname()[1], seconds_max=10)
        asked = background.submit(control.now)
        peer, _ = server.accept()
        with peer:
            peer.sendall(b"220 mail.example.com ESMTP\n")

            with pytest.raises(ControlError, match="what answers is no simulator"):
                asked.result(timeout=10)


def test_several_consoles_work_at_once(simulator: Simulator, control: Control) -> None:
    with Control(simulator.control_port) as other:
        control.hold_after("placeOrder")
        other.advance(seconds=60)

        assert control.now() == other.now() == at("09:36")


def test_the_client_list_names_who_is_connected(simulator: Simulator, control: Control) -> None:
    with BareClient(simulator.port) as client:
        client.start(client_id=12)
        (row,) = control.clients()

    assert (row["client_id"], row["version"], row["held"]) == (12, 176, False)


def test_opening_positions_are_there_from_the_start(tmp_path: Path) -> None:
    positions = {"ACME": (Decimal(100), Decimal("48.00"))}
    with running(tmp_path, positions=positions, account="DU7654321", cash=Decimal(10_000)) as simulator:
        dump = simulator.control.dump()

    assert dump["account"] == "DU7654321"
    assert [row["quantity"] for row in dump["positions"].values()] == ["100"]
    assert Decimal(dump["cash"]["USD"]) == Decimal("5199")
