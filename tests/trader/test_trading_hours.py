"""Contracts of several exchanges under one home: whose session counts, and which settings do not meet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from ledger.book import Book
from ledger.events import CycleStarted, HoursRow, StepFailed
from ledger.hours import hours_of, last_moment
from tests.queries.history import closed, two_sessions
from tests.trader import decisions
from tests.trader.decisions import UNIVERSE, situation, told
from tests.trader.homes import SETTINGS, SIMULATED, write_settings
from trader.calendar import Calendar
from trader.commands.app import run
from trader.commands.home import zone_of
from trader.limits import Limits
from trader.safeguards.hours import market_is_open, the_close_is_not_near
from trader.schedule import SettingsError
from trader.settings import load
from trader.sizing import Sizing, plan_orders
from trader.trading_hours import hours_rows


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def started(at: str, **calendars: str) -> CycleStarted:
    """A cycle in New York whose symbols have calendars of their own."""
    rows = hours_rows({symbol: Calendar.load(name) for symbol, name in calendars.items()}, utc(at))
    return CycleStarted(
        kind="trade", dry_run=False, slot="2026-06-02/0935", attempt=1, session_day=utc(at).date(),
        session_open=utc("2026-06-02T13:30"), session_close=utc("2026-06-02T20:00"), settings_sha256="", versions={},
        hours=rows,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("symbol", "now", "is_open"),
    [
        pytest.param("IBM", "2026-06-02T19:59", True, id="at home until its close"),
        pytest.param("IBM", "2026-06-02T20:00", False, id="at home from its close on"),
        pytest.param("VOD", "2026-06-02T15:29", True, id="in London until its close"),
        pytest.param("VOD", "2026-06-02T15:30", False, id="in London from its close on"),
        pytest.param("SAP", "2026-06-02T15:31", False, id="in Frankfurt too"),
    ],
)
def test_a_contract_is_open_in_the_session_of_its_own_exchange(symbol: str, now: str, is_open: bool) -> None:
    cycle = started("2026-06-02T13:35", VOD="XLON", SAP="XETR")

    assert hours_of(cycle, symbol).has_opened(utc(now)) is is_open


@pytest.mark.parametrize(("now", "is_open"), [("02:29", True), ("02:30", False), ("03:29", False), ("03:30", True)])
def test_nothing_is_open_while_tokyo_pauses(now: str, is_open: bool) -> None:
    cycle = started("2026-06-02T01:00", TOYOTA="XTKS")

    assert hours_of(cycle, "TOYOTA").has_opened(utc(f"2026-06-02T{now}")) is is_open


def test_a_holiday_elsewhere_closes_the_contracts_of_that_exchange_alone() -> None:
    cycle = started("2026-05-01T13:35", SAP="XETR", VOD="XLON")  # Labour Day in Frankfurt

    assert hours_of(cycle, "SAP").open is None
    assert not hours_of(cycle, "SAP").has_opened(utc("2026-05-01T14:00"))
    assert hours_of(cycle, "VOD").has_opened(utc("2026-05-01T14:00"))


def test_the_first_close_of_those_concerned_counts() -> None:
    cycle = started("2026-06-02T13:35", VOD="XLON")

    assert last_moment(cycle, ["IBM", "VOD"]) == utc("2026-06-02T15:30")
    assert last_moment(cycle, []) == utc("2026-06-02T20:00")


@pytest.mark.parametrize(
    ("schedule", "calendar", "complaint"),
    [
        pytest.param("", "XLON", None, id="London from New York"),
        pytest.param("", "XBOM", "universe.symbols.IBM.calendar: expected one of XNYS", id="unknown"),
        pytest.param("", "XTKS", "found XTKS, which is closed at every slot", id="Tokyo from New York"),
        pytest.param('calendar = "XLON"', "XNYS", "which is still open when the day is closed", id="the reverse"),
        pytest.param('calendar = "XETR"', "XPAR", None, id="Paris from Frankfurt"),
        pytest.param('close_not_before = "05:00 Asia/Singapore"', "", None, id="closed in the evening"),
        pytest.param(
            'close_not_before = "13:30 Asia/Singapore"', "", "before midnight in New York", id="closed after midnight"
        ),
    ],
)
def test_hours_that_do_not_meet_are_refused(
    tmp_path: Path, schedule: str, calendar: str, complaint: str | None
) -> None:
    own = SETTINGS.replace('"IBM"]', f'{{ symbol = "IBM", calendar = "{calendar}" }}]')
    write_settings(tmp_path, f"{own}\n[schedule]\n{schedule}\n")

    if complaint is None:
        assert load(tmp_path).universe.symbols[1].calendar == calendar
    else:
        with pytest.raises(SettingsError, match=complaint):
            load(tmp_path)


def planned(closes: str, *, order_type: Literal["LMT", "MKT", "MOC"] = "LMT") -> Book:
    """A plan at 15:35 UTC, of IBM at home and of AAPL at an exchange that closes at another hour."""
    elsewhere = HoursRow(
        symbol="AAPL", calendar="XLON", open=utc("2005-03-01T08:00"), close=utc(f"2005-03-01T{closes}")
    )
    book = situation(instead={CycleStarted: [decisions.started(hours=(elsewhere,))]})
    return told(book, *plan_orders(book, Sizing(UNIVERSE, Limits(), order_type=order_type)))


def plan(book: Book) -> dict[str, tuple[str, str]]:
    assert book.cycle is not None
    return {row.symbol: (row.action, row.reason) for row in book.cycle.plan}


def test_what_trades_elsewhere_is_not_ordered_once_that_exchange_is_closed() -> None:
    assert plan(planned("15:35"))["AAPL"] == ("NOTHING", "market closed: XLON")
    assert plan(planned("15:36"))["AAPL"][0] == "BUY"
    assert plan(planned("15:35"))["IBM"][0] == "BUY"


def test_an_order_at_the_close_is_judged_by_the_close_of_its_own_exchange() -> None:
    book = planned("15:49", order_type="MOC")

    assert plan(book)["AAPL"] == ("NOTHING", "too late for an order at the close: placed until 15:34 UTC")
    assert plan(book)["IBM"][0] == "BUY"


@pytest.mark.parametrize(
    ("minutes", "outcome"), [pytest.param(5, "pass", id="far enough"), pytest.param(6, "veto", id="too near")]
)
def test_the_first_close_of_what_is_ordered_must_not_be_near(minutes: int, outcome: str) -> None:
    (verdict,) = the_close_is_not_near(planned("15:41"), Limits(minutes_before_close_min=minutes))

    assert verdict.outcome == outcome


def test_orders_of_an_exchange_that_closed_since_they_were_planned_are_vetoed() -> None:
    book = planned("15:40")

    before = told(book, StepFailed(step="none", reason="time passes"), at=utc("2005-03-01T15:39"))
    after = told(book, StepFailed(step="none", reason="time passes"), at=utc("2005-03-01T15:40"))

    assert [row.outcome for row in market_is_open(before, Limits())] == ["pass"]
    assert [row.outcome for row in market_is_open(after, Limits())] == ["veto"]


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        pytest.param(SETTINGS, "America/New_York", id="as it comes"),
        pytest.param(f'{SETTINGS}[schedule]\ncalendar = "XTKS"\n', "Asia/Tokyo", id="a home in Tokyo"),
        pytest.param("[schedule", "America/New_York", id="settings that cannot be read"),
    ],
)
def test_days_are_those_of_the_home_exchange(tmp_path: Path, text: str, zone: str) -> None:
    write_settings(tmp_path, text)

    assert zone_of(tmp_path) == zone


def test_sql_shows_the_times_of_the_home_exchange(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    closed(two_sessions(tmp_path))
    write_settings(tmp_path, f'{SETTINGS}{SIMULATED}[schedule]\ncalendar = "XLON"\n')

    question = "SELECT strftime(recorded_at, '%H:%M') AS at FROM cycle_started ORDER BY seq LIMIT 1"
    assert run(["--home", str(tmp_path), "sql", question, "--format", "csv"]) == 0

    assert capsys.readouterr().out.splitlines() == ["at", "14:35"]
