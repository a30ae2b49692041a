"""What others do to the account: booked if it happened, locked until accepted, never undone by us."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import (
    AccountAdopted,
    BreakAccepted,
    OpeningBalanceRecorded,
    OrderFilled,
    OrderPlanned,
    TradingVetoed,
)
from tests.trader.cycles.world import TUESDAY, World
from tests.trader.cycles.world import world as at_venue
from tests.trader.homes import ROOT
from trader import exits


def kinds(world: World) -> list[tuple[str, str]]:
    return [(known.found.kind, known.found.consequence) for known in world.book().open_breaks]


def symbols_of_orders(world: World) -> list[str]:
    contracts = world.book().contracts
    return [contracts[order.con_id].symbol for order in world.orders()]


@pytest.fixture
def held(world: World) -> World:
    """An account that holds its targets, half an hour later."""
    world.advance_to(TUESDAY, 0)
    world.trade()
    world.control.advance(seconds=1800)
    return world


@pytest.mark.parametrize("quantity", [Decimal(60), Decimal(-60), Decimal(-2000)], ids=["bought", "sold", "flipped"])
def test_a_trade_by_hand_is_booked_and_locks_its_contract_until_accepted(held: World, quantity: Decimal) -> None:
    before = held.held()
    held.control.trade("WAVE", quantity)
    held.want(ACME="0.3", WAVE="0.25")
    held.advance_to(TUESDAY, 1)

    assert held.trade() == exits.BAD_NEWS

    assert held.held()["WAVE"] == before["WAVE"] + quantity
    assert 590 < held.held()["ACME"] <= 601
    assert [fill.quantity for fill in held.book().fills.values() if fill.foreign] == [quantity]
    assert kinds(held) == [("foreign_trade", "lock")]
    assert symbols_of_orders(held)[2:] == ["ACME"]  # others trade
    assert held.facts(OrderPlanned)[-1].reason.endswith("locked by break B-1")
    assert held.apart() == ()
    shown = held.command("breaks")
    assert shown.status == exits.BAD_NEWS
    assert "WAVE locked, others trade" in shown.out

    assert held.command("accept", "B-1", "--why", "my own trade").status == exits.FINE
    assert held.command("breaks").status == exits.FINE
    assert [fact.why for fact in held.facts(BreakAccepted)] == ["my own trade"]
    held.advance_to(TUESDAY, 2)
    assert held.trade() == exits.FINE
    assert symbols_of_orders(held)[3:] == ["WAVE"]
    assert abs(held.held()["WAVE"] - before["WAVE"]) < 20
    assert held.apart() == ()


def test_what_lies_outside_the_universe_counts_and_is_never_sold(held: World) -> None:
    held.control.trade("THIN", Decimal(20))
    held.advance_to(TUESDAY, 1)
    held.trade()
    held.command("accept", "B-1", "--as-suspense", "--why", "a gift")
    held.advance_to(TUESDAY, 2)

    assert held.trade() == exits.FINE

    assert held.held()["THIN"] == 20
    assert "THIN" not in symbols_of_orders(held)
    assert held.apart() == ()


@pytest.mark.parametrize(("policy", "locked"), [("lock", True), ("leave", False)])
def test_an_order_of_somebody_else_locks_its_contract_unless_told_otherwise(
    world: World, policy: str, locked: bool
) -> None:
    world.set(reconcile={"foreign_orders": policy})
    world.control.foreign_order("WAVE", "BUY", Decimal(10), Decimal("20.00"))
    world.advance_to(TUESDAY, 0)

    assert world.trade() == (exits.BAD_NEWS if locked else exits.FINE)

    assert kinds(world) == ([("foreign_order", "lock")] if locked else [])
    assert ("WAVE" in symbols_of_orders(world)) is not locked
    assert "ACME" in symbols_of_orders(world)
    assert [order["client_id"] for order in world.control.orders()] == [99]  # nobody touched it
    assert world.apart() == ()


def test_a_deposit_that_nobody_announced_is_not_invested_until_accepted(held: World) -> None:
    held.control.cash(Decimal(40_000))
    held.advance_to(TUESDAY, 1)

    assert held.trade() == exits.BAD_NEWS

    assert kinds(held) == [("cash", "note")]
    assert len(held.orders()) == 2  # nothing new
    assert held.book().cash["USD"] + 40_000 == Decimal(held.control.dump()["cash"]["USD"])  # a memo, never a plug

    held.want(ACME="0.3", WAVE="0.25")
    held.advance_to(TUESDAY, 2)
    held.trade()
    assert held.held()["ACME"] < 610  # of the NAV without it, yet it trades

    (found,) = held.book().open_breaks
    held.command("accept", found.found.break_id, "--as-suspense", "--why", "my savings")
    held.advance_to(TUESDAY, 3)
    assert held.trade() == exits.FINE
    assert held.held()["ACME"] > 800
    assert held.apart() == ()


@pytest.mark.parametrize(
    ("amount", "consequence"),
    [
        pytest.param(-40, "note", id="up to 0.05 % of NAV: trade"),
        pytest.param(-400, "note", id="up to 0.5 %: trade"),
        pytest.param(-1500, "reduce_only", id="above 0.5 %: reduce only"),
        pytest.param(-2500, "halt", id="above 2 %: halt"),
    ],
)
def test_cash_that_is_missing_stops_the_more_the_more_it_is(held: World, amount: int, consequence: str) -> None:
    held.control.cash(Decimal(amount))
    held.want(ACME="0.2", WAVE="0.6")  # a sale and a purchase
    held.advance_to(TUESDAY, 1)

    assert held.trade() == exits.BAD_NEWS

    assert kinds(held) == [("cash", consequence)]
    traded = {"note": ["ACME", "WAVE"], "reduce_only": ["ACME"], "halt": []}
    assert symbols_of_orders(held)[2:] == traded[consequence]
    assert (held.book().halted is None) is (consequence != "halt")

    held.command("accept", "B-1", "--as-suspense", "--why", "my own withdrawal")
    held.advance_to(TUESDAY, 2)
    assert held.trade() == exits.FINE
    assert held.book().halted is None
    assert held.held()["WAVE"] > 1900
    assert held.apart() == ()


def test_a_position_that_the_broker_leaves_out_is_a_break_and_never_bought_again(world: World) -> None:
    world.want(ACME="0.5")
    world.advance_to(TUESDAY, 0)
    world.trade()
    world.control.drop("position")
    world.control.drop("portfolioValue")
    world.want(ACME="0.5", WAVE="0.3")
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.BAD_NEWS

    assert ("position", "lock") in kinds(world)
    assert world.held() == {"ACME": Decimal(1000)}
    assert "ACME" not in symbols_of_orders(world)[1:]

    world.control.clear()
    world.advance_to(TUESDAY, 2)
    assert world.trade() == exits.FINE  # locks clear themselves when both halves match again
    assert world.held()["ACME"] == Decimal(1000)
    assert world.held()["WAVE"] > 900
    assert world.apart() == ()


# Halt


def test_a_halt_stops_orders_not_cancellations(held: World) -> None:
    held.control.fill_orders(False)
    held.want(ACME="0.3")
    held.advance_to(TUESDAY, 1)
    held.trade()
    assert len(held.control.orders()) == 2
    assert held.command("halt", "--why", "holidays").status == exits.FINE
    held.advance_to(TUESDAY, 2)

    assert held.trade() == exits.BAD_NEWS

    assert held.control.orders() == []
    assert len(held.orders()) == 4
    (reason,) = held.facts(TradingVetoed)[-1].reasons
    assert "holidays" in reason
    assert held.apart() == ()

    held.control.fill_orders(True)
    assert held.command("resume", "--why", "back").status == exits.FINE
    held.advance_to(TUESDAY, 3)
    assert held.trade() == exits.FINE
    assert list(held.held()) == ["ACME"]
    assert 590 < held.held()["ACME"] <= 601
    assert held.apart() == ()


@pytest.mark.parametrize("unreadable", [False, True], ids=["a file", "unreadable"])
def test_a_halt_file_alone_stops_every_order_and_is_recorded(world: World, unreadable: bool) -> None:
    halt = world.home / "var" / "HALT"
    if unreadable:
        halt.mkdir()
    else:
        halt.write_text("somebody pulled the plug\n")
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.BAD_NEWS

    assert world.orders() == ()
    assert world.at_venue() == []
    assert world.book().halted is not None
    assert world.apart() == ()


# Adoption


def test_an_account_that_holds_positions_is_adopted_with_one_lot_each(tmp_path: Path) -> None:
    bought = {  # at costs a share that a decimal spells: IB reports no total
        "ACME": (Decimal(300), Decimal("48.12")),
        "WAVE": (Decimal(-80), Decimal("31.5")),
        "THIN": (Decimal(8), Decimal(41)),
    }
    with at_venue(tmp_path, positions=bought) as adopted:
        lots = [fact for fact in adopted.facts(OpeningBalanceRecorded) if fact.con_id is not None]
        assert sorted(lot.quantity or 0 for lot in lots) == [-80, 8, 300]
        assert len(adopted.facts(AccountAdopted)[0].execution_ids) == 3
        assert adopted.apart() == ()

        adopted.advance_to(TUESDAY, 0)
        assert adopted.trade() == exits.FINE

        assert adopted.held()["THIN"] == 8
        assert [fill for fill in adopted.book().fills.values() if fill.foreign] == []
        assert len(adopted.facts(OrderFilled)) == len(adopted.book().fills) >= 2
        assert adopted.apart() == ()


def test_an_account_that_changes_while_it_is_looked_at_is_not_adopted(tmp_path: Path) -> None:
    with at_venue(tmp_path, adopt=False) as moving:
        moving.control.hold_after("reqPositions", 3)  # the first of the second look
        command = [sys.executable, "-m", "trader.commands", "--home", str(moving.home), "adopt", "--yes"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=ROOT)
        moving.control.wait_held(20)
        moving.control.cash(Decimal(100))
        moving.control.release()
        _, told = process.communicate(timeout=30)

        assert process.returncode == exits.COULD_NOT
        assert told.startswith("adoption-refused: account: expected two equal looks")
        assert not (moving.home / "var" / "events").exists()
