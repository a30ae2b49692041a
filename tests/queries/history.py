"""Homes with a small, complete history: a purchase, a foreign trade, a killed cycle; every sum can be done by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from ledger.book import Book
from ledger.clock import SimulatedClock
from ledger.events import (
    AccountAdopted,
    BookReconciled,
    BreakAccepted,
    BreakExplained,
    BreakFound,
    CashObserved,
    CashRow,
    CommissionCharged,
    ContractDefined,
    CycleFailed,
    CycleFinished,
    CycleStarted,
    Fact,
    LogStarted,
    NavObserved,
    OpeningBalanceRecorded,
    OrderAcknowledged,
    OrderFilled,
    OrderPlanned,
    OrderSendAttempted,
    PositionRow,
    PositionsObserved,
    RateRow,
    RatesObserved,
    SafeguardsEvaluated,
    SnapshotCash,
    SnapshotRow,
    SnapshotTaken,
    TradingAllowed,
    VerdictRow,
)
from ledger.ledger import Ledger
from ledger.nav import exposure, own_nav
from ledger.references import new_order_ref
from ledger.statement import book_hash

NEW_YORK = ZoneInfo("America/New_York")
ACCOUNT = "DU1000001"
TUESDAY, WEDNESDAY = date(2005, 3, 1), date(2005, 3, 2)
IBM, AAPL = 8314, 265598
SYMBOLS = {IBM: "IBM", AAPL: "AAPL"}
LOT_PRICE = Decimal("92.0133")
SETTINGS = b"{}\n"  # kept as evidence
FINE_COST = Decimal("92.02330000000001")  # as a quotient of the broker's looks


@dataclass
class World:
    """A home, its ledger, and a clock that a test sets."""

    home: Path
    moment: datetime
    ledger: Ledger

    def at(self, day: date, time: str) -> None:
        hour, minute = map(int, time.split(":"))
        self.moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)

    def record(self, *facts: Fact) -> None:
        self.ledger.record(facts)

    def later(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def begin(
        self,
        day: date,
        time: str,
        *,
        kind: Literal["trade", "close"] = "trade",
        attempt: int = 1,
        dry_run: bool = False,
    ) -> None:
        self.at(day, time)
        slot = "close" if kind == "close" else time.replace(":", "")
        self.record(
            CycleStarted(
                kind=kind,
                dry_run=dry_run,
                slot=f"{day}/{slot}",
                attempt=attempt,
                session_day=day,
                session_open=datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC),
                session_close=datetime(day.year, day.month, day.day, 21, 0, tzinfo=UTC),
                settings_sha256=sha256(SETTINGS).hexdigest(),
                versions={"python": "3.11", "tallybook": "0.1.0"},
            )
        )

    def observe(self, mark: str) -> None:
        """The broker reports what the book holds, at a mark."""
        book = self.ledger.book
        rows = tuple(
            PositionRow(
                con_id=con_id, symbol=SYMBOLS[con_id], quantity=held, average_cost=FINE_COST, currency="USD",
                mark=Decimal(mark),
            )
            for con_id, held in book.positions.items()
        )  # fmt: skip
        cash = tuple(CashRow(currency=currency, amount=amount) for currency, amount in book.cash.items())
        self.record(
            RatesObserved(base_currency="USD", rows=(RateRow(currency="USD", rate=Decimal(1)),)),
            PositionsObserved(rows=rows),
            CashObserved(rows=cash),
        )
        self.record(NavObserved(currency="USD", net_liquidation=own_nav(book)))

    def agree(self) -> None:
        book = self.ledger.book
        nav = own_nav(book)
        self.record(
            BookReconciled(
                positions=len(book.positions),
                currencies=1,
                nav_own=nav,
                nav_reported=nav,
                nav_difference=Decimal(0),
                open_breaks=len(book.open_breaks),
            )
        )

    def finish(self) -> None:
        self.record(snapshot(self.ledger.book))
        book = self.ledger.book
        assert book.cycle is not None
        self.record(CycleFinished(slot=book.cycle.started.slot, book_hash=book_hash(book)))

    def do_nothing(self) -> None:
        self.record(*(nothing(con_id, self.ledger.book) for con_id in SYMBOLS))

    def quiet_cycle(self, day: date, time: str, mark: str, *, kind: Literal["trade", "close"] = "trade") -> None:
        self.begin(day, time, kind=kind)
        self.observe(mark)
        self.agree()
        if kind == "trade":
            self.do_nothing()
        self.finish()


def nothing(con_id: int, book: Book) -> OrderPlanned:
    held = book.positions.get(con_id, Decimal(0))
    return OrderPlanned(
        con_id=con_id, symbol=SYMBOLS[con_id], action="NOTHING", quantity=Decimal(0), reason="drift below 1 %",
        held=held, target=held, weight=Decimal("0.5"),
    )  # fmt: skip


def snapshot(book: Book) -> SnapshotTaken:
    assert book.cycle is not None
    shown = exposure(book)
    marks = {con_id: row.mark or Decimal(0) for con_id, row in (book.reported.positions or {}).items()}
    rows = tuple(
        SnapshotRow(
            con_id=con_id,
            symbol=SYMBOLS[con_id],
            quantity=held,
            mark=marks[con_id],
            value=held * marks[con_id],
            basis=book.holdings[con_id].gross_basis,
            unrealised=held * marks[con_id] - book.holdings[con_id].gross_basis,
            currency="USD",
            target_weight=Decimal("0.17"),
        )
        for con_id, held in book.positions.items()
    )
    commissions = sum((fill.commission or Decimal(0) for fill in book.fills.values()), Decimal(0))
    zero = Decimal(0)
    return SnapshotTaken(
        session_day=book.cycle.started.session_day,
        kind=book.cycle.started.kind,
        nav=own_nav(book),
        nav_reported=own_nav(book),
        cash=tuple(SnapshotCash(currency=c, amount=amount, rate=Decimal(1)) for c, amount in book.cash.items()),
        positions=rows,
        leverage_gross=shown.leverage_gross,
        leverage_net=shown.leverage_net,
        realised=sum((holding.realised_gross for holding in book.holdings.values()), zero),
        unrealised=sum((row.unrealised for row in rows), zero),
        commissions=commissions,
        dividends=zero,
        taxes=zero,
        interest=zero,
        fees=zero,
        flows=Decimal(100_000),
        adjustments=zero,
    )


def new_world(home: Path) -> World:
    """An adopted account with 100,000.00 in cash, on the morning of the first day."""
    digest = sha256(SETTINGS).hexdigest()
    evidence = home / "var" / "data" / digest[:2] / f"{digest}.json"
    evidence.parent.mkdir(parents=True, exist_ok=True)
    evidence.write_bytes(SETTINGS)
    moments: list[World] = []
    begun = datetime(2005, 3, 1, 14, 0, tzinfo=UTC)
    clock = SimulatedClock(lambda: moments[0].moment if moments else begun, lambda _: None)
    genesis = LogStarted(account=ACCOUNT, mode="paper", clock="simulated", base_currency="USD")
    world = World(home, begun, Ledger.create(home, clock, genesis))
    moments.append(world)
    world.record(
        AccountAdopted(account=ACCOUNT, execution_ids=(), open_order_perm_ids=()),
        OpeningBalanceRecorded(currency="USD", amount=Decimal(100_000)),
        *(contract(con_id) for con_id in SYMBOLS),
    )
    return world


def contract(con_id: int) -> ContractDefined:
    return ContractDefined(
        con_id=con_id, symbol=SYMBOLS[con_id], security_type="STK", currency="USD", exchange="SMART",
        primary_exchange="NYSE", multiplier=Decimal(1), min_tick=Decimal("0.01"),
    )  # fmt: skip


def send(world: World, quantity: str, *, limit: str = "92.05") -> str:
    """Allow and attempt one order in IBM, without an answer yet; return its reference."""
    wanted = Decimal(quantity)
    book = world.ledger.book
    held = book.positions.get(IBM, Decimal(0))
    ref = new_order_ref(book, IBM, "B" if wanted > 0 else "S")
    plan = OrderPlanned(
        con_id=IBM, symbol="IBM", action="BUY" if wanted > 0 else "SELL", quantity=wanted, reason="off target",
        held=held, target=held + wanted, weight=Decimal("0.17"), reference_price=Decimal("92.01"),
        limit_price=Decimal(limit), order_ref=ref,
    )  # fmt: skip
    world.record(plan, nothing(AAPL, book))
    verdict = VerdictRow(
        safeguard="few_enough_orders", outcome="pass", formula="1 <= 20", observed="1", limit="20", distance="19"
    )
    world.record(SafeguardsEvaluated(verdicts=(verdict,)))
    world.record(TradingAllowed(orders=1))
    world.record(
        OrderSendAttempted(
            order_ref=ref, account=ACCOUNT, order_id=book.order_id_high + 1, con_id=IBM, quantity=wanted,
            order_type="LMT", limit_price=Decimal(limit), tif="DAY", algo="Adaptive", algo_priority="Normal",
        )
    )  # fmt: skip
    return ref


def buy_ibm(world: World, *parts: str) -> str:
    """Send an order for 100 IBM, acknowledged; fill these parts of it; return its reference."""
    ref = send(world, "100")
    world.later(2)
    world.record(OrderAcknowledged(order_ref=ref, perm_id=991, status="Submitted"))
    world.later(39)
    for number, units in enumerate(parts, start=1):
        world.record(*fill(str(number), units, str(LOT_PRICE), world.moment, ref))
    return ref


def ready(world: World, day: date, time: str) -> None:
    """Begin a cycle and agree with the broker: orders may follow."""
    world.begin(day, time)
    world.observe("92.01")
    world.agree()


def fill(number: str, units: str, price: str, at: datetime, ref: str = "", commission: str = "-1") -> tuple[Fact, ...]:
    execution_id = f"0000e0d5.4213a1c{number}.01.01"
    return (
        OrderFilled(
            account=ACCOUNT, execution_id=execution_id, con_id=IBM, quantity=Decimal(units), price=Decimal(price),
            currency="USD", order_ref=ref, perm_id=991, occurred_at=at,
        ),
        CommissionCharged(execution_id=execution_id, amount=Decimal(commission), currency="USD"),
    )  # fmt: skip


def two_sessions(home: Path) -> World:
    """Tuesday: a purchase, a foreign trade that is accepted. Wednesday: a cycle dies and is done again."""
    world = new_world(home)
    ready(world, TUESDAY, "09:35")
    buy_ibm(world, "60", "40")
    world.observe("92.5")
    world.finish()
    world.quiet_cycle(TUESDAY, "10:35", "92.5")
    world.begin(TUESDAY, "11:35")
    world.record(*fill("9", "50", "94.2", world.moment - timedelta(minutes=23)))
    world.record(
        BreakFound(
            break_id="B-1", kind="foreign_trade", subject="0000e0d5.4213a1c9.01", consequence="lock", con_id=IBM
        ),
        BreakExplained(break_id="B-1", cause="foreign trade", certainty="certain", text="bought outside"),
    )
    world.observe("93")
    world.agree()
    world.do_nothing()
    world.finish()
    world.at(TUESDAY, "13:10")
    world.record(BreakAccepted(break_id="B-1", why="my own trade, forgot"))
    world.quiet_cycle(TUESDAY, "13:35", "93.1")
    world.quiet_cycle(TUESDAY, "14:35", "93.1")
    world.quiet_cycle(TUESDAY, "16:35", "93.2", kind="close")
    world.begin(WEDNESDAY, "09:35")
    world.later(5)
    world.record(CycleFailed(slot=f"{WEDNESDAY}/0935", code="cycle-killed", reason="killed", signal="SIGKILL"))
    world.begin(WEDNESDAY, "09:40", attempt=2)
    world.observe("93.3")
    world.agree()
    world.do_nothing()
    world.finish()
    return world


def closed(world: World) -> Path:
    world.ledger.close()
    return world.home
