"""Clean series of many habits, from a seed: what a check must leave alone, and what faults are injected into.

Every market has fat tails, volatility that comes in clusters, news that moves the price for good on a busy day, and
dividends and splits told truly. To add a market: add it to `MARKETS`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random
from struct import pack, unpack

from trader.bars import Bar
from trader.quality import Case, Dividend, Split

FIRST = date(2019, 1, 2)


@dataclass(frozen=True)
class Market:
    """What a kind of security is like."""

    name: str
    volatility: float  # of a bar
    price: float
    dividend: float  # share of the price, each time
    interval: int = 63  # bars from dividend to dividend
    tick: float = 0.01
    idle: float = 0.0  # share of bars without a trade
    split: float | None = None  # new shares for one
    raw: bool = False  # splits show in the closes
    bars: int = 500
    days_apart: int = 1
    is_fund: bool = False  # one price a day, no volume, capital gains once a year
    rounded: bool = False  # adjusted closes to cents


MARKETS: tuple[Market, ...] = (
    Market("blue chip", 0.012, 140, 0.006, split=2),
    Market("blue chip, splits in its closes", 0.015, 90, 0.005, split=3, raw=True),
    Market("adjusted closes to cents", 0.014, 60, 0.008, rounded=True),
    Market("wild stock", 0.045, 12, 0.0, split=0.1),
    Market("pays twice a year", 0.018, 1500, 0.025, interval=126, tick=0.5),
    Market("penny stock", 0.05, 0.085, 0.0, tick=0.005),
    Market("hardly trades", 0.02, 14, 0.02, interval=126, tick=0.05, idle=0.7),
    Market("fund", 0.009, 80, 0.0, is_fund=True),
    Market("bond fund", 0.002, 100, 0.0025, interval=21),
    Market("weekly", 0.03, 45, 0.01, interval=13, bars=260, days_apart=7, split=4),
    Market("a month", 0.02, 30, 0.01, bars=22, interval=20),
)


@lru_cache(maxsize=256)
def clean(market: Market, seed: int) -> Case:
    """Draw a clean series of a market."""
    rng = Random(f"{market.name} {seed}")
    days = _days(market)
    split_at = rng.randrange(len(days) // 4, 3 * len(days) // 4) if market.split else None
    rows, dividends = _rows(market, rng, days)
    splits = () if split_at is None or market.split is None else (Split(days[split_at], Decimal(str(market.split))),)
    if splits and market.raw:
        rows, dividends = _told_raw(rows, dividends, splits[0])
    series = _adjusted(market, rows, dividends, splits)
    sessions = tuple(days) if market.days_apart == 1 else None
    return Case(series, tuple(dividends), splits, sessions, closes_split_adjusted=None)


def _days(market: Market) -> list[date]:
    days: list[date] = []
    day = FIRST
    while len(days) < market.bars:
        if market.days_apart > 1 or (day.weekday() < 5 and day.timetuple().tm_yday % 37):  # a holiday now and then
            days.append(day)
        day += timedelta(days=market.days_apart)
    return days


def _rows(market: Market, rng: Random, days: list[date]) -> tuple[list[Bar], list[Dividend]]:
    rows: list[Bar] = []
    dividends: list[Dividend] = []
    price, heat, volume = market.price, 1.0, 10 ** rng.uniform(4, 7)
    rate = market.dividend
    for place, day in enumerate(days):
        before = float(rows[-1].close) if rows else price
        paid, gains = _paid(market, rng, place, before, rate)
        if paid:
            dividends.append(Dividend(day, paid, gains))
            rate *= rng.choice((1, 1, 1.05, 0.9))
        if rows and rng.random() < market.idle and not paid:
            rows.append(Bar(day, *(rows[-1].close,) * 4, Decimal(0)))
            continue
        heat = 0.94 * heat + 0.06 * (1 + 2 * rng.random() ** 4 * rng.choice((0, 0, 0, 4)))
        sigma = market.volatility * heat
        overnight, during = 0.5 * sigma * _shock(rng), 0.85 * sigma * _shock(rng)
        news = rng.random() < 0.01 and not market.is_fund
        if news:
            overnight += rng.choice((-1, 1)) * rng.uniform(3, 12) * market.volatility
        opened = max(market.tick, (before - float(paid)) * math.exp(overnight))
        close = max(market.tick, opened * math.exp(during))
        reach = (abs(sigma * rng.gauss(0, 0.4)), abs(sigma * rng.gauss(0, 0.4)))
        traded = 0 if market.is_fund else volume * math.exp(rng.gauss(0, 0.35)) * (rng.uniform(3, 9) if news else 1)
        rows.append(_bar(market, day, opened, close, reach, traded))
    return rows, dividends


def _bar(market: Market, day: date, opened: float, close: float, reach: tuple[float, float], volume: float) -> Bar:
    if market.is_fund:
        price = _ticks(market, close)
        return Bar(day, price, price, price, price, Decimal(0))
    first, last = _ticks(market, opened), _ticks(market, close)
    high = max(first, last, _ticks(market, max(opened, close) * math.exp(reach[0])))
    low = min(first, last, _ticks(market, min(opened, close) * math.exp(-reach[1])))
    return Bar(day, first, high, low, last, Decimal(int(volume)))


def _paid(market: Market, rng: Random, place: int, before: float, rate: float) -> tuple[Decimal, Decimal]:
    if market.is_fund:
        if place % 250 != 240:
            return Decimal(0), Decimal(0)
        amount = _significant(before * rng.uniform(0.03, 0.09))
        return amount, _significant(float(amount) * rng.uniform(0.5, 0.9))
    if not market.dividend or place == 0 or place % market.interval != market.interval // 2:
        return Decimal(0), Decimal(0)
    return _significant(before * rate), Decimal(0)


def _told_raw(rows: list[Bar], dividends: list[Dividend], split: Split) -> tuple[list[Bar], list[Dividend]]:
    """Put a split into the closes: what was before it, in old shares."""
    rows = [scaled(bar, split.ratio, 1 / split.ratio) if bar.day < split.ex_day else bar for bar in rows]
    told = [
        Dividend(it.ex_day, it.amount * split.ratio, it.capital_gains * split.ratio) if it.ex_day < split.ex_day else it
        for it in dividends
    ]
    return rows, told


def _adjusted(market: Market, rows: list[Bar], dividends: list[Dividend], splits: tuple[Split, ...]) -> tuple[Bar, ...]:
    factor, adjusted = 1.0, list[Bar]()
    paid = {it.ex_day: float(it.amount) for it in dividends}
    ratios = {it.ex_day: float(it.ratio) for it in splits} if market.raw else {}
    for place in range(len(rows) - 1, -1, -1):
        bar = rows[place]
        price = binary(float(bar.close) * factor)
        adjusted.append(_with_adjusted(bar, round(price, 2) if market.rounded else price))
        if place:
            factor *= 1 - paid.get(bar.day, 0.0) / float(rows[place - 1].close)
            factor /= ratios.get(bar.day, 1.0)
    return tuple(reversed(adjusted))


def _with_adjusted(bar: Bar, price: float) -> Bar:
    return Bar(bar.day, bar.open, bar.high, bar.low, bar.close, bar.volume, Decimal(repr(price)))


def scaled(bar: Bar, factor: Decimal, volume: Decimal = Decimal(1)) -> Bar:
    """Multiply every price of a bar, the adjusted close too where there is one."""
    adjusted = None if bar.adjusted_close is None else bar.adjusted_close * factor
    prices = (bar.open, bar.high, bar.low, bar.close)
    opened, high, low, close = (price * factor for price in prices)
    return Bar(bar.day, opened, high, low, close, (bar.volume * volume).to_integral_value(), adjusted)


def binary(price: float) -> float:
    """Return a price as a vendor's binary number of four bytes has it."""
    found: float = unpack("f", pack("f", price))[0]
    return found


def _shock(rng: Random) -> float:
    """Draw from Student's distribution with four degrees of freedom, of variance one, and never beyond eight."""
    chi = sum(rng.gauss(0, 1) ** 2 for _ in range(4)) / 4
    return max(-8.0, min(8.0, rng.gauss(0, 1) / math.sqrt(chi) / math.sqrt(2)))


def _ticks(market: Market, price: float) -> Decimal:
    tick = Decimal(str(market.tick))
    return max(tick, (Decimal(price) / tick).to_integral_value() * tick)


def _significant(amount: float) -> Decimal:
    return Decimal(f"{amount:.3g}")
