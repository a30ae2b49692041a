"""Checks of the book against a second implementation of the same bookkeeping, which shares nothing with it."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.book import Impossible
from ledger.checkpoints import book_of
from ledger.errors import LogError
from queries.second_books import SecondBooksUnknown, differences, second_books
from queries.verification.findings import Figure, Finding, counted
from queries.verification.subject import Subject

Said = Iterator[Finding | Figure]


def second_bookkeeping(subject: Subject) -> Said:
    """Hold positions, cash, lots and realised P&L of the book beside those that SQL adds up from the lines."""
    try:
        book = book_of(subject.home)
        second = second_books(subject.home, until_seq=book.seq)
    except (LogError, Impossible):
        yield Figure("not compared: the log is damaged", skipped=True)  # said by the checks before
        return
    except SecondBooksUnknown as unknown:
        yield Finding(f"the two bookkeepings cannot be compared: {unknown}")
        return
    yield from (Finding(str(difference)) for difference in differences(book, second))
    yield Figure(f"{counted(len(second.positions), 'contract')}, {counted(len(second.cash), 'currency')} in SQL too")
