"""Which working orders are kept at the broker, and what a change of one may come to."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ledger.events import OrderCancelAttempted, OrderKept, OrderModified, OrderModifyAttempted, OrderPlanned
from tests.trader.broker_world import SHORT, World, allowed
from tests.trader.broker_world import world as started
from trader.broker import BrokerProblem

IMPATIENT: dict[str, Any] = {"request_timeout_seconds": SHORT, "request_attempts": 1}
LIMIT = "49"  # far below the bid of 50.00: it works on


@pytest.fixture(scope="module")
def connected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("home")
    with started(folder, open_orders="modify", acknowledge_timeout_seconds=SHORT, **IMPATIENT) as made:
        yield made


@pytest.fixture
def world(connected: World) -> World:
    """A session in which one order of 100 ACME works; nothing of the tests before is left at the venue."""
    connected.hang_up()
    connected.control.clear()
    for open_orders in ("cancel", "modify"):
        connected.start_cycle()
        connected.connect(open_orders=open_orders)
        if open_orders == "cancel":
            connected.ledger.record(connected.broker.clear_open_orders(connected.book))
            connected.hang_up()
    assert connected.control.orders() == []
    connected.send("ACME", 100, LIMIT)
    return connected


def kept(world: World) -> list[str]:
    """Begin another cycle in the same session, and return what it keeps."""
    world.start_cycle()
    before = len(world.facts(OrderKept))
    world.ledger.record(world.broker.clear_open_orders(world.book))
    return [fact.order_ref for fact in world.facts(OrderKept)[before:]]


def working(world: World) -> list[str]:
    return [row["order_ref"] for row in world.control.orders()]


def lost_and_found(world: World) -> None:
    world.control.lose_connectivity()
    world.control.restore_connectivity()


def test_an_order_that_stands_as_the_book_has_it_is_kept(world: World) -> None:
    refs = working(world)

    assert kept(world) == refs
    assert working(world) == refs


def changed_limit(world: World) -> None:
    """Let the broker show another limit than the book's, as if somebody had changed it in TWS."""
    (ref,) = working(world)
    order = world.book.orders[ref]
    contract = world.broker.contracts[order.con_id]  # type: ignore[attr-defined]
    wire = world.broker.wire  # type: ignore[attr-defined]
    row = OrderPlanned(
        con_id=order.con_id, symbol="ACME", action="BUY", quantity=order.quantity, reason="", held=Decimal(0),
        target=order.quantity, weight=Decimal(0), limit_price=Decimal("48.50"), order_ref=ref, algo_priority="Urgent",
    )  # fmt: skip
    wire.place(order.order_id, contract, wire.build(row))
    wire.echo()


def a_second_one(world: World) -> None:
    world.send("ACME", 10, LIMIT)


def a_double(world: World) -> None:
    (row,) = world.control.orders()
    client, ref = world.settings.client_id, row["order_ref"]
    world.control.foreign_order("ACME", "BUY", Decimal(100), Decimal(LIMIT), client_id=client, order_ref=ref)


def in_cancel_mode(world: World) -> None:
    wire = world.broker.wire  # type: ignore[attr-defined]
    wire.settings = replace(wire.settings, open_orders="cancel")


@pytest.mark.parametrize("doubt", [lost_and_found, changed_limit, a_second_one, a_double, in_cancel_mode])
def test_an_order_that_leaves_anything_to_doubt_is_cancelled(world: World, doubt: Callable[[World], None]) -> None:
    doubt(world)

    assert kept(world) == []
    assert working(world) == []
    assert world.book.working_orders == ()


def replanned(world: World, limit: str) -> OrderPlanned:
    """Plan the kept order at another limit, and allow it."""
    ((ref, order),) = ((order.order_ref, order) for order in world.book.kept_orders)
    row = OrderPlanned(
        con_id=order.con_id, symbol="ACME", action="BUY", quantity=order.remaining, reason="", held=Decimal(0),
        target=order.quantity, weight=Decimal(0), limit_price=Decimal(limit), order_ref=ref, algo_priority="Urgent",
    )  # fmt: skip
    world.ledger.record((row, *allowed()))
    return row


