"""What a simulator was told to do to an account, found through the real adapter over a real socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import BreakFound
from reconcile import Tolerances, reconcile
from tests.trader.broker_world import World, world

RETAIL = Tolerances()


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        made.connect()
        made.send("ACME", 40)
        made.ledger.record(made.broker.wait_for_fills(made.book))
        yield made


def found(made: World) -> dict[tuple[str, str], Decimal | None]:
    """Look at the broker, compare, and return what differs."""
    made.ledger.record(made.broker.observe(made.book))
    made.ledger.record(reconcile(made.book, RETAIL))
    names = {str(contract.con_id): contract.symbol for contract in made.book.contracts.values()}
    return {(fact.kind, names.get(fact.subject, fact.subject)): fact.difference for fact in made.facts(BreakFound)}


def test_an_account_to_which_nothing_happens_has_no_break(made: World) -> None:
    assert found(made) == {}


INJECTED: tuple[tuple[str, Callable[[World], object], dict[tuple[str, str], Decimal]], ...] = (
    ("withdrawal", lambda made: made.control.cash(Decimal(-700)), {("cash", "USD"): Decimal(-700)}),
    (
        "rebate",
        lambda made: made.control.cash(Decimal("0.4"), kind="Commission Adjustments"),
        {("cash", "USD"): Decimal("0.4")},
    ),
    (
        "transfer",
        lambda made: made.control.transfer("THIN", Decimal(30), Decimal(50)),
        {("position", "THIN"): Decimal(30)},
    ),
    (
        "rename",
        lambda made: made.control.action("rename", "ACME", into="THIN"),
        {("position", "ACME"): Decimal(-40), ("position", "THIN"): Decimal(40)},
    ),
    (
        "merger",
        lambda made: made.control.action("merge", "ACME", cash=Decimal(51)),
        {("position", "ACME"): Decimal(-40), ("cash", "USD"): Decimal(2040)},
    ),
    (
        "spin-off",
        lambda made: made.control.action("spin-off", "ACME", into="MOVE", ratio="1:4"),
        {("position", "MOVE"): Decimal(10)},
    ),
    (
        "stock dividend",
        lambda made: made.control.action("stock-dividend", "ACME", ratio="11:10"),
        {("position", "ACME"): Decimal(4)},
    ),
    (
        "bust",
        lambda made: made.control.restate(made.control.dump()["executions"][0]["exec_id"]),
        {("position", "ACME"): Decimal(-40), ("cash", "USD"): Decimal("2001.4")},
    ),
)


@pytest.mark.parametrize(("inject", "apart"), [pytest.param(*row[1:], id=row[0]) for row in INJECTED])
def test_what_happened_is_found_to_the_cent(
    made: World, inject: Callable[[World], object], apart: dict[tuple[str, str], Decimal]
) -> None:
    inject(made)

    assert {subject: amount for subject, amount in found(made).items() if subject in apart} == apart


def test_a_correction_that_the_api_tells_is_no_break(made: World) -> None:
    made.control.restate(made.control.dump()["executions"][0]["exec_id"], price=Decimal("49.5"))

    assert found(made) == {}
    assert [fill.price for fill in made.book.fills.values()] == [Decimal("49.5")]
