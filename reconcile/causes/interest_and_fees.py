"""What cash and borrowed shares bring or cost, and what the broker charges for its services."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ledger.book import Book
from ledger.events import FeeCharged, InterestPaid, decimal_text
from ledger.events.reconciliation import Certainty
from ledger.lots import EXACT
from reconcile.candidates import Candidate, Case, money
from reconcile.causes.income import cents, in_base, interest_accrued, interest_fallen, interest_gone, is_within
from reconcile.comparing.names import symbol
from reconcile.tolerances import CENT

NEAR = Decimal("0.05")  # of what has accrued: the days since the last statement are not in our sum
FELL_MIN = Decimal(1)  # the broker accrues no less
SMALL = Decimal("0.001")  # of NAV: what is charged, rather than taken out …
FEE_MAX = Decimal("0.01")  # … and what no fee amounts to


def interest(case: Case) -> Iterator[Candidate]:
    """Interest of a month that is paid: what has accrued, or by how much the broker's own accrual fell."""
    gone = interest_gone(case.book)
    for currency, difference in case.differences("cash").items():
        accrued = cents(interest_accrued(case.book, currency))
        if not accrued:
            yield from _as_it_fell(case, currency, difference)
            continue
        speaks = f"interest accrued so far {money(accrued)} {currency}"
        if _is_gone(case.book, currency, accrued, gone):
            fell = "the broker's accrued interest fell by as much"
            yield _interest(case, currency, accrued, "likely", (speaks, fell))
            continue
        if gone is None:
            yield _interest(case, currency, accrued, "possible", (speaks,))
        if accrued * difference > 0 and difference != accrued:
            is_near = abs(EXACT.subtract(difference, accrued)) <= abs(accrued) * NEAR
            is_sure = is_near and _is_gone(case.book, currency, difference, gone)
            yield _interest(case, currency, difference, "likely" if is_sure else "possible", (speaks,))


def _as_it_fell(case: Case, currency: str, difference: Decimal) -> Iterator[Candidate]:
    """Propose about what the broker's accrual fell by, where no statement tells what accrued."""
    fell = interest_fallen(case.book)
    if currency != case.book.base_currency or fell is None or abs(fell) < FELL_MIN:
        return
    if abs(EXACT.subtract(difference, fell)) <= abs(fell) * NEAR:
        speaks = f"the broker's accrued interest fell by {money(fell)} {currency} since the session before"
        yield _interest(case, currency, difference, "likely", (speaks,))


def _is_gone(book: Book, currency: str, amount: Decimal, gone: Decimal | None) -> bool:
    """Tell whether the broker's accrued interest fell by an amount; both are rounded."""
    worth = in_base(book, currency, amount)
    return gone is not None and worth is not None and abs(EXACT.subtract(gone, worth)) <= 2 * CENT


def _interest(case: Case, currency: str, amount: Decimal, certainty: Certainty, evidence: tuple[str, ...]) -> Candidate:
    fact = InterestPaid(
        source=case.origin.source, reference=case.origin.named(f"interest/{currency}/{decimal_text(amount)}"),
        amount=amount, currency=currency, provisional=True,
    )  # fmt: skip
    due = (f"interest {currency}",) if certainty == "likely" else ()  # the accrual is gone: it was paid
    return Candidate("interest", certainty, (fact,), f"interest {money(amount)} {currency}", evidence, due=due)


def borrow_fee(case: Case) -> Iterator[Candidate]:
    """Costs of shares that are held short: the whole difference that is left."""
    book = case.book
    for currency, difference in case.differences("cash").items():
        short = [con_id for con_id, units in sorted(book.positions.items()) if units < 0 and _is_stock(book, con_id)]
        if difference < 0 and short and is_within(book, currency, difference, FEE_MAX) is not False:
            held = ", ".join(f"{decimal_text(book.positions[each])} {symbol(book, each)}" for each in short[:3])
            con_id = short[0] if len(short) == 1 else None
            yield _fee(case, currency, difference, "borrow", "possible", (f"short {held}",), con_id)


def _is_stock(book: Book, con_id: int) -> bool:
    contract = book.contracts.get(con_id)
    return contract is not None and contract.security_type == "STK"


def fee(case: Case) -> Iterator[Candidate]:
    """Fees like one that was charged before, to the cent; or the whole difference that is left."""
    for currency, difference in case.differences("cash").items():
        amount = cents(difference)
        before = case.book.fees.get(f"{currency}/{decimal_text(amount)}")
        if before is not None and abs(EXACT.subtract(difference, amount)) < CENT:
            speaks = f"charged before: {before.removeprefix('broker-cash/')}"
            yield _fee(case, currency, amount, "other", "likely", (speaks,))
        elif is_within(case.book, currency, difference, FEE_MAX) is not False:
            yield _fee(case, currency, difference, "other", "possible", _as_fee(case.book, currency, difference))


def _as_fee(book: Book, currency: str, amount: Decimal) -> tuple[str, ...]:
    """Say what speaks for a fee: that it is small; large amounts are moved by people."""
    is_small = amount < 0 and is_within(book, currency, amount, SMALL)
    return (f"it is below {SMALL:.1%} of NAV",) if is_small else ()


def _fee(
    case: Case, currency: str, amount: Decimal, kind: str, certainty: Certainty, evidence: tuple[str, ...],
    con_id: int | None = None,
) -> Candidate:  # fmt: skip
    fact = FeeCharged(
        source=case.origin.source, reference=case.origin.named(f"fee/{kind}/{currency}/{decimal_text(amount)}"),
        amount=amount, currency=currency, kind=kind, con_id=con_id, provisional=True,
    )  # fmt: skip
    cause = "borrow fee" if kind == "borrow" else "fee"
    words = cause if amount < 0 else f"{cause} given back"
    return Candidate(cause, certainty, (fact,), f"{words} {money(amount)} {currency}", evidence)
