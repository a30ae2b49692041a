"""The daybook: every entry of the journal, in the order in which the book learned of it.

It is a replay with a journal that writes down what is posted; the book itself keeps balances alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from ledger.book import Book
from ledger.journal import Posting, Written
from ledger.line import Event
from ledger.lots import exactly


class Entry(NamedTuple):
    """What one fact posted in one currency; its amounts sum to zero."""

    seq: int
    at: datetime  # when it happened
    recorded_at: datetime
    type: str  # of the fact
    key: str | None
    currency: str
    legs: tuple[tuple[str, Decimal], ...]  # accounts and amounts

    @property
    def postings(self) -> tuple[Posting, ...]:
        """Its legs, each with its currency."""
        return tuple(Posting(account, self.currency, amount) for account, amount in self.legs)


def entries(events: Iterable[Event]) -> Iterator[Entry]:
    """Yield the entries of a whole log, or of a beginning of it: their sums are the balances of its book."""
    book = Book()
    written = book.journal = Written()
    for event in events:
        with exactly():
            book.apply(event)
        for currency, legs in written.entries:
            if legs:
                yield Entry(event.seq, event.at, event.recorded_at, event.type, event.key, currency, legs)
        written.entries.clear()
