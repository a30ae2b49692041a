"""What is held, and what it may cost: the cases of `trader/safeguards/account.py`."""

from __future__ import annotations

from typing import Any

from ledger.events import MarginObserved, NavObserved, RatesObserved
from tests.trader.decisions import AAPL, IBM, KO, SESSION, D, margin, preview
from tests.trader.safeguards.situations import EUROS, HELD, Case, order, was

GROSS = "gross_leverage_stays_within_limit"
LIQUIDITY = "excess_liquidity_remains"
NET = "net_leverage_stays_within_limit"
LOSS = "the_day_loses_no_more_than_allowed"
DRAWDOWN = "drawdown_stays_within_limit"
CURRENCY = "currencies_stay_within_share"
SETTLED: dict[str, Any] = {"settled_cash_only": True}


def settled(cash: str | None) -> dict[str, Any]:
    told_of = margin(settled_cash=None if cash is None else D(cash))
    return {"instead": {MarginObserved: [told_of]}, "held": {AAPL: "100"}, "cash": "95550"}


CASES: tuple[Case, ...] = (
    Case(
        "gross_leverage_stays_within_limit", "pass", "at it", [order(quantity="1000")], {"gross_leverage_max": "0.445"}
    ),
    Case(
        "gross_leverage_stays_within_limit", "veto", "above", [order(quantity="1001")], {"gross_leverage_max": "0.445"}
    ),
    Case(GROSS, "veto", "short counts too", [order(quantity="-3400")]),
    Case(
        GROSS,
        "veto",
        "what others hold counts",
        [order(quantity="10")],
        {"gross_leverage_max": "0.43"},
        world={"held": {KO: "1000"}, "cash": "57000"},
    ),
    Case(
        GROSS,
        "pass",
        "above, but reducing",
        [order(quantity="-100")],
        {"gross_leverage_max": "0.3"},
        world=HELD,
    ),
    Case(
        GROSS,
        "veto",
        "above, one reducing and one growing",
        [order(quantity="-1"), order(IBM, "1")],
        {"gross_leverage_max": "0.3"},
        world=HELD,
    ),
    Case(
        GROSS,
        "veto",
        "what others hold is above it, and nothing can be done",
        limits={"gross_leverage_max": "0.4"},
        world={"held": {KO: "1000"}, "cash": "57000"},
    ),
    Case(
        GROSS,
        "unknown",
        "a holding has no mark",
        [order(IBM)],
        world={"held": {KO: "10"}, "reported": {}},
    ),
    Case(GROSS, "unknown", "no NAV", world={"instead": {NavObserved: ()}}),
    Case(LIQUIDITY, "pass", "at it", [order()], {"excess_liquidity_min": "0.79"}),
    Case(LIQUIDITY, "veto", "below", [order()], {"excess_liquidity_min": "0.790001"}),
    Case(
        "excess_liquidity_remains",
        "pass",
        "below, reduced",
        [order(quantity="-1")],
        {"excess_liquidity_min": "0.9"},
        HELD,
    ),
    Case(LIQUIDITY, "veto", "below, no order", [], {"excess_liquidity_min": "0.81"}),
    Case(LIQUIDITY, "unknown", "no margin", world={"instead": {MarginObserved: ()}}),
    Case(LIQUIDITY, "unknown", "no preview", [order()], previews=[]),
    Case(
        LIQUIDITY,
        "unknown",
        "a preview without margin",
        [order()],
        previews=[preview(order(), maintenance_margin_after=None)],
    ),
    Case(NET, "pass", "at it", [order(quantity="1000")], {"net_leverage_max": "0.445"}),
    Case(NET, "veto", "above", [order(quantity="1001")], {"net_leverage_max": "0.445"}),
    Case(NET, "veto", "short", [order(quantity="-1001")], {"net_leverage_max": "0.445"}),
    Case(NET, "pass", "long and short", [order(quantity="1000"), order(IBM, "-481")], {"net_leverage_max": "0.01"}),
    Case(NET, "pass", "above, reducing", [order(quantity="-1")], {"net_leverage_max": "0.1"}, HELD),
    Case(NET, "unknown", "no NAV", world={"instead": {NavObserved: ()}}),
    Case("cushion_remains", "pass", "at it", [order()], {"cushion_min": "0.8"}),
    Case("cushion_remains", "veto", "below", [order()], {"cushion_min": "0.800001"}),
    Case("cushion_remains", "pass", "below, reducing", [order(quantity="-1")], {"cushion_min": "0.9"}, HELD),
    Case("cushion_remains", "unknown", "no margin", world={"instead": {MarginObserved: ()}}),
    Case("cushion_remains", "unknown", "no NAV", world={"instead": {NavObserved: ()}}),
    Case("nav_does_not_jump", "pass", "no cycle before", [order()]),
    Case("nav_does_not_jump", "pass", "at it", [order()], {"nav_jump_max": "0.25"}, was("80000")),
    Case("nav_does_not_jump", "veto", "up", [order()], {"nav_jump_max": "0.249999"}, was("80000")),
    Case("nav_does_not_jump", "veto", "down", [order()], {"nav_jump_max": "0.19"}, was("125000")),
    Case("nav_does_not_jump", "pass", "a deposit", [order()], {"nav_jump_max": "0.01"}, was("80000", flows="80000")),
    Case("nav_does_not_jump", "pass", "reduced", [order(quantity="-1")], {"nav_jump_max": "0.1"}, HELD | was("80000")),
    Case("nav_does_not_jump", "unknown", "there was none", [order()], world=was("0")),
    Case(LOSS, "pass", "no session before", [order()], world=was("200000", SESSION)),
    Case(LOSS, "pass", "at it", [order()], {"daily_loss_max": "0.2"}, was("125000")),
    Case(LOSS, "veto", "beyond", [order()], {"daily_loss_max": "0.199999"}, was("125000")),
    Case(LOSS, "pass", "a gain", [order()], {"daily_loss_max": "0.01"}, was("80000")),
    Case(LOSS, "pass", "a withdrawal", [order()], {"daily_loss_max": "0.01"}, was("125000", flows="125000")),
    Case(LOSS, "pass", "beyond, reducing", [order(quantity="-1")], {"daily_loss_max": "0.1"}, HELD | was("125000")),
    Case(LOSS, "unknown", "there was no NAV", [order()], world=was("-1")),
    Case(DRAWDOWN, "pass", "no cycle before", [order()]),
    Case(DRAWDOWN, "pass", "at it", [order()], {"drawdown_max": "0.2"}, was("125000")),
    Case(DRAWDOWN, "veto", "below it", [order()], {"drawdown_max": "0.199999"}, was("125000")),
    Case(DRAWDOWN, "pass", "reducing", [order(quantity="-1")], {"drawdown_max": "0.1"}, HELD | was("125000")),
    Case(DRAWDOWN, "unknown", "there was no NAV once", [order()], world=was("-1")),
    Case(CURRENCY, "pass", "none abroad", [order()]),
    Case(CURRENCY, "pass", "at it", [order()], {"currency_share_max": "0.12"}, EUROS),
    Case(CURRENCY, "veto", "above", [order()], {"currency_share_max": "0.119999"}, EUROS),
    Case(CURRENCY, "unknown", "no rate", [order()], world=EUROS | {"instead": {RatesObserved: ()}}),
    Case("purchases_are_settled", "pass", "of any cash", [order()]),
    Case("purchases_are_settled", "pass", "just enough", [order()], SETTLED, settled("4450")),
    Case("purchases_are_settled", "pass", "sales need none", [order(quantity="-100")], SETTLED, settled("0")),
    Case("purchases_are_settled", "veto", "a cent too little", [order()], SETTLED, settled("4449.99")),
    Case("purchases_are_settled", "unknown", "not told", [order()], SETTLED, settled(None)),
)
