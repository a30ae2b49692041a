"""What the cases of every family are told with: a case, the orders in it, and what stands around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ledger.book import Book
from ledger.events import (
    Fact,
    OpeningBalanceRecorded,
    OrderPlanned,
    OrderPreviewed,
    OrderSendAttempted,
    RateRow,
    RatesObserved,
    SafeguardsEvaluated,
    SettingsApproved,
    SnapshotTaken,
    TradingAllowed,
    VerdictRow,
)
from tests.trader.decisions import AAPL, ACCOUNT, PRICES, SESSION, SYMBOLS, D, preview, quote, situation, told
from trader.safeguards import SAFEGUARDS

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


THESE = SettingsApproved(settings_sha256="0" * 64, by="operator", why="less")
HELD = {"held": {AAPL: "1000"}, "cash": "55500"}  # 44.5 % of a NAV of 100,000
REF = f"tb-{ACCOUNT}-6-0000-{AAPL}-B-1"
ALLOWED = (SafeguardsEvaluated(verdicts=()), TradingAllowed(orders=1))
EURO = OpeningBalanceRecorded(currency="EUR", amount=D("10000"))
IN_EUROS = RatesObserved(base_currency="USD", rows=(RateRow(currency="EUR", rate=D("1.2")),))
EUROS: dict[str, Any] = {
    "before": [EURO],
    "also": [IN_EUROS],
}  # 12,000 of a NAV of 112,000, of which the broker knows 100,000


def worst(rows: Sequence[VerdictRow]) -> str:
    return max((row.outcome for row in rows), key=["pass", "veto", "unknown"].index)


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
