"""The home calendar: which days trade, and which slot is due at which moment."""

from __future__ import annotations

import csv
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from trader.calendar import NEW_YORK, ZONES, Calendar, CalendarError, Slot

SINGAPORE = ZoneInfo("Asia/Singapore")
FIVE_IN_SINGAPORE = (time(5), SINGAPORE)
REFERENCE = Path(__file__).parents[2] / ".." / "shared" / "data" / "xnys.csv"


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return Calendar.load()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def name_of(slot: Slot | None) -> str | None:
    return slot.name if slot else None


@pytest.mark.parametrize(
    ("day", "opening", "closing"),
    [
        pytest.param("2005-03-01", "14:30", "21:00", id="winter"),
        pytest.param("2005-07-01", "13:30", "20:00", id="summer"),
        pytest.param("2005-04-01", "14:30", "21:00", id="last Friday of winter, 2005"),
        pytest.param("2005-04-04", "13:30", "20:00", id="first Monday of summer, 2005"),
        pytest.param("2005-10-28", "13:30", "20:00", id="last Friday of summer, 2005"),
        pytest.param("2005-10-31", "14:30", "21:00", id="first Monday of winter, 2005"),
        pytest.param("2024-03-08", "14:30", "21:00", id="last Friday of winter, 2024"),
        pytest.param("2024-03-11", "13:30", "20:00", id="first Monday of summer, 2024"),
        pytest.param("2024-11-01", "13:30", "20:00", id="last Friday of summer, 2024"),
        pytest.param("2024-11-04", "14:30", "21:00", id="first Monday of winter, 2024"),
        pytest.param("2005-11-25", "14:30", "18:00", id="half day after Thanksgiving"),
        pytest.param("2024-07-03", "13:30", "17:00", id="half day before Independence Day"),
        pytest.param("2024-12-24", "14:30", "18:00", id="half day before Christmas"),
    ],
)
def test_a_session_opens_and_closes_at_the_exchange_s_wall_time(
    calendar: Calendar, day: str, opening: str, closing: str
) -> None:
    session = calendar.session(date.fromisoformat(day))

    assert session is not None
    assert (session.open, session.close) == (utc(f"{day}T{opening}"), utc(f"{day}T{closing}"))


@pytest.mark.parametrize(
    "day",
    [
        pytest.param("2005-02-19", id="Saturday"),
        pytest.param("2005-02-20", id="Sunday"),
        pytest.param("2005-02-21", id="Presidents' Day"),
        pytest.param("2005-03-25", id="Good Friday 2005"),
        pytest.param("2024-03-29", id="Good Friday 2024"),
        pytest.param("2004-12-24", id="Christmas on a Saturday"),
        pytest.param("2022-06-20", id="Juneteenth on a Sunday"),
        *(pytest.param(f"2001-09-{day}", id=f"attacks on New York, {day}") for day in (11, 12, 13, 14)),
        *(pytest.param(f"2012-10-{day}", id=f"hurricane, {day}") for day in (29, 30)),
        pytest.param("2004-06-11", id="mourning 2004"),
        pytest.param("2007-01-02", id="mourning 2007"),
        pytest.param("2018-12-05", id="mourning 2018"),
        pytest.param("2025-01-09", id="mourning 2025"),
    ],
)
def test_a_closed_day_has_no_session_and_no_trading_slot(calendar: Calendar, day: str) -> None:
    closed = date.fromisoformat(day)

    assert calendar.session(closed) is None
    assert calendar.session_at(new_york(f"{day}T11:00")) is None
    assert name_of(calendar.due(new_york(f"{day}T09:35"))) == f"{calendar.previous(closed).day}/close"


def test_neighbours_skip_weekends_holidays_and_special_closures(calendar: Calendar) -> None:
    assert calendar.next(date(2005, 2, 18)).day == date(2005, 2, 22)
    assert calendar.previous(date(2005, 2, 22)).day == date(2005, 2, 18)
    assert calendar.next(date(2001, 9, 10)).day == date(2001, 9, 17)
    assert calendar.previous(date(2001, 9, 13)).day == date(2001, 9, 10)


def test_a_range_of_sessions_includes_both_ends(calendar: Calendar) -> None:
    found = calendar.sessions(date(2005, 2, 18), date(2005, 2, 23))

    assert [session.day.isoformat() for session in found] == ["2005-02-18", "2005-02-22", "2005-02-23"]
    assert calendar.sessions(date(2005, 2, 19), date(2005, 2, 21)) == ()


def test_the_day_is_the_exchange_s_date_and_not_utc_s(calendar: Calendar) -> None:
    friday_evening = utc("2005-03-05T02:00")

    session = calendar.session_at(friday_evening)

    assert session is not None
    assert session.day == date(2005, 3, 4)


