"""Double entry: every money event as postings that sum to zero in each currency.

Assets are positive, income negative, as beancount has it. To give a new money event its postings, write them where its
effect stands (`ledger/effects/money.py`) and let `post` check and add them.

Accounts: cash, position:CONID, realised, commissions, dividends, taxes, interest, fees, transfers, conversion,
accruals, opening, suspense.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from ledger.lots import EXACT, ZERO

Journal = dict[tuple[str, str], Decimal]  # (account, currency) -> balance; an account at zero is left out


class Unbalanced(Exception):
    """Postings that do not sum to zero in some currency: a defect of ours."""


class Posting(NamedTuple):
    """An amount to one account, in one currency."""

    account: str
    currency: str
    amount: Decimal


Entry = tuple[str, str, Decimal]  # a posting, or what is one in all but name


def post(journal: Journal, postings: Iterable[Entry]) -> None:
    """Add postings that balance; raise Unbalanced, having changed nothing, for those that do not."""
    entry = tuple(postings)
    difference = trial_balance(entry)
    if any(difference.values()):
        raise Unbalanced(f"expected postings that sum to zero per currency, found {difference}: {entry}")
    for name, currency, amount in entry:
        if amount:
            account = (name, currency)
            after = EXACT.add(journal.get(account, ZERO), amount)
            if after:
                journal[account] = after
            else:  # so that the same facts in another order leave the same journal
                del journal[account]


def trial_balance(postings: Iterable[Entry]) -> dict[str, Decimal]:
    """Sum of all postings per currency: zero, if nothing is wrong."""
    sums: dict[str, Decimal] = {}
    for _, currency, amount in postings:
        before = sums.get(currency)
        sums[currency] = amount if before is None else EXACT.add(before, amount)
    return sums


def as_postings(journal: Journal) -> tuple[Posting, ...]:
    """Return the journal's balances as postings."""
    return tuple(Posting(account, currency, amount) for (account, currency), amount in sorted(journal.items()))


def balance(journal: Journal, account: str, currency: str) -> Decimal:
    """One account's balance: zero where nothing was posted."""
    return journal.get((account, currency), ZERO)
