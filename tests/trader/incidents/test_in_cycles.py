"""Incidents of other systems, each by its id, over whole cycles: asked are the venue's account and the owner's mail.

To add one: a function `test_ID_what_must_hold`, and its row in `rows.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import (
    NoticeFailed,
    NoticeSent,
    OrderPlanned,
    OrderRejected,
    SafeguardsEvaluated,
    StepFailed,
    TradingVetoed,
    VerdictRow,
)
from tests.trader.cycles.world import THURSDAY, TUESDAY, WEDNESDAY, World
from tests.trader.cycles.world import world as at_venue
from trader import exits


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with at_venue(tmp_path) as made:
        yield made


@pytest.fixture
def held(world: World) -> World:
    """An account that holds its targets, half an hour later."""
    world.advance_to(TUESDAY, 0)
    assert world.trade() == exits.FINE
    world.control.advance(seconds=1800)
    return world


def kinds(world: World) -> list[tuple[str, str]]:
    return [(known.found.kind, known.found.consequence) for known in world.book().open_breaks]


def sent(world: World) -> list[str]:
    """The tickers of all orders of ours that the venue took, oldest first."""
    contracts = world.book().contracts
    return [contracts[order["con_id"]].symbol for order in world.at_venue() if order["order_ref"]]


def bodies(world: World) -> list[str]:
    return [" ".join(world.box.body("plain", number).split()) for number in range(len(world.box.received))]


def test_psts_q5_expired_a_position_that_the_settings_do_not_know_is_shown(held: World) -> None:
    held.control.trade("THIN", Decimal(20))
    held.advance_to(TUESDAY, 1)

    assert held.trade() == exits.BAD_NEWS

    assert kinds(held) == [("foreign_trade", "lock")]
    assert held.held()["THIN"] == 20
    assert "THIN" in held.command("breaks").out


def test_psts_932_what_a_limit_stops_is_told_with_its_distance(world: World) -> None:
    world.set(limits={"turnover_per_day_max": "0.1"})
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.BAD_NEWS

    assert world.at_venue() == []
    (veto,) = world.facts(TradingVetoed)
    stopped = [verdict for verdict in verdicts(world) if verdict.outcome == "veto"]
    assert veto.reasons
    assert all(verdict.observed and verdict.limit and verdict.distance for verdict in stopped)
    assert stopped


def verdicts(world: World) -> tuple[VerdictRow, ...]:
    """What the safeguards said in the last cycle that asked them."""
    return world.facts(SafeguardsEvaluated)[-1].verdicts


def test_psts_928_targets_that_nobody_made_today_are_not_used(world: World) -> None:
    world.state("ACME,0.5,1", "WAVE,0.25,1")
    world.advance_to(THURSDAY, 0)

    assert world.trade() == exits.BAD_NEWS

    assert world.at_venue() == []
    assert [fact.step for fact in world.facts(StepFailed)] == ["forecast"]


def test_psts_1249_an_order_that_is_always_refused_is_sent_once_more_then_its_contract_rests(world: World) -> None:
    world.control.reject(9, symbol="ACME", message="Order rejected - reason:no permission")
    for slot in range(4):
        world.advance_to(TUESDAY, slot)
        world.trade()

    assert [fact.reason for fact in world.facts(OrderRejected)] == ["Order rejected - reason:no permission"] * 2
    rows = [row for row in world.facts(OrderPlanned) if row.symbol == "ACME"]
    assert [row.action for row in rows] == ["BUY", "BUY", "NOTHING", "NOTHING"]
    why = "refused 2 times today, it rests until the next session: 201 Order rejected - reason:no permission"
    assert {row.reason for row in rows[2:]} == {why}
    assert sent(world) == ["WAVE"]
    (alarm,) = (body for body in bodies(world) if "it rests until the next session" in body)
    assert why in alarm
    assert world.apart() == ()


def test_psts_1249_the_next_session_tries_again(world: World) -> None:
    world.control.reject(2, symbol="ACME")
    for slot in range(2):
        world.advance_to(TUESDAY, slot)
        world.trade()
    world.close(TUESDAY)
    world.advance_to(WEDNESDAY, 0)

    assert world.trade() == exits.FINE

    assert world.held()["ACME"] > 0


def test_ntl_3104_a_position_older_than_any_history_is_an_opening(tmp_path: Path) -> None:
    with at_venue(tmp_path, positions={"ACME": (Decimal(100), Decimal(50))}) as old:
        old.advance_to(TUESDAY, 0)

        assert old.trade() == exits.FINE

        assert old.book().open_breaks == ()
        assert old.held()["ACME"] > 100
        assert old.apart() == ()


def test_vibe_667_a_position_that_the_broker_leaves_out_is_a_break(world: World) -> None:
    world.want(ACME="0.5")
    world.advance_to(TUESDAY, 0)
    world.trade()
    for kind in ("position", "portfolioValue"):
        world.control.drop(kind)
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.BAD_NEWS

    assert ("position", "lock") in kinds(world)
    assert sent(world) == ["ACME"]
    assert world.held() == {"ACME": Decimal(1000)}


def test_lean_200_cash_beyond_ours_is_a_break_with_its_amount(held: World) -> None:
    held.control.cash(Decimal(500))
    held.advance_to(TUESDAY, 1)

    assert held.trade() == exits.BAD_NEWS

    (known,) = held.book().open_breaks
    assert (known.found.kind, known.found.currency, known.found.difference) == ("cash", "USD", Decimal(500))


def test_lean_8726_a_sale_that_settles_overnight_moves_no_nav(held: World) -> None:
    held.want(ACME="0.2", WAVE="0.25")
    held.advance_to(TUESDAY, 1)
    held.trade()
    held.close(TUESDAY)
    held.advance_to(WEDNESDAY, 0)

    assert held.trade() == exits.FINE

    assert held.book().open_breaks == ()
    assert held.apart() == ()


def test_lean_5325_units_that_double_without_a_trade_lock_their_contract(held: World) -> None:
    own = held.held()["WAVE"]
    held.control.action("stock-dividend", "WAVE", ratio="2:1")
    held.want(ACME="0.2", WAVE="0.6")
    held.advance_to(TUESDAY, 1)

    held.trade()

    assert sent(held)[2:] == ["ACME"]
    assert held.held()["WAVE"] in (own, 2 * own)  # as long as nobody confirms it; never a trade
    assert not any(fill.foreign for fill in held.book().fills.values())


def test_ft_11726_the_drawdown_prints_its_formula_and_figures(held: World) -> None:
    held.advance_to(TUESDAY, 1)
    held.trade()

    (drawdown,) = [verdict for verdict in verdicts(held) if "drawdown" in verdict.safeguard]

    assert drawdown.outcome == "pass"
    assert "high" in drawdown.formula
    assert all((drawdown.observed, drawdown.limit, drawdown.distance))


def test_tg_679_without_bars_nothing_is_decided(world: World) -> None:
    world.set(broker={"request_timeout_seconds": 1})
    world.control.ignore("reqHistoricalData")
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.BAD_NEWS

    assert world.at_venue() == []
    assert world.facts(StepFailed)[0].step.startswith("ingest")


def test_ml4t_state_a_halt_that_cannot_be_read_is_a_halt(world: World) -> None:
    (world.home / "var" / "HALT").mkdir()
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.BAD_NEWS

    assert world.at_venue() == []


def test_ml4t_reduce_a_limit_on_orders_never_stops_a_reduction(held: World) -> None:
    held.set(limits={"order_notional_max": 1000})
    held.want(ACME="0.1", WAVE="0.6")
    held.advance_to(TUESDAY, 1)

    held.trade()

    assert held.held()["ACME"] < 210
    planned = {row.symbol: row for row in held.facts(OrderPlanned)[-2:]}
    assert planned["WAVE"].quantity * 30 <= 1000


def test_mail_down_a_mail_that_did_not_leave_is_a_fact_and_is_sent_by_the_next_cycle(world: World) -> None:
    world.box.refuses = True
    world.advance_to(TUESDAY, 0)
    world.trade()
    assert [notice.kind for notice in world.facts(NoticeFailed)] == ["start"]
    world.box.refuses = False
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.FINE

    assert [notice.kind for notice in world.facts(NoticeSent)] == ["start"]
