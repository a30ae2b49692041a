"""A made-up market of four days for one case: stocks, an option, a future, a currency, and what they pay or become."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random

from trader.simulator.bars import DailyBar, DailyBars, Series
from trader.simulator.contracts import Contract, contract_of_row
from trader.simulator.market import Market

YESTERDAY, TODAY, TOMORROW = date(2005, 2, 28), date(2005, 3, 1), date(2005, 3, 2)
DAYS = (YESTERDAY, TODAY, TOMORROW, date(2005, 3, 3))
STOCKS = ("ALDER", "BIRCH", "CEDAR", "DOGWD", "ELMTR", "FERNS", "GINKO", "HAZEL", "IVYLF", "JASMN", "KAPOK", "LARCH")
FUTURE, PAIR = "ESH5", "EUR.USD"
TICK = Decimal("0.01")


@dataclass
class Plan:
    """What the market of a case holds, decided before its bars are drawn."""

    chance: Random
    dividends: dict[str, Decimal] = field(default_factory=dict)  # a share, on today's ex-date
    splits: dict[str, Fraction] = field(default_factory=dict)  # this morning
    options: list[dict[str, str]] = field(default_factory=list)  # rows of contracts.csv
    prices: dict[str, Decimal] = field(default_factory=dict)  # of yesterday's open, where a kind needs one
    still: set[str] = field(default_factory=set)  # tickers whose price does not move
    taken: set[str] = field(default_factory=set)

    def pick(self) -> str:
        """Take a stock that no other injection of the case uses."""
        ticker = self.chance.choice([each for each in STOCKS if each not in self.taken])
        self.taken.add(ticker)
        return ticker

    def cents(self, least: int, most: int) -> Decimal:
        """Draw an amount of so many cents."""
        return Decimal(self.chance.randint(least, most)) / 100

    def option(self, underlying: str, right: str, strike: Decimal, expiry: date) -> str:
        """List an option; return its ticker."""
        ticker = f"{underlying} {right}{strike}"
        row = {"ticker": ticker, "type": "OPT", "symbol": underlying, "underlying": underlying, "tick": "0.05"}
        self.options.append({**row, "right": right, "strike": str(strike), "expiry": expiry.isoformat()})
        return ticker


def market_of(plan: Plan, seed: int) -> Market:
    """Draw the bars that a plan asks for."""
    chance = Random(f"bars {seed}")
    series = {ticker: _stock(ticker, plan, chance) for ticker in STOCKS}
    rows = [
        {"ticker": PAIR, "type": "CASH", "tick": "0.00005"},
        {"ticker": FUTURE, "type": "FUT", "symbol": "ES", "multiplier": "50", "tick": "0.25", "expiry": "2005-03-18"},
        *plan.options,
    ]
    listed = {row["ticker"]: contract_of_row(row) for row in rows}
    for ticker, contract in listed.items():
        series[ticker] = _other(contract, chance)
    return Market(DailyBars(series), seed, listed)


def _stock(ticker: str, plan: Plan, chance: Random) -> Series:
    price, bars = plan.prices.get(ticker, Decimal(chance.randint(900, 18_000)) / 100), []
    for day in DAYS:
        ratio = plan.splits.get(ticker) if day == TODAY else None
        if ratio:
            price = (price * ratio.denominator / ratio.numerator).quantize(TICK)
        dividend = plan.dividends.get(ticker, Decimal(0)) if day == TODAY else Decimal(0)
        step = 0 if ticker in plan.still else chance.randint(-120, 120)
        close = max(Decimal("2.00"), price + price * step / 10_000).quantize(TICK)
        split = None if ratio is None else Decimal(ratio.numerator) / Decimal(ratio.denominator)
        high, low = max(price, close), min(price, close)
        bars.append(DailyBar(day, price, high, low, close, 40_000_000, None, split, dividend))
        price = close
    return Series(ticker, tuple(bars))


def _other(contract: Contract, chance: Random) -> Series:
    tick = contract.min_tick
    price, step = {"FUT": (Decimal(1200), 40), "OPT": (Decimal("1.45"), 3)}.get(
        contract.security_type, (Decimal("1.3"), 160)
    )
    bars = []
    for day in DAYS:
        if contract.expiry is not None and day > contract.expiry:
            break
        close = max(tick, price + chance.randint(-step, step) * tick)
        bars.append(DailyBar(day, price, max(price, close), min(price, close), close, 5_000_000))
        price = close
    return Series(contract.name, tuple(bars))