@pytest.mark.parametrize(
    ("day", "is_half_day", "hours"),
    [
        pytest.param(
            "2005-03-01", False, ["0935", "1035", "1135", "1235", "1335", "1435", "1535"], id="full day in winter"
        ),
        pytest.param(
            "2005-07-01", False, ["0935", "1035", "1135", "1235", "1335", "1435", "1535"], id="full day in summer"
        ),
        pytest.param("2005-11-25", True, ["0935", "1035", "1135", "1235"], id="half day"),
    ],
)
def test_slots_are_hourly_from_five_minutes_after_the_open(
    calendar: Calendar, day: str, is_half_day: bool, hours: list[str]
) -> None:
    session = calendar.session(date.fromisoformat(day))
    assert session is not None

    slots = calendar.slots(session)

    assert session.is_half_day is is_half_day
    assert [slot.name for slot in slots] == [f"{day}/{hour}" for hour in hours]
    assert [slot.index for slot in slots] == list(range(len(hours)))
    assert {slot.kind for slot in slots} == {"trade"}


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param("2005-03-01T09:29:59", "2005-02-28/close", id="yesterday is closable until the open"),
        pytest.param("2005-03-01T09:30", None, id="open, before the first slot"),
        pytest.param("2005-03-01T09:34:59", None, id="a second early"),
        pytest.param("2005-03-01T09:35", "2005-03-01/0935", id="the slot's time is included"),
        pytest.param("2005-03-01T09:59:59.999999", "2005-03-01/0935", id="the last microsecond"),
        pytest.param("2005-03-01T10:00", None, id="25 minutes later is excluded"),
        pytest.param("2005-03-01T10:34", None, id="between two slots"),
        pytest.param("2005-03-01T15:59", "2005-03-01/1535", id="the last slot ends with the session"),
        pytest.param("2005-03-01T16:00", None, id="closed, too early for the closing"),
        pytest.param("2005-03-01T16:29:59", None, id="a second before the closing"),
        pytest.param("2005-03-01T16:30", "2005-03-01/close", id="half an hour after the close"),
        pytest.param("2005-03-01T23:59", "2005-03-01/close", id="late in the evening, already tomorrow in UTC"),
        pytest.param("2005-03-02T00:01", "2005-03-01/close", id="after midnight"),
        pytest.param("2005-03-04T19:00", "2005-03-04/close", id="Friday evening"),
        pytest.param("2005-03-05T12:00", "2005-03-04/close", id="Saturday"),
        pytest.param("2005-03-06T12:00", "2005-03-04/close", id="Sunday"),
        pytest.param("2005-03-07T09:29", "2005-03-04/close", id="Monday before the open"),
        pytest.param("2005-03-07T09:35", "2005-03-07/0935", id="Monday's first slot"),
        pytest.param("2005-02-21T12:00", "2005-02-18/close", id="holiday Monday"),
        pytest.param("2005-11-25T12:59", "2005-11-25/1235", id="half day, last slot"),
        pytest.param("2005-11-25T13:29", None, id="half day, too early for the closing"),
        pytest.param("2005-11-25T13:35", "2005-11-25/close", id="half day, closing and no slot at 13:35"),
        pytest.param("2005-04-04T09:35", "2005-04-04/0935", id="the clocks went forward, 2005"),
        pytest.param("2005-10-31T09:35", "2005-10-31/0935", id="the clocks went back, 2005"),
        pytest.param("2024-03-11T15:35", "2024-03-11/1535", id="the clocks went forward, 2024"),
        pytest.param("2024-11-04T15:35", "2024-11-04/1535", id="the clocks went back, 2024"),
        pytest.param("2001-09-12T12:00", "2001-09-10/close", id="special closure"),
    ],
)
def test_the_slot_that_is_due(calendar: Calendar, moment: str, expected: str | None) -> None:
    assert name_of(calendar.due(new_york(moment))) == expected


@pytest.mark.parametrize(
    ("day", "closing_due"),
    [
        pytest.param("2005-03-01", "2005-03-01T21:30", id="winter: 05:00 there is the close itself"),
        pytest.param("2005-07-01", "2005-07-01T21:00", id="summer: 05:00 there is half an hour later"),
        pytest.param("2005-11-25", "2005-11-25T21:00", id="half day: 05:00 there is four hours after the close"),
    ],
)
def test_the_closing_waits_for_the_hour_of_the_settings_when_that_is_later(
    calendar: Calendar, day: str, closing_due: str
) -> None:
    session = calendar.session(date.fromisoformat(day))
    assert session is not None

    closing = calendar.closing_slot(session, *FIVE_IN_SINGAPORE)

    assert closing.at == utc(closing_due)
    assert calendar.due(closing.at, *FIVE_IN_SINGAPORE) == closing
    assert calendar.due(closing.at - timedelta(microseconds=1), *FIVE_IN_SINGAPORE) is None


