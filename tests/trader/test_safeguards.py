"""Each safeguard on both sides of its limit, and with an input missing.

`CASES` is complete by a test: a safeguard without its pass, veto and unknown fails the build, and so does a limit that
nothing reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.book import Book
from ledger.events import (
    BookReconciled,
    BreakFound,
    BrokerConnected,
    CashObserved,
    CycleFinished,
    CycleSkipped,
    DataIngested,
    Fact,
    GoneLive,
    LogStarted,
    MarginObserved,
    NavObserved,
    NoticeFailed,
    NoticeSent,
    OpeningBalanceRecorded,
    OrderAcknowledged,
    OrderFilled,
    OrderPlanned,
    OrderPreviewed,
    OrderSendAttempted,
    OverrideSet,
    PositionsObserved,
    QuotesObserved,
    RateRow,
    RatesObserved,
    RecoveryEnded,
    RecoveryStarted,
    SafeguardsEvaluated,
    SettingsApproved,
    SnapshotTaken,
    StepFailed,
    TargetsComputed,
    TradingAllowed,
    TradingHalted,
    TradingVetoed,
    VerdictRow,
)
from ledger.state import Impossible
from tests.trader.decisions import (
    AAPL,
    ACCOUNT,
    CLOSED,
    IBM,
    KO,
    NOW,
    OPENED,
    PRICES,
    RECONCILED,
    SESSION,
    SYMBOLS,
    UNIVERSE,
    D,
    connected,
    ingested,
    margin,
    preview,
    quote,
    situation,
    started,
    targets,
    told,
)
from trader import safeguards
from trader.limits import Limits
from trader.projection import planned_orders
from trader.safeguards import SAFEGUARDS, account, check_safeguards, cycle, evaluate, orders, prices
from trader.sizing import Sizing, plan_orders

BY_NAME = {safeguard.__name__: safeguard for safeguard in SAFEGUARDS}


def order(con_id: int = AAPL, quantity: str = "100", **changes: object) -> OrderPlanned:
    given: dict[str, object] = {
        "con_id": con_id,
        "symbol": SYMBOLS[con_id],
        "action": "BUY" if D(quantity) > 0 else "SELL",
        "quantity": D(quantity),
        "reason": "",
        "held": D("0"),
        "target": D(quantity),
        "weight": D("0.1"),
        "reference_price": PRICES[con_id],
        "limit_price": PRICES[con_id],
        "order_ref": f"tb-{ACCOUNT}-6-0000-{con_id}-B-1",
    }
    return OrderPlanned.model_validate(given | changes)


AT_MARKET = order(order_type="MKT", limit_price=None, algo="", algo_priority="")


@dataclass(frozen=True)
class Case:
    """One situation, and what one safeguard must say of it."""

    safeguard: str
    outcome: str
    what: str
    plan: Sequence[OrderPlanned] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)
    world: Mapping[str, Any] = field(default_factory=dict)
    previews: Sequence[OrderPreviewed] | None = None
    also: Sequence[Fact] = ()
    later: timedelta = timedelta(0)

    def book(self) -> Book:
        previews = [preview(row) for row in self.plan] if self.previews is None else self.previews
        ready = situation(**self.world)
        return told(ready, *self.plan, *previews, *self.also, at=ready.now + self.later)


def attempted(row: OrderPlanned) -> OrderSendAttempted:
    assert row.order_ref is not None
    return OrderSendAttempted(
        order_ref=row.order_ref,
        account=ACCOUNT,
        order_id=1,
        con_id=row.con_id,
        quantity=row.quantity,
        order_type="LMT",
        limit_price=row.limit_price,
        tif="DAY",
        algo="Adaptive",
        algo_priority="Normal",
    )


LOCK = BreakFound(break_id="B-1", kind="position", subject=str(AAPL), consequence="lock", con_id=AAPL)
REDUCE = BreakFound(break_id="B-1", kind="nav", subject="NAV", consequence="reduce_only")
HALT = BreakFound(break_id="B-1", kind="cash", subject="USD", consequence="halt")
EARLIER = started(slot="2005-03-01/0935")
MISSED = CycleSkipped(slot="2005-03-01/0835", reason="no cycle ran in its time")
OTHERS = SettingsApproved(settings_sha256="1" * 64, by="operator", why="more")
THESE = SettingsApproved(settings_sha256="0" * 64, by="operator", why="less")
UNSEEN = SettingsApproved(settings_sha256="0" * 64, by="rule", why="nothing that decides has changed")
UNSENT = NoticeFailed(kind="end", subject="END", reason="refused")
SENT = NoticeSent(kind="start", subject="START")
DAY_AND_MORE = timedelta(hours=24, seconds=1)
GONE = GoneLive(account=ACCOUNT, paper_sessions=20, why="")
TRADED = "this_slot_was_not_traded"
FINISHED_HERE = CycleFinished(slot=started().slot, book_hash="1:0")
FINISHED = CycleFinished(slot=EARLIER.slot, book_hash="1:0")
RECOVERY = RecoveryStarted(reason="restored from a backup")
HELD = {"held": {AAPL: "1000"}, "cash": "55500"}  # 44.5 % of a NAV of 100,000
REF = f"tb-{ACCOUNT}-6-0000-{AAPL}-B-1"
ALLOWED = (SafeguardsEvaluated(verdicts=()), TradingAllowed(orders=1))
GROSS, LIQUIDITY, SHARE = (
    "gross_leverage_stays_within_limit",
    "excess_liquidity_remains",
    "order_share_stays_within_limit",
)
NET, LOSS, DRAWDOWN, CURRENCY = (
    "net_leverage_stays_within_limit",
    "the_day_loses_no_more_than_allowed",
    "drawdown_stays_within_limit",
    "currencies_stay_within_share",
)
EURO = OpeningBalanceRecorded(currency="EUR", amount=D("10000"))
IN_EUROS = RatesObserved(base_currency="USD", rows=(RateRow(currency="EUR", rate=D("1.2")),))
EUROS: dict[str, Any] = {
    "before": [EURO],
    "also": [IN_EUROS],
}  # 12,000 of a NAV of 112,000, of which the broker knows 100,000
A_DAY, TURNOVER, OF_DAY, SECTOR = (
    "few_enough_orders_in_a_day",
    "turnover_of_a_cycle_stays_within_limit",
    "turnover_of_a_day_stays_within_limit",
    "sectors_stay_within_share",
)
BANKS: dict[str, Any] = {"sectors": {"banks": ("AAPL", "IBM")}}
EXECUTED = OrderFilled(
    account=ACCOUNT, execution_id="0000e0d5.4226.01", order_ref=REF, perm_id=1, order_id=1, client_id=17, con_id=AAPL,
    quantity=D("100"), price=D("44.50"), currency="USD", occurred_at=NOW,
)  # fmt: skip
SECOND, TWO = "prices_agree_with_a_second_source", {"second_source_collar": "0.1"}
DELAYED_IBM = [quote(AAPL), quote(IBM, market_data_type=3)]
DELAYED: dict[str, Any] = {"delayed_data_allowed": True}
OVERRIDE = "overrides_are_respected"
NO_AAPL = OverrideSet(subject="AAPL", allow="none", why="earnings")
LESS = OverrideSet(subject="strategy fixed", allow="reduce_only", why="holiday")
FILLED = [*ALLOWED, attempted(order()), EXECUTED]
REFUSED = preview(order(), accepted=False, reason="201")
NO_PRICE = {"quotes": [quote(AAPL, last=None)]}


BORROW = "short_sales_can_be_borrowed"
SETTLED: dict[str, Any] = {"settled_cash_only": True}


def settled(cash: str | None) -> dict[str, Any]:
    told_of = margin(settled_cash=None if cash is None else D(cash))
    return {"instead": {MarginObserved: [told_of]}, "held": {AAPL: "100"}, "cash": "95550"}


def quoted(**changes: object) -> dict[str, Any]:
    return {"quotes": [quote(AAPL, **changes)]}


def was(nav: str, day: date = SESSION - timedelta(days=1), *, flows: str = "100000") -> dict[str, Any]:
    """A cycle of an earlier session that ended with a NAV."""
    return {"before": [snapshot(nav, day, flows)]}


def snapshot(nav: str, day: date, flows: str) -> SnapshotTaken:
    zero = D("0")
    return SnapshotTaken(
        session_day=day, kind="trade", nav=D(nav), nav_reported=D(nav), cash=(), positions=(), leverage_gross=zero,
        leverage_net=zero, realised=zero, unrealised=zero, commissions=zero, dividends=zero, taxes=zero, interest=zero,
        fees=zero, flows=D(flows), adjustments=zero,
    )  # fmt: skip


WANTED, JUMP, STUCK, FRESH = (
    "targets_stay_within_leverage",
    "targets_do_not_jump",
    "targets_change",
    "targets_are_fresh",
)
LEAP = targets({AAPL: "1"}, "3")
VETOED = (SafeguardsEvaluated(verdicts=()), TradingVetoed(reasons=("something",)))
BEYOND = VerdictRow(safeguard=JUMP, outcome="pass", formula="", observed="2.8", limit="2", distance="-0.8")
SHRUNK = (SafeguardsEvaluated(verdicts=(BEYOND,)), TradingAllowed(orders=1))


def wanting(aapl: str, ibm: str) -> dict[str, Any]:
    return {"weights": {AAPL: aapl, IBM: ibm}}


def again(computed: TargetsComputed) -> Iterator[Fact]:
    """The next cycle, and what it wants; the one before wanted 0.2 of AAPL."""
    yield started(slot="2005-03-01/1135")
    yield RECONCILED
    yield computed


def days_of(computed: TargetsComputed, days: int) -> Sequence[Fact]:
    """So many sessions, two cycles each, that want the same."""
    told_twice = [SESSION + timedelta(days=index // 2) for index in range(2 * days)]
    return [fact for day in told_twice for fact in (started(slot=f"{day}/1135", session_day=day), computed)]


CASES = (
    # the state of the book
    Case("book_is_reconciled", "pass", "compared in this cycle"),
    Case("book_is_reconciled", "unknown", "not compared", world={"instead": {BookReconciled: ()}}),
    Case("book_is_reconciled", "unknown", "NAV not observed", world={"instead": {NavObserved: ()}}),
    Case("book_is_reconciled", "unknown", "positions not observed", world={"instead": {PositionsObserved: ()}}),
    Case("book_is_reconciled", "unknown", "cash not observed", world={"instead": {CashObserved: ()}}),
    Case("book_is_reconciled", "unknown", "compared before this cycle", also=[started(slot="2005-03-01/1135")]),
    Case("no_step_failed", "pass", "none failed"),
    Case("no_step_failed", "veto", "one failed", also=[StepFailed(step="ingest", reason="source down")]),
    Case("not_halted", "pass", "nothing halts"),
    Case("not_halted", "veto", "by the operator", also=[TradingHalted(reason="holiday")]),
    Case("not_halted", "veto", "by a break", also=[HALT]),
    Case("this_log_is_the_newest", "pass", "no recovery"),
    Case("this_log_is_the_newest", "pass", "it ended", also=[RECOVERY, RecoveryEnded(evidence=("nothing newer",))]),
    Case("this_log_is_the_newest", "veto", "a restored home", also=[RECOVERY]),
    Case("the_slot_before_was_finished", "pass", "the first of all"),
    Case("the_slot_before_was_finished", "pass", "it was", world={"before": [EARLIER, FINISHED]}),
    Case("the_slot_before_was_finished", "veto", "nobody used it", world={"before": [MISSED]}),
    Case("the_slot_before_was_finished", "veto", "it broke off", world={"before": [EARLIER]}),
    Case("nothing_in_doubt", "pass", "no order of ours"),
    Case("nothing_in_doubt", "veto", "one in doubt", [order()], also=[*ALLOWED, attempted(order())]),
    Case(
        "nothing_in_doubt",
        "veto",
        "one still works",
        [order()],
        also=[*ALLOWED, attempted(order()), OrderAcknowledged(order_ref=REF, perm_id=1, status="Submitted")],
    ),
    Case("breaks_are_respected", "pass", "no break", [order()]),
    Case("breaks_are_respected", "pass", "a lock, reduced", [order(quantity="-100")], world=HELD, also=[LOCK]),
    Case("breaks_are_respected", "pass", "another is locked", [order(IBM)], also=[LOCK]),
    Case("breaks_are_respected", "veto", "a lock, grown", [order(quantity="1")], world=HELD, also=[LOCK]),
    Case("breaks_are_respected", "veto", "a lock, flipped", [order(quantity="-1001")], world=HELD, also=[LOCK]),
    Case("breaks_are_respected", "veto", "reductions only", [order()], also=[REDUCE]),
    Case("every_order_has_a_target", "pass", "named", [order()]),
    Case("every_order_has_a_target", "veto", "not named", [order(KO)]),
    Case("every_order_has_a_target", "unknown", "no forecast", [order()], world={"instead": {TargetsComputed: ()}}),
    Case("market_is_open", "pass", "at the open", world={"now": OPENED}),
    Case("market_is_open", "pass", "before the close", world={"now": CLOSED - timedelta(seconds=1)}),
    Case("market_is_open", "veto", "before the open", world={"now": OPENED - timedelta(seconds=1)}),
    Case("market_is_open", "veto", "at the close", world={"now": CLOSED}),
    Case(TRADED, "pass", "for the first time"),
    Case(TRADED, "pass", "rehearsed before", world={"before": [started(dry_run=True, attempt=0), FINISHED_HERE]}),
    Case(TRADED, "pass", "it broke off before", world={"before": [started(attempt=0)]}),
    Case(TRADED, "veto", "finished before", world={"before": [started(attempt=0), FINISHED_HERE]}),
    Case("account_and_mode_match", "pass", "they do"),
    Case("account_and_mode_match", "veto", "another account", also=[connected(account="DU2")]),
    Case("account_and_mode_match", "veto", "a live account", also=[connected(account="U1000001")]),
    Case("account_and_mode_match", "unknown", "no session", world={"instead": {BrokerConnected: ()}}),
    Case("live_was_decided", "pass", "paper"),
    Case("live_was_decided", "veto", "real money", world={"mode": "live"}),
    Case("live_was_decided", "pass", "decided", world={"mode": "live"}, also=[GONE]),
    Case("settings_are_approved", "pass", "the first ones"),
    Case("settings_are_approved", "veto", "changed since", world={"before": [started(attempt=0), OTHERS]}),
    Case("settings_are_approved", "pass", "approved", world={"before": [started(attempt=0), OTHERS, THESE]}),
    Case("clocks_agree", "pass", "just", also=[connected(clock_difference_seconds=-30)]),
    Case("clocks_agree", "veto", "a second too far", also=[connected(clock_difference_seconds=31)]),
    Case("clocks_agree", "unknown", "no session", world={"instead": {BrokerConnected: ()}}),
    Case("disk_has_room", "pass", "just", limits={"disk_free_megabytes_min": 10_000}),
    Case("disk_has_room", "veto", "a megabyte too little", limits={"disk_free_megabytes_min": 10_001}),
    Case("disk_has_room", "unknown", "not told", also=[started(attempt=2, disk_free_megabytes=None)]),
    Case("mails_leave", "pass", "none failed"),
    Case("mails_leave", "pass", "just", world={"before": [UNSENT]}, also=[connected()], later=timedelta(hours=24)),
    Case("mails_leave", "veto", "too long", world={"before": [UNSENT]}, also=[connected()], later=DAY_AND_MORE),
    Case("mails_leave", "pass", "cured", world={"before": [UNSENT, THESE]}, also=[connected()], later=DAY_AND_MORE),
    Case("mails_leave", "pass", "one left", world={"before": [UNSENT, SENT]}, also=[connected()], later=DAY_AND_MORE),
    Case("the_open_is_over", "pass", "just", world={"now": OPENED + timedelta(minutes=5)}),
    Case("the_open_is_over", "veto", "a second early", world={"now": OPENED + timedelta(minutes=5, seconds=-1)}),
    Case("the_close_is_not_near", "pass", "just", world={"now": CLOSED - timedelta(minutes=5, seconds=1)}),
    Case("the_close_is_not_near", "veto", "just not", world={"now": CLOSED - timedelta(minutes=5)}),
    Case("gateway_does_not_restart", "pass", "not now"),
    Case("gateway_does_not_restart", "pass", "never", limits={"gateway_restart": ""}),
    Case("gateway_does_not_restart", "pass", "over", limits={"gateway_restart": "15:05-15:35 UTC"}),
    Case("gateway_does_not_restart", "veto", "now", limits={"gateway_restart": "15:35-16:05 UTC"}),
    Case("gateway_does_not_restart", "veto", "over midnight", limits={"gateway_restart": "15:30-01:00 UTC"}),
    # the plan as a whole
    Case("few_enough_orders", "pass", "as many as allowed", [order(), order(IBM)], {"orders_per_cycle_max": 2}),
    Case("few_enough_orders", "veto", "one more", [order(), order(IBM)], {"orders_per_cycle_max": 1}),
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
    Case("names_stay_within_share", "pass", "at it", [order(quantity="1000")], {"name_share_max": "0.445"}),
    Case("names_stay_within_share", "veto", "above", [order(quantity="1001")], {"name_share_max": "0.445"}),
    Case("names_stay_within_share", "pass", "above, reduced", [order(quantity="-1")], {"name_share_max": "0.1"}, HELD),
    Case("names_stay_within_share", "unknown", "no price", [order(reference_price=None)]),
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
    Case(SECTOR, "pass", "no sectors", [order()]),
    Case(SECTOR, "pass", "at it", [order(quantity="1000")], BANKS | {"sector_share_max": "0.445"}),
    Case(SECTOR, "veto", "above", [order(quantity="1001")], BANKS | {"sector_share_max": "0.445"}),
    Case(SECTOR, "veto", "both", [order(quantity="1000"), order(IBM, "-1")], BANKS | {"sector_share_max": "0.445"}),
    Case(SECTOR, "pass", "reducing", [order(quantity="-1")], BANKS | {"sector_share_max": "0.1"}, HELD),
    Case(SECTOR, "unknown", "no NAV", [order()], BANKS, world={"instead": {NavObserved: ()}}),
    # every order
    Case("orders_stay_within_volume", "pass", "at it", [order()], also=[ingested("2000")]),
    Case("orders_stay_within_volume", "veto", "above", [order()], also=[ingested("1999")]),
    Case("orders_stay_within_volume", "pass", "reducing", [order(quantity="-9")], world=HELD, also=[ingested("1")]),
    Case("orders_stay_within_volume", "unknown", "not told", [order()], also=[ingested(None)]),
    Case("orders_stay_within_volume", "unknown", "none", [order()], also=[ingested("0")]),
    # what the strategies want
    Case(WANTED, "pass", "at it", limits={"target_leverage_max": "1"}, world=wanting("0.5", "-0.5")),
    Case(WANTED, "veto", "above", limits={"target_leverage_max": "1"}, world=wanting("0.5", "-0.501")),
    Case(WANTED, "veto", "above by leverage", world={**wanting("0.5", "0.5"), "leverage": "4.01"}),
    Case(WANTED, "pass", "above, reducing", [order(quantity="-1")], {"target_leverage_max": "0.1"}, HELD),
    Case(WANTED, "unknown", "no forecast", world={"instead": {TargetsComputed: ()}}),
    Case(JUMP, "pass", "the first", also=[targets({AAPL: "1"}, "3")]),
    Case(JUMP, "pass", "at it", also=[*ALLOWED, *again(targets({AAPL: "-1"}, "1.6"))]),
    Case(JUMP, "veto", "above", also=[*ALLOWED, *again(targets({AAPL: "-1"}, "1.601"))]),
    Case(JUMP, "veto", "another name", also=[*ALLOWED, *again(targets({IBM: "1"}, "2.001"))]),
    Case(JUMP, "veto", "and the cycle after", also=[*ALLOWED, *again(LEAP), *VETOED, *again(LEAP)]),
    Case(JUMP, "veto", "since a reduction", also=[*ALLOWED, *again(LEAP), *SHRUNK, *again(LEAP)]),
    Case(JUMP, "pass", "after new settings", also=[*ALLOWED, THESE, *again(LEAP)]),
    Case(JUMP, "veto", "after settings that nobody looked at", also=[*ALLOWED, UNSEEN, *again(LEAP)]),
    Case(JUMP, "pass", "of what was vetoed", also=[*VETOED, *again(LEAP)]),
    Case(JUMP, "pass", "above, reducing", world=HELD, also=[*ALLOWED, *again(LEAP), order(quantity="-1")]),
    Case(JUMP, "unknown", "no forecast", world={"instead": {TargetsComputed: ()}}),
    Case(STUCK, "pass", "for so long", also=days_of(targets({AAPL: "0.2", IBM: "0.1"}, moves=True), 20)),
    Case(STUCK, "veto", "longer", also=days_of(targets({AAPL: "0.2", IBM: "0.1"}, moves=True), 21)),
    Case(STUCK, "pass", "what need not move", also=days_of(targets({AAPL: "0.2", IBM: "0.1"}), 21)),
    Case(STUCK, "pass", "one at its cap", also=days_of(targets({AAPL: "1", IBM: "0"}, moves=True), 21)),
    Case(STUCK, "unknown", "no forecast", world={"instead": {TargetsComputed: ()}}),
    Case(FRESH, "pass", "of a week ago", also=[targets({AAPL: "0.2"}, age=7)]),
    Case(FRESH, "veto", "older", also=[targets({AAPL: "0.2"}, age=8)]),
    Case(FRESH, "pass", "older, not wanted", also=[targets({AAPL: "0"}, age=8)]),
    Case(FRESH, "unknown", "of no day", also=[targets({AAPL: "0.2"}, age=None)]),
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
    Case("limit_prices_stay_near_the_last", "pass", "above, inside it", [order(limit_price=D("46.72"))]),
    Case("limit_prices_stay_near_the_last", "veto", "above", [order(limit_price=D("46.73"))]),
    Case("limit_prices_stay_near_the_last", "veto", "below", [order(limit_price=D("42.27"))]),
    Case("limit_prices_stay_near_the_last", "pass", "at market: the touch counts", [AT_MARKET]),
    Case("limit_prices_stay_near_the_close", "pass", "at market: the touch counts", [AT_MARKET]),
    Case("order_notional_stays_within_limit", "pass", "at market", [AT_MARKET], {"order_notional_max": 4450}),
    Case("order_notional_stays_within_limit", "veto", "at market", [AT_MARKET], {"order_notional_max": 4449}),
    Case(
        "limit_prices_stay_near_the_last",
        "pass",
        "delayed, at it",
        [order(limit_price=D("48.06"))],
        DELAYED,
        quoted(market_data_type=3),
    ),
    Case(
        "limit_prices_stay_near_the_last",
        "veto",
        "delayed, above",
        [order(limit_price=D("48.07"))],
        DELAYED,
        quoted(market_data_type=3),
    ),
    Case(SECOND, "pass", "not asked for", [order()], also=[ingested(source="broker")]),
    Case(SECOND, "pass", "at it", [order()], {"second_source_collar": "0.1"}, quoted(close=D("48.95"))),
    Case(SECOND, "veto", "beyond", [order()], {"second_source_collar": "0.1"}, quoted(close=D("48.96"))),
    Case(
        SECOND, "unknown", "only the broker", [order()], TWO, {"instead": {DataIngested: [ingested(source="broker")]}}
    ),
    Case(SECOND, "unknown", "it told no close", [order()], TWO, also=[ingested(last_close=None)]),
    Case(SECOND, "unknown", "no quote", [order()], TWO, {"quotes": []}),
    Case("limit_prices_stay_near_the_last", "unknown", "no last price", [order()], world=NO_PRICE),
    Case("limit_prices_stay_near_the_close", "pass", "at it", [order()], world=quoted(close=D("35.60"))),
    Case("limit_prices_stay_near_the_close", "veto", "above", [order()], world=quoted(close=D("35.59"))),
    Case("limit_prices_stay_near_the_close", "veto", "half of it: a split", [order()], world=quoted(close=D("89"))),
    Case("limit_prices_stay_near_the_close", "unknown", "no close", [order()], world=quoted(close=None)),
    Case("prices_are_fresh", "pass", "just young enough", [order()], later=timedelta(seconds=900)),
    Case("prices_are_fresh", "veto", "a second too old", [order()], later=timedelta(seconds=901)),
    Case("prices_are_fresh", "veto", "old trade", [order()], world=quoted(at=NOW - timedelta(seconds=901))),
    Case("prices_are_fresh", "pass", "no trade's time told", [order()], world=quoted(at=None)),
    Case("prices_are_fresh", "unknown", "no quote", [order()], world={"quotes": [quote(IBM)]}),
    Case("prices_are_fresh", "unknown", "never asked", [order()], world={"instead": {QuotesObserved: ()}}),
    Case("market_data_are_live", "pass", "live", [order()]),
    Case("market_data_are_live", "veto", "frozen", [order()], world=quoted(market_data_type=2)),
    Case("market_data_are_live", "pass", "delayed, with consent", [order()], DELAYED, quoted(market_data_type=3)),
    Case("market_data_are_live", "veto", "delayed and frozen", [order()], DELAYED, quoted(market_data_type=4)),
    Case("market_data_are_live", "veto", "delayed", [order()], world=quoted(market_data_type=3)),
    Case("market_data_are_live", "veto", "halted", [order()], world=quoted(halted=True)),
    Case("market_data_are_live", "unknown", "no quote", [order()], world={"quotes": []}),
    Case("spreads_are_narrow", "pass", "at it", [order()], world=quoted(bid=D("44"), ask=D("44.88"))),
    Case("spreads_are_narrow", "veto", "wider", [order()], world=quoted(bid=D("44"), ask=D("44.89"))),
    Case("spreads_are_narrow", "unknown", "no bid", [order()], world=quoted(bid=None)),
    Case(BORROW, "pass", "all can be borrowed", [order(quantity="-100")], world=quoted(shortable=D("100"))),
    Case(
        BORROW, "pass", "a sale of what is held", [order(quantity="-100")], world={**HELD, **quoted(shortable=D("0"))}
    ),
    Case(BORROW, "pass", "a purchase", [order()], world=quoted(shortable=None)),
    Case(BORROW, "veto", "one too few", [order(quantity="-100")], world=quoted(shortable=D("99"))),
    Case(BORROW, "unknown", "not told", [order(quantity="-100")], world=quoted(shortable=None)),
    Case("purchases_are_settled", "pass", "of any cash", [order()]),
    Case("purchases_are_settled", "pass", "just enough", [order()], SETTLED, settled("4450")),
    Case("purchases_are_settled", "pass", "sales need none", [order(quantity="-100")], SETTLED, settled("0")),
    Case("purchases_are_settled", "veto", "a cent too little", [order()], SETTLED, settled("4449.99")),
    Case("purchases_are_settled", "unknown", "not told", [order()], SETTLED, settled(None)),
    Case("broker_would_accept", "pass", "accepted", [order()]),
    Case("broker_would_accept", "veto", "refused", [order()], previews=[REFUSED]),
    Case("broker_would_accept", "unknown", "not asked", [order()], previews=[]),
)


def worst(rows: Sequence[VerdictRow]) -> str:
    return max((row.outcome for row in rows), key=["pass", "veto", "unknown"].index)


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.safeguard}: {case.what}") for case in CASES])
def test_a_safeguard_passes_vetoes_or_does_not_know(case: Case) -> None:
    rows = evaluate(BY_NAME[case.safeguard], case.book(), Limits.model_validate(case.limits))

    assert worst(rows) == case.outcome
    assert all(row.formula and row.observed for row in rows)


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c.safeguard}: {c.what}") for c in CASES if c.outcome != "pass"])
def test_whatever_a_safeguard_does_not_pass_forbids_trading(case: Case) -> None:
    evaluated, decided = check_safeguards(case.book(), Limits.model_validate(case.limits))

    assert isinstance(evaluated, SafeguardsEvaluated)
    assert isinstance(decided, TradingVetoed)
    assert any(reason.startswith(case.safeguard) for reason in decided.reasons)
    after = told(case.book(), evaluated, decided)
    assert after.next_order is None


# What has no input that could be missing: the book itself tells it, in every state.
KNOWS_ALWAYS = {
    "mails_leave",
    "no_step_failed",
    "not_halted",
    "this_log_is_the_newest",
    "the_slot_before_was_finished",
    "nothing_in_doubt",
    "breaks_are_respected",
    "market_is_open",
    "the_open_is_over",
    "the_close_is_not_near",
    "gateway_does_not_restart",
    "this_slot_was_not_traded",
    "settings_are_approved",
    "live_was_decided",
    "few_enough_orders_in_a_day",
    "restricted_names_only_shrink",
    "short_bans_are_respected",
    "overrides_are_respected",
    "few_enough_orders",
}
HAS_NO_LIMIT = {"book_is_reconciled"}  # evidence of this cycle is there, or it is unknown


@pytest.mark.parametrize("name", BY_NAME)
def test_every_safeguard_is_tested_on_both_sides_and_without_its_input(name: str) -> None:
    tested = {case.outcome for case in CASES if case.safeguard == name}
    without_veto = {"veto"} if name in HAS_NO_LIMIT else set()
    without_unknown = {"unknown"} if name in KNOWS_ALWAYS else set()

    assert tested == {"pass", "veto", "unknown"} - without_veto - without_unknown


class Read(Limits):
    """Limits that remember which of them were read."""

    def __getattribute__(self, name: str) -> Any:
        if name in Limits.model_fields:
            READ.add(name)
        return super().__getattribute__(name)


READ: set[str] = set()


def test_every_limit_is_read_by_sizing_or_by_a_safeguard() -> None:
    READ.clear()
    limits = Read(sectors={"banks": ("AAPL",)})
    READ.clear()  # what validation read
    before = [*was("100000")["before"], EURO]
    book = situation(
        {AAPL: "0.2", IBM: "-0.2"},
        held={AAPL: "100"},
        cash="95550",
        before=before,
        also=EUROS["also"],
        quotes=DELAYED_IBM,
    )
    plan = plan_orders(book, Sizing(universe=UNIVERSE, limits=limits))

    check_safeguards(told(book, *plan), limits)

    assert set(Limits.model_fields) - READ == set()


def test_every_function_that_judges_stands_in_the_registry() -> None:
    families = [import_module(found.name) for found in iter_modules(safeguards.__path__, f"{safeguards.__name__}.")]
    judging = {
        name
        for family in families
        for name, function in vars(family).items()
        if callable(function) and getattr(function, "__module__", "") == family.__name__ and not name.startswith("each")
        if getattr(function, "__annotations__", {}).get("return") == "tuple[Verdict, ...]" and not name.startswith("_")
    }

    assert judging == set(BY_NAME)


def ready_to_trade(**world: Any) -> Book:
    book = situation(**world)
    planned = plan_orders(book, Sizing(universe=UNIVERSE, limits=Limits()))
    orders = [row for row in planned if isinstance(row, OrderPlanned) and row.order_ref]
    return told(book, *planned, *map(preview, orders))


def test_a_quiet_cycle_may_trade() -> None:
    book = ready_to_trade()

    evaluated, decided = check_safeguards(book, Limits())

    assert decided == TradingAllowed(orders=2)
    assert isinstance(evaluated, SafeguardsEvaluated)
    assert {row.safeguard for row in evaluated.verdicts} == set(BY_NAME)
    after = told(book, evaluated, decided)
    assert after.next_order is not None


def test_a_plan_without_orders_may_trade_too() -> None:
    book = ready_to_trade(weights={AAPL: "0", IBM: "0"})

    assert check_safeguards(book, Limits())[1] == TradingAllowed(orders=0)


def test_a_dry_run_is_never_allowed_to_trade() -> None:
    book = situation(instead={type(started()): [started(dry_run=True)]})
    evaluated, decided = check_safeguards(book, Limits())

    assert decided == TradingVetoed(reasons=("dry run",))
    with pytest.raises(Impossible, match="dry run"):
        told(book, evaluated, TradingAllowed(orders=0))


def test_a_closing_cycle_evaluates_nothing() -> None:
    book = told(situation(), started(kind="close", slot="2005-03-01/close"))

    assert check_safeguards(book, Limits()) == ()


def test_permission_ends_with_its_cycle() -> None:
    book = ready_to_trade()
    allowed = told(book, *check_safeguards(book, Limits()))

    assert allowed.may_trade
    assert not told(allowed, started(slot="2005-03-01/1135")).may_trade


def test_a_verdict_shows_formula_figures_distance_and_age() -> None:
    case = next(case for case in CASES if (case.safeguard, case.what) == ("order_share_stays_within_limit", "above"))

    [row] = evaluate(BY_NAME[case.safeguard], case.book(), Limits.model_validate(case.limits))

    assert (row.formula, row.observed, row.limit, row.distance, row.con_id) == (
        "|quantity x limit price| / NAV",
        "0.0445",
        "0.0444",
        "-0.0001",
        AAPL,
    )


def test_the_reason_names_safeguard_ticker_and_figures() -> None:
    case = next(case for case in CASES if (case.safeguard, case.what) == ("prices_are_fresh", "a second too old"))

    _, decided = check_safeguards(case.book(), Limits())

    assert decided == TradingVetoed(
        reasons=("prices_are_fresh AAPL: seconds since quote and last trade: 901, limit 900",)
    )


def test_without_a_cycle_there_is_nothing_to_ask() -> None:
    genesis = LogStarted(account=ACCOUNT, mode="paper", clock="simulated", base_currency="USD")
    book = told(Book(), genesis, at=datetime(2005, 3, 1, tzinfo=UTC))

    with pytest.raises(LookupError, match="running cycle"):
        check_safeguards(book, Limits())


WEIGHT = st.decimals("-0.5", "0.5", places=3)
HELD_SHARES = st.tuples(*[st.integers(-4000, 4000)] * 3)
LEVERAGE = st.sampled_from(["0", "0.5", "1", "2", "4"])
JUDGED_BY_THE_PLAN: tuple[Callable[..., object], ...] = (
    account.gross_leverage_stays_within_limit,
    orders.names_stay_within_share,
    orders.order_notional_stays_within_limit,
    orders.order_share_stays_within_limit,
    prices.limit_prices_stay_near_the_last,
    prices.limit_prices_stay_near_the_close,
    prices.spreads_are_narrow,
    cycle.every_order_has_a_target,
    cycle.breaks_are_respected,
)


@settings(max_examples=150, deadline=None)
@given(
    aapl=WEIGHT,
    ibm=WEIGHT,
    leverage=LEVERAGE,
    held=HELD_SHARES,
)
def test_a_plan_never_runs_into_the_limits_that_shape_it(
    aapl: Decimal, ibm: Decimal, leverage: str, held: tuple[int, int, int]
) -> None:
    holdings = {con_id: str(quantity) for con_id, quantity in zip((AAPL, IBM, KO), held, strict=True) if quantity}
    worth = sum((PRICES[con_id] * int(quantity) for con_id, quantity in holdings.items()), D("0"))
    book = situation({AAPL: str(aapl), IBM: str(ibm)}, leverage=leverage, held=holdings, cash=str(100_000 - worth))

    planned = told(book, *plan_orders(book, Sizing(universe=UNIVERSE, limits=Limits())))

    assume(planned_orders(planned))  # with nothing to order, what others hold may stand above the cap

    for safeguard in JUDGED_BY_THE_PLAN:
        assert worst(evaluate(safeguard, planned, Limits())) == "pass"  # type: ignore[arg-type]
