"""What the broker says at last takes the place of what was inferred, in whatever order both are told."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from ledger.events import (
    ActionPending,
    BasisAllocated,
    ContractDelisted,
    DividendPaid,
    OptionExercised,
    PositionTransferred,
    ReturnOfCapitalPaid,
    SpinOffApplied,
    TaxWithheld,
    VariationSettled,
)
from tests.facts import ES, bought, minutes, sold, told
from tests.ledger.acting import CALL, NEW, OLD, action, dividend, held, merger, sound, split

D = Decimal


@pytest.mark.parametrize(
    ("inferred", "told_at_last"),
    [
        pytest.param(dividend("rule", "12"), dividend("statement", "12.34"), id="a dividend"),
        pytest.param(
            action(ReturnOfCapitalPaid, OLD, source="rule", amount=D(70), currency="USD"),
            dividend("statement", "70"),
            id="capital that was none",
        ),
        pytest.param(
            action(VariationSettled, ES, source="rule", amount=D(5), currency="USD"),
            action(VariationSettled, ES, amount=D(6), currency="USD"),
            id="a variation",
        ),
        pytest.param(split(OLD, "10", source="rule"), split(OLD, "11"), id="a split"),
        pytest.param(
            split(OLD, "10", source="rule", successor_con_id=NEW.con_id), split(OLD, "5"), id="a split elsewhere"
        ),
        pytest.param(merger("30", "5", source="rule", basis_to_cash=D(9)), merger("60"), id="a merger"),
        pytest.param(
            action(SpinOffApplied, OLD, source="rule", child_con_id=NEW.con_id, child_quantity=D(3),
                   basis_fraction=D("0.25")),
            action(ContractDelisted, OLD, quantity_change=D(-10)),
            id="a spin-off",
        ),
        pytest.param(
            action(PositionTransferred, OLD, source="rule", quantity=D(-4), basis=D(0), currency="USD"),
            action(PositionTransferred, OLD, quantity=D(4), basis=D(8), currency="USD"),
            id="a transfer",
        ),
        pytest.param(
            action(OptionExercised, CALL, source="rule", quantity=D(-1), underlying_con_id=NEW.con_id,
                   underlying_quantity=D(100), strike=D(3), commission=D(-1)),
            action(ContractDelisted, CALL, quantity_change=D(-1)),
            id="an exercise",
        ),
        pytest.param(
            action(ActionPending, OLD, source="rule", description="a choice"), merger("60"), id="a choice that was made"
        ),
    ],
)  # fmt: skip
def test_the_broker_s_word_replaces_what_was_inferred(inferred: Any, told_at_last: Any) -> None:
    inferred = inferred.model_copy(update={"provisional": True})
    word = told_at_last.model_copy(update={"replaces": inferred.key})
    world = [bought(CALL, "1", "2", execution="c.01"), bought(ES, "1", "9", execution="e.01")]

    book, alone = held(*world, inferred, word), held(*world, told_at_last)
    later = sound(told(held(*world, inferred), sold(OLD, "2", "5", execution="s.01", at=minutes(800)), word))
    backwards = held(*world, word, inferred)

    assert (book.journal, book.cash, book.positions) == (alone.journal, alone.cash, alone.positions)
    assert (backwards.journal, backwards.cash) == (alone.journal, alone.cash)
    assert later.positions.get(OLD.con_id, 0) == alone.positions.get(OLD.con_id, 0) - 2
    assert list(held(*world, inferred).provisional) == [inferred.key]
    assert book.provisional == backwards.provisional == {}
    assert told(book, inferred).journal == book.journal


def test_what_took_a_place_gives_it_up_again_in_whatever_order_it_is_told() -> None:
    guess = action(DividendPaid, OLD, amount=D(10), currency="USD", provisional=True)
    word = action(DividendPaid, OLD, "2", amount=D(11), currency="USD", replaces=guess.key)
    last = action(DividendPaid, OLD, "3", amount=D(12), currency="USD", replaces=word.key)

    books = [held(*facts) for facts in permutations((guess, word, last))]

    assert [book.cash for book in books] == [held(action(DividendPaid, OLD, amount=D(12), currency="USD")).cash] * 6
    assert [book.provisional for book in books] == [{}] * 6


def test_a_basis_that_was_allocated_stays_with_what_takes_the_spin_off_s_place() -> None:
    first = action(SpinOffApplied, OLD, child_con_id=NEW.con_id, child_quantity=D(5), provisional=True)
    second = first.model_copy(update={"reference": "2", "replaces": first.key})
    third = first.model_copy(update={"reference": "3", "replaces": second.key})
    allocated = action(BasisAllocated, OLD, "4", spin_off=first.key, fraction=D("0.2"))

    early, late = held(first, allocated, second, third), held(first, second, third, allocated)

    assert early.holdings[NEW.con_id].basis == late.holdings[NEW.con_id].basis == early.holdings[OLD.con_id].basis / 4
    assert early.journal == late.journal


def test_a_plain_movement_that_was_wrong_is_taken_back_by_the_one_that_names_it() -> None:
    wrong = action(TaxWithheld, OLD, amount=D(-3), currency="USD")
    right = action(TaxWithheld, OLD, "2", amount=D(-2), currency="USD", replaces=wrong.key)

    assert held(wrong, right).cash == {"USD": D(-52)}


def test_a_pending_action_locks_its_contract_until_the_choice_is_made() -> None:
    pending = action(ActionPending, OLD, description="cash or shares")

    book = held(pending)
    chosen = sound(told(book, merger("60", replaces=pending.key, source="operator")))

    assert (set(book.locked), book.positions) == ({OLD.con_id}, {OLD.con_id: D(10)})
    assert (chosen.locked, chosen.positions) == (frozenset(), {})


def test_the_share_of_a_spin_off_may_be_allocated_anew() -> None:
    spun = action(SpinOffApplied, OLD, child_con_id=NEW.con_id, child_quantity=D(3))
    first = action(BasisAllocated, OLD, "2", spin_off=spun.key, fraction=D("0.2"), provisional=True)
    second = action(BasisAllocated, OLD, "3", spin_off=spun.key, fraction=D("0.3"), replaces=first.key)

    assert held(spun, first).holdings[NEW.con_id].basis == 10
    assert held(spun, first, second).holdings[NEW.con_id].basis == 15
