"""Sixty sessions of a made-up market with dividends and splits, and an account that trades on all of them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from xml.etree.ElementTree import Element, fromstring

from tests.trader.simulator.small_market import ACCOUNT, at
from trader.simulator.account import Account
from trader.simulator.bars import DailyBar, DailyBars, Series
from trader.simulator.exchange import Exchange
from trader.simulator.market import Market
from trader.simulator.sessions import sessions_between
from trader.simulator.statement import write_statement
from trader.simulator.statements import Archive
from trader.simulator.terms import Terms

FIRST = date(2005, 1, 3)
DAYS = [session.date for session in sessions_between(FIRST, FIRST + timedelta(days=100))][:61]
TICKERS = ("AAA", "BBB", "CCC")
EVERYTHING = Terms(dividends=True, splits=True, statements=True)


def walk(ticker: str, chance: Random) -> Series:
    """Return daily rows that go up and down, with a dividend stated now and then and two splits."""
    price, bars = Decimal(chance.randint(2000, 9000)) / 100, []
    for place, day in enumerate(DAYS):
        split = Decimal(2) if place in (17, 41) and ticker != "CCC" else None
        price = price / 2 if split else price
        close = max(Decimal("5.00"), price + Decimal(chance.randint(-200, 200)) / 100).quantize(Decimal("0.01"))
        opened = price.quantize(Decimal("0.01"))
        high, low = max(opened, close) + Decimal("0.30"), min(opened, close) - Decimal("0.25")
        dividend = Decimal(chance.randint(1, 90)) / 100 if chance.random() < 0.15 else Decimal(0)
        bars.append(DailyBar(day, opened, high, low, close, 5_000_000, None, split, dividend))
        price = close
    return Series(ticker, tuple(bars))


def busy_market(seed: int) -> Market:
    """Return the market."""
    chance = Random(seed)
    return Market(DailyBars({ticker: walk(ticker, chance) for ticker in TICKERS}), seed)


def busy_exchange(seed: int, terms: Terms = EVERYTHING, market: Market | None = None) -> Exchange:
    """Return the venue after all sessions but the last, which is only there for what happens before it."""
    chance = Random(f"trades {seed}")
    market = market or busy_market(seed)
    exchange = Exchange(market, Account(ACCOUNT, Decimal(500_000)), at("00:00", FIRST), seed, terms)
    symbols = [contract.symbol for contract in market.contracts]
    for day in DAYS[:-1]:
        exchange.advance(at("10:00", day) + timedelta(seconds=chance.randint(0, 9_000)))
        for _ in range(chance.randint(0, 3)):
            exchange.trade_by_hand(chance.choice(symbols), Decimal(chance.choice((-300, -101, -7, 5, 99, 250))))
        if chance.random() < 0.1:
            exchange.move_cash(Decimal(chance.randint(-500_000, 900_000)) / 100)
    exchange.advance(at("21:00", DAYS[-2]))
    return exchange


def archive_of(exchange: Exchange) -> Archive:
    """Return the archive of a venue that closes its books."""
    archive = exchange.settlement.archive
    assert archive is not None
    return archive


def statement_of(exchange: Exchange, last: date | None = None, first: date | None = None) -> Element:
    """Return the statement of a day or a period, as a client reads it."""
    statement = fromstring(write_statement(archive_of(exchange).period(last, first))).find(".//FlexStatement")
    assert statement is not None
    return statement


def amount(row: Element | None, name: str) -> Decimal:
    """Return a figure of a row."""
    assert row is not None
    return Decimal(row.attrib[name])
