"""What is sold short must be lent: the broker says how much, and what it does not say is nothing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.trader.cycles.world import TUESDAY, fixed, world


@pytest.mark.parametrize(
    ("shares", "sold"),
    [
        pytest.param(1_000, ["-400"], id="enough of it"),
        pytest.param(150, ["-150"], id="as much as is lent"),
        pytest.param(0, [], id="nothing"),
        pytest.param(None, [], id="the broker does not say"),
    ],
)
def test_no_more_is_sold_short_than_the_broker_lends(tmp_path: Path, shares: int | None, sold: list[str]) -> None:
    short = fixed(ACME="-0.2", WAVE="0")
    with world(tmp_path, strategy=short, broker={"request_timeout_seconds": 1}) as made:
        made.control.borrow("ACME", shares)
        made.advance_to(TUESDAY, 0)

        assert made.trade() == 0

        assert [order.quantity for order in made.orders()] == [Decimal(quantity) for quantity in sold]
        assert len(made.at_venue()) == len(sold)
