"""Three quarters of an hour before the open the broker is looked at; the owner hears of it only if he has to act."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.events import CycleFailed, CycleStarted, PreflightFinished
from tests.trader.cycles.world import TUESDAY, World
from tests.trader.cycles.world import world as at_venue
from trader import exits
from trader.broker import BrokerProblem
from trader.occasion import Options, SlotUsedUp
from trader.preflight import look
from trader.schedule import read_toml, schedule_of
from trader.settings import load

PREFLIGHT = f"{TUESDAY}/preflight"
IMPATIENT = {"request_timeout_seconds": 1}


@pytest.fixture
def early(tmp_path: Path) -> Iterator[World]:
    with at_venue(tmp_path, clock="08:40") as made:
        made.advance_to(TUESDAY, "08:45")
        yield made


def looked(world: World) -> int:
    return look(world.home, load(world.home), Options(PREFLIGHT))


def told(world: World) -> list[str]:
    return [subject.split()[1] for subject in world.box.subjects]


def test_a_broker_in_order_is_recorded_and_nobody_is_told(early: World) -> None:
    assert (started := early.cycle()).status == exits.FINE
    assert (started.out, started.err) == ("", "")

    (found,) = early.facts(PreflightFinished)
    assert (found.slot, found.passed, found.code) == (PREFLIGHT, True, "")
    assert [row.name for row in found.rows] == ["session", "market data", "end of the session"]
    assert found.rows[1].found == "2 of 2 contracts have a price"
    assert early.box.received == []
    assert early.facts(CycleStarted) == []
    assert early.at_venue() == []

    with pytest.raises(SlotUsedUp):
        looked(early)


def test_a_gateway_that_is_down_is_mailed_once_and_tried_again_until_the_slot_is_over(early: World) -> None:
    early.control.refuse()
    for _ in range(2):
        started = early.cycle()
        assert (started.status, started.code) == (exits.COULD_NOT, "gateway-down")
        early.control.advance(seconds=300)
    assert told(early) == ["ALARM"]
    assert {fact.slot for fact in early.facts(CycleFailed)} == {PREFLIGHT}

    early.control.refuse(False)
    assert looked(early) == exits.FINE
    assert [fact.passed for fact in early.facts(PreflightFinished)] == [False, False, True]

    early.advance_to(TUESDAY, 0)
    assert early.trade() == exits.FINE
    assert early.held()["ACME"] == 1000


@pytest.mark.parametrize(
    ("code", "text", "means"),
    [
        (10197, "No market data during competing live session", "market-data-elsewhere"),
        (354, "Requested market data is not subscribed.", "market-data-missing"),
    ],
)
def test_market_data_that_somebody_has_to_give_back_is_told_by_name(
    early: World, code: int, text: str, means: str
) -> None:
    early.control.refuse_data(code, text)

    with pytest.raises(BrokerProblem, match=text) as stopped:
        looked(early)

    assert stopped.value.code == means
    (found,) = early.facts(PreflightFinished)
    assert (found.passed, found.code, [row.passed for row in found.rows]) == (False, means, [True, False])


def test_what_may_cure_itself_is_recorded_and_nobody_is_told(early: World) -> None:
    early.set(broker=IMPATIENT)
    early.control.drop("contractData")
    early.control.drop("contractDataEnd")

    started = early.cycle()

    assert (started.status, started.err) == (exits.BAD_NEWS, "")
    assert [(fact.passed, fact.code) for fact in early.facts(PreflightFinished)] == [(False, "no-answer")]
    assert early.box.received == []
    assert early.facts(CycleFailed) == []


def test_who_wants_no_look_before_the_open_has_none(early: World) -> None:
    early.set(schedule={"preflight_minutes": 0})

    schedule = schedule_of(read_toml(early.home), early.home / "tallybook.toml")

    assert early.calendar.preflight_due(early.control.now(), schedule.preflight_minutes) is None
