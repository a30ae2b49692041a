"""Commissions that have not come, were told wrong, or came back.

What is inferred of one stands beside its execution, as an adjustment: the broker's own word on the execution is exact
to more digits than its cash, and must not contradict ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ledger.book import Book
from ledger.events import CommissionAdjusted, decimal_text
from ledger.events.reconciliation import Certainty
from ledger.state import ZERO, Fill
from reconcile.candidates import Candidate, Case, money
from reconcile.causes.executions import commission_expected, recent_fills, spelt
from reconcile.causes.holdings import cents
from reconcile.tolerances import CENT

PENDING_MAX = 3  # times what IB's fixed prices make: exchanges and regulators add theirs
REBATES_MAX = 8  # amounts that are looked at, of the latest executions
PRICED = ("STK", "OPT", "FOP")  # what has fixed prices: of currencies and futures they differ by amount and exchange
ALIKE_MIN = 1  # other executions that cost what the fixed prices say, before one that does not is taken to be wrong


def late_commission(case: Case) -> Iterator[Candidate]:
    """Show what executions cost whose commission has not come: at IB's fixed prices, or all the cash that differs."""
    for currency, difference in case.differences("cash").items():
        pending = [
            (base, fill) for base, fill in recent_fills(case.book)
            if fill.commission is None and fill.currency == currency and fill.con_id in case.book.contracts
        ]  # fmt: skip
        if not pending or case_has(case, "late commission"):
            continue
        expected = [_expected(case.book, fill) for _, fill in pending]
        total, presumed = difference, -cents(sum(expected, ZERO))
        base, fill = pending[0]
        words = f"commission of {spelt(case.book, fill)}" if len(pending) == 1 else f"{len(pending)} commissions"
        speaks = (f"{len(pending)} pending, at IB's fixed prices {money(-presumed)}",)
        name = f"late commission/{currency}/{base}"
        if presumed and presumed != difference:
            text = f"{words}, at IB's fixed prices {money(presumed)} {currency}"
            yield _adjusted(case, "late commission", name, presumed, currency, fill, "likely", text, speaks)
        if ZERO < -total <= -presumed * PENDING_MAX:
            text = f"{words} {money(total)} {currency}"
            yield _adjusted(case, "late commission", name, total, currency, fill, "likely", text, speaks)


def case_has(case: Case, cause: str) -> bool:
    """Tell whether a cause has been chosen already."""
    return any(candidate.cause == cause for candidate in case.chosen)


def wrong_commission(case: Case) -> Iterator[Candidate]:
    """Show what a commission was told too high or too low, held against IB's fixed prices that others were charged."""
    if not case.differences("cash"):
        return
    apart = [(base, fill, _apart(case.book, fill)) for base, fill in _charged(case.book)]
    alike = sum(not amount for _, _, amount in apart)
    wrong = [(base, fill, amount) for base, fill, amount in apart if amount]
    if len(wrong) > max(alike, ALIKE_MIN):
        return  # the account has other prices
    for base, fill, amount in wrong:
        certainty: Certainty = "likely" if alike >= ALIKE_MIN else "possible"
        told, expected = fill.commission or ZERO, (fill.commission or ZERO) + amount
        text = f"commission of {spelt(case.book, fill)}: {money(told)} told, {money(expected)} charged"
        speaks = (f"execution {fill.execution_id}", f"IB's fixed price is {money(-expected)}")
        name = f"wrong commission/{base}"
        yield _adjusted(case, "wrong commission", name, amount, fill.currency, fill, certainty, text, speaks)


def rebated_commission(case: Case) -> Iterator[Candidate]:
    """Show commissions that came back whole."""
    for currency, difference in case.differences("cash").items():
        amounts: dict[Decimal, tuple[str, Fill]] = {}
        for base, fill in _charged(case.book):
            if fill.currency == currency and fill.commission is not None and fill.commission < 0:
                amounts.setdefault(cents(-fill.commission), (base, fill))
        for amount, (base, fill) in list(amounts.items())[:REBATES_MAX]:
            certainty: Certainty = "likely" if abs(amount - difference) < CENT else "possible"
            text = f"commission of {spelt(case.book, fill)} given back: {money(amount)}"
            speaks = (f"execution {fill.execution_id} was charged {money(amount)}",)
            name = f"rebate/{base}"
            yield _adjusted(case, "rebated commission", name, amount, currency, fill, certainty, text, speaks)


def _charged(book: Book) -> Iterator[tuple[str, Fill]]:
    for base, fill in recent_fills(book):
        contract = book.contracts.get(fill.con_id)
        is_priced = contract is not None and contract.security_type in PRICED
        if is_priced and fill.commission is not None and fill.commission_currency == fill.currency:
            yield base, fill


def _apart(book: Book, fill: Fill) -> Decimal:
    """Return how much less than its commission an execution should have cost; 0 where it may be right."""
    amount = cents(-(fill.commission or ZERO) - _expected(book, fill))
    return amount if abs(amount) > CENT else ZERO


def _expected(book: Book, fill: Fill) -> Decimal:
    return commission_expected(book.contracts[fill.con_id], fill.quantity, fill.price)


def _adjusted(
    case: Case, cause: str, name: str, amount: Decimal, currency: str, fill: Fill, certainty: Certainty, text: str,
    evidence: tuple[str, ...],
) -> Candidate:  # fmt: skip
    fact = CommissionAdjusted(
        source=case.origin.source, reference=case.origin.named(f"{name}/{decimal_text(amount)}"), amount=amount,
        currency=currency, con_id=fill.con_id, provisional=True,
    )  # fmt: skip
    return Candidate(cause, certainty, (fact,), text, evidence)
