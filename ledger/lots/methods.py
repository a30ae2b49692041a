"""By which method a trade takes the lots that it closes.

First in, first out is the default. A method gets the open lots, oldest first, and returns them in the order in which
they are taken. To add one: write the function and add it to `METHODS`; the facts name it in `LotMethod`.

Of long lots, the highest cost goes first; of short ones, the lowest net proceeds: in both cases the greatest loss or
smallest gain. For shorts no definition is public, so this is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cmp_to_key

from ledger.lots.arithmetic import PRODUCT, ZERO
from ledger.lots.entries import Lot, Named, Part
from ledger.lots.matched import split

Choice = list[tuple[int, Decimal]]  # places among the open lots, and how many units of each at the most
Method = Callable[[Sequence[Part], Named], Choice]


def _first_in(lots: Sequence[Part], _: Named) -> Choice:
    return [(place, abs(lot.quantity)) for place, lot in enumerate(lots)]


def _last_in(lots: Sequence[Part], _: Named) -> Choice:
    return _first_in(lots, ())[::-1]


def _highest_cost(lots: Sequence[Part], _: Named) -> Choice:
    """Rank by unit basis, commissions netted; of equal ones the oldest goes first."""
    side = -1 if lots[0].quantity > 0 else 1

    def dearer(one: tuple[int, Decimal], other: tuple[int, Decimal]) -> int:
        first, second = lots[one[0]], lots[other[0]]
        cost = PRODUCT.multiply(first.gross - first.commission, second.quantity)
        beside = PRODUCT.multiply(second.gross - second.commission, first.quantity)
        return side * ((cost > beside) - (cost < beside))

    return sorted(_first_in(lots, ()), key=cmp_to_key(dearer))


def _specific(lots: Sequence[Part], named: Named) -> Choice:
    """Take what is named as far as it is open, and then first in, first out."""
    left = dict(_first_in(lots, ()))
    chosen: Choice = []
    for execution, quantity in named:
        units = quantity
        for place, lot in enumerate(lots):
            if lot.execution == execution and units:
                part = min(units, left[place])
                chosen.append((place, part))
                units, left[place] = units - part, left[place] - part
    return [*chosen, *left.items()]


METHODS: tuple[tuple[str, Method], ...] = (
    ("fifo", _first_in),
    ("lifo", _last_in),
    ("hifo", _highest_cost),
    ("average", _first_in),  # of the one lot into which all are pooled
    ("specific", _specific),
)


def pooled(lots: Sequence[Part]) -> list[Part]:
    """Make one lot of all, as old as the oldest."""
    quantity, gross, commission = (sum((lot[place] for lot in map(_totals, lots)), ZERO) for place in range(3))
    return [Lot(lots[0].execution, quantity, gross, commission, lots[0].opened_at)]


def _totals(lot: Part) -> tuple[Decimal, Decimal, Decimal]:
    return lot.quantity, lot.gross, lot.commission


def take(lots: Sequence[Part], units: Decimal, method: str, named: Named = ()) -> tuple[list[Part], list[Part]]:
    """Take so many units (magnitude, not more than there are): what was taken and what is left, both oldest first."""
    if method == "average" and lots:
        lots = pooled(lots)
    wanted = dict[int, Decimal]()
    for place, most in dict(METHODS)[method](lots, named) if lots else ():
        part = min(units, most)
        wanted[place] = wanted.get(place, ZERO) + part
        units -= part
    taken, left = list[Part](), list[Part]()
    for place, lot in enumerate(lots):
        part = wanted.get(place, ZERO)
        if part == abs(lot.quantity):
            taken.append(lot)
        elif not part:
            left.append(lot)
        else:
            gone, rest = split(lot, part.copy_sign(lot.quantity))
            taken.append(gone)
            left.append(rest)
    return taken, left
