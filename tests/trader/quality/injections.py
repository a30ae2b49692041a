"""Every fault that a vendor makes, put into a clean series at a random place with a random size.

An injection returns the faulty case, or None where the market has nothing that it could spoil. To add one: write the
function and add it to `INJECTIONS` with the kinds that tell it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from tests.trader.quality.markets import scaled
from trader.bars import Bar, Series
from trader.quality import Case, Dividend, Kind, Split

D = Decimal


@dataclass(frozen=True)
class Spoiled:
    """A faulty case, and where it is."""

    case: Case
    days: tuple[date, ...]


def gap(case: Case, rng: Random) -> Spoiled | None:
    """One to five sessions are missing."""
    if case.sessions is None:
        return None
    start, count = rng.randrange(1, len(case.series) - 7), rng.randint(1, 5)
    return Spoiled(replace(case, series=case.series[:start] + case.series[start + count :]), (case.series[start].day,))


def gap_without_calendar(case: Case, rng: Random) -> Spoiled | None:
    """Three weeks or more are missing, and no calendar is there to tell."""
    if len(case.series) < 60:
        return None
    start, count = rng.randrange(5, len(case.series) - 50), rng.randint(15, 40)
    series = case.series[:start] + case.series[start + count :]
    return Spoiled(replace(case, series=series, sessions=None), (case.series[start - 1].day,))


def bar_of_a_sunday(case: Case, rng: Random) -> Spoiled | None:
    """The market was closed, and here is a bar."""
    if case.sessions is None:
        return None
    place = next(n for n in range(rng.randrange(1, 10), len(case.series)) if case.series[n].day.weekday() == 0)
    day = case.series[place].day - timedelta(days=1)
    bar = replace(case.series[place - 1], day=day)
    return Spoiled(replace(case, series=(*case.series[:place], bar, *case.series[place:])), (day,))


def day_twice(case: Case, rng: Random) -> Spoiled | None:
    """A bar stands twice, with the same prices or with others."""
    place = rng.randrange(len(case.series))
    bar = scaled(case.series[place], rng.choice((D(1), D("1.003"))))
    return Spoiled(replace(case, series=(*case.series[: place + 1], bar, *case.series[place + 1 :])), (bar.day,))


def stale(case: Case, rng: Random) -> Spoiled | None:
    """The last bars have not come."""
    if case.sessions is None:
        return None
    series = case.series[: -rng.randint(1, 5)]
    return Spoiled(replace(case, series=series), (case.sessions[-1],))


def running_session(case: Case, rng: Random) -> Spoiled | None:
    """The last bar's session is not over."""
    last = case.series[-1].day
    return Spoiled(replace(case, running=last), (last,))


def thin_last_bar(case: Case, rng: Random) -> Spoiled | None:
    """The last bar has a hundredth to a tenth of its volume."""
    last = case.series[-1]
    if min(bar.volume for bar in case.series) == 0 or len(case.series) < 30:
        return None
    bar = replace(last, volume=(last.volume * D(str(rng.uniform(0.01, 0.1)))).to_integral_value())
    return Spoiled(replace(case, series=(*case.series[:-1], bar)), (last.day,))


def stands_still(case: Case, rng: Random) -> Spoiled | None:
    """Six to fifteen bars repeat the one before."""
    if sum(bar.volume == 0 for bar in case.series) * 5 > len(case.series) and case.series[0].volume:
        return None
    start, count = _place(case, rng, 16), rng.randint(6, 15)
    if start is None:
        return None
    held = case.series[start - 1]
    spoiled = {place: replace(held, day=case.series[place].day) for place in range(start, start + count)}
    return _with(case, spoiled)


def spike(case: Case, rng: Random) -> Spoiled | None:
    """All prices of one to three bars are off by 10 to 60 usual moves, at least a fifth."""
    start = _place(case, rng, 5)
    if start is None:
        return None
    size = min(max(rng.uniform(10, 60) * case.measures.sigmas[start], 0.2), 3.0)
    factor = D(str(round(2.718281828 ** (size * rng.choice((-1, 1))), 4)))
    return _with(case, {start + n: scaled(case.series[start + n], factor) for n in range(rng.choice((1, 1, 2, 3)))})


