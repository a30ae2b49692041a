from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from queries.figures import (
    adding_up,
    change,
    city,
    clock_time,
    columns,
    day_and_time,
    money,
    percent,
    percent_change,
    price,
    quantity,
)


@pytest.mark.parametrize(
    ("spell", "number", "text"),
    [
        pytest.param(money, "100204.4", "100,204.40", id="money has cents"),
        pytest.param(money, "0.005", "0.00", id="half to even, down"),
        pytest.param(money, "0.015", "0.02", id="half to even, up"),
        pytest.param(money, "-0.001", "0.00", id="no negative zero"),
        pytest.param(change, "264.6", "+264.60", id="a gain has its sign"),
        pytest.param(change, "-1598.2", "-1,598.20", id="a loss has its sign"),
        pytest.param(percent, "0.1701", "17.0 %", id="a share"),
        pytest.param(percent_change, "-0.02512", "-2.51 %", id="a fall"),
        pytest.param(quantity, "1000", "1,000", id="whole units"),
        pytest.param(quantity, "-0.2500", "-0.25", id="a fraction of a unit"),
        pytest.param(quantity, "1E+3", "1,000", id="no exponent"),
        pytest.param(price, "44.8", "44.80", id="a price has cents"),
        pytest.param(price, "0.00012345", "0.00012345", id="a fine price keeps its places"),
        pytest.param(price, "12500", "12,500.00", id="a large price"),
    ],
)
def test_a_figure_looks_as_people_write_it(spell: Callable[[Decimal], str], number: str, text: str) -> None:
    assert spell(Decimal(number)) == text


@pytest.mark.parametrize("spell", [money, change, percent, percent_change, price])
def test_what_is_unknown_is_never_shown_as_zero(spell: Callable[[Decimal | None], str]) -> None:
    assert spell(None) == "unknown"


def test_a_moment_is_told_in_its_zone() -> None:
    moment = datetime(2005, 2, 28, 21, 35, tzinfo=UTC)

    assert clock_time(moment, "America/New_York") == "16:35"
    assert day_and_time(moment, "Asia/Singapore") == "Tue 1 Mar 2005 05:35"
    assert city("America/New_York") == "New York"


def test_columns_stand_under_each_other() -> None:
    assert columns([("IBM", "1,000"), ("GOOGLE", "5")], right=frozenset({1})) == ["IBM     1,000", "GOOGLE      5"]
    assert columns([]) == []


@pytest.mark.parametrize(
    ("terms", "total", "shown"),
    [
        pytest.param(["1.00", "2.00"], "3.00", ["1.00", "2.00"], id="whole cents stay"),
        pytest.param(["0.004", "0.004", "0.004"], "0.012", ["0.01", "0.00", "0.00"], id="what is lost comes back"),
        pytest.param(["0.006", "0.006", "0.006"], "0.018", ["0.00", "0.01", "0.01"], id="what is gained goes"),
        pytest.param(["100000", "-427.205", "1343.425", "-45.055"], "100871.165", None, id="the demo"),
        pytest.param(["-0.005", "0.015"], "0.01", None, id="halves"),
    ],
)
def test_terms_are_shown_so_that_they_add_up(terms: list[str], total: str, shown: list[str] | None) -> None:
    exact = [Decimal(term) for term in terms]

    found = adding_up(exact, Decimal(total))

    assert sum(found) == round(Decimal(total), 2)
    assert all(abs(one - other) <= Decimal("0.01") for one, other in zip(found, exact, strict=True))
    assert shown is None or found == [Decimal(each) for each in shown]
