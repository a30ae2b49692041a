"""Exact sums, and the one place that rounds: a share of a total is quantised to 1e-10, half-even."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation, getcontext, setcontext

ZERO = Decimal(0)
ONE = Decimal(1)
BASIS_UNIT = Decimal("1e-10")
EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, Inexact])
ROUNDING = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
# Of two exact numbers: 120 digits tell any two different quotients apart, and equal ones are the same.
QUOTIENT = Context(prec=2 * 60 + 5, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])


# The fold makes millions of these values, and a named tuple's own constructor costs twice as much.
new = tuple.__new__


@contextmanager
def exactly() -> Iterator[None]:
    """Compute in EXACT: what would be rounded raises. Where it holds already, `getcontext() is EXACT` is cheaper."""
    before = getcontext()
    setcontext(EXACT)
    try:
        yield
    finally:
        setcontext(before)


def allocate(total: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Return the share part/whole of a total, quantised to 1e-10 half-even: the only rounding in the book."""
    if part == whole or not total:
        return total
    return ROUNDING.quantize(ROUNDING.divide(ROUNDING.multiply(total, part), whole), BASIS_UNIT)


def spread(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Share a total out by weights of one sign, exactly: what was rounded off one share goes to the next."""
    whole = sum(weights, ZERO)
    shares, weighed, told = list[Decimal](), ZERO, ZERO
    for weight in weights:
        weighed += weight
        until = allocate(total, weighed, whole)
        shares.append(until - told)
        told = until
    return shares
