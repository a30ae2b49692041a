"""What is told while no cycle finishes, and what the log could not take down then."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from ledger.book import replay
from ledger.clock import SimulatedClock
from ledger.events import DataIngested, DayCommitted, SeriesRow
from ledger.ledger import Ledger
from ledger.log import read_events
from tests.queries.history import IBM, TUESDAY, WEDNESDAY, World, closed
from tests.trader.mailbox import Mailbox
from trader import exits
from trader.aftermath import known_now, tell
from trader.settings import load
from trader.supervision import Ending
from trader.telling import tell_of_cycle, tell_untold
from trader.unrecorded import notes

THURSDAY = date(2005, 3, 3)


def reopened(home: Path) -> World:
    """Go on in a home whose log was closed."""
    moment = replay(read_events(home)).now
    world = World(home, moment, None)  # type: ignore[arg-type]
    world.ledger = Ledger.open(home, SimulatedClock(lambda: world.moment, lambda _: None))
    return world


def ended_by(code: str, status: int = exits.COULD_NOT) -> Ending:
    return Ending(status, None, timed_out=False, peak_memory_bytes=0, last_words=f"{code}: what was found")


def test_what_is_known_after_a_failure_stops_no_alarm_where_it_cannot_be_told(home: Path) -> None:
    book = replay(read_events(home))
    book.ingested = None  # type: ignore[assignment]  # so that whoever looks for closes raises

    (line,) = known_now(book, home, {"sources": {"folder": "bars"}})

    assert line.startswith("What is known now could not be told: ")


def test_an_outage_is_one_mail_with_nav_by_a_second_source_then_digests(home: Path, box: Mailbox) -> None:
    for time in ("1035", "1035", "1135"):
        tell(home, f"{WEDNESDAY}/{time}", ended_by("gateway-down"), "cycle")

    assert [subject.split()[1] for subject in box.subjects] == ["ALARM"]
    text = " ".join(box.body("plain").split())
    held = replay(read_events(home)).positions[IBM]
    mark, nav = replay(read_events(home)).marks[IBM], Decimal("100080.67")
    assert f"Re-marked NAV {nav + held * (97 - mark):,.2f}: IBM at folder's close of Tue 1 Mar." in text
    assert "The broker's marks, of Wed 2 Mar 09:40, are newer." in text
    assert text.endswith("Type: tallybook doctor")

    tell(home, f"{WEDNESDAY}/1235", ended_by("gateway-silent"), "cycle")
    tell(home, f"{WEDNESDAY}/1335", ended_by("gateway-silent"), "cycle")
    tell(home, f"{WEDNESDAY}/close", ended_by("gateway-silent"), "cycle")
    tell(home, f"{WEDNESDAY}/close", ended_by("gateway-silent"), "cycle")

    assert [subject.split()[1] for subject in box.subjects] == ["ALARM", "MIDDLE", "END"]
    assert "no cycle since 09:40" in box.subjects[-1]
    assert "Re-marked NAV" in box.body("plain")
    assert "No cycle has finished since Wed 2 Mar 09:40: gateway-down; 6 starts failed." in box.body("plain")


def test_closes_that_a_cycle_kept_serve_when_the_source_is_away_too(home: Path, box: Mailbox) -> None:
    for path in (home / "bars").iterdir():
        path.unlink()
    world = reopened(home)
    row = SeriesRow(
        con_id=IBM, symbol="IBM", sha256="a" * 64, bars=1, first=TUESDAY, last=TUESDAY, last_close=Decimal(96)
    )
    world.record(DataIngested(source="folder", series=(row,)))
    closed(world)

    tell(home, f"{WEDNESDAY}/1035", ended_by("gateway-down"), "cycle")

    assert "IBM at folder's close of Tue 1 Mar" in box.body("plain")


def test_a_commit_that_failed_is_over_when_the_day_is_committed_not_before(home: Path, box: Mailbox) -> None:
    tell(home, f"{WEDNESDAY}/close", ended_by("not-usable"), "commit")
    assert box.body("plain").startswith("Not committed: not-usable.")
    world, settings = reopened(home), load(home)

    world.quiet_cycle(THURSDAY, "09:35", "95")
    tell_of_cycle(world.ledger, settings, home)
    assert [subject.split()[1] for subject in box.subjects] == ["ALARM"]

    world.record(DayCommitted(session_day=WEDNESDAY, snapshots=1, fills=0))
    tell_of_cycle(world.ledger, settings, home)
    assert [subject.split()[1] for subject in box.subjects] == ["ALARM", "ENDED"]


def test_what_the_log_could_not_record_is_recorded_by_the_next_start_and_ended_by_its_cycle(
    home: Path, box: Mailbox
) -> None:
    tell(home, f"{WEDNESDAY}/1035", ended_by("log-locked", exits.LOCKED), "cycle")
    tell(home, f"{WEDNESDAY}/1035", ended_by("log-locked", exits.LOCKED), "cycle")
    assert [subject.split()[1] for subject in box.subjects] == ["ALARM"]
    assert [note.failure.code for note in notes(home)] == ["log-locked"]
    world, settings = reopened(home), load(home)
    tell_untold(world.ledger, settings, home)
    assert list(notes(home)) == []
    world.quiet_cycle(WEDNESDAY, "11:35", "95")
    tell_of_cycle(world.ledger, settings, home)

    assert [subject.split()[1] for subject in box.subjects] == ["ALARM", "ENDED"]


def test_an_alarm_that_neither_left_nor_was_recorded_is_told_by_the_next_start(home: Path, box: Mailbox) -> None:
    box.refuses = True
    tell(home, f"{WEDNESDAY}/1035", ended_by("log-locked", exits.LOCKED), "cycle")
    box.refuses = False
    world = reopened(home)
    tell_untold(world.ledger, load(home), home)

    assert [subject.split()[1] for subject in box.subjects] == ["ALARM"]
    assert "log-locked" in box.subjects[0]
