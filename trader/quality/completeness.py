"""Is every bar there, once, whole and of its own day?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby, pairwise

from trader.bars import Bar, Series
from trader.quality.case import Case, Fault, Kind
from trader.quality.measures import is_price

# Without a calendar only what no holiday explains is a gap: Golden Week and the Lunar New Year close ten days.
HOLIDAYS_DAYS_MAX = 11
ROUNDING = Decimal("0.000001")  # of a price: prices that were binary numbers somewhere miss each other by as much
LOOKED_BACK = 60  # bars of which not one was as thin as a partial one
THIN = Decimal("0.25")  # of the thinnest of those: on half days shares are traded too, and holidays come in pairs
STILL = 0.5  # of its bars: a stock that is unchanged as often as that tells nothing by being it
STILL_BARS_MIN = 5
COARSE = 0.02  # of the price: where a tick is more, standing still is how it moves


def each_day_stands_once(case: Case) -> Iterator[Fault]:
    """Report a day that stands twice: a strategy would count it twice."""
    by_day = sorted(case.series, key=lambda bar: bar.day)
    for day, same in groupby(by_day, key=lambda bar: bar.day):
        bars = tuple(same)
        if len(bars) > 1:
            text = f"{len(bars)} bars of one day, {_alike(bars)}; keep the right one"
            yield Fault(Kind.DUPLICATE, day, day, "day", Decimal(len(bars)), Decimal(1), text)


def every_bar_is_possible(case: Case) -> Iterator[Fault]:
    """Expect every price above zero, and between the bar's low and high."""
    for bar in case.series:
        prices = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close}
        if bar.adjusted_close is not None:
            prices["adjusted_close"] = bar.adjusted_close
        if not bar.volume.is_finite() or bar.volume < 0:
            text = f"volume {bar.volume}: expected a number of at least zero; fetch the day again"
            yield Fault(Kind.INCONSISTENT, bar.day, bar.day, "volume", bar.volume, None, text)
        if wrong := [name for name, price in prices.items() if not is_price(price)]:
            text = f"{wrong[0]} {prices[wrong[0]]}: expected a price, above zero; fetch the day again"
            yield Fault(Kind.INCONSISTENT, bar.day, bar.day, wrong[0], prices[wrong[0]], None, text)
            continue
        top, bottom = max(bar.open, bar.close, bar.low), min(bar.open, bar.close)
        if bar.high < top - top * ROUNDING:
            text = f"high {bar.high} is below {top} of the same day; fetch the day again"
            yield Fault(Kind.INCONSISTENT, bar.day, bar.day, "high", bar.high, top, text)
        if bar.low > bottom + bottom * ROUNDING:
            text = f"low {bar.low} is above {bottom} of the same day; fetch the day again"
            yield Fault(Kind.INCONSISTENT, bar.day, bar.day, "low", bar.low, bottom, text)


def no_session_is_missing(case: Case) -> Iterator[Fault]:
    """Report sessions without a bar: they move every average that counts bars."""
    days = case.measures.days
    if case.sessions is None:
        limit = max(HOLIDAYS_DAYS_MAX, 2.5 * case.measures.days_apart)
        for before, after in pairwise(days):
            if (after - before).days > limit:
                text = f"no bar between {before} and {after}: longer than any holidays; fetch these days again"
                yield Fault(Kind.GAP, before, after, "day", Decimal((after - before).days), Decimal(int(limit)), text)
    elif days and case.measures.is_daily:
        there = frozenset(days)
        inside = [day for day in case.sessions if days[0] <= day <= days[-1]]
        for is_there, same in groupby(inside, key=there.__contains__):
            if not is_there:
                missing = tuple(same)
                text = f"no bar for {_sessions(len(missing))}; fetch {'it' if len(missing) == 1 else 'them'} again"
                yield Fault(Kind.GAP, missing[0], missing[-1], "day", Decimal(0), Decimal(len(missing)), text)


