"""Stocks and a broker that are made up, in this process: what homes that are really decided talk to.

A market of stocks whose prices a seed decides, its bars as a source, and a broker without a wire that fills everything
at the touch and whose account is right. `five_years.py` and `fleet_histories.py` make homes with them.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from ledger.book import Book
from ledger.events import (
    BrokerConnected,
    BrokerDisconnected,
    CashObserved,
    CashRow,
    CommissionCharged,
    ContractDefined,
    ExecutionsObserved,
    Fact,
    MarginObserved,
    NavObserved,
    OpenOrdersObserved,
    OrderAcknowledged,
    OrderFilled,
    OrderPlanned,
    OrderPreviewed,
    PositionRow,
    PositionsObserved,
    QuoteRow,
    QuotesObserved,
    RateRow,
    RatesObserved,
)
from trader.bars import Bar, Series
from trader.broker import Told, intent_of
from trader.calendar import Session
from trader.sources.source import Universe

HISTORY_BARS = 40
CENT = Decimal("0.01")


@dataclass
class Clock:
    """Time that moves when it is told to."""

    moment: datetime
    kind: Literal["simulated"] = "simulated"

    def now(self) -> datetime:
        """Return the moment."""
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)


@dataclass
class Market:
    """Made-up stocks: a close a day, and a straight line between two of them."""

    chance: random.Random
    contracts: int
    series: dict[int, list[Bar]] = field(default_factory=dict)

    def grow(self, day: date) -> None:
        """Let every stock have one more day."""
        for number in range(1, self.contracts + 1):
            bars = self.series.setdefault(number, [])
            before = bars[-1].close if bars else Decimal(20 + 3 * number)
            close = cents(before * Decimal(f"{1 + self.chance.gauss(0.0003, 0.015):.6f}"))
            low, high = sorted((before, close))
            volume = Decimal(1_000_000 + 1000 * self.chance.randrange(500))
            bars.append(Bar(day, before, high + CENT, low - CENT, close, volume, close))

    def price(self, number: int, share: Decimal) -> Decimal:
        """Return a price within the last day, by the share of it that is over."""
        bar = self.series[number][-1]
        return cents(bar.open + (bar.close - bar.open) * share)


def cents(amount: Decimal) -> Decimal:
    """Round a price."""
    return max(amount.quantize(CENT, ROUND_HALF_EVEN), CENT)


@dataclass
class Memory:
    """The market's bars as a source."""

    market: Market
    name: str = "memory"

    def fetch(self, universe: Universe, last_day: date) -> dict[int, Series]:
        """Return every contract's last bars up to a day."""
        found = {}
        for contract in universe:
            bars = self.market.series[contract.con_id]
            until = len(bars) if bars[-1].day <= last_day else len(bars) - 1
            found[contract.con_id] = tuple(bars[max(0, until - HISTORY_BARS) : until])
        return found


def contract(number: int) -> ContractDefined:
    """Define a stock."""
    return ContractDefined(
        con_id=number, symbol=f"S{number:02}", security_type="STK", currency="USD", exchange="SMART",
        primary_exchange="NASDAQ", multiplier=Decimal(1), min_tick=CENT, long_name=f"STOCK {number} INC",
    )  # fmt: skip