def spike_in_the_close(case: Case, rng: Random) -> Spoiled | None:
    """One bar's close is off by 15 to 60 usual moves, at least a fifth, and its high or low holds it."""
    place = _place(case, rng, 2)
    if place is None or min(bar.volume for bar in case.series) == 0:
        return None
    size = min(max(rng.uniform(15, 60) * case.measures.sigmas[place], 0.2), 3.0)
    bar, factor = case.series[place], D(str(round(2.718281828 ** (size * rng.choice((-1, 1))), 4)))
    close = bar.close * factor
    adjusted = None if bar.adjusted_close is None else bar.adjusted_close * factor
    off = replace(bar, close=close, adjusted_close=adjusted, high=max(bar.high, close), low=min(bar.low, close))
    return _with(case, {place: off})


def wick(case: Case, rng: Random) -> Spoiled | None:
    """One bar's high or low is off by a factor of three to a hundred."""
    place = _place(case, rng, 1)
    if place is None:
        return None
    factor, bar = D(str(round(rng.uniform(3, 100), 1))), case.series[place]
    bar = replace(bar, high=bar.high * factor) if rng.random() < 0.5 else replace(bar, low=bar.low / factor)
    return _with(case, {place: bar})


def close_off(case: Case, rng: Random) -> Spoiled | None:
    """One bar's close lies outside its own range."""
    place = _place(case, rng, 1)
    if place is None:
        return None
    bar = case.series[place]
    return _with(case, {place: replace(bar, close=bar.high * D("1.3"))})


def unit_one_day(case: Case, rng: Random) -> Spoiled | None:
    """One bar in pence."""
    place = _place(case, rng, 1)
    return None if place is None else _with(case, {place: scaled(case.series[place], _hundred(rng))})


def unit_stretch(case: Case, rng: Random) -> Spoiled | None:
    """A stretch in pence: from the beginning, up to the end, or within."""
    place = _place(case, rng, 5)
    if place is None:
        return None
    until = rng.choice((place + rng.randint(2, 5), len(case.series)))
    first = rng.choice((place, 0)) if until < len(case.series) else place
    factor = _hundred(rng)
    spoiled = _with(case, {n: scaled(case.series[n], factor) for n in range(first, until)})
    days = tuple(case.series[n].day for n in (first, min(until, len(case.series) - 1)))
    return Spoiled(spoiled.case, days)


def unit_now_and_then(case: Case, rng: Random) -> Spoiled | None:
    """Three to ten single bars in pence."""
    if len(case.series) < 60:
        return None
    places = rng.sample(range(3, len(case.series) - 3, 3), rng.randint(3, 10))
    factor = _hundred(rng)
    return _with(case, {place: scaled(case.series[place], factor) for place in places})


def split_not_carried_through(case: Case, rng: Random) -> Spoiled | None:
    """All prices before a day near the split are in old shares."""
    found = _split(case)
    if found is None:
        return None
    split, place = found
    until = max(2, place + rng.choice((0, 0, -1, -2, 3)))
    return _with(case, {n: scaled(case.series[n], split.ratio, 1 / split.ratio) for n in range(until)}, place=until)


def split_forgotten_now_and_then(case: Case, rng: Random) -> Spoiled | None:
    """Single bars or short stretches before a split are in old shares."""
    found = _split(case)
    if found is None:
        return None
    split, place = found
    start, count = rng.randrange(1, place - 12), rng.randint(1, 10)
    return _with(case, {n: scaled(case.series[n], split.ratio, 1 / split.ratio) for n in range(start, start + count)})


def split_twice(case: Case, rng: Random) -> Spoiled | None:
    """All prices before a split are divided by its ratio once too often."""
    found = _split(case)
    if found is None:
        return None
    split, place = found
    return _with(case, {n: scaled(case.series[n], 1 / split.ratio) for n in range(place)}, place=place)


def adjusted_across_no_split(case: Case, rng: Random) -> Spoiled | None:
    """Adjusted closes before a split take it out once too often, or once too little."""
    found = _split(case)
    if found is None:
        return None
    split, place = found
    factor = rng.choice((split.ratio, 1 / split.ratio))
    return _with(case, {n: _adjusted_by(case.series[n], factor) for n in range(place)}, place=place)


