"""How much is traded: the cases of `trader/safeguards/activity.py`."""

from __future__ import annotations

from ledger.events import NavObserved, OrderFilled
from tests.trader.decisions import AAPL, ACCOUNT, IBM, NOW, D
from tests.trader.safeguards.situations import ALLOWED, HELD, REF, Case, attempted, order

A_DAY = "few_enough_orders_in_a_day"
TURNOVER = "turnover_of_a_cycle_stays_within_limit"
OF_DAY = "turnover_of_a_day_stays_within_limit"
EXECUTED = OrderFilled(
    account=ACCOUNT, execution_id="0000e0d5.4226.01", order_ref=REF, perm_id=1, order_id=1, client_id=17, con_id=AAPL,
    quantity=D("100"), price=D("44.50"), currency="USD", occurred_at=NOW,
)  # fmt: skip

FILLED = [*ALLOWED, attempted(order()), EXECUTED]
CASES: tuple[Case, ...] = (
    Case("few_enough_orders", "pass", "as many as allowed", [order(), order(IBM)], {"orders_per_cycle_max": 2}),
    Case("few_enough_orders", "veto", "one more", [order(), order(IBM)], {"orders_per_cycle_max": 1}),
    Case(A_DAY, "pass", "as many as allowed", [order(), order(IBM)], {"orders_per_day_max": 2}),
    Case(A_DAY, "veto", "one more", [order(), order(IBM)], {"orders_per_day_max": 1}),
    Case(A_DAY, "veto", "one sent before", [order()], {"orders_per_day_max": 1}, also=[*ALLOWED, attempted(order())]),
    Case(A_DAY, "pass", "reducing", [order(quantity="-1"), order(IBM)][:1], {"orders_per_day_max": 1}, HELD),
    Case(TURNOVER, "pass", "at it", [order()], {"turnover_per_cycle_max": "0.0445"}),
    Case(TURNOVER, "veto", "above", [order()], {"turnover_per_cycle_max": "0.0444"}),
    Case(TURNOVER, "pass", "reducing", [order(quantity="-1")], {"turnover_per_cycle_max": "0.0001"}, HELD),
    Case(TURNOVER, "unknown", "no NAV", [order()], world={"instead": {NavObserved: ()}}),
    Case(TURNOVER, "unknown", "no limit price", [order(limit_price=None)]),
    Case(OF_DAY, "pass", "at it", [order()], {"turnover_per_day_max": "0.0445"}),
    Case(OF_DAY, "veto", "above", [order()], {"turnover_per_day_max": "0.0444"}),
    Case(
        OF_DAY, "veto", "with what was filled", [order(IBM, "1")], {"turnover_per_day_max": "0.0445"}, HELD, also=FILLED
    ),
    Case(OF_DAY, "pass", "reducing", [order(quantity="-1")], {"turnover_per_day_max": "0.0001"}, HELD),
    Case(OF_DAY, "unknown", "no NAV", [order()], world={"instead": {NavObserved: ()}}),
)
