"""The venue's trading hours."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.trader.simulator.small_market import at
from trader.simulator.sessions import easter, next_session, session_at, session_on, sessions_between

XNYS = Path(__file__).parents[3] / ".." / "shared" / "data" / "xnys.csv"


@pytest.mark.skipif(not XNYS.exists(), reason=f"needs the sessions of {XNYS}, which is absent")
def test_the_rules_agree_with_the_exchange_s_own_calendar() -> None:
    with XNYS.open(newline="") as text:
        known = {date.fromisoformat(line[0][:10]): line[1:3] for line in list(csv.reader(text))[1:]}
    expected = {day: hours for day, hours in known.items() if date(2000, 1, 1) <= day <= date(2019, 12, 31)}

    sessions = sessions_between(date(2000, 1, 1), max(expected))

    found = {
        session.date: [f"{hour:%Y-%m-%dT%H:%M:%SZ}" for hour in (session.open, session.close)] for session in sessions
    }
    assert len(expected) > 4000
    assert found == expected


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(date(2005, 3, 5), id="Saturday"),
        pytest.param(date(2005, 3, 25), id="Good Friday"),
        pytest.param(date(2001, 9, 11), id="attacks on New York"),
        pytest.param(date(2012, 10, 29), id="hurricane Sandy"),
        pytest.param(date(2022, 6, 20), id="Juneteenth observed"),
        pytest.param(date(2025, 1, 9), id="mourning"),
    ],
)
def test_there_is_no_trading_on_a_closed_day(day: date) -> None:
    assert session_on(day) is None


@pytest.mark.parametrize("day", [date(2005, 11, 25), date(2003, 12, 26), date(2002, 7, 5), date(2024, 7, 3)])
def test_a_half_day_ends_at_one(day: date) -> None:
    session = session_on(day)

    assert session is not None
    assert (session.close, session.minutes) == (at("13:00", day), 210)


def test_the_session_follows_new_york_through_daylight_saving() -> None:
    before, after = session_on(date(2005, 4, 1)), session_on(date(2005, 4, 4))

    assert before is not None
    assert after is not None
    assert before.open == datetime(2005, 4, 1, 14, 30, tzinfo=UTC)
    assert after.open == datetime(2005, 4, 4, 13, 30, tzinfo=UTC)


def test_a_session_includes_its_open_and_excludes_its_close() -> None:
    assert session_at(at("09:29:59")) is None
    assert session_at(at("09:30")) is not None
    assert session_at(at("15:59:59")) is not None
    assert session_at(at("16:00")) is None


def test_after_the_close_the_next_session_is_tomorrow_s() -> None:
    assert next_session(at("15:59")).date == date(2005, 3, 1)
    assert next_session(at("16:00")).date == date(2005, 3, 2)
    assert next_session(at("16:00", date(2005, 3, 24))).date == date(2005, 3, 28)  # Good Friday and a weekend


def test_easter_falls_where_the_church_says() -> None:
    assert [easter(year) for year in (2000, 2005, 2008, 2011, 2030)] == [
        date(2000, 4, 23),
        date(2005, 3, 27),
        date(2008, 3, 23),
        date(2011, 4, 24),
        date(2030, 4, 21),
    ]
