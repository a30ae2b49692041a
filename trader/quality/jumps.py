"""Moves that no market makes: of the closes' level, to another unit, across a split, or there and back.

Each large move is read once, by `moves`, in the order unit, split, spike: what one explains the next does not see. A
large move that stays, is no round ratio and had its volume is news, and no fault. To add another reading of a move:
write a function that returns what it found of one, and add it to `READINGS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from trader.quality.case import Case, Fault, Kind
from trader.quality.measures import HABIT_BARS_MIN, Measures, spread

LARGE = 8  # sigmas, with the heavy tails of prices: where a reading begins
SILENT = 12  # sigmas, for a split that nothing but its round ratio tells
COARSE = 0.02  # of the price: where a tick is more, ratios are round by themselves
KNOWN = 5  # sigmas, where a split is known that has the same ratio
UNITS = (100, 1000)  # pence for pounds and cents for dollars; fils for dinars
UNIT_ROOM = 0.6  # of the logarithm at most: a hundred is told from fifty-five and from a hundred and eighty
ISLAND_BARS_MAX = 5  # a spike is over within a week
ISLAND_MIN = 0.05  # a tick more or less is no spike, however quiet the price
NEAR_SPLIT = 15  # bars from its day within which a split's ratio is its own
BAR_MIXED_NEAR = 3
IMPOSSIBLE_REACH = 20
REACH_MIN = 1.15  # from one price of a bar to another: less is no fault, and no ratio of a split
ORDINARY = 2.5  # times the usual range and volume: a split is a quiet day, a crash is not
RATIOS = (*map(float, range(2, 11)), 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 100.0)
FORWARD_RATIOS = (*RATIOS, 1.5, 2.5)  # there is no reverse split of two for three
ISLAND = 9  # sigmas


@dataclass(frozen=True)
class Move:
    """A stretch of bars on another level than what is around it; open where it never comes back."""

    kind: Kind
    first: int  # place of its first bar
    last: int  # place of its last; the same as the end of the series where it never comes back
    ratio: float  # what the closes were multiplied by
    returns: bool  # whether the level comes back


def levels_hold(case: Case) -> Iterator[Fault]:
    """Report units, splits and spikes in the closes."""
    for move in moves(case):
        yield _told(case.measures, move)


@dataclass(frozen=True)
class Unexplained:
    """The returns less what known dividends and splits explain of them, and where they are large."""

    measures: Measures
    returns: tuple[float, ...]
    large: tuple[int, ...]


def moves(case: Case) -> tuple[Move, ...]:
    """Return every move that no market makes, in order; what a stretch covers is not read again."""
    rest = unexplained(case)
    found: list[Move] = []
    used: set[int] = set()
    for place in rest.large:
        move = None if place in used else next((move for read in READINGS if (move := read(rest, place))), None)
        if move is not None:
            found.append(move)
            used |= {move.first, move.last + 1}
    return tuple(found)


def unexplained(case: Case) -> Unexplained:
    """Take known dividends and splits out of the returns.

    Which of the two a source leaves in its closes differs: what leaves less to explain is taken. A split that should
    show and does not, and a dividend far too large, are found by their own checks.
    """
    measures = case.measures
    rest = list(measures.returns)
    for place, (amount, _) in measures.dividends.items():
        paid = float(amount) / measures.closes[place - 1]
        if 0 < paid < 1:
            rest[place] = min(rest[place], rest[place] - math.log1p(-paid), key=abs)
    for place, ratio in measures.splits.items():
        rest[place] = min(rest[place], rest[place] + math.log(float(ratio)), key=abs)
    if not case.all_splits_told:
        for place, step in _adjusted_steps(case):
            rest[place] = min(rest[place], rest[place] + step, key=abs)
    large = tuple(place for place, move in enumerate(rest) if abs(move) > KNOWN * measures.sigmas[place])
    return Unexplained(measures, tuple(rest), large if len(rest) >= HABIT_BARS_MIN else ())


def _adjusted_steps(case: Case) -> Iterator[tuple[int, float]]:
    """Yield where adjusted closes know of splits that nobody told: its own, or another source's."""
    knowing = case.measures if case.measures.factors or case.other is None else case.other.measures
    places = {day: place for place, day in enumerate(case.measures.days)}
    for place in range(1, len(knowing.factors)):
        step, own = knowing.factors[place] - knowing.factors[place - 1], places.get(knowing.days[place], 0)
        if abs(step) > math.log(1.2) and own > 0:
            yield own, step


