"""Forgetting bounds the memory, and changes nothing that the book says."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import Book, Forgotten, Impossible, book_hash
from ledger.events import CycleFinished, DaySealed
from ledger.line import Event
from reconcile.reconciliation import reconcile
from reconcile.tolerances import Tolerances
from tests.ledger.years import Years

DAYS = 110


def said(book: Book) -> dict[str, Any]:
    """Everything that somebody reads off a book, but for what is past the window."""
    return {
        "hash": book_hash(book),
        "statement": book.statement(),
        "positions": book.positions,
        "lots": {con_id: holding.lots for con_id, holding in book.holdings.items()},
        "cash": book.cash,
        "journal": book.journal,
        "pending": book.pending_commissions,
        "working": book.working_orders,
        "in doubt": book.in_doubt,
        "open breaks": book.open_breaks,
        "next break": book.next_break_id,
        "halted": (book.halted, book.reduce_only, book.locked),
        "cycle": (book.cycle, book.failed, book.reconciled, book.reconciled_at),
        "snapshots": (book.snapshot, book.snapshot_at, book.previous_snapshot, book.growth),
        "found": reconcile(book, Tolerances()),
    }


def verdict(book: Book, offered: Event) -> str:
    """Take an event, or leave the book as it was."""
    candidate = book.fork()
    try:
        candidate.apply(offered)
    except Forgotten:
        return "forgotten"
    except Impossible:
        return "impossible"
    book.become(candidate)
    return "taken"


@given(st.integers(0, 2**32), st.sampled_from((0.02, 0.1, 0.3)))
@settings(max_examples=12, deadline=None)
def test_whether_it_forgets_or_not_a_book_says_the_same(seed: int, oddity: float) -> None:
    history, forgetful, verdicts = Years(seed, DAYS, oddity), Book(), Counter[str]()
    forgetful.forgets = True

    for offered in history.events():
        found = verdict(forgetful, offered)
        verdicts[found] += 1
        if found == "forgotten":
            continue  # whoever folds would begin again; here it is left untold
        assert history.take(offered) == (found == "taken"), offered
        if isinstance(offered.fact, DaySealed | CycleFinished):
            assert said(forgetful) == said(history.book)

    assert forgetful.horizon is not None
    assert verdicts["taken"] > 20 * verdicts["forgotten"]
    assert len(forgetful.fills) < len(history.book.fills)
    assert len(forgetful.keys) < len(history.book.keys)
