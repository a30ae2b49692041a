"""Sixty sessions of a made-up market with dividends and splits, and an account that trades on all of them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from xml.etree.ElementTree import Element, fromstring

from tests.trader.simulator.small_market import ACCOUNT, at
from trader.simulator.account import Account
from trader.simulator.bars import DailyBar, DailyBars, Series
from trader.simulator.contracts import Contract, contract_of_row
from trader.simulator.exchange import Exchange
from trader.simulator.market import Market
from trader.simulator.sessions import sessions_between
from trader.simulator.statement import write_statement
from trader.simulator.statements import Archive
from trader.simulator.terms import Terms

SIZES = {
    "STK": (-300, -101, -7, 5, 99, 250),
    "OPT": (-3, -1, 2, 4),
    "FUT": (-2, -1, 1, 3),
    "CASH": (-25_000, -900, 1_000, 40_000),
}
FIRST = date(2005, 1, 3)
DAYS = [session.date for session in sessions_between(FIRST, FIRST + timedelta(days=100))][:61]
TICKERS = ("AAA", "BBB", "CCC")
OTHERS: tuple[dict[str, str], ...] = (
    {"ticker": "EUR.USD", "type": "CASH", "tick": "0.00005", "commission currency": "EUR"},
    {"ticker": "ESH5", "type": "FUT", "symbol": "ES", "multiplier": "50", "tick": "0.25", "expiry": "2005-03-18"},
    {"ticker": "ESM5", "type": "FUT", "symbol": "ES", "multiplier": "50", "tick": "0.25", "expiry": "2005-06-17"},
    *(
        {"ticker": f"CCC {right}{strike}", "type": "OPT", "symbol": "CCC", "underlying": "CCC", "tick": "0.05",
         "right": right, "strike": strike, "expiry": expiry}
        for right, strike, expiry in (
            ("C", "20", "2005-01-21"), ("P", "90", "2005-01-21"), ("C", "45", "2005-02-18"), ("P", "45", "2005-02-18"),
            ("C", "90", "2005-03-18"), ("P", "20", "2005-03-18"),
        )
    ),
)  # fmt: skip
EVERYTHING = Terms(
    dividends=True,
    splits=True,
    statements=True,
    credit_rate=Decimal("0.021"),
    debit_rate=Decimal("0.055"),
    borrow_rate=Decimal("0.0125"),
)


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


def busy_market(seed: int, others: bool = False) -> Market:
    """Return the market, with or without contracts that are no stocks."""
    chance = Random(seed)
    series = {ticker: walk(ticker, chance) for ticker in TICKERS}
    if not others:
        return Market(DailyBars(series), seed)
    listed = {row["ticker"]: contract_of_row(row) for row in OTHERS}
    for ticker, contract in listed.items():
        series[ticker] = other_walk(contract, chance)
    return Market(DailyBars(series), seed, listed)


def other_walk(contract: Contract, chance: Random) -> Series:
    """Return daily rows in whole ticks, until the contract expires."""
    tick = contract.min_tick
    price, step = {"FUT": (Decimal(1200), 60), "OPT": (Decimal("2.5"), 4)}.get(
        contract.security_type, (Decimal("1.3"), 200)
    )
    bars = []
    for day in DAYS:
        if contract.expiry is not None and day > contract.expiry:
            break
        close = max(tick, price + chance.randint(-step, step) * tick)
        bars.append(DailyBar(day, price, max(price, close) + tick, min(price, close), close, 5_000_000))
        price = close
    return Series(contract.name, tuple(bars))


def busy_exchange(seed: int, terms: Terms = EVERYTHING, market: Market | None = None) -> Exchange:
    """Return the venue after all sessions but the last, which is only there for what happens before it."""
    chance = Random(f"trades {seed}")
    market = market or busy_market(seed)
    others = len(market.contracts) > len(TICKERS)
    exchange = Exchange(market, Account(ACCOUNT, Decimal(500_000)), at("00:00", FIRST), seed, terms)
    for day in DAYS[:-1]:
        names = [each.name for each in market.contracts if each.expiry is None or day <= each.expiry]
        exchange.advance(at("10:00", day) + timedelta(seconds=chance.randint(0, 9_000)))
        for _ in range(chance.randint(0, 3)):
            traded = market.contract_of(chance.choice(names))
            assert traded is not None
            exchange.trade_by_hand(traded.name, Decimal(chance.choice(SIZES[traded.security_type])))
        if chance.random() < 0.1:
            currency = chance.choice(("USD", "EUR")) if others else "USD"
            exchange.move_cash(Decimal(chance.randint(-500_000, 900_000)) / 100, currency)
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
