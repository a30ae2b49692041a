from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from ledger.returns import (
    DayOfAccount,
    Drawdown,
    Flow,
    drawdown,
    flows_of,
    linked,
    money_weighted,
    sharpe,
    volatility,
)

D = Decimal
BEGAN = date(2005, 3, 1)


def days(*told: tuple[str, str, str]) -> tuple[DayOfAccount, ...]:
    """Days of opening, flows and closing."""
    return tuple(
        DayOfAccount(BEGAN + timedelta(days=place), *map(Decimal, figures)) for place, figures in enumerate(told)
    )


# Time-weighted. The first two are Investopedia's investors, who hold the same fund and differ in when they paid; the
# third is the CFA Institute's share that is bought twice.


@pytest.mark.parametrize(
    ("told", "returned"),
    [
        pytest.param(
            [("1000000", "0", "1162484"), ("1162484", "100000", "1192328")], "0.09788498", id="one who puts in"
        ),
        pytest.param(
            [("1000000", "0", "1162484"), ("1162484", "-100000", "1003440")], "0.09788283", id="one who takes out"
        ),
        pytest.param([("100", "0", "110"), ("110", "0", "99")], "-0.01", id="up a tenth and down a tenth"),
        pytest.param([("0", "1000", "1010")], "0.01", id="a first deposit counts from the day's start"),
        pytest.param(
            [("100", "0", "100"), ("100", "-100", "0"), ("0", "0", "0")], "0", id="emptied, and nothing since"
        ),
    ],
)
def test_days_are_linked_whatever_was_put_in(told: list[tuple[str, str, str]], returned: str) -> None:
    assert linked(days(*told)) == D(returned)


def test_a_share_bought_twice_returns_as_the_share_does() -> None:
    """200 at first, 225 with a dividend of 5 after a year, then twice 235 with twice 5."""
    years = (
        DayOfAccount(date(2001, 1, 1), D(200), D(0), D(230)),
        DayOfAccount(date(2002, 1, 1), D(225), D(225), D(480)),
    )

    factors = [year.factor for year in years]

    assert factors[0] == D("1.15")
    assert linked(years) == D("0.22666667")  # 10.76 % a year


def test_a_day_that_began_with_nothing_or_a_debt_has_no_return() -> None:
    lost = days(("100", "0", "-5"), ("-5", "0", "10"))

    assert [day.factor for day in lost] == [D("-0.05"), None]
    assert (linked(lost), drawdown(lost)) == (None, None)


# Money-weighted


def test_the_rate_of_the_example_of_spreadsheets() -> None:
    """Microsoft's and LibreOffice's page of XIRR: 0.373362535."""
    told = (
        Flow(date(2008, 1, 1), D(-10000)), Flow(date(2008, 3, 1), D(2750)), Flow(date(2008, 10, 30), D(4250)),
        Flow(date(2009, 2, 15), D(3250)), Flow(date(2009, 4, 1), D(2750)),
    )  # fmt: skip

    assert money_weighted(told) == D("0.37336253")


def test_the_rate_of_the_share_bought_twice() -> None:
    """-200, then -225 + 5, then 2 x 235 + 2 x 5: 9.39 % a year."""
    told = (Flow(date(2001, 1, 1), D(-200)), Flow(date(2002, 1, 1), D(-220)), Flow(date(2003, 1, 1), D(480)))

    assert money_weighted(told) == D("0.09392822")


@pytest.mark.parametrize(
    ("told", "rate"),
    [
        pytest.param([("2001-01-01", "-100"), ("2002-01-01", "110")], "0.1", id="a year"),
        pytest.param([("2001-01-01", "-100"), ("2002-01-01", "50")], "-0.5", id="a loss"),
        pytest.param([("2001-01-01", "-100"), ("2003-01-01", "121")], "0.1", id="two years"),
        pytest.param([("2001-01-01", "-100"), ("2002-01-01", "100")], "0", id="nothing gained"),
    ],
)
def test_rates_that_can_be_done_by_hand(told: list[tuple[str, str]], rate: str) -> None:
    assert money_weighted([Flow(date.fromisoformat(day), D(amount)) for day, amount in told]) == D(rate)


@pytest.mark.parametrize(
    "told",
    [
        pytest.param([], id="nothing"),
        pytest.param([("2001-01-01", "-100"), ("2001-01-01", "110")], id="no time passed"),
        pytest.param([("2001-01-01", "-100"), ("2002-01-01", "-5")], id="ended in debt"),
        pytest.param([("2001-01-01", "-100"), ("2001-01-02", "300")], id="a rate beyond the bounds"),
    ],
)
def test_where_there_is_no_rate_none_is_told(told: list[tuple[str, str]]) -> None:
    assert money_weighted([Flow(date.fromisoformat(day), D(amount)) for day, amount in told]) is None


def test_the_owner_puts_in_what_was_there_and_could_take_out_what_is_left() -> None:
    told = days(("100", "0", "110"), ("110", "-30", "90"))

    assert flows_of(told) == (
        Flow(BEGAN, D(-100)), Flow(BEGAN + timedelta(days=1), D(30)), Flow(BEGAN + timedelta(days=1), D(90)),
    )  # fmt: skip
    assert flows_of(()) == ()


# Drawdown


def test_the_deepest_fall_is_told_with_its_days() -> None:
    told = days(
        ("100", "0", "120"), ("120", "0", "90"), ("90", "0", "125"), ("125", "0", "100"), ("100", "0", "110"),
    )  # fmt: skip

    assert drawdown(told) == Drawdown(
        D("-0.25"), BEGAN, BEGAN + timedelta(days=1), recovered_on=BEGAN + timedelta(days=2)
    )


def test_a_fall_that_lasts_has_no_recovery_and_one_from_the_start_no_peak() -> None:
    assert drawdown(days(("100", "0", "95"), ("95", "50", "130.5"))) == Drawdown(
        D("-0.145"), None, BEGAN + timedelta(days=1), None
    )


def test_what_never_fell_has_none_and_a_withdrawal_is_no_fall() -> None:
    assert drawdown(days(("100", "0", "110"), ("110", "-60", "50"))) == Drawdown(D(0), None, None, None)


# How evenly: 1 % and 3 % lie 1.41421356 % apart from their mean of 2 %; times the root of 252.


def test_volatility_and_sharpe_ratio_are_those_of_a_sample_a_year() -> None:
    told = days(("100", "0", "101"), ("101", "0", "104.03"))

    assert volatility(told) == D("0.22449944")
    assert sharpe(told) == D("22.44994432")


@pytest.mark.parametrize(
    "told",
    [
        pytest.param([("100", "0", "101")], id="one day"),
        pytest.param([("100", "0", "101"), ("0", "0", "5")], id="a day that began with nothing"),
    ],
)
def test_without_two_known_days_there_is_neither(told: list[tuple[str, str, str]]) -> None:
    assert (volatility(days(*told)), sharpe(days(*told))) == (None, None)


def test_days_that_never_differ_have_no_sharpe_ratio() -> None:
    told = days(("100", "0", "110"), ("110", "0", "121"))

    assert (volatility(told), sharpe(told)) == (D(0), None)
