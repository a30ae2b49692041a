"""Targets that cannot be meant reach no venue, and those that are meant do once their owner said so."""

from __future__ import annotations

from pathlib import Path

from tests.trader.cycles.world import TUESDAY, world
from trader import exits


def test_targets_that_jump_wait_until_they_are_approved(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        made.advance_to(TUESDAY, 0)
        made.state("ACME,0.2,1", "WAVE,0.2,1")
        assert made.trade() == exits.FINE
        known = len(made.at_venue())
        for slot in (1, 2):
            made.advance_to(TUESDAY, slot)
            made.state("ACME,-0.5,2.5", "WAVE,-0.5,2.5")
            assert made.trade() == exits.BAD_NEWS
        assert len(made.at_venue()) == known
        shown = made.command("approve")
        assert shown.status == exits.BAD_NEWS
        assert "since trading was last allowed, file: 2.9, limit 2" in shown.out

        assert made.command("approve", "--why", "a crash is coming").status == exits.FINE
        made.advance_to(TUESDAY, 3)

        assert made.trade() == exits.FINE
        assert len(made.at_venue()) > known
