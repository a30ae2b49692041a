"""Returns, volatility, Sharpe ratio and drawdown beside empyrical's, of the same daily series."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pandas as pd
import pytest

from ledger.returns import DayOfAccount, drawdown, linked, sharpe, volatility

empyrical = pytest.importorskip("empyrical", reason="empyrical-reloaded is not installed")
PLACES = 7  # of both: theirs are floats


def sessions(seed: int, count: int = 260) -> tuple[DayOfAccount, ...]:
    """A year of an account that gains, loses and is paid into, to the cent."""

    def told() -> Iterator[DayOfAccount]:
        dice, nav = Random(seed), Decimal(100_000)
        for number in range(count):
            flows = Decimal(dice.choice((0, 0, 0, 0, 5_000, -2_500)))
            closing = ((nav + flows) * Decimal(str(round(dice.gauss(1.0004, 0.011), 6)))).quantize(Decimal("0.01"))
            yield DayOfAccount(date(2005, 1, 3) + timedelta(days=number), nav, flows, closing)
            nav = closing

    return tuple(told())


def apart(ours: Decimal | None, theirs: float) -> Decimal:
    """How far apart, to as many places as are compared."""
    assert ours is not None
    return round(abs(ours - Decimal(str(theirs))), PLACES)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_they_are_those_of_another_library(seed: int) -> None:
    days = sessions(seed)
    daily = pd.Series([float(day.factor or 0) - 1 for day in days], index=pd.to_datetime([day.day for day in days]))

    fall = drawdown(days)
    assert fall is not None
    ours = (linked(days), volatility(days), sharpe(days), fall.depth)
    theirs = (
        empyrical.cum_returns_final(daily), empyrical.annual_volatility(daily),
        empyrical.sharpe_ratio(daily), empyrical.max_drawdown(daily),
    )  # fmt: skip
    assert [apart(one, other) for one, other in zip(ours, theirs, strict=True)] == [0, 0, 0, 0]


def test_months_are_too() -> None:
    days = sessions(4)
    daily = pd.Series([float(day.factor or 0) - 1 for day in days], index=pd.to_datetime([day.day for day in days]))

    theirs = empyrical.aggregate_returns(daily, "monthly")
    for (year, month), figure in theirs.items():
        ours = linked(day for day in days if (day.day.year, day.day.month) == (year, month))
        assert apart(ours, figure) == 0
