"""What a running cycle loads: it starts every hour, beside others, on a small machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trader.cycles.world import TUESDAY, World, fixed
from tests.trader.cycles.world import world as at_venue
from tests.trader.homes import ROOT
from trader import exits

SLOW = {"pandas", "exchange_calendars", "duckdb", "matplotlib", "typer", "rich"}
# Runs the process of a cycle as the parent starts it, and tells what it had loaded when it ended.
LISTED = """
import sys
from trader.child import main
status = main(sys.argv[1:])
print(*sorted({name.partition(".")[0] for name in sys.modules}))
sys.exit(status)
"""


def loaded_by(world: World) -> set[str]:
    """Run the cycle that is due, and return the packages that its process loaded."""
    slot = world.due()
    arguments = [f"--home={world.home}", f"--slot={slot.name}", f"--at={slot.at.isoformat()}"]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", LISTED, *arguments], capture_output=True, text=True, env=surroundings, check=False
    )
    assert ran.returncode == exits.FINE, ran.stderr
    return set(ran.stdout.split())


@pytest.mark.parametrize(
    "strategy",
    [
        pytest.param(fixed(CLIMB="0.5", WAVE="0.2"), id="fixed weights"),
        pytest.param({"kind": "momentum", "lookback_days": [4], "volatility_days": 4}, id="momentum"),
    ],
)
def test_a_cycle_loads_nothing_that_is_slow(tmp_path: Path, strategy: dict[str, object]) -> None:
    universe, sources = {"symbols": ["CLIMB", "WAVE"]}, {"folder": str(tmp_path / "venue"), "history_days": 8}
    with at_venue(tmp_path, strategy=strategy, universe=universe, sources=sources) as world:
        world.set(mail={"host": ""})
        world.advance_to(TUESDAY, 0)

        loaded = loaded_by(world)

        assert len(world.orders()) > 0
        assert {"ib_insync", "pydantic"} <= loaded  # it was a whole cycle
        assert loaded & (SLOW | {"jinja2"}) == set()
        assert world.apart() == ()


def test_a_cycle_that_mails_loads_the_templates_and_nothing_else(tmp_path: Path) -> None:
    with at_venue(tmp_path) as world:
        world.advance_to(TUESDAY, 0)

        loaded = loaded_by(world)

        assert len(world.box.received) == 1
        assert loaded & SLOW == set()


def test_a_closing_leaves_the_database_to_the_commit(tmp_path: Path) -> None:
    with at_venue(tmp_path) as world:
        world.advance_to(TUESDAY, -1)

        assert loaded_by(world) & SLOW == set()
