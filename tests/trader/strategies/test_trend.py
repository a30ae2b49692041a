"""Trend: as pandas reckons it from the books, within its cap and its leverage, whatever the unit of prices."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from math import exp
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trader.decisions import D
from tests.trader.strategies.markets import NUMBERS, book, exposures, made, scaled, stocks
from trader.bars import Bars
from trader.strategies import StrategyError, Trend
from trader.strategies.estimates import diversification_multiplier
from trader.strategies.trend import SCALARS, rule_correlations

WHOLE = Trend(speeds=(2, 4, 8, 16, 32, 64), volatility_target=D("0.2"), leverage_max=D("4"), short_allowed=True)


def as_pandas_has_it(bars: Bars, trend: Trend) -> dict[int, float]:
    """The same forecast, spelled as the books spell it."""
    closes = bars.frame()["adjusted_close"].unstack("con_id").astype(float)
    returns = closes.pct_change()
    daily = returns.ewm(span=trend.volatility_days, min_periods=trend.volatility_days).std()
    volatility = 0.7 * daily.iloc[-1] + 0.3 * daily.tail(2560).mean()
    rules = [
        ((closes.ewm(span=n).mean() - closes.ewm(span=4 * n).mean()).iloc[-1] / (closes.iloc[-1] * volatility))
        .mul(SCALARS[n])
        .clip(-20, 20)
        for n in trend.speeds
    ]
    combined = pd.concat(rules, axis=1).mean(axis=1) * diversification_multiplier(rule_correlations(trend.speeds))
    weekly = closes[::-1].iloc[::5][::-1].pct_change().dropna().corr().clip(lower=0)
    names = len(closes.columns)
    multiplier = min(2.5, names / weekly.to_numpy().sum() ** 0.5)
    found = combined.clip(-20, 20) / 10 * float(trend.volatility_target) / (volatility * 16) / names * multiplier
    exposures = found.clip(lower=None if trend.short_allowed else 0)
    return {con_id: float(exposures[con_id]) for con_id in bars.series}


@pytest.mark.parametrize("back", [pytest.param(0, id="2013"), pytest.param(1100, id="in the crash of 2008")])
@pytest.mark.parametrize("trend", [pytest.param(WHOLE, id="six speeds"), pytest.param(Trend(), id="as it comes")])
def test_trend_wants_what_pandas_reckons_from_the_books(trend: Trend, back: int) -> None:
    bars = stocks(1200, back=back)

    found = exposures(trend(book(), bars))

    expected = as_pandas_has_it(bars, trend)
    for symbol, exposure in found.items():
        assert abs(exposure - Decimal(repr(expected[NUMBERS[symbol]]))) <= D("0.000002")


def test_the_rules_multiplier_is_near_the_one_of_the_books() -> None:
    published = {(2, 4, 8, 16, 32, 64): "1.26", (4, 8, 16, 32, 64): "1.19", (8, 16, 32, 64): "1.13",
                 (16, 32, 64): "1.08", (32, 64): "1.03", (64,): "1.00"}  # fmt: skip

    for speeds, multiplier in published.items():
        own = Decimal(repr(diversification_multiplier(rule_correlations(speeds))))
        assert abs(own - D(multiplier)) < D("0.03")


def test_a_price_in_another_unit_wants_the_same() -> None:
    bars = stocks(700)

    assert exposures(WHOLE(book(), scaled(bars, D("100")))) == exposures(WHOLE(book(), bars))


def rising(daily: float, days: int = 300, wobble: float = 0.01) -> list[float]:
    """A price that grows by a rate and wobbles around it."""
    return [100 * exp(daily * day + (wobble if day % 2 else 0)) for day in range(days)]


def test_no_forecast_is_beyond_twice_the_usual_one() -> None:
    steep = made({"AAPL": rising(0.05, wobble=0.02)})

    slow, slower, together = (
        replace(WHOLE, speeds=speeds, leverage_max=D("9"))(book(), steep) for speeds in ((16,), (32,), (16, 32))
    )

    assert exposures(slow) == exposures(slower) == exposures(together)


def test_what_falls_is_left_or_sold_short() -> None:
    bars = made({"AAPL": rising(0.002), "IBM": rising(-0.002)})

    assert exposures(Trend()(book(), bars))["IBM"] == 0
    assert exposures(Trend(short_allowed=True)(book(), bars))["IBM"] < D("-0.1")


def test_what_is_beyond_nav_stands_in_the_leverage() -> None:
    bars = made({"AAPL": rising(0.002), "IBM": rising(0.002, wobble=0.02)})

    modest, bold = (Trend(volatility_target=D("0.5"), leverage_max=D(most))(book(), bars) for most in ("1", "2.5"))

    assert [row.leverage for row in (*modest, *bold)] == [D("1"), D("1"), D("2.5"), D("2.5")]
    assert D("0.999998") <= sum(row.weight for row in bold) <= 1
    assert [row.weight for row in modest] == [row.weight for row in bold]


def test_one_that_is_left_out_makes_no_room_for_the_others() -> None:
    two = made({"AAPL": rising(0.002), "IBM": rising(0.002, wobble=0.02)})
    one = Bars({NUMBERS["AAPL"]: two.series[NUMBERS["AAPL"]]}, frozenset({NUMBERS["IBM"]}))

    assert exposures(WHOLE(book(), one))["AAPL"] < exposures(WHOLE(book(), two))["AAPL"] + D("0.00001")


def test_a_young_share_is_judged_by_the_faster_rules() -> None:
    young = stocks(150)

    assert Trend()(book(), young) == Trend(speeds=(8, 16, 32))(book(), young)


@pytest.mark.parametrize(
    ("closes", "problem"),
    [
        pytest.param(rising(0.002, days=32), "AAPL: expected at least 33 closes, found 32", id="too young"),
        pytest.param([100.0] * 80, "AAPL: expected closes that move, found none that does", id="frozen"),
    ],
)
def test_trend_refuses_what_it_cannot_judge(closes: list[float], problem: str) -> None:
    with pytest.raises(StrategyError, match=problem):
        Trend()(book(), made({"AAPL": closes}))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"speeds": ()}, id="no speed"),
        pytest.param({"speeds": (3,)}, id="a speed without a scalar"),
        pytest.param({"speeds": (8, 8)}, id="a speed twice"),
        pytest.param({"volatility_days": 1}, id="the volatility of a day"),
        pytest.param({"volatility_target": D("0")}, id="no volatility"),
        pytest.param({"leverage_max": D("NaN")}, id="NaN"),
    ],
)
def test_trend_refuses_settings_that_mean_nothing(wrong: dict[str, Any]) -> None:
    with pytest.raises(StrategyError, match="trend: expected"):
        Trend(**wrong)


STEPS = st.lists(st.floats(-0.1, 0.1), min_size=62, max_size=70)


@settings(max_examples=25, deadline=None)
@given(STEPS, STEPS, st.decimals("0.01", "3", places=2), st.decimals("0.1", "3", places=1))
def test_trend_never_wants_more_than_its_leverage(
    left: list[float], right: list[float], target: Decimal, most: Decimal
) -> None:
    def walk(steps: list[float]) -> list[float]:
        closes = [100.0, 101.0]
        for step in steps:
            closes.append(max(closes[-1] * (1 + step), 0.01))
        return closes

    rows = Trend(volatility_target=target, leverage_max=most, short_allowed=True)(
        book(), made({"AAPL": walk(left), "IBM": walk(right)})
    )

    assert sum(abs(row.weight) for row in rows) <= 1
    assert sum(abs(row.weight * row.leverage) for row in rows) <= most
    assert all(row.weight == row.weight.quantize(D("0.000001")) for row in rows)
