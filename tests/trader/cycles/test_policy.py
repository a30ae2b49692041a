"""What each finding does to trading, told by the orders that reach the venue: the policy table, a test a line.

Only the venue's own account is asked, never our log. Every account holds 1,000 ACME at 50.00 and 830 WAVE around
30.00, and is then told to sell the one and to buy the other: what is locked, reduced only or halted is seen by what
does not arrive. To prove another line: make the finding at the venue, and say which orders come.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.events import DividendPaid, OrderPlanned
from tests.trader.cycles.world import AROUND, FRIDAY, THURSDAY, TUESDAY, WEDNESDAY, World, write_bars
from tests.trader.cycles.world import world as at_venue
from trader import exits
from trader.simulator.terms import Terms
from trader.sources.announcements import FILE_NAME

SELL_ACME, BUY_WAVE, SELL_WAVE = ("ACME", "SELL"), ("WAVE", "BUY"), ("WAVE", "SELL")
BOTH = {SELL_ACME, BUY_WAVE}
ANNOUNCED = f"Ticker,Kind,Ex Date,Pay Date,Amount,Currency,Ratio\nACME,dividend,{WEDNESDAY},{WEDNESDAY},0.20,USD,\n"
Happens = Callable[[World], object]


@pytest.fixture
def held(world: World) -> World:
    """An account that holds its targets, half an hour later."""
    world.advance_to(TUESDAY, 0)
    assert world.trade() == exits.FINE
    world.control.advance(seconds=1800)
    return world


Sent = set[tuple[str, str]]


def sent(world: World) -> list[dict[str, Any]]:
    """The orders of ours that the venue took; those of other clients bear no reference."""
    return [order for order in world.at_venue() if order["order_ref"]]


def arrived(world: World, known: list[dict[str, Any]]) -> Sent:
    """What the venue was sent beside the orders that are known: tickers, and which way."""
    names = {str(con_id): contract.symbol for con_id, contract in world.book().contracts.items()}
    before = {order["perm_id"] for order in known}
    return {(names[str(order["con_id"])], order["action"]) for order in sent(world) if order["perm_id"] not in before}


def of_wave(world: World) -> Decimal:
    """The units of WAVE that the venue holds for us."""
    return (
        sum(Decimal(p["quantity"]) for p in world.control.dump()["positions"].values() if p["symbol"] == "WAVE")
        or Decimal()
    )


def turned(world: World, acme: str = "0.2", wave: str = "0.6", *, slot: int = 1, day: date = TUESDAY) -> Sent:
    """Sell ACME and buy WAVE, unless told otherwise, in a cycle; returns what arrives at the venue."""
    known = sent(world)
    world.want(ACME=acme, WAVE=wave)
    world.advance_to(day, slot)
    world.trade()
    return arrived(world, known)


def test_where_nothing_differs_both_orders_arrive(held: World) -> None:
    assert turned(held) == BOTH


# Incomplete answers


@pytest.mark.parametrize("request_kind", ["reqPositions", "reqExecutions", "reqAccountUpdates"])
def test_an_answer_that_does_not_come_stops_its_cycle_and_the_next_one_only_reconciles(
    held: World, request_kind: str
) -> None:
    held.set(broker={"request_timeout_seconds": 1})
    held.control.ignore(request_kind)
    known = sent(held)
    held.want(ACME="0.2", WAVE="0.6")
    held.advance_to(TUESDAY, 1)

    assert held.cycle().status != exits.FINE

    assert arrived(held, known) == set()
    (alarm,) = held.box.subjects[1:]  # after START
    assert alarm.split()[1] == "ALARM"
    held.control.clear()
    assert turned(held, slot=2) == set()  # after a slot without a whole cycle the next one only reconciles
    assert turned(held, slot=3) == BOTH


def test_an_answer_that_a_second_asking_brings_stops_nothing_and_is_not_mailed(held: World) -> None:
    held.set(broker={"request_timeout_seconds": 1})
    held.control.ignore("reqPositions", times=1)

    assert turned(held) == BOTH

    assert len(held.box.subjects) == 1  # START alone


def test_an_incident_is_mailed_once_however_often_it_is_met(held: World) -> None:
    held.set(broker={"request_timeout_seconds": 1})
    held.control.ignore("reqPositions")

    for slot in (1, 2):
        held.advance_to(TUESDAY, slot)
        assert held.cycle().status != exits.FINE

    assert [subject.split()[1] for subject in held.box.subjects[1:]] == ["ALARM"]


def test_after_an_outage_the_first_cycle_only_reconciles_and_the_second_trades(held: World) -> None:
    known = sent(held)
    held.want(ACME="0.2", WAVE="0.6")
    held.advance_to(TUESDAY, 3)  # two slots went by

    held.cycle()

    assert arrived(held, known) == set()
    assert turned(held, slot=4) == BOTH


# Quantities, foreign trades, corporate actions


@pytest.mark.parametrize(
    "happens",
    [
        pytest.param(lambda world: world.control.transfer("WAVE", Decimal(60), Decimal(30)), id="quantity"),
        pytest.param(lambda world: world.control.trade("WAVE", Decimal(60)), id="foreign trade"),
        pytest.param(lambda world: world.control.action("stock-dividend", "WAVE", ratio="11:10"), id="action"),
        pytest.param(
            lambda world: world.control.foreign_order("WAVE", "BUY", Decimal(10), Decimal("20.00")), id="foreign order"
        ),
    ],
)
def test_what_differs_of_one_contract_locks_it_and_others_trade(held: World, happens: Happens) -> None:
    happens(held)

    assert turned(held) == {SELL_ACME}


@pytest.mark.parametrize(
    ("happens", "left"),
    [
        pytest.param(lambda world: world.control.transfer("WAVE", Decimal(60), Decimal(30)), "60", id="quantity"),
        pytest.param(lambda world: world.control.action("stock-dividend", "WAVE", ratio="11:10"), "83.2", id="action"),
    ],
)
def test_of_a_locked_contract_what_both_sides_agree_on_may_be_sold_and_no_more(
    held: World, happens: Happens, left: str
) -> None:
    own = held.held()["WAVE"]
    happens(held)

    assert turned(held, acme="0.2", wave="0") == {SELL_ACME, SELL_WAVE}

    assert [Decimal(order["quantity"]) for order in sent(held) if order["action"] == "SELL"][1:] == [own]
    assert of_wave(held) == Decimal(left)


@pytest.mark.parametrize(
    ("traded", "sold", "left"),
    [
        pytest.param(60, None, 60, id="bought by hand: those stay"),
        pytest.param(-10, 10, 0, id="sold by hand: the rest goes"),
    ],
)
def test_of_what_somebody_else_traded_the_rest_may_be_sold(
    held: World, traded: int, sold: int | None, left: int
) -> None:
    own = held.held()["WAVE"]
    held.control.trade("WAVE", Decimal(traded))

    assert turned(held, acme="0.2", wave="0") == {SELL_ACME, SELL_WAVE}

    (order,) = [order for order in sent(held) if order["action"] == "SELL"][1:]
    assert Decimal(order["quantity"]) == own - (sold or 0)
    assert of_wave(held) == Decimal(left)


def test_a_lock_clears_itself_when_the_other_half_turns_up(held: World) -> None:
    held.control.transfer("WAVE", Decimal(60), Decimal(30))
    assert turned(held) == {SELL_ACME}

    held.control.transfer("WAVE", Decimal(-60), Decimal(30))

    assert BUY_WAVE in turned(held, slot=2)
    assert held.book().open_breaks == ()


# What a rule books


def test_a_dividend_that_was_announced_stops_nothing(tmp_path: Path) -> None:
    folder = write_bars(tmp_path / "data", TUESDAY - AROUND, TUESDAY + AROUND)
    (folder / FILE_NAME).write_text(ANNOUNCED, encoding="utf-8")
    sources = {"folder": str(folder), "history_days": 5}
    with at_venue(tmp_path, terms=Terms(dividends=True), sources=sources) as paying:
        paying.advance_to(TUESDAY, 0)
        paying.trade()
        paying.close(TUESDAY)

        assert turned(paying, day=WEDNESDAY, slot=0) == BOTH


def test_a_dividend_beyond_the_cap_of_its_rule_is_not_booked_nor_invested(tmp_path: Path) -> None:
    folder = write_bars(tmp_path / "data", TUESDAY - AROUND, TUESDAY + AROUND)
    (folder / FILE_NAME).write_text(ANNOUNCED.replace("0.20", "0.60"), encoding="utf-8")
    sources = {"folder": str(folder), "history_days": 5}
    with at_venue(tmp_path, terms=Terms(dividends=True), sources=sources) as paying:
        paying.advance_to(TUESDAY, 0)
        paying.trade()
        cash = paying.book().cash["USD"]
        paying.close(TUESDAY)

        assert turned(paying, day=WEDNESDAY, slot=0) == BOTH

        (found,) = paying.book().open_breaks
        assert (found.found.kind, found.found.consequence) == ("cash", "note")
        assert paying.facts(DividendPaid) == []
        assert found.found.expected is not None
        assert cash >= found.found.expected  # what came is not among it


# Cash that nothing explains


@pytest.mark.parametrize(
    ("profile", "amount", "comes"),
    [
        pytest.param("retail", "-49", BOTH, id="up to 0.05 %: trade"),
        pytest.param("retail", "-499", BOTH, id="up to 0.5 %: trade"),
        pytest.param("retail", "-501", {SELL_ACME}, id="above 0.5 %: reduce only"),
        pytest.param("retail", "-1990", {SELL_ACME}, id="up to 2 %: reduce only"),
        pytest.param("retail", "-2010", set(), id="above 2 %: halt"),
        pytest.param("desk", "-99", BOTH, id="desk, up to 0.1 %: trade"),
        pytest.param("desk", "-101", {SELL_ACME}, id="desk, above 0.1 %: reduce only"),
        pytest.param("desk", "-510", set(), id="desk, above 0.5 %: halt"),
    ],
)
def test_cash_that_is_missing_stops_what_its_profile_says(held: World, profile: str, amount: str, comes: Sent) -> None:
    folder = write_bars(held.home / "bars", TUESDAY - AROUND, TUESDAY + AROUND)  # the desk wants a second source
    held.set(reconcile={"profile": profile}, sources={"folder": str(folder), "history_days": 5})
    held.control.cash(Decimal(amount))

    assert turned(held) == comes


@pytest.mark.parametrize(("amount", "comes"), [("-49", BOTH), ("-400", {SELL_ACME})], ids=["0.05 %", "0.5 %"])
def test_what_is_missing_for_three_sessions_reduces_only_if_it_is_more_than_is_always_allowed(
    held: World, amount: str, comes: Sent
) -> None:
    held.control.cash(Decimal(amount))
    assert turned(held, acme="0.45", wave="0.3") == BOTH
    for day in (TUESDAY, WEDNESDAY, THURSDAY):
        held.advance_to(day, -1)
        held.trade()
        held.command("commit", str(day))

    assert turned(held, day=FRIDAY, slot=0) == comes


def test_money_that_nobody_announced_is_not_invested_and_stops_nothing(held: World) -> None:
    held.control.cash(Decimal(40_000))

    assert turned(held) == BOTH

    assert 1900 < of_wave(held) < 2050  # 60 % of 100,000.00 at 30.00, not of 140,000.00


# NAV


@pytest.mark.parametrize(
    ("apart", "comes"), [("-40", BOTH), ("-70", {SELL_ACME}), ("70", {SELL_ACME})], ids=["within", "less", "more"]
)
def test_a_nav_that_marks_and_rates_do_not_explain_reduces_only(held: World, apart: str, comes: Sent) -> None:
    held.advance_to(TUESDAY, 1)
    told = Decimal(held.control.dump()["nav"]) + Decimal(apart)
    held.control.account_value("NetLiquidation", f"{told:.2f}", "USD")

    assert turned(held) == comes


def test_what_is_bought_is_sized_by_the_smaller_nav(held: World) -> None:
    held.advance_to(TUESDAY, 1)
    own = Decimal(held.control.dump()["nav"])
    smaller = own - 45  # within what marks and rounding explain
    held.control.account_value("NetLiquidation", f"{smaller:.2f}", "USD")

    turned(held, acme="0.2", wave="0.6")

    (planned,) = [row for row in held.facts(OrderPlanned) if row.symbol == "WAVE" and row.held and row.target > 900]
    assert planned.reference_price is not None
    (arrived_at,) = [Decimal(order["quantity"]) for order in sent(held) if order["order_ref"] == planned.order_ref]
    by_smaller = smaller * Decimal("0.6") // planned.reference_price
    assert by_smaller < own * Decimal("0.6") // planned.reference_price
    assert arrived_at == by_smaller - planned.held
