"""A ticker is not a contract: an option on it, a share elsewhere, or another company may bear the same name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ledger.events import ContractDefined
from ledger.ledger import Ledger
from tests.trader.cycles.world import TUESDAY, World, toml
from trader import exits
from trader.clocks import clock_of

OTHER = 999_001


def contract(world: World, symbol: str) -> ContractDefined:
    return next(c for c in world.book().contracts.values() if c.symbol == symbol and c.con_id != OTHER)


def define(world: World, symbol: str, **differently: Any) -> None:
    """Let the log know a contract of the same symbol, as a trade by hand in it would."""
    like = contract(world, symbol)
    with Ledger.open(world.home, clock_of(world.home, ("127.0.0.1", world.simulator.control_port))) as ledger:
        ledger.record((like.model_copy(update={"con_id": OTHER, **differently}),))


@pytest.mark.parametrize(
    "differently",
    [{"security_type": "OPT", "multiplier": Decimal(100)}, {"currency": "EUR"}],
    ids=["an option on it", "a share elsewhere"],
)
def test_another_contract_of_the_same_name_takes_nobodys_place(world: World, differently: dict[str, Any]) -> None:
    define(world, "ACME", **differently)
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.FINE

    meant = {contract(world, symbol).con_id for symbol in ("ACME", "WAVE")}
    assert {order.con_id for order in world.orders()} == meant


def test_a_ticker_that_now_means_another_contract_is_not_traded_until_it_is_named(world: World) -> None:
    define(world, "ACME")
    world.advance_to(TUESDAY, 0)

    done = world.cycle()

    assert (done.status, done.code) == (exits.COULD_NOT, "contract-changed")
    assert f"con_id {OTHER} as in the log" in done.err
    assert "give its con_id" in done.err
    assert world.orders() == ()

    meant = contract(world, "ACME").con_id
    named = f'{{ symbol = "ACME", con_id = {meant} }}'
    world.write(toml(world.settings).replace('"ACME", "WAVE"', f'{named}, "WAVE"'))
    assert world.trade() == exits.FINE
    assert OTHER not in {order.con_id for order in world.orders()}
    assert meant in {order.con_id for order in world.orders()}


def test_a_named_contract_must_be_the_one_that_answers(world: World) -> None:
    world.write(toml(world.settings).replace('"ACME", "WAVE"', f'{{ symbol = "ACME", con_id = {OTHER} }}, "WAVE"'))
    world.advance_to(TUESDAY, 0)

    done = world.cycle()

    assert (done.status, done.code) == (exits.COULD_NOT, "unknown-contract")
    assert world.orders() == ()
