"""Splits that nobody announced."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ledger.book import Book
from ledger.events import SplitApplied, decimal_text
from reconcile.candidates import Candidate, Case, Origin
from reconcile.comparisons import Finding, symbol

RATIO_MAX = 100  # the greatest number in a ratio that an unannounced split is presumed to have
BASIS_APART_MAX = Fraction(1, 20)  # the broker's average cost may match other lots than ours


def split(case: Case) -> Iterator[Candidate]:
    """Units times a ratio of small numbers, at what they cost before as a whole."""
    for finding in case.findings:
        if finding.kind == "position":
            yield from _split(case.book, finding, case.origin)


def _split(book: Book, finding: Finding, origin: Origin) -> Iterator[Candidate]:
    row = (book.reported.positions or {}).get(finding.con_id or 0)
    if row is None or finding.con_id is None or not finding.expected:
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
