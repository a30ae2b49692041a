"""Dividends that arrive: as they accrued, with another tax, in lieu; or as a source declared them, without an accrual.

Each dividend that is to come is proposed by itself, in variants that bear one name (`Candidate.due`): paid as it was
announced, with another tax, as a payment in lieu. Which of them fits is told by the amounts alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import NamedTuple

from ledger.book import Book
from ledger.events import (
    DividendAccrualReversed,
    DividendAccrued,
    DividendPaid,
    Fact,
    PaymentInLieuPaid,
    TaxWithheld,
    decimal_text,
)
from ledger.events.fact import ENVELOPE_FIELDS
from ledger.events.reconciliation import Certainty
from ledger.lots import EXACT
from ledger.state import ZERO
from reconcile.candidates import Candidate, Case, money
from reconcile.causes.income import cents, dividends_gone, in_base, is_within, today, unpaid
from reconcile.comparing.names import symbol
from reconcile.periods import broker_day
from reconcile.tolerances import CENT

TOGETHER_MAX = 4  # dividends that are looked at together, where not all that are due explain the amount
ALONE_MAX = 2  # more than the engine would choose beside another cause: they come as one candidate
FEW = 3  # so many that are due are proposed with another tax, too, whatever differs; of more, what fits exactly
SOME = 12  # so many as they were announced
COMMON_RATES = tuple(map(Decimal, ("0", "0.10", "0.15", "0.25", "0.30")))  # of what is withheld, by most treaties …
RATES = (  # … and what else is, somewhere
    *COMMON_RATES,
    *map(Decimal, ("0.05", "0.07", "0.125", "0.128", "0.15315", "0.19", "0.20", "0.20315", "0.21", "0.22", "0.26")),
    *map(Decimal, ("0.26375", "0.27", "0.275", "0.28", "0.35")),
)
TAX_MAX = Decimal("0.01")  # of NAV: more is no tax on dividends of before
LATE_MAX = 10  # days after its pay date a dividend that is not paid is no surprise any more


class Coming(NamedTuple):
    """A dividend that is to come."""

    name: str
    con_id: int
    currency: str
    gross: Decimal
    tax: Decimal | None  # None: nobody told
    pay_date: date | None
    accrual: DividendAccrued | None  # that ends with it
    evidence: str


def dividends_due(case: Case) -> Iterator[Candidate]:
    """Dividends as they accrued, each by itself and those together that explain what differs."""
    gone = dividends_gone(case.book)
    for currency, difference in case.differences("cash").items():
        coming = _accrued(case.book, currency)
        some = _due(case, coming, SOME)
        for each in coming:
            if each in some or _is(difference, _net(each)):
                yield _paid(case, (each,), gone)
        for chosen in _together(case, coming, difference):
            yield _paid(case, chosen, gone)


def dividends_declared(case: Case) -> Iterator[Candidate]:
    """Dividends that a source declared and that never accrued: gross, or less a tax at a usual rate."""
    for currency, difference in case.differences("cash").items():
        coming = _declared(case.book, currency)
        few = _due(case, coming, FEW)
        for each in coming:
            for tax in _taxes(each, difference, is_one_of_few=each in few):
                yield _taxed(case, each, tax, "dividend")


def taxes_at_another_rate(case: Case) -> Iterator[Candidate]:
    """Dividends that accrued, of which more or less was withheld than was announced."""
    for currency, difference in case.differences("cash").items():
        coming = [each for each in _accrued(case.book, currency) if each.gross > 0]
        few = _due(case, coming, FEW)
        for each in coming:
            taxes = _taxes(each, difference, is_one_of_few=each in few)
            for tax in taxes:
                if not _is(tax, each.tax or ZERO):
                    fits = _fits(case, coming, each, tax, difference)
                    yield _taxed(case, each, tax, "withholding tax", None if fits else "possible")
            implied = EXACT.subtract(difference, each.gross)
            is_usual = any(_is(implied, tax) for tax in (*taxes, each.tax or ZERO))
            if -each.gross <= implied * 2 and implied <= 0 and not is_usual:
                yield _taxed(case, each, implied, "withholding tax", "possible")


def paid_in_lieu(case: Case) -> Iterator[Candidate]:
    """Dividends on shares that were lent: as payments in lieu, taxed alike or not at all."""
    for currency, difference in case.differences("cash").items():
        coming = [each for each in _accrued(case.book, currency) if each.gross > 0]
        few = _due(case, coming, FEW)
        for each in coming:
            for tax in dict.fromkeys((each.tax or ZERO, ZERO)):
                if each in few or _is(difference, each.gross + tax):
                    yield _taxed(case, each, tax, "payment in lieu", "possible")


def _due(case: Case, coming: list[Coming], most: int) -> list[Coming]:
    """Return those that are due, if they are few: what is left of a difference is only held against what fits."""
    due = [each for each in coming if _is_due(case.book, each)]
    return due if len(due) <= most and not case.chosen else []


def _taxes(each: Coming, difference: Decimal, *, is_one_of_few: bool) -> list[Decimal]:
    """Return the taxes at usual rates: common ones whatever differs, others where they fit exactly."""
    if each.gross <= 0:
        return [ZERO]
    taxes = {rate: cents(each.gross * -rate) for rate in RATES}
    wanted = {
        tax: rate
        for rate, tax in taxes.items()
        if (is_one_of_few and rate in COMMON_RATES) or _is(difference, each.gross + tax)
    }
    return list(wanted)


def _fits(case: Case, coming: list[Coming], each: Coming, tax: Decimal, difference: Decimal) -> bool:
    """Tell whether a tax leaves nothing of a difference: alone, or with all the others that are due."""
    paid = EXACT.add(each.gross, tax)
    others = sum((_net(other) for other in coming if other is not each and _is_due(case.book, other)), ZERO)
    return _is(difference, paid) or _is(difference, EXACT.add(paid, others))


def _is(amount: Decimal, other: Decimal) -> bool:
    return abs(EXACT.subtract(amount, other)) <= CENT


def _net(each: Coming) -> Decimal:
    return EXACT.add(each.gross, each.tax or ZERO)


def taxes_alone(case: Case) -> Iterator[Candidate]:
    """Taxes on dividends of before, asked for or given back: the whole difference that is left."""
    book = case.book
    for currency, difference in case.differences("cash").items():
        withheld = book.journal.get(("taxes", currency), ZERO)
        if not withheld and not any(units > 0 for units in book.positions.values()):
            continue
        if is_within(book, currency, difference, TAX_MAX) is False:
            continue
        words = "withheld later" if difference < 0 else "given back"
        fact = TaxWithheld(
            source=case.origin.source, reference=case.origin.named(f"tax/{currency}/{decimal_text(difference)}"),
            amount=difference, currency=currency, provisional=True,
        )  # fmt: skip
        evidence = (f"taxes of dividends so far {money(-withheld)} {currency}",) if withheld else ()
        yield Candidate(
            "withholding tax", "possible", (fact,), f"withholding tax {money(difference)} {words}", evidence
        )


def _accrued(book: Book, currency: str) -> list[Coming]:
    return [
        Coming(name, told.con_id, currency, told.gross, told.tax, told.pay_date, told, f"accrual {name}")
        for name, told in sorted(unpaid(book).items())
        if told.currency == currency
    ]


def _declared(book: Book, currency: str) -> list[Coming]:
    """Return what a source declared, has gone ex, and is neither accrued nor told by a statement."""
    coming = []
    for of_day, told in sorted(book.distributions.items()):
        if told.taken_back or told.currency != currency or told.ex_date > today(book):
            continue
        if book.statement_until is not None and (told.pay_date or told.ex_date) <= book.statement_until:
            continue
        name, units = f"{of_day}/{told.pay_date or ''}", _held_before(book, told.con_id, told.ex_date)
        if units and not _is_told(book, of_day, name):
            speaks = f"{told.source}: {decimal_text(told.amount)} a unit, ex {told.ex_date}, {decimal_text(units)} held"
            gross = cents(units * told.amount)
            coming.append(Coming(name, told.con_id, currency, gross, None, told.pay_date, None, speaks))
    return coming


def _is_told(book: Book, of_day: str, name: str) -> bool:
    """Tell whether a declared dividend accrued, whatever its pay date was then, or was inferred before."""
    sources = ("rule", "operator")
    if any(f"broker-cash/{source}/{name}" in book.keys for source in sources):
        return True
    if book.statement_until is None:
        return False  # nothing ever accrues without statements
    return any(key.startswith(f"accrual/{of_day}/") for key in book.keys)


def _held_before(book: Book, con_id: int, ex_date: date) -> Decimal:
    """Return the units that were held when a day began: today's, less what was traded since."""
    held = book.positions.get(con_id, ZERO)
    for fill in book.fills.values():
        if fill.con_id == con_id and not fill.busted and broker_day(fill.at) >= ex_date:
            held = EXACT.subtract(held, fill.quantity)
    return held