@pytest.mark.parametrize(
    ("hour", "closing_due"),
    [
        pytest.param(time(0, 30), "2005-03-02T00:30", id="past the next midnight"),
        pytest.param(time(9), "2005-03-02T09:00", id="the next morning, before the open"),
        pytest.param(time(12), "2005-03-01T16:30", id="before the close: no later than usual"),
    ],
)
def test_the_hour_of_the_settings_never_reaches_past_the_next_open(
    calendar: Calendar, hour: time, closing_due: str
) -> None:
    session = calendar.session(date(2005, 3, 1))
    assert session is not None

    assert calendar.closing_slot(session, hour).at == new_york(closing_due)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param("2005-03-01T09:00", "2005-03-01/0935", id="before the open"),
        pytest.param("2005-03-01T09:35", "2005-03-01/1035", id="a slot that is due is no longer the next one"),
        pytest.param("2005-03-01T15:35", "2005-03-01/close", id="after the last trading slot"),
        pytest.param("2005-03-01T16:30", "2005-03-02/0935", id="after the closing"),
        pytest.param("2005-02-18T17:00", "2005-02-22/0935", id="over a long weekend"),
        pytest.param("2005-02-20T12:00", "2005-02-22/0935", id="on a Sunday"),
    ],
)
def test_the_slot_that_comes_next(calendar: Calendar, moment: str, expected: str) -> None:
    assert calendar.next_due(new_york(moment)).name == expected


def test_a_walk_from_slot_to_slot_finds_each_of_them_due(calendar: Calendar) -> None:
    walked = [calendar.next_due(new_york("2005-11-22T17:00"))]
    while len(walked) < 13:
        walked.append(calendar.next_due(walked[-1].at))

    assert [calendar.due(slot.at) for slot in walked] == walked
    assert [slot.day.day for slot in walked] == [23] * 8 + [25] * 5  # Thanksgiving between them, a half day after it


def test_a_moment_without_a_time_zone_is_refused(calendar: Calendar) -> None:
    with pytest.raises(ValueError, match="with its time zone"):
        calendar.due(datetime(2005, 3, 1, 9, 35))  # noqa: DTZ001 - the mistake itself


def test_what_is_not_known_is_refused_and_never_taken_for_a_holiday(calendar: Calendar) -> None:
    with pytest.raises(CalendarError, match="'XBOM' is not known; expected one of XNYS"):
        Calendar.load("XBOM")
    with pytest.raises(CalendarError, match="known from 2000-01-01, 1999-12-31 was asked for"):
        calendar.session(date(1999, 12, 31))
    with pytest.raises(CalendarError, match="no session is known before 2000-01-03"):
        calendar.previous(date(2000, 1, 3))


def test_the_first_and_the_last_day_of_the_table_are_in_it(calendar: Calendar) -> None:
    found = calendar.sessions(date(2000, 1, 1), date(2030, 12, 31))

    assert (found[0].day, found[-1].day) == (date(2000, 1, 3), date(2030, 12, 31))
    assert all(before.close < after.open for before, after in pairwise(found))


def test_past_its_end_the_table_is_lengthened() -> None:
    pytest.importorskip("exchange_calendars")
    calendar = Calendar.load()

    assert calendar.session(date(2031, 4, 11)) is None  # Good Friday
    assert calendar.next(date(2030, 12, 31)).day == date(2031, 1, 2)
    assert calendar.previous(date(2031, 1, 2)).day == date(2030, 12, 31)
    assert name_of(calendar.due(new_york("2031-07-03T12:50"))) == "2031-07-03/1235"


def test_past_its_end_it_says_what_to_install_where_the_library_is_missing() -> None:
    asked = """
import sys
sys.modules["exchange_calendars"] = None
from datetime import date
from trader.calendar import Calendar, CalendarError
try:
    Calendar.load().session(date(2031, 2, 3))
except CalendarError as error:
    print(error)
"""

    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout

    assert "end on 2030-12-31, 2031-02-03 was asked for" in said
    assert "pip install 'tallybook[calendar]'" in said


def test_the_table_agrees_with_exchange_calendars() -> None:
    pytest.importorskip("exchange_calendars")
    from trader.sessions import generate

    written = Path(generate.__file__).with_name("XNYS.csv").read_text(encoding="ascii")

    assert written == generate.HEADER + generate.rows("XNYS", generate.FIRST_DAY, generate.LAST_DAY)
    assert set(generate.EXCHANGES) == set(ZONES)


