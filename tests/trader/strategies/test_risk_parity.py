"""Risk parity: the same part of the risk for each, as numpy reckons it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trader.decisions import D
from tests.trader.strategies.markets import NUMBERS, OLD, book, exposures, made, scaled, stocks
from trader.bars import Bars
from trader.strategies import RiskParity, StrategyError
from trader.strategies.risk_parity import equal_risk_weights, shrunk

BIT = D("0.000002")


def covariance_by_pandas(bars: Bars, days: int = 250, shrinkage: float = 0.2) -> np.ndarray[Any, Any]:
    """The shrunk covariance, spelled with matrices."""
    closes = bars.frame()["adjusted_close"].unstack("con_id").astype(float)
    returns = closes.pct_change().tail(days)
    correlation, deviation = returns.corr().to_numpy(), returns.std().to_numpy()
    names = len(deviation)
    mean = (correlation.sum() - names) / (names * (names - 1))
    blended = (1 - shrinkage) * correlation + shrinkage * mean
    np.fill_diagonal(blended, 1)
    found: np.ndarray[Any, Any] = blended * np.outer(deviation, deviation)
    return found


@pytest.mark.parametrize("back", [pytest.param(0, id="2013"), pytest.param(1100, id="in the crash of 2008")])
def test_every_stock_carries_the_same_risk(back: int) -> None:
    bars = stocks(600, back=back)

    found = exposures(RiskParity()(book(), bars))

    weights = np.array([float(found[symbol]) for symbol in OLD])
    contributions = weights * (covariance_by_pandas(bars) @ weights)
    assert contributions.max() / contributions.min() < 1.00002
    assert D("0.999990") <= sum(found.values()) <= 1


def test_a_target_of_volatility_is_met_up_to_the_leverage() -> None:
    bars = stocks(600)
    covariance = covariance_by_pandas(bars)

    def volatility(strategy: RiskParity) -> Decimal:
        found = exposures(strategy(book(), bars))
        weights = np.array([float(found[symbol]) for symbol in OLD])
        return Decimal(repr(float(16 * np.sqrt(weights @ covariance @ weights))))

    assert abs(volatility(RiskParity(volatility_target=D("0.10"))) - D("0.10")) < BIT
    assert abs(volatility(RiskParity(volatility_target=D("0.25"), leverage_max=D("3"))) - D("0.25")) < BIT
    assert exposures(RiskParity(volatility_target=D("0.9"))(book(), bars)) == exposures(RiskParity()(book(), bars))


def test_what_is_beyond_nav_stands_in_the_leverage() -> None:
    rows = RiskParity(leverage_max=D("2"))(book(), stocks(600))

    assert {row.leverage for row in rows} == {D("2")}
    assert D("0.999990") <= sum(row.weight for row in rows) <= 1


def test_a_price_in_another_unit_wants_the_same() -> None:
    bars = stocks(600)

    assert exposures(RiskParity()(book(), scaled(bars, D("0.01")))) == exposures(RiskParity()(book(), bars))


def test_one_that_is_left_out_makes_no_room_for_the_others() -> None:
    bars = stocks(600)
    without = Bars({c: s for c, s in bars.series.items() if c != NUMBERS["IBM"]}, frozenset({NUMBERS["IBM"]}))

    assert D("0.74999") < sum(exposures(RiskParity()(book(), without)).values()) <= D("0.75")


@pytest.mark.parametrize(
    ("bars", "problem"),
    [
        pytest.param(stocks(250), "expected 251 closes on days that all contracts have, found 250", id="too young"),
        pytest.param(
            made({"AAPL": [100.0] * 300, "IBM": [100.0 + day for day in range(300)]}),
            "AAPL: expected closes that move",
            id="frozen",
        ),
    ],
)
def test_risk_parity_refuses_what_it_cannot_judge(bars: Bars, problem: str) -> None:
    with pytest.raises(StrategyError, match=problem):
        RiskParity()(book(), bars)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"covariance_days": 1}, id="a day"),
        pytest.param({"shrinkage": D("1.1")}, id="more than the mean"),
        pytest.param({"volatility_target": D("0")}, id="no volatility"),
        pytest.param({"leverage_max": D("Infinity")}, id="no end of leverage"),
    ],
)
def test_risk_parity_refuses_settings_that_mean_nothing(wrong: dict[str, Any]) -> None:
    with pytest.raises(StrategyError, match="risk_parity: expected"):
        RiskParity(**wrong)


FACTORS = st.lists(st.lists(st.floats(-0.05, 0.05), min_size=4, max_size=4), min_size=2, max_size=12)


@settings(max_examples=50, deadline=None)
@given(FACTORS, st.sampled_from([0.0, 0.2, 1.0]))
def test_contributions_are_equal_whatever_the_covariance(factors: list[list[float]], share: float) -> None:
    loadings = np.array(factors)
    matrix = loadings @ loadings.T + np.diag([0.0001 * (1 + place) for place in range(len(factors))])
    covariance = shrunk(tuple(tuple(map(float, row)) for row in matrix), share)

    weights = np.array(equal_risk_weights(covariance))

    contributions = weights * (np.array(covariance) @ weights)
    assert weights.min() > 0
    assert contributions.max() - contributions.min() <= 1e-11 * contributions.max()
