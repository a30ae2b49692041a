"""By which method a trade takes the lots that it closes.

First in, first out is the default. A method gets the open lots, oldest first, and returns them in the order in which
they are taken. To add one: write the function and add it to `METHODS`; the facts name it in `LotMethod`.

Of long lots, the highest cost goes first; of short ones, the lowest net proceeds: in both cases the greatest loss or
smallest gain. For shorts no definition is public, so this is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

from ledger.lots.arithmetic import QUOTIENT, ZERO
from ledger.lots.entries import Lot, Named, Part
from ledger.lots.matched import split

Choice = Iterable[tuple[int, Decimal]]  # places among the open lots, and how many units of each at the most
Method = Callable[[Sequence[Part], Named], Choice]


def _first_in(lots: Sequence[Part], _: Named) -> Choice:
    return ((place, abs(lot.quantity)) for place, lot in enumerate(lots))


def _last_in(lots: Sequence[Part], _: Named) -> Choice:
    return ((place, abs(lots[place].quantity)) for place in reversed(range(len(lots))))


def _highest_cost(lots: Sequence[Part], _: Named) -> Choice:
    """Rank by unit basis, commissions netted; of equal ones the oldest goes first."""
    costs = [QUOTIENT.divide(lot.gross - lot.commission, lot.quantity) for lot in lots]
    is_long = lots[0].quantity > 0
    ranked = sorted(range(len(lots)), key=costs.__getitem__, reverse=is_long)  # equal ones stay in their order
    return ((place, abs(lots[place].quantity)) for place in ranked)


def _specific(lots: Sequence[Part], named: Named) -> Iterator[tuple[int, Decimal]]:
    """Take what is named as far as it is open, and then first in, first out."""
    gone = dict[int, Decimal]()
    for execution, quantity in named:
        units = quantity
        for place, lot in enumerate(lots):
            if lot.execution == execution and units:
                part = min(units, abs(lot.quantity) - gone.get(place, ZERO))
                units, gone[place] = units - part, gone.get(place, ZERO) + part
                yield place, part
    for place, lot in enumerate(lots):
        yield place, abs(lot.quantity) - gone.get(place, ZERO)


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
    choose = dict(METHODS)[method]
    if method == "average" and lots:
        lots = pooled(lots)
    wanted = dict[int, Decimal]()
    for place, most in choose(lots, named) if units else ():
        part = min(units, most)
        wanted[place] = wanted.get(place, ZERO) + part
        units -= part
        if not units:
            break
    taken, left = list[Part](), list(lots)
    for place in sorted(wanted, reverse=True):
        lot, part = lots[place], wanted[place]
        if part == abs(lot.quantity):
            taken.append(left.pop(place))
        elif part:
            gone, left[place] = split(lot, part.copy_sign(lot.quantity))
            taken.append(gone)
    return taken[::-1], left