def _together(case: Case, coming: list[Coming], difference: Decimal) -> Iterator[tuple[Coming, ...]]:
    """Return all that are due, received or owed, and those of some that are due whose sum is the difference."""
    due = [each for each in coming if _is_due(case.book, each)]
    for alike in ([each for each in due if each.gross > 0], [each for each in due if each.gross < 0]):
        if len(alike) > 1:
            yield tuple(alike)
    for size in range(ALONE_MAX + 1, min(TOGETHER_MAX, len(due) - 1) + 1) if len(due) <= SOME else ():
        for chosen in combinations(due, size):
            paid = sum(map(_net, chosen), ZERO)
            if abs(difference - paid) <= CENT * len(chosen):  # IB rounds each payment to cents
                yield chosen


def _is_due(book: Book, each: Coming) -> bool:
    pays = each.pay_date or (today(book) if each.accrual is None else None)
    return pays is not None and pays <= today(book)


def _standing(case: Case, chosen: tuple[Coming, ...], gone: Decimal | None) -> tuple[Certainty, tuple[str, ...], bool]:
    """Say how sure it is that these were paid, what speaks for it, and whether their absence would be a surprise."""
    book = case.book
    is_due = all(_is_due(book, each) for each in chosen)
    is_late = any(each.pay_date is not None and (today(book) - each.pay_date).days > LATE_MAX for each in chosen)
    announced = sum(map(_net, chosen), ZERO)
    worth = in_base(book, chosen[0].currency, announced)
    allowed = CENT * (len(chosen) + 1)
    if gone is None or worth is None or gone < -allowed:
        return ("likely" if is_due else "possible"), (), is_due and not is_late
    if worth and abs(gone - worth) <= allowed:
        return "likely", (f"the broker's accrued dividends fell by {money(gone)}",), True
    if abs(gone) <= allowed:
        return "possible", (), False  # the broker holds all of them to be open still
    return ("likely" if is_due else "possible"), (), is_due and not is_late


