"""Splits, stock dividends, and the cash for the fraction of a unit that they leave.

A split shows in units that stand in a ratio of small numbers to those before, at what they cost before as a whole, or
in the ratio that a source declared. Where the broker's units are whole and the ratio makes a fraction, that fraction is
paid out, at about the mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from math import trunc
from typing import NamedTuple

from ledger.book import Book
from ledger.events import Fact, OrderFilled, SplitApplied, StockDividendApplied, decimal_text
from ledger.events.reconciliation import Certainty
from ledger.state import ZERO
from reconcile.candidates import Candidate, Case, Subject, money
from reconcile.causes.executions import inferred_fill, revised
from reconcile.causes.holdings import (
    COST_APART_MAX,
    PAPER,
    Moved,
    cents,
    is_near,
    is_small,
    moved,
    nearest,
    own_cost,
    row_of,
    worth,
)

RATIO_MAX = 100  # the greatest number in a ratio that an unannounced split is presumed to have …
RATIO_LEAVING_MAX = 20  # … and in one that leaves a fraction; one for many goes up to RATIO_MAX
RATIOS_SHOWN = 2
SAME_COST_APART_MAX = Fraction(1, 1_000_000)  # the average cost was divided by the very ratio
DIVIDEND_BELOW = Fraction(5, 4)  # a quarter more units and above is called a split, less a dividend in stock
LIEU = "cash in lieu"
PRICE = Decimal("1e-8")  # of what a fraction is paid at: the amount counts, to the cent
UNIT = Decimal("0.0001")  # of a fraction that is paid out
LIEU_APART_MAX = Fraction(1, 10)  # what is paid for a fraction may be another moment's price


class _Ratio(NamedTuple):
    """In which ratio units became others, and what says so."""

    ratio: Fraction
    fraction: Decimal  # of a unit that it leaves, with the position's sign; it is paid out
    certainty: Certainty
    evidence: str
    due: tuple[str, ...] = ()


def split(case: Case) -> Iterator[Candidate]:
    """Units times a ratio of small numbers, at what they cost before as a whole."""
    for each in moved(case):
        for ratio in _ratios(case.book, each):
            yield _split(case, each, ratio)


def cash_in_lieu(case: Case) -> Iterator[Candidate]:
    """Cash for the fraction of a unit that a split leaves: the whole difference, or what it is worth at the mark."""
    for each in moved(case):
        for ratio in _ratios(case.book, each):
            if ratio.fraction:
                yield from _paid_out(case, each, ratio)
    yield from _corrected(case)


def _ratios(book: Book, each: Moved) -> tuple[_Ratio, ...]:
    if each.contract.security_type not in PAPER or each.expected * each.found <= 0:
        return ()
    declared = tuple(_declared(book, each))
    return declared or tuple(islice(_presumed(book, each), RATIOS_SHOWN))


def _declared(book: Book, each: Moved) -> Iterator[_Ratio]:
    """Yield the ratio that a source declared for today or before, if that is what happened to the units."""
    today = book.now.date() if book.cycle is None else book.cycle.started.session_day
    for name, told in sorted(book.splits.items()):
        ratio = Fraction(told.numerator, told.denominator)
        is_due = told.con_id == each.con_id and told.ex_date <= today and not told.taken_back
        if is_due and _becomes(each, ratio):
            text = f"declared for {told.ex_date} by {told.source}"
            yield _Ratio(ratio, _left(each, ratio), "likely", text, (f"split/{name}",))


def _presumed(book: Book, each: Moved) -> Iterator[_Ratio]:
    """Yield the ratios that the broker's average cost speaks for, the simplest first."""
    row = row_of(book, each.con_id)
    own = Fraction(own_cost(book, each.con_id)) / Fraction(each.expected)
    if row is None or not row.average_cost or not own:
        return
    by_cost = own / Fraction(row.average_cost)
    near = [ratio for ratio in _possible(each) if is_near(ratio, by_cost, COST_APART_MAX)]
    same = [ratio for ratio in near if is_near(ratio, by_cost, SAME_COST_APART_MAX)]
    text = f"the broker's average cost became {decimal_text(row.average_cost)}"
    for place, ratio in enumerate(sorted(same or near, key=lambda each: each.numerator + each.denominator)):
        yield _Ratio(ratio, _left(each, ratio), "possible" if place else "likely", text)