def split_of_another_ratio(case: Case, rng: Random) -> Spoiled | None:
    """The split that was told is not the one that the closes show."""
    found = _split(case)
    if found is None or not _shows_splits(case):
        return None
    split, place = found
    told = Split(split.ex_day, split.ratio * rng.choice((2, 3, 5)))
    return Spoiled(replace(case, splits=(told,)), (case.series[place].day,))


def split_told_twice(case: Case, rng: Random) -> Spoiled | None:
    """The same split stands twice, days apart."""
    found = _split(case)
    if found is None:
        return None
    again = Split(found[0].ex_day + timedelta(days=rng.randint(1, 7)), found[0].ratio)
    return Spoiled(replace(case, splits=(found[0], again)), (found[0].ex_day,))


def split_not_told(case: Case, rng: Random) -> Spoiled | None:
    """A split shows in the closes, and nobody told it."""
    found = _split(case)
    if found is None or not _shows_splits(case):
        return None
    series = tuple(replace(bar, adjusted_close=None) for bar in case.series)
    return Spoiled(replace(case, series=series, splits=()), (case.series[found[1]].day,))


def split_told_in_vain(case: Case, rng: Random) -> Spoiled | None:
    """A source that leaves splits in its closes tells one that they do not show."""
    if case.splits or len(case.series) < 60:
        return None
    day = case.series[rng.randrange(20, len(case.series) - 20)].day
    return Spoiled(replace(case, splits=(Split(day, D(rng.choice((2, 3, 4)))),), closes_split_adjusted=False), (day,))


def dividend_not_adjusted(case: Case, rng: Random) -> Spoiled | None:
    """A dividend is not taken out of the adjusted closes."""
    return _step_times(case, rng, D(0))


def adjusted_in_another_unit(case: Case, rng: Random) -> Spoiled | None:
    """The adjusted closes take out a hundredth of a dividend, or far more of it."""
    return _step_times(case, rng, rng.choice((D("0.01"), D("0.3"), D("2.5"), D(100))))


def dividend_in_another_unit(case: Case, rng: Random) -> Spoiled | None:
    """A dividend is told in pence or in pounds; the adjusted closes are right."""
    factor = _hundred(rng)
    return _dividend(case, rng, lambda it: replace(it, amount=it.amount * factor))


def hundred_dividends_in_both(case: Case, rng: Random) -> Spoiled | None:
    """A dividend is a hundred times too large, and the adjusted closes believe it."""
    return _in_both(case, rng, D(100))


def hundredth_of_a_dividend_in_both(case: Case, rng: Random) -> Spoiled | None:
    """A dividend is a hundred times too small, and the adjusted closes believe it."""
    return _in_both(case, rng, D("0.01"))


def hundredth_of_all_dividends(case: Case, rng: Random) -> Spoiled | None:
    """All dividends are a hundred times too small, and nothing adjusted is there to tell."""
    if not case.dividends or len(case.dividends) < 3:
        return None
    spoiled = tuple(replace(it, amount=it.amount / 100) for it in case.dividends)
    series = tuple(replace(bar, adjusted_close=None) for bar in case.series)
    return Spoiled(replace(case, series=series, dividends=spoiled), tuple(it.ex_day for it in spoiled))


def dividend_not_told_anywhere(case: Case, rng: Random) -> Spoiled | None:
    """One of many dividends is not told, and nothing adjusted is there to tell."""
    if not case.dividends or len(case.dividends) < 7:
        return None
    number = rng.randrange(1, len(case.dividends) - 1)
    series = tuple(replace(bar, adjusted_close=None) for bar in case.series)
    dividends = (*case.dividends[:number], *case.dividends[number + 1 :])
    return Spoiled(replace(case, series=series, dividends=dividends), (case.dividends[number].ex_day,))


def adjusted_by_what_was_never_paid(case: Case, rng: Random) -> Spoiled | None:
    """Adjusted closes take out a tenth to a half at a random day; no dividends are told."""
    place = _place(case, rng, 2)
    if place is None or case.series[place].adjusted_close is None:
        return None
    factor = D(str(round(1 - rng.uniform(0.1, 0.5), 3)))
    spoiled = _with(case, {n: _adjusted_by(case.series[n], factor) for n in range(place)}, place=place)
    return Spoiled(replace(spoiled.case, dividends=None), spoiled.days)


