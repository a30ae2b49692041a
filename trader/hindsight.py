"""Whether a strategy knows what it cannot know yet: the same forecast must come from data that end at its time.

A strategy is asked about several days of the past, each with the bars up to that day, and then again with what must not
matter: see `WAYS`. What differs is hindsight, or a memory, or chance. Pure, but for what the strategy itself does. To
add a way: a function of bars and day that returns what may be told instead of the bars up to that day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from ledger.book import Book
from ledger.events import TargetRow
from trader.bars import Bar, Bars
from trader.strategies import Module, Strategy

LATER = Decimal("0.937")  # by what a dividend or split that comes later multiplies every adjusted close before it
WILD = (Decimal(3), Decimal("0.2"), Decimal(40))
DAYS, APART = 8, 5  # so many days are asked about, a week of sessions between two


class Hindsight(NamedTuple):
    """A day on which a strategy said something else when it was told what must not matter."""

    day: date
    way: str
    symbol: str
    said: Decimal  # weight x leverage, from the bars up to that day
    instead: Decimal


def hindsight(strategy: Strategy, book: Book, bars: Bars, closes_min: int) -> tuple[Hindsight, ...]:
    """Return every difference; StrategyError where the strategy cannot say what to hold on one of the days."""
    days = days_of(bars, closes_min)
    plain = [bars.before(day + timedelta(days=1)) for day in days]
    told = [(way, day, vary(bars, day)) for way, vary in WAYS for day in days]
    forward = _decided(strategy, book, [*plain, *(varied for _, _, varied in told)])
    backward = _decided(strategy, book, plain[::-1])[::-1]
    said = dict(zip(days, forward, strict=False))
    others = [(way, day, rows) for (way, day, _), rows in zip(told, forward[len(days) :], strict=True)]
    others += [("asked in another order", day, rows) for day, rows in zip(days, backward, strict=True)]
    return tuple(difference for way, day, rows in others for difference in _differences(way, day, said[day], rows))


def days_of(bars: Bars, closes_min: int) -> tuple[date, ...]:
    """Return the days that are asked about: the last ones on which every contract has closes enough."""
    shortest = min(bars.series.values(), key=len)
    usable = [bar.day for bar in shortest[max(closes_min, 1) - 1 :]]
    return tuple(usable[::-1][::APART][:DAYS][::-1])


def adjusted_later(bars: Bars, day: date) -> Bars:
    """Return the bars up to a day with the adjusted closes that a source tells after a later dividend or split."""

    def later(bar: Bar) -> Bar:
        return bar if bar.adjusted_close is None else replace(bar, adjusted_close=bar.adjusted_close * LATER)

    cut = bars.before(day + timedelta(days=1))
    return replace(cut, series={con_id: tuple(map(later, series)) for con_id, series in cut.series.items()})


def followed_by_nonsense(bars: Bars, day: date) -> Bars:
    """Return the bars up to a day as the forecast cuts them out of a history that goes on, with nonsense."""
    after = day + timedelta(days=1)
    wild = {con_id: (*series, *_wild(series[-1], day)) for con_id, series in bars.before(after).series.items()}
    return replace(bars, series=wild).before(after)


WAYS: tuple[tuple[str, Callable[[Bars, date], Bars]], ...] = (
    ("a later dividend in the adjusted closes", adjusted_later),
    ("nonsense after the day", followed_by_nonsense),
)


def _wild(last: Bar, day: date) -> Iterator[Bar]:
    for place, factor in enumerate(WILD, start=1):
        price = last.close * factor
        yield Bar(day + timedelta(days=place), price, price, price, price, last.volume, price)


def _decided(strategy: Strategy, book: Book, cases: Sequence[Bars]) -> list[tuple[TargetRow, ...]]:
    """Ask about all cases; a function of the owner's is started once for them."""
    if isinstance(strategy, Module):
        return list(strategy.decide(book, tuple(cases)))
    return [strategy(book, case) for case in cases]


def _differences(way: str, day: date, said: Sequence[TargetRow], instead: Sequence[TargetRow]) -> Iterator[Hindsight]:
    first, second = _exposures(said), _exposures(instead)
    for symbol, exposure in first.items():
        if second[symbol] != exposure:
            yield Hindsight(day, way, symbol, exposure, second[symbol])


def _exposures(rows: Sequence[TargetRow]) -> Mapping[str, Decimal]:
    return {row.symbol: row.weight * row.leverage for row in rows}
