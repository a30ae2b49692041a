"""A contract that trades at another exchange than the home exchange is ordered in that exchange's hours alone."""

from __future__ import annotations

from ledger.events import CycleStarted, OrderPlanned
from tests.trader.cycles.world import TUESDAY, World, toml
from trader import exits


def wave_in_london(world: World) -> None:
    """Let the settings say that WAVE trades in London, which closes at half past eleven in New York."""
    text = toml(world.settings).replace('"WAVE"]', '{ symbol = "WAVE", calendar = "XLON" }]')
    world.write(text)


def planned(world: World) -> dict[str, tuple[str, str]]:
    return {row.symbol: (row.action, row.reason) for row in world.facts(OrderPlanned)[-2:]}


def test_each_contract_is_ordered_while_its_own_exchange_is_open(world: World) -> None:
    wave_in_london(world)
    world.advance_to(TUESDAY, 1)
    assert world.trade() == exits.FINE
    assert set(world.held()) == {"ACME", "WAVE"}
    (hours,) = world.facts(CycleStarted)[-1].hours
    assert hours.close is not None
    assert (hours.symbol, hours.calendar, f"{hours.close:%H:%M}") == ("WAVE", "XLON", "16:30")

    world.want(ACME="0.2", WAVE="0.6")
    wave_in_london(world)
    world.advance_to(TUESDAY, 2)
    assert world.trade() == exits.FINE

    told = planned(world)
    assert told["WAVE"] == ("NOTHING", "market closed: XLON")
    assert told["ACME"][0] == "SELL"
    assert world.apart() == ()