def dividend_not_told(case: Case, rng: Random) -> Spoiled | None:
    """The adjusted closes know of a dividend that is not told."""
    picked = _picked(case, rng)
    if picked is None or case.dividends is None:
        return None
    return Spoiled(replace(case, dividends=tuple(it for it in case.dividends if it != picked)), (picked.ex_day,))


def dividend_told_twice(case: Case, rng: Random) -> Spoiled | None:
    """A dividend stands twice, days apart, and is taken out twice."""
    picked = _picked(case, rng)
    if picked is None or case.dividends is None:
        return None
    places = {bar.day: n for n, bar in enumerate(case.series)}
    place = places[picked.ex_day] + rng.randint(1, 4)
    if place >= len(case.series):
        return None
    amount = picked.amount * D(str(round(rng.uniform(0.95, 1.08), 4)))
    again = Dividend(case.series[place].day, amount)
    factor = 1 - amount / case.series[place - 1].close
    spoiled = _with(case, {n: _adjusted_by(case.series[n], factor) for n in range(place)}, place=place).case
    dividends = tuple(sorted((*case.dividends, again), key=lambda it: it.ex_day))
    return Spoiled(replace(spoiled, dividends=dividends), (picked.ex_day, again.ex_day))


def gains_twice(case: Case, rng: Random) -> Spoiled | None:
    """A fund's capital gains are taken out of the adjusted closes twice."""
    picked = _picked(case, rng)
    if picked is None or not picked.capital_gains:
        return None
    return _restepped(case, picked, picked.amount + picked.capital_gains)


def gains_twice_in_both(case: Case, rng: Random) -> Spoiled | None:
    """A fund's capital gains stand twice in its distributions, and the adjusted closes believe it."""
    if not any(it.capital_gains for it in case.dividends or ()):
        return None
    wrong = tuple(replace(it, amount=it.amount + it.capital_gains) for it in case.dividends or ())
    series = tuple(replace(bar, adjusted_close=None) for bar in case.series)
    return Spoiled(replace(case, series=series, dividends=wrong), tuple(it.ex_day for it in wrong))


def sources_differ(case: Case, rng: Random) -> Spoiled | None:
    """The other source has another close on one to five days, or from a day on."""
    place = _place(case, rng, 6)
    if place is None:
        return None
    until = rng.choice((place + rng.randint(1, 5), len(case.series)))
    factor = D(str(round(1 + rng.choice((-1, 1)) * rng.uniform(0.015, 0.2), 4)))
    theirs = {n: scaled(case.series[n], factor) for n in range(place, until)}
    other = _with(case, theirs).case
    return Spoiled(replace(case, other=other), (case.series[place].day,))


def _in_both(case: Case, rng: Random, factor: Decimal) -> Spoiled | None:
    picked = _picked(case, rng)
    if picked is None or case.dividends is None or len(case.dividends) < 4 or picked.capital_gains:
        return None
    wrong = replace(picked, amount=picked.amount * factor)
    before = next(bar for bar in reversed(case.series) if bar.day < picked.ex_day)
    if wrong.amount >= before.close:
        spoiled = case  # adjusted closes cannot follow below zero
    else:
        restepped = _restepped(case, picked, wrong.amount)
        spoiled = case if restepped is None else restepped.case
    return Spoiled(
        replace(spoiled, dividends=tuple(wrong if it == picked else it for it in case.dividends)), (picked.ex_day,)
    )


def _step_times(case: Case, rng: Random, factor: Decimal) -> Spoiled | None:
    picked = _picked(case, rng)
    return None if picked is None else _restepped(case, picked, picked.amount * factor)


def _restepped(case: Case, dividend: Dividend, amount: Decimal) -> Spoiled | None:
    """Take another amount out of the adjusted closes than the dividend's."""
    place = next((n for n, bar in enumerate(case.series) if bar.day == dividend.ex_day), 0)
    if not place or amount >= case.series[place - 1].close * D("0.95"):
        return None
    before = case.series[place - 1].close
    factor = (before - amount) / (before - dividend.amount)
    return _with(case, {n: _adjusted_by(case.series[n], factor) for n in range(place)}, place=place)


def _dividend(case: Case, rng: Random, change: Callable[[Dividend], Dividend]) -> Spoiled | None:
    picked = _picked(case, rng)
    if picked is None or case.dividends is None:
        return None
    return Spoiled(
        replace(case, dividends=tuple(change(it) if it == picked else it for it in case.dividends)), (picked.ex_day,)
    )


