"""Who is told of an incident, and what becomes of a mail that does not leave, or cannot be written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.events import BreakAccepted, IncidentEnded, NoticeFailed, NoticeSent, PingFailed
from ledger.log import read_events
from queries.story_of_facts import told as words_of
from tests.queries.history import TUESDAY, buy_ibm, closed, new_world, ready
from tests.trader.homes import write_settings
from tests.trader.mailbox import Mailbox
from tests.trader.notices.incidents import LOCKED, TO, opened, settings_of
from trader.alarms import KINDS
from trader.incidents import Failure, begun_by_start
from trader.notices import send
from trader.notices.delivery import Channels, tell_incidents
from trader.notices.incidents import alarm_letter
from trader.notices.letters import SUMMARY_WIDTH
from trader.settings import load
from trader.telling import tell_of_cycle

NOW = datetime(2005, 3, 1, 14, 35, tzinfo=UTC)


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


@pytest.mark.parametrize("change", [{"host": "smtp..gmail.com"}, {"to": ("a\n@b",)}, {"sender": "a\n@b"}])
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
