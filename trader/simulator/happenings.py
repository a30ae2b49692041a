"""What happens at the venue, as its listeners hear of it, in order.

A fill is heard as Executed, OrderChanged, CommissionCharged, PositionChanged, AccountChanged; a trade by hand likewise,
without OrderChanged. The commission may come later than the rest: the account is charged at the fill all the same.
To add one: a frozen dataclass with `at`, a member of the union, and a case in every listener.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trader.simulator.figures import Position
from trader.simulator.orders import Commission, Execution, Order


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order was placed, changed, filled, cancelled or expired; it is seen as it is now."""

    at: datetime
    order: Order


@dataclass(frozen=True, slots=True)
class Executed:
    """An order or a trade by hand has filled, in part or in full."""

    at: datetime
    execution: Execution


@dataclass(frozen=True, slots=True)
class CommissionCharged:
    """The commission of an execution is reported."""

    at: datetime
    commission: Commission
    execution: Execution


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """A position is now this; quantity 0 means closed."""

    at: datetime
    position: Position


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """Cash or positions have changed; prices alone are not told."""

    at: datetime


Happening = OrderChanged | Executed | CommissionCharged | PositionChanged | AccountChanged
