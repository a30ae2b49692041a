"""The books as hledger reads them: units at their total cost, and exact balances at each day's end.

A total cost says everything that a lot cost, to the last digit; which lot it was stands in the posting's tags. Accounts
and commodities are declared, so that `hledger check --strict` passes too.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ledger.events import decimal_text
from ledger.lots import ZERO
from queries.export.accounts import ROUNDING
from queries.export.transactions import Balances, Books, Posting, Transaction


def lines(books: Books) -> Iterator[str]:
    """Yield the file, some lines at a time."""
    yield (
        f"; Account {books.account}, derived from its log. Lots at cost before commissions; days of the home's zone.\n"
        "decimal-mark .\n"
    )
    accounts, commodities = set[str](), set[str]()
    for told in books.transactions():
        match told:
            case Balances():
                yield _balances(told)
            case Transaction():
                postings = [*told.postings, *_negative(told.postings)]
                for account, _, commodity, cost in postings:
                    for currency in (commodity, cost.currency if cost else commodity):
                        if currency not in commodities:
                            commodities.add(currency)
                            yield f"commodity 1.0000000000 {_named(currency)}\n"
                    if account not in accounts:
                        accounts.add(account)
                        yield f"account {account}\n"
                yield _transaction(told, postings)


def _transaction(told: Transaction, postings: list[Posting]) -> str:
    reference = f", reference:{_plain(told.reference)}" if told.reference else ""
    head = f"\n{told.day} * {_plain(told.narration)}  ; seq:{told.seq}{reference}\n"
    return head + "".join(map(_posting, postings))


def _posting(posting: Posting) -> str:
    account, amount, commodity, cost = posting
    told = f"    {account}  {decimal_text(amount)} {_named(commodity)}"
    if cost is None:
        return f"{told}\n"
    paid = decimal_text(max(_cost(posting), ZERO))
    return f"{told} @@ {paid} {cost.currency}  ; lot:{_plain(cost.label)}, acquired:{cost.acquired}\n"


def _cost(posting: Posting) -> Decimal:
    """Return what units cost, without their sign."""
    assert posting.cost is not None
    return posting.cost.total if posting.amount > 0 else posting.cost.total.copy_negate()


def _negative(postings: list[Posting]) -> Iterator[Posting]:
    """Book the basis of units that cost less than nothing: no cost says that."""
    for posting in postings:
        if posting.cost is not None and _cost(posting) < 0:
            yield Posting(ROUNDING, posting.cost.total, posting.cost.currency)


def _balances(told: Balances) -> str:
    held = "".join(
        f"    {account}  0 {_named(commodity)} = {decimal_text(amount)} {_named(commodity)}\n"
        for account, amount, commodity, _ in told.held
    )
    return f"\n{told.day} * Balances at the day's end\n{held}" if held else ""


def _named(commodity: str) -> str:
    return commodity if commodity.isalpha() else f'"{commodity}"'


def _plain(text: str) -> str:
    """Keep a text from being read as a comment, a payee, or another tag."""
    return " ".join(text.replace(";", " ").replace("|", " ").replace(",", " ").split())
