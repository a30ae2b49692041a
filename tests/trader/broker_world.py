"""A ledger, a broker and the simulator that it talks to: the world in which an adapter proves itself.

The simulator's market is made up: ACME stands still at 50.00 (ask 50.01), THIN too but with little volume, MOVE falls
from 30.00 to 27.00 on Tuesday. The clock is the simulator's; time moves only by the broker's own market waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from ledger.book import Book
from ledger.clock import SimulatedClock
from ledger.events import (
    AccountAdopted,
    BookReconciled,
    CycleStarted,
    Fact,
    LogStarted,
    OpeningBalanceRecorded,
    OrderPlanned,
    SafeguardsEvaluated,
    TradingAllowed,
    VerdictRow,
)
from ledger.ledger import Ledger
from ledger.references import new_order_ref
from trader.broker import Broker, BrokerProblem, BrokerSettings, BrokerUnreachable, ContractSpec
from trader.ib import InteractiveBrokers
from trader.simulator.control import Control
from trader.simulator.simulator import Simulator

NEW_YORK = ZoneInfo("America/New_York")
MONDAY, TUESDAY, WEDNESDAY = date(2005, 2, 28), date(2005, 3, 1), date(2005, 3, 2)
ACCOUNT = "DU1000001"
SHORT = 0.6  # real seconds: in an impatient world what does not come in this time does not come
CONNECTING = 3  # times that an impatient world tries to open a session
F = TypeVar("F", bound=Fact)
ROWS = "Date,Open,High,Low,Close,Volume\n"


def at(clock: str, day: date = TUESDAY) -> datetime:
    """Return a time on a clock in New York, in UTC."""
    return datetime.combine(day, time.fromisoformat(clock), NEW_YORK).astimezone(UTC)


def write_bars(folder: Path) -> Path:
    """Write the market's files."""
    folder.mkdir(exist_ok=True)
    for ticker, volume in (("ACME", 39_000_000), ("THIN", 3_900)):
        rows = (f"{day},50.00,50.00,50.00,50.00,{volume}\n" for day in (MONDAY, TUESDAY, WEDNESDAY))
        (folder / f"{ticker}.csv").write_text(ROWS + "".join(rows))
    moving = f"{MONDAY},30.00,30.00,30.00,30.00,39000000\n{TUESDAY},30.00,30.00,27.00,27.00,39000000\n"
    (folder / "MOVE.csv").write_text(f"{ROWS}{moving}{WEDNESDAY},27.00,27.00,27.00,27.00,39000000\n")
    return folder


