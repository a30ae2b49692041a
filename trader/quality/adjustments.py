"""Do the adjusted closes, the closes, the dividends and the splits tell one story?

The adjusted close over the close is a staircase: it steps up by close / (close - dividend) where a dividend goes ex,
and by the ratio where a split shows in the closes; else it is level. Each step is compared with what is known. A step
is judged to the last digit that the source prints: `_rounding` measures that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal

from trader.bars import Bar
from trader.quality.case import Case, Fault, Kind
from trader.quality.jumps import moves
from trader.quality.measures import Measures, is_ratio, likelihood

NEAR = 0.1  # of a step: formulas that divide by another close differ by less
BINARY = 4e-7  # adjusted closes are often binary numbers of seven digits
DIGITS_KEPT = 12
UNITS = (100.0, 0.01)
SPLIT_SIGMAS = 5  # below, a split that shows and one that does not look alike
STEP_BACK_BARS = 10
UNSEEN = 5.5  # logarithm of a likelihood ratio, as in `dividends.py`


def adjusted_closes_follow(case: Case) -> Iterator[Fault]:
    """Compare every step of the staircase with the dividend and the split of its day."""
    measures = case.measures
    if not measures.factors:
        return
    broken = _broken(case)
    for place in range(1, len(measures.bars)):
        is_level = abs(measures.factors[place] - measures.factors[place - 1]) < BINARY
        if is_level and place not in measures.dividends and place not in measures.splits:
            continue
        if place in broken or place - 1 in broken:
            continue  # told already, and the closes are no measure there
        yield from _step(case, place)


def splits_show_alike(case: Case) -> Iterator[Fault]:
    """Expect a source to take all splits out of its closes, or none."""
    measures = case.measures
    showing = {place: shows for place in measures.splits if (shows := _shows(measures, place)) is not None}
    told = case.closes_split_adjusted
    usual = (sum(showing.values()) * 2 > len(showing)) if told is None else not told
    if told is None and len(set(showing.values())) < 2:
        return
    for place, shows in showing.items():
        if shows != usual:
            ratio, bar = measures.splits[place], measures.bars[place]
            before = measures.bars[place - 1].close
            word = "shows in the closes" if shows else "does not show in the closes"
            rest = "though this source takes splits out of them" if shows else "though splits do in this source"
            text = f"split of {_plain(ratio)} new shares for one {word} ({before}, then {bar.close}), {rest}"
            text += "; fetch the series anew, or take the split back"
            yield Fault(Kind.SPLIT, bar.day, bar.day, "close", bar.close, _after(before, ratio, not shows), text)


def splits_stand_once(case: Case) -> Iterator[Fault]:
    """Report the same ratio twice within days: one split told twice."""
    splits = sorted(case.splits or (), key=lambda it: it.ex_day)
    for number, split in enumerate(splits):
        if not is_ratio(split.ratio):
            text = f"split of {split.ratio} new shares for one: expected one above zero that can be; correct it"
            yield Fault(Kind.SPLIT, split.ex_day, split.ex_day, "split", split.ratio, None, text)
            continue
        for other in splits[number + 1 :]:
            if (other.ex_day - split.ex_day).days <= STEP_BACK_BARS and other.ratio == split.ratio:
                text = f"two splits of {_plain(split.ratio)} new shares for one, days apart; take one of them back"
                yield Fault(Kind.SPLIT, split.ex_day, other.ex_day, "split", Decimal(2), Decimal(1), text)


def _step(case: Case, place: int) -> Iterator[Fault]:
    measures = case.measures
    found = measures.factors[place] - measures.factors[place - 1]
    amount, gains = measures.dividends.get(place, (Decimal(0), Decimal(0)))
    before = measures.closes[place - 1]
    paid = _paid(amount, before)
    if paid is None:
        return  # a dividend above the price: told by its own check
    split = _split_step(case, place)
    if split is None:
        return
    room = _rounding(measures.bars[place - 1], measures.bars[place]) + _half_unit(amount) / before
    near = NEAR if measures.is_daily else max(NEAR, SPLIT_SIGMAS * measures.sigmas[place])
    if abs(found - paid - split) <= room + near * paid:
        return
    if split or (case.splits and place in measures.splits and _is_ratio(found, measures.splits[place])):
        yield _split_fault(measures, place, found)
    elif paid and abs(found - split) > room and gains > 0 and _twice(measures, place, found, amount, gains):
        if _gains_apart(measures) <= 0:
            yield _gains_fault(measures, place, found, amount, gains)
    elif paid:
        yield _dividend_fault(measures, place, found, amount)
    elif case.all_dividends_told or found < 0 or _comes_back(measures, place, found) or _is_unseen(case, place, found):
        yield _unknown_step(case, place, found)


def _split_step(case: Case, place: int) -> float | None:
    """Return what a split adds to the step: nothing where it does not show in the closes; None: not to be told."""
    measures = case.measures
    if place not in measures.splits and not case.all_splits_told:
        found = measures.factors[place] - measures.factors[place - 1]
        undone = abs(found + measures.returns[place]) <= max(SPLIT_SIGMAS * measures.sigmas[place], 0.05)
        return None if undone and abs(found) > math.log(1.2) else 0.0  # a split that only the source knows
    if place not in measures.splits:
        return 0.0
    shows = _shows(measures, place)
    if shows is None:  # too small a split to tell: both are right
        size, found = math.log(float(measures.splits[place])), measures.factors[place] - measures.factors[place - 1]
        return min(0.0, size, key=lambda step: abs(found - step))
    return math.log(float(measures.splits[place])) if shows else 0.0


def _shows(measures: Measures, place: int) -> bool | None:
    """Tell whether the closes move by a split's ratio on its day; None where that cannot be seen."""
    size = math.log(float(measures.splits[place]))
    if abs(size) < SPLIT_SIGMAS * measures.sigmas[place]:
        return None
    amount, _ = measures.dividends.get(place, (Decimal(0), Decimal(0)))
    paid = _paid(amount, measures.closes[place - 1]) or 0.0
    shown, hidden = (
        min(abs(measures.returns[place] + move), abs(measures.returns[place] + move + paid)) for move in (size, 0.0)
    )
    return shown < hidden