def test_a_change_names_every_term_again_and_the_broker_shows_it(world: World) -> None:
    kept(world)
    (before,) = world.control.dump()["orders"][-1:]

    world.ledger.record(world.broker.send(replanned(world, "49.10")))

    (after,) = world.control.dump()["orders"][-1:]
    assert after == {**before, "limit_price": "49.1"}
    assert world.facts(OrderModified)[-1].limit_price == Decimal("49.10")
    assert world.book.in_doubt == ()


def test_a_link_that_failed_since_the_order_was_kept_changes_nothing_and_leaves_nothing(world: World) -> None:
    kept(world)
    planned, tried = replanned(world, "49.10"), len(world.facts(OrderModifyAttempted))
    lost_and_found(world)
    world.broker.wire.echo()  # type: ignore[attr-defined]

    world.ledger.record(world.broker.send(planned))

    assert len(world.facts(OrderModifyAttempted)) == tried
    assert working(world) == []
    assert world.facts(OrderCancelAttempted)[-1].order_ref == planned.order_ref


def test_a_change_without_a_word_leaves_the_order_in_doubt_and_the_next_cycle_ends_it(world: World) -> None:
    kept(world)
    planned = replanned(world, "49.10")
    world.control.ignore("placeOrder")

    world.ledger.record(world.broker.send(planned))

    assert [order.order_ref for order in world.book.in_doubt] == [planned.order_ref]
    assert world.book.next_order is None
    world.start_cycle()
    world.ledger.record(world.broker.resolve(world.book))
    assert world.book.in_doubt == ()
    world.ledger.record(world.broker.clear_open_orders(world.book))
    assert working(world) == []


def alive(world: World) -> int:
    """How many orders live at the venue for the contract that has most."""
    return max(Counter(row["symbol"] for row in world.control.orders()).values(), default=0)


FAULTS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    *(("duplicate", (kind,)) for kind in ("openOrder", "orderStatus")),
    *(("drop", (kind,)) for kind in ("openOrder", "orderStatus", "openOrderEnd")),
    *(("delay", (kind, SHORT / 2)) for kind in ("openOrder", "orderStatus")),
    *(("ignore", (kind,)) for kind in ("placeOrder", "cancelOrder")),
    *(("disconnect_after", (kind,)) for kind in ("placeOrder", "cancelOrder", "reqAllOpenOrders")),
    ("change_fault", ("refuse",)),
    ("change_fault", ("double",)),
    ("lose_connectivity", ()),
    ("clear", ()),
    ("clear", ()),
)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_link_does_no_two_orders_for_a_contract_live_at_the_venue(world: World, seed: int) -> None:
    chance, changes = random.Random(seed), len(world.facts(OrderModifyAttempted))
    for step in range(8):
        fault, arguments = chance.choice(FAULTS)
        limit = f"48.{10 + step}"
        with suppress(BrokerProblem):
            kept(world)
            getattr(world.control, fault)(*arguments)
            if world.book.kept_orders:
                planned = replanned(world, limit)
                for fact in world.broker.send(planned):
                    world.ledger.record(fact if isinstance(fact, tuple) else (fact,))
                    assert alive(world) <= (2 if (fault, arguments) == ("change_fault", ("double",)) else 1)
            elif not world.book.in_doubt and not world.book.working_orders:
                world.send("ACME", 100, limit)
        in_peace(world)
        assert alive(world) <= 1
        assert world.book.in_doubt == ()
    assert len(world.facts(OrderModifyAttempted)) > changes


def in_peace(world: World) -> None:
    """Begin again over a whole link, and end every doubt."""
    world.hang_up()
    world.control.clear()
    world.control.restore_connectivity()
    world.start_cycle()
    world.connect()
    world.ledger.record(world.broker.resolve(world.book))
    if any(len(order.perm_ids) > 1 or order.change_asked for order in world.book.working_orders):
        world.ledger.record(world.broker.clear_open_orders(world.book))
