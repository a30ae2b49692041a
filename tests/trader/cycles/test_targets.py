"""Targets that cannot be meant reach no venue, and those that are meant do once their owner said so."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from ledger.events import StepFailed, TargetsComputed
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


OWN = """\
def decide(book, bars, settings):
    return {book.contracts[con_id].symbol: float(settings["share"]) for con_id in bars.series}
"""


def test_a_function_of_the_owner_s_trades_once_its_text_is_approved(tmp_path: Path) -> None:
    own = {"kind": "module", "function": "mine:decide", "settings": {"share": "0.3"}}
    with world(tmp_path, strategy=own, approval="wait") as made:
        text = made.home / "mine.py"
        text.write_text(OWN)
        made.advance_to(TUESDAY, 0)
        assert made.trade() == exits.FINE
        known = len(made.at_venue())
        assert known == 2

        text.write_text(OWN.replace("float", "-float"))
        made.advance_to(TUESDAY, 1)
        assert made.trade() == exits.BAD_NEWS
        assert len(made.at_venue()) == known
        assert "strategy.text_sha256: " in made.command("approve", "--why", "a crash is coming").out
        made.advance_to(TUESDAY, 2)
        assert made.trade() == exits.FINE
        assert len(made.at_venue()) > known


def test_a_function_that_goes_wrong_fails_the_step(tmp_path: Path) -> None:
    with world(tmp_path, strategy={"kind": "module", "function": "mine:decide"}) as made:
        (made.home / "mine.py").write_text(OWN)
        made.advance_to(TUESDAY, 0)

        assert made.trade() == exits.BAD_NEWS

        assert made.at_venue() == []
        [failed] = made.facts(StepFailed)
        assert failed.reason == "strategy module: mine:decide: KeyError: 'share' (mine.py, line 2)"


def test_trend_and_risk_parity_decide_from_the_broker_s_bars(tmp_path: Path) -> None:
    two = [
        {"kind": "trend", "speeds": [2], "volatility_days": 4, "capital": "0.5"},
        {"kind": "risk_parity", "covariance_days": 8, "capital": "0.5"},
    ]
    universe, history = {"symbols": ["CLIMB", "WAVE"]}, {"history_days": 12}
    with world(tmp_path, strategy=two, universe=universe, sources=history) as made:
        made.advance_to(TUESDAY, 0)

        assert made.trade() == exits.FINE

        trend, parity = made.facts(TargetsComputed)
        assert (trend.strategy, parity.strategy) == ("trend", "risk_parity")
        assert trend.moves
        assert parity.moves
        assert {row.reference_day for row in (*trend.rows, *parity.rows)} == {TUESDAY - timedelta(days=1)}
        assert trend.rows[0].weight > 0  # what climbs
        assert sum(row.weight for row in parity.rows) > Decimal("0.99")
        assert made.held()["CLIMB"] > 0
