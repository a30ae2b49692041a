"""A break that ends by itself names the facts that brought the halves together, or says that the broker's half did."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import BreakClosed, CashDeposited, Fact, FeeCharged, InterestPaid, SplitApplied
from reconcile import reconcile
from tests.facts import SPY, bought, commission, row, told
from tests.reconcile.worlds import HELD, RETAIL, look, quiet_book, reconciled

D = Decimal
SHORT = HELD["AAPL"]


def stated(kind: type[CashDeposited] | type[FeeCharged] | type[InterestPaid], name: str, amount: str) -> Fact:
    return kind(source="statement", reference=name, amount=D(amount), currency="USD")


def ended(book: Book) -> list[tuple[str, str, tuple[str, ...]]]:
    facts = [fact for fact in reconcile(book, RETAIL) if isinstance(fact, BreakClosed)]
    return [(fact.break_id, fact.cause, fact.evidence) for fact in facts]


FEE, DEPOSIT = stated(FeeCharged, "1", "-4.5"), stated(CashDeposited, "2", "104.5")


@pytest.mark.parametrize(
    ("reported", "facts", "cause"),
    [
        pytest.param("91995.5", (FEE,), "fee", id="one"),
        pytest.param("92100", (FEE, DEPOSIT), "fee + deposit", id="several"),
        pytest.param("91995.53", (FEE,), "fee + rounding", id="but for cents"),
        pytest.param("91000", (FEE,), "fee + stale snapshot", id="and the broker's half came round"),
    ],
)
def test_facts_that_a_statement_told_since_are_named(reported: str, facts: tuple[Fact, ...], cause: str) -> None:
    book = told(reconciled(look(quiet_book(), cash={"USD": reported})), *facts)
    now = str(book.cash["USD"])

    assert ended(look(book, cash={"USD": now})) == [("B-1", cause, tuple(str(fact.key) for fact in facts))]


def test_where_nothing_was_told_the_brokers_half_came_round() -> None:
    book = reconciled(look(quiet_book(), rows=[SHORT]))

    assert ended(look(book)) == [("B-1", "partial snapshot", ())]


def test_an_action_closes_its_position() -> None:
    book = reconciled(look(quiet_book(), rows=[row(SPY, "20", "200"), SHORT]))
    split = SplitApplied(
        con_id=SPY.con_id, source="statement", reference="9", numerator=2, denominator=1, quantity_change=D(10)
    )

    after = look(told(book, split), rows=[row(SPY, "20", "200"), SHORT])

    assert ended(after) == [("B-1", "split", (split.key,))]


def test_what_made_a_part_of_it_is_named_where_the_rest_goes_on() -> None:
    book = reconciled(look(quiet_book(), cash={"USD": "91895.5"}))

    facts = reconcile(look(told(book, FEE), cash={"USD": "91895.5"}), RETAIL)

    (closed,) = [fact for fact in facts if isinstance(fact, BreakClosed)]
    assert (closed.break_id, closed.cause, closed.evidence) == ("B-1", "fee", (FEE.key,))
    assert "changed" in closed.reason


def test_a_trade_that_happened_since_explains_nothing() -> None:
    book = reconciled(look(quiet_book(), cash={"USD": "91600"}))
    later = bought(SPY, "1", execution="x.01", at=book.now + timedelta(minutes=5))
    book = told(book, later, commission("x.01", "0"))

    closed = ended(look(book, cash={"USD": "91600"}, rows=[row(SPY, "11"), SHORT]))

    assert closed == [("B-1", "stale snapshot", ())]