def every_bar_has_a_session(case: Case) -> Iterator[Fault]:
    """Report a bar of a closed day: it is another market's, or filled in."""
    if case.sessions and case.measures.is_daily:
        sessions = frozenset(case.sessions)
        for day in case.measures.days:
            if case.sessions[0] <= day <= case.sessions[-1] and day not in sessions:
                text = "a bar, though the exchange was closed; see which exchange the source means, or drop the bar"
                yield Fault(Kind.NO_SESSION, day, day, "day", None, None, text)


def the_last_bar_is_of_the_last_session(case: Case) -> Iterator[Fault]:
    """Report sessions after the last bar: what is decided on it is as many days late."""
    days = case.measures.days
    if case.sessions and days and case.measures.is_daily:
        missing = [day for day in case.sessions if day > days[-1]]
        if missing:
            text = f"the last bar is of {days[-1]}, {_sessions(len(missing))} behind; bring the source up to date"
            yield Fault(Kind.STALE, missing[0], missing[-1], "day", Decimal(0), Decimal(len(missing)), text)


def the_last_bar_is_whole(case: Case) -> Iterator[Fault]:
    """Report a bar that was taken while its day ran: its close is none."""
    bars = case.measures.bars
    if not bars:
        return
    last = bars[-1]
    if case.running is not None and last.day >= case.running:
        text = f"the session of {case.running} is not over; leave its bar out"
        yield Fault(Kind.PARTIAL, last.day, last.day, "day", None, None, text)
        return
    before = bars[-LOOKED_BACK - 1 : -1]
    if len(before) < LOOKED_BACK // 3:
        return
    thinnest = min(bar.volume for bar in before)
    if last.volume < thinnest * THIN:
        text = (
            f"volume {last.volume}, and never below {thinnest} in {len(before)} bars before: taken while the day ran? "
            "fetch it again"
        )
        yield Fault(Kind.PARTIAL, last.day, last.day, "volume", last.volume, thinnest, text)


def prices_move(case: Case) -> Iterator[Fault]:
    """Report a price that stands still for longer than this one ever would: the feed stands still.

    Of a series that is unchanged in one day of p, n days in a row come by chance in p^n; what would not be met in a
    thousand such series is a fault. A stock that hardly trades has a large p, and so has one that moves by less than a
    tick: they are left alone.
    """
    measures = case.measures
    bars = measures.bars
    runs = list(_runs(bars))
    longest = max((last - first for first, last in runs), default=0)
    usual = (sum(last - first for first, last in runs) - longest + 1) / max(1, len(bars) - longest + 1)
    if usual >= STILL:
        return
    for first, last in runs:
        count = last - first
        if measures.tick > min(STILL * measures.sigmas[first], COARSE) * measures.closes[first]:
            continue
        if _is_idle(bars, first, last):
            continue
        if count >= STILL_BARS_MIN and count * math.log(usual) + math.log(len(bars)) < math.log(0.001):
            close = bars[first].close
            text = f"close {close} on {count + 1} bars in a row; see whether it was halted, or the source stands still"
            yield Fault(Kind.UNCHANGED, bars[first].day, bars[last].day, "close", close, None, text)


def _is_idle(bars: Series, first: int, last: int) -> bool:
    """Tell whether nothing was traded in a run, of a stock of which at other times too nothing is."""
    if any(bar.volume for bar in bars[first + 1 : last + 1]):
        return False
    others = [bar.volume == 0 for bar in (*bars[: first + 1], *bars[last + 1 :])]
    return any(others) and not all(others)


def _runs(bars: tuple[Bar, ...]) -> Iterator[tuple[int, int]]:
    """Yield where runs of one close begin and end, those of one bar left out."""
    start = 0
    for place in range(1, len(bars) + 1):
        if place == len(bars) or bars[place].close != bars[start].close:
            if place - 1 > start:
                yield start, place - 1
            start = place


def _alike(bars: tuple[Bar, ...]) -> str:
    return "all equal" if len(set(bars)) == 1 else f"closes {', '.join(str(bar.close) for bar in bars)}"


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"
