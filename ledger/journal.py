"""Double entry: every money event as postings that sum to zero in each currency.

Assets are positive, income negative, as beancount has it. To give a new money event its postings, write them where its
effect stands (`ledger/effects/`) and let `post` check and add them.

Accounts: cash, position:CONID, variation:CONID, realised, commissions, dividends, taxes, interest, fees, transfers,
conversion, accruals, opening, suspense, exchange, cost adjustments.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, getcontext
from typing import NamedTuple

from ledger.lots import EXACT, ZERO, exactly

Journal = dict[tuple[str, str], Decimal]  # (account, currency) -> balance; an account at zero is left out


class Unbalanced(Exception):
    """Postings that do not sum to zero in some currency: a defect of ours."""


class Written(Journal):
    """A journal that also writes down each entry, for who wants to read them."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[tuple[str, tuple[tuple[str, Decimal], ...]]] = []  # currency, and amounts to accounts


class Posting(NamedTuple):
    """An amount to one account, in one currency."""

    account: str
    currency: str
    amount: Decimal


def post(journal: Journal, currency: str, *legs: tuple[str, Decimal]) -> None:
    """Add an entry: amounts to accounts, in one currency. One that does not balance raises, and changes nothing."""
    if getcontext() is not EXACT:
        with exactly():
            return post(journal, currency, *legs)
    total = ZERO
    for _, amount in legs:
        total += amount
    if total:
        raise Unbalanced(f"expected amounts that sum to zero, found {total} {currency}: {legs}")
    for name, amount in legs:
        if amount:
            account = (name, currency)
            before = journal.get(account)
            after = amount if before is None else before + amount
            if after:
                journal[account] = after
            else:  # so that the same facts in another order leave the same journal
                del journal[account]
    if type(journal) is Written:
        journal.entries.append((currency, tuple(leg for leg in legs if leg[1])))
    return None


def trial_balance(postings: Iterable[Posting]) -> dict[str, Decimal]:
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
