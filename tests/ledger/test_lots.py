from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, localcontext
from itertools import pairwise
from random import Random

import pytest

from ledger.lots import EXACT, Holding, Matched, Trade, allocate
from tests.facts import START

D = Decimal
Step = tuple[str, str, str]  # units, price, commission as a magnitude


def trade(index: int, units: str, price: str, charged: str = "0") -> Trade:
    at = START + timedelta(seconds=index)
    return Trade(at, f"t{index:06}", 1, D(units), D(units) * D(price), -D(charged))


def after(*steps: Step, multiplier: int = 1) -> list[Holding]:
    """Return the holding after each step."""
    holding = Holding(1, "USD", D(multiplier))
    course = []
    for index, (units, price, charged) in enumerate(steps):
        one = trade(index, units, price, charged)
        holding = holding.with_entry(
            Trade(one.at, one.execution, 1, one.quantity, one.gross * multiplier, one.commission)
        )
        course.append(holding)
    return course


# Vectors


def test_gv1_a_long_option_costs_what_was_paid_with_its_commission() -> None:
    (held,) = after(("3", "2.92", "0.9314"), multiplier=100)

    assert (held.basis, held.realised) == (D("876.9314"), D(0))
    assert held.quantity * 100 * D("3.08") - held.gross_basis == D("48.00")


def test_gv2_a_close_realises_proceeds_commission_and_the_opening_basis() -> None:
    bought = Trade(START, "open", 1, D(8), D("10.853621"))
    sold = Trade(START + timedelta(days=1), "close", 1, D(-8), D("-11.2"), D("-0.00680792"))

    held = Holding(1, "USD", D(1)).with_entry(bought).with_entry(sold)

    assert (held.realised, held.quantity, held.lots) == (D("0.33957108"), D(0), ())


def test_gv3_a_short_lot_has_its_net_proceeds_as_negative_basis() -> None:
    (held,) = after(("-1", "0.53", "3.5"), multiplier=100)

    assert (held.basis, held.quantity) == (D("-49.5"), D(-1))


@pytest.mark.parametrize(
    ("units", "basis", "value", "unrealised"),
    [
        pytest.param("-100", "-3440.5", "-3553", "-112.5", id="GV4"),
        pytest.param("-75", "-8190.802777", "-1456.5", "6734.302777", id="GV5"),
    ],
)
def test_a_short_gains_when_its_value_falls(units: str, basis: str, value: str, unrealised: str) -> None:
    held = Holding(1, "USD", D(1)).with_entry(Trade(START, "open", 1, D(units), D(basis)))

    assert D(value) - held.basis == D(unrealised)


GV9: tuple[Step, ...] = (
    ("100", "10", "1"),
    ("100", "12", "1"),
    ("100", "11", "1"),
    ("-150", "13", "1.5"),
    ("-250", "11", "2.5"),  # flips to -100
    ("60", "9", "0.6"),
    ("100", "9.5", "1"),  # flips to +60
)


def test_gv9_first_in_first_out_through_partial_closes_and_flips() -> None:
    course = after(*GV9)
    realised = [held.realised for held in course]

    assert [held.quantity for held in course] == [100, 200, 300, 150, -100, -40, 60]
    assert [now - before for before, now in pairwise(realised)] == [
        0, 0, 347, -53, D("118.8"), D("59.2"),
    ]  # fmt: skip
    assert [held.basis for held in course] == [
        1001, 2202, 3303, D("1701.5"), -1099, D("-439.6"), D("570.6"),
    ]  # fmt: skip
    assert realised[-1] == 472


def test_a_flip_splits_its_commission_by_quantity() -> None:
    _, flipped = after(("150", "10", "0"), ("-250", "11", "2.5"))

    assert flipped.realised_commission == D("-1.5")
    assert [(lot.quantity, lot.gross, lot.commission) for lot in flipped.lots] == [(D(-100), D(-1100), D(-1))]
    assert flipped.basis == -1099


# Allocation


def test_a_share_is_quantised_and_the_remainder_stays_in_the_open_lot() -> None:
    _, held = after(("3", "10", "1"), ("-1", "10", "0"))

    (lot,) = held.lots
    assert held.realised_commission == D("-0.3333333333")
    assert lot.commission == D("-0.6666666667")


def test_lots_sold_one_by_one_leave_nothing_behind() -> None:
    held = after(("7", "3.3333333", "1"), *[("-1", "4", "0.1")] * 7)[-1]

    assert (held.quantity, held.lots, held.gross_basis, held.commission) == (D(0), (), D(0), D(0))
    assert held.realised == 28 - D("23.3333331") - 1 - D("0.7")


def test_the_whole_is_allocated_without_rounding() -> None:
    assert allocate(D("1.000000000000001"), D(5), D(5)) == D("1.000000000000001")


def test_half_a_unit_of_the_last_place_goes_to_the_even_side() -> None:
    assert allocate(D("0.0000000001"), D(1), D(2)) == 0
    assert allocate(D("0.0000000003"), D(1), D(2)) == D("0.0000000002")