def _unit(rest: Unexplained, place: int) -> Move | None:
    """Read a move by a hundred; a stretch where it goes back, else from there to the end."""
    size = abs(rest.returns[place])
    room = min(max(LARGE * rest.measures.sigmas[place], 0.15), UNIT_ROOM)
    is_known = any(abs(size - abs(math.log(float(ratio)))) <= 0.05 for ratio in rest.measures.splits.values())
    if not is_known and any(abs(size - math.log(unit)) <= room for unit in UNITS):
        return _stretch(Kind.UNIT, rest, place, len(rest.returns))
    return None


def _known_split(rest: Unexplained, place: int) -> Move | None:
    """Read a move by the ratio of a split that is known, on another day than its own, or the wrong way round."""
    sigma, found = rest.measures.sigmas[place], rest.returns[place]
    for day, ratio in rest.measures.splits.items():
        size = abs(math.log(float(ratio)))
        room = min(max(3 * sigma, 0.03), 0.3 * size)
        if size < KNOWN * sigma or abs(abs(found) - size) > room:
            continue
        move = _stretch(Kind.SPLIT, rest, place, len(rest.returns))
        is_short = move.returns and move.last - move.first < ISLAND_BARS_MAX
        if is_short or abs(place - day) <= NEAR_SPLIT or _is_quiet(rest.measures, place, found):
            return move
    return None


def _wrong_ratio(rest: Unexplained, place: int) -> Move | None:
    """Read a large move on the very day of a split, that neither its ratio nor its absence nor news explain."""
    found = rest.returns[place]
    size = abs(math.log(float(rest.measures.splits.get(place, 1))))
    is_large = abs(found) > max(LARGE * rest.measures.sigmas[place], 0.2, 0.3 * size)
    if size and is_large and not _is_busy(rest.measures, place):
        return Move(Kind.SPLIT, place, len(rest.returns) - 1, math.exp(found), returns=False)
    return None


def _spike(rest: Unexplained, place: int) -> Move | None:
    """Read bars that lie apart from those before and after: an island, where no real move was traded through."""
    if abs(rest.returns[place]) < max(ISLAND * rest.measures.sigmas[place], ISLAND_MIN):
        return None
    move = _stretch(Kind.SPIKE, rest, place, ISLAND_BARS_MAX)
    return move if move.returns and _stands_apart(rest.measures, move) else None


def _silent_split(rest: Unexplained, place: int) -> Move | None:
    """Read a move by a round ratio on a day that was quiet but for it: a split that nobody told."""
    measures, found, sigma = rest.measures, rest.returns[place], rest.measures.sigmas[place]
    if measures.tick > COARSE * measures.closes[place] or abs(found) < SILENT * sigma:
        return None
    room = min(2 * sigma, 0.05)
    ratios = FORWARD_RATIOS if found < 0 else RATIOS
    is_round = any(abs(abs(found) - math.log(ratio)) <= room for ratio in ratios)
    overnight = abs(measures.gaps[place] - measures.returns[place]) <= max(3 * sigma, 0.02)
    if is_round and overnight and _is_quiet(measures, place, found):
        return _stretch(Kind.SPLIT, rest, place, len(rest.returns))
    return None


READINGS: tuple[Callable[[Unexplained, int], Move | None], ...] = (
    _unit,
    _known_split,
    _wrong_ratio,
    _spike,
    _silent_split,
)


def _stretch(kind: Kind, rest: Unexplained, place: int, length: int) -> Move:
    """Return the stretch that begins with a move, up to the move that undoes it."""
    out, sigma = rest.returns[place], rest.measures.sigmas[place]
    for back in rest.large:
        if not place < back <= place + length:
            continue
        room = min(max(4 * sigma * math.sqrt(back - place + 1), 0.15 * abs(out)), 0.5 * abs(out))
        opposite = out * rest.returns[back] < 0 and abs(out + rest.returns[back]) <= room
        level = abs(sum(rest.returns[place : back + 1])) <= room  # over a longer stretch the market moves too
        if opposite and (level or back - place > ISLAND_BARS_MAX):
            return Move(kind, place, back - 1, math.exp(out), returns=True)
    return Move(kind, place, len(rest.returns) - 1, math.exp(out), returns=False)


