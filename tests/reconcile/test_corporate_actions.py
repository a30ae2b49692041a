"""Actions that need the operator's choice: they lock their contract, and only that, until the choice is told."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.book import Book, Impossible
from ledger.events import ActionPending, Fact
from reconcile import acceptance, reconcile
from reconcile.acceptance import Unexplained
from tests.facts import AAPL, SPY, row, told
from tests.reconcile.worlds import HELD, RETAIL, found, look, quiet_book

FOR_CASH_AND_SHARES = ActionPending(
    con_id=SPY.con_id, source="statement", reference="m1", description="SPY merged for 100.00 and 2 AAPL a share",
    quantity_change=Decimal(-10), cash=Decimal(1000), currency="USD", successor_con_id=AAPL.con_id,
    successor_quantity=Decimal(20),
)  # fmt: skip
ONLY_ANNOUNCED = ActionPending(
    con_id=SPY.con_id, source="statement", reference="v1", description="SPY: a voluntary offer"
)


def pending(action: ActionPending) -> Book:
    """Return the book once a cycle has compared both halves, which agree."""
    book = look(told(quiet_book(), action))
    return told(book, *reconcile(book, RETAIL))


def test_an_action_that_needs_a_choice_locks_its_contract_alone() -> None:
    book = pending(FOR_CASH_AND_SHARES)

    assert book.locked == {SPY.con_id}
    assert [known.found.kind for known in book.open_breaks] == ["corporate_action"]
    assert "100.00 and 2 AAPL" in book.open_breaks[0].found.text
    assert found(reconcile(look(book), RETAIL)) == []


def test_it_is_not_accepted_without_the_choice() -> None:
    with pytest.raises(Unexplained, match="--basis-to-cash AMOUNT"):
        acceptance(pending(FOR_CASH_AND_SHARES), "B-1", "as announced")


def test_the_choice_books_cash_shares_and_what_was_realised_and_lifts_the_lock() -> None:
    book = pending(FOR_CASH_AND_SHARES)

    booked = told(book, *acceptance(book, "B-1", "the company's paper", basis_to_cash=Decimal(800)))

    assert booked.positions == {AAPL.con_id: Decimal(15)}
    assert booked.cash == {"USD": Decimal(93000)}
    assert booked.holdings[SPY.con_id].realised == Decimal(200)
    assert booked.locked == frozenset()
    assert booked.pending_actions == {}
    assert sum(booked.journal.values()) == 0


def test_an_announcement_is_let_go_and_what_it_moved_shows_as_breaks() -> None:
    book = pending(ONLY_ANNOUNCED)

    let_go = told(book, *acceptance(book, "B-1", "I do not take part", as_suspense=True))

    assert let_go.locked == frozenset()
    moved = look(let_go, rows=(row(SPY, "6"), HELD["AAPL"]))
    facts: tuple[Fact, ...] = reconcile(moved, RETAIL)
    assert [fact.kind for fact in found(facts)] == ["position"]


def test_an_announcement_alone_has_no_basis_to_choose() -> None:
    with pytest.raises(Unexplained, match="import a statement"):
        acceptance(pending(ONLY_ANNOUNCED), "B-1", "why not", basis_to_cash=Decimal(1))


def test_a_choice_that_cannot_be_is_refused() -> None:
    impossible = FOR_CASH_AND_SHARES.model_copy(update={"successor_con_id": SPY.con_id})

    with pytest.raises(Impossible, match="expected another contract"):
        acceptance(pending(impossible), "B-1", "as announced", basis_to_cash=Decimal(800))
