"""One typical hourly cycle, event for event as the demo's cycles write them: 40 events, two orders, four contracts.

What changes from cycle to cycle stands as a placeholder, which `histories.py` fills in. Figures that nothing computes
with (weights, marks, margins) stay the same.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ledger.events import (
    AccountAdopted,
    BookReconciled,
    BrokerConnected,
    BrokerDisconnected,
    CashObserved,
    CashRow,
    CommissionCharged,
    ContractDefined,
    CycleFinished,
    CycleStarted,
    DataIngested,
    Fact,
    LogStarted,
    MarginObserved,
    NavObserved,
    OpeningBalanceRecorded,
    OpenOrdersObserved,
    OrderAcknowledged,
    OrderFilled,
    OrderPlanned,
    OrderPreviewed,
    OrderSendAttempted,
    PositionRow,
    PositionsObserved,
    QuoteRow,
    QuotesObserved,
    RateRow,
    RatesObserved,
    SafeguardsEvaluated,
    SeriesRow,
    SnapshotCash,
    SnapshotRow,
    SnapshotTaken,
    TargetRow,
    TargetsComputed,
    TradingAllowed,
    VerdictRow,
)

ACCOUNT = "DU1000001"
CONTRACTS = ((265598, "AAPL"), (208813719, "GOOG"), (8314, "IBM"), (272093, "MSFT"))
TRADED = ((8314, "IBM"), (272093, "MSFT"))

DAY, AT = date(1111, 1, 1), datetime(1111, 1, 1, 1, tzinfo=UTC)
OPENS, CLOSES = datetime(1111, 1, 1, 2, tzinfo=UTC), datetime(1111, 1, 1, 3, tzinfo=UTC)
UNITS, PRICE = Decimal(777777), Decimal("91.987654")
ORDER_IDS = (987654321, 987654322)
PLACEHOLDERS: tuple[tuple[bytes, bytes], ...] = (
    (b"%", b"%%"),
    (b"1111-01-01T01:00:00.000000Z", b"%(at)s"),
    (b"1111-01-01T02:00:00.000000Z", b"%(open)s"),
    (b"1111-01-01T03:00:00.000000Z", b"%(close)s"),
    (b"1111-01-01", b"%(day)s"),
    (b"777777", b"%(sign)s10"),
    (b"91.987654", b"91.%(cents)s"),
    (b"987654321", b"%(order1)s"),
    (b"987654322", b"%(order2)s"),
    (b"SEQ@", b"%(seq)s"),
    (b"HHHH@", b"%(hhhh)s"),
    (b"SIDE@", b"%(side)s"),
    (b"NUMBER@", b"%(number)s"),
    (b"SLOT@", b"%(slot)s"),
    (b"HASH@", b"%(hash)s"),
    (b"EVIDENCE1@", b"%(evidence1)s"),
    (b"EVIDENCE2@", b"%(evidence2)s"),
)
VERDICTS = (
    ("book_is_reconciled", "both halves reported and compared since the cycle started", "compared, 0 open breaks"),
    ("no_step_failed", "failed steps in this cycle", "0"),
    ("not_halted", "halt, by the operator or by a break", "no halt"),
    ("nothing_in_doubt", "orders of ours that may still fill", "0"),
    ("breaks_are_respected", "orders that grow a position against an open break", "none"),
    ("every_order_has_a_target", "ordered contracts that this cycle's forecast does not name", "none"),
    ("market_is_open", "now within the session", "20:35:00"),
    ("few_enough_orders", "orders planned", "2"),
    ("gross_leverage_stays_within_limit", "sum of |quantity x mark| after the plan, over NAV", "0.769094"),
    ("net_leverage_stays_within_limit", "|sum of quantity x mark| after the plan, over NAV", "0.769094"),
    ("turnover_stays_within_limit", "sum of |ordered quantity x reference price| today, over NAV", "0.041207"),
    ("quotes_are_fresh", "age of the oldest quote that an order is priced from", "0 s"),
    ("quotes_agree_with_bars", "largest |quote / last close - 1| of an ordered contract", "0.012388"),
    ("margin_is_kept", "excess liquidity after the plan, over NAV", "0.807731"),
    ("every_order_was_previewed", "planned orders without the broker's consent", "none"),
    ("orders_are_small", "largest |ordered quantity x reference price| over NAV", "0.020604"),
)

OPENING: tuple[tuple[Fact, ...], ...] = (
    (LogStarted(account=ACCOUNT, mode="paper", clock="simulated", base_currency="USD"),),
    (
        AccountAdopted(account=ACCOUNT, execution_ids=(), open_order_perm_ids=()),
        OpeningBalanceRecorded(currency="USD", amount=Decimal(100_000)),
        *(
            ContractDefined(
                con_id=con_id, symbol=symbol, security_type="STK", currency="USD", exchange="SMART",
                primary_exchange="NASDAQ", multiplier=Decimal(1), min_tick=Decimal("0.01"), long_name=f"{symbol} INC",
            )
            for con_id, symbol in CONTRACTS
        ),
    ),
)  # fmt: skip


def _observed() -> tuple[Fact, ...]:
    amount: Any = Decimal("94496.4")
    rows = (
        PositionRow(
            con_id=con_id, symbol=symbol, quantity=Decimal(153), average_cost=Decimal("187.8761769136"),
            currency="USD", mark=Decimal("174.99"),
        )
        for con_id, symbol in CONTRACTS
    )  # fmt: skip
    return (
        RatesObserved(base_currency="USD", rows=(RateRow(currency="USD", rate=Decimal(1)),)),
        CashObserved(rows=(CashRow(currency="USD", amount=Decimal("21819.75")),)),
        PositionsObserved(rows=tuple(rows)),
        NavObserved(currency="USD", net_liquidation=amount, accrued_cash=Decimal(0), gross_position_value=amount),
        MarginObserved(
            currency="USD", initial=Decimal("36338.32"), maintenance=Decimal("18169.16"), available_funds=amount,
            excess_liquidity=amount, equity_with_loan=amount, buying_power=amount,
        ),
        OpenOrdersObserved(rows=()),
    )  # fmt: skip


def _reconciled() -> BookReconciled:
    nav = Decimal("94496.4")
    return BookReconciled(
        positions=4, currencies=1, nav_own=nav, nav_reported=nav, nav_difference=Decimal(0), open_breaks=0
    )


def _reference(con_id: int) -> str:
    return f"tb-{ACCOUNT}-SEQ@-HHHH@-{con_id}-SIDE@-1"


def _started() -> CycleStarted:
    return CycleStarted(
        kind="trade", dry_run=False, slot="SLOT@", attempt=1, session_day=DAY, session_open=OPENS,
        session_close=CLOSES, settings_sha256="EVIDENCE1@",
        versions={"python": "3.11.7", "code": "7e187c5137c477b8", "tallybook": "0.1.0", "ib_insync": "0.9.86"},
    )  # fmt: skip


def _ingested(source: str) -> DataIngested:
    rows = (
        SeriesRow(con_id=con_id, symbol=symbol, sha256="EVIDENCE2@", bars=260, first=date(2004, 3, 2), last=DAY)
        for con_id, symbol in CONTRACTS
    )
    return DataIngested(source=source, series=tuple(rows))


def _targets() -> TargetsComputed:
    rows = (
        TargetRow(
            con_id=con_id, symbol=symbol, weight=Decimal("0.164774"), leverage=Decimal(1),
            reference_price=Decimal("25.09"),
        )
        for con_id, symbol in CONTRACTS
    )  # fmt: skip
    return TargetsComputed(
        strategy="momentum", strategy_sha256="EVIDENCE1@", rows=tuple(rows), inputs=("EVIDENCE2@",) * 4,
        file="targets/SLOT@.csv", file_sha256="EVIDENCE2@",
    )  # fmt: skip


def _quotes() -> QuotesObserved:
    rows = (
        QuoteRow(
            con_id=con_id, symbol=symbol, bid=Decimal("91.89"), ask=Decimal("91.91"), last=Decimal("91.9"),
            close=Decimal("91.51"), at=AT,
        )
        for con_id, symbol in CONTRACTS
    )  # fmt: skip
    return QuotesObserved(rows=tuple(rows))


def _plan() -> tuple[Fact, ...]:
    price = Decimal("91.9")
    still = (
        OrderPlanned(
            con_id=con_id, symbol=symbol, action="NOTHING", quantity=Decimal(0),
            reason="drift 0.03 % of NAV, below the band of 1.00 %", held=Decimal(153), target=Decimal(152),
            weight=Decimal("0.280233"), reference_price=price,
        )
        for con_id, symbol in CONTRACTS[:2]
    )  # fmt: skip
    moved = (
        OrderPlanned(
            con_id=con_id, symbol=symbol, action="BUY", quantity=UNITS, reason="drift 1.95 % of NAV", held=Decimal(21),
            target=Decimal(31), weight=Decimal("0.021133"), reference_price=price, limit_price=price,
            order_ref=_reference(con_id),
        )
        for con_id, symbol in TRADED
    )  # fmt: skip
    return (*still, *moved)


def _previewed(con_id: int) -> OrderPreviewed:
    return OrderPreviewed(
        order_ref=_reference(con_id), accepted=True, initial_margin_after=Decimal("36338.32"),
        maintenance_margin_after=Decimal("18169.16"), equity_with_loan_after=Decimal("94496.4"),
    )  # fmt: skip


def _evaluated() -> SafeguardsEvaluated:
    rows = (
        VerdictRow(safeguard=name, outcome="pass", formula=formula, observed=observed, limit="10", distance="1.5")
        for name, formula, observed in VERDICTS
    )
    return SafeguardsEvaluated(verdicts=tuple(rows))


def _order(con_id: int, order_id: int) -> tuple[tuple[Fact, ...], tuple[Fact, ...], tuple[Fact, ...]]:
    """Send it; have it acknowledged; have it filled."""
    reference, execution = _reference(con_id), f"0002035a.NUMBER@.{con_id:08x}.01"
    attempted = OrderSendAttempted(
        account=ACCOUNT, order_ref=reference, order_id=order_id, con_id=con_id, quantity=UNITS, order_type="LMT",
        limit_price=Decimal("91.9"), tif="DAY", algo="Adaptive", algo_priority="Normal",
    )  # fmt: skip
    filled = OrderFilled(
        account=ACCOUNT, execution_id=execution, con_id=con_id, quantity=UNITS, price=PRICE, currency="USD",
        order_ref=reference, perm_id=order_id, order_id=order_id, client_id=17, venue="ISLAND", occurred_at=AT,
    )  # fmt: skip
    charged = CommissionCharged(execution_id=execution, amount=Decimal("-1.05"), currency="USD")
    acknowledged = OrderAcknowledged(order_ref=reference, perm_id=order_id, status="Submitted")
    return (attempted,), (acknowledged,), (filled, charged)


def _snapshot() -> SnapshotTaken:
    nav, zero = Decimal("94496.4"), Decimal(0)
    rows = (
        SnapshotRow(
            con_id=con_id, symbol=symbol, quantity=Decimal(153), mark=Decimal("174.99"), value=Decimal("26773.47"),
            basis=Decimal("28729.56"), unrealised=Decimal("-1956.09"), currency="USD",
            target_weight=Decimal("0.280233"),
        )
        for con_id, symbol in CONTRACTS
    )  # fmt: skip
    return SnapshotTaken(
        session_day=DAY, kind="trade", nav=nav, nav_reported=nav,
        cash=(SnapshotCash(currency="USD", amount=Decimal("21819.75"), rate=Decimal(1)),), positions=tuple(rows),
        leverage_gross=Decimal("0.769094"), leverage_net=Decimal("0.769094"), realised=Decimal("-421.02"),
        unrealised=Decimal("-5042.85"), commissions=Decimal("-39.73"), dividends=zero, taxes=zero, interest=zero,
        fees=zero, flows=Decimal(100_000), adjustments=zero, margin_initial=Decimal("36338.32"),
        margin_maintenance=Decimal("18169.16"), excess_liquidity=Decimal("76327.24"),
    )  # fmt: skip


def _connected() -> BrokerConnected:
    return BrokerConnected(
        account=ACCOUNT, client_id=17, server_version=176, broker_time=AT, clock_difference_seconds=0
    )


def _cycle() -> tuple[tuple[Fact, ...], ...]:
    first, second = (_order(con_id, order_id) for (con_id, _), order_id in zip(TRADED, ORDER_IDS, strict=True))
    return (
        (_started(),),
        (_connected(),),
        (OpenOrdersObserved(rows=()),),
        _observed(),
        (_reconciled(),),
        (_ingested("bars"), _ingested("broker")),
        (_targets(),),
        (_quotes(),),
        _plan(),
        tuple(_previewed(con_id) for con_id, _ in TRADED),
        (_evaluated(), TradingAllowed(orders=2)),
        first[0],
        first[1],
        second[0],
        second[1],
        first[2],
        second[2],
        _observed(),
        (_reconciled(),),
        (_snapshot(),),
        (CycleFinished(slot="SLOT@", book_hash="HASH@"),),
        (BrokerDisconnected(client_id=17),),
    )


CYCLE = _cycle()
