"""The broker's bars: only what is newer is asked for, and never faster than it allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.clock import SimulatedClock
from ledger.events import ContractDefined, DataIngested
from tests.trader.decisions import AAPL, IBM, contract, situation
from trader.bars import Bar, Series
from trader.broker import BrokerIncomplete
from trader.calendar import Calendar
from trader.ingest import BarRules, ingest
from trader.sources import BrokerBars, SourceError
from trader.sources.recent import FOLDER, RecentBars

UNIVERSE = (contract(IBM),)
CALENDAR = Calendar.load()
DAYS = tuple(session.day for session in CALENDAR.sessions(date(2005, 1, 3), date(2005, 2, 28)))
FRIDAY, MONDAY = date(2005, 2, 25), date(2005, 2, 28)
START = datetime(2005, 3, 1, 15, 35, tzinfo=UTC)


def bar(day: date, close: Decimal) -> Bar:
    return Bar(day, close, close, close, close, Decimal(1000))


@dataclass
class Venue:
    """A broker with a past of its own, on a clock that moves by being waited on."""

    past: Series = tuple(bar(day, Decimal(90) + number) for number, day in enumerate(DAYS))
    moment: datetime = START
    asked: list[tuple[str, int, date]] = field(default_factory=list)
    sent: list[datetime] = field(default_factory=list)
    silent: bool = False

    @property
    def clock(self) -> SimulatedClock:
        return SimulatedClock(lambda: self.moment, self.pass_)

    def pass_(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def daily_bars(self, contract: ContractDefined, days: int, before: date) -> Series:
        self.asked.append((contract.symbol, days, before))
        self.sent.append(self.moment)
        if self.silent:
            raise BrokerIncomplete("no-answer", "late")
        return tuple(bar for bar in self.past if bar.day < before)[-days:]

    def source(self, home: Path, days: int = 20) -> BrokerBars:
        return BrokerBars(self, days, recent=RecentBars(home, "broker"), clock=self.clock)


def test_what_is_kept_is_not_asked_for_again(tmp_path: Path) -> None:
    venue = Venue()
    first = venue.source(tmp_path).fetch(UNIVERSE, MONDAY)

    again = venue.source(tmp_path).fetch(UNIVERSE, MONDAY)  # as the next process does

    assert again == first == {IBM: venue.past[-20:]}
    assert len(venue.asked) == 1


def test_only_what_is_newer_is_asked_for_with_the_last_bars_once_more(tmp_path: Path) -> None:
    venue = Venue()
    venue.source(tmp_path).fetch(UNIVERSE, FRIDAY)

    fetched = venue.source(tmp_path).fetch(UNIVERSE, MONDAY)

    assert fetched == {IBM: venue.past[-20:]}
    assert venue.asked == [("IBM", 20, date(2005, 2, 26)), ("IBM", 8, date(2005, 3, 1))]


@pytest.mark.parametrize("place", [pytest.param(-2, id="the last kept bar"), pytest.param(-5, id="one further back")])
def test_a_past_that_changed_is_asked_for_as_a_whole(tmp_path: Path, place: int) -> None:
    venue = Venue()
    venue.source(tmp_path).fetch(UNIVERSE, FRIDAY)
    past = list(venue.past)
    past[place] = bar(past[place].day, Decimal(45))
    venue.past = tuple(past)

    assert venue.source(tmp_path).fetch(UNIVERSE, MONDAY) == {IBM: venue.past[-20:]}
    assert [days for _, days, _ in venue.asked] == [20, 8, 20]


def test_the_whole_is_asked_for_once_a_week(tmp_path: Path) -> None:
    venue = Venue()
    for day in DAYS[-7:]:
        assert venue.source(tmp_path).fetch(UNIVERSE, day)[IBM][-1].day == day

    assert [days for _, days, _ in venue.asked].count(20) == 2


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-9]), id="torn"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes().replace(b"100", b"200")), id="altered"),
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
        pytest.param(lambda path: path.write_bytes(b"[]\n"), id="something else"),
        pytest.param(lambda path: path.unlink(), id="gone"),
    ],
)
def test_what_was_kept_and_is_damaged_counts_for_nothing(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    venue = Venue()
    venue.source(tmp_path).fetch(UNIVERSE, MONDAY)
    damage(tmp_path / FOLDER / f"broker-{IBM}.csv")

    assert venue.source(tmp_path).fetch(UNIVERSE, MONDAY) == {IBM: venue.past[-20:]}
    assert [days for _, days, _ in venue.asked] == [20, 20]


def test_another_length_of_history_and_a_day_before_the_last_are_asked_for_as_a_whole(tmp_path: Path) -> None:
    venue = Venue()
    venue.source(tmp_path).fetch(UNIVERSE, MONDAY)

    assert len(venue.source(tmp_path, days=30).fetch(UNIVERSE, MONDAY)[IBM]) == 30
    assert venue.source(tmp_path, days=30).fetch(UNIVERSE, FRIDAY)[IBM][-1].day == FRIDAY


def test_no_more_than_sixty_requests_leave_in_ten_minutes_whatever_process_sends_them(tmp_path: Path) -> None:
    venue = Venue()
    universe = tuple(contract(AAPL).model_copy(update={"con_id": AAPL + number}) for number in range(130))

    venue.source(tmp_path).fetch(universe[:40], MONDAY)
    venue.source(tmp_path).fetch(universe, MONDAY)  # the next process at once, with more tickers

    assert len(venue.sent) == 130
    apart = [later - first for first, later in zip(venue.sent, venue.sent[60:], strict=False)]
    assert min(apart) >= timedelta(minutes=10)
    assert venue.sent[-1] - START == timedelta(minutes=20)  # and no slower than that


def test_an_answer_that_does_not_come_fails_and_leaves_what_was_kept(tmp_path: Path) -> None:
    venue = Venue()
    venue.source(tmp_path).fetch(UNIVERSE, FRIDAY)
    venue.silent = True
    with pytest.raises(SourceError, match="source broker: IBM: late"):
        venue.source(tmp_path).fetch(UNIVERSE, MONDAY)
    venue.silent = False

    assert venue.source(tmp_path).fetch(UNIVERSE, MONDAY) == {IBM: venue.past[-20:]}


def test_the_log_tells_when_the_broker_told_it(tmp_path: Path) -> None:
    venue = Venue()
    for _ in range(2):
        [fact] = ingest(situation(), tmp_path, (venue.source(tmp_path),), UNIVERSE, CALENDAR, BarRules())
        venue.pass_(3600)

    assert isinstance(fact, DataIngested)
    assert (fact.origin, fact.fetched_at) == (None, START)  # an hour ago, when it was asked
