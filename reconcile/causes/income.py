"""What income causes read off the book alike: the day, what has accrued, and what the broker says still accrues.

The broker's report tells two sums: the interest and the dividends that have accrued and are not paid. Where ours is
more by just an amount, that amount was paid: it is the best evidence that there is before the statement.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

from ledger.book import Book
from ledger.effects.replacing import standing
from ledger.events import DividendAccrued
from ledger.lots import EXACT, ROUNDING
from ledger.nav import Unvalued, own_nav
from ledger.state import ZERO
from reconcile.tolerances import CENT

PAYMENTS = ("dividend_paid", "payment_in_lieu_paid")


def today(book: Book) -> date:
    """Return the session's day; outside any cycle, the day of the last fact."""
    return book.now.date() if book.cycle is None else book.cycle.started.session_day


def cents(amount: Decimal) -> Decimal:
    """Round as the broker pays."""
    with localcontext(ROUNDING):
        return amount.quantize(CENT, ROUND_HALF_UP)


def dividends_gone(book: Book) -> Decimal | None:
    """Return by how much the accrued dividends fell at the broker, in the base currency; None where it is unknown.

    Below zero the broker has more accrued than the book knows of: then nothing is known of what was paid.
    """
    nav = book.reported.nav
    own = _in_base(book, ((accrual.currency, net(accrual)) for accrual in unpaid(book).values()))
    if nav is None or nav.accrued_dividend is None or own is None:
        return None
    return EXACT.subtract(own, nav.accrued_dividend)


def unpaid(book: Book) -> dict[str, DividendAccrued]:
    """Return what has accrued and was not paid: a payment may be told before what reverses its accrual."""
    return {name: accrual for name, accrual in book.accruals.items() if not _is_paid(book, name)}


def _is_paid(book: Book, name: str) -> bool:
    payment = book.accruals_paid.get(name)
    if payment is None:
        return False
    known = book.keys.get(standing(book, payment))
    if known is None:
        return True  # so long ago that its key is forgotten, and it stands
    part = known[1]
    return part is not None and part[0] in PAYMENTS  # else the payment was undone, and nothing took its place


def net(accrual: DividendAccrued) -> Decimal:
    """Return what is paid of an accrual after its tax."""
    return EXACT.add(accrual.gross, accrual.tax)


def interest_accrued(book: Book, currency: str) -> Decimal:
    """Return the interest to come, as statements told it, less what was inferred to be paid since."""
    total = book.journal.get(("accruals", currency), ZERO)
    for accrual in book.accruals.values():
        if accrual.currency == currency:
            total = EXACT.subtract(total, net(accrual))
    for inferred in book.provisional.values():
        if (inferred.type, inferred.currency) == ("interest_paid", currency) and inferred.amount is not None:
            total = EXACT.subtract(total, inferred.amount)
    return total


def interest_gone(book: Book) -> Decimal | None:
    """Return by how much the accrued interest fell at the broker, in the base currency; None where it is unknown."""
    nav = book.reported.nav
    currencies = {currency for account, currency in book.journal if account == "accruals"}
    own = _in_base(book, ((currency, interest_accrued(book, currency)) for currency in sorted(currencies)))
    if nav is None or nav.accrued_cash is None or own is None:
        return None
    return EXACT.subtract(own, nav.accrued_cash)


def interest_fallen(book: Book) -> Decimal | None:
    """Return by how much the broker's accrued interest fell since the session before; None where it told none then."""
    now = book.interest_accrued.get(today(book))
    before = max((day for day in book.interest_accrued if day < today(book)), default=None)
    return None if now is None or before is None else EXACT.subtract(book.interest_accrued[before], now)


def in_base(book: Book, currency: str, amount: Decimal) -> Decimal | None:
    """Value an amount in the base currency; None where no rate was told."""
    known = book.rates.get(currency)
    return None if known is None else EXACT.multiply(amount, known)


def is_within(book: Book, currency: str, amount: Decimal, share: Decimal) -> bool | None:
    """Tell whether an amount is at most a share of NAV; None where nobody can tell what one of them is worth."""
    worth = in_base(book, currency, amount)
    try:
        return None if worth is None else abs(worth) <= EXACT.multiply(own_nav(book), share)
    except Unvalued:
        return None


def _in_base(book: Book, amounts: Iterable[tuple[str, Decimal]]) -> Decimal | None:
    total = ZERO
    for currency, amount in amounts:
        worth = in_base(book, currency, amount) if amount else ZERO
        if worth is None:
            return None
        total = EXACT.add(total, worth)
    return total
