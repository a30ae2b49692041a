"""Does the price believe the dividends?

On its ex-day a price opens lower by the dividend. One day says little of a small dividend; for one that is a hundred
times too large it says enough, and for many together too. Every claim here needs the prices on its side: that a
dividend differs from the others is no fault.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from statistics import median

from trader.quality.case import Case, Dividend, Fault, Kind
from trader.quality.measures import Measures, is_price, is_ratio, likelihood, place_of

UNSEEN = 5.5  # logarithm of a likelihood ratio, at the open and at the close: a miss by five sigmas
SPOKEN = 0.5  # logarithm of a likelihood ratio: the price rather says so
CLEAR = 6.0  # price and the other dividends together
CONTRADICTED = -2.5  # and the price says clearly not so, whatever the dividends before and after are like
NEIGHBOURS = 3  # dividends before, and after: over years they grow, or are cut
PRICES_ALONE = 3.0  # where all dividends are in the same doubt, and none can be compared with
CLOSE_TOGETHER_DAYS = 30
UNITS = (100.0, 0.01)
FEW_DAYS = 10  # where too few dividends are known to tell how often they come
ALIKE = 1.25  # two dividends of one announcement, in another currency's rate or net of a tax
SPREAD_MIN = 0.3  # of the dividends' logarithms: dividends do rise
REGULAR = math.log(1.5)  # all neighbours within this of their median
PUNCTUAL = 0.2  # of the time between two dividends
REGULAR_MIN = 4  # times that they came like that
YIELD_MAX = 0.9  # what a company may pay out and go on


def dividends_are_possible(case: Case) -> Iterator[Fault]:
    """No dividend is negative or as large as the price, nor a gain larger than what holds it."""
    measures = case.measures
    for dividend in case.dividends or ():
        place = place_of(measures.days, dividend.ex_day)
        wrong = [it for it in (dividend.amount, dividend.capital_gains) if it and not is_price(it)]
        if wrong:
            text = f"dividend {wrong[0]}: expected an amount above zero; correct it"
            yield _fault(dividend, None, text)
        elif place is not None and float(dividend.amount) >= YIELD_MAX * measures.closes[place - 1]:
            before = measures.bars[place - 1].close
            text = f"dividend {_plain(dividend.amount)} of a price of {_plain(before)}; see it in a second source"
            yield _fault(dividend, before, text)


def prices_fall_by_dividends(case: Case) -> Iterator[Fault]:
    """Report dividends that the price does not know, or knows to be in another unit."""
    if not case.measures.moves:
        return
    judged = {place: dividend for dividend in case.payable if (place := _place(case, dividend)) is not None}
    if _all_too_small(case.measures, judged):
        for dividend in judged.values():
            expected = dividend.amount * 100
            text = f"dividend {_plain(dividend.amount)}: on all ex-days together the price falls by a hundred times as "
            text += f"much, {_plain(expected)}; bring dividends and prices into one unit"
            yield _fault(dividend, expected, text)
        return
    for place, dividend in judged.items():
        factor = _in_another_unit(case, place, dividend, judged)
        if factor is not None:
            expected = Decimal(repr(float(f"{float(dividend.amount) * factor:.6g}")))
            text = f"dividend {_plain(dividend.amount)}: the price fell as for {_plain(expected)}, and the others are "
            text += "like that; see it in a second source"
            yield _fault(dividend, expected, text)
        elif _is_unseen(case.measures, place, dividend):
            text = f"dividend {_plain(dividend.amount)}, and the price did not fall by it; see it in a second source"
            yield _fault(dividend, Decimal(0), text)


def dividends_stand_once(case: Case) -> Iterator[Fault]:
    """Two like dividends within days, where the price fell by one, are one dividend told twice."""
    measures = case.measures
    ordered = case.payable
    apart = [(after.ex_day - before.ex_day).days for before, after in pairwise(ordered)]
    usual = median(apart) if len(apart) > 2 else 3 * FEW_DAYS
    excuse = CLEAR if len(apart) > 2 else SPOKEN  # a habit of years weighs more than one day's price
    for before, after in pairwise(ordered):
        days = (after.ex_day - before.ex_day).days
        if days > min(CLOSE_TOGETHER_DAYS, usual / 3):
            continue
        if _alike(float(after.amount / before.amount)) and not _paid_twice(measures, before, after, excuse):
            within = "a day" if days == 1 else f"{days} days"
            text = (
                f"dividends {_plain(before.amount)} and {_plain(after.amount)} within {within}, and the price fell by "
            )
            text += "one of them; take one back"
            yield Fault(Kind.DIVIDEND, before.ex_day, after.ex_day, "dividend", Decimal(2), Decimal(1), text)


def gains_stand_once(case: Case) -> Iterator[Fault]:
    """Report a fund's distributions in which the capital gains stand twice: the price falls by them once."""
    measures, said = case.measures, 0.0
    with_gains = {
        place: it for it in case.payable if is_price(it.capital_gains) and (place := _place(case, it)) is not None
    }
    for place, dividend in with_gains.items():
        before = measures.closes[place - 1]
        once = float(dividend.amount - dividend.capital_gains) / before
        if once < 0:
            text = (
                f"capital gains {_plain(dividend.capital_gains)} in a distribution of {_plain(dividend.amount)}; see "
            )
            text += "it in a second source"
            yield Fault(Kind.CAPITAL_GAINS, dividend.ex_day, dividend.ex_day, "dividend", dividend.amount, None, text)
            continue
        said += _evidence(measures, place, once, float(dividend.amount) / before)[1]
    if measures.moves and said > PRICES_ALONE:
        for dividend in with_gains.values():
            once_paid = dividend.amount - dividend.capital_gains
            text = (
                f"distribution {_plain(dividend.amount)}, but the price falls as for {_plain(once_paid)}: the capital "
            )
            text += f"gains {_plain(dividend.capital_gains)} stand in it twice; take them out once"
            day = dividend.ex_day
            yield Fault(Kind.CAPITAL_GAINS, day, day, "dividend", dividend.amount, once_paid, text)


