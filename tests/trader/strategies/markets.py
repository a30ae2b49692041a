"""Bars that strategies are tried on: five real stocks, and closes made up for a purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from ledger.book import Book
from ledger.events import TargetRow
from tests.trader.decisions import AAPL, D, contract, situation, told
from tests.trader.quality.vendors import STOCKS, stock_case
from trader.bars import Bar, Bars, Series

NUMBERS = {symbol: number for number, symbol in enumerate(STOCKS, start=1)}
OLD = tuple(symbol for symbol in STOCKS if symbol != "FB")  # Facebook is younger than a year
FIRST = date(2004, 1, 1)


@cache
def book() -> Book:
    """A book that knows the five stocks."""
    apple = contract(AAPL)
    return told(situation(), *(apple.model_copy(update={"con_id": n, "symbol": s}) for s, n in NUMBERS.items()))


@cache
def stocks(bars: int = 1200, symbols: tuple[str, ...] = OLD, back: int = 0) -> Bars:
    """The last bars of real stocks, or those up to so many days before their end."""
    cut = {symbol: stock_case(symbol).series for symbol in symbols}
    return Bars({NUMBERS[name]: series[-bars - back : len(series) - back] for name, series in cut.items()})


def made(closes: Mapping[str, Sequence[float]]) -> Bars:
    """Bars of made-up closes, a day each."""
    return Bars({NUMBERS[symbol]: _series(numbers) for symbol, numbers in closes.items()})


def _series(closes: Sequence[float]) -> Series:
    prices = [Decimal(repr(round(float(close), 4))) for close in closes]
    return tuple(Bar(FIRST + timedelta(days=day), p, p, p, p, D("1")) for day, p in enumerate(prices))


def scaled(bars: Bars, factor: Decimal) -> Bars:
    """The same market in another unit."""

    def bar_of(bar: Bar) -> Bar:
        opened, high, low, close = (price * factor for price in (bar.open, bar.high, bar.low, bar.close))
        adjusted = None if bar.adjusted_close is None else bar.adjusted_close * factor
        return Bar(bar.day, opened, high, low, close, bar.volume, adjusted)

    return replace(bars, series={con_id: tuple(map(bar_of, series)) for con_id, series in bars.series.items()})


def exposures(rows: Sequence[TargetRow]) -> dict[str, Decimal]:
    """What rows want, as multiples of NAV."""
    return {row.symbol: row.weight * row.leverage for row in rows}
