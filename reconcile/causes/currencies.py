"""Currencies: one given for another, and one that is valued at two rates."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext
from itertools import permutations

from ledger.book import Book
from ledger.events import CurrencyConverted
from ledger.lots import EXACT, ROUNDING, ZERO
from ledger.nav import mark
from reconcile.candidates import Candidate, Case, money
from reconcile.causes.income import in_base

NEAR = Decimal("0.02")  # of the rate that the broker tells now: it has moved since, and a commission is in it
RATE_APART_MAX = Decimal("0.10")  # no major currency moved by more within a day
SHOWN = Decimal("0.0001")  # of a rate


def conversion(case: Case) -> Iterator[Candidate]:
    """Cash that is missing in one currency and came in another, at about the rate that the broker tells."""
    differences = case.differences("cash")
    for sold, bought in permutations(sorted(differences), 2):
        given, got = differences[sold], differences[bought]
        worth_given, worth_got = in_base(case.book, sold, given), in_base(case.book, bought, got)
        if given >= 0 or got <= 0 or worth_given is None or worth_got is None:
            continue
        if abs(EXACT.add(worth_given, worth_got)) <= worth_got * NEAR:
            yield _conversion(case, sold, -given, bought, got)


def _conversion(case: Case, sold: str, given: Decimal, bought: str, got: Decimal) -> Candidate:
    fact = CurrencyConverted(
        source=case.origin.source, reference=case.origin.named(f"conversion/{sold}/{bought}"), provisional=True,
        sold=given, sold_currency=sold, bought=got, bought_currency=bought,
    )  # fmt: skip
    rate, told = _ratio(given, got), _ratio(case.book.rates[bought], case.book.rates[sold])
    text = f"{money(given)} {sold} converted into {money(got)} {bought}, at {rate}"
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