@dataclass
class Venue:
    """A broker without a wire: it fills everything at the touch, and its account is right."""

    clock: Clock
    market: Market
    session: Session
    account: str
    beginning: Decimal  # cash, in dollars
    held: dict[int, Decimal] = field(default_factory=dict)
    cost: dict[int, Decimal] = field(default_factory=dict)  # average, commissions in it
    executed: list[OrderFilled] = field(default_factory=list)  # of the day
    charged: dict[str, CommissionCharged] = field(default_factory=dict)
    waiting: list[tuple[OrderPlanned, int]] = field(default_factory=list)
    counter: int = 0

    def __post_init__(self) -> None:
        self.cash = self.beginning

    @property
    def share(self) -> Decimal:
        """How much of the session is over."""
        whole = (self.session.close - self.session.open).total_seconds()
        over = (self.clock.now() - self.session.open).total_seconds()
        return Decimal(max(0, min(int(over), int(whole)))) / Decimal(int(whole))

    def connect(self, book: Book | None) -> Told:
        yield BrokerConnected(
            account=self.account,
            client_id=17,
            server_version=176,
            broker_time=self.clock.now(),
            clock_difference_seconds=0,
        )
        known = {} if book is None else book.contracts
        yield tuple(contract(number) for number in range(1, self.market.contracts + 1) if number not in known)

    def resolve(self, book: Book) -> Told:
        del book
        yield from ()

    def clear_open_orders(self, book: Book) -> Told:
        del book
        yield OpenOrdersObserved(rows=())

    def withdraw(self, book: Book, order_refs: Collection[str]) -> Told:
        del book, order_refs
        yield from ()

    def observe(self, book: Book) -> Told:
        new = [fill for fill in self.executed if fill.key not in book.keys]
        fills = [fact for fill in new for fact in (fill, self.charged[fill.execution_id])]
        yield (*fills, *self._look())

    def _look(self) -> Iterator[Fact]:
        marks = {number: self.market.price(number, self.share) for number in self.held}
        worth = sum((quantity * marks[number] for number, quantity in self.held.items()), Decimal(0))
        gross = sum((abs(quantity) * marks[number] for number, quantity in self.held.items()), Decimal(0))
        nav = (self.cash + worth).quantize(CENT, ROUND_HALF_EVEN)
        margin = (gross / 4).quantize(CENT)
        yield RatesObserved(base_currency="USD", rows=(RateRow(currency="USD", rate=Decimal(1)),))
        yield CashObserved(rows=(CashRow(currency="USD", amount=self.cash.quantize(CENT, ROUND_HALF_EVEN)),))
        yield PositionsObserved(
            rows=tuple(
                PositionRow(
                    con_id=number, symbol=f"S{number:02}", quantity=quantity, average_cost=self.cost[number],
                    currency="USD", mark=marks[number],
                )
                for number, quantity in sorted(self.held.items())
            )
        )  # fmt: skip
        yield NavObserved(
            currency="USD", net_liquidation=nav, accrued_cash=Decimal(0), gross_position_value=gross.quantize(CENT)
        )
        yield MarginObserved(
            currency="USD", initial=margin, maintenance=margin, available_funds=nav - margin,
            excess_liquidity=nav - margin, equity_with_loan=nav, buying_power=4 * (nav - margin),
            settled_cash=self.cash.quantize(CENT, ROUND_HALF_EVEN),
        )  # fmt: skip
        yield OpenOrdersObserved(rows=())
        yield ExecutionsObserved(execution_ids=tuple(sorted(fill.execution_id for fill in self.executed)))

    def quotes(self, book: Book) -> Told:
        del book
        rows = []
        for number in range(1, self.market.contracts + 1):
            last = self.market.price(number, self.share)
            rows.append(
                QuoteRow(
                    con_id=number, symbol=f"S{number:02}", bid=max(last - CENT, CENT), ask=last + CENT, last=last,
                    close=self.market.series[number][-1].open, at=self.clock.now(), shortable=Decimal(1_000_000),
                )
            )  # fmt: skip
        yield QuotesObserved(rows=tuple(rows))

    def check_market_data(self) -> str:
        return "there"

    def preview(self, book: Book) -> Told:
        assert book.cycle is not None
        gross = sum((abs(q) * self.market.price(n, self.share) for n, q in self.held.items()), Decimal(0))
        for row in book.cycle.plan:
            if row.order_ref is not None and row.limit_price is not None:
                after = ((gross + abs(row.quantity) * row.limit_price) / 4).quantize(CENT)
                yield OrderPreviewed(
                    order_ref=row.order_ref, accepted=True, initial_margin_after=after,
                    maintenance_margin_after=after, equity_with_loan_after=self.beginning, commission=Decimal(1),
                )  # fmt: skip

    def send(self, order: OrderPlanned) -> Told:
        self.counter += 1
        assert order.order_ref is not None
        yield intent_of(order, self.account, self.counter)
        self.waiting.append((order, self.counter))
        yield OrderAcknowledged(order_ref=order.order_ref, perm_id=1_000_000 + self.counter, status="Submitted")

    def wait_for_fills(self, book: Book) -> Told:
        del book
        if self.waiting:
            self.clock.sleep(20)
        for order, number in self.waiting:
            touch = self.market.price(order.con_id, self.share)
            touch += CENT if order.quantity > 0 else -CENT
            yield from self._fill(order.con_id, order.quantity, touch, order.order_ref or "", number)
        self.waiting.clear()

    def _fill(self, number: int, quantity: Decimal, price: Decimal, reference: str, order_id: int) -> Iterator[Fact]:
        self.counter += 1
        execution = f"0000e0d5.{self.counter:08x}.01.01"
        commission = -max((abs(quantity) * Decimal("0.005")).quantize(Decimal("0.0001")), Decimal(1))
        self.cash += commission - quantity * price
        before = self.held.get(number, Decimal(0))
        after = before + quantity
        if before * quantity >= 0:
            worth = before * self.cost.get(number, Decimal(0)) + quantity * price - commission
            self.cost[number] = (worth / after).quantize(Decimal("1e-8"))
        elif before * after < 0:
            self.cost[number] = price
        self.held[number] = after
        if not after:
            del self.held[number], self.cost[number]
        fill = OrderFilled(
            account=self.account, execution_id=execution, con_id=number, quantity=quantity, price=price, currency="USD",
            order_ref=reference, perm_id=1_000_000 + order_id, order_id=order_id, client_id=17 if reference else 0,
            venue="ISLAND", occurred_at=self.clock.now(),
        )  # fmt: skip
        self.executed.append(fill)
        self.charged[execution] = CommissionCharged(execution_id=execution, amount=commission, currency="USD")
        yield fill
        yield self.charged[execution]

    def trade_by_hand(self, number: int) -> None:
        """Let the owner buy a little, past tallybook."""
        list(self._fill(number, Decimal(7), self.market.price(number, self.share), "", 0))

    def daily_bars(self, contract: ContractDefined, days: int, before: date) -> tuple[Bar, ...]:
        del contract, days, before
        return ()

    def look(self) -> tuple[Fact, ...]:
        return tuple(self._look())

    def drain(self) -> tuple[Fact, ...]:
        return ()

    def disconnect(self) -> Told:
        yield BrokerDisconnected(client_id=17)