def _paid(case: Case, chosen: tuple[Coming, ...], gone: Decimal | None) -> Candidate:
    """Propose dividends as they were announced; what is owed on a short position is a payment in lieu."""
    facts, told = list[Fact](), list[str]()
    for each in chosen:
        tax = each.tax or ZERO
        facts += _facts(case, each, tax, is_in_lieu=each.gross < 0)
        told.append(_words(case, each, tax, "payment in lieu" if each.gross < 0 else "dividend"))
    certainty, evidence, is_due = _standing(case, chosen, gone)
    names = tuple(each.name for each in chosen)
    cause = "payment in lieu" if all(each.gross < 0 for each in chosen) else "dividend"
    evidence = (*(each.evidence for each in chosen), *evidence)
    return Candidate(
        cause, certainty, tuple(facts), f"{', '.join(told)}, accrued", evidence, due=names if is_due else ()
    )


def _taxed(case: Case, each: Coming, tax: Decimal, cause: str, certainty: Certainty | None = None) -> Candidate:
    """Propose one dividend with a tax of its own, or under another name."""
    surer, evidence, is_due = _standing(case, (each,), dividends_gone(case.book) if each.accrual else None)
    if each.accrual is None:
        surer, is_due = ("likely" if each.pay_date is None or _is_due(case.book, each) else "possible"), False
    word = cause if cause == "payment in lieu" or each.gross < 0 else "dividend"
    facts = _facts(case, each, tax, is_in_lieu=word == "payment in lieu" or each.gross < 0)
    source = "accrued" if each.accrual else "declared"
    if each.tax is not None and not _is(tax, each.tax):
        source = f"accrued with tax {money(-each.tax)}"
    return Candidate(
        "payment in lieu" if each.gross < 0 else cause, certainty or surer, tuple(facts),
        f"{_words(case, each, tax, word)}, {source}", (each.evidence, *evidence), due=(each.name,) if is_due else (),
    )  # fmt: skip


def _facts(case: Case, each: Coming, tax: Decimal, *, is_in_lieu: bool) -> Iterator[Fact]:
    common = {"con_id": each.con_id, "source": case.origin.source, "currency": each.currency, "provisional": True}
    paid = {**common, "reference": each.name, "amount": each.gross}
    yield PaymentInLieuPaid.model_validate(paid) if is_in_lieu else DividendPaid.model_validate(paid)
    if tax:
        yield TaxWithheld.model_validate({**common, "reference": f"{each.name}/tax", "amount": tax})
    if each.accrual is not None:
        told = {name: value for name, value in each.accrual if name not in ENVELOPE_FIELDS}
        yield DividendAccrualReversed.model_validate(told)


def _words(case: Case, each: Coming, tax: Decimal, word: str) -> str:
    less = f" - tax {money(-tax)}" if tax else ""
    return f"{symbol(case.book, each.con_id)} {word} {money(each.gross)}{less}"
