"""The long layouts have as many fields as those of a real TWS."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from trader.simulator.contracts import Contract
from trader.simulator.messages_orders import completed_order, open_order, order_status
from trader.simulator.orders import Order, OrderRequest

ACME = Contract(1234, "ACME", long_name="ACME CORP")
REQUEST = OrderRequest(41, 41, 1234, "DU1000001", "BUY", Decimal(100), "LMT", Decimal("50.01"))
MOMENT = datetime(2005, 3, 1, 14, 35, tzinfo=UTC)
ORDER = Order(REQUEST, 71270927, "Cancelled", MOMENT, completed_at=MOMENT, completed_status="Cancelled by Trader")


@pytest.mark.parametrize(("version", "count"), [(162, 131), (169, 131), (170, 136), (176, 136), (178, 135)])
def test_open_order(version: int, count: int) -> None:
    assert len(open_order(ORDER, ACME, version)) == count


@pytest.mark.parametrize(("version", "count"), [(169, 96), (170, 101), (176, 101), (178, 100)])
def test_completed_order(version: int, count: int) -> None:
    assert len(completed_order(ORDER, ACME, version)) == count


def test_order_status() -> None:
    captured = "3|41|Cancelled|0|100|0|71270927|0|0|41||0"  # of a real TWS, but for the client's id

    written = order_status(ORDER, 176)

    assert [field.removesuffix(".0") for field in written] == captured.split("|")
