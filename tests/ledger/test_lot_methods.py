"""First in, last in, highest cost, average, specific: the golden vectors, and what no method may get wrong."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from ledger.lots import Holding, Named, Trade, disposals
from tests.facts import START

D = Decimal
Step = tuple[str, str, str]  # units, price, commission as a magnitude

GV9: tuple[Step, ...] = (
    ("100", "10", "1"),
    ("100", "12", "1"),
    ("100", "11", "1"),
    ("-150", "13", "1.5"),
    ("-250", "11", "2.5"),  # flips to -100
    ("60", "9", "0.6"),  # covers a part
    ("100", "9.5", "1"),  # flips to +60
)
GV10: tuple[Step, ...] = (
    ("100", "10", "1"), ("100", "12", "1"), ("-150", "13", "1.5"), ("-100", "11", "1"), ("50", "9", "0.5")
)  # fmt: skip


def course(steps: tuple[Step, ...], method: str = "fifo", multiplier: int = 1, named: Named = ()) -> list[Holding]:
    """Return the holding after each step."""
    holding, after = Holding(1, "USD", D(multiplier)), list[Holding]()
    for index, (units, price, charged) in enumerate(steps):
        gross = D(units) * D(price) * multiplier
        at = START + timedelta(seconds=index)
        holding = holding.with_entry(Trade(at, f"t{index}", 1, D(units), gross, -D(charged), method, named))
        after.append(holding)
    return after


def changes(held: list[Holding]) -> list[Decimal]:
    realised = [one.realised for one in held]
    return [now - before for before, now in pairwise(realised)]


@pytest.mark.parametrize(
    ("method", "first", "second", "basis"),
    [
        ("fifo", "347", "-53", "1701.5"),  # 11.343333... a unit
        ("lifo", "247", "47", "1601.5"),  # 10.676666...
        ("hifo", "197", "97", "1551.5"),  # 10.343333...
        ("average", "297", "-3", "1651.5"),  # 11.01
    ],
)
def test_gv09_partial_closes_and_flips_by_each_method(method: str, first: str, second: str, basis: str) -> None:
    held = course(GV9, method)

    assert changes(held) == [0, 0, D(first), D(second), D("118.8"), D("59.2")]
    assert [one.quantity for one in held] == [100, 200, 300, 150, -100, -40, 60]
    assert [one.basis for one in held[3:]] == [D(basis), -1099, D("-439.6"), D("570.6")]
    assert held[-1].realised == 472


@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo", "average", "specific"])
def test_gv09_cash_and_signed_basis_are_what_was_realised_at_every_step(method: str) -> None:
    cash = D(0)
    for (units, price, charged), held in zip(GV9, course(GV9, method), strict=True):
        cash -= D(units) * D(price) + D(charged)

        assert cash + held.basis == held.realised


@pytest.mark.parametrize(
    ("method", "realised"),
    [("fifo", (347, -51, 99)), ("lifo", (247, 49, 99)), ("hifo", (247, 49, 99)), ("average", (297, -1, 99))],
)
def test_gv10_two_lots_by_each_method(method: str, realised: tuple[int, ...]) -> None:
    held = course(GV10, method)

    assert changes(held)[1:] == list(realised)
    assert (held[-1].realised, held[-1].quantity) == (D(395), D(0))


def test_gv11_a_future_flips_from_short_to_long() -> None:
    short, flipped = course((("-2", "5000", "4.5"), ("3", "4990", "6.75")), multiplier=50)

    assert short.basis / short.quantity == D("249997.75")
    assert (flipped.realised, flipped.quantity) == (D(991), D(1))
    assert flipped.basis == D("249502.25")


# What each method takes


def test_of_equal_costs_the_oldest_goes_first() -> None:
    held = course((("10", "5", "1"), ("20", "5", "2"), ("10", "5", "1"), ("-15", "6", "0")), "hifo")[-1]

    assert [(lot.execution, lot.quantity) for lot in held.lots] == [("t1", D(15)), ("t2", D(10))]


def test_the_highest_cost_counts_the_commission() -> None:
    held = course((("10", "5", "1"), ("10", "5", "2"), ("-5", "6", "0")), "hifo")[-1]

    assert [(lot.execution, lot.quantity) for lot in held.lots] == [("t0", D(10)), ("t1", D(5))]


def test_of_short_lots_the_lowest_net_proceeds_go_first() -> None:
    held = course((("-10", "5", "0"), ("-10", "4", "0"), ("-10", "6", "0"), ("12", "5", "0")), "hifo")[-1]

    assert [(lot.execution, lot.quantity) for lot in held.lots] == [("t0", D(-8)), ("t2", D(-10))]
    assert held.realised == -10


def test_an_average_makes_one_lot_as_old_as_the_oldest() -> None:
    held = course((("10", "5", "1"), ("30", "9", "1"), ("-8", "9", "0")), "average")[-1]

    (lot,) = held.lots
    assert (lot.execution, lot.opened_at, lot.quantity, lot.gross) == ("t0", START, D(32), D(256))


def test_the_named_lots_go_first_and_then_the_oldest() -> None:
    steps = (("10", "5", "0"), ("10", "6", "0"), ("10", "7", "0"), ("-14", "8", "0"))

    held = course(steps, "specific", named=(("t2", D(4)), ("t1", D(3))))[-1]

    assert [(lot.execution, lot.quantity) for lot in held.lots] == [("t0", D(3)), ("t1", D(7)), ("t2", D(6))]
    assert held.realised == 14 * 8 - 4 * 7 - 3 * 6 - 7 * 5


def test_a_named_lot_gives_no_more_than_it_has_and_one_that_is_not_open_nothing() -> None:
    steps = (("10", "5", "0"), ("10", "6", "0"), ("-12", "8", "0"))

    held = course(steps, "specific", named=(("nobody's", D(5)), ("t1", D(11))))[-1]

    assert [(lot.execution, lot.quantity) for lot in held.lots] == [("t0", D(8))]


def test_a_sale_that_names_more_than_it_sells_takes_what_it_sells() -> None:
    held = course((("10", "5", "0"), ("10", "6", "0"), ("-2", "8", "0")), "specific", named=(("t1", D(9)),))[-1]

    assert [(lot.execution, lot.quantity) for lot in held.lots] == [("t0", D(10)), ("t1", D(8))]


def test_each_trade_closes_by_the_method_of_its_own_day() -> None:
    opened = course((("10", "5", "0"), ("10", "6", "0"), ("10", "7", "0")))[-1]
    last_in = Trade(START + timedelta(seconds=10), "a", 1, D(-10), D(-80), D(0), "lifo")
    first_in = Trade(START + timedelta(seconds=11), "b", 1, D(-10), D(-80), D(0), "fifo")
    late = Trade(START + timedelta(seconds=3), "late", 1, D(1), D(4))

    held = opened.with_entry(first_in).with_entry(last_in).with_entry(late)

    assert [(one.opened_by, one.quantity, one.realised) for one in disposals(held)] == [
        ("t2", D(9), D(72 - 63)), ("late", D(1), D(8 - 4)), ("t0", D(10), D(80 - 50)),
    ]  # fmt: skip


def test_a_method_that_nobody_wrote_is_refused() -> None:
    with pytest.raises(KeyError):
        course((("10", "5", "0"), ("-1", "6", "0")), "dearest")
