"""What was accepted on the API's word alone, and the statement that comes after it: nothing counts twice.

An injection is explained and accepted in the evening; then the day's statement is taken in, and the next morning both
halves must match to the cent, with nothing inferred left.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from reconcile import acceptance
from tests.reconcile.injections.kinds.kind import Kind
from tests.reconcile.injections.kinds.money import MONEY
from tests.reconcile.injections.kinds.trades import TRADES
from tests.reconcile.injections.world import World

HEARD = ("foreign trade", "other client's trade", "broker liquidation")
UNHEARD = (
    *(kind for kind in MONEY if kind.name == "currency conversion"),
    *(kind for kind in TRADES if kind.cause not in HEARD),
)


def injected(kind: Kind, seed: int, home: Path) -> World:
    """Return a world in the evening of a day on which something was injected, and found."""
    world = World(seed, home)
    course = kind.course(world)
    next(course, None)
    world.open_venue()
    next(course, None)
    world.begin()
    next(course, None)
    world.close_today()
    return world


def accept_all(world: World) -> None:
    while found := [each for each in world.book.open_breaks if each.found.kind in ("position", "cash")]:
        world.record(*acceptance(world.book, found[0].found.break_id, "seen to", explanation=1))


@pytest.mark.parametrize("kind", UNHEARD, ids=lambda kind: kind.name)
@pytest.mark.parametrize("seed", [41, 42])
def test_what_was_accepted_is_what_the_statement_tells(kind: Kind, seed: int, tmp_path: Path) -> None:
    world = injected(kind, seed, tmp_path)
    with world.ledger:
        accept_all(world)
        assert all(each.found.kind == "order" for each in world.book.open_breaks)  # the next cycle ends those

        world.statement_comes()

        assert [each.found.text for each in world.book.open_breaks] == []
        assert list(world.book.provisional) == []
        standing = (base for base, fill in world.book.fills.items() if not fill.busted)
        assert [base for base in standing if base.startswith("inferred.")] == []
        assert {currency: world.book.cash[currency] for currency in world.account.balances} == world.account.balances
