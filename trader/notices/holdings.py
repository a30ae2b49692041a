"""What is held beside what is wanted, a row a contract and a currency, as the last snapshot found it. Pure.

To show another column: a name in `HOLDINGS`, and its cell in both kinds of row.
"""

from __future__ import annotations

from decimal import Decimal

from ledger.book import Book
from ledger.events import SnapshotTaken
from ledger.nav import ratio
from queries.figures import change, money, percent, price, quantity

HOLDINGS = ("", "quantity", "share", "target", "value", "mark", "unrealised", "currency")  # a telephone shows five


def holdings(book: Book) -> tuple[tuple[str, ...], ...]:
    """Tell every position with its share of NAV and its target, then the cash."""
    if not book.snapshots:
        return ()
    last = book.snapshots[max(book.snapshots)]
    rows = [
        (
            row.symbol,
            quantity(row.quantity),
            _share(last, row.value, row.currency),
            percent(row.target_weight) if row.target_weight is not None else "",
            money(row.value),
            price(row.mark),
            change(row.unrealised),
            row.currency,
        )
        for row in last.positions
    ]
    cash = [
        ("cash", "", _share(last, row.amount, row.currency), "", money(row.amount), "", "", row.currency)
        for row in last.cash
    ]
    return (*rows, *cash)


def _share(last: SnapshotTaken, amount: Decimal, currency: str) -> str:
    rates = {row.currency: row.rate for row in last.cash}
    if last.nav <= 0 or currency not in rates:
        return ""
    return percent(ratio(amount * rates[currency], last.nav))
