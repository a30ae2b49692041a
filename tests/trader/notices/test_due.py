"""Which mail of a session is due, and what becomes of one that does not leave."""

from __future__ import annotations

from pathlib import Path

from ledger.events import NoticeFailed
from tests.queries.history import IBM, TUESDAY, WEDNESDAY, buy_ibm, new_world, ready
from tests.trader.homes import SETTINGS, mail_section, write_settings
from tests.trader.mailbox import Mailbox, mailbox
from tests.trader.notices.sessions import CALENDAR, NAMES, SLOTS, at, finished, mail_what_is_due, mailed
from trader.notices import due_mails, due_notices, session_letter
from trader.notices import send as send_letter
from trader.settings import load


def test_start_is_due_after_the_first_finished_cycle(tmp_path: Path) -> None:
    world = finished(tmp_path, "09:35")

    assert due_notices(world.ledger.book, at("0935"), SLOTS) == ("start",)
    assert due_notices(world.ledger.book, at("1035"), SLOTS) == ()

    mailed(world, "start")
    assert due_notices(world.ledger.book, at("0935"), SLOTS) == ()


def test_start_waits_for_the_first_cycle_that_finishes(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    assert due_notices(world.ledger.book, at("0935"), SLOTS) == ()

    world.quiet_cycle(TUESDAY, "10:35", "92")
    assert due_notices(world.ledger.book, at("1035"), SLOTS) == ("start",)


def test_middle_is_due_after_the_middle_cycle_and_replaces_a_missed_start(tmp_path: Path) -> None:
    world = finished(tmp_path, "12:35")

    assert due_notices(world.ledger.book, at("1235"), SLOTS) == ("middle",)

    mailed(world, "middle")
    world.quiet_cycle(TUESDAY, "13:35", "92")
    assert due_notices(world.ledger.book, at("1335"), SLOTS) == ()


def test_a_missed_middle_is_due_later_but_not_after_the_end(tmp_path: Path) -> None:
    world = finished(tmp_path, "09:35", "14:35")
    mailed(world, "start")
    assert due_notices(world.ledger.book, at("1435"), SLOTS) == ("middle",)

    world.quiet_cycle(TUESDAY, "16:30", "92", kind="close")
    assert due_notices(world.ledger.book, at("close"), SLOTS) == ("end",)

    mailed(world, "end")
    assert due_notices(world.ledger.book, at("close"), SLOTS) == ()
    assert due_notices(world.ledger.book, at("1435"), SLOTS) == ()


def test_half_a_day_has_its_middle_after_the_third_of_four_cycles() -> None:
    from datetime import date

    half_day = CALENDAR.session(date(2004, 11, 26))
    assert half_day is not None

    assert [slot.name[-4:] for slot in CALENDAR.slots(half_day)][len(CALENDAR.slots(half_day)) // 2] == "1135"


def test_an_end_that_did_not_leave_is_sent_once_after_the_next_cycle_and_not_as_that_day_s(tmp_path: Path) -> None:
    world = finished(tmp_path, "09:35", "16:05")
    with mailbox(refuses=True) as refusing:
        write_settings(tmp_path, SETTINGS + mail_section(refusing.port))
        mail_what_is_due(world, tmp_path)
    world.quiet_cycle(WEDNESDAY, "09:35", "93")

    with mailbox() as box:
        write_settings(tmp_path, SETTINGS + mail_section(box.port))
        mail_what_is_due(world, tmp_path)
        mail_what_is_due(world, tmp_path)
        world.quiet_cycle(WEDNESDAY, "16:05", "94", kind="close")
        mail_what_is_due(world, tmp_path)

    assert [subject.split("  ")[0].removeprefix("[paper] ").split()[0] for subject in box.subjects] == [
        "START", "END", "END",
    ]  # fmt: skip
    assert box.subjects[1].split("  ")[0] != box.subjects[2].split("  ")[0]
    assert world.ledger.book.mail_fails_since is None
    assert world.ledger.book.unsent == {}


def test_a_mail_that_is_refused_again_stays_unsent_since_its_first_failure(tmp_path: Path) -> None:
    world = finished(tmp_path, "09:35", "16:05")
    with mailbox(refuses=True) as refusing:
        write_settings(tmp_path, SETTINGS + mail_section(refusing.port))
        mail_what_is_due(world, tmp_path)
        first = dict(world.ledger.book.unsent)
        world.later(3600)
        mail_what_is_due(world, tmp_path)

    assert list(first) == [f"end/{TUESDAY}"]
    assert world.ledger.book.unsent == first
    assert world.ledger.book.mail_fails_since == first[f"end/{TUESDAY}"]


def test_what_is_due_after_a_cycle_is_sent_and_told_once(tmp_path: Path, box: Mailbox) -> None:
    world = new_world(tmp_path)
    ready(world, TUESDAY, "09:35")
    buy_ibm(world, "100")
    world.observe("92.5")
    world.finish()
    world.ledger.log.barrier()
    write_settings(tmp_path, SETTINGS + mail_section(box.port))
    settings = load(tmp_path)

    world.ledger.record(due_mails(world.ledger.book, settings, tmp_path))
    world.ledger.record(due_mails(world.ledger.book, settings, tmp_path))

    assert len(box.received) == 1
    assert "BUY 100 IBM @ 92.0133 (decided 92.01, slippage +0.33 USD, +0.4 bp)" in box.body("plain")
    assert "IBM" in world.ledger.book.contracts[IBM].symbol


def test_without_a_mail_server_nothing_is_due(tmp_path: Path) -> None:
    world = finished(tmp_path, "09:35")
    write_settings(tmp_path)

    assert list(due_mails(world.ledger.book, load(tmp_path), tmp_path)) == []


def test_a_mail_that_is_refused_is_a_fact(tmp_path: Path) -> None:
    world = finished(tmp_path, "09:35")
    letter = session_letter(world.ledger.book, "start", TUESDAY, NAMES)
    with mailbox(refuses=True) as box:
        write_settings(tmp_path, SETTINGS + mail_section(box.port))
        fact = send_letter(load(tmp_path).mail, tmp_path, letter)

    assert isinstance(fact, NoticeFailed)
    assert "no space left" in fact.reason


def test_a_mail_server_that_is_away_is_a_fact(tmp_path: Path) -> None:
    world = finished(tmp_path, "09:35")
    write_settings(tmp_path, SETTINGS + mail_section(1))

    fact = send_letter(load(tmp_path).mail, tmp_path, session_letter(world.ledger.book, "start", TUESDAY, NAMES))

    assert isinstance(fact, NoticeFailed)
    assert "refused" in fact.reason
