"""What may be ordered of a contract, and at which prices: whole lots, and the increments of its exchange.

Pure. The broker tells both with the contract (`ContractDefined`). It takes no fractions of a unit through its API,
whatever it holds itself, so that a lot is a whole unit at least; without increments every price lies on `min_tick`.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise

from ledger.events import ContractDefined
from ledger.lots import ZERO

ONE = Decimal(1)


def lot_of(contract: ContractDefined | None) -> Decimal:
    """Return the units in whose multiples a contract is ordered."""
    told = contract.size_increment if contract is not None else None
    return max(ONE, (told or ONE).to_integral_value(ROUND_CEILING))


def least_of(contract: ContractDefined | None) -> Decimal:
    """Return the units of the smallest order."""
    told = contract.size_min if contract is not None else None
    return max(lot_of(contract), told or ONE)


def in_lots(contract: ContractDefined | None, quantity: Decimal) -> Decimal:
    """Return as much of a quantity as can be ordered, toward zero."""
    lot = lot_of(contract)
    whole = quantity // lot * lot
    return whole if abs(whole) >= least_of(contract) else ZERO


def increment_at(contract: ContractDefined, price: Decimal) -> Decimal:
    """Return the increment that counts at a price."""
    counts = [row.increment for row in contract.price_increments if row.from_price <= price]
    return counts[-1] if counts else contract.min_tick


def price_below(contract: ContractDefined, price: Decimal) -> Decimal:
    """Return the highest price at or below one that an order may stand at."""
    bounds, found = _bounds(contract), ZERO
    for low, high in bounds:
        if low <= price:
            increment = increment_at(contract, low)
            candidate = (price / increment).to_integral_value(ROUND_FLOOR) * increment
            if high is not None and candidate >= high:  # the next band begins off its own increments
                candidate = (high / increment).to_integral_value(ROUND_CEILING) * increment - increment
            found = max(found, candidate) if candidate >= low else found
    return found


def price_above(contract: ContractDefined, price: Decimal) -> Decimal:
    """Return the lowest price at or above one that an order may stand at."""
    for low, high in _bounds(contract):
        increment = increment_at(contract, low)
        candidate = (max(price, low) / increment).to_integral_value(ROUND_CEILING) * increment
        if high is None or candidate < high:
            return candidate
    raise ValueError(f"contract {contract.con_id}: expected its last increment to count for every higher price")


def _bounds(contract: ContractDefined) -> tuple[tuple[Decimal, Decimal | None], ...]:
    """Return from which price up to which other one increment counts; the last has no end."""
    starts = [row.from_price for row in contract.price_increments]
    if not starts or starts[0] > 0:
        starts.insert(0, ZERO)
    return (*pairwise(starts), (starts[-1], None))
