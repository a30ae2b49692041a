"""What bounds a single order: its size, lots, volume, what can be borrowed and paid."""

from __future__ import annotations

import pytest

from ledger.events import MarginObserved
from tests.trader.decisions import AAPL, IBM, D, contract, ingested, margin, quote, situation
from tests.trader.sizing.planning import plan, quantities

LOTS_OF_100 = contract(AAPL, size_min=D("100"), size_increment=D("100"))


@pytest.mark.parametrize(
    ("shares", "quantity", "reason"),
    [
        pytest.param("1000", "-449", "", id="all of it can be borrowed"),
        pytest.param("200", "-200", "", id="some of it"),
        pytest.param("0", "0", "0 can be borrowed", id="none of it"),
        pytest.param(None, "0", "nobody told that it can be borrowed", id="nobody says so"),
    ],
)
def test_no_more_is_sold_short_than_can_be_borrowed(shares: str | None, quantity: str, reason: str) -> None:
    quotes = [quote(AAPL, shortable=None if shares is None else D(shares)), quote(IBM)]

    row = plan(situation({AAPL: "-0.20", IBM: "0"}, quotes=quotes))[AAPL]

    assert row.quantity == D(quantity)
    assert reason in row.reason


def test_a_cash_account_buys_with_settled_cash_alone() -> None:
    cash = margin(settled_cash=D("15000"))
    book = situation({AAPL: "0.10", IBM: "0.10"}, instead={MarginObserved: [cash]})

    rows = plan(book, settled_cash_only=True)

    assert (rows[AAPL].action, rows[IBM].action) == ("BUY", "NOTHING")
    assert "of settled cash left" in rows[IBM].reason
    assert plan(book)[IBM].action == "BUY"


def test_one_order_is_kept_within_its_bounds() -> None:
    book = situation({AAPL: "0.30", IBM: "0.30"})

    by_notional = plan(book, order_notional_max="10000")
    by_share = plan(book, order_share_max="0.05")

    assert by_notional[AAPL].quantity == D("224")  # 224 x 44.52 = 9,972.48
    assert by_notional[AAPL].reason == "0.00 % of NAV held, 30.00 % wanted; 224 of 674 in this cycle"
    assert by_share[IBM].quantity == D("54")  # 54 x 92.52 = 4,996.08


def test_an_order_at_the_full_share_still_fits_at_its_limit_price() -> None:
    rows = plan(situation({AAPL: "0.30", IBM: "0.30"}))

    for row in rows.values():
        assert row.limit_price is not None
        assert row.quantity * row.limit_price <= D("30000")


def test_a_reduction_is_never_kept_within_an_order_s_bounds() -> None:
    book = situation({AAPL: "0", IBM: "0"}, held={AAPL: "2000"}, cash="11000")

    assert quantities(book, order_notional_max="1000", order_share_max="0.01")[AAPL] == D("-2000")


def test_a_bounded_flip_goes_at_least_as_far_as_flat() -> None:
    book = situation({AAPL: "-0.30", IBM: "0"}, held={AAPL: "1000"}, cash="55500")

    assert quantities(book, order_notional_max="1000")[AAPL] == D("-1000")


@pytest.mark.parametrize(
    ("held", "weight", "expected"),
    [("10.5", "0.20", "440"), ("10.5", "0", "-10"), ("-10.5", "0", "10"), ("-10.5", "0.20", "457"), ("0.5", "0", "0")],
)
def test_a_fraction_of_a_unit_that_is_held_is_never_ordered(held: str, weight: str, expected: str) -> None:
    book = situation({AAPL: weight, IBM: "0"}, held={AAPL: held})

    assert quantities(book)[AAPL] == D(expected)


def test_a_bounded_flip_of_a_fraction_orders_whole_units() -> None:
    book = situation({AAPL: "-0.20", IBM: "0"}, held={AAPL: "100.5"})

    assert quantities(book, order_notional_max=100)[AAPL] == D("-100")


def test_a_small_order_is_not_worth_its_commission() -> None:
    row = plan(situation({AAPL: "0.015", IBM: "0"}), min_order_notional="2000")[AAPL]

    assert (row.action, row.reason) == ("NOTHING", "an order of 1468.50, below the minimum of 2000")


@pytest.mark.parametrize(
    ("held", "weight", "expected", "reason"),
    [
        ("405", "0.20", "0", "drift 9.80 % of the position wanted, below the minimum of 10.00 %"),
        ("404", "0.20", "45", "17.98 % of NAV held, 20.00 % wanted"),
        ("494", "0.20", "-45", "21.98 % of NAV held, 20.00 % wanted"),
        ("30", "0", "-30", "1.34 % of NAV held, 0.00 % wanted"),
    ],
    ids=["less", "just as much", "downward", "to leave a position is always worth it"],
)
def test_a_drift_that_is_little_of_the_position_is_left_alone(
    held: str, weight: str, expected: str, reason: str
) -> None:
    book = situation({AAPL: weight, IBM: "0"}, held={AAPL: held}, cash=str(D("100000") - D(held) * D("44.50")))

    row = plan(book, min_drift="0.1")[AAPL]

    assert (row.quantity, row.reason) == (D(expected), reason)


@pytest.mark.parametrize(
    ("held", "weight", "expected", "reason"),
    [
        ("0", "0.20", "400", "0.00 % of NAV held, 20.00 % wanted"),
        ("150", "0", "-100", "6.68 % of NAV held, 0.00 % wanted; 50 held cannot be ordered: it trades in lots of 100"),
        ("50", "0", "0", "50 from the target: ordered in lots of 100, 100 at least"),
        ("0", "0.04", "0", "less than a lot is wanted"),
    ],
)
def test_a_contract_is_ordered_in_its_lots_and_what_is_no_lot_is_told(
    held: str, weight: str, expected: str, reason: str
) -> None:
    cash, holdings = str(D("100000") - D(held) * D("44.50")), {AAPL: held} if D(held) else {}
    row = plan(situation({AAPL: weight, IBM: "0"}, held=holdings, cash=cash, before=[LOTS_OF_100]))[AAPL]

    assert (row.quantity, row.reason) == (D(expected), reason)


def test_an_order_is_kept_within_its_share_of_the_volume() -> None:
    rows = plan(situation(also=[ingested("1000")]))

    assert rows[AAPL].quantity == D("50")
    assert rows[AAPL].reason.endswith("50 of 449 in this cycle")


def test_without_volume_a_contract_is_left_alone() -> None:
    rows = plan(situation(also=[ingested(None)]))

    assert rows[AAPL].reason == "no volume: no source told its volume"