def _dividend_fault(measures: Measures, place: int, found: float, amount: Decimal) -> Fault:
    implied = _amount(measures, place, found)
    if abs(found) <= _rounding(measures.bars[place - 1], measures.bars[place]):
        text = f"dividend {_plain(amount)} is not taken out of the adjusted closes before it; fetch the series anew"
        return _fault(Kind.ADJUSTMENT, measures, place, Decimal(0), amount, text)
    unit = next((unit for unit in UNITS if abs(float(implied) / (float(amount) * unit) - 1) < 0.2), None)
    which = "" if unit is None else f", {unit:g} times as much"
    text = (
        f"dividend {_plain(amount)}, but the adjusted closes say {implied}{which}; see the dividend in a second source"
    )
    return _fault(Kind.DIVIDEND, measures, place, amount, implied, text)


def _gains_fault(measures: Measures, place: int, found: float, amount: Decimal, gains: Decimal) -> Fault:
    implied = _amount(measures, place, found)
    text = (
        f"adjusted closes take out {implied}: the distribution {_plain(amount)} and once more the capital gains "
        f"{_plain(gains)} in it; take the gains out once"
    )
    return _fault(Kind.CAPITAL_GAINS, measures, place, implied, amount, text)


def _split_fault(measures: Measures, place: int, found: float) -> Fault:
    ratio = measures.splits[place]
    implied = Decimal(repr(round(math.exp(found), 4)))
    shown = "shows in the closes" if _shows(measures, place) else "is taken out of the closes already"
    text = (
        f"split of {_plain(ratio)} new shares for one {shown}, but the adjusted closes step by {implied}: not "
        "adjusted, or adjusted twice; fetch the series anew"
    )
    return _fault(Kind.SPLIT, measures, place, implied, ratio, text)


