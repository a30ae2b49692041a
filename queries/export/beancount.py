"""The books as beancount 3 reads them: lots by cost, date and label, and exact balances at each day's end.

A balance is asserted on the morning after, as beancount has it, without any tolerance. What a lot's cost per unit
cannot say goes to `Equity:Rounding`, so that every transaction balances to the last digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Context, Decimal

from ledger.events import ContractDefined, decimal_text
from ledger.lots import EXACT, ZERO
from queries.export.accounts import POSITIONS, ROUNDING
from queries.export.transactions import Balances, Books, Posting, Transaction

ARITHMETIC = Context(prec=28)  # beancount's own
NOT_IN_A_LINK = re.compile(r"[^A-Za-z0-9\-_/.]+")


def lines(books: Books) -> Iterator[str]:
    """Yield the file, some lines at a time."""
    yield (
        f";; Account {books.account}, derived from its log. Lots at cost before commissions; days of the home's zone.\n"
        f'option "title" "tallybook {books.account}"\n'
        f'option "operating_currency" "{books.base_currency}"\n'
        'option "inferred_tolerance_default" "*:0.00000001"\n'
    )
    known = set[str]()
    for told in books.transactions():
        match told:
            case Balances():
                yield from _balances(told)
            case Transaction():
                rounded = _rounding(told.postings)
                for posting in (*told.postings, *rounded):
                    if posting.account not in known:
                        known.add(posting.account)
                        yield from _opened(books, told.day, posting)
                yield _transaction(told, rounded)


def _opened(books: Books, day: date, posting: Posting) -> Iterator[str]:
    is_position = posting.account.startswith(POSITIONS)
    if is_position:
        yield _commodity(day, posting.commodity, books.contract_of(posting.commodity))
    yield f"{day} open {posting.account}{f' {posting.commodity}' if is_position else ''}\n"


def _commodity(day: date, name: str, contract: ContractDefined) -> str:
    told = (
        ("name", contract.long_name or contract.symbol),
        ("symbol", contract.symbol),
        ("con_id", str(contract.con_id)),
        ("isin", contract.isin),
        ("security_type", contract.security_type),
        ("multiplier", decimal_text(contract.multiplier)),
        ("currency", contract.currency),
    )
    return f"{day} commodity {name}\n" + "".join(f"  {key}: {_quoted(value)}\n" for key, value in told if value)


def _transaction(told: Transaction, rounded: list[Posting]) -> str:
    link = NOT_IN_A_LINK.sub("-", told.reference)
    head = f"{told.day} * {_quoted(told.narration)} ^seq-{told.seq}{f' ^{link}' if link else ''}\n"
    meta = f"  reference: {_quoted(told.reference)}\n" if told.reference else ""
    return head + meta + "".join(map(_posting, (*told.postings, *rounded)))


def _posting(posting: Posting) -> str:
    account, amount, commodity, cost = posting
    if cost is None:
        return f"  {account}  {decimal_text(amount)} {commodity}\n"
    unit, _, currency, acquired, label = cost
    told = f"{{{decimal_text(unit)} {currency}, {acquired}, {_quoted(label)}}}"
    return f"  {account}  {decimal_text(amount)} {commodity} {told}\n"


def _rounding(postings: list[Posting]) -> list[Posting]:
    """Book what costs per unit leave over, computed as beancount does."""
    rest: dict[str, Decimal] = {}
    for _, amount, _, cost in postings:
        if cost is not None:
            told = ARITHMETIC.multiply(amount, cost.unit)
            if told != cost.total:
                left = EXACT.subtract(cost.total, told)
                rest[cost.currency] = EXACT.add(rest.get(cost.currency, ZERO), left)
    return [Posting(ROUNDING, amount, currency) for currency, amount in rest.items() if amount]


def _balances(told: Balances) -> Iterator[str]:
    morning = told.day + timedelta(days=1)
    for account, amount, commodity, _ in told.held:
        yield f"{morning} balance {account}  {decimal_text(amount)} ~ 0 {commodity}\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
