"""What pages are made of: profits, limits, orders and pictures, each by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from ledger.events import VerdictRow
from queries.pages.drawing import Curve, Mark, bars, curves, spark
from queries.pages.limits import Nearest, used
from queries.pages.orders import Cost, Execution, Order, filled_share, middle, slowest_but_few
from queries.pages.profits import Held, Profit, profits, together, total
from queries.strategies import Account

D = Decimal
SENT = datetime(2005, 3, 1, 14, 35, tzinfo=UTC)
DAY = date(2005, 3, 1)


# What contracts and strategies made


def held(units: str, value: str | None, flows: str) -> Held:
    return Held(D(units), None if value is None else D(value), D(flows))


def test_what_was_made_is_what_it_is_worth_was_worth_and_what_money_moved() -> None:
    opening = {Account("a", 1, "USD"): held("10", "100", "-90")}
    closing = {Account("a", 1, "USD"): held("5", "60", "-35"), Account("b", 2, "EUR"): held("1", "20", "-19")}

    first, second = profits(opening, closing, {"USD": D(1), "EUR": D("1.5")})

    assert (first.before, first.after, first.profit, first.in_base) == (D(10), D(5), D(15), D(15))
    assert (second.strategy, second.profit, second.in_base) == ("b", D(1), D("1.5"))
    assert total((first, second)) == D("16.5")
    assert [each.strategy for each in together((second, first), lambda each: each.strategy)] == ["a", "b"]


def test_without_a_mark_or_a_rate_nothing_is_said_of_it_nor_of_the_sum() -> None:
    unmarked, unrated = profits(
        {}, {Account("", 1, "USD"): held("1", None, "-5"), Account("", 2, "CHF"): held("1", "9", "-5")}, {"USD": D(1)}
    )

    assert (unmarked.profit, unmarked.in_base) == (None, None)
    assert (unrated.profit, unrated.in_base) == (D(4), None)
    assert total((unmarked, unrated)) is None


def test_what_neither_moved_nor_is_held_is_left_out() -> None:
    still = {Account("", 1, "USD"): held("0", "0", "12")}

    assert profits(still, still, {"USD": D(1)}) == ()


def test_one_name_is_added_up() -> None:
    parts = (
        Profit("a", 1, "USD", D(1), D(2), D(20), D(3), D(3)),
        Profit("b", 1, "USD", D(1), D(1), D(10), D(-1), D(-1)),
    )

    assert together(parts, lambda each: each.con_id) == (Profit("a", 1, "USD", D(2), D(3), D(30), D(2), D(2)),)


# Limits


def verdict(observed: str, limit: str, distance: str, *, outcome: str = "pass", name: str = "leverage") -> VerdictRow:
    return VerdictRow.model_validate(
        {"safeguard": name, "outcome": outcome, "formula": "", "observed": observed, "limit": limit,
         "distance": distance}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "share"),
    [
        pytest.param(verdict("0.9", "1.5", "0.6"), D("0.6"), id="at most"),
        pytest.param(verdict("0.2", "0.05", "0.15"), D("0.25"), id="at least"),
        pytest.param(verdict("1.8", "1.5", "-0.3"), D("1.2"), id="beyond it"),
        pytest.param(verdict("-0.01", "0.08", "0.09"), D(0), id="a loss that is a gain"),
        pytest.param(verdict("0", "0", "0"), None, id="nothing allowed"),
        pytest.param(verdict("no halt", "no halt", ""), None, id="words"),
        pytest.param(verdict("NaN", "1", "1"), None, id="no number"),
    ],
)
def test_how_much_of_the_room_was_used(told: VerdictRow, share: Decimal | None) -> None:
    assert used(told) == share


def test_the_closest_of_each_safeguard_is_kept_and_refusals_come_first() -> None:
    told = [
        (SENT, 1, (verdict("0.9", "1.5", "0.6"), verdict("2", "1", "-1", outcome="veto", name="orders"))),
        (SENT, 2, (verdict("1.2", "1.5", "0.3"), verdict("0", "1", "1", name="orders"))),
        (SENT, 3, (verdict("1.1", "1.5", "0.4"), verdict("?", "1", "", outcome="unknown", name="orders"))),
    ]

    nearest = Nearest()
    for evaluated in told:
        nearest.take(*evaluated)

    orders, leverage = nearest.told

    assert (orders.verdict.safeguard, orders.refused, orders.seq) == ("orders", 2, 1)
    assert (leverage.seq, leverage.used, leverage.refused) == (2, D("0.8"), 0)


# Orders


def order(quantity: str, *fills: str, ending: str = "") -> Order:
    told = Order("tb-1", 1, DAY, 8314, D(quantity), None, D("92"), SENT, SENT + timedelta(seconds=2))
    told.ending = ending  # type: ignore[assignment]
    for place, units in enumerate(fills, start=1):
        at = SENT + timedelta(seconds=10 * place)
        told.executions.append(Execution(place, 1, "tb-1", 8314, D(units), D("92.1"), "USD", at, DAY))
    return told


@pytest.mark.parametrize(
    ("told", "status"),
    [
        pytest.param(order("-10", "-4", "-6"), "filled", id="all of it"),
        pytest.param(order("10", "4", ending="cancelled"), "part filled, cancelled", id="some of it"),
        pytest.param(order("10", ending="rejected"), "rejected", id="none of it"),
        pytest.param(order("10"), "working", id="works"),
    ],
)
def test_what_became_of_an_order(told: Order, status: str) -> None:
    assert told.status == status


def test_an_order_that_nobody_answered_is_in_doubt_and_has_no_latency() -> None:
    told = order("10")
    told.acknowledged_at = None

    assert (told.status, told.acknowledged_after, told.filled_after) == ("in doubt", None, None)


def test_latencies_are_counted_to_the_last_execution() -> None:
    told = order("10", "4", "6")

    assert (told.acknowledged_after, told.filled_after) == (2000, 20000)


def test_slippage_is_the_sum_over_the_sum_and_unknown_where_no_price_was_decided() -> None:
    one, other = order("10", "10").executions[0], order("-10", "-10").executions[0]

    cost = Cost().and_of(one, D("92"), D(1)).and_of(other, D("92.3"), D(1)).and_of(one, None, D(1))

    assert (cost.slippage, cost.decided, cost.unknown, cost.known) == (D(3), D(1843), 1, 2)
    assert cost.basis_points == D("16.28")
    assert Cost().and_at(cost, D("1.5")).slippage == D("4.5")


def test_shares_and_middles() -> None:
    assert filled_share((order("10", "5"), order("10", "10"))) == D("0.75")
    assert filled_share(()) is None
    assert (middle([1, 2, 3, 9]), middle([]), slowest_but_few(list(range(1, 101)))) == (2, None, 95)


# Pictures


def drawn(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def test_a_gap_parts_a_line_in_two() -> None:
    svg = drawn(curves([Curve("NAV", (D(1), D(2), None, D(3), D(4)))], ("a", "b", "c", "d", "e"), str))

    assert len([each for each in svg if each.get("class") == "line"]) == 2


def test_names_of_others_are_text_in_a_picture() -> None:
    svg = bars([("<b>&", D(-3)), ("IBM", D(5))], str)

    assert [each.text for each in drawn(svg) if each.tag == "text"] == ["<b>&", "-3", "IBM", "5"]
    assert [each.get("class") for each in drawn(svg) if each.tag == "rect"] == ["loss", "gain"]


@pytest.mark.parametrize("values", [(), (None,), (D(5),), (D(0), D(0)), (D("-1e9"), D("1e-9"))])
def test_whatever_there_is_can_be_drawn(values: tuple[Decimal | None, ...]) -> None:
    names = tuple("abc"[: len(values)])
    told = [Curve("one", values), Curve("two", values, "limit", steps=True), Curve("", values, "area")]

    assert drawn(curves(told, names, str, marks=[Mark(0, "B-1 <")] if values else (), base=D(0))).tag == "svg"
    assert len(spark(values)) <= len(values)


def test_a_course_in_a_few_characters() -> None:
    assert spark((D(1), D(8), None, D(4))) == "▁█ ▄"
    assert len(spark([D(n) for n in range(1000)])) == 40