@dataclass
class World:
    """One account: our half in a ledger, the broker's half in the simulator."""

    simulator: Simulator
    ledger: Ledger
    settings: BrokerSettings
    broker: Broker
    cycles: int = 0

    @property
    def book(self) -> Book:
        return self.ledger.book

    @property
    def control(self) -> Control:
        return self.simulator.control

    def facts(self, kind: type[F]) -> list[F]:
        """Return everything of a type that is recorded so far."""
        return [event.fact for event in self.ledger.log.events() if isinstance(event.fact, kind)]

    def adopt(self, execution_ids: tuple[str, ...] = (), open_order_perm_ids: tuple[int, ...] = ()) -> None:
        """Take the account's cash as the beginning, and what these lists name as known."""
        adopted = AccountAdopted(account=ACCOUNT, execution_ids=execution_ids, open_order_perm_ids=open_order_perm_ids)
        self.ledger.record((adopted, OpeningBalanceRecorded(currency="USD", amount=Decimal(100_000))))

    def start_cycle(self, kind: Any = "trade", *, dry_run: bool = False) -> None:
        """Begin a cycle of the simulator's day."""
        self.cycles += 1
        day = self.control.now().astimezone(NEW_YORK).date()
        self.ledger.record(
            (
                CycleStarted(
                    kind=kind,
                    dry_run=dry_run,
                    slot=f"{day}/{self.cycles:04}",
                    attempt=1,
                    session_day=day,
                    session_open=at("09:30", day),
                    session_close=at("16:00", day),
                    settings_sha256="0" * 64,
                    versions={},
                ),
            )
        )

    def connect(self, **changes: Any) -> None:
        """Open a new session, with other settings if given; on a busy machine it may take more than one try."""
        self.settings = replace(self.settings, **changes)
        for left in reversed(range(CONNECTING)):
            self.broker = InteractiveBrokers(self.settings, self.clock)
            try:
                self.ledger.record(self.broker.connect(self.book))
                return
            except BrokerUnreachable as error:
                self.hang_up()
                if error.code != "gateway-silent" or not left:
                    raise

    def disconnect(self) -> None:
        self.ledger.record(self.broker.disconnect())

    def hang_up(self) -> None:
        """Close the socket, whatever state the session is in."""
        with suppress(BrokerProblem):
            for _ in self.broker.disconnect():
                pass

    @property
    def clock(self) -> SimulatedClock:
        return SimulatedClock(self.control.now, lambda seconds: void(self.control.advance(seconds=seconds)))

    def con_id(self, symbol: str) -> int:
        return next(contract.con_id for contract in self.book.contracts.values() if contract.symbol == symbol)

    def plan(self, symbol: str, quantity: int, limit: str | None = None) -> OrderPlanned:
        """Plan one order of this cycle, and allow it."""
        con_id, attempt = self.con_id(symbol), len(self.book.orders) + 1
        side: Any = "B" if quantity > 0 else "S"
        planned = OrderPlanned(
            con_id=con_id,
            symbol=symbol,
            action="BUY" if quantity > 0 else "SELL",
            quantity=Decimal(quantity),
            reason="a test",
            held=Decimal(0),
            target=Decimal(quantity),
            weight=Decimal("0.1"),
            limit_price=None if limit is None else Decimal(limit),
            order_type="MKT" if limit is None else "LMT",
            order_ref=new_order_ref(self.book, con_id, side, attempt),
            algo="Adaptive" if limit is not None else "",
            algo_priority="Urgent" if limit is not None else "",
        )
        self.ledger.record((planned, *allowed()))
        return planned

    def send(self, symbol: str, quantity: int, limit: str | None = None) -> str:
        """Plan, allow and send one order; returns its reference."""
        planned = self.plan(symbol, quantity, limit)
        self.ledger.record(self.broker.send(planned))
        return str(planned.order_ref)


def allowed() -> tuple[Fact, ...]:
    """What a reconciled book and content safeguards record."""
    nothing = Decimal(0)
    verdict = VerdictRow(safeguard="all", outcome="pass", formula="", observed="", limit="", distance="")
    return (
        BookReconciled(
            positions=0,
            currencies=1,
            nav_own=nothing,
            nav_reported=nothing,
            nav_difference=nothing,
            open_breaks=0,
        ),
        SafeguardsEvaluated(verdicts=(verdict,)),
        TradingAllowed(orders=1),
    )


def void(_: object) -> None:
    """Return nothing."""


@contextmanager
def event_loop() -> Iterator[None]:
    """Give the client library an event loop of its own in this thread."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        loop.close()
        asyncio.set_event_loop(None)


def impatient_world(folder: Path) -> AbstractContextManager[World]:
    """Start a world in which what does not come in a moment does not come."""
    return world(folder, request_timeout_seconds=SHORT, request_attempts=1, acknowledge_timeout_seconds=SHORT)


@contextmanager
def world(folder: Path, start: datetime | None = None, *, adopt: bool = True, **changes: Any) -> Iterator[World]:
    """Start a simulator on Tuesday 09:35, an adopted ledger beside it, and an adapter that is not connected yet."""
    settings = BrokerSettings(
        account=ACCOUNT,
        universe=tuple(ContractSpec(symbol) for symbol in ("ACME", "THIN", "MOVE")),
        dry_run=False,
        throttle=0,
    )
    with event_loop(), Simulator(data=write_bars(folder / "bars"), start=start or at("09:35")) as simulator:
        settings = replace(settings, port=simulator.port, **changes)
        clock = SimulatedClock(simulator.control.now, lambda s: void(simulator.control.advance(seconds=s)))
        genesis = LogStarted(account=ACCOUNT, mode="paper", clock="simulated", base_currency="USD")
        (folder / "home").mkdir(exist_ok=True)
        with Ledger.create(folder / "home", clock, genesis) as ledger:
            made = World(simulator, ledger, settings, InteractiveBrokers(settings, clock))
            if adopt:
                made.adopt()
                made.start_cycle()
            try:
                yield made
            finally:
                made.hang_up()
