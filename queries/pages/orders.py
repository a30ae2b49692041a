"""Orders as they lived: when they left, when the broker had them, what they were filled at, and what that cost.

Latencies are of our own clock; a fill has the broker's. Slippage is counted from the price that the plan was made from,
+ is worse; where that is not recorded it is unknown, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from ledger.lots import ROUNDING, ZERO, exactly
from ledger.slippage import POINT_PLACES, POINTS

Ending = Literal["rejected", "cancelled", "expired", "not sent", ""]
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Execution:
    """The valid revision of one execution."""

    seq: int
    revision: int
    order_ref: str
    con_id: int
    quantity: Decimal  # + bought, - sold
    price: Decimal
    currency: str
    at: datetime
    day: date


@dataclass(slots=True)
class Order:
    """One order of ours."""

    order_ref: str
    seq: int
    day: date
    con_id: int
    quantity: Decimal
    limit_price: Decimal | None
    decided_price: Decimal | None  # that slippage is counted from
    sent_at: datetime
    acknowledged_at: datetime | None = None
    ending: Ending = ""
    reason: str = ""  # of its refusal or cancellation, as the broker told it
    executions: list[Execution] = field(default_factory=list)

    @property
    def filled(self) -> Decimal:
        """How much was bought (+) or sold (-)."""
        with exactly():
            return sum((each.quantity for each in self.executions), ZERO)

    @property
    def status(self) -> str:
        """What became of it, in a word or two."""
        if abs(self.filled) >= abs(self.quantity):
            return "filled"
        ended = self.ending or ("working" if self.acknowledged_at is not None else "in doubt")
        return f"part filled, {ended}" if self.executions else ended

    @property
    def acknowledged_after(self) -> int | None:
        """Milliseconds until the broker had it; None: it never said so."""
        return None if self.acknowledged_at is None else (self.acknowledged_at - self.sent_at) // MILLISECOND

    @property
    def filled_after(self) -> int | None:
        """Milliseconds until the last of its executions, by the broker's clock; None: there is none."""
        last = max((each.at for each in self.executions), default=None)
        return None if last is None else max((last - self.sent_at) // MILLISECOND, 0)


@dataclass(frozen=True, slots=True)
class Cost:
    """What executions cost against the prices that they were decided at, in one currency."""

    decided: Decimal = ZERO  # worth of the known ones at those prices
    slippage: Decimal = ZERO
    unknown: int = 0  # executions of which no such price is recorded
    known: int = 0

    @property
    def basis_points(self) -> Decimal | None:
        """Slippage against what was decided, in hundredths of a percent; None of nothing."""
        if not self.decided:
            return None
        points = ROUNDING.divide(ROUNDING.multiply(self.slippage, POINTS), self.decided)
        return points.quantize(POINT_PLACES, ROUND_HALF_EVEN)

    def and_of(self, each: Execution, decided_price: Decimal | None, multiplier: Decimal | None) -> Cost:
        """Return the cost with that of one more execution."""
        if decided_price is None or multiplier is None:
            return Cost(self.decided, self.slippage, self.unknown + 1, self.known)
        with exactly():
            decided = self.decided + abs(each.quantity) * decided_price * multiplier
            slippage = self.slippage + (each.price - decided_price) * each.quantity * multiplier
        return Cost(decided, slippage, self.unknown, self.known + 1)

    def and_at(self, other: Cost, rate: Decimal) -> Cost:
        """Return the cost with another one, converted at a rate."""
        with exactly():
            decided, slippage = self.decided + other.decided * rate, self.slippage + other.slippage * rate
        return Cost(decided, slippage, self.unknown + other.unknown, self.known + other.known)


def part(count: int, of: int) -> Decimal | None:
    """Return a count as a share of another; None of nothing."""
    return ROUNDING.divide(Decimal(count), Decimal(of)) if of else None


def filled_share(orders: Iterable[Order]) -> Decimal | None:
    """Return how much of what was ordered was filled, order by order alike; None of no order."""
    shares = [min(ROUNDING.divide(abs(order.filled), abs(order.quantity)), Decimal(1)) for order in orders]
    return ROUNDING.divide(sum(shares, ZERO), Decimal(len(shares))) if shares else None


def middle(sorted_figures: Sequence[int]) -> int | None:
    """Return the median: of an even number, the lower of the two in the middle."""
    return sorted_figures[(len(sorted_figures) - 1) // 2] if sorted_figures else None


def slowest_but_few(sorted_figures: Sequence[int]) -> int | None:
    """Return what nineteen of twenty are not slower than."""
    return sorted_figures[-(-19 * len(sorted_figures) // 20) - 1] if sorted_figures else None