def _picked(case: Case, rng: Random) -> Dividend | None:
    inside = [it for it in case.dividends or () if it.ex_day > case.series[0].day]
    return rng.choice(inside) if inside else None


def _split(case: Case) -> tuple[Split, int] | None:
    if not case.splits:
        return None
    return case.splits[0], next(n for n, bar in enumerate(case.series) if bar.day == case.splits[0].ex_day)


def _shows_splits(case: Case) -> bool:
    found = _split(case)
    return found is not None and abs(case.measures.returns[found[1]]) > 0.5


def _place(case: Case, rng: Random, room: int) -> int | None:
    """Return a place with bars before it and after; in a short series the room shrinks."""
    return rng.randrange(2, len(case.series) - room - 1) if len(case.series) > room + 4 else None


def _hundred(rng: Random) -> Decimal:
    return rng.choice((D(100), D("0.01")))


def _adjusted_by(bar: Bar, factor: Decimal) -> Bar:
    return bar if bar.adjusted_close is None else replace(bar, adjusted_close=bar.adjusted_close * factor)


def _with(case: Case, spoiled: dict[int, Bar], place: int | None = None) -> Spoiled:
    series: Series = tuple(spoiled.get(n, bar) for n, bar in enumerate(case.series))
    days = [case.series[n].day for n in spoiled] if place is None else [case.series[place].day]
    return Spoiled(replace(case, series=series), tuple(days))


PRICE_KINDS = frozenset({Kind.SPIKE, Kind.UNIT, Kind.SPLIT})
STEP_KINDS = frozenset({Kind.DIVIDEND, Kind.ADJUSTMENT, Kind.CAPITAL_GAINS})

Injection = Callable[[Case, Random], Spoiled | None]

INJECTIONS: tuple[tuple[Injection, frozenset[Kind]], ...] = (
    (gap, frozenset({Kind.GAP})),
    (gap_without_calendar, frozenset({Kind.GAP})),
    (bar_of_a_sunday, frozenset({Kind.NO_SESSION})),
    (day_twice, frozenset({Kind.DUPLICATE})),
    (stale, frozenset({Kind.STALE})),
    (running_session, frozenset({Kind.PARTIAL})),
    (thin_last_bar, frozenset({Kind.PARTIAL})),
    (stands_still, frozenset({Kind.UNCHANGED})),
    (spike, PRICE_KINDS),
    (spike_in_the_close, PRICE_KINDS),
    (wick, PRICE_KINDS),
    (close_off, frozenset({Kind.INCONSISTENT, Kind.SPIKE})),
    (unit_one_day, frozenset({Kind.UNIT})),
    (unit_stretch, frozenset({Kind.UNIT})),
    (unit_now_and_then, frozenset({Kind.UNIT})),
    (split_not_carried_through, frozenset({Kind.SPLIT})),
    (split_forgotten_now_and_then, PRICE_KINDS),
    (split_twice, frozenset({Kind.SPLIT})),
    (adjusted_across_no_split, frozenset({Kind.SPLIT, Kind.ADJUSTMENT})),
    (split_of_another_ratio, frozenset({Kind.SPLIT})),
    (split_told_twice, frozenset({Kind.SPLIT})),
    (split_not_told, frozenset({Kind.SPLIT})),
    (split_told_in_vain, frozenset({Kind.SPLIT})),
    (dividend_not_adjusted, STEP_KINDS),
    (adjusted_in_another_unit, STEP_KINDS),
    (dividend_in_another_unit, STEP_KINDS),
    (hundred_dividends_in_both, STEP_KINDS),
    (hundredth_of_a_dividend_in_both, STEP_KINDS),
    (hundredth_of_all_dividends, STEP_KINDS),
    (dividend_not_told, STEP_KINDS),
    (dividend_not_told_anywhere, STEP_KINDS),
    (adjusted_by_what_was_never_paid, frozenset({Kind.ADJUSTMENT, Kind.SPLIT})),
    (dividend_told_twice, STEP_KINDS),
    (gains_twice, STEP_KINDS),
    (gains_twice_in_both, STEP_KINDS),
    (sources_differ, frozenset({Kind.DISAGREEMENT})),
)
