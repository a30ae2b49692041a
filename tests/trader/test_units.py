"""In which lots a contract is ordered, and at which prices."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events import ContractDefined, PriceIncrement
from tests.trader.decisions import AAPL, D, contract
from trader.sizing.units import in_lots, increment_at, least_of, lot_of, price_above, price_below

BANDS = ((D("0"), D("0.0001")), (D("1"), D("0.01")), (D("40"), D("0.05")))
ODD = ((D("0"), D("0.03")), (D("1"), D("0.4")), (D("10"), D("7")))  # bands that begin off their own increments


def banded(bands: tuple[tuple[Decimal, Decimal], ...], **changes: object) -> ContractDefined:
    rows = tuple(PriceIncrement(from_price=start, increment=increment) for start, increment in bands)
    return contract(AAPL, price_increments=rows, **changes)


@pytest.mark.parametrize(
    ("price", "below", "above"),
    [
        pytest.param("0.52345", "0.5234", "0.5235", id="in the first band"),
        pytest.param("12.345", "12.34", "12.35", id="in the second"),
        pytest.param("40.07", "40.05", "40.1", id="in the last"),
        pytest.param("40.05", "40.05", "40.05", id="on an increment"),
        pytest.param("39.999", "39.99", "40", id="up into the next band"),
        pytest.param("0.99995", "0.9999", "1", id="the same from the first"),
        pytest.param("40", "40", "40", id="where a band begins"),
    ],
)
def test_a_price_lies_on_the_increment_of_its_own_band(price: str, below: str, above: str) -> None:
    assert (price_below(banded(BANDS), D(price)), price_above(banded(BANDS), D(price))) == (D(below), D(above))


@pytest.mark.parametrize(
    ("price", "below", "above"), [("1.1", "0.99", "1.2"), ("11", "9.6", "14"), ("9.9", "9.6", "14")]
)
def test_a_band_that_begins_off_its_increments_has_a_gap(price: str, below: str, above: str) -> None:
    assert (price_below(banded(ODD), D(price)), price_above(banded(ODD), D(price))) == (D(below), D(above))


@given(price=st.decimals("0.001", "100", places=5, allow_nan=False), bands=st.sampled_from([BANDS, ODD]))
def test_both_ends_stand_where_the_venue_takes_them(price: Decimal, bands: tuple[tuple[Decimal, Decimal], ...]) -> None:
    told = banded(bands)
    below, above = price_below(told, price), price_above(told, price)

    assert below <= price <= above
    assert below % increment_at(told, below) == above % increment_at(told, above) == 0


def test_without_a_rule_every_price_lies_on_the_tick() -> None:
    told = contract(AAPL, min_tick=D("0.05"))

    assert (price_below(told, D("44.56")), price_above(told, D("44.56"))) == (D("44.55"), D("44.6"))


@pytest.mark.parametrize(
    ("told", "quantity", "ordered"),
    [
        pytest.param({}, "10.7", "10", id="nothing told: whole units"),
        pytest.param({"size_min": D("0.0001"), "size_increment": D("0.0001")}, "-10.7", "-10", id="fractions held"),
        pytest.param({"size_min": D("100"), "size_increment": D("100")}, "-350", "-300", id="lots of a hundred"),
        pytest.param({"size_min": D("500"), "size_increment": D("100")}, "499", "0", id="less than the least"),
        pytest.param({"size_min": D("500"), "size_increment": D("100")}, "680", "600", id="more than the least"),
    ],
)
def test_what_is_ordered_is_whole_lots_toward_zero(told: dict[str, Decimal], quantity: str, ordered: str) -> None:
    assert in_lots(contract(AAPL, **told), D(quantity)) == D(ordered)


def test_of_a_contract_that_is_not_defined_whole_units_are_ordered() -> None:
    assert (lot_of(None), least_of(None)) == (D("1"), D("1"))
