from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.slippage import Slippage, decided_price, slippage
from tests.facts import AAPL, ES, SPY, attempted, bought, cycle_started, replay, sold, trading_allowed

REF = "tb-DU1000001-1-aaaa-1-B-1"


def filled(*parts: str, quantity: str = "10", decided: str | None = "400.00", what: object = SPY) -> Book:
    """An order decided at a price, and what it filled at, a unit or ten a part."""
    order = attempted(REF, what, quantity).model_copy(  # type: ignore[arg-type]
        update={"reference_price": None if decided is None else Decimal(decided)}
    )
    each = str(abs(Decimal(quantity)) / len(parts))
    fill = bought if Decimal(quantity) > 0 else sold
    fills = (
        fill(what, each, price, execution=f"a{number}.01", order_ref=REF)  # type: ignore[arg-type]
        for number, price in enumerate(parts)
    )
    return replay([cycle_started(), *trading_allowed(), order, *fills])


@pytest.mark.parametrize(
    ("quantity", "price", "money", "points"),
    [
        pytest.param("10", "400.20", "2", "5", id="a purchase that was dearer"),
        pytest.param("10", "399.80", "-2", "-5", id="a purchase that was cheaper"),
        pytest.param("-10", "399.80", "2", "5", id="a sale that brought less"),
        pytest.param("-10", "400.20", "-2", "-5", id="a sale that brought more"),
        pytest.param("10", "400.00", "0", "0", id="as decided"),
    ],
)
def test_slippage_is_positive_where_the_fill_was_worse_than_decided(
    quantity: str, price: str, money: str, points: str
) -> None:
    book = filled(price, quantity=quantity)

    cost = slippage(book, book.fills.values())

    assert cost == Slippage(Decimal(4000), Decimal(money))
    assert cost.basis_points == Decimal(points)


def test_the_parts_of_an_order_cost_together_what_each_costs() -> None:
    book = filled("400.20", "400.00", "399.90", "400.30", quantity="40")

    assert slippage(book, book.fills.values()) == Slippage(Decimal(16_000), Decimal(4))


def test_a_future_slips_by_its_multiplier() -> None:
    book = filled("4000.25", quantity="2", decided="4000.00", what=ES)

    assert slippage(book, book.fills.values()) == Slippage(Decimal(400_000), Decimal(25))


def test_without_a_recorded_price_slippage_is_unknown_and_not_zero() -> None:
    book = filled("400.20", decided=None)
    foreign = replay([bought(AAPL, "5", "40", execution="f.01")])

    assert slippage(book, book.fills.values()) is None
    assert slippage(foreign, foreign.fills.values()) is None
    assert decided_price(foreign, *foreign.fills.values()) is None
