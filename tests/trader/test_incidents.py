"""What cannot wait is told once when it begins, and once when it is over; nothing is dropped on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import replay
from ledger.clock import SimulatedClock
from ledger.events import (
    BreakAccepted,
    BreakFound,
    CycleFailed,
    CycleSkipped,
    DataFaultFound,
    DataIngested,
    DayCommitted,
    IncidentEnded,
    IncidentOpened,
    NoticeFailed,
    NoticeSent,
    OrderPlanned,
    PingFailed,
    SafeguardsEvaluated,
    SeriesRow,
    StepFailed,
    TradingVetoed,
    VerdictRow,
)
from ledger.ledger import Ledger
from ledger.log import read_events
from ledger.state import Impossible
from queries.status import status
from queries.story_of_facts import told as words_of
from tests.queries.history import IBM, TUESDAY, WEDNESDAY, World, buy_ibm, closed, new_world, ready, two_sessions
from tests.trader.homes import SETTINGS, SIMULATED, mail_section, write_settings
from tests.trader.mailbox import Mailbox, mailbox
from trader import exits
from trader.aftermath import known_now, tell
from trader.alarms import KINDS, troubles
from trader.incidents import Failure, begun, begun_by_start, over
from trader.notices import send, session_letter
from trader.notices.delivery import Channels, tell_incidents
from trader.notices.incidents import alarm_letter
from trader.notices.letters import SUMMARY_WIDTH
from trader.settings import Settings, load
from trader.supervision import Ending
from trader.telling import tell_of_cycle, tell_untold
from trader.unrecorded import notes

TO = ("mail",)
NOW = datetime(2005, 3, 1, 14, 35, tzinfo=UTC)
THURSDAY = date(2005, 3, 3)
LOCKED = BreakFound(break_id="B-1", kind="position", subject=str(IBM), consequence="lock", con_id=IBM)


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


def settings_of(home: Path, box: Mailbox, more: str = "") -> Settings:
    write_settings(home, SETTINGS + SIMULATED + mail_section(box.port) + more)
    return load(home)


def opened(world: World) -> tuple[IncidentOpened, ...]:
    return tuple(begun(world.ledger.book, troubles(world.ledger.book), TO))


def ended(world: World) -> tuple[IncidentEnded, ...]:
    return tuple(over(world.ledger.book, troubles(world.ledger.book), KINDS))


def told(home: Path) -> list[tuple[str, str]]:
    facts = (event.fact for event in read_events(home))
    return [(fact.kind, fact.incident) for fact in facts if isinstance(fact, NoticeSent)]


def reopened(home: Path) -> World:
    """Go on in a home whose log was closed."""
    moment = replay(read_events(home)).now
    world = World(home, moment, None)  # type: ignore[arg-type]
    world.ledger = Ledger.open(home, SimulatedClock(lambda: world.moment, lambda _: None))
    return world


def ended_by(code: str, status: int = exits.COULD_NOT) -> Ending:
    return Ending(status, None, timed_out=False, peak_memory_bytes=0, last_words=f"{code}: what was found")


# What begins, and what is over


def test_a_break_that_locks_is_an_incident_until_it_is_accepted(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED)

    (incident,) = opened(world)
    assert (incident.incident, incident.subjects) == (f"break-open/{TUESDAY}", ("B-1",))
    assert incident.command == "tallybook breaks B-1"

    world.record(incident)
    assert opened(world) == ()
    assert ended(world) == ()

    world.record(BreakAccepted(break_id="B-1", why="my own"))
    (over_now,) = ended(world)
    assert "B-1 position IBM: you accepted it: my own." in over_now.lines


def test_breaks_that_begin_together_are_one_incident_and_a_later_one_is_another(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED, LOCKED.model_copy(update={"break_id": "B-2", "subject": "1"}))
    (both,) = opened(world)
    assert both.subjects == ("B-1", "B-2")
    world.record(both)

    world.record(LOCKED.model_copy(update={"break_id": "B-3", "subject": "2"}))
    (third,) = opened(world)

    assert (third.incident, third.subjects) == (f"break-open/{TUESDAY}/2", ("B-3",))


def test_what_is_only_noted_is_no_incident(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED.model_copy(update={"consequence": "note"}))

    assert opened(world) == ()


def test_a_closing_cycle_does_not_end_what_only_trading_can_tell(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "15:35")
    world.record(StepFailed(step="ingest", reason="the folder is empty"))
    world.observe("92")
    world.finish()
    world.record(*opened(world))
    assert [known.opened.code for known in world.ledger.book.incidents.values()] == ["step-failed"]

    world.quiet_cycle(TUESDAY, "16:30", "92", kind="close")
    assert ended(world) == ()

    world.quiet_cycle(WEDNESDAY, "09:35", "92")
    assert [it.incident for it in ended(world)] == [f"step-failed/{TUESDAY}"]


@pytest.mark.parametrize(
    ("safeguard", "dry_run", "codes"),
    [
        pytest.param("spreads_are_narrow", False, ["orders-vetoed"], id="a veto"),
        pytest.param("spreads_are_narrow", True, [], id="in a dry run nothing was to leave"),
        pytest.param("breaks_are_respected", False, [], id="what it follows from is told"),
    ],
)
def test_orders_that_were_wanted_and_vetoed_are_an_incident(
    tmp_path: Path, safeguard: str, dry_run: bool, codes: list[str]
) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35", dry_run=dry_run)
    world.record(wanted())
    verdict = VerdictRow(safeguard=safeguard, outcome="veto", formula="spread", observed="2", limit="1", distance="-1")
    world.record(SafeguardsEvaluated(verdicts=(verdict,)), TradingVetoed(reasons=(safeguard,)))

    assert [incident.code for incident in opened(world)] == codes


def wanted() -> OrderPlanned:
    return OrderPlanned(
        con_id=IBM, symbol="IBM", action="BUY", quantity=Decimal(1), reason="drift", held=Decimal(0),
        target=Decimal(1), weight=Decimal("0.1"), reference_price=Decimal(92), limit_price=Decimal(92),
        order_ref="tb-1",
    )  # fmt: skip


def test_a_contract_that_nobody_quotes_is_an_incident_until_somebody_does(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "10:35")
    reason = "no price: the broker quoted none"
    unquoted = wanted().model_copy(update={"action": "NOTHING", "quantity": Decimal(0), "reason": reason})
    world.record(unquoted.model_copy(update={"order_ref": None}))

    (incident,) = opened(world)
    world.record(incident)
    assert ended(world) == ()
    world.begin(TUESDAY, "11:35")

    assert (incident.code, incident.lines) == (
        "no-price",
        ("IBM: no price: the broker quoted none; it is left alone.",),
    )
    assert [over_now.incident for over_now in ended(world)] == [incident.incident]


def test_mails_that_fail_for_an_hour_are_an_incident_until_one_leaves(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    world.record(NoticeFailed(kind="start", subject="…", reason="refused"))
    world.at(TUESDAY, "10:34")
    world.record(CycleSkipped(slot=f"{TUESDAY}/1035", reason="no cycle ran in its time"))
    assert opened(world) == ()

    world.begin(TUESDAY, "11:35")
    (incident,) = opened(world)
    world.record(incident)
    assert ended(world) == ()
    world.record(NoticeSent(kind="start", subject="…"))

    assert (incident.code, incident.subjects) == ("mail-fails", ("mail",))
    assert incident.lines[0].startswith(f"No mail has left since {TUESDAY} 14:35 UTC;")
    assert [over_now.incident for over_now in ended(world)] == [incident.incident]


def test_all_ways_in_which_the_broker_is_away_are_one_outage(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    down = Failure("gateway-down", "nobody listens", f"{TUESDAY}/0935")
    world.record(*begun_by_start(world.ledger.book, down, TO))

    silent, killed = replace(down, code="gateway-silent"), replace(down, code="cycle-killed")

    assert begun_by_start(world.ledger.book, silent, TO) == ()
    assert [it.code for it in begun_by_start(world.ledger.book, killed, TO)] == ["cycle-killed"]


def test_the_end_of_an_outage_tells_how_long_what_was_missed_and_what_is_different(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.begin(TUESDAY, "10:35")
    failure = Failure("gateway-down", "nobody listens", f"{TUESDAY}/1035")
    world.record(CycleFailed(slot=failure.slot, code=failure.code, reason=failure.reason))
    world.record(*begun_by_start(world.ledger.book, failure, TO))
    world.record(CycleFailed(slot=failure.slot, code=failure.code, reason=failure.reason))
    world.at(TUESDAY, "12:34")
    world.record(CycleSkipped(slot=f"{TUESDAY}/1135", reason="no cycle ran in its time"))
    ready(world, TUESDAY, "12:35")
    buy_ibm(world, "10")
    world.observe("93")
    world.finish()

    (end,) = ended(world)

    assert end.lines[0] == "It lasted 2 h 00 min."
    assert end.lines[1] == f"2 starts failed; missed: {TUESDAY}/1135."
    assert "Executed since: IBM +10." in end.lines
    assert any(line.startswith("NAV 100,000.00 before, ") for line in end.lines)


def test_what_was_wrong_with_the_data_stands_in_the_status_and_in_the_mails_of_the_day(
    tmp_path: Path,
) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "15:35")
    fault = DataFaultFound(
        source="folder", con_id=IBM, symbol="IBM", kind="spike", first=TUESDAY, last=TUESDAY, field="close",
        text="940 after 94; correct it", skipped=True,
    )  # fmt: skip
    world.record(fault)
    world.observe("92")
    world.finish()
    world.quiet_cycle(TUESDAY, "16:30", "92", kind="close")

    line = "Data of IBM (folder), spike 2005-03-01: 940 after 94; correct it; IBM was left alone."
    assert status(closed(world)).data_faults == (line,)
    assert line in [line for part in session_letter(world.ledger.book, "end", TUESDAY, ()).parts for line in part.lines]


def test_the_closest_limits_stand_in_the_mails(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    rows = [("names_stay_within_share", "0.28", "0.3", "0.02", IBM), ("gross_leverage", "0.93", "1.5", "0.57", None)]
    verdicts = tuple(
        VerdictRow(
            safeguard=name, outcome="pass", formula="as it is", observed=seen, limit=limit, distance=left, con_id=con_id
        )
        for name, seen, limit, left, con_id in rows
    )
    words = VerdictRow(safeguard="book", outcome="pass", formula="", observed="agrees", limit="", distance="")
    world.record(SafeguardsEvaluated(verdicts=(*verdicts, words)))

    letter = session_letter(world.ledger.book, "end", TUESDAY, ())

    told = [line for part in letter.parts for line in part.lines]
    assert "Closest limits: names stay within share IBM 0.28 of 0.3; gross leverage 0.93 of 1.5." in told


def test_an_incident_opens_once_and_ends_once(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED)
    (incident,) = opened(world)
    world.record(incident)
    with pytest.raises(Impossible, match="opened already"):
        world.record(incident)

    world.record(IncidentEnded(incident=incident.incident))
    for name, found in ((incident.incident, "its end"), ("another", "none")):
        with pytest.raises(Impossible, match=f"expected an open one, found {found}"):
            world.record(IncidentEnded(incident=name))


# Who is told


def test_what_did_not_leave_is_tried_again_until_it_does_and_the_end_too(tmp_path: Path, box: Mailbox) -> None:
    world = new_world(tmp_path)
    settings = settings_of(tmp_path, box)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED)
    box.refuses = True
    tell_of_cycle(world.ledger, settings, tmp_path)
    world.quiet_cycle(TUESDAY, "10:35", "92")
    tell_of_cycle(world.ledger, settings, tmp_path)
    assert box.subjects == []

    box.refuses = False
    world.quiet_cycle(TUESDAY, "11:35", "92")
    tell_of_cycle(world.ledger, settings, tmp_path)
    tell_of_cycle(world.ledger, settings, tmp_path)
    assert [subject.split()[1] for subject in box.subjects] == ["ALARM"]

    world.record(BreakAccepted(break_id="B-1", why="my own"))
    tell_of_cycle(world.ledger, settings, tmp_path)
    tell_of_cycle(world.ledger, settings, tmp_path)
    assert [subject.split()[1] for subject in box.subjects] == ["ALARM", "ENDED"]
    assert box.body("plain", 0).rstrip().endswith("Type: tallybook breaks B-1")
    assert world.ledger.book.unsent == {}


def test_an_incident_that_was_over_before_its_mail_left_is_told_in_one(tmp_path: Path, box: Mailbox) -> None:
    world = new_world(tmp_path)
    settings = settings_of(tmp_path, box)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED)
    box.refuses = True
    tell_of_cycle(world.ledger, settings, tmp_path)
    box.refuses = False
    world.record(BreakAccepted(break_id="B-1", why="my own"))

    tell_of_cycle(world.ledger, settings, tmp_path)
    tell_of_cycle(world.ledger, settings, tmp_path)

    assert [subject.split()[1] for subject in box.subjects] == ["ENDED"]
    assert "What it was, and could not be mailed then" in box.body("plain")


def test_a_mail_that_one_of_its_addresses_took_has_left(tmp_path: Path, box: Mailbox) -> None:
    world = new_world(tmp_path)
    settings = settings_of(tmp_path, box)
    to = ("owner@example.com", "gone@example.com")
    settings = settings.model_copy(update={"mail": settings.mail.model_copy(update={"to": to})})
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED)
    box.strangers = ("gone@example.com",)

    tell_of_cycle(world.ledger, settings, tmp_path)
    tell_of_cycle(world.ledger, settings, tmp_path)

    assert [subject.split()[1] for subject in box.subjects] == ["ALARM"]
    assert world.ledger.book.mail_fails_since is None
    (sent,) = (event.fact for event in read_events(closed(world)) if isinstance(event.fact, NoticeSent))
    assert sent.refused == "gone@example.com: 550 no such user"
    assert words_of(sent, (), {}, str) == f"mailed you ({sent.subject}), but not all: {sent.refused}"


def test_what_a_server_says_after_it_took_a_mail_takes_nothing_back(tmp_path: Path, box: Mailbox) -> None:
    world = new_world(tmp_path)
    settings = settings_of(tmp_path, box)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED)
    box.quits_in_anger = True

    tell_of_cycle(world.ledger, settings, tmp_path)
    tell_of_cycle(world.ledger, settings, tmp_path)

    assert [subject.split()[1] for subject in box.subjects] == ["ALARM"]
    assert world.ledger.book.mail_fails_since is None


def test_a_mail_that_nobody_took_has_not_left(tmp_path: Path, box: Mailbox) -> None:
    world = new_world(tmp_path)
    settings = settings_of(tmp_path, box)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED)
    box.strangers = ("owner@example.com",)

    tell_of_cycle(world.ledger, settings, tmp_path)

    assert box.subjects == []
    assert world.ledger.book.mail_fails_since is not None


@pytest.mark.parametrize(
    "line", [pytest.param("a name that no mail can bear: \udcff", id="of the text"), pytest.param("\x00", id="a null")]
)
def test_an_alarm_that_cannot_be_rendered_leaves_in_its_plainest_words(tmp_path: Path, box: Mailbox, line: str) -> None:
    letter = alarm_letter(None, Failure("gateway-down", line, f"{TUESDAY}/0935"), "paper", NOW)

    sent = send(settings_of(tmp_path, box).mail, tmp_path, replace(letter, subject=f"{letter.subject}\n{line}"))

    assert isinstance(sent, NoticeSent)
    assert "gateway-down" in box.subjects[0]
    assert box.body("plain").startswith("No cycle finished: gateway-down.")


def test_an_alarm_leaves_without_the_figures_where_one_of_them_cannot_be_told(tmp_path: Path, box: Mailbox) -> None:
    world = new_world(tmp_path)
    settings = settings_of(tmp_path, box)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED)
    world.record(*opened(world))
    book = world.ledger.book
    known = next(iter(book.incidents.values()))
    book.reported = None  # type: ignore[assignment]  # so that whoever tells NAV raises

    for at_its_end in (False, True):
        book.incidents[known.opened.incident] = replace(
            known, ended=IncidentEnded(incident="…") if at_its_end else None
        )
        (sent,) = tell_incidents(book, Channels(tmp_path, settings.mail, settings.notices))
        assert isinstance(sent, NoticeSent)

    assert [subject.split()[1] for subject in box.subjects] == ["ALARM", "ENDED"]
    assert [box.body("plain", place).split(".")[0] for place in (0, 1)] == [
        "Book and broker differ",
        "Over: break-open",
    ]
    assert "More could not be told: AttributeError" in box.body("plain")


def test_what_is_known_after_a_failure_stops_no_alarm_where_it_cannot_be_told(home: Path) -> None:
    book = replay(read_events(home))
    book.ingested = None  # type: ignore[assignment]  # so that whoever looks for closes raises

    (line,) = known_now(book, home, {"sources": {"folder": "bars"}})

    assert line.startswith("What is known now could not be told: ")


@pytest.mark.parametrize("change", [{"host": "smtp..gmail.com"}, {"to": ("a@[",)}, {"sender": "a@["}])
def test_settings_that_no_mail_can_be_sent_by_fail_as_a_fact(
    tmp_path: Path, box: Mailbox, change: dict[str, object]
) -> None:
    mail = settings_of(tmp_path, box).mail.model_copy(update=change)  # as no file could say it: it would be refused

    failed = send(mail, tmp_path, alarm_letter(None, Failure("garbled", "", f"{TUESDAY}/0935"), "paper", NOW))

    assert isinstance(failed, NoticeFailed)


def test_who_set_nothing_up_is_told_nothing_later(tmp_path: Path, box: Mailbox) -> None:
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED)
    write_settings(tmp_path)
    tell_of_cycle(world.ledger, load(tmp_path), tmp_path)
    assert list(world.ledger.book.incidents) == [f"break-open/{TUESDAY}"]

    tell_of_cycle(world.ledger, settings_of(tmp_path, box), tmp_path)

    assert box.subjects == []


# An outage


@pytest.fixture
def home(tmp_path: Path, box: Mailbox) -> Path:
    """A home that holds 100 IBM and an order that works, with a second source of prices."""
    bars = tmp_path / "bars"
    bars.mkdir()
    rows = "".join(f"{day},90,99,89,{close},1000\n" for day, close in ((date(2005, 2, 28), 95), (TUESDAY, 97)))
    (bars / "IBM.csv").write_text(f"Date,Open,High,Low,Close,Volume\n{rows}")
    (bars / "AAPL.csv").write_text(f"Date,Open,High,Low,Close,Volume\n{rows}")
    settings_of(tmp_path, box, '\n[sources]\nfolder = "bars"\nbroker = false\n')
    return closed(two_sessions(tmp_path))


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


# What the log could not take


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


# The first lines


def test_the_first_six_lines_fit_a_telephone(tmp_path: Path, box: Mailbox) -> None:
    world = new_world(tmp_path)
    settings = settings_of(tmp_path, box)
    ready(world, TUESDAY, "09:35")
    buy_ibm(world, "100")
    world.observe("9999999.92")  # a NAV of a thousand million
    world.finish()
    world.record(LOCKED)
    world.record(PingFailed(reason="found HTTP status 404"))
    tell_of_cycle(world.ledger, settings, tmp_path)
    for code in ("cycle-out-of-memory", "order-ids-exhausted", "wrong-base-currency"):
        failure = Failure(code, "as it is", f"{TUESDAY}/0935")
        world.record(*begun_by_start(world.ledger.book, failure, TO))
    world.ledger.record(tell_incidents(world.ledger.book, Channels(tmp_path, settings.mail, settings.notices)))

    assert len(box.received) == 5
    for index in range(5):
        first = box.body("plain", index).splitlines()[:6]
        assert len(first) == 6
        assert [line for line in first if not line or len(line) > SUMMARY_WIDTH] == []


def test_every_kind_has_a_headline_that_fits_and_a_command() -> None:
    assert [kind.code for kind in KINDS if len(kind.headline) > SUMMARY_WIDTH or not kind.command] == []


def test_a_notice_by_apprise_says_nothing_of_the_mail(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED)
    (incident,) = (it.model_copy(update={"to": ("mail", "apprise")}) for it in opened(world))
    name = incident.incident
    world.record(incident, NoticeFailed(kind="alarm", subject="…", reason="refused", incident=name, by="apprise"))
    world.record(NoticeSent(kind="alarm", subject="…", incident=name, by="apprise"))

    known = world.ledger.book.incidents[name]

    assert known.told == ("apprise",)
    assert world.ledger.book.mail_fails_since is None
    assert world.ledger.book.mailed == {}
