"""What becomes of options: exercised, assigned, or ended without value.

What is delivered follows from the option's own definition: its underlying, multiplier and strike. Options in their
underlying's stead that are settled in cash take the difference that is seen, where it is on the right side.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from ledger.book import Book
from ledger.events import OptionAssigned, OptionExercised, OptionExpired, decimal_text
from ledger.events.observations import ContractDefined
from ledger.events.reconciliation import Certainty
from ledger.state import ZERO
from reconcile.candidates import Candidate, Case, money
from reconcile.causes.holdings import Moved, cents, is_near, worth

OPTIONS = frozenset(("OPT", "FOP"))
CASH_APART_MAX = Fraction(1, 4)  # between the last mark and what an index settles at
DELIVERED = frozenset(("STK", "FUND", "FUT"))


def expiry(case: Case) -> Iterator[Candidate]:
    """Options that are gone on or after their last day, without value."""
    for option in _gone(case):
        if not _has_ended(case.book, option.contract):
            continue
        fact = OptionExpired(
            con_id=option.con_id, source=case.origin.source, reference=case.origin.named("expiry"), provisional=True,
            quantity=option.units,
        )  # fmt: skip
        inside = _inside(case.book, option.contract)
        sure: Certainty = "possible" if inside is not None and inside > 0 else "likely"
        evidence = (f"its last day was {option.contract.expiry}", *_marked(case.book, option.contract))
        yield Candidate(
            "expiry", sure, (fact,), f"{_named(option.contract, option.units)} expired without value", evidence
        )


def assignment(case: Case) -> Iterator[Candidate]:
    """Sold options that are gone, their underlying delivered or received at the strike."""
    for option in _gone(case):
        if option.expected < 0:
            yield from _delivered(case, option, "assignment", OptionAssigned)


def exercise(case: Case) -> Iterator[Candidate]:
    """Bought options that are gone, their underlying received or delivered at the strike."""
    for option in _gone(case):
        if option.expected > 0:
            yield from _delivered(case, option, "exercise", OptionExercised)


def _delivered(case: Case, option: Moved, cause: str, kind: type[OptionExercised]) -> Iterator[Candidate]:
    underlying, strike = _underlying(case.book, option.contract), option.contract.strike
    if strike is None or option.contract.right is None:
        return
    if underlying is None:
        yield from _settled_in_cash(case, option, cause, kind)
        return
    seen = case.differences("position").get(str(underlying.con_id), ZERO)
    each = _units_each(option, underlying)
    if each is None:
        return
    for number in _numbers(case.book, option, seen, each):
        fact = kind(
            con_id=option.con_id, source=case.origin.source, reference=case.origin.named(cause), provisional=True,
            quantity=number, underlying_con_id=underlying.con_id, underlying_quantity=number * each, strike=strike,
        )  # fmt: skip
        paid = -number * each * strike * underlying.multiplier
        what = f"{decimal_text(number * each)} {underlying.symbol} at {decimal_text(strike)}"
        text = f"{_named(option.contract, number)}: {cause}, {what} ({money(paid)})"
        yield Candidate(cause, "likely", (fact,), text, (f"contract {option.con_id} is {_terms(option.contract)}",))


def _units_each(option: Moved, underlying: ContractDefined) -> Decimal | None:
    """Return how many units of the underlying come for each option that goes: a call that was held brings some."""
    units = Fraction(option.contract.multiplier) / Fraction(underlying.multiplier)
    if units.denominator != 1 or not units:
        return None
    return Decimal(-units.numerator if option.contract.right == "C" else units.numerator)


def _numbers(book: Book, option: Moved, seen: Decimal, each: Decimal) -> Iterator[Decimal]:
    """Yield how many options were delivered: all that are gone, or as many as what is seen of the underlying says."""
    number = Fraction(seen) / Fraction(each)
    is_part = number.denominator == 1 and 0 < number / Fraction(option.units) < 1
    inside = _inside(book, option.contract)
    if seen or (inside is not None and inside > 0):
        yield option.units
    if is_part:
        yield Decimal(number.numerator)


def _settled_in_cash(case: Case, option: Moved, cause: str, kind: type[OptionExercised]) -> Iterator[Candidate]:
    """Take what is seen for what was paid, to the holder or by whoever sold it, if it is about the option's mark."""
    seen, marked = (
        case.differences("cash").get(option.contract.currency),
        worth(case.book, option.con_id, -option.units),
    )
    is_paid = seen is not None and marked is not None and is_near(seen, marked, CASH_APART_MAX)
    if seen is None or not is_paid or not _has_ended(case.book, option.contract) or option.contract.strike is None:
        return
    amount = cents(seen)
    fact = kind(
        con_id=option.con_id, source=case.origin.source, reference=case.origin.named(f"{cause} for cash"),
        provisional=True, quantity=option.units, underlying_quantity=ZERO, strike=option.contract.strike,
        amount=amount,
    )  # fmt: skip
    text = f"{_named(option.contract, option.units)}: {cause}, settled in cash ({money(amount)})"
    evidence = (f"its last day was {option.contract.expiry}", f"it was marked at {money(abs(marked or ZERO))} then")
    yield Candidate(cause, "likely", (fact,), text, evidence)


def _gone(case: Case) -> Iterator[Moved]:
    """Yield the options that the broker holds fewer of, on either side; what is left of them, if some are explained."""
    for finding in case.findings:
        contract = case.book.contracts.get(finding.con_id or 0)
        if finding.kind != "position" or contract is None or contract.security_type not in OPTIONS:
            continue
        if finding.expected is None or finding.found is None or not finding.difference:
            continue
        option = Moved(contract, finding.expected, finding.found)
        if option.units * option.expected < 0 and abs(option.units) <= abs(option.expected):
            yield option


def _underlying(book: Book, option: ContractDefined) -> ContractDefined | None:
    """Return what an option is on, by its id; by its name, where the broker did not tell the id."""
    if option.underlying_con_id is not None:
        named = book.contracts.get(option.underlying_con_id)
        return named if named is not None and named.security_type in DELIVERED else None
    alike = (
        each
        for _, each in sorted(book.contracts.items())
        if each.symbol == option.symbol and each.currency == option.currency and each.security_type in DELIVERED
    )
    return next(alike, None)


def _has_ended(book: Book, option: ContractDefined) -> bool:
    today = book.now.date() if book.cycle is None else book.cycle.started.session_day
    return option.expiry is not None and option.expiry <= today


def _inside(book: Book, option: ContractDefined) -> Decimal | None:
    """Return how far an option is in the money at the last mark; None where no mark was told."""
    underlying = _underlying(book, option)
    mark = None if underlying is None else book.marks.get(underlying.con_id)
    if mark is None or option.strike is None:
        return None
    return mark - option.strike if option.right == "C" else option.strike - mark


def _marked(book: Book, option: ContractDefined) -> tuple[str, ...]:
    underlying, inside = _underlying(book, option), _inside(book, option)
    if underlying is None or inside is None:
        return ()
    where = "in" if inside > 0 else "out of"
    return (f"{underlying.symbol} is marked at {decimal_text(book.marks[underlying.con_id])}: {where} the money",)


def _terms(option: ContractDefined) -> str:
    right = "call" if option.right == "C" else "put"
    until = "" if option.expiry is None else f" until {option.expiry}"
    return f"{option.symbol} {right} {decimal_text(option.strike or ZERO)}{until}"


def _named(option: ContractDefined, units: Decimal) -> str:
    return f"{decimal_text(abs(units))} {_terms(option)}"
