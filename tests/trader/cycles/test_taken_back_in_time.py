"""An acceptance that is taken back a day later: every command that looks at an earlier day says the same of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import StatementImported
from tests.trader.cycles.world import FRIDAY, THURSDAY, TUESDAY, WEDNESDAY, World
from tests.trader.cycles.world import world as at_venue
from trader import exits
from trader.simulator.terms import Terms
from trader.sources.flex import TOKEN_VARIABLE

FEE = Decimal("-16.25")
INFERRED = ("cash_withdrawn", "cash_adjusted")


@pytest.fixture(params=["--explanation", "--as-suspense"])
def undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[World]:
    """A fee of Wednesday that the operator took for something else, until he thought better of it on Thursday."""
    monkeypatch.setenv(TOKEN_VARIABLE, "simulated")
    with at_venue(tmp_path, terms=Terms(statements=True)) as made:
        made.advance_to(TUESDAY, 0)
        assert made.trade() == exits.FINE
        made.close(TUESDAY)
        made.advance_to(WEDNESDAY, 0)
        assert made.trade() == exits.FINE
        made.control.cash(FEE, kind="Other Fees", description="data")
        made.advance_to(WEDNESDAY, 1)
        made.trade()
        _accept(made, request.param)
        made.close(WEDNESDAY)
        made.advance_to(THURSDAY, 0)
        made.trade()
        assert made.command("accept", "B-1", "--take-back", "--why", "not so").status == exits.FINE
        made.advance_to(THURSDAY, 1)
        made.trade()
        asked = {"query_id": "1", "base_url": f"http://127.0.0.1:{made.simulator.statement_port}/FlexWebService"}
        made.set(flex=asked)
        yield made


def _accept(world: World, how: str) -> None:
    (known,) = world.book().open_breaks
    told = known.explanation
    assert told is not None
    causes = [told.cause, *(row.cause for row in told.rivals)]
    choice = (how, str(causes.index("withdrawal") + 1)) if how == "--explanation" else (how,)
    done = world.command("accept", known.found.break_id, *choice, "--why", "mine")
    assert done.status == exits.FINE, done


def test_statements_journals_and_audits_of_earlier_days_hold(undone: World) -> None:
    undone.close(THURSDAY)
    undone.advance_to(FRIDAY, 0)
    assert undone.command("import", "--flex").status == exits.FINE

    statements = undone.facts(StatementImported)
    assert [told.first_day for told in statements] == [str(WEDNESDAY), str(THURSDAY)]
    for told in statements:
        kept = next((undone.home / "var" / "data").rglob(f"{told.file_sha256}*"))
        again = undone.command("reconcile", "--statement", str(kept))
        assert again.status == exits.FINE, again
    for day in (TUESDAY, WEDNESDAY, THURSDAY):
        audit = undone.command("audit", str(day))
        assert audit.status == exits.FINE, audit

    now = undone.command("journal", "--as-of", str(WEDNESDAY)).out
    then = undone.command("journal", "--as-known-at", str(WEDNESDAY)).out
    assert ("fee_charged" in now, "fee_charged" in then) == (True, False)
    assert [any(name in told for name in INFERRED) for told in (now, then)] == [False, True]
    bridge = undone.command("report", "nav-bridge", str(THURSDAY)).out
    assert "residual 0.00" in bridge
    assert [line for line in ("prior period", "fees", "flows", "adjustments") if line in bridge] == []
    assert undone.apart() == ()
