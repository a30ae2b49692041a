"""A small world for the log's tests: a clock that one sets, facts, and a home with a log of two days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from ledger.events import (
    AccountAdopted,
    BookReconciled,
    BrokerLost,
    ContractDefined,
    CycleStarted,
    Fact,
    LogStarted,
    OrderAcknowledged,
    OrderFilled,
    OrderSendAttempted,
    SafeguardsEvaluated,
    TradingAllowed,
    VerdictRow,
)
from ledger.log import Log
from ledger.log.head import Head, write_first_head

WEDNESDAY = datetime(2026, 1, 14, 15, 0, tzinfo=UTC)
GENESIS = LogStarted(account="DU1", mode="paper", clock="simulated", base_currency="USD")


class StillClock:
    """Stands still until somebody moves it."""

    kind: Literal["simulated"] = "simulated"

    def __init__(self, start: datetime = WEDNESDAY) -> None:
        self.moment = start

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def lost(reason: str) -> BrokerLost:
    return BrokerLost(reason=reason)


def filled(execution: str = "e.01", price: str = "10.5", quantity: str = "5") -> OrderFilled:
    return OrderFilled(
        account="DU1",
        execution_id=execution,
        con_id=756733,
        quantity=Decimal(quantity),
        price=Decimal(price),
        currency="USD",
        occurred_at=WEDNESDAY,
    )


def attempted(
    order_ref: str = "tb-DU1-3-abcd-756733-B-1", quantity: str = "5", order_id: int = 7
) -> OrderSendAttempted:
    return OrderSendAttempted(
        account="DU1",
        order_ref=order_ref,
        order_id=order_id,
        con_id=756733,
        quantity=Decimal(quantity),
        order_type="LMT",
        limit_price=Decimal("10.5"),
        tif="DAY",
        algo="Adaptive",
        algo_priority="Normal",
    )


def acknowledged(order_ref: str = "tb-DU1-3-abcd-756733-B-1") -> OrderAcknowledged:
    return OrderAcknowledged(order_ref=order_ref, perm_id=1, status="Submitted")


# An adopted account in the middle of a cycle that may trade.
MAY_TRADE: tuple[Fact, ...] = (
    AccountAdopted(account="DU1", execution_ids=(), open_order_perm_ids=()),
    ContractDefined(
        con_id=756733,
        symbol="SPY",
        security_type="STK",
        currency="USD",
        exchange="SMART",
        primary_exchange="ARCA",
        multiplier=Decimal(1),
        min_tick=Decimal("0.01"),
    ),
    CycleStarted(
        kind="trade",
        dry_run=False,
        slot="2026-01-14/1000",
        attempt=1,
        session_day=WEDNESDAY.date(),
        session_open=WEDNESDAY,
        session_close=WEDNESDAY + timedelta(hours=6),
        settings_sha256="0" * 64,
        versions={},
    ),
    BookReconciled(
        positions=0,
        currencies=1,
        nav_own=Decimal(0),
        nav_reported=Decimal(0),
        nav_difference=Decimal(0),
        open_breaks=0,
    ),
    SafeguardsEvaluated(
        verdicts=(VerdictRow(safeguard="any", outcome="pass", formula="", observed="0", limit="1", distance="1"),)
    ),
    TradingAllowed(orders=2),
)


def started(home: Path, clock: StillClock | None = None) -> Log:
    home.mkdir(exist_ok=True)
    return Log.create(home, clock or StillClock(), GENESIS)


def append(log: Log, *facts: Fact) -> None:
    log.append(log.draft(facts, None))


def two_days(home: Path) -> StillClock:
    """A closed log of eight lines: genesis, one, a batch of two; the seal; one, a batch of two."""
    clock = StillClock()
    with started(home, clock) as log:
        append(log, lost("one"))
        append(log, lost("two"), filled())
        clock.sleep(86_400)
        append(log, lost("three"))
        append(log, lost("four"), lost('five,"hash":"'))
    return clock


def day_lines(home: Path) -> list[bytes]:
    return [line for path in files(home) for line in path.read_bytes().splitlines(keepends=True)]


def files(home: Path) -> list[Path]:
    return sorted((home / "var/events").glob("*.jsonl"))


def vouch(home: Path, seq: int) -> None:
    """Set HEAD to a line, as if the writer had died after the barrier at that line."""
    write_first_head(home / "var", Head(seq, day_lines(home)[seq][-67:-3].decode()))


def rewrite(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


def contents(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (home / "var/events").iterdir()}
