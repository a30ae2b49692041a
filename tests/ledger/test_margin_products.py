"""Futures and CFDs: nothing is paid when they are traded, and every day's gain is settled into cash."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import Book
from ledger.events import Fact, PositionTransferred, TaxWithheld, VariationSettled
from ledger.journal import as_postings, balance, trial_balance
from ledger.nav import own_nav
from tests.facts import (
    ES,
    bought,
    busted,
    commission,
    contract,
    minutes,
    opened_cash,
    positions_reported,
    rates,
    replay,
    row,
    sold,
    told,
)

D = Decimal
CFD = contract(901, "IBUS500", kind="CFD")


def settled(amount: Decimal, reference: str, minute: int) -> VariationSettled:
    return VariationSettled(
        source="statement", reference=reference, amount=amount, currency="USD", con_id=ES.con_id,
        occurred_at=minutes(minute),
    )  # fmt: skip


def unsettled(book: Book) -> Decimal:
    return balance(book.journal, f"variation:{ES.con_id}", "USD")


@pytest.mark.parametrize("what", [ES, CFD], ids=["a future", "a CFD"])
def test_only_the_commission_is_paid_when_it_is_bought(what: Any) -> None:
    book = replay([CFD, bought(what, "2", "5000", execution="a.01"), commission("a.01", "-4.5")])

    assert book.cash == {"USD": D("-4.5")}
    assert balance(book.journal, f"variation:{what.con_id}", "USD") == -10000 * what.multiplier


def test_nav_counts_what_is_not_settled_and_never_the_notional() -> None:
    world = [opened_cash("1000"), rates(), bought(ES, "2", "5000", execution="a.01")]
    marked = positions_reported(row(ES, "2", "5010"))

    before, after = replay([*world, marked]), replay([*world, settled(D(1000), "1", 5), marked])

    assert own_nav(before) == own_nav(after) == 2000


def test_a_bust_of_a_future_takes_back_what_stood_against_variation() -> None:
    book = replay([bought(ES, "2", "5000", execution="a.01"), busted("a.01")])

    assert (book.journal, book.positions) == ({}, {})


def transferred(units: str, basis: str, value: str | None, reference: int = 1, **rest: Any) -> PositionTransferred:
    worth = None if value is None else D(value)
    return PositionTransferred(
        con_id=ES.con_id, source="statement", reference=f"{reference}", quantity=D(units), basis=D(basis),
        currency="USD", value=worth, occurred_at=minutes(reference), **rest,
    )  # fmt: skip


@pytest.mark.parametrize("value", ["501000", None], ids=["its value is told", "its value is not told"])
def test_a_future_that_is_moved_in_and_out_is_no_flow_of_its_notional(value: str | None) -> None:
    came = transferred("2", "500000", value)
    worth = D(value or "500000")

    there = told(replay([opened_cash("1000"), rates()]), came, positions_reported(row(ES, "2", f"{worth / 100}")))
    left = told(there, transferred("-2", "-500000", value and f"-{value}", 2))

    assert (own_nav(there), own_nav(left)) == (D(1000), D(1000))
    assert (unsettled(there), unsettled(left)) == (-worth, D(0))
    assert balance(there.journal, "transfers", "USD") == worth - 500000
    assert balance(left.journal, "transfers", "USD") == 0
    assert left.holdings[ES.con_id].quantity == 0


def test_a_future_that_left_by_mistake_is_taken_back_whole() -> None:
    before = replay([opened_cash("1000"), bought(ES, "2", "5000", execution="a.01")])
    left = transferred("-2", "-500000", "-502000")

    gone = told(before, left)
    back = told(gone, transferred("-1", "-250000", "-251000", 2, replaces=left.key))

    assert (gone.positions, unsettled(gone)) == ({}, D(-500000) + D(502000))
    assert (back.positions, unsettled(back)) == ({ES.con_id: D(1)}, D(-500000) + D(251000))
    assert not any(trial_balance(as_postings(back.journal)).values())


@st.composite
def sessions(draw: st.DrawFn) -> tuple[list[Fact], Decimal]:
    """Days of trades at any price, each settled at the day's mark, the last of them flat."""
    facts: list[Fact] = []
    held, before, result = D(0), D(0), D(0)
    for day in range(draw(st.integers(1, 5))):
        mark = D(draw(st.integers(-400, 4000))) / 4
        gain = held * (mark - before) * ES.multiplier
        for number in range(draw(st.integers(0, 3))):
            quantity, price = D(draw(st.integers(-4, 4).filter(bool))), D(draw(st.integers(-400, 4000))) / 4
            facts.append(bought(ES, f"{quantity}", f"{price}", execution=f"d{day}n{number}.01", at=minutes(day * 90)))
            held, gain = held + quantity, gain + quantity * (mark - price) * ES.multiplier
        facts.append(settled(gain, f"{day}", day * 90 + 60))
        before, result = mark, result + gain
    if held:
        facts.append(bought(ES, f"{-held}", f"{before}", execution="last.01", at=minutes(9000)))
    return facts, result


@settings(max_examples=300, deadline=None)
@given(sessions(), st.randoms(use_true_random=False))
def test_flat_and_settled_nothing_stands_against_variation_and_lots_agree_with_cash(
    told_of: tuple[list[Fact], Decimal], shuffled: Any
) -> None:
    facts, result = told_of
    late = facts[:]
    shuffled.shuffle(late)

    book, out_of_order = replay(facts), replay(late)

    assert (book.positions, unsettled(book)) == ({}, D(0))
    assert book.cash.get("USD", D(0)) == result
    assert sum((holding.realised for holding in book.holdings.values()), D(0)) == result
    assert (out_of_order.journal, out_of_order.cash) == (book.journal, book.cash)
    assert not any(trial_balance(as_postings(book.journal)).values())


def test_what_is_withheld_of_a_cfd_is_cash_like_any_other() -> None:
    tax = TaxWithheld(source="statement", reference="1", amount=D("-1.5"), currency="USD", con_id=CFD.con_id)

    book = told(replay([CFD, bought(CFD, "1", "5", execution="a.01"), sold(CFD, "1", "7", execution="b.01")]), tax)

    assert (book.cash, balance(book.journal, "variation:901", "USD")) == ({"USD": D("-1.5")}, D(2))
