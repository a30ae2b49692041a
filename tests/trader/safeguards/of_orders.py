"""Every order: the cases of `trader/safeguards/orders.py`."""

from __future__ import annotations

from datetime import date
from typing import Any

from ledger.events import NavObserved, OverrideSet
from tests.trader.decisions import IBM, SESSION, D, ingested, preview
from tests.trader.safeguards.situations import AT_MARKET, HELD, Case, order, quoted

SHARE = "order_share_stays_within_limit"
SECTOR = "sectors_stay_within_share"
BANKS: dict[str, Any] = {"sectors": {"banks": ("AAPL", "IBM")}}
OVERRIDE = "overrides_are_respected"
NO_AAPL = OverrideSet(subject="AAPL", allow="none", why="earnings")
LESS = OverrideSet(subject="strategy fixed", allow="reduce_only", why="holiday")
REFUSED = preview(order(), accepted=False, reason="201")
BORROW = "short_sales_can_be_borrowed"
CASES: tuple[Case, ...] = (
    Case("names_stay_within_share", "pass", "at it", [order(quantity="1000")], {"name_share_max": "0.445"}),
    Case("names_stay_within_share", "veto", "above", [order(quantity="1001")], {"name_share_max": "0.445"}),
    Case("names_stay_within_share", "pass", "above, reduced", [order(quantity="-1")], {"name_share_max": "0.1"}, HELD),
    Case("names_stay_within_share", "unknown", "no price", [order(reference_price=None)]),
    Case(SECTOR, "pass", "no sectors", [order()]),
    Case(SECTOR, "pass", "at it", [order(quantity="1000")], BANKS | {"sector_share_max": "0.445"}),
    Case(SECTOR, "veto", "above", [order(quantity="1001")], BANKS | {"sector_share_max": "0.445"}),
    Case(SECTOR, "veto", "both", [order(quantity="1000"), order(IBM, "-1")], BANKS | {"sector_share_max": "0.445"}),
    Case(SECTOR, "pass", "reducing", [order(quantity="-1")], BANKS | {"sector_share_max": "0.1"}, HELD),
    Case(SECTOR, "unknown", "no NAV", [order()], BANKS, world={"instead": {NavObserved: ()}}),
    Case("orders_stay_within_volume", "pass", "at it", [order()], also=[ingested("2000")]),
    Case("orders_stay_within_volume", "veto", "above", [order()], also=[ingested("1999")]),
    Case("orders_stay_within_volume", "pass", "reducing", [order(quantity="-9")], world=HELD, also=[ingested("1")]),
    Case("orders_stay_within_volume", "unknown", "not told", [order()], also=[ingested(None)]),
    Case("orders_stay_within_volume", "unknown", "none", [order()], also=[ingested("0")]),
    Case("restricted_names_only_shrink", "pass", "another", [order()], {"restricted": "IBM"}),
    Case("restricted_names_only_shrink", "pass", "reducing", [order(quantity="-1")], {"restricted": "AAPL"}, HELD),
    Case("restricted_names_only_shrink", "veto", "growing", [order(quantity="1")], {"restricted": ("AAPL",)}, HELD),
    Case(OVERRIDE, "pass", "none", [order()]),
    Case(OVERRIDE, "pass", "of another", [order()], also=[OverrideSet(subject="IBM", allow="none", why="")]),
    Case(OVERRIDE, "veto", "no orders", [order(quantity="-1")], world=HELD, also=[NO_AAPL]),
    Case(OVERRIDE, "veto", "of the account", [order()], also=[OverrideSet(subject="account", allow="none", why="")]),
    Case(OVERRIDE, "veto", "of the strategy", [order()], also=[LESS]),
    Case(OVERRIDE, "pass", "reducing", [order(quantity="-1")], world=HELD, also=[LESS]),
    Case(OVERRIDE, "pass", "lapsed", [order()], also=[NO_AAPL.model_copy(update={"until": date(2005, 2, 28)})]),
    Case(OVERRIDE, "veto", "its last day", [order()], also=[NO_AAPL.model_copy(update={"until": SESSION})]),
    Case("short_bans_are_respected", "pass", "to zero", [order(quantity="-1000")], {"short_banned": "AAPL"}, HELD),
    Case("short_bans_are_respected", "veto", "through it", [order(quantity="-1001")], {"short_banned": "AAPL"}, HELD),
    Case("short_bans_are_respected", "veto", "of all", [order(quantity="-1")], {"short_banned": "*"}),
    Case("order_notional_stays_within_limit", "pass", "at it", [order()], {"order_notional_max": "4450"}),
    Case("order_notional_stays_within_limit", "veto", "above", [order()], {"order_notional_max": "4449.99"}),
    Case(
        "order_notional_stays_within_limit",
        "pass",
        "above, reducing",
        [order(quantity="-100")],
        {"order_notional_max": "1000"},
        HELD,
    ),
    Case("order_notional_stays_within_limit", "unknown", "no limit price", [order(limit_price=None)]),
    Case(SHARE, "pass", "at it", [order()], {"order_share_max": "0.0445"}),
    Case(SHARE, "veto", "above", [order()], {"order_share_max": "0.0444"}),
    Case(
        "order_share_stays_within_limit", "veto", "a flip", [order(quantity="-1001")], {"order_share_max": "0.4"}, HELD
    ),
    Case(
        "order_share_stays_within_limit", "pass", "reducing", [order(quantity="-999")], {"order_share_max": "0.1"}, HELD
    ),
    Case(SHARE, "unknown", "no NAV", [order()], world={"instead": {NavObserved: ()}}),
    Case("order_notional_stays_within_limit", "pass", "at market", [AT_MARKET], {"order_notional_max": 4450}),
    Case("order_notional_stays_within_limit", "veto", "at market", [AT_MARKET], {"order_notional_max": 4449}),
    Case(BORROW, "pass", "all can be borrowed", [order(quantity="-100")], world=quoted(shortable=D("100"))),
    Case(
        BORROW, "pass", "a sale of what is held", [order(quantity="-100")], world={**HELD, **quoted(shortable=D("0"))}
    ),
    Case(BORROW, "pass", "a purchase", [order()], world=quoted(shortable=None)),
    Case(BORROW, "veto", "one too few", [order(quantity="-100")], world=quoted(shortable=D("99"))),
    Case(BORROW, "unknown", "not told", [order(quantity="-100")], world=quoted(shortable=None)),
    Case("broker_would_accept", "pass", "accepted", [order()]),
    Case("broker_would_accept", "veto", "refused", [order()], previews=[REFUSED]),
    Case("broker_would_accept", "unknown", "not asked", [order()], previews=[]),
)
