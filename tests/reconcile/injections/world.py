"""One account at the simulated venue, and the ledger beside it: what a case injects its causes into.

The venue is the real one, in process: its orders, fills, bookings, account download and statements. What the adapter
reads off the wire is read off the same rows here, by the adapter's own functions (`trader/ib_rows.py`). A case takes
three days: yesterday's trades and statement begin the log; today brings trades of ours and the injections, and a
closing cycle that compares; in the evening comes the statement, and tomorrow's cycle compares again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

from ledger.book import Book
from ledger.clock import SimulatedClock
from ledger.events import (
    ContractDefined,
    CycleStarted,
    Fact,
    LogStarted,
    OpenOrdersObserved,
    OrderAcknowledged,
    OrderPlanned,
    OrderSendAttempted,
    PositionRow,
    PositionsObserved,
)
from ledger.ledger import Ledger
from ledger.references import new_order_ref
from reconcile import Tolerances, reconcile
from tests.reconcile.injections.markets import TODAY, TOMORROW, YESTERDAY, Plan, market_of
from tests.trader.broker_world import allowed, at, void
from trader import ib_rows
from trader.importing import batches_of, read_file
from trader.simulator.account import Account, mark_of
from trader.simulator.account_values import account_values
from trader.simulator.contracts import Contract
from trader.simulator.exchange import Exchange
from trader.simulator.happenings import CommissionCharged, Executed, Happening
from trader.simulator.lots import plain
from trader.simulator.orders import Commission, Execution, Order, OrderRequest
from trader.simulator.statement import write_statement
from trader.simulator.terms import Terms

ACCOUNT = "DU1000001"
RETAIL = Tolerances()
ZERO = Decimal(0)
CENT = Decimal("0.01")
Subject = tuple[str, str]  # kind and subject of a finding


@dataclass(frozen=True)
class Truth:
    """What one injection did to each difference: found minus expected."""

    cause: str
    effects: Mapping[Subject, Decimal | None]  # None: a finding that has no amount of its own
    with_it: frozenset[str] = frozenset()  # causes under which a part of it may be told as well
    kind: str = ""  # the kind of injection that did it


@dataclass
class Report:
    """What the broker's API is about to say; an injection may falsify it."""

    values: dict[tuple[str, str], str]
    positions: list[PositionRow]
    orders: list[Order] = field(default_factory=list)

    def cash(self, currency: str = "USD") -> Decimal:
        return Decimal(self.values["CashBalance", currency])

    def set_cash(self, amount: Decimal, currency: str = "USD") -> None:
        self.values["CashBalance", currency] = self.values["TotalCashBalance", currency] = str(amount.quantize(CENT))


