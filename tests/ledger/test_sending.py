"""Which planned order may leave next: reductions first, and what they pay for only once they have."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ledger.events import OrderPlanned
from ledger.orders import Order
from ledger.sending import deferred, in_line, next_planned, proceeds

D = Decimal
NOW = datetime(2005, 3, 1, 15, tzinfo=UTC)


def planned(name: str, held: str, quantity: str, needs: str = "0", price: str = "10") -> OrderPlanned:
    """An order of units that are worth 10 each, named by its symbol."""
    return OrderPlanned(
        con_id=ord(name), symbol=name, action="BUY" if D(quantity) > 0 else "SELL", quantity=D(quantity), reason="",
        held=D(held), target=D(held) + D(quantity), weight=D(0), order_ref=name,
        notional=abs(D(quantity)) * D(price), proceeds_needed=D(needs),
    )  # fmt: skip


def sent(row: OrderPlanned, filled: str, status: str = "working") -> dict[str, Order]:
    order = Order(row.symbol, row.con_id, row.quantity, None, 1, 1, NOW, date(2005, 3, 1))
    return {row.symbol: order.executed(D(filled), status)}


SELL = planned("S", "100", "-60")
BUY = planned("B", "0", "80", needs="300")
SMALL = planned("C", "5", "10")
SHORT = planned("T", "0", "-20")


def test_reductions_leave_first_then_short_sales_then_purchases() -> None:
    cover = planned("V", "-30", "30")

    assert in_line((BUY, SMALL, SHORT, cover, SELL)) == (cover, SELL, SHORT, BUY, SMALL)


@pytest.mark.parametrize(
    ("filled", "following"),
    [
        pytest.param("0", SMALL, id="nothing sold: only what needs nothing"),
        pytest.param("-29", SMALL, id="290 of 300"),
        pytest.param("-30", BUY, id="just enough"),
        pytest.param("-60", BUY, id="all sold"),
    ],
)
def test_a_purchase_waits_until_the_sales_have_brought_what_it_needs(filled: str, following: OrderPlanned) -> None:
    assert next_planned((BUY, SELL, SMALL), sent(SELL, filled)) == following


def test_what_waits_is_told_with_what_it_waits_for() -> None:
    orders = sent(SELL, "-29") | sent(SMALL, "10", "filled")

    [told] = deferred((BUY, SELL, SMALL), orders)

    assert (told.order_ref, told.reason) == ("B", "waits for proceeds of 300.00: 290.00 came")


def test_once_a_reduction_came_to_nothing_nothing_grows() -> None:
    orders = sent(SELL, "-40", "cancelled")

    assert next_planned((BUY, SELL, SMALL), orders) is None
    assert {told.reason for told in deferred((BUY, SELL, SMALL), orders)} == {
        "S, which was to shrink first, came to nothing"
    }


@pytest.mark.parametrize(
    ("row", "filled", "brought"),
    [
        pytest.param(planned("V", "-30", "30"), "20", "200", id="covering a short frees as selling does"),
        pytest.param(planned("F", "100", "-150"), "-50", "500", id="a flip frees as far as it leads"),
        pytest.param(planned("F", "100", "-150"), "-100", "500", id="what a flip takes again is not counted"),
        pytest.param(planned("F", "100", "-250"), "-100", "0", id="a flip that grows frees nothing"),
        pytest.param(SMALL, "10", "0", id="a purchase brings nothing"),
        pytest.param(planned("R", "3", "-3", price="0.333333"), "-1", "0.333333", id="to the last digit"),
    ],
)  # fmt: skip
def test_proceeds_are_what_the_gross_value_shrinks_by(row: OrderPlanned, filled: str, brought: str) -> None:
    assert proceeds((row,), sent(row, filled)) == D(brought)


def test_a_plan_of_an_older_log_that_tells_no_worth_lets_everything_leave() -> None:
    old = tuple(row.model_copy(update={"notional": None, "proceeds_needed": D(0)}) for row in (SELL, BUY))

    assert next_planned(old, sent(SELL, "0")) == old[1]