def _possible(each: Moved) -> set[Fraction]:
    """Return the ratios of small numbers that make the broker's units of ours, but for a fraction."""
    exact = Fraction(each.found) / Fraction(each.expected)
    ratios = {exact} if is_small(exact, RATIO_MAX) else set()
    if each.found == trunc(each.found):
        numbers = range(1, RATIO_LEAVING_MAX + 1)
        pairs = [(a, b) for a in numbers for b in numbers] + [(1, b) for b in range(1, RATIO_MAX + 1)]
        held, told = abs(each.expected), abs(each.found)  # without fractions: this is asked for every ratio
        ratios |= {Fraction(a, b) for a, b in pairs if told * b <= held * a < (told + 1) * b}
    return ratios - {Fraction(1)}


def _becomes(each: Moved, ratio: Fraction) -> bool:
    units = Fraction(each.expected) * ratio
    return units == each.found or trunc(units) == each.found


def _left(each: Moved, ratio: Fraction) -> Decimal:
    return nearest(Fraction(each.expected) * ratio - Fraction(each.found), UNIT)


def _split(case: Case, each: Moved, told: _Ratio) -> Candidate:
    ratio, units = told.ratio, each.found + told.fraction
    is_dividend = 1 < ratio < DIVIDEND_BELOW
    kind = StockDividendApplied if is_dividend else SplitApplied
    cause = "stock dividend" if is_dividend else "split" if ratio > 1 else "reverse split"
    fact = kind(
        con_id=each.con_id, source=case.origin.source, reference=case.origin.reference, provisional=True,
        numerator=ratio.numerator, denominator=ratio.denominator, quantity_change=units - each.expected,
    )  # fmt: skip
    what = f"{each.contract.symbol} {decimal_text(each.expected)} → {decimal_text(units)}"
    text = f"{what}: {cause} {ratio.numerator}:{ratio.denominator}"
    return Candidate(cause, told.certainty, (fact,), text, (told.evidence,), due=told.due)


def _paid_out(case: Case, each: Moved, told: _Ratio) -> Iterator[Candidate]:
    at_mark = worth(case.book, each.con_id, told.fraction)
    if not at_mark:
        return
    seen = case.differences("cash").get(each.contract.currency)
    paid = [at_mark]
    if seen is not None and is_near(seen, at_mark, LIEU_APART_MAX):
        paid.insert(0, cents(seen))
    for amount in dict.fromkeys(paid):
        facts, text = _sold(case, each, told.fraction, amount), _spelt(each, told.fraction, amount)
        presumes: Subject | None = ("cash", each.contract.currency) if amount == at_mark != seen else None
        yield Candidate(LIEU, told.certainty, facts, text, (told.evidence,), presumes=presumes)


def _corrected(case: Case) -> Iterator[Candidate]:
    """Correct what was presumed to be paid at the mark by what is left of the cash: another price, near enough."""
    for candidate in case.chosen:
        if candidate.cause != LIEU or candidate.presumes is None:
            continue
        sold, charged = candidate.facts
        assert isinstance(sold, OrderFilled)
        contract = case.book.contracts[sold.con_id]
        at_mark = cents(-sold.quantity * sold.price)
        amount = cents(at_mark + case.differences("cash").get(contract.currency, ZERO))
        if amount == at_mark or not is_near(amount, at_mark, LIEU_APART_MAX):
            continue
        price = nearest(Fraction(amount) / Fraction(-sold.quantity), PRICE)
        instead = sold.model_copy(update={"price": price})
        again = instead.model_copy(update={"execution_id": revised(sold.execution_id)})
        text = _spelt(Moved(contract, ZERO, ZERO), -sold.quantity, amount)
        yield Candidate(
            LIEU, "likely", (again,), text, candidate.evidence, corrects=candidate.text, instead=(instead, charged)
        )


def _sold(case: Case, each: Moved, fraction: Decimal, amount: Decimal) -> tuple[Fact, ...]:
    """Sell a fraction after the split, whenever that is recorded; the broker tells it as an execution, too."""
    price = nearest(Fraction(amount) / Fraction(fraction), PRICE)
    sold, charged = inferred_fill(case, f"cash in lieu/{each.con_id}", each.con_id, -fraction, price, ZERO, None)
    return (sold.model_copy(update={"occurred_at": None}), charged)


def _spelt(each: Moved, fraction: Decimal, amount: Decimal) -> str:
    return f"{money(amount)} in lieu of {decimal_text(fraction)} {each.contract.symbol}"
