"""What a fill cost against the price that its order was decided at: the plan's reference price.

Positive is worse: dearer than decided for a purchase, cheaper for a sale. Where no such price is recorded (somebody
else's trade, a line of an older log) it is unknown, never 0. To the last digit in money; basis points are for reading.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from ledger.lots import EXACT, ROUNDING, ZERO, exactly
from ledger.orders import Fill
from ledger.state import State

POINTS = Decimal(10_000)  # of a basis point each
POINT_PLACES = Decimal("0.01")


class Slippage(NamedTuple):
    """What trades of one contract cost against the prices that they were decided at."""

    decided: Decimal  # quantity x decided price, signs ignored
    money: Decimal  # in the contract's currency; + is worse

    @property
    def basis_points(self) -> Decimal | None:
        """Money against what was decided, in hundredths of a percent; None of nothing."""
        if not self.decided:
            return None
        points = ROUNDING.divide(ROUNDING.multiply(self.money, POINTS), self.decided)
        return points.quantize(POINT_PLACES, ROUND_HALF_EVEN)


def decided_price(book: State, fill: Fill) -> Decimal | None:
    """Return the price that the plan computed an execution's order from; None where that is not recorded."""
    order = book.orders.get(fill.order_ref)
    return None if order is None or fill.foreign else order.reference_price


def slippage(book: State, fills: Iterable[Fill]) -> Slippage | None:
    """Return what executions of one contract cost in all; None where the price of any of them is not recorded."""
    decided, money = ZERO, ZERO
    for fill in fills:
        price, contract = decided_price(book, fill), book.contracts.get(fill.con_id)
        if price is None or contract is None:
            return None
        with exactly():
            decided += abs(fill.quantity) * price * contract.multiplier
            money += (fill.price - price) * fill.quantity * contract.multiplier
    return Slippage(EXACT.plus(decided), EXACT.plus(money))
