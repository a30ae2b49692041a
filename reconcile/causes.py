"""What could explain a break: one function a cause.

A cause looks at the book and at a finding, and proposes candidates: facts that, were they recorded, would make the
finding vanish. Whether they do is tried on a copy of the book (`explained`), never believed. To add a cause: write the
function, add it to `CAUSES` (the likeliest first), test what it explains and what it must leave alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Literal, NamedTuple

from ledger.book import Book
from ledger.events import (
    DividendAccrualReversed,
    DividendAccrued,
    DividendPaid,
    Fact,
    SplitApplied,
    TaxWithheld,
    decimal_text,
)
from ledger.events.fact import ENVELOPE_FIELDS
from ledger.state import ZERO, Impossible
from reconcile.comparisons import COMPARISONS, Finding, symbol
from reconcile.tolerances import CENT, Tolerances

TOGETHER_MAX = 4  # dividends that are looked at together, where not all that are due explain the amount
RATIO_MAX = 100  # the greatest number in a ratio that an unannounced split is presumed to have
BASIS_APART_MAX = Fraction(1, 20)  # the broker's average cost may match other lots than ours


@dataclass(frozen=True, slots=True)
class Candidate:
    """Facts that may have happened, and what speaks for them."""

    cause: str
    certainty: Literal["certain", "likely", "possible"]
    facts: tuple[Fact, ...]
    text: str
    evidence: tuple[str, ...] = ()


class Origin(NamedTuple):
    """Who infers: it names the provisional facts, so that the broker's own word can replace them."""

    source: str  # rule, operator
    reference: str  # where the broker has told none of its own


Cause = Callable[[Book, Finding, Origin], Iterable[Candidate]]


def explained(book: Book, finding: Finding, tolerances: Tolerances, origin: Origin) -> Candidate | None:
    """Return the first candidate that makes a finding vanish when it is applied to a copy of the book."""
    for cause in CAUSES:
        for candidate in cause(book, finding, origin):
            if _vanishes(book, finding, candidate, tolerances):
                return candidate
    return None


def _vanishes(book: Book, finding: Finding, candidate: Candidate, tolerances: Tolerances) -> bool:
    compare = dict(COMPARISONS)[finding.kind]
    try:
        left = tuple(compare(book.supposing(candidate.facts), tolerances))
    except Impossible:
        return False
    return finding.subject not in {other.subject for other in left}


def dividends_due(book: Book, finding: Finding, origin: Origin) -> Iterator[Candidate]:
    """Cash that dividends bring whose pay date has come, less their tax: all that are due, or some of them."""
    if finding.kind != "cash" or finding.difference is None or book.cycle is None or not book.accruals:
        return
    today = book.cycle.started.session_day
    due = [
        accrual
        for _, accrual in sorted(book.accruals.items())
        if accrual.currency == finding.currency and accrual.pay_date is not None and accrual.pay_date <= today
    ]
    for chosen in _groups(due):
        net = sum((accrual.gross + accrual.tax for accrual in chosen), ZERO)
        if abs(finding.difference - net) <= CENT * len(chosen):  # IB rounds each payment to cents
            yield _dividends(book, chosen, origin.source)


def _groups(due: list[DividendAccrued]) -> Iterator[tuple[DividendAccrued, ...]]:
    if due:
        yield tuple(due)
    for size in range(1, min(TOGETHER_MAX, len(due) - 1) + 1):
        yield from combinations(due, size)


def _dividends(book: Book, chosen: tuple[DividendAccrued, ...], source: str) -> Candidate:
    facts, told = list[Fact](), list[str]()
    for accrual in chosen:
        common = {"con_id": accrual.con_id, "source": source, "currency": accrual.currency, "provisional": True}
        paid = {**common, "reference": accrual.reference, "amount": accrual.gross}
        facts.append(DividendPaid.model_validate(paid))
        if accrual.tax:
            withheld = {**common, "reference": f"{accrual.reference}/tax", "amount": accrual.tax}
            facts.append(TaxWithheld.model_validate(withheld))
        facts.append(DividendAccrualReversed(**{name: value for name, value in accrual if name not in ENVELOPE_FIELDS}))
        tax = f" - tax {_money(-accrual.tax)}" if accrual.tax else ""
        told.append(f"{symbol(book, accrual.con_id)} dividend {_money(accrual.gross)}{tax}")
    evidence = tuple(f"accrual {accrual.reference}" for accrual in chosen)
    return Candidate("dividend", "likely", tuple(facts), f"{', '.join(told)}, accrued", evidence)


def split(book: Book, finding: Finding, origin: Origin) -> Iterator[Candidate]:
    """Units times a ratio of small numbers, at what they cost before as a whole."""
    row = (book.reported.positions or {}).get(finding.con_id or 0)
    if finding.kind != "position" or row is None or finding.con_id is None or not finding.expected:
        return
    ratio = Fraction(row.quantity) / Fraction(finding.expected)
    if ratio <= 0 or ratio == 1 or max(ratio.numerator, ratio.denominator) > RATIO_MAX:
        return
    own, theirs = Fraction(book.holdings[finding.con_id].basis), Fraction(row.quantity) * Fraction(row.average_cost)
    if abs(theirs - own) > abs(own) * BASIS_APART_MAX:
        return
    fact = SplitApplied(
        con_id=finding.con_id, source=origin.source, reference=origin.reference, provisional=True,
        numerator=ratio.numerator, denominator=ratio.denominator, quantity_change=row.quantity - finding.expected,
    )  # fmt: skip
    told = f"{decimal_text(finding.expected)} → {decimal_text(row.quantity)}"
    text = f"{symbol(book, finding.con_id)} {told}: split {ratio.numerator}:{ratio.denominator}"
    evidence = (f"the broker's average cost became {decimal_text(row.average_cost)}",)
    yield Candidate("split", "likely", (fact,), text, evidence)


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


CAUSES: tuple[Cause, ...] = (dividends_due, split)
