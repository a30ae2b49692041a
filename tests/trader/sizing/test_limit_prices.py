"""Where a limit stands, and orders that have none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ledger.events import OrderPlanned, PriceIncrement
from tests.trader.decisions import AAPL, CLOSED, IBM, UNIVERSE, D, contract, quote, situation
from tests.trader.sizing.planning import plan
from trader.limits import Limits
from trader.sizing import Sizing, plan_orders


@pytest.mark.parametrize(
    ("weight", "changes", "expected"),
    [
        pytest.param("0.20", {}, "44.52", id="purchase: two ticks above the ask"),
        pytest.param("-0.20", {}, "44.47", id="sale: two ticks below the bid"),
        pytest.param("0.20", {"last": D("42.40")}, "44.52", id="just inside the collar"),
        pytest.param("0.20", {"last": D("42.385")}, "44.50", id="cut to the collar, down to a tick"),
        pytest.param("-0.20", {"last": D("46.83")}, "44.49", id="sale: cut to the collar, up to a tick"),
        pytest.param("0.20", {"close": D("35.60")}, "44.50", id="cut to the collar around the close"),
    ],
)
def test_the_limit_stands_a_few_ticks_through_the_touch_inside_the_collar(
    weight: str, changes: dict[str, object], expected: str
) -> None:
    book = situation({AAPL: weight, IBM: "0"}, quotes=[quote(AAPL, **changes), quote(IBM)])

    assert plan(book)[AAPL].limit_price == D(expected)


def test_the_limit_stands_on_a_tick_of_the_contract() -> None:
    book = situation(before=[contract(AAPL, min_tick=D("0.05"))], quotes=[quote(AAPL, ask=D("44.52")), quote(IBM)])

    assert plan(book)[AAPL].limit_price == D("44.60")


def test_the_limit_stands_on_the_increment_of_its_own_price() -> None:
    bands = [PriceIncrement(from_price=D(low), increment=D(step)) for low, step in (("0", "0.01"), ("44.51", "0.05"))]
    book = situation(before=[contract(AAPL, price_increments=tuple(bands))])

    assert plan(book)[AAPL].limit_price == D("44.50")  # 44.52 by cents, which only the prices below 44.51 have


def test_an_order_s_reference_names_account_cycle_contract_and_side() -> None:
    book = situation()
    assert book.cycle is not None

    row = plan(book)[AAPL]

    assert row.order_ref == f"tb-DU1000001-{book.cycle.seq}-{book.cycle.hash[:4]}-265598-B-1"


@pytest.mark.parametrize("order_type", ["MKT", "MOC"])
def test_an_order_without_a_limit_is_bounded_by_what_it_would_pay_at_the_touch(order_type: Any) -> None:
    book = situation({AAPL: "0.20", IBM: "0"}, quotes=(quote(AAPL, ask=D("44.90")), quote(IBM)))
    sizing = Sizing(UNIVERSE, Limits.model_validate({"order_notional_max": "8980"}), order_type=order_type)

    (row,) = (fact for fact in plan_orders(book, sizing) if isinstance(fact, OrderPlanned) and fact.con_id == AAPL)

    assert (row.order_type, row.limit_price, row.algo, row.quantity) == (order_type, None, "", D("200"))


def test_a_quarter_of_an_hour_before_the_close_nothing_more_is_planned_for_it() -> None:
    book = situation({AAPL: "0.20", IBM: "0"}, now=CLOSED - timedelta(minutes=15))
    rows = plan_orders(book, Sizing(UNIVERSE, Limits(), order_type="MOC"))

    assert [fact.reason for fact in rows if isinstance(fact, OrderPlanned)] == [
        "too late for an order at the close: placed until 20:45 UTC"
    ] * 2
