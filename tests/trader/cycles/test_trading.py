"""What a cycle trades; after each one, our half equals the venue's to the last digit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import (
    CommissionCharged,
    CycleFinished,
    DataIngested,
    OrderCancelled,
    OrderDeferred,
    OrderFilled,
    OrderPlanned,
    OrderPreviewed,
    OrderRejected,
    OrderSendAttempted,
    TargetsComputed,
    TargetsScaled,
    TradingAllowed,
    TradingVetoed,
)
from ledger.nav import exposure
from tests.trader.cycles.world import TUESDAY, WEDNESDAY, World, fixed, world
from trader import exits


def test_a_long_account_is_bought_and_both_halves_match(world: World) -> None:
    world.want(ACME="0.5", WAVE="0.3")
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.FINE

    planned = {planned.symbol: planned.quantity for planned in world.facts(OrderPlanned)}
    assert world.held() == planned
    assert planned["ACME"] == Decimal(1000)
    assert [order.status for order in world.orders()] == ["filled", "filled"]
    assert len(world.facts(CycleFinished)) == len(world.facts(TradingAllowed)) == 1
    assert world.apart() == ()


def test_what_is_on_target_is_left_alone(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.trade()
    sent = len(world.orders())
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.FINE

    assert len(world.orders()) == sent
    assert {planned.action for planned in world.facts(OrderPlanned)[-2:]} == {"NOTHING"}
    assert all(planned.reason for planned in world.facts(OrderPlanned)[-2:])
    assert world.apart() == ()


def test_a_negative_weight_is_sold_short(world: World) -> None:
    world.want(ACME="-0.4", WAVE="0.2")
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.FINE

    assert world.held()["ACME"] == Decimal(-800)
    assert world.book().cash["USD"] > Decimal(100_000)
    assert world.apart() == ()


def test_leverage_multiplies_every_weight(world: World) -> None:
    world.want(leverage="1.4", ACME="0.6", WAVE="0.4")
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.FINE

    leverage = exposure(world.book()).leverage_gross
    assert Decimal("1.39") < leverage <= Decimal("1.41")
    assert world.book().cash["USD"] < 0
    assert world.facts(TargetsScaled) == []
    assert world.apart() == ()


def test_leverage_beyond_the_cap_is_scaled_to_it(world: World) -> None:
    world.state("ACME,0.5,2.4", "WAVE,0.5,2.4")
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.FINE

    (scaled,) = world.facts(TargetsScaled)
    assert (scaled.limit, scaled.factor) == ("gross_leverage_max", Decimal("0.625"))
    planned = (planned.quantity * (planned.reference_price or 0) for planned in world.facts(OrderPlanned))
    assert Decimal(149_900) < sum(planned) <= Decimal(150_000)
    assert world.apart() == ()

    world.advance_to(TUESDAY, 1)
    world.trade()  # what commissions and prices carried above the cap is reduced
    assert exposure(world.book()).leverage_gross <= Decimal("1.5")
    assert world.apart() == ()


def test_a_name_beyond_its_share_is_cut(world: World) -> None:
    world.set(limits={"name_share_max": "0.3"})
    world.want(ACME="0.5")
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.FINE

    assert world.held() == {"ACME": Decimal(600)}
    assert [scaled.limit for scaled in world.facts(TargetsScaled)] == ["name_share_max"]
    assert world.apart() == ()


@pytest.mark.parametrize(
    ("first", "second"), [("0.5", "-0.3"), ("-0.3", "0.5")], ids=["long to short", "short to long"]
)
def test_a_flip_keeps_both_halves_equal(world: World, first: str, second: str) -> None:
    world.want(WAVE=first)
    world.advance_to(TUESDAY, 0)
    world.trade()
    before = world.held()["WAVE"]
    world.want(WAVE=second)
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.FINE

    after = world.held()["WAVE"]
    assert before * after < 0
    assert len(world.orders()) == 2
    assert world.apart() == ()


def test_momentum_decides_from_two_sources(tmp_path: Path) -> None:
    momentum = {"kind": "momentum", "lookback_days": [5], "volatility_days": 4}
    universe, sources = {"symbols": ["CLIMB", "WAVE"]}, {"folder": str(tmp_path / "venue"), "history_days": 8}
    with world(tmp_path, strategy=momentum, universe=universe, sources=sources) as two_sources:
        two_sources.advance_to(TUESDAY, 0)

        assert two_sources.trade() == exits.FINE

        assert [fact.source for fact in two_sources.facts(DataIngested)] == ["folder", "broker"]
        assert two_sources.held()["CLIMB"] > 0
        assert two_sources.apart() == ()


def test_every_cycle_of_three_sessions_ends_with_equal_halves(world: World) -> None:
    worlds = ({"ACME": "0.4", "WAVE": "0.5"}, {"ACME": "-0.5", "WAVE": "0.1"}, {"WAVE": "-0.6"})
    for day, weights in zip((TUESDAY, WEDNESDAY, world.calendar.next(WEDNESDAY).day), worlds, strict=True):
        world.want(**weights)
        for slot in range(-8, 0):
            world.advance_to(day, slot)
            assert world.trade() == exits.FINE
            assert world.apart() == (), (day, slot)

    assert len(world.facts(CycleFinished)) == 24
    assert len(world.facts(OrderFilled)) > 5


def test_an_order_that_fills_in_part_works_until_the_next_cycle_cancels_it(tmp_path: Path) -> None:
    with world(tmp_path, universe={"symbols": ["THIN"]}, strategy=fixed(THIN="0.3")) as thin:
        thin.advance_to(TUESDAY, 0)
        assert thin.trade() == exits.FINE
        (order,) = thin.orders()
        assert order.status == "working"
        bought = order.filled
        assert 0 < bought < order.quantity
        assert thin.apart() == ()
        assert [row["status"] for row in thin.control.orders()] == ["Submitted"]

        thin.advance_to(TUESDAY, 1)
        assert thin.trade() == exits.FINE

        first, second = thin.orders()
        (cancelled,) = thin.facts(OrderCancelled)
        assert (first.status, cancelled.order_ref) == ("cancelled", first.order_ref)
        assert cancelled.filled == first.filled > bought  # the venue filled on while nobody looked
        assert second.quantity < order.quantity
        assert thin.apart() == ()


def test_a_rejected_order_ends_and_is_tried_again_by_the_next_cycle(world: World) -> None:
    world.control.reject(symbol="ACME", message="Order rejected - reason:not <today>")
    world.advance_to(TUESDAY, 0)

    world.trade()

    (rejected,) = world.facts(OrderRejected)
    assert (rejected.code, rejected.reason) == (201, "Order rejected - reason:not <today>")
    assert [order.status for order in world.orders()] == ["rejected", "filled"]
    assert world.apart() == ()

    world.advance_to(TUESDAY, 1)
    assert world.trade() == exits.FINE
    assert world.held()["ACME"] == Decimal(1000)
    assert len({order.order_ref for order in world.orders()}) == 3
    assert world.apart() == ()


def test_a_commission_that_is_late_is_pending_then_booked(world: World) -> None:
    world.control.commission_delay(3600 * 2)
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.FINE

    assert len(world.book().pending_commissions) == len(world.facts(OrderFilled)) > 0
    assert world.book().open_breaks == ()

    world.advance_to(TUESDAY, 3)
    assert world.trade() == exits.FINE
    assert len(world.facts(CommissionCharged)) == len(world.facts(OrderFilled))
    assert world.apart() == ()


def test_a_dry_run_plans_and_records_but_never_acts(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.want(ACME="0.5")
    world.trade()
    ours = world.orders()
    world.control.fill_orders(False)
    world.want(ACME="0.8")
    world.advance_to(TUESDAY, 1)
    world.trade()  # leaves an order of ours working
    working = world.control.orders()
    assert len(working) == 1
    world.set(dry_run=True)
    world.advance_to(TUESDAY, 2)

    assert world.trade() == exits.FINE

    cycle = world.book().cycle
    assert cycle is not None
    assert cycle.started.dry_run
    assert world.control.orders() == working
    assert len(world.facts(TradingAllowed)) == 2
    assert len(world.facts(OrderSendAttempted)) == len(ours) + 1
    assert world.facts(TradingVetoed)[-1].reasons[0] == "dry run"
    assert len(world.facts(TargetsComputed)) == 3
    assert world.apart() == ()


def test_a_dry_run_previews_what_it_would_order(world: World) -> None:
    world.set(dry_run=True)
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.FINE

    assert {planned.action for planned in world.facts(OrderPlanned)} == {"BUY"}
    assert [preview.accepted for preview in world.facts(OrderPreviewed)] == [True, True]
    assert world.at_venue() == []
    assert world.facts(TradingAllowed) == []
    assert (world.home / "var" / "orders" / str(TUESDAY) / "0935.csv").exists()


def test_what_shrinks_is_sold_before_anything_is_bought(world: World) -> None:
    world.want("1.4", WAVE="0.6", ACME="0")
    world.advance_to(TUESDAY, 0)
    world.trade()
    world.want("1.4", WAVE="0", ACME="0.6")
    world.advance_to(TUESDAY, 1)

    world.trade()

    assert [sent.quantity < 0 for sent in world.facts(OrderSendAttempted)] == [False, True, False]
    assert world.apart() == ()


def test_nothing_is_bought_on_the_strength_of_a_sale_that_was_refused(world: World) -> None:
    world.want("1.4", WAVE="0.6", ACME="0")
    world.advance_to(TUESDAY, 0)
    world.trade()
    held = world.held()["WAVE"]
    world.want("1.4", WAVE="0", ACME="0.6")
    world.control.reject(symbol="WAVE")
    world.advance_to(TUESDAY, 1)

    world.trade()

    assert len(world.facts(OrderRejected)) == 1
    assert world.held() == {"WAVE": held}
    assert world.apart() == ()


def test_what_is_sold_pays_for_what_is_bought_within_one_cycle(world: World) -> None:
    world.want(ACME="1")
    world.advance_to(TUESDAY, 0)
    world.trade()
    world.want(WAVE="1")
    world.advance_to(TUESDAY, 1)

    assert world.trade() == exits.FINE

    _, sold, bought = world.orders()
    assert [order.status for order in (sold, bought)] == ["filled", "filled"]
    assert bought.attempted_at > max(fill.at for fill in world.book().fills.values() if fill.quantity < 0)
    assert world.facts(OrderDeferred) == []
    assert world.apart() == ()


def test_a_purchase_whose_sales_did_not_fill_waits_for_the_next_cycle(tmp_path: Path) -> None:
    universe, thin = {"symbols": ["ACME", "THIN"]}, {"THIN": (Decimal(900), Decimal(40))}  # 390 units trade in a bar
    with world(tmp_path, positions=thin, universe=universe, strategy=fixed(ACME="1", THIN="0")) as slow:
        slow.advance_to(TUESDAY, 0)

        assert slow.trade() == exits.FINE

        [deferred] = slow.facts(OrderDeferred)
        assert deferred.reason.startswith("waits for proceeds of 359")
        assert [(order.quantity, order.ended) for order in slow.orders()] == [(Decimal(-900), False)]
        assert slow.apart() == ()
        told = "kept back: BUY 1999 ACME waits for proceeds of 359"
        assert told in slow.command("status").out
        assert told in slow.box.body("plain", 0)
        slow.advance_to(TUESDAY, 1)
        assert slow.trade() == exits.FINE
        bought = slow.orders()[-1]  # it waited a cycle in vain: now as much as there is cash for
        assert (bought.quantity, bought.status) == (slow.held()["ACME"], "filled")
        assert Decimal(60_000) < bought.quantity * 50 < Decimal(80_000)
        assert slow.book().cash["USD"] > 0
        assert slow.apart() == ()