def no_dividend_is_missing(case: Case) -> Iterator[Fault]:
    """Report where one of a row of dividends, that come as by the clock, is not told."""
    ordered = sorted({dividend.ex_day for dividend in case.payable})
    apart = [(after - before).days for before, after in pairwise(ordered)]
    if not case.events_complete or len(apart) <= REGULAR_MIN:
        return
    usual = median(apart)
    long = [number for number, days in enumerate(apart) if abs(days - usual) > PUNCTUAL * usual]
    if len(long) == 1 and abs(apart[long[0]] - 2 * usual) < PUNCTUAL * usual:
        before, after = ordered[long[0]], ordered[long[0] + 1]
        text = f"no dividend between {before} and {after}, and else one every {usual:.0f} days; see a second source"
        yield Fault(Kind.DIVIDEND, before, after, "dividend", Decimal(0), Decimal(1), text)


def _place(case: Case, dividend: Dividend) -> int | None:
    """Return the place of its ex-day where a price can be asked: there was a trade, and the amount is possible."""
    measures = case.measures
    place = place_of(measures.days, dividend.ex_day)
    if place is None:
        return None
    possible = 0 < float(dividend.amount) < YIELD_MAX * measures.closes[place - 1]
    return place if possible else None


def _evidence(measures: Measures, place: int, other: float, told: float) -> tuple[float, float]:
    """Return how much rather the price fell by one share of itself than by another: at the open, and at the close."""
    ratio = float(measures.splits.get(place, Decimal(1)))
    found = []
    at_open = (measures.gaps[place], max(measures.gap_sigma, measures.sigmas[place] / 3))
    at_close = (measures.returns[place], measures.sigmas[place])
    for move, sigma in (at_open if measures.is_daily else at_close, at_close):  # a week may open before its ex-day
        rest = min(move, move + math.log(ratio), key=abs)
        found.append(likelihood(rest, math.log1p(-other), sigma) - likelihood(rest, math.log1p(-told), sigma))
    return found[0], found[1]


