"""The END mail bears a picture that its page shows, drawn by another process; a cycle never loads what draws."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from queries.charts import recent_course
from tests.queries.history import TUESDAY, closed, two_sessions
from tests.trader.homes import SETTINGS, mail_section, write_settings
from tests.trader.mailbox import mailbox
from tests.trader.notices.sessions import finished
from trader.notices import due_mails
from trader.notices.chart import chart_of
from trader.settings import load

PNG = b"\x89PNG\r\n\x1a\n"


def test_the_end_mail_shows_nav_and_leverage_where_they_can_be_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    world = finished(tmp_path, "09:35", "16:05")
    with mailbox() as box:
        write_settings(tmp_path, (SETTINGS + mail_section(box.port)).replace("charts = false", "charts = true"))
        world.ledger.log.barrier()
        world.ledger.record(due_mails(world.ledger.book, load(tmp_path), tmp_path))

    (mail,) = box.received
    (shown,) = re.findall(r'src="cid:([^"]+)"', box.body("html"))
    (picture,) = (part for part in mail.walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == f"<{shown}>"
    assert picture.get_content().startswith(PNG)
    assert "NAV" in box.body("plain")


def test_a_home_without_a_snapshot_has_no_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")

    assert chart_of(tmp_path, None) == b""


def test_a_picture_of_the_last_session_begins_with_its_own_nav(tmp_path: Path) -> None:
    home = closed(two_sessions(tmp_path))

    course, whole = recent_course(home, 1), recent_course(home, 20)

    assert {snapshot.session_day for snapshot in course.snapshots} != {TUESDAY}
    assert course.start == course.snapshots[0].nav
    assert whole.start is None
    assert (whole.account, whole.simulated) == ("DU1000001", True)
