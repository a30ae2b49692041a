"""When cycles run: every start is the same command, and most starts have nothing to do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from ledger.events import (
    CycleFinished,
    CycleSkipped,
    CycleStarted,
    DayCommitted,
    NoticeFailed,
    NoticeSent,
    OrderPlanned,
)
from tests.trader.cycles.world import TUESDAY, WEDNESDAY, World, world
from trader import exits

GOOD_FRIDAY = date(2005, 3, 25)
THURSDAY_BEFORE = date(2005, 3, 24)
HALF_DAY = date(2005, 11, 25)
THANKSGIVING_EVE = date(2005, 11, 23)
FRIDAY_IN_WINTER, MONDAY_IN_SUMMER = date(2005, 4, 1), date(2005, 4, 4)
FRIDAY_IN_SUMMER, MONDAY_IN_WINTER = date(2005, 10, 28), date(2005, 10, 31)


IDLE = (
    pytest.param(THURSDAY_BEFORE, "16:29", id="before the closing"),
    pytest.param(GOOD_FRIDAY, "09:35", id="on a holiday"),
    pytest.param(date(2005, 3, 26), "11:40", id="on a Saturday"),
    pytest.param(date(2005, 3, 28), "09:29", id="before the open"),
    pytest.param(date(2005, 3, 28), "09:34", id="a minute early"),
    pytest.param(date(2005, 3, 28), "10:00", id="when the slot is over"),
    pytest.param(date(2005, 3, 28), "10:20", id="between two slots"),
)


@pytest.mark.parametrize(("day", "clock"), IDLE)
def test_a_start_without_work_exits_0_and_leaves_no_trace(tmp_path: Path, day: date, clock: str) -> None:
    with world(tmp_path, THURSDAY_BEFORE, "16:10") as idle:
        if day != THURSDAY_BEFORE:
            idle.close(THURSDAY_BEFORE)
        idle.advance_to(day, clock)
        before, mails = idle.files(), len(idle.box.received)

        started = idle.cycle()

        assert (started.status, started.out, started.err) == (exits.FINE, "", "")
        assert idle.files() == before
        assert len(idle.box.received) == mails
        assert idle.control.clients() == []


def test_a_slot_run_twice_is_run_once(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.trade()
    before = world.log()
    world.control.advance(seconds=300)

    again = world.cycle()

    assert (again.status, again.out, again.err) == (exits.FINE, "", "")
    assert world.log() == before


def test_a_dry_run_by_hand_does_not_take_a_slots_trading_away(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    assert world.cycle("--dry-run").status == exits.FINE
    assert world.held() == {}
    world.control.advance(seconds=300)

    assert world.cycle().status == exits.FINE

    assert world.held()["ACME"] == 1000
    before = world.log()
    world.control.advance(seconds=300)
    assert world.cycle().status == world.cycle("--dry-run").status == exits.FINE
    assert world.log() == before
    assert world.apart() == ()


def test_slots_that_nobody_ran_are_named_by_the_next_cycle(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.trade()
    world.advance_to(TUESDAY, 3)
    world.trade()
    world.advance_to(WEDNESDAY, 1)
    world.trade()

    assert [skipped.slot for skipped in world.facts(CycleSkipped)] == [
        *(f"{TUESDAY}/{clock}" for clock in ("1035", "1135")),
        *(f"{TUESDAY}/{clock}" for clock in ("1335", "1435", "1535", "close")),
        f"{WEDNESDAY}/0935",
    ]
    assert world.apart() == ()


def test_a_half_day_has_four_slots_and_an_early_closing(tmp_path: Path) -> None:
    with world(tmp_path, THANKSGIVING_EVE, "16:31") as short:
        short.close(THANKSGIVING_EVE)
        for slot in range(4):
            short.advance_to(HALF_DAY, slot)
            assert short.trade() == exits.FINE
            assert short.apart() == ()
        short.advance_to(HALF_DAY, "13:29")
        before = short.files()
        assert short.cycle().status == exits.FINE
        assert short.files() == before
        short.close(HALF_DAY)

        started = [fact for fact in short.facts(CycleStarted) if fact.session_day == HALF_DAY]
        assert [fact.slot.partition("/")[2] for fact in started] == ["0935", "1035", "1135", "1235", "close"]
        assert [fact.session_day for fact in short.facts(DayCommitted)] == [THANKSGIVING_EVE, HALF_DAY]
        assert short.facts(CycleSkipped) == []


@pytest.mark.parametrize(
    ("before", "hour_before", "after", "hour_after"),
    [
        pytest.param(FRIDAY_IN_WINTER, 14, MONDAY_IN_SUMMER, 13, id="in April the clocks go forward"),
        pytest.param(FRIDAY_IN_SUMMER, 13, MONDAY_IN_WINTER, 14, id="in October they go back"),
    ],
)
def test_over_a_change_of_the_clocks_slots_follow_the_exchange(
    tmp_path: Path, before: date, hour_before: int, after: date, hour_after: int
) -> None:
    with world(tmp_path, before) as crossing:
        for day, hour in ((before, hour_before), (after, hour_after)):
            for slot in range(7):
                crossing.control.advance(datetime(day.year, day.month, day.day, hour + slot, 35, tzinfo=UTC))
                assert crossing.due().name == f"{day}/{9 + slot:02}35"
                assert crossing.trade() == exits.FINE
            crossing.control.advance(datetime(day.year, day.month, day.day, hour + 7, 30, tzinfo=UTC))
            assert crossing.trade() == exits.FINE

        assert len(crossing.facts(CycleFinished)) == 16
        assert crossing.facts(CycleSkipped) == []
        assert crossing.apart() == ()


def test_an_hour_that_was_a_slot_before_the_clocks_changed_is_none_after(tmp_path: Path) -> None:
    with world(tmp_path, MONDAY_IN_WINTER, "00:01") as crossing:
        crossing.close(FRIDAY_IN_SUMMER)
        crossing.control.advance(datetime(2005, 10, 31, 13, 35, tzinfo=UTC))  # 08:35 in New York since Sunday
        before = crossing.files()

        assert crossing.cycle().status == exits.FINE
        assert crossing.files() == before


def test_the_closing_plans_nothing_and_the_day_is_committed(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.trade()
    planned = len(world.facts(OrderPlanned))
    world.advance_to(TUESDAY, "16:30")

    assert world.cycle().status == exits.FINE

    started = world.facts(CycleStarted)[-1]
    assert (started.kind, started.slot) == ("close", f"{TUESDAY}/close")
    assert len(world.facts(OrderPlanned)) == planned
    (committed,) = world.facts(DayCommitted)
    assert (committed.session_day, committed.fills) == (TUESDAY, len(world.book().fills))
    with duckdb.connect(str(world.home / "var" / "tallybook.duckdb"), read_only=True) as database:
        assert database.execute("SELECT count(*) FROM fills").fetchone() == (len(world.book().fills),)
    assert world.apart() == ()

    before = world.log()
    world.control.advance(seconds=300)
    assert world.cycle().status == exits.FINE
    assert world.log() == before


def test_a_commit_that_fails_is_mailed_and_tried_again_alone(world: World) -> None:
    database = world.home / "var" / "tallybook.duckdb"
    database.mkdir()
    world.advance_to(TUESDAY, -1)

    failed = world.cycle()

    assert failed.status == exits.COULD_NOT
    assert len(failed.err.splitlines()) == 1
    assert [subject.split("  ")[0] for subject in world.box.subjects] == [
        "[paper] END Tue 1 Mar",
        f"[paper] ALARM {TUESDAY}/close",
    ]
    assert len(world.facts(CycleFinished)) == 1

    database.rmdir()
    world.control.advance(seconds=300)
    assert world.cycle().status == exits.FINE
    assert len(world.facts(CycleFinished)) == len(world.facts(DayCommitted)) == 1


def test_a_mail_that_did_not_leave_is_tried_again_by_the_next_cycle(world: World) -> None:
    world.box.refuses = True
    world.advance_to(TUESDAY, 0)
    assert world.trade() == exits.FINE
    assert [notice.kind for notice in world.facts(NoticeFailed)] == ["start"]
    world.box.refuses = False
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.FINE

    assert [notice.kind for notice in world.facts(NoticeSent)] == ["start"]
    assert len(world.box.received) == 1


def test_what_follows_the_closing_is_tried_again_the_mail_too(world: World) -> None:
    world.box.refuses = True
    database = world.home / "var" / "tallybook.duckdb"
    database.mkdir()
    world.advance_to(TUESDAY, -1)
    assert world.cycle().status == exits.COULD_NOT
    assert world.box.received == []
    world.box.refuses = False
    database.rmdir()
    world.control.advance(seconds=300)

    assert world.cycle().status == exits.FINE

    assert [notice.kind for notice in world.facts(NoticeSent)] == ["alarm", "end"]  # that the commit failed, too
    assert len(world.facts(CycleFinished)) == len(world.facts(DayCommitted)) == 1


def test_what_filled_after_the_last_cycle_of_a_day_that_nobody_closed_is_a_break(tmp_path: Path) -> None:
    """IB tells executions since its midnight only: what a day offline missed is known to differ, and not doubled."""
    thin_alone = {"kind": "fixed", "weights": {"THIN": "0.3"}}
    with world(tmp_path, universe={"symbols": ["THIN"]}, strategy=thin_alone) as thin:
        thin.advance_to(TUESDAY, 6)
        thin.trade()
        thin.advance_to(WEDNESDAY, 0)

        assert thin.trade() == exits.BAD_NEWS

        kinds = {known.found.kind: known.found.consequence for known in thin.book().open_breaks}
        assert kinds["position"] == "lock"
        assert len(thin.orders()) == 1
        assert thin.apart() != ()


def test_orders_that_still_work_expire_with_their_session(world: World) -> None:
    world.control.fill_orders(False)
    world.advance_to(TUESDAY, 6)
    world.trade()
    assert {order.status for order in world.orders()} == {"working"}
    world.advance_to(TUESDAY, -1)

    assert world.trade() == exits.FINE

    assert {order.status for order in world.orders()} == {"expired"}
    assert world.apart() == ()


def test_a_day_is_not_closed_before_the_hour_of_the_settings(world: World) -> None:
    world.set(schedule={"close_not_before": "05:00 Asia/Singapore"})
    midnight_in_new_york = datetime(2005, 3, 1, 21, 0, tzinfo=UTC)  # 05:00 of 2 March in Singapore
    world.advance_to(TUESDAY, "16:30")
    assert world.control.now() == midnight_in_new_york + timedelta(minutes=30)
    world.close(TUESDAY)
    assert world.facts(CycleStarted)[-1].slot == f"{TUESDAY}/close"

    world.set(schedule={"close_not_before": "07:00 Asia/Singapore"})
    world.advance_to(WEDNESDAY, "17:55")
    before = world.log()
    assert world.cycle().status == exits.FINE
    assert world.log() == before
    world.advance_to(WEDNESDAY, "18:00")
    assert world.trade() == exits.FINE
    assert world.facts(CycleStarted)[-1].slot == f"{WEDNESDAY}/close"


def test_by_hand_a_cycle_runs_whatever_the_hour(world: World) -> None:
    world.advance_to(TUESDAY, "10:07")

    assert world.cycle("--now").status == exits.FINE

    assert world.facts(CycleStarted)[-1].slot == f"{TUESDAY}/now-100700"
    assert world.held()["ACME"] == 1000
    assert world.apart() == ()
    assert world.facts(NoticeSent) == []


def test_a_cycle_by_hand_says_its_bad_news(world: World) -> None:
    world.set(strategy={"kind": "file", "path": "targets.csv"})  # which nobody wrote
    world.advance_to(TUESDAY, "10:07")

    by_hand = world.cycle("--now")

    assert by_hand.status == exits.BAD_NEWS
    (line,) = by_hand.out.splitlines()
    assert line.startswith("bad news: forecast failed: strategy file: targets file targets.csv: ")
    assert line.endswith("; see: tallybook status")


def test_outside_the_session_a_cycle_by_hand_orders_nothing(world: World) -> None:
    world.advance_to(TUESDAY, "17:00")

    assert world.cycle("--now").status == exits.FINE

    assert {planned.reason for planned in world.facts(OrderPlanned)} == {"market closed"}
    assert world.orders() == ()


def test_a_session_sends_its_three_mails_once_each_as_text_and_html(world: World) -> None:
    world.control.reject(symbol="ACME", message="Order rejected - reason:<b>not & today</b>")
    for slot in range(-8, 0):
        world.advance_to(TUESDAY, slot)
        assert world.trade() in (exits.FINE, exits.BAD_NEWS)

    assert [subject.split("  ")[0] for subject in world.box.subjects] == [
        f"[paper] {kind} Tue 1 Mar" for kind in ("START", "MIDDLE", "END")
    ]
    for index in range(3):
        text, html = world.box.body("plain", index), world.box.body("html", index)
        assert "Rejected: BUY 1,000 ACME limit 50.03: 201 Order rejected - reason:<b>not & today</b>" in text
        assert "reason:&lt;b&gt;not &amp; today&lt;/b&gt;" in html
        assert "<b>not" not in html
    assert [notice.kind for notice in world.facts(NoticeSent)] == ["start", "middle", "end"]
    witnesses = [line for line in world.box.body("plain", 2).splitlines() if ":" in line][-1]
    assert len(witnesses.rpartition(":")[2]) == 64


def test_an_order_that_filled_in_part_stands_in_the_digest(tmp_path: Path) -> None:
    thin_alone = {"kind": "fixed", "weights": {"THIN": "0.3"}}
    with world(tmp_path, universe={"symbols": ["THIN"]}, strategy=thin_alone) as thin:
        for slot in range(-8, 0):
            thin.advance_to(TUESDAY, slot)
            thin.trade()

        assert "Partly filled: BUY " in thin.box.body("plain", 2)
        assert "Partly filled: BUY " in thin.box.body("html", 2)
        assert thin.apart() == ()


def test_after_an_outage_the_first_cycle_only_reconciles_and_the_second_trades(world: World) -> None:
    world.want(WAVE="0.3")
    world.advance_to(TUESDAY, 0)
    world.trade()
    world.want(WAVE="-0.3")
    sent = len(world.orders())
    world.advance_to(TUESDAY, 2)

    world.trade()

    reconciled = world.book().cycle
    assert reconciled is not None
    assert reconciled.reconciled is not None
    assert [reason.partition(":")[0] for reason in reconciled.vetoed] == ["the_slot_before_was_finished"]
    assert len(world.orders()) == sent
    world.advance_to(TUESDAY, 3)
    assert world.trade() == exits.FINE
    assert len(world.orders()) > sent
