"""Open lots as plain text accounting tells them: by a label, an acquisition date and a cost per unit.

Our lots have a total cost. Divided by the units it may have no end, and beancount takes no negative one: it is told to
`PLACES` then, or as nil, and whoever spells it books the difference to `Equity:Rounding`, so that transactions balance
to the last digit.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ledger.lots import ROUNDING, ZERO, Lot

PLACES = Decimal("1e-12")
PLACES_TOGETHER = 18  # of a cost per unit and of the units: beancount rounds the sum of their products to 28 digits
Key = tuple[int, str, datetime]  # contract, what opened it, acquired when


class Cost(NamedTuple):
    """What some units of one lot cost."""

    unit: Decimal
    total: Decimal  # exact, signed as the units
    currency: str
    acquired: date
    label: str


class _Told:
    """An open lot as it was told."""

    __slots__ = ("label", "left", "unit")

    def __init__(self, label: str, unit: Decimal, left: Decimal) -> None:
        self.label, self.unit, self.left = label, unit, left


class Lots:
    """Every lot that is open at some point of the history."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._open: dict[Key, list[_Told]] = {}
        self._labels: dict[int, set[str]] = {}

    def opened(self, con_id: int, currency: str, lot: Lot) -> Cost:
        """Tell of a lot that opens: its label is unique among those that are open."""
        labels = self._labels.setdefault(con_id, set())
        label, number = lot.execution, 1
        while label in labels:
            number += 1
            label = f"{lot.execution}/{number}"
        labels.add(label)
        told = _Told(label, unit_cost(lot.gross, lot.quantity), lot.quantity)
        self._open.setdefault((con_id, lot.execution, lot.opened_at), []).append(told)
        return Cost(told.unit, lot.gross, currency, self._day(lot.opened_at), label)

    def closed(self, con_id: int, currency: str, lot: Lot) -> Cost:
        """Tell of units of a lot that leave or are closed: what is named is that part alone."""
        key = con_id, lot.execution, lot.opened_at
        candidates = self._open[key]
        if len(candidates) == 1:
            told = candidates[0]
        else:
            fitting = [each for each in candidates if abs(each.left) >= abs(lot.quantity)]
            told = min(fitting, key=lambda each: abs(ROUNDING.multiply(each.unit, lot.quantity) - lot.gross))
        told.left -= lot.quantity
        if not told.left:
            self._labels[con_id].discard(told.label)
            candidates.remove(told)
            if not candidates:
                del self._open[key]
        return Cost(told.unit, lot.gross, currency, self._day(lot.opened_at), told.label)

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()


def unit_cost(total: Decimal, quantity: Decimal) -> Decimal:
    """Return a cost per unit: exact if it ends within the places, else quantised; nil for a negative one."""
    exponent = quantity.normalize(ROUNDING).as_tuple().exponent
    assert isinstance(exponent, int)
    places = PLACES_TOGETHER + min(exponent, 0)
    unit = ROUNDING.divide(total, quantity).quantize(max(PLACES, Decimal((0, (1,), -places))), context=ROUNDING)
    return unit if unit > ZERO else ZERO
