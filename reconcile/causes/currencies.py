"""Currencies: one given for another, and one that is valued at two rates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal, localcontext
from itertools import combinations

from ledger.book import Book
from ledger.events import CurrencyConverted, decimal_text
from ledger.lots import EXACT, ROUNDING, ZERO
from ledger.nav import mark
from reconcile.candidates import Candidate, Case, money
from reconcile.causes.income import cents, in_base

NEAR = Decimal("0.02")  # of the rate that the broker tells now: it has moved since, and a commission is in it
RATE_APART_MAX = Decimal("0.10")  # no major currency moved by more within a day
SHOWN = Decimal("0.0001")  # of a rate


def conversion(case: Case) -> Iterator[Candidate]:
    """Cash that is missing in one currency and came in another, at about the rate that the broker tells.

    What else moved the base currency is not known at first: then the rate is presumed, and what is left corrects it.
    """
    yield from _corrected(case)
    differences, base = case.differences("cash"), case.book.base_currency
    for one, other in combinations(sorted(differences), 2):
        amount, against = differences[one], differences[other]
        if amount * against < 0 and _is_near(case, one, amount, other, against):
            yield _conversion(case, (one, amount), (other, against))
    for currency, amount in differences.items():
        worth = in_base(case.book, currency, amount)
        paid = ZERO if worth is None or currency == base else -cents(worth)
        if paid and not case.chosen and paid != differences.get(base, paid):
            told = _conversion(case, (currency, amount), (base, paid))
            yield replace(told, presumes=("cash", base))


def _corrected(case: Case) -> Iterator[Candidate]:
    """Correct the rate that was presumed by what is left of the base currency."""
    base = case.book.base_currency
    left = case.differences("cash").get(base, ZERO)
    for candidate in case.chosen if left else ():
        fact = candidate.facts[0] if candidate.facts else None
        if candidate.presumes is None or not isinstance(fact, CurrencyConverted):
            continue
        amounts = {fact.sold_currency: -fact.sold, fact.bought_currency: fact.bought}
        (other,) = amounts.keys() - {base}
        paid = EXACT.add(amounts[base], left)
        if paid * amounts[base] > 0 and _is_near(case, other, amounts[other], base, paid):
            instead = _conversion(case, (other, amounts[other]), (base, paid), fact)
            yield replace(instead, corrects=candidate.text)


def _is_near(case: Case, one: str, amount: Decimal, other: str, against: Decimal) -> bool:
    """Tell whether two amounts are worth about the same, by the rates that the broker tells."""
    worth, paid = in_base(case.book, one, amount), in_base(case.book, other, against)
    return worth is not None and paid is not None and abs(EXACT.add(worth, paid)) <= abs(worth) * NEAR


def _conversion(
    case: Case, one: tuple[str, Decimal], other: tuple[str, Decimal], before: CurrencyConverted | None = None
) -> Candidate:
    """Propose that the amount below zero was given for the other; in the place of what was presumed before."""
    (sold, given), (bought, got) = sorted((one, other), key=lambda each: each[1])
    name = case.origin.named(f"conversion/{sold}/{bought}/{decimal_text(-given)}/{decimal_text(got)}")
    fact = CurrencyConverted(
        source=case.origin.source, reference=name, provisional=True, sold=-given, sold_currency=sold, bought=got,
        bought_currency=bought, replaces=None if before is None else before.key,
    )  # fmt: skip
    rate, told = _ratio(-given, got), _ratio(case.book.rates[bought], case.book.rates[sold])
    text = f"{money(-given)} {sold} converted into {money(got)} {bought}, at {rate}"
    return Candidate("currency conversion", "likely", (fact,), text, (f"the broker's rate now: {told}",))


def _ratio(amount: Decimal, other: Decimal) -> Decimal:
    with localcontext(ROUNDING):
        return (amount / other).quantize(SHOWN)


def translation(case: Case) -> Iterator[Candidate]:
    """NAV at another rate of one currency than the one that the broker tells beside it."""
    residual = case.differences("nav").get("NAV")
    if not residual:
        return
    for currency, worth in sorted(_foreign(case.book).items()):
        if not worth or abs(residual) > abs(worth) * RATE_APART_MAX:
            continue
        rate = case.book.rates[currency]
        implied = _ratio(EXACT.multiply(rate, EXACT.add(worth, residual)), worth)
        text = f"{currency} at {implied} instead of {_ratio(rate, Decimal(1))} makes {money(residual)}"
        speaks = (f"held in {currency}: {money(worth)} {case.book.base_currency}",)
        yield Candidate("currency translation", "possible", (), text, speaks, amounts={("nav", "NAV"): residual})


def _foreign(book: Book) -> dict[str, Decimal]:
    """Return what is held in other currencies, in the base currency: cash, and positions at their marks."""
    native = {currency: amount for currency, amount in book.cash.items() if currency != book.base_currency}
    for con_id, units in book.positions.items():
        contract = book.contracts.get(con_id)
        if contract is None or contract.currency == book.base_currency or con_id not in book.marks:
            continue
        value = EXACT.multiply(EXACT.multiply(units, mark(book, con_id)), contract.multiplier)
        native[contract.currency] = EXACT.add(native.get(contract.currency, ZERO), value)
    valued = ((currency, in_base(book, currency, amount)) for currency, amount in native.items())
    return {currency: worth for currency, worth in valued if worth is not None}
