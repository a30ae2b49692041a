"""A session that breaks at any message: the next one loses no order, doubles none, and agrees with the broker."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from tests.trader.broker_world import World, world
from trader.broker import BrokerProblem

REQUESTS = (
    *("placeOrder", "cancelOrder", "reqAllOpenOrders", "reqCompletedOrders", "reqExecutions"),
    *("reqAccountUpdates", "reqPositions", "reqCurrentTime"),
)
BREAKS = ("closed before its answer", "closed after its answer", "held back", "ignored")
SHORT = 0.4  # real seconds until an answer counts as missing


def break_at(made: World, request: str, how: str) -> None:
    """Let the next request of a kind break the session."""
    match how:
        case "closed before its answer":
            made.control.disconnect_after(request)
        case "closed after its answer":
            made.control.disconnect_after(request, answered=True)
        case "held back":
            made.control.hold_after(request)
        case _:
            made.control.ignore(request)


def trade(made: World) -> None:
    """Clear the order of the cycle before, and send another."""
    made.ledger.record(made.broker.resolve(made.book))
    made.ledger.record(made.broker.clear_open_orders(made.book))
    made.ledger.record(made.broker.observe(made.book))
    made.send("ACME", 100, "50.05")
    made.ledger.record(made.broker.wait_for_fills(made.book))
    made.ledger.record(made.broker.observe(made.book))


@pytest.mark.parametrize("request_kind", REQUESTS)
@pytest.mark.parametrize("how", BREAKS)
def test_the_next_session_brings_every_order_to_its_end(tmp_path: Path, request_kind: str, how: str) -> None:
    with world(tmp_path, request_timeout_seconds=SHORT, acknowledge_timeout_seconds=SHORT, request_attempts=1) as made:
        made.connect()
        made.send("MOVE", 100, "20")
        break_at(made, request_kind, how)
        try:
            trade(made)
        except BrokerProblem:
            made.ledger.record(made.broker.drain())
        made.hang_up()
        made.control.clear()
        made.control.advance(seconds=300)
        made.start_cycle()

        made.connect(request_timeout_seconds=10.0, acknowledge_timeout_seconds=10.0)
        made.ledger.record(made.broker.resolve(made.book))
        made.ledger.record(made.broker.clear_open_orders(made.book))
        made.ledger.record(made.broker.observe(made.book))

        dump = made.control.dump()
        placed = Counter(order["order_ref"] for order in dump["orders"])
        assert made.control.orders() == []
        assert made.book.working_orders == ()
        assert set(placed) <= set(made.book.orders)
        assert set(placed.values()) <= {1}
        assert made.book.positions == {int(k): Decimal(row["quantity"]) for k, row in dump["positions"].items()}
        assert made.book.cash == {"USD": Decimal(dump["cash"]["USD"])}
        assert made.book.pending_commissions == ()
