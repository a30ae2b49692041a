"""A day's row and its hourly bars."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trader.simulator.small_market import TUESDAY, row
from trader.simulator.bars import DailyBar, packaged_bars
from trader.simulator.bridge import HourBar, bridge
from trader.simulator.sessions import session_on

CENT = Decimal("0.01")
FRIDAY_AFTER_THANKSGIVING = date(2005, 11, 25)


def bridged(day: DailyBar, seed: int = 7) -> tuple[HourBar, ...]:
    session = session_on(day.date)
    assert session is not None
    return bridge(seed, day, "ACME", session)


def assert_adds_up(day: DailyBar, bars: tuple[HourBar, ...]) -> None:
    assert (bars[0].open, bars[-1].close) == (day.open, day.close)
    assert max(bar.high for bar in bars) == day.high
    assert min(bar.low for bar in bars) == day.low
    assert sum(bar.volume for bar in bars) == day.volume
    assert all(earlier.close == later.open for earlier, later in pairwise(bars))
    own = {day.open, day.high, day.low, day.close}
    for bar in bars:
        assert bar.low <= min(bar.open, bar.close)
        assert max(bar.open, bar.close) <= bar.high
        assert bar.volume >= 0
        assert len(bar.path) == bar.minutes + 1
        assert (bar.path[0], bar.path[-1], max(bar.path), min(bar.path)) == (bar.open, bar.close, bar.high, bar.low)
        assert all(price in own or price == price.quantize(CENT) for price in bar.path)


@st.composite
def days(draw: st.DrawFn) -> DailyBar:
    """Draw any valid row, prices with up to three decimals, on a full or a half day."""
    places = draw(st.sampled_from([1, 10, 100]))
    prices = sorted(draw(st.lists(st.integers(1, 300_000), min_size=4, max_size=4)))
    low, *inner, high = (Decimal(price) * places / 1000 for price in prices)
    open_, close = draw(st.permutations(inner))
    volume = draw(st.integers(0, 10**9))
    return DailyBar(draw(st.sampled_from([TUESDAY, FRIDAY_AFTER_THANKSGIVING])), open_, high, low, close, volume)


@given(day=days(), seed=st.integers(0, 1000))
def test_the_hourly_bars_of_any_day_add_up_to_its_row(day: DailyBar, seed: int) -> None:
    assert_adds_up(day, bridged(day, seed))


@pytest.mark.parametrize("ticker", ["AAPL", "GOOG", "IBM", "MSFT"])
@pytest.mark.parametrize("year", [2005, 2006])
def test_every_real_day_adds_up_to_its_row(ticker: str, year: int) -> None:
    real = [day for day in packaged_bars().series[ticker].bars if day.date.year == year]

    assert len(real) > 240
    for day in real:
        session = session_on(day.date)
        assert session is not None
        assert_adds_up(day, bridge(7, day, ticker, session))


def test_a_full_day_has_seven_bars_and_a_half_day_four_the_last_half_an_hour() -> None:
    full = bridged(row(TUESDAY, "50", "51", "49", "50.5"))
    half = bridged(row(FRIDAY_AFTER_THANKSGIVING, "50", "51", "49", "50.5"))

    assert [bar.minutes for bar in full] == [60, 60, 60, 60, 60, 60, 30]
    assert [bar.minutes for bar in half] == [60, 60, 60, 30]
    assert [f"{bar.start:%H:%M}" for bar in half] == ["14:30", "15:30", "16:30", "17:30"]


def test_the_path_goes_to_the_nearer_extreme_first() -> None:
    session = session_on(TUESDAY)
    assert session is not None
    bar = HourBar(session.open, 60, Decimal(50), Decimal("50.20"), Decimal(49), Decimal("49.50"), 600)

    assert (bar.path[20], bar.path[40]) == (Decimal("50.20"), Decimal(49))
    assert bar.path[10] == Decimal("50.10")
    assert [bar.volume_by(minute) for minute in (0, 1, 30, 60)] == [0, 10, 300, 600]


def test_seed_ticker_and_date_decide_the_day_and_nothing_else() -> None:
    day = row(TUESDAY, "50", "55", "45", "52")
    session = session_on(TUESDAY)
    assert session is not None

    assert bridged(day) == bridged(day)
    assert bridged(day, seed=7) != bridged(day, seed=8)
    assert bridge(7, day, "ACME", session) != bridge(7, day, "OTHER", session)
