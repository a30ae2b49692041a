"""In what steps an exchange prices and sizes orders: what the plan makes of it, and what the venue takes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import OrderPlanned, OrderRejected
from tests.trader import broker_world
from tests.trader.cycles.world import TUESDAY, World, world
from trader import exits

RULES = "ticker,type,tick,lot\nACME,STK,0.01 0.05@40,\nWAVE,STK,,100\n"  # from 40.00 on in steps of 0.05


@pytest.fixture
def ruled(tmp_path: Path) -> Iterator[World]:
    """ACME stands at 50.00, ask 50.05; WAVE trades in lots of a hundred."""
    (tmp_path / "venue").mkdir()
    (tmp_path / "venue" / "contracts.csv").write_text(RULES, encoding="utf-8")
    with world(tmp_path) as made:
        yield made


def test_orders_stand_where_the_exchange_takes_them_in_lots_that_it_trades(ruled: World) -> None:
    ruled.want(ACME="0.5", WAVE="0.25")
    ruled.advance_to(TUESDAY, 0)

    assert ruled.trade() == exits.FINE

    acme, wave = ruled.facts(OrderPlanned)
    assert (acme.limit_price, acme.quantity) == (Decimal("50.15"), Decimal(1000))  # two increments above the ask
    assert wave.quantity == Decimal(800)
    assert ruled.held() == {"ACME": Decimal(1000), "WAVE": Decimal(800)}
    assert ruled.apart() == ()


def test_by_the_smallest_tick_alone_the_exchange_refuses(tmp_path: Path) -> None:
    (tmp_path / "bars").mkdir()
    (tmp_path / "bars" / "contracts.csv").write_text("ticker,type,tick\nACME,STK,0.01 0.05@40\n", encoding="utf-8")
    with broker_world.world(tmp_path) as bare:
        bare.connect()
        assert bare.book.contracts[bare.con_id("ACME")].min_tick == Decimal("0.01")
        refused = bare.send("ACME", 10, "50.07")
        taken = bare.send("ACME", 10, "50.15")

        assert [(told.order_ref, told.code) for told in bare.facts(OrderRejected)] == [(refused, 110)]
        assert bare.book.orders[taken].perm_ids