def _stands_apart(measures: Measures, move: Move) -> bool:
    """Tell whether no neighbour traded where the bars are: not at all, or on quiet days not halfway to the close."""
    island = measures.bars[move.first : move.last + 1]
    around = (measures.bars[move.first - 1], measures.bars[move.last + 1])
    busy = [_is_busy(measures, place) for place in (move.first, move.last + 1)]
    if all(busy):
        return False  # news, and news that took it back
    if move.ratio > 1:
        bottom, top = min(bar.low for bar in island), max(bar.high for bar in around)
    else:
        bottom, top = min(bar.low for bar in around), max(bar.high for bar in island)
    if bottom > top:
        return True
    halfway = measures.closes[move.first] / math.sqrt(move.ratio)
    reached = any(float(bar.high) > halfway if move.ratio > 1 else float(bar.low) < halfway for bar in around)
    return not any(busy) and not reached and measures.typical_volume(move.first) > 0


def _is_quiet(measures: Measures, place: int, move: float) -> bool:
    """Tell whether the bar had an ordinary range and volume; shares are as many more as each is worth less."""
    bar = measures.bars[place]
    volume, usual = float(bar.volume), measures.typical_volume(place)
    if usual == 0 and abs(move) < math.log(1.9):
        return False  # nothing tells news from a small split
    traded = usual == 0 or volume <= ORDINARY * usual * max(1.0, math.exp(-move))
    return traded and spread(bar) <= max(ORDINARY * measures.typical_range(place), measures.sigmas[place])


def _is_busy(measures: Measures, place: int) -> bool:
    usual = measures.typical_volume(place)
    return usual > 0 and float(measures.bars[place].volume) > ORDINARY * usual


def _told(measures: Measures, move: Move) -> Fault:
    bar, before = measures.bars[move.first], measures.bars[move.first - 1]
    last = move.last if move.returns else move.first
    factor = f"×{move.ratio:.4g}"
    until = f"until {measures.days[move.last]}" if move.returns else "and it stays"
    text = f"close {bar.close} after {before.close} ({factor}, {until}): {REMEDIES[move.kind]}"
    return Fault(move.kind, measures.days[move.first], measures.days[last], "close", bar.close, before.close, text)


REMEDIES = {
    Kind.UNIT: "another unit on one side of it; bring all prices into one",
    Kind.SPLIT: "a split that is not carried through, or that nobody told; correct the prices, or announce it",
    Kind.SPIKE: "no neighbour shares this price; see the day in a second source",
}


def bars_are_of_one_piece(case: Case) -> Iterator[Fault]:
    """Report bars that mix prices before and after a split, or have one price far from the others.

    Real lows and highs reach far in a crash. Only what reaches ten times as far as usual, and on no busy day to half or
    double the price, or by the very ratio of a split nearby, is no trade; to a twentieth or twenty times, it never is.
    """
    measures = case.measures
    for place, bar in enumerate(measures.bars):
        if float(bar.high) < REACH_MIN * float(bar.low):
            continue
        top, bottom = max(bar.open, bar.close), min(bar.open, bar.close)
        reaches = {
            "high": (bar.high, top, math.log(float(bar.high) / float(top))),
            "low": (bar.low, bottom, math.log(float(bottom) / float(bar.low))),
            "open": (bar.open, bar.close, abs(math.log(float(bar.open) / float(bar.close)))),
        }
        largest = max(reaches, key=lambda field: reaches[field][2])
        found, expected, reach = reaches[largest]
        reach -= _paid_within(measures, place)
        if _is_no_trade(case, place, reach):
            text = f"{largest} {found} beside {expected}: no trade of this day; fetch it again, or see a second source"
            yield Fault(Kind.SPIKE, bar.day, bar.day, largest, found, expected, text)


def _paid_within(measures: Measures, place: int) -> float:
    """Return what a dividend takes off within a bar: in a week there are prices before its ex-day and after."""
    amount, _ = measures.dividends.get(place, (Decimal(0), Decimal(0)))
    share = float(amount) / measures.closes[place - 1]
    return -math.log1p(-share) if not measures.is_daily and 0 < share < 1 else 0.0


def _is_no_trade(case: Case, place: int, reach: float) -> bool:
    measures = case.measures
    if reach > math.log(IMPOSSIBLE_REACH):
        return True
    if reach < math.log(REACH_MIN) or reach < 10 * measures.typical_range(place):
        return False
    if reach > math.log(2):
        return not _is_busy(measures, place)
    near = (ratio for day, ratio in measures.splits.items() if abs(day - place) <= BAR_MIXED_NEAR)
    return any(abs(reach - abs(math.log(float(ratio)))) <= 3 * measures.sigmas[place] for ratio in near)