def _unknown_step(case: Case, place: int, found: float) -> Fault:
    measures = case.measures
    implied = _amount(measures, place, found)
    if found < 0:
        text = "adjusted closes step down, as no dividend makes them; fetch the series anew"
    elif not case.all_dividends_told:
        text = (
            f"adjusted closes step as for a dividend of {implied}, that the price does not know; fetch the series anew"
        )
    else:
        text = f"adjusted closes step as for a dividend of {implied}, and none is known; announce it, or fetch anew"
    return _fault(Kind.ADJUSTMENT, measures, place, implied, Decimal(0), text)


def _fault(
    kind: Kind, measures: Measures, place: int, observed: Decimal | None, expected: Decimal | None, text: str
) -> Fault:
    return Fault(kind, measures.days[place], measures.days[place], "adjusted_close", observed, expected, text)


def _twice(measures: Measures, place: int, found: float, amount: Decimal, gains: Decimal) -> bool:
    doubled = _paid(amount + gains, measures.closes[place - 1])
    return doubled is not None and abs(found - doubled) <= NEAR * doubled


def _gains_apart(measures: Measures) -> float:
    """Return what the closes say, over all distributions: above zero, the gains came beside the dividends."""
    said = 0.0
    for place, (amount, gains) in measures.dividends.items():
        with_them, without = (
            _paid(amount + gains, measures.closes[place - 1]),
            _paid(amount, measures.closes[place - 1]),
        )
        if gains > 0 and with_them is not None and without is not None:
            move, sigma = measures.returns[place], measures.sigmas[place]
            said += likelihood(move, -with_them, sigma) - likelihood(move, -without, sigma)
    return said


def _comes_back(measures: Measures, place: int, found: float) -> bool:
    """Tell whether a step is undone within days: what was paid is not paid back."""
    room = 0.1 * abs(found)
    later = measures.factors[place : place + STEP_BACK_BARS]
    return any(abs(factor - measures.factors[place - 1]) <= room for factor in later)


def _is_unseen(case: Case, place: int, found: float) -> bool:
    """Tell whether the price did not fall, where a dividend that nobody told would be as large as the step."""
    measures = case.measures
    if not measures.moves:
        return False
    move, sigma = measures.returns[place], measures.sigmas[place]
    return likelihood(move, 0.0, sigma) - likelihood(move, -found, sigma) > UNSEEN


def _is_ratio(found: float, ratio: Decimal) -> bool:
    return abs(abs(found) - abs(math.log(float(ratio)))) < 0.3 * abs(math.log(float(ratio)))


def _paid(amount: Decimal, before: float) -> float | None:
    """Return the step that a dividend makes; None where it is as large as the price."""
    share = float(amount) / before
    return -math.log1p(-share) if 0 <= share < 1 else None


def _amount(measures: Measures, place: int, found: float) -> Decimal:
    return Decimal(repr(float(f"{-math.expm1(-found) * measures.closes[place - 1]:.4g}")))


def _rounding(before: Bar, after: Bar) -> float:
    """Return how much of a step may be rounding: of two prices on either side, each printed to so many places."""
    room = BINARY
    for bar in (before, after):
        for price in (bar.close, bar.adjusted_close or bar.close):
            room += _half_unit(price) / float(price)
    return room


def _half_unit(number: Decimal) -> float:
    """Return half of the last printed place; a whole number may be a rounded one no more than any other."""
    exponent = number.as_tuple().exponent
    return 0.5 * 10.0 ** max(exponent, -DIGITS_KEPT) if isinstance(exponent, int) and exponent < 0 else 0.0


def _after(before: Decimal, ratio: Decimal, shows: bool) -> Decimal:
    return round(before / ratio, 4) if shows else before


def _plain(number: Decimal) -> str:
    return f"{float(number):.6g}"


def _broken(case: Case) -> frozenset[int]:
    """Return the places where the closes leave their level: a step there is that, and told there."""
    return frozenset(place for move in moves(case) for place in (move.first, move.last + 1))