class World:
    """The venue and the ledger of one case."""

    exchange: Exchange
    ledger: Ledger

    def __init__(self, seed: int, home: Path) -> None:
        self.seed, self.home = seed, home
        self.chance = Random(f"case {seed}")
        self.plan = Plan(self.chance)
        self.truths: list[Truth] = []
        self.heard: list[Happening] = []
        self.tampering: list[Callable[[Report], None]] = []
        self.at_the_close: list[tuple[str, Callable[[], None]]] = []  # what can be measured only then, by kind
        self.running = ""  # the kind of injection whose turn it is
        self.defined: set[int] = set()
        self.missed: set[str] = set()  # executions that the book is never told
        self.late: set[str] = set()  # executions whose commission it is never told
        self.late_next = False  # that of the next trade is one of them
        self.terms = Terms(dividends=True, splits=True, statements=True, withholding=self._withholding())
        self.cycles = self.orders = 0

    def _withholding(self) -> Decimal:
        return Decimal(self.chance.choice(("0", "0.1", "0.15", "0.25", "0.3")))

    @property
    def book(self) -> Book:
        return self.ledger.book

    @property
    def account(self) -> Account:
        return self.exchange.account

    def contract(self, ticker: str) -> Contract:
        found = self.exchange.market.contract_of(ticker)
        assert found is not None, ticker
        return found

    def held(self, ticker: str) -> Decimal:
        return self.account.quantity(self.contract(ticker).con_id)

    def mark(self, ticker: str) -> Decimal:
        return mark_of(self.exchange.market, self.contract(ticker).con_id, self.exchange.now)

    # The days

    def open_venue(self) -> None:
        """Open the venue yesterday morning, with whatever the plan says of its market."""
        cash = Decimal(self.chance.randint(20_000_000, 300_000_000)) / 100
        market = market_of(self.plan, self.seed)
        self.exchange = Exchange(market, Account(ACCOUNT, cash), at("09:30", YESTERDAY), self.seed, self.terms)
        self.exchange.listen.append(self.heard.append)
        self.exchange.advance(at("10:00", YESTERDAY))
        others = [each for each in self.exchange.market.contracts if each.security_type == "STK"]
        for contract in self.chance.sample([each for each in others if each.name not in self.plan.taken], 3):
            self.hold(contract.name, Decimal(self.chance.choice((-90, -35, 12, 40, 75, 120, 300))))

    def hold(self, ticker: str, quantity: Decimal | int) -> None:
        """Trade by hand, yesterday, before the log begins."""
        self.exchange.trade_by_hand(ticker, Decimal(quantity))

    def begin(self) -> None:
        """End yesterday, and begin the log with its statement."""
        self.exchange.advance(at("21:00", YESTERDAY))
        clock = SimulatedClock(lambda: self.exchange.now, void)
        genesis = LogStarted(account=ACCOUNT, mode="paper", clock="simulated", base_currency="USD")
        self.ledger = Ledger.create(self.home, clock, genesis)
        self.take_in(YESTERDAY)
        self.heard.clear()
        self.exchange.advance(at("09:35", TODAY))
        self.start_cycle(TODAY)
        self.record(*self.define(*self.account.held()), *self.report_facts(self.report()))

    def take_in(self, day: date) -> None:
        """Import the statement of a day."""
        archive = self.exchange.settlement.archive
        assert archive is not None
        file = read_file(write_statement(archive.period(day)), f"{day}.xml")
        self.ledger.record(batches_of(self.book, self.home, file))

    def start_cycle(self, day: date, kind: Any = "trade") -> None:
        self.cycles += 1
        started = CycleStarted(
            kind=kind, dry_run=False, slot=f"{day}/{self.cycles:04}", attempt=1, session_day=day,
            session_open=at("09:30", day), session_close=at("16:00", day), settings_sha256="0" * 64, versions={},
        )  # fmt: skip
        self.record(started)

    def record(self, *facts: Fact) -> None:
        if facts:
            self.ledger.record(facts)

    def let_pass_until(self, clock: str) -> None:
        """Let it be late in the day; nothing happens meanwhile."""
        if self.exchange.now < at(clock, TODAY):
            self.exchange.advance(at(clock, TODAY))

    # Trades

    def trade(self, ticker: str, quantity: Decimal | int, *, hear: bool = True) -> Execution:
        """Send an order of ours, let it fill, and hear of it, or never."""
        self.orders += 1
        contract, units = self.contract(ticker), Decimal(quantity)
        ref = new_order_ref(self.book, contract.con_id, "B" if units > 0 else "S", self.orders)
        action: Any = "BUY" if units > 0 else "SELL"
        planned = OrderPlanned(
            con_id=contract.con_id, symbol=contract.symbol, action=action, quantity=units, reason="a test",
            held=ZERO, target=units, weight=Decimal("0.1"), limit_price=None, order_ref=ref,
        )  # fmt: skip
        attempted = OrderSendAttempted(
            order_ref=ref, account=ACCOUNT, order_id=self.orders, con_id=contract.con_id, quantity=units,
            order_type="MKT", tif="DAY", algo="", algo_priority="",
        )  # fmt: skip
        self.record(planned, *allowed())
        self.record(attempted)
        order = self.exchange.place(
            OrderRequest(1, self.orders, contract.con_id, ACCOUNT, action, abs(units), "MKT", None, order_ref=ref)
        )
        self.record(OrderAcknowledged(order_ref=ref, perm_id=order.perm_id, status="Submitted"))
        self.exchange.advance(self.exchange.now + timedelta(seconds=10))
        assert not order.is_open, f"{ticker} {quantity}: expected a fill"
        execution = self.executions[-1]
        if self.late_next:
            self.late.add(execution.exec_id)
            self.late_next = False
        if not hear:
            self.missed.add(execution.exec_id)
        self.hear()
        return execution

    @property
    def executions(self) -> list[Execution]:
        """Every execution since the log began."""
        return [each.execution for each in self.heard if isinstance(each, Executed)]

    def hear(self) -> None:
        """Record today's executions as the API tells them, again and again, but for those that are to stay unheard."""
        for happening in self.heard:
            if isinstance(happening, Executed) and happening.execution.exec_id not in self.missed:
                self.record(*self.define(happening.execution.con_id), self.fill_of(happening.execution))
            elif (
                isinstance(happening, CommissionCharged) and happening.execution.exec_id not in self.missed | self.late
            ):
                self.record(*self._commission_of(happening))

    def commission(self, execution: Execution) -> Commission:
        """Return what an execution was charged."""
        return next(
            each.commission for each in self.heard
            if isinstance(each, CommissionCharged) and each.execution.exec_id == execution.exec_id
        )  # fmt: skip

    def restate(self, exec_id: str, *, quantity: Decimal | None = None, price: Decimal | None = None) -> None:
        """Let the venue bust or correct an execution, unheard."""
        before = len(self.heard)
        self.exchange.restate(exec_id, quantity=quantity, price=price)
        self.missed |= {each.execution.exec_id for each in self.heard[before:] if isinstance(each, Executed)}

    def fill_of(self, execution: Execution) -> Fact:
        told: dict[str, Any] = {
            "execId": execution.exec_id, "time": execution.time, "acctNumber": execution.account,
            "side": execution.side, "shares": execution.shares, "price": execution.price,
            "orderRef": execution.order_ref, "permId": execution.perm_id, "orderId": execution.order_id,
            "clientId": execution.client_id, "exchange": execution.exchange,
            "liquidation": int(getattr(execution, "liquidation", False)),
        }  # fmt: skip
        contract = self.exchange.market.known(execution.con_id)
        wire = SimpleNamespace(conId=contract.con_id, symbol=contract.symbol, currency=contract.currency)
        return ib_rows.fill(wire, SimpleNamespace(**told))

    def _commission_of(self, happening: CommissionCharged) -> tuple[Fact, ...]:
        told = happening.commission
        fact = ib_rows.commission(told.exec_id, told.amount, told.currency, told.realised)
        return () if fact is None else (fact,)

    # What the broker reports

    def define(self, *con_ids: int) -> tuple[Fact, ...]:
        """Return the definitions of contracts that the book was not told yet."""
        new = [con_id for con_id in dict.fromkeys(con_ids) if con_id not in self.defined]
        self.defined.update(new)
        return tuple(self.definition(self.exchange.market.known(con_id)) for con_id in new)

    def definition(self, contract: Contract) -> ContractDefined:
        underlying = self.exchange.market.contract_of(contract.underlying) if contract.underlying else None
        right: Any = contract.right or None
        return ContractDefined(
            con_id=contract.con_id, symbol=contract.symbol, security_type=contract.security_type,
            currency=contract.currency, exchange=contract.exchange, primary_exchange=contract.primary_exchange,
            multiplier=contract.multiplier, min_tick=contract.min_tick, long_name=contract.long_name,
            underlying_con_id=underlying.con_id if underlying else None, expiry=contract.expiry,
            strike=contract.strike, right=right,
        )  # fmt: skip

    def report(self) -> Report:
        """Return what the account download and the position request say now."""
        market, now = self.exchange.market, self.exchange.now
        values = {(row.tag, row.currency): row.value for row in account_values(self.account, market, now)}
        rows = [self.position_row(row.con_id) for row in self.account.positions()]
        return Report(values, rows, self.exchange.open_orders())

    def position_row(self, con_id: int) -> PositionRow:
        contract, held = self.exchange.market.known(con_id), self.account.position(con_id)
        wire = SimpleNamespace(conId=con_id, symbol=contract.symbol, currency=contract.currency)
        mark = mark_of(self.exchange.market, con_id, self.exchange.now)
        return ib_rows.position_row(wire, plain(held.quantity), plain(held.average_cost), mark)

    def report_facts(self, report: Report) -> tuple[Fact, ...]:
        orders = tuple(self._order_row(order) for order in report.orders)
        told = ib_rows.account_facts(report.values)
        return (*told, PositionsObserved(rows=tuple(report.positions)), OpenOrdersObserved(rows=orders))

    def _order_row(self, order: Order) -> Any:
        request, contract = order.request, self.exchange.market.known(order.request.con_id)
        wire = SimpleNamespace(conId=contract.con_id, symbol=contract.symbol)
        told = SimpleNamespace(
            permId=order.perm_id, orderId=request.order_id, clientId=request.client_id, orderRef=request.order_ref,
            action=request.action, totalQuantity=request.quantity, orderType=request.order_type,
            lmtPrice=request.limit_price,
        )  # fmt: skip
        return ib_rows.open_order_row(wire, told, order.status, order.filled)

    def compare(self, day: date, *, honest: bool = False, kind: Any = "trade") -> tuple[Fact, ...]:
        """Run a cycle as far as its reconciliation, and record it; return what it said."""
        self.start_cycle(day, kind)
        report = self.report()
        for tamper in () if honest else self.tampering:
            tamper(report)
        self.record(*self.define(*self.account.held()), *self.report_facts(report))
        said = reconcile(self.book, RETAIL)
        self.record(*said)
        return said

    def close_today(self) -> tuple[Fact, ...]:
        self.exchange.advance(at("16:01", TODAY))
        for kind, measure in self.at_the_close:
            self.running = kind
            measure()
        return self.compare(TODAY, kind="close")

    def statement_comes(self) -> tuple[Fact, ...]:
        """Take in today's statement, and compare tomorrow morning with an honest report."""
        self.exchange.advance(at("21:00", TODAY))
        self.take_in(TODAY)
        self.exchange.advance(at("09:35", TOMORROW))
        return self.compare(TOMORROW, honest=True)

    # What happened

    @contextmanager
    def measured(self, cause: str, *with_it: str) -> Iterator[None]:
        """Take as the truth what the venue's cash and positions move within, less what the book is told meanwhile."""
        before = self._apart()
        yield
        after = self._apart()
        moved = {subject: after.get(subject, ZERO) - before.get(subject, ZERO) for subject in before | after}
        self.happened(cause, {subject: amount for subject, amount in moved.items() if amount}, *with_it)

    def measure_at_the_close(self, measure: Callable[[], None]) -> None:
        self.at_the_close.append((self.running, measure))

    def happened(self, cause: str, effects: Mapping[Subject, Decimal | None], *with_it: str) -> None:
        self.truths.append(Truth(cause, effects, frozenset(with_it), self.running))

    def _apart(self) -> dict[Subject, Decimal]:
        found: dict[Subject, Decimal] = {}
        for currency in self.account.balances.keys() | self.book.cash.keys():
            theirs = self.account.balances.get(currency, ZERO)
            found["cash", currency] = theirs - self.book.cash.get(currency, ZERO)
        for con_id in self.account.holdings.keys() | self.book.positions.keys():
            found["position", str(con_id)] = self.account.quantity(con_id) - self.book.positions.get(con_id, ZERO)
        return found


def moment(clock: str) -> datetime:
    return at(clock, TODAY)
