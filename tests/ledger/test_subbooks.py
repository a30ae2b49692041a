"""What of each position is whose: whatever happens, the parts are the position."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import Impossible
from ledger.effects.replacing import withdraw
from ledger.events import ContractRenamed, CrossRow, MergerApplied, SplitApplied, StrategiesCrossed
from ledger.lots import ZERO, exactly
from ledger.subbooks import REST, holders, pro_rata, sub_position
from tests.facts import AAPL, SPY, bought, replay
from tests.ledger.acting import action
from tests.ledger.years import Years

THIRD = Decimal("0.3333333333")


def crossed(*quantities: tuple[str, str], con_id: int = SPY.con_id) -> StrategiesCrossed:
    rows = (
        CrossRow(con_id=con_id, symbol="SPY", strategy=name, quantity=Decimal(units), price=Decimal(400))
        for name, units in quantities
    )
    return StrategiesCrossed(rows=tuple(rows))


@given(st.integers(0, 2**32))
@settings(max_examples=2, deadline=None)
def test_whatever_happens_the_parts_are_the_position(seed: int) -> None:
    history = Years(seed, 25, 0.3)
    for offered in history.events():
        history.take(offered)
    book = history.book

    assert book.sub_positions
    assert ZERO not in book.sub_positions.values()
    for con_id in {*book.holdings, *(con_id for _, con_id in book.sub_positions)}:
        parts = [sub_position(book, name, con_id) for name in (*holders(book, con_id), REST)]
        assert sum(parts) == book.positions.get(con_id, ZERO)


def test_what_is_rounded_off_one_share_goes_to_the_next() -> None:
    shares = pro_rata(Decimal(-1), (("a", Decimal(1)), ("b", Decimal(1)), ("c", Decimal(1))))

    assert shares == (("a", -THIRD), ("b", -THIRD - Decimal("1e-10")), ("c", -THIRD))
    assert sum(units for _, units in shares) == -1


def test_nobody_s_order_is_nobody_s_share() -> None:
    assert pro_rata(Decimal(1), ()) == ()


def test_a_cross_takes_from_one_what_it_gives_the_other() -> None:
    book = replay([crossed(("a", "7.5"), ("b", "-5"), (REST, "-2.5"))])

    assert book.sub_positions == {("a", SPY.con_id): Decimal("7.5"), ("b", SPY.con_id): Decimal(-5)}
    assert sub_position(book, REST, SPY.con_id) == Decimal("-2.5")
    assert book.positions == {}


def test_a_cross_that_makes_units_is_impossible() -> None:
    with pytest.raises(Impossible, match="expected them to sum to 0, found 1"):
        replay([crossed(("a", "8"), ("b", "-7"))])


def test_what_was_held_in_the_target_of_a_merger_stays_whose_it_was() -> None:
    merged = action(
        MergerApplied, SPY, "1", 600, quantity_change=Decimal(-10), cash=ZERO, currency="USD",
        successor_con_id=AAPL.con_id, successor_quantity=Decimal(10),
    )  # fmt: skip
    before = [
        bought(SPY, "10", execution="e.01"),
        bought(AAPL, "50", execution="f.01"),
        crossed(("a", "10"), (REST, "-10")),
    ]

    book = replay([*before, crossed(("b", "50"), (REST, "-50"), con_id=AAPL.con_id), merged])

    assert book.sub_positions == {("b", AAPL.con_id): Decimal(50), ("a", AAPL.con_id): Decimal(10)}
    assert sub_position(book, REST, AAPL.con_id) == ZERO
    assert replay([*before, merged]).sub_positions == {("a", AAPL.con_id): Decimal(10)}


def test_units_follow_a_split_that_is_taken_back() -> None:
    split = action(SplitApplied, SPY, "1", 600, numerator=2, denominator=1, quantity_change=Decimal(10))
    book = replay([bought(SPY, "10", execution="e.01"), crossed(("a", "6"), (REST, "-6")), split])
    assert book.sub_positions == {("a", SPY.con_id): Decimal(12)}

    with exactly():
        withdraw(book, str(split.key), "take-back/B-1")

    assert book.sub_positions == {("a", SPY.con_id): Decimal(6)}


def test_units_go_where_a_new_name_takes_the_position() -> None:
    renamed = action(ContractRenamed, SPY, "1", 600, successor_con_id=AAPL.con_id)
    book = replay([bought(SPY, "10", execution="e.01"), crossed(("a", "7.5"), (REST, "-7.5")), renamed])

    assert book.positions == {AAPL.con_id: Decimal(10)}
    assert book.sub_positions == {("a", AAPL.con_id): Decimal("7.5")}
