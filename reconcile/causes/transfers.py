"""Units that came from another broker, or went there: no cash moves, and the cost goes along."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from ledger.book import Book
from ledger.events import PositionTransferred, decimal_text
from ledger.state import ZERO
from reconcile.candidates import Candidate, Case, money
from reconcile.causes.holdings import (
    COST_APART_MAX,
    Moved,
    cents,
    is_near,
    moved,
    own_cost,
    reported_cost,
    row_of,
    worth,
)

UNIT_COST_APART_MAX = Fraction(1, 4)  # the lots that went out may have cost more, or less, than the others


def position_transfer(case: Case) -> Iterator[Candidate]:
    """Show whole units that came or went, and nothing for them; no more can go than was held."""
    for each in moved(case):
        if each.units % 1 or each.expected * each.found < 0:
            continue
        value = worth(case.book, each.con_id, each.units)
        basis = _basis(case.book, each, value)
        if basis is None or not _may_move(case.book, each):
            continue
        fact = PositionTransferred(
            con_id=each.con_id, source=case.origin.source, reference=case.origin.named("transfer"), provisional=True,
            quantity=each.units, basis=basis, currency=each.contract.currency, value=value,
        )  # fmt: skip
        units, way = decimal_text(abs(each.units)), "came in" if each.units > 0 else "went out"
        cost = f" at a cost of {money(abs(basis))}" if _is_more(each) else ""
        text = f"{units} {each.contract.symbol} {way} by a transfer{cost}"
        yield Candidate("position transfer", "possible", (fact,), text, _evidence(case.book, each))


def _may_move(book: Book, each: Moved) -> bool:
    """Tell whether the broker's cost is one after a transfer: more with more units, and the same a unit with fewer."""
    row, own = row_of(book, each.con_id), own_cost(book, each.con_id)
    if row is None or not own:
        return True
    if _is_more(each):
        return abs(Fraction(reported_cost(book, each.con_id) - own)) > abs(Fraction(own)) * COST_APART_MAX
    a_unit = Fraction(own) / Fraction(each.expected)
    return is_near(row.average_cost, a_unit, UNIT_COST_APART_MAX)


def _is_more(each: Moved) -> bool:
    """Tell whether the position grew: then the broker's average cost says what the units cost that came."""
    return abs(each.found) > abs(each.expected)


def _basis(book: Book, each: Moved, value: Decimal | None) -> Decimal | None:
    """Return what the units cost: the broker's cost less ours of what was there; else their value."""
    if _is_more(each) and row_of(book, each.con_id) is not None:
        came_at = reported_cost(book, each.con_id)
        came_at -= own_cost(book, each.con_id) if each.expected * each.found > 0 else ZERO
        if came_at * each.units > 0:
            return cents(came_at)
    return value


def _evidence(book: Book, each: Moved) -> tuple[str, ...]:
    row = row_of(book, each.con_id)
    return (f"the broker's average cost is {decimal_text(row.average_cost)}",) if row is not None else ()
