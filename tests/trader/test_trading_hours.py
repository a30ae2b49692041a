"""Contracts of several exchanges under one home: whose session counts, and which settings do not meet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.events import CycleStarted
from ledger.hours import hours_of, last_moment
from tests.trader.homes import SETTINGS, write_settings
from trader.calendar import Calendar
from trader.schedule import SettingsError
from trader.settings import load
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
