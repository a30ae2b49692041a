"""Lots of one contract: how trades open and close them, to the last digit.

The allocation rule:
- Lots are matched first in, first out. A lot keeps its signed quantity and two totals: the gross basis (money a unit x
  signed quantity, before commission; money a unit is price x multiplier) and the commission.
- A close of part of a lot takes from each total `total x closed / held`, quantised to 1e-10 half-even; the remainder
  stays in the open lot. A close of the whole lot takes what is left.
- A trade that turns the position around (a flip) splits its commission by quantity in the same way: the closing part
  takes `commission x closing / traded`, quantised; the rest opens the new lot.
- realised_gross = signed closing proceeds (exact) - gross basis taken; realised_commission = the lots' commission taken
  + the closing commission; realised = realised_gross - realised_commission.
- A split multiplies the quantity held exactly, spreads it over the lots in the proportion of their quantities (1e-10
  half-even, the remainder in the last), and leaves both totals and the dates as they are.
The average cost that clients see is kept beside the lots by the average method, commissions included, quantised to
1e-10 when shown. Realised figures are always first in, first out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction

CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
SMALLEST_SHARE = Decimal("1E-10")
ZERO = Decimal(0)
UNDATED = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Lot:
    """Units bought or sold short together; the totals shrink as parts of it are closed."""

    quantity: Decimal  # + long, - short
    gross_basis: Decimal  # money a unit x quantity, with the quantity's sign
    commission: Decimal
    opened_at: datetime = UNDATED
    opened_by: int = 0  # the number of the booking

    @property
    def basis(self) -> Decimal:
        """Signed cost with commissions: what a long lot cost; for a short one, minus what it brought net."""
        return self.gross_basis + self.commission

    def copy(self) -> Lot:
        """Return a lot of its own with the same figures."""
        return Lot(self.quantity, self.gross_basis, self.commission, self.opened_at, self.opened_by)


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing units has realised, and the parts of lots that it took."""

    gross: Decimal
    commission: Decimal
    parts: tuple[Lot, ...] = ()

    @property
    def net(self) -> Decimal:
        """After commissions, the opening ones included."""
        return self.gross - self.commission

    @property
    def basis(self) -> Decimal:
        """What the parts had cost, commissions included, with their sign."""
        return sum((part.basis for part in self.parts), ZERO)


@dataclass(slots=True)
class Holding:
    """All lots of one contract, and the same money by the average method."""

    lots: list[Lot] = field(default_factory=list)
    average_total: Decimal = ZERO  # signed cost by the average method, commissions included

    @property
    def quantity(self) -> Decimal:
        """Signed units held."""
        return sum((lot.quantity for lot in self.lots), ZERO)

    @property
    def gross_basis(self) -> Decimal:
        """Signed cost before commissions."""
        return sum((lot.gross_basis for lot in self.lots), ZERO)

    @property
    def commission(self) -> Decimal:
        """Commissions of the open lots."""
        return sum((lot.commission for lot in self.lots), ZERO)

    @property
    def average_cost(self) -> Decimal:
        """Cost of a unit by the average method; 0 when flat."""
        quantity = self.quantity
        return (self.average_total / quantity).quantize(SMALLEST_SHARE) if quantity else ZERO

    def trade(
        self,
        quantity: Decimal,
        money: Decimal,
        commission: Decimal,
        at: datetime = UNDATED,
        number: int = 0,
        carried: Decimal = ZERO,
    ) -> Closed | None:
        """Book one execution at so much money a unit: close what it closes, open the rest; None if nothing closed.

        What is carried (an option's premium into its underlying) is divided between both as the commission is.
        """
        held = self.quantity
        closing = min(abs(quantity), abs(held)) if quantity * held < 0 else ZERO
        closed = None
        if closing:
            self.average_total -= allocate(self.average_total, closing, abs(held))
            closing_commission = allocate(commission, closing, abs(quantity))
            closing_carried = allocate(carried, closing, abs(quantity))
            closed = self._close(closing.copy_sign(quantity), money, closing_commission, closing_carried)
            quantity, commission = quantity - closing.copy_sign(quantity), commission - closing_commission
            carried -= closing_carried
        if quantity:
            basis = money * quantity + carried
            self.lots.append(Lot(quantity, basis, commission, at, number))
            self.average_total += basis + commission
        return closed

    def split(self, ratio: Fraction) -> Decimal:
        """Let `ratio` units stand for one; return by how much the position changes."""
        before = self.quantity
        after = (before * ratio.numerator / ratio.denominator).quantize(SMALLEST_SHARE)
        left = after
        for lot in self.lots:
            grown = left if lot is self.lots[-1] else allocate(after, lot.quantity, before)
            lot.quantity, left = grown.normalize(CONTEXT), left - grown
        return (after - before).normalize(CONTEXT)

    def take_all(self) -> tuple[Lot, ...]:
        """Empty the holding and return its lots: they go elsewhere, or to nothing."""
        lots, self.lots, self.average_total = tuple(self.lots), [], ZERO
        return lots

    def _close(self, quantity: Decimal, money: Decimal, commission: Decimal, carried: Decimal) -> Closed:
        parts: list[Lot] = []
        left = abs(quantity)
        while left:
            lot = self.lots[0]
            whole = abs(lot.quantity)
            part = min(left, whole)
            basis, cost = allocate(lot.gross_basis, part, whole), allocate(lot.commission, part, whole)
            taken = Lot(part.copy_sign(lot.quantity), basis, cost, lot.opened_at, lot.opened_by)
            parts.append(taken)
            left -= part
            if part == whole:
                del self.lots[0]
            else:
                lot.quantity -= taken.quantity
                lot.gross_basis -= basis
                lot.commission -= cost
        basis_taken = sum((part.gross_basis for part in parts), ZERO)
        commission_taken = sum((part.commission for part in parts), commission)
        return Closed(-quantity * money - carried - basis_taken, commission_taken, tuple(parts))


def allocate(total: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Return the part's share of a total, quantised to 1e-10 half-even; the whole takes all of it."""
    if part == whole:
        return total
    with localcontext(CONTEXT):
        return (total * part / whole).quantize(SMALLEST_SHARE)


def plain(number: Decimal) -> str:
    """Write a number in full: no exponent, no trailing zeros, no negative zero."""
    return format(number.normalize(CONTEXT), "f") if number else "0"
