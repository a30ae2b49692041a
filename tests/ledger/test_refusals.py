from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import Fact, OrderCancelAttempted, OrderCancelled, OrderExpired, OrderRejected
from ledger.refusals import resting, rests
from tests.facts import AAPL, DAY, SPY, bought, replay, working

FIRST, SECOND = "tb-DU1000001-1-aaaa-756733-B-1", "tb-DU1000001-2-bbbb-756733-B-1"


def rejected(order_ref: str) -> Fact:
    return OrderRejected(order_ref=order_ref, code=201, reason="no permission")


def cancelled(order_ref: str) -> Fact:
    return OrderCancelled(order_ref=order_ref, filled=Decimal(0), reason="by the broker")


def book_of(*endings: Fact) -> Book:
    """Two orders in SPY, one after the other, and how they ended."""
    facts = [*working(FIRST, SPY, "10", 1), *(e for e in endings if getattr(e, "order_ref", FIRST) == FIRST)]
    facts += [*working(SECOND, SPY, "10", 2), *(e for e in endings if getattr(e, "order_ref", FIRST) == SECOND)]
    return replay(facts)


@pytest.mark.parametrize(
    ("endings", "is_at_rest"),
    [
        pytest.param([rejected(FIRST)], False, id="refused once: the next plan sends it once more"),
        pytest.param([rejected(FIRST), rejected(SECOND)], True, id="refused twice"),
        pytest.param([cancelled(FIRST), cancelled(SECOND)], True, id="cancelled twice by another hand"),
        pytest.param([rejected(FIRST), cancelled(SECOND)], True, id="refused, then cancelled by another hand"),
        pytest.param(
            [rejected(FIRST), OrderCancelAttempted(order_ref=SECOND, order_id=2, perm_id=2), cancelled(SECOND)],
            False, id="the second was cancelled by us",
        ),
        pytest.param(
            [rejected(FIRST), bought(SPY, "4", execution="a.01", order_ref=SECOND), cancelled(SECOND)],
            False, id="some of the second filled",
        ),
        pytest.param(
            [rejected(FIRST), OrderExpired(order_ref=SECOND, filled=Decimal(0))],
            False, id="the second ended with its session",
        ),
    ],
)  # fmt: skip
def test_a_contract_rests_after_the_second_refusal_of_a_session(endings: Iterable[Fact], is_at_rest: bool) -> None:
    book = book_of(*endings)

    assert bool(rests(book, SPY.con_id, DAY)) == is_at_rest
    assert list(resting(book, DAY)) == ([SPY.con_id] if is_at_rest else [])
    assert rests(book, AAPL.con_id, DAY) == ""


def test_a_contract_rests_for_one_session_and_says_why() -> None:
    book = book_of(rejected(FIRST), rejected(SECOND))

    assert rests(book, SPY.con_id, DAY).endswith("it rests until the next session: 201 no permission")
    assert rests(book, SPY.con_id, DAY.replace(day=2)) == ""