@pytest.mark.parametrize("exchange", [name for name in ZONES if name != "XNYS"])
def test_the_tables_of_other_exchanges_agree_with_exchange_calendars(exchange: str) -> None:
    pytest.importorskip("exchange_calendars")
    from trader.sessions import generate

    first, last = date(2026, 1, 1), date(2026, 12, 31)
    written = Path(generate.__file__).with_name(f"{exchange}.csv").read_text(encoding="ascii")

    assert generate.rows(exchange, first, last) in written


@pytest.mark.parametrize(
    ("exchange", "day", "hours", "is_half_day"),
    [
        pytest.param("XLON", "2026-12-24", "08:00-12:30", True, id="London, Christmas Eve"),
        pytest.param("XLON", "2026-07-01", "07:00-15:30", False, id="London, summer"),
        pytest.param("XETR", "2026-12-30", "08:00-13:00", True, id="Frankfurt, the last day"),
        pytest.param("XPAR", "2026-12-24", "08:00-13:05", True, id="Paris, Christmas Eve"),
        pytest.param("XTKS", "2026-06-01", "00:00-06:30", False, id="Tokyo"),
        pytest.param("XHKG", "2026-12-24", "01:30-04:00", True, id="Hong Kong, Christmas Eve"),
        pytest.param("XASX", "2026-01-05", "23:00-05:00", False, id="Sydney opens on the eve, in UTC"),
        pytest.param("XTSE", "2026-12-24", "14:30-18:00", True, id="Toronto, Christmas Eve"),
    ],
)
def test_other_exchanges_keep_their_own_hours(exchange: str, day: str, hours: str, is_half_day: bool) -> None:
    session = Calendar.load(exchange).session(date.fromisoformat(day))

    assert session is not None
    assert f"{session.open:%H:%M}-{session.close:%H:%M}" == hours
    assert session.is_half_day is is_half_day


@pytest.mark.parametrize(
    ("exchange", "day", "pause"),
    [
        ("XTKS", "2026-06-01", "02:30-03:30"),
        ("XHKG", "2026-06-01", "04:00-05:00"),
        ("XHKG", "2026-12-24", None),
        ("XNYS", "2026-06-01", None),
    ],
)
def test_tokyo_and_hong_kong_pause_at_noon(exchange: str, day: str, pause: str | None) -> None:
    calendar = Calendar.load(exchange)
    session = calendar.session(date.fromisoformat(day))
    assert session is not None

    found = calendar.pause(session)

    assert (f"{found[0]:%H:%M}-{found[1]:%H:%M}" if found else None) == pause


def test_a_session_that_spans_the_broker_s_midnight_has_one_more_slot_before_it() -> None:
    tokyo = Calendar.load("XTKS")
    session = tokyo.session(date(2026, 1, 15))
    assert session is not None

    at_the_broker = [f"{slot.at.astimezone(NEW_YORK):%H:%M}" for slot in tokyo.slots(session)]

    assert at_the_broker == ["19:05", "20:05", "21:05", "22:05", "23:05", "23:35", "00:05", "01:05"]


def test_the_table_agrees_with_the_reference_sessions(calendar: Calendar) -> None:
    if not REFERENCE.exists():
        pytest.skip("the reference sessions (../shared/data/xnys.csv) are not on this machine")
    with REFERENCE.open(encoding="ascii", newline="") as lines:
        expected = [(row["open"], row["close"]) for row in csv.DictReader(lines) if row["open"] >= "2000-01-01"]

    last = datetime.fromisoformat(expected[-1][0]).date()
    found = calendar.sessions(date(2000, 1, 1), last)

    assert [(f"{s.open:%Y-%m-%dT%H:%M:%SZ}", f"{s.close:%Y-%m-%dT%H:%M:%SZ}") for s in found] == expected


def test_a_light_process_can_ask_the_calendar() -> None:
    asked = "import sys, trader.calendar as c; c.Calendar.load(); print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()

    assert not {"exchange_calendars", "pandas", "numpy", "pydantic", "ib_insync"} & set(loaded)


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        pytest.param("2005-03-01T08:44", None, id="a minute early"),
        pytest.param("2005-03-01T08:45", "2005-03-01/preflight", id="three quarters of an hour before the open"),
        pytest.param("2005-03-01T09:09", "2005-03-01/preflight", id="it may be tried again"),
        pytest.param("2005-03-01T09:10", None, id="over"),
        pytest.param("2005-11-25T08:50", "2005-11-25/preflight", id="half day"),
        pytest.param("2005-03-05T08:50", None, id="Saturday"),
        pytest.param("2005-03-25T08:50", None, id="Good Friday"),
    ],
)
def test_the_look_before_the_open_is_due_once_a_session(calendar: Calendar, moment: str, name: str | None) -> None:
    assert name_of(calendar.preflight_due(new_york(moment), 45)) == name
    assert calendar.preflight_due(new_york(moment), 0) is None
