"""Where nothing happens but our own trading, no break is ever found, whatever rounds, moves or comes late."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ledger.events import BreakFound
from tests.trader.cycles.world import TUESDAY, fixed, world
from trader import exits
from trader.calendar import Calendar


def test_cycles_in_which_nothing_else_happens_find_no_break(tmp_path: Path) -> None:
    symbols = {"symbols": ["ACME", "CLIMB", "THIN", "WAVE"]}
    nothing = fixed(ACME="0", CLIMB="0", THIN="0", WAVE="0")
    cycles = 0
    with world(tmp_path, universe=symbols, strategy=nothing) as made:
        made.control.commission_delay(1800)
        for session in Calendar.load().sessions(TUESDAY, date(2005, 3, 4)):
            for slot in range(len(made.slots(session.day))):
                heavy, light = ("0.37", "0.11") if slot % 2 else ("0.13", "0.29")
                made.want(ACME=heavy, WAVE=light, CLIMB=light, THIN="0.02")
                made.advance_to(session.day, slot)
                assert made.trade() == exits.FINE, (session.day, slot)
                cycles += 1

        assert made.facts(BreakFound) == []
        assert len(made.orders()) > cycles
