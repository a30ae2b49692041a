"""What the causes of actions ask of both halves: units, what they cost, what they are worth, and ratios of them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ledger.book import Book
from ledger.events import decimal_text
from ledger.events.observations import ContractDefined, PositionRow
from ledger.state import ZERO
from reconcile.candidates import Case
from reconcile.tolerances import CENT

PAPER = frozenset(("STK", "FUND", "BOND", "WAR"))  # what is exchanged, renamed, split and spun off
COST_APART_MAX = Fraction(1, 20)  # the broker's average cost may match other lots than ours


class Moved(NamedTuple):
    """One contract whose units differ: what the book says, and the broker."""

    contract: ContractDefined
    expected: Decimal
    found: Decimal

    @property
    def con_id(self) -> int:
        """The contract's identity."""
        return self.contract.con_id

    @property
    def units(self) -> Decimal:
        """How many more units the broker says."""
        return self.found - self.expected


def moved(case: Case) -> Iterator[Moved]:
    """Yield what differs in units, of contracts that are defined and that nothing chosen has touched."""
    touched = {getattr(fact, "con_id", None) for candidate in case.chosen for fact in candidate.facts}
    for finding in case.findings:
        contract = case.book.contracts.get(finding.con_id or 0)
        if finding.kind != "position" or contract is None or contract.con_id in touched:
            continue
        if finding.expected is not None and finding.found is not None and finding.difference:
            yield Moved(contract, finding.expected, finding.found)


def row_of(book: Book, con_id: int) -> PositionRow | None:
    """Return what the broker reported of a contract last."""
    return (book.reported.positions or {}).get(con_id)


def own_cost(book: Book, con_id: int) -> Decimal:
    """Return what the units held cost, with their sign."""
    holding = book.holdings.get(con_id)
    return ZERO if holding is None else holding.basis


def reported_cost(book: Book, con_id: int) -> Decimal:
    """Return what the broker says that its units cost, with their sign."""
    row = row_of(book, con_id)
    return ZERO if row is None else row.quantity * row.average_cost


def worth(book: Book, con_id: int, units: Decimal) -> Decimal | None:
    """Value units at the last mark; None where none was told."""
    mark, contract = book.marks.get(con_id), book.contracts[con_id]
    return None if mark is None else cents(units * mark * contract.multiplier)


def cents(amount: Decimal | Fraction) -> Decimal:
    """Round an amount to cents."""
    return nearest(Fraction(amount), CENT)


def nearest(number: Fraction, step: Decimal) -> Decimal:
    """Return the multiple of a step that is nearest to a number, with no more digits than it needs."""
    return Decimal(decimal_text(round(number / Fraction(step)) * step))


def is_near(one: Decimal | Fraction, other: Decimal | Fraction, share: Fraction = COST_APART_MAX) -> bool:
    """Tell whether two amounts of one sign differ by no more than a share of the other."""
    return abs(Fraction(one) - Fraction(other)) <= abs(Fraction(other)) * share


def is_small(ratio: Fraction, most: int) -> bool:
    """Tell whether a ratio is one of small numbers."""
    return 0 < ratio.numerator <= most and ratio.denominator <= most
