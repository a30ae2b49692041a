"""What goes wrong with an order: silence, a dead socket, a late or a double word; none is lost, none is doubled."""

from __future__ import annotations

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
from tests.trader.broker_world import ACCOUNT, SHORT, World, at, impatient_world
from tests.trader.broker_world import world as started
from trader.broker import BrokerIncomplete, BrokerLost
from trader.ib import InteractiveBrokers
from trader.simulator.control import Control


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with impatient_world(tmp_path) as made:
        yield made


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
