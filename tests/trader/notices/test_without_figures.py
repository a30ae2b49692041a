"""A mail of which something cannot be told leaves without it."""

from __future__ import annotations

from pathlib import Path

from ledger.events import NoticeSent
from tests.queries.history import TUESDAY, WEDNESDAY, new_world
from tests.trader.homes import SETTINGS, mail_section, write_settings
from tests.trader.mailbox import Mailbox
from tests.trader.notices.sessions import CALENDAR, CLOSING, finished, lines, mail_what_is_due
from trader.incidents import Failure, begun_by_start
from trader.notices import due_mails, outage_mails
from trader.settings import load


def test_a_mail_whose_figures_cannot_be_told_leaves_without_them_and_says_so(tmp_path: Path, box: Mailbox) -> None:
    world = finished(tmp_path, "09:35")
    write_settings(tmp_path, SETTINGS + mail_section(box.port))
    world.ledger.book.growth = None  # type: ignore[assignment]  # so that whoever tells the drawdown raises

    (sent,) = due_mails(world.ledger.book, load(tmp_path), tmp_path)

    assert isinstance(sent, NoticeSent)
    assert box.subjects == ["[paper] START Tue 1 Mar  figures unknown"]
    assert box.body("plain").startswith("The figures could not be told.")
    assert "What hinders: AttributeError" in box.body("plain")
    assert f"Witness: {world.ledger.book.seq}:{world.ledger.book.head}" in box.body("plain")


def test_an_outage_s_digest_whose_figures_cannot_be_told_still_tells_the_outage(tmp_path: Path) -> None:
    world = finished(tmp_path, "09:35")
    failure = Failure("gateway-down", "nobody answers", f"{TUESDAY}/1035")
    world.record(*begun_by_start(world.ledger.book, failure, ("mail",)))
    (digest,) = outage_mails(world.ledger.book, f"{TUESDAY}/{CLOSING.name.partition('/')[2]}", CALENDAR)
    world.ledger.book.growth = None  # type: ignore[assignment]

    letter = digest(("NAV 10.00 at the last closes.",))

    assert (letter.headline, letter.incident) == ("The figures could not be told.", f"outage-end/{TUESDAY}")
    assert lines(letter)[1:] == ["No cycle finishes.", "NAV 10.00 at the last closes."]


def test_a_day_before_that_is_damaged_costs_a_mail_its_bridge_alone(tmp_path: Path, box: Mailbox) -> None:
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "16:20", "92", kind="close")
    world.quiet_cycle(WEDNESDAY, "16:20", "93", kind="close")
    write_settings(tmp_path, SETTINGS + mail_section(box.port))
    (first,) = (tmp_path / "var" / "events").glob(f"{TUESDAY}.jsonl*")
    first.write_bytes(first.read_bytes()[:-20])

    mail_what_is_due(world, tmp_path)

    assert [subject.split()[1] for subject in box.subjects] == ["END"]
    assert "How NAV came about is unknown: " in box.body("plain")
    assert "The figures could not be told." not in box.body("plain")
