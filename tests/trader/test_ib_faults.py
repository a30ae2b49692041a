"""What goes wrong between IB and us, injected into the simulator: each ends as an exception or a fact."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.trader.broker_world import ACCOUNT, SHORT, World, at, impatient_world
from tests.trader.broker_world import world as started
from trader.broker import BrokerIncomplete, BrokerLost, BrokerRefused, BrokerUnreachable
from trader.simulator import messages
from trader.simulator.answers import ANSWERS
from trader.simulator.answers_account import nothing_more
from trader.simulator.clients import Client
from trader.simulator.gateway import Gateway
from trader.simulator.wire import Fields


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with impatient_world(tmp_path) as made:
        yield made


# The connection


def test_a_gateway_that_is_down_is_unreachable(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(BrokerUnreachable) as down:
        world.connect(port=port)

    assert down.value.code == "gateway-down"
    assert "start IB Gateway" in str(down.value)


@pytest.mark.parametrize("after", ["connect", "handshake"])
def test_a_gateway_that_accepts_and_stays_silent_is_unreachable(world: World, after: str) -> None:
    world.control.silent(after)

    with pytest.raises(BrokerUnreachable) as silent:
        world.connect()

    assert silent.value.code == "gateway-silent"


def test_without_its_price_rule_a_contract_is_not_traded_by_a_guess(world: World) -> None:
    world.control.ignore("reqMarketRule", 1)

    with pytest.raises(BrokerIncomplete) as silent:
        world.connect()

    assert silent.value.code == "no-answer"
    assert "market rule 26" in str(silent.value)


def test_a_contract_whose_prices_come_in_parts_of_its_currency_is_refused(world: World) -> None:
    world.control.rewrite("contractData", 17, "100")  # its price magnifier: pence for pounds

    with pytest.raises(BrokerRefused) as refused:
        world.connect()

    assert refused.value.code == "quoted-in-parts"
    assert "expected prices in USD, found that its prices are quoted in units of 1/100 of USD" in str(refused.value)


def test_a_client_id_in_use_is_told_at_once_and_by_name(world: World) -> None:
    world.connect(request_timeout_seconds=30.0)
    first = world.broker

    with pytest.raises(BrokerRefused) as refused:
        world.connect()

    assert refused.value.code == "client-id-in-use"
    world.broker = first


def test_a_live_account_does_not_enter_a_paper_log(tmp_path: Path) -> None:
    with started(tmp_path) as world:
        world.book.mode = "live"

        with pytest.raises(BrokerRefused) as refused:
            world.connect()

    assert refused.value.code == "wrong-mode"


def test_a_clock_that_differs_is_refused(tmp_path: Path) -> None:
    with started(tmp_path, clock_difference_max_seconds=-1) as world, pytest.raises(BrokerRefused) as refused:
        world.connect()

    assert refused.value.code == "clock-differs"


def test_a_connection_that_dies_while_asking_is_lost(world: World) -> None:
    world.connect()
    world.control.disconnect_after("reqPositions")

    with pytest.raises(BrokerLost) as lost:
        world.ledger.record(world.broker.observe(world.book))

    assert lost.value.code == "connection-lost"


@pytest.mark.parametrize("line", ["preview", "quotes", "resolve", "clear_open_orders", "observe", "wait_for_fills"])
def test_on_a_dead_connection_every_line_says_that_it_is_lost(world: World, line: str) -> None:
    world.connect()
    world.send("ACME", 100, "49")
    planned = world.plan("ACME", 100, "49")
    world.control.disconnect()
    with pytest.raises(BrokerLost):
        world.ledger.record(world.broker.observe(world.book))

    with pytest.raises(BrokerLost):
        world.ledger.record(getattr(world.broker, line)(world.book))
    with pytest.raises(BrokerLost):
        world.ledger.record(world.broker.send(planned))
    with pytest.raises(BrokerLost):
        world.broker.daily_bars(world.book.contracts[planned.con_id], 5, at("09:35").date())

    assert list(world.broker.disconnect()) == []
    assert planned.order_ref not in world.book.orders


def test_what_was_heard_survives_the_connection(world: World) -> None:
    world.connect()
    ref = world.send("ACME", 100, "50.05")
    world.control.disconnect_after("reqPositions")
    world.control.advance(seconds=60)
    with pytest.raises(BrokerLost):
        world.ledger.record(world.broker.observe(world.book))

    world.ledger.record(world.broker.drain())

    assert world.book.orders[ref].status == "filled"


def test_without_ib_behind_the_gateway_nothing_is_asked_or_sent(world: World) -> None:
    world.connect()
    planned = world.plan("ACME", 100, "49")
    world.control.lose_connectivity()
    world.control.advance(seconds=1)

    with pytest.raises((BrokerLost, BrokerIncomplete)):
        world.ledger.record(world.broker.observe(world.book))
    with pytest.raises(BrokerLost) as lost:
        world.ledger.record(world.broker.send(planned))

    assert lost.value.code == "broker-offline"
    assert world.book.orders == {}


# Answers that are not whole


@pytest.mark.parametrize("end", ["positionEnd", "openOrderEnd", "execDetailsEnd", "accountDownloadEnd"])
def test_an_observation_without_its_end_is_no_observation(world: World, end: str) -> None:
    world.connect()
    world.control.drop(end)

    with pytest.raises(BrokerIncomplete) as incomplete:
        world.ledger.record(world.broker.observe(world.book))

    assert incomplete.value.code == "no-answer"
    assert world.book.reported.positions is None


def test_a_position_of_another_account_of_the_login_hides_none_of_ours(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_two_accounts(gateway: Gateway, client: Client, fields: Fields) -> None:
        nothing_more(fields)
        for account in (ACCOUNT, "DU2000002"):
            for row in gateway.exchange.account.positions():
                client.send(messages.position(account, gateway.contract(row.con_id), row, client.version))
        client.send(messages.position_end())

    monkeypatch.setitem(ANSWERS, "reqPositions", of_two_accounts)
    world.connect()
    world.control.trade("ACME", Decimal(7))

    world.ledger.record(world.broker.observe(world.book))

    assert world.book.positions == {world.con_id("ACME"): Decimal(7)}
    assert {row.con_id: row.quantity for row in (world.book.reported.positions or {}).values()} == world.book.positions


def test_resolving_without_the_completed_orders_is_incomplete(world: World) -> None:
    world.connect()
    world.control.drop("completedOrdersEnd")

    with pytest.raises(BrokerIncomplete, match="completed orders"):
        world.ledger.record(world.broker.resolve(world.book))


@pytest.mark.parametrize("kind", ["position", "portfolioValue", "execDetails"])
def test_a_message_that_cannot_be_read_makes_the_answer_incomplete(world: World, kind: str) -> None:
    world.connect()
    world.control.trade("ACME", Decimal(7))
    world.control.corrupt(kind)

    with pytest.raises(BrokerIncomplete) as incomplete:
        world.ledger.record(world.broker.observe(world.book))

    assert incomplete.value.code == "garbled"
    assert world.book.reported.positions is None


def test_a_second_try_cures_an_answer_that_was_lost_once(tmp_path: Path) -> None:
    with started(tmp_path, request_timeout_seconds=SHORT) as world:
        world.connect()
        world.control.drop("positionEnd", times=1)

        world.ledger.record(world.broker.observe(world.book))

        assert world.book.reported.positions == {}


@pytest.mark.parametrize(
    ("tag", "value", "code"),
    [
        pytest.param("AccountReady", "false", "account-not-ready", id="IB resets"),
        pytest.param("AccountReady", None, "account-not-ready", id="readiness unknown"),
        pytest.param("NetLiquidation", None, "unreadable", id="no NAV"),
        pytest.param("NetLiquidation", "1.7976931348623157E308", "unreadable", id="unset NAV"),
        pytest.param("ExcessLiquidity", "NaN", "unreadable", id="NaN"),
        pytest.param("CashBalance", None, "unreadable", id="no cash"),
    ],
)
def test_an_account_that_is_not_ready_is_not_observed(world: World, tag: str, value: str | None, code: str) -> None:
    world.connect()
    world.control.account_value(tag, value, "" if tag == "AccountReady" else "USD")

    with pytest.raises(BrokerIncomplete) as incomplete:
        world.ledger.record(world.broker.observe(world.book))

    assert incomplete.value.code == code
    assert world.book.reported.nav is None


def test_a_read_only_gateway_is_named(world: World) -> None:
    world.connect()
    world.control.read_only()

    with pytest.raises((BrokerRefused, BrokerIncomplete)) as refused:
        world.ledger.record(world.broker.resolve(world.book))

    assert refused.value.code == "read-only"


def test_a_quote_that_does_not_end_has_no_price(world: World) -> None:
    world.connect()
    world.control.drop("tickSnapshotEnd", times=1)

    world.ledger.record(world.broker.quotes(world.book))

    assert [row.ask for row in world.book.quotes.values()].count(None) == 1


def test_delayed_quotes_are_told_as_such(world: World) -> None:
    world.connect()
    world.control.market_data_type(3)

    world.ledger.record(world.broker.quotes(world.book))

    assert {row.market_data_type for row in world.book.quotes.values()} == {3}
