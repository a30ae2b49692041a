"""What goes wrong between IB and us, injected into the simulator: each ends as an exception or a fact."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.clock import SystemClock
from ledger.events import (
    CommissionCharged,
    OrderAcknowledged,
    OrderFilled,
    OrderPreviewed,
    OrderRejected,
    OrderResolved,
)
from tests.trader.broker_world import ACCOUNT, World, at
from tests.trader.broker_world import world as started
from trader.broker import BrokerIncomplete, BrokerLost, BrokerRefused, BrokerUnreachable
from trader.ib import InteractiveBrokers
from trader.simulator import messages
from trader.simulator.answers import ANSWERS
from trader.simulator.answers_account import nothing_more
from trader.simulator.clients import Client
from trader.simulator.control import Control
from trader.simulator.gateway import Gateway
from trader.simulator.wire import Fields

SHORT = 0.3  # real seconds: what does not come in this time does not come


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with started(
        tmp_path, request_timeout_seconds=SHORT, request_attempts=1, acknowledge_timeout_seconds=SHORT
    ) as made:
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


# Orders


def test_an_order_that_cannot_be_spelled_leaves_no_intent(world: World) -> None:
    world.connect()
    planned = world.plan("ACME", 100, "49").model_copy(update={"tif": ""})

    with pytest.raises(ValueError, match="expected its tif"):
        world.ledger.record(world.broker.send(planned))

    assert world.book.orders == {}


def test_an_order_without_an_answer_is_in_doubt(world: World) -> None:
    world.connect()
    world.control.ignore("placeOrder")

    ref = world.send("ACME", 100, "49")

    assert [order.order_ref for order in world.book.in_doubt] == [ref]
    assert world.book.next_order is None


def test_a_late_acknowledgement_ends_the_doubt(world: World) -> None:
    world.connect()
    world.control.fill_orders(False)
    for kind in ("openOrder", "orderStatus"):
        world.control.delay(kind, 3 * SHORT, times=1)
    ref = world.send("ACME", 100, "49")
    (doubtful,) = world.book.in_doubt
    news = world.broker.inbox.news[doubtful.order_id]  # type: ignore[attr-defined]

    heard = world.broker.wire.wait(lambda: news.perm_id, 60)  # type: ignore[attr-defined]
    world.ledger.record(world.broker.wait_for_fills(world.book))

    assert heard
    assert world.book.in_doubt == ()
    assert world.book.orders[ref].status == "working"


def test_an_order_that_the_broker_cancels_later_is_ended_while_waiting(world: World) -> None:
    world.connect()
    ref = world.send("ACME", 100, "49")
    world.control.advance(to=at("15:59:30"))

    world.ledger.record(world.broker.wait_for_fills(world.book))

    assert world.book.orders[ref].status == "expired"
    assert world.control.now() < at("16:01")


def test_an_order_that_was_held_back_is_found_working(world: World) -> None:
    world.connect()
    world.control.drop("openOrder")
    world.control.drop("orderStatus")
    ref = world.send("ACME", 100, "49")
    assert world.book.in_doubt
    world.control.clear()

    world.ledger.record(world.broker.resolve(world.book))

    assert world.book.in_doubt == ()
    assert world.book.orders[ref].status == "working"
    assert world.book.orders[ref].perm_ids


def test_a_socket_that_dies_with_the_order_loses_no_order(world: World) -> None:
    world.connect()
    world.control.disconnect_after("placeOrder")
    with pytest.raises(BrokerLost):
        world.send("ACME", 100, "49")
    (doubtful,) = world.book.in_doubt
    world.start_cycle()

    world.connect()
    world.ledger.record(world.broker.resolve(world.book))
    world.ledger.record(world.broker.clear_open_orders(world.book))

    assert world.book.orders[doubtful.order_ref].status == "cancelled"
    assert world.control.orders() == []


def test_an_undecided_order_that_was_cancelled_meanwhile_is_found_among_the_completed(world: World) -> None:
    world.connect()
    world.control.disconnect_after("placeOrder")
    with pytest.raises(BrokerLost):
        world.send("ACME", 100, "49")
    world.control.advance(to=at("16:30"))
    world.start_cycle("close")

    world.connect()
    world.ledger.record(world.broker.resolve(world.book))

    (order,) = world.book.orders.values()
    assert order.status == "expired"
    assert world.book.in_doubt == ()


def test_an_undecided_order_of_an_earlier_day_stays_in_doubt(world: World) -> None:
    world.connect()
    world.control.ignore("placeOrder")
    world.send("ACME", 100, "49")
    world.disconnect()
    world.control.clear()
    world.control.advance(to=at("09:35", at("09:35").date().replace(day=2)))
    world.start_cycle()

    world.connect()
    world.ledger.record(world.broker.resolve(world.book))

    assert len(world.book.in_doubt) == 1


@pytest.mark.parametrize(
    ("code", "text"),
    [
        pytest.param(10349, "Order TIF was set to DAY based on order preset.", id="preset"),
        pytest.param(399, "Order Message: Warning: your order will not be placed at the exchange until", id="warning"),
        pytest.param(2109, "Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored", id="ignored"),
        pytest.param(31337, "A code that nobody knows", id="unknown"),
    ],
)
def test_a_warning_does_not_end_a_live_order(world: World, code: int, text: str) -> None:
    world.connect()
    ref = world.send("ACME", 100, "50.05")

    world.control.error(code, text, request_id=world.book.orders[ref].order_id)
    world.ledger.record(world.broker.wait_for_fills(world.book))

    assert world.book.orders[ref].status == "filled"
    assert len(world.facts(OrderFilled)) == 1


def test_a_price_off_the_tick_is_a_rejection(world: World) -> None:
    world.connect()

    ref = world.send("ACME", 100, "49.005")

    (rejected,) = world.facts(OrderRejected)
    assert (rejected.order_ref, rejected.code) == (ref, 110)
    assert world.book.in_doubt == ()


def test_everything_told_twice_is_recorded_once(world: World) -> None:
    world.connect()
    for kind in ("openOrder", "orderStatus", "execDetails", "commissionReport", "portfolioValue", "position"):
        world.control.duplicate(kind)

    world.send("ACME", 100, "50.05")
    world.ledger.record(world.broker.wait_for_fills(world.book))
    world.ledger.record(world.broker.observe(world.book))

    assert len(world.facts(OrderAcknowledged)) == 1
    assert len(world.facts(OrderFilled)) == 1
    assert len(world.facts(CommissionCharged)) == 1
    assert world.book.positions == {world.con_id("ACME"): Decimal(100)}


def test_a_preview_without_figures_is_not_accepted(world: World) -> None:
    world.connect()
    world.plan("ACME", 100, "50.05")
    world.plan("MOVE", 100, "30.05")
    world.control.drop("openOrder")

    world.ledger.record(world.broker.preview(world.book))

    (preview,) = world.facts(OrderPreviewed)
    assert not preview.accepted


def lost_positions(control: Control) -> None:
    control.drop("position")


def lost_portfolio(control: Control) -> None:
    control.drop("portfolioValue")


@pytest.mark.parametrize("lose", [lost_positions, lost_portfolio])
def test_positions_that_contradict_the_account_download_are_incomplete(
    world: World, lose: Callable[[Control], None]
) -> None:
    world.connect()
    world.control.trade("ACME", Decimal(7))
    lose(world.control)

    with pytest.raises(BrokerIncomplete) as incomplete:
        world.ledger.record(world.broker.observe(world.book))

    assert incomplete.value.code == "looks-differ"


def test_no_commission_is_lost_that_came_on_the_last_message(world: World) -> None:
    world.connect()
    world.control.commission_delay(30)
    world.send("ACME", 100, "50.05")
    world.control.advance(seconds=300)

    world.disconnect()

    assert world.book.pending_commissions == ()


# Recovery


def test_a_process_that_dies_after_sending_loses_no_order_and_doubles_none(world: World) -> None:
    world.connect()
    world.control.hold_after("placeOrder")
    with pytest.raises(BrokerIncomplete):
        world.send("ACME", 100, "50.05")
    (doubtful,) = world.book.in_doubt
    world.hang_up()
    world.control.release()
    world.control.advance(seconds=300)
    world.start_cycle()

    world.connect()
    world.ledger.record(world.broker.resolve(world.book))

    assert world.book.orders[doubtful.order_ref].status == "filled"
    assert world.book.positions == {world.con_id("ACME"): Decimal(100)}
    assert [fact.outcome for fact in world.facts(OrderResolved)] == ["filled"]


def test_what_was_there_at_the_adoption_is_no_old_copy(tmp_path: Path) -> None:
    with started(tmp_path, adopt=False) as world:
        order = world.control.foreign_order(
            "ACME", "BUY", Decimal(10), Decimal(40), order_ref=f"tb-{ACCOUNT}-9-a-1-B-1"
        )
        world.control.foreign_order("ACME", "BUY", Decimal(10), order_ref=f"tb-{ACCOUNT}-9-a-1-B-2")
        world.control.advance(seconds=60)
        reader = InteractiveBrokers(replace(world.settings, client_id=18), world.clock)
        told = [fact for batch in reader.connect(None) for fact in (batch if isinstance(batch, tuple) else (batch,))]
        fills = tuple(fact.execution_id for fact in reader.look() if isinstance(fact, OrderFilled))
        for _ in reader.disconnect():
            pass
        world.adopt(execution_ids=fills, open_order_perm_ids=(order["perm_id"],))
        world.connect()

        world.ledger.record(world.broker.resolve(world.book))
        world.ledger.record(world.broker.observe(world.book))

        assert len(told) == 4
        assert len(fills) == 1
        assert world.facts(OrderFilled) == []
        assert world.facts(CommissionCharged) == []


def test_on_the_systems_clock_waiting_keeps_reading(world: World) -> None:
    world.connect()
    ref = world.send("ACME", 100, "50.05")
    world.broker.wire.clock = Wall(world.control.now)  # type: ignore[attr-defined]
    world.broker.settings = replace(world.settings, fill_step_seconds=0.01)  # type: ignore[attr-defined]
    world.control.advance(seconds=120)

    world.ledger.record(world.broker.wait_for_fills(world.book))

    assert world.book.orders[ref].status == "filled"


class Wall(SystemClock):
    """A system's clock that shows the simulator's time, and must not stop the event loop."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now  # type: ignore[method-assign]

    def sleep(self, seconds: float) -> None:
        raise AssertionError("waiting must keep reading what the broker says")
