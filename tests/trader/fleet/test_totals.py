"""Where accounts stand, beside each other."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from trader import exits
from trader.fleet.accounts import Member
from trader.fleet.asking import Said
from trader.fleet.totals import Standing, rate_of, standing, table


def said(name: str, status: int, drawdown: str = "0", waiting: tuple[str, ...] = ()) -> Said:
    told = {"nav": "100", "base_currency": "USD", "today": "0", "drawdown": drawdown, "waiting": waiting}
    return Said(Member(name, Path(name)), status, "" if status == exits.COULD_NOT else json.dumps(told), "", 1.0)


def test_who_could_not_answer_stands_first_then_for_whom_most_waits_then_the_deepest_drawdown() -> None:
    asked = (
        said("well", exits.FINE),
        said("deep", exits.FINE, "-0.4"),
        said("one", exits.BAD_NEWS, "-0.3", ("a break",)),
        said("two", exits.BAD_NEWS, "-0.1", ("halted", "a break")),
        said("silent", exits.COULD_NOT),
    )

    rows = table([standing(one) for one in asked], "USD").rows

    assert [row[0] for row in rows] == ["silent", "two", "one", "deep", "well", "TOTAL"]


def of_europe(name: str, rates: str) -> Standing:
    """An account in euros: a nav of 100.005, and its broker's last report of rates."""
    one = said(name, exits.FINE)
    told = one.out.replace('"100"', '"100.005"').replace("USD", "EUR")
    return replace(standing(replace(one, out=told)), rate=rate_of(replace(one, out=rates), "USD"))


def test_an_account_in_another_currency_is_converted_by_its_own_rate_to_the_cent_and_its_own_line_is_not() -> None:
    euros = of_europe("euros", '[{"rows": [{"currency": "EUR", "rate": "1"}, {"currency": "USD", "rate": "0.8"}]}]')
    dollars = replace(standing(said("dollars", exits.FINE)), rate=Decimal(1))

    *lines, total = table([dollars, euros], "USD").rows

    assert [(row[0], row[2], row[3]) for row in lines] == [
        ("dollars", Decimal(100), "USD"),
        ("euros", Decimal("100.005"), "EUR"),
    ]
    assert total[2:4] == (Decimal("225.01"), "USD")  # 100.005 / 0.8 = 125.00625


@pytest.mark.parametrize("rates", ["[]", '[{"rows": [{"currency": "EUR", "rate": "1"}]}]', "what?"])
def test_without_a_rate_the_total_is_unknown_and_says_whose(rates: str) -> None:
    dollars = replace(standing(said("dollars", exits.FINE)), rate=Decimal(1))

    *_, total = table([dollars, of_europe("euros", rates)], "USD").rows

    assert (total[2], total[4], total[-1]) == ("unknown", "unknown", "1 of 2 not known in USD: euros")
