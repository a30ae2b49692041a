"""The state of one contract after an entry: its open lots as a queue that shares what did not change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Union

from ledger.lots.arithmetic import ZERO, allocate, new
from ledger.lots.entries import Entry, Lot, Part

Link = tuple[Part, Union["Link", None]]  # what is open, and the link behind it


class Matched(NamedTuple):
    """What a chain of entries led to. Its open lots: `oldest` onwards, then `newest` backwards."""

    oldest: Link | None = None
    newest: Link | None = None
    quantity: Decimal = ZERO  # of the open lots together, as are the next two
    gross: Decimal = ZERO
    commission: Decimal = ZERO
    realised_gross: Decimal = ZERO  # before commissions
    realised_commission: Decimal = ZERO  # commissions of what was closed, both legs; negative
    entry: Entry | None = None  # the last one; None: here the kept history begins
    before: Matched | None = None  # that entry

    def __eq__(self, other: object) -> bool:
        """States are equal that hold and realised the same, however they came about."""
        return isinstance(other, Matched) and self._implied == other._implied

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.quantity)

    def __repr__(self) -> str:
        """Show the lots in a row: links nest as deep as there are lots."""
        return f"Matched({self.lots}, realised {self.realised_gross}, {self.realised_commission})"

    @property
    def _implied(self) -> tuple[object, ...]:
        return self.lots, self.realised_gross, self.realised_commission

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is open, oldest first."""
        return (*_parts(self.oldest), *reversed(tuple(_parts(self.newest))))

    @property
    def lots(self) -> tuple[Lot, ...]:
        """Open lots, oldest first."""
        return tuple(lot_of(part) for part in self.parts)


NOTHING = Matched()


def matched_of(
    lots: Iterable[Lot],
    quantity: Decimal,
    gross: Decimal,
    commission: Decimal,
    realised_gross: Decimal,
    realised_commission: Decimal,
) -> Matched:
    """Put a state together from its parts; lots oldest first."""
    return Matched(queue_of(tuple(lots)), None, quantity, gross, commission, realised_gross, realised_commission)


def queue_of(parts: tuple[Part, ...]) -> Link | None:
    """Link parts, oldest first."""
    queue: Link | None = None
    for part in reversed(parts):
        queue = (part, queue)
    return queue


def lot_of(part: Part) -> Lot:
    """Return a trade that is open as a whole as the lot that it is."""
    if type(part) is Lot:
        return part
    return Lot(part.execution, part.quantity, part.gross, part.commission, part.opened_at)


def split(part: Part, quantity: Decimal) -> tuple[Lot, Lot]:
    """Part so many units from the others; the remainder keeps what rounding leaves."""
    gross = allocate(part.gross, quantity, part.quantity)
    commission = allocate(part.commission, quantity, part.quantity)
    opened_at: datetime = part.opened_at
    remainder = (part.execution, part.quantity - quantity, part.gross - gross, part.commission - commission, opened_at)
    return new(Lot, (part.execution, quantity, gross, commission, opened_at)), new(Lot, remainder)


def from_front(front: Link | None, back: Link | None, closing: Decimal) -> tuple[list[Part], Link | None, Link | None]:
    """Take from the front what a change of the other side closes, no more than is there: the taken, and the left."""
    taken, is_closed_short = list[Part](), not closing.is_signed()
    while closing:
        if front is None:
            front, back = _turned(back), None
        assert front is not None
        part, behind = front
        rest = part.quantity + closing
        if not rest or rest.is_signed() != is_closed_short:
            closing, front = rest, behind
        else:
            part, remainder = split(part, -closing)
            closing, front = ZERO, (remainder, behind)
        taken.append(part)
    return taken, front, back


def _parts(link: Link | None) -> Iterator[Part]:
    while link is not None:
        part, link = link
        yield part


def _turned(back: Link | None) -> Link | None:
    front: Link | None = None
    for part in _parts(back):
        front = (part, front)
    return front
