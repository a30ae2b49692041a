"""A home that decides on a server's bars, in the process that cron starts: what it trades, and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.events import DataIngested, StepFailed
from tests.trader.cycles.world import AROUND, TUESDAY, world, write_bars
from tests.trader.sources.replaying import replaying, says
from trader import exits

VENDOR = """
[[sources.http]]
name = "vendor"
url = "ADDRESS/{ticker}?from={start}"
columns = { open = "Open", high = "High", low = "Low", volume = "Volume" }
secret_header = "X-Key"
secret_variable = "VENDOR_TOKEN"
attempts = 1
"""


def test_a_cycle_trades_on_what_a_server_tells_and_not_where_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDOR_TOKEN", "not-to-be-told")
    folder = write_bars(tmp_path / "vendor", TUESDAY - AROUND, TUESDAY + AROUND)
    with replaying() as server, world(tmp_path, sources={"broker": False, "history_days": 20}) as made:
        settings = (made.home / "tallybook.toml").read_text(encoding="utf-8")
        made.write(settings + VENDOR.replace("ADDRESS", server.address))
        server.answers = [says((folder / f"{ticker}.csv").read_text()) for ticker in ("ACME", "WAVE")]
        made.advance_to(TUESDAY, 0)

        assert made.trade() == exits.FINE

        sent = made.at_venue()
        assert sent
        assert [fact.origin for fact in made.facts(DataIngested)] == [f"{server.address}/{{ticker}}"]
        assert {headers["X-Key"] for headers in server.headers} == {"not-to-be-told"}
        assert b"not-to-be-told" not in made.log()

        server.answers = [says("<html>come back later</html>")] * 2
        made.advance_to(TUESDAY, 1)

        assert made.trade() == exits.BAD_NEWS
        assert made.at_venue() == sent
        failed = made.facts(StepFailed)[0]
        assert "ACME: expected CSV, found a page of HTML or XML" in failed.reason
