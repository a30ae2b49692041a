"""Two strategies that disagree trade one account: the venue sees what they want together, the books what each has."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from ledger.events import OverrideSet, StrategiesCrossed, TargetsComputed
from queries.strategies import Part, read_strategies
from tests.trader.cycles.world import TUESDAY, Settings, World, fixed, world
from trader import exits

LONG = {"name": "long", "capital": "0.6"}
SHORT = {"name": "short", "capital": "0.4"}


def several(acme_long: str = "0.5", acme_short: str = "-0.25") -> list[Settings]:
    """One buys ACME; the other sells it short, and buys WAVE."""
    return [
        {**fixed(ACME=acme_long, WAVE="0"), **LONG},
        {**fixed(ACME=acme_short, WAVE="0.5"), **SHORT},
    ]


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A first cycle in which they disagree about ACME."""
    with world(tmp_path_factory.mktemp("several"), strategy=several()) as made:
        made.advance_to(TUESDAY, 0)
        assert made.trade() == exits.FINE
        yield made


def parts(made: World) -> dict[tuple[str, str], Part]:
    return {(part.strategy, part.symbol): part for part in read_strategies(made.home)}


def test_only_the_net_reaches_the_venue(traded: World) -> None:
    orders = [(order["action"], Decimal(str(order["quantity"]))) for order in traded.at_venue()]

    assert orders == [("BUY", Decimal(400)), ("BUY", Decimal(665))]  # 20 % of 100,000 in each, at 50 and 30.05
    assert traded.apart() == ()


def test_each_has_what_it_wanted_and_together_they_are_the_book(traded: World) -> None:
    found = parts(traded)

    assert found["short", "ACME"].units == -200  # 10 % of 100,000 at 50
    assert {name for name, symbol in found if symbol == "ACME"} == {"long", "short"}
    assert found["long", "ACME"].units + found["short", "ACME"].units == traded.held()["ACME"] == 400
    assert found["short", "WAVE"].units == traded.held()["WAVE"]


def test_what_they_pass_to_each_other_moves_no_money_and_no_position(traded: World) -> None:
    (crossed,) = traded.facts(StrategiesCrossed)

    assert [row.symbol for row in crossed.rows] == ["ACME", "ACME"]
    assert sum(row.quantity for row in crossed.rows) == 0
    spent = sum(part.flows for part in read_strategies(traded.home))
    assert 100_000 + spent == traded.book().cash["USD"]


def test_each_tells_its_own_targets_in_its_own_file(traded: World) -> None:
    told = traded.facts(TargetsComputed)

    assert [(each.strategy, each.capital) for each in told] == [("long", Decimal("0.6")), ("short", Decimal("0.4"))]
    assert len({each.file for each in told}) == 2
    assert all((traded.home / "var" / each.file).exists() for each in told)


def test_a_strategy_that_may_not_trade_keeps_what_it_has_while_the_other_leaves(traded: World) -> None:
    kept = parts(traded)["short", "ACME"].units
    assert traded.command("override", "strategy short", "none", "--why", "it is looked at").status == exits.FINE
    assert traded.facts(OverrideSet)[-1].subject == "strategy short"
    traded.set(strategy=several(acme_long="0"))
    traded.advance_to(TUESDAY, 1)

    assert traded.trade() == exits.FINE

    found = parts(traded)
    assert found["short", "ACME"].units == kept
    assert found["short", "WAVE"].units == 665
    assert traded.held()["ACME"] == found["long", "ACME"].units + kept == -200
    assert traded.apart() == ()


def test_sql_tells_what_part_each_had(traded: World) -> None:
    asked = "SELECT strategy, ordered, crossed FROM strategies WHERE symbol = 'ACME' AND session_day = '2005-03-01'"

    told = traded.command("sql", f"{asked} ORDER BY seq, strategy LIMIT 2", "--format", "csv")

    assert told.out.splitlines() == ["strategy,ordered,crossed", "long,400,200", "short,0,-200"]


def test_the_day_is_told_with_what_passed_between_them(traded: World) -> None:
    told = traded.command("audit", str(TUESDAY)).out

    assert "ACME crossed at 50.00: long +200, short -200" in told


def test_the_mail_tells_each_one_s_shares_beside_its_targets(traded: World) -> None:
    lines = [line.strip() for line in traded.box.body("plain", 0).splitlines()]

    assert lines[lines.index("Strategies") :][1:6] == [
        "long:", "ACME 30.0 %, 30.0 % wanted",
        "short:", "ACME -10.0 %, -10.0 % wanted", "WAVE 20.0 %, 20.0 % wanted",
    ]  # fmt: skip
