"""The owner's choice of lots reaches the book as facts, once, and from then on."""

from __future__ import annotations

from decimal import Decimal

from ledger.events import LotMethodSet
from tests.facts import AAPL, SPY, bought, commission, opened_cash, replay, sold, told
from trader.accounting import lot_methods

UNIVERSE = (SPY.con_id, AAPL.con_id)


def test_first_in_first_out_needs_no_word() -> None:
    assert tuple(lot_methods(replay(()), "fifo", {}, UNIVERSE)) == ()


def test_a_choice_is_told_once() -> None:
    book = replay(())

    first = tuple(lot_methods(book, "lifo", {"AAPL": "hifo"}, UNIVERSE))
    again = tuple(lot_methods(told(book, *first), "lifo", {"AAPL": "hifo"}, UNIVERSE))

    assert first == (LotMethodSet(method="lifo"), LotMethodSet(method="hifo", con_id=AAPL.con_id))
    assert again == ()


def test_a_choice_that_is_taken_back_is_told_too() -> None:
    book = replay((LotMethodSet(method="lifo"), LotMethodSet(method="hifo", con_id=AAPL.con_id)))

    assert tuple(lot_methods(book, "lifo", {}, UNIVERSE)) == (LotMethodSet(method="lifo", con_id=AAPL.con_id),)


def test_a_sale_closes_the_lots_of_the_method_in_force() -> None:
    held = replay((
        opened_cash("10000"), bought(SPY, "1", "100", execution="a.01"), commission("a.01", "0"),
        bought(SPY, "1", "200", execution="b.01"), commission("b.01", "0"),
    ))  # fmt: skip
    chosen = told(held, *lot_methods(held, "lifo", {}, UNIVERSE))

    after = told(chosen, sold(SPY, "1", "250", execution="c.01", at=chosen.now))

    assert after.holdings[SPY.con_id].realised == Decimal(50)
    assert after.holdings[SPY.con_id].basis == Decimal(100)
