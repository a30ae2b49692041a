"""An adviser's login: several accounts behind one gateway, a home each, and none touches another's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import OrderSendAttempted
from tests.trader.cycles.world import ACCOUNT, TUESDAY, World, fixed, toml, world
from trader import exits
from trader.demo.tally import differences

OTHER = "DU1000002"


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[World, World]]:
    """Two accounts, adopted into a home each, a client id each."""
    with world(tmp_path) as one:
        one.control.sibling(OTHER, "ACME", Decimal(70), price=Decimal(49), cash=Decimal(50_000))
        settings = {**one.settings, "account": {"id": OTHER}, "broker": {**one.settings["broker"], "client_id": 18}}
        two = replace(one, home=tmp_path / "two", settings=settings | {"strategy": fixed(ACME="0.2", WAVE="0.4")})
        two.home.mkdir()
        two.write(toml(two.settings))
        two.adopt()
        yield one, two


def apart(home: World, account: str) -> tuple[str, ...]:
    return tuple(differences(home.book(), home.control.dump(account)))


def test_each_trades_its_own_account_and_knows_nothing_of_the_other(both: tuple[World, World]) -> None:
    one, two = both
    one.advance_to(TUESDAY, 0)

    assert (one.trade(), two.trade()) == (exits.FINE, exits.FINE)
    one.advance_to(TUESDAY, 1)
    assert (two.trade(), one.trade()) == (exits.FINE, exits.FINE)

    assert one.held() == {"ACME": Decimal(1000), "WAVE": Decimal(832)}
    assert two.held() != one.held()
    assert two.held().keys() == {"ACME", "WAVE"}
    assert (apart(one, ACCOUNT), apart(two, OTHER)) == ((), ())
    assert {fact.account for fact in one.facts(OrderSendAttempted)} == {ACCOUNT}
    assert {fact.account for fact in two.facts(OrderSendAttempted)} == {OTHER}
    assert (one.book().open_breaks, two.book().open_breaks) == ((), ())


def test_a_cycle_leaves_the_working_orders_of_the_other_account_alone(both: tuple[World, World]) -> None:
    one, two = both
    one.advance_to(TUESDAY, 0)
    one.control.fill_orders(on=False)
    two.trade()
    working = {ref for ref, order in two.book().orders.items() if not order.ended}

    assert one.trade() == exits.FINE
    one.advance_to(TUESDAY, 1)
    one.trade()

    still = {order["order_ref"]: order["status"] for order in two.control.dump(OTHER)["orders"]}
    assert working <= still.keys()
    assert {still[ref] for ref in working} <= {"Submitted", "Filled"}
    assert apart(one, ACCOUNT) == ()
    two.trade()
    assert apart(two, OTHER) == ()


def test_both_cycle_in_the_same_moment_at_the_one_gateway(both: tuple[World, World]) -> None:
    one, two = both
    one.advance_to(TUESDAY, 0)

    running = [home.start() for home in both]

    assert [process.wait(60) for process in running] == [exits.FINE, exits.FINE]
    assert (apart(one, ACCOUNT), apart(two, OTHER)) == ((), ())
    assert {fact.account for fact in one.facts(OrderSendAttempted)} == {ACCOUNT}
    assert {fact.account for fact in two.facts(OrderSendAttempted)} == {OTHER}
    assert (one.book().open_breaks, two.book().open_breaks) == ((), ())


@pytest.mark.parametrize("kind", ["reqPositions", "placeOrder"])
def test_one_cycles_while_the_other_waits_for_an_answer(both: tuple[World, World], kind: str) -> None:
    one, two = both
    one.advance_to(TUESDAY, 0)
    waiting = one.start_held(kind)

    assert two.trade() == exits.FINE
    assert apart(two, OTHER) == ()
    assert waiting.poll() is None
    one.control.release()

    assert waiting.wait(60) == exits.FINE
    assert apart(one, ACCOUNT) == ()
    assert (one.book().open_breaks, two.book().open_breaks) == ((), ())