def test_totals_do_not_depend_on_the_callers_decimal_context() -> None:
    fine, charged = D("0.12345678901234567890123456789"), D("-0.12345678901234567890123456789")
    with localcontext(prec=5):
        held = Holding(1, "USD", D(1)).with_entry(Trade(START, "a", 1, D(3), fine, charged))
        held = held.with_entry(Trade(START, "b", 1, D("1E+9"), D("1E+9"), D(0)))

        assert held.gross_basis == D("1000000000.12345678901234567890123456789")
        assert held.basis == D("1000000000.24691357802469135780246913578")


# Late facts


def test_a_late_trade_is_matched_where_it_belongs() -> None:
    in_order = Holding(1, "USD", D(1))
    for index, (units, price, charged) in enumerate(GV9):
        in_order = in_order.with_entry(trade(index, units, price, charged))

    late = Holding(1, "USD", D(1))
    for index in (0, 2, 3, 6, 5, 1, 4):
        late = late.with_entry(trade(index, *GV9[index]))

    assert late == in_order
    assert (late.lots, late.realised) == (in_order.lots, in_order.realised)


def test_a_late_commission_is_the_same_as_one_in_time() -> None:
    in_time = after(*GV9)[-1]

    late = after(*[(units, price, "0") for units, price, _ in GV9])[-1]
    for index in (6, 0, 4, 2, 3, 5, 1):
        late = late.with_commission(f"t{index:06}", -D(GV9[index][2]))

    assert late == in_time
    assert (late.lots, late.realised_commission) == (in_time.lots, in_time.realised_commission)


def test_taking_a_trade_out_leaves_the_book_as_if_it_never_was() -> None:
    with_it, without = after(*GV9)[-1], Holding(1, "USD", D(1))
    for index in (0, 1, 2, 3, 5, 6):
        without = without.with_entry(trade(index, *GV9[index]))

    assert with_it.without_entry("t000004") == without
    assert with_it.without_entry("t000004").lots == without.lots


def test_an_execution_that_is_not_there_cannot_be_taken_out() -> None:
    with pytest.raises(KeyError):
        after(*GV9)[-1].without_entry("nobody's")


def test_trades_of_one_second_are_ordered_by_execution_and_revision() -> None:
    first, second = (Trade(START, name, 1, D(1), D(price)) for name, price in (("a", 10), ("b", 20)))
    sale = Trade(START + timedelta(seconds=1), "c", 1, D(-1), D(-30))

    held = Holding(1, "USD", D(1)).with_entry(second).with_entry(sale).with_entry(first)

    assert held.realised_gross == 20
    assert [lot.execution for lot in held.lots] == ["b"]


def test_a_very_long_history_is_matched_and_let_go_of() -> None:
    random, held, sum_of_gross = Random(1), Holding(1, "USD", D(1)), D(0)
    with localcontext(EXACT):
        for index in range(50_000):
            one = trade(index, str(random.randint(1, 9) * random.choice((1, 1, -1))), "10.01", "0.01")
            sum_of_gross += one.gross
            held = held.with_entry(one)

        assert held.gross_basis - sum_of_gross == held.realised_gross
        assert held.quantity == sum((lot.quantity for lot in held.lots), D(0)) > 0
        assert held.gross_basis == sum((lot.gross for lot in held.lots), D(0))
        assert len(held.trades) == 50_000


def test_a_flat_contract_holds_nothing() -> None:
    assert Matched().lots == ()
    assert Holding(1, "USD", D(1)).realised == 0


@pytest.mark.parametrize(
    "course",
    [
        pytest.param((("10", "5", "1"),), id="it opened"),
        pytest.param((("10", "5", "1"), ("4", "6", "0.7")), id="it opened beside another"),
        pytest.param((("10", "5", "1"), ("-4", "6", "0.7")), id="it closed a part"),
        pytest.param((("10", "5", "1"), ("3", "5", "1"), ("-13", "6", "0.7")), id="it closed all"),
        pytest.param((("10", "5", "1"), ("-13", "6", "0.7")), id="it closed and opened"),
        pytest.param((("-10", "5", "1"), ("-3", "5", "1"), ("11", "6", "0.7")), id="it closed shorts"),
    ],
)
def test_a_commission_that_comes_after_its_fill_leaves_what_it_leaves_at_once(course: tuple[Step, ...]) -> None:
    at_once = after(*course)[-1]
    (units, price, commission) = course[-1]

    pending = after(*course[:-1], (units, price, "0"))[-1]
    charged = pending.with_commission(f"t{len(course) - 1:06}", -D(commission))

    assert charged == at_once
    assert (charged.lots, charged.commission, charged.realised_commission, charged.realised_gross) == (
        at_once.lots, at_once.commission, at_once.realised_commission, at_once.realised_gross,
    )  # fmt: skip
    assert charged.with_commission(f"t{len(course) - 1:06}", D(0)).lots == pending.lots