def _in_another_unit(case: Case, place: int, dividend: Dividend, judged: dict[int, Dividend]) -> float | None:
    """Return what the amount should be multiplied by, where the price and the other dividends agree on it."""
    measures = case.measures
    ordered = [it for _, it in sorted(judged.items())]
    own = ordered.index(dividend)
    near = ordered[max(0, own - NEIGHBOURS) : own] + ordered[own + 1 : own + 1 + NEIGHBOURS]
    others = [math.log(float(it.amount)) for it in near]
    if len(others) < 2:
        return None
    middle = median(others)
    is_regular = len(others) > 2 and all(abs(other - middle) <= REGULAR for other in others)
    usual = max(SPREAD_MIN, 1.4826 * median([abs(other - middle) for other in others]))
    amount, before = float(dividend.amount), measures.closes[place - 1]
    for factor in (*UNITS, *_splits_after(case, place)):
        if amount * factor >= YIELD_MAX * before:
            continue
        price = min(_evidence(measures, place, amount * factor / before, amount / before))
        alike = likelihood(math.log(amount * factor), middle, usual) - likelihood(math.log(amount), middle, usual)
        if price > SPOKEN and price + alike > CLEAR:
            return factor
        if (
            is_regular
            and factor in UNITS
            and price > CONTRADICTED
            and abs(math.log(amount * factor) - middle) <= REGULAR
        ):
            return factor
    return None


def _splits_after(case: Case, place: int) -> Iterator[float]:
    """Yield what later splits make of one share: a dividend of old shares beside prices of new ones."""
    for day, ratio in case.measures.splits.items():
        if day >= place and is_ratio(ratio):
            yield 1 / float(ratio)


def _all_too_small(measures: Measures, judged: dict[int, Dividend]) -> bool:
    """Tell whether the prices, over all dividends, fall a hundred times as much."""
    opens = closes = 0.0
    for place, dividend in judged.items():
        share = float(dividend.amount) / measures.closes[place - 1]
        if share * 100 >= 0.5:
            return False
        at_open, at_close = _evidence(measures, place, share * 100, share)
        opens, closes = opens + at_open, closes + at_close
    return len(judged) > 1 and max(opens, closes) > PRICES_ALONE


def _is_unseen(measures: Measures, place: int, dividend: Dividend) -> bool:
    share = float(dividend.amount) / measures.closes[place - 1]
    if measures.bars[place].volume == 0 and measures.typical_volume(place) > 0:
        return False  # not traded that day
    return min(_evidence(measures, place, 0.0, share)) > UNSEEN


def _alike(ratio: float) -> bool:
    return any(1 / ALIKE < ratio * unit < ALIKE for unit in (1.0, 100.0, 0.01))


def _paid_twice(measures: Measures, one: Dividend, other: Dividend, excuse: float) -> bool:
    """Tell whether the price rather fell by both than by the smaller alone."""
    first, last = place_of(measures.days, one.ex_day), place_of(measures.days, other.ex_day)
    if first is None or last is None:
        return True  # nothing says no
    before = measures.closes[first - 1]
    smaller, both = float(min(one.amount, other.amount)) / before, float(one.amount + other.amount) / before
    if both >= 1:
        return False
    move = sum(measures.returns[first : last + 1])
    sigma = measures.sigmas[first] * math.sqrt(last - first + 1)
    return likelihood(move, math.log1p(-both), sigma) > likelihood(move, math.log1p(-smaller), sigma) + excuse


def _fault(dividend: Dividend, expected: Decimal | None, text: str) -> Fault:
    day = dividend.ex_day
    return Fault(Kind.DIVIDEND, day, day, "dividend", dividend.amount, expected, text)


def _plain(number: Decimal) -> str:
    return f"{float(number):.6g}"
