"""A clock that was ahead and is right again: the log's time never goes back, and that must not pass in silence."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import pytest

from ledger.events import NoticeSent, StepFailed, TradingVetoed
from ledger.ledger import Ledger
from tests.ledger.logs import StillClock, lost
from tests.trader.cycles.world import TUESDAY, World
from trader import exits
from trader.parent import main


def let_the_log_reach(world: World, ahead: timedelta) -> None:
    with Ledger.open(world.home, StillClock(world.control.now() + ahead)) as ledger:
        ledger.record((lost("told while the clock was ahead"),))


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=1461)], ids=["an hour", "four years"])
def test_while_the_log_is_ahead_of_the_clock_nothing_is_traded_and_the_owner_is_told(
    world: World, ahead: timedelta
) -> None:
    world.advance_to(TUESDAY, 0)
    let_the_log_reach(world, ahead)

    assert world.trade() == exits.BAD_NEWS

    assert [failure.step for failure in world.facts(StepFailed)] == ["clock"]
    assert "Clocks differ" in world.facts(StepFailed)[0].reason
    assert len(world.facts(TradingVetoed)) == 1
    assert world.orders() == ()
    assert world.box.subjects[0].startswith(f"[paper] ALARM {TUESDAY}/0935  step-failed")
    assert world.box.subjects[1].endswith("orders stopped")
    assert "clock failed" in world.box.body("plain")


def test_once_the_clock_is_there_again_the_next_cycle_trades(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    let_the_log_reach(world, timedelta(minutes=50))
    world.trade()
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.FINE

    assert len(world.orders()) == 2
    assert world.apart() == ()


def test_the_end_of_the_packaged_calendar_is_mailed_once_a_day(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    let_the_log_reach(world, datetime(2031, 1, 2, 15, tzinfo=UTC) - world.control.now())
    world.set(simulator={"control": "127.0.0.1:9"})  # nobody there: it is as late as the log says
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)  # not installed
    monkeypatch.delitem(sys.modules, "trader.sessions.generate", raising=False)

    assert [main(["--home", str(world.home), "cycle"]) for _ in range(2)] == [exits.COULD_NOT] * 2

    assert [notice.incident for notice in world.facts(NoticeSent)] == ["calendar/2031-01-02"]
    (subject,) = world.box.subjects
    assert "calendar" in subject
    assert "pip install 'tallybook[calendar]'" in world.box.body("plain")
