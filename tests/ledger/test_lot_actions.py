"""What changes lots without a trade: splits, what goes out and comes in, shares of a basis, capital returned."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import get_args

import pytest

from ledger.lots import (
    OPENING,
    BringIn,
    CarveOut,
    Entry,
    Folded,
    Holding,
    Lot,
    Recost,
    Scale,
    TakeOut,
    Trade,
    disposals,
)
from ledger.spelling import KINDS
from tests.facts import START

D = Decimal
EMPTY = Holding(1, "USD", D(1))
OTHER = Holding(2, "USD", D(1))


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def bought(number: int, units: str, gross: str, charged: str = "0", name: str = "") -> Trade:
    return Trade(day(number), name or f"t{number}", 1, D(units), D(gross), -D(charged))


def after(*entries: Entry, holding: Holding = EMPTY) -> Holding:
    for entry in entries:
        holding = holding.with_entry(entry)
    return holding


def open_lots(holding: Holding) -> list[tuple[str, str, str, int]]:
    """Name, units, gross basis and the day of the acquisition."""
    return [
        (lot.execution, f"{lot.quantity.normalize():f}", f"{lot.gross.normalize():f}", (lot.opened_at - START).days)
        for lot in holding.lots
    ]


# What was there at the beginning


@pytest.mark.parametrize("name", ["0000e0d5.1", "action/statement/1/1", "+action/statement/1/1", "statement-1"])
def test_what_happens_in_the_moment_of_the_opening_comes_after_it(name: str) -> None:
    opening, sold = bought(0, "50", "3000", name=OPENING), bought(0, "-50", "-3500", name=name)

    for held in (after(opening, sold), after(sold, opening)):
        assert [(each.opened_by, each.closed_by, each.quantity) for each in disposals(held)] == [(OPENING, name, D(50))]
        assert held.realised == 500


def test_the_opening_stays_first_once_its_lots_are_told() -> None:
    held = after(bought(0, "50", "3000", name=OPENING), bought(0, "-50", "-3500", name="0000e0d5.1"))
    lots = (Lot(OPENING, D(20), D(800), D(0), day(-9)), Lot(OPENING, D(30), D(2200), D(0), day(-1)))

    told = held.replaced(BringIn(day(0), OPENING, 0, lots))

    assert [each.opened_at for each in disposals(told)] == [day(-9), day(-1)]
    assert told.realised == 500


# Splits


def test_a_split_keeps_basis_and_dates() -> None:
    held = after(bought(0, "10", "100"), bought(1, "30", "330"), Scale(day(2), "split", 0, D(120)))

    assert open_lots(held) == [("t0", "40", "100", 0), ("t1", "120", "330", 1)]
    assert held.realised == 0


def test_a_reverse_split_leaves_the_units_that_the_broker_says() -> None:
    held = after(bought(0, "5000", "1356.75"), bought(1, "7000", "1899.45"), Scale(day(2), "split", 0, D(-11520)))

    assert (held.quantity, held.gross_basis, held.gross_basis / held.quantity) == (D(480), D("3256.20"), D("6.78375"))
    assert open_lots(held) == [("t0", "200", "1356.75", 0), ("t1", "280", "1899.45", 1)]


def test_thirds_of_a_unit_add_up_to_what_the_broker_says() -> None:
    held = after(*(bought(number, "1", "1") for number in range(3)), Scale(day(9), "split", 0, D("-2")))

    assert [lot.quantity for lot in held.lots] == [D("0.3333333333"), D("0.3333333334"), D("0.3333333333")]
    assert held.quantity == 1


def test_a_lot_that_a_reverse_split_leaves_nothing_of_gives_its_basis_to_the_next_one() -> None:
    held = after(
        bought(0, "0.0000000001", "7"), bought(1, "100", "50"), bought(2, "0.0000000001", "2", "0.5"),
        Scale(day(3), "split", 0, D("-90.0000000002")),
    )  # fmt: skip

    assert open_lots(held) == [("t1", "10", "59", 1)]
    assert held.commission == D("-0.5")


def test_a_split_told_before_the_purchase_is_mended_by_it() -> None:
    split = Scale(day(5), "split", 0, D(30))

    early = after(split)
    mended = early.with_entry(bought(0, "10", "100"))

    assert open_lots(early) == [("split", "30", "0", 5)]
    assert open_lots(mended) == [("t0", "40", "100", 0)]


def test_a_split_of_less_than_the_broker_split_loses_no_unit() -> None:
    held = after(bought(0, "10", "100"), Scale(day(5), "split", 0, D(-96)))

    assert (held.quantity, held.realised) == (D(-86), D(-100))
    assert held.with_entry(bought(1, "90", "900")).realised == 0


# Out and in


def test_lots_that_move_to_another_contract_keep_basis_commission_and_dates() -> None:
    source = after(bought(0, "900", "2088", "1"), bought(1, "100", "300", "1"), TakeOut(day(5), "tender", 0))

    target = after(BringIn(day(5), "tender", 0, source.taken_by("tender")), holding=OTHER)

    assert (source.quantity, source.basis, source.realised) == (D(0), D(0), D(0))
    assert open_lots(target) == [("t0", "900", "2088", 0), ("t1", "100", "300", 1)]
    assert target.basis == D(2390)


def test_a_part_that_moves_takes_the_oldest_lots() -> None:
    source = after(bought(0, "10", "100"), bought(1, "10", "200"), TakeOut(day(5), "out", 0, D(-15)))

    assert [(lot.execution, lot.quantity, lot.gross) for lot in source.taken_by("out")] == [
        ("t0", D(10), D(100)), ("t1", D(5), D(100)),
    ]  # fmt: skip
    assert open_lots(source) == [("t1", "5", "100", 1)]


def test_units_of_a_merger_are_shared_out_by_the_units_given() -> None:
    source = after(bought(0, "10", "100"), bought(1, "20", "330"), TakeOut(day(5), "merger", 0))

    target = after(BringIn(day(5), "merger", 0, source.taken_by("merger"), D("7.5")), holding=OTHER)

    assert open_lots(target) == [("t0", "2.5", "100", 0), ("t1", "5", "330", 1)]


def test_lots_that_come_are_queued_by_their_age() -> None:
    old = (Lot("x", D(5), D(50), D(0), day(-9)), Lot("y", D(5), D(60), D(0), day(2)))

    held = after(
        bought(0, "5", "70"), bought(3, "5", "80"), BringIn(day(5), "merger", 0, old), bought(6, "-12", "-120")
    )

    assert open_lots(held) == [("y", "3", "36", 2), ("t3", "5", "80", 3)]


def test_long_lots_that_come_close_short_ones() -> None:
    coming = (Lot("x", D(5), D(50), D(-1), day(-9)),)

    held = after(bought(0, "-3", "-60", "1.5"), BringIn(day(5), "in", 0, coming))

    assert open_lots(held) == [("x", "2", "20", -9)]
    assert (held.realised_gross, held.realised_commission) == (D(30), D("-2.1"))


def test_units_that_come_from_nowhere_have_no_basis() -> None:
    held = after(BringIn(day(5), "in", 0, (), D(12)))

    assert open_lots(held) == [("in", "12", "0", 5)]


def test_more_units_than_are_held_can_leave_and_what_is_told_later_mends_it() -> None:
    out = TakeOut(day(5), "out", 0, D(-15))

    early = after(bought(0, "10", "100"), out)
    mended = early.with_entry(bought(1, "5", "40"))

    assert open_lots(early) == [("out", "-5", "0", 5)]
    assert (mended.lots, mended.realised) == ((), D(0))
    assert sum(lot.gross for lot in mended.taken_by("out")) == 140


def test_what_a_late_purchase_changes_of_what_left_is_told() -> None:
    source = after(bought(1, "10", "200"), bought(2, "10", "300"), TakeOut(day(5), "out", 0, D(-10)))

    late = source.with_entry(bought(0, "4", "40"))

    assert [(lot.execution, lot.quantity) for lot in source.taken_by("out")] == [("t1", D(10))]
    assert [(lot.execution, lot.quantity) for lot in late.taken_by("out")] == [("t0", D(4)), ("t1", D(6))]


def test_cash_for_a_part_of_the_basis_is_realised_and_the_rest_goes_along() -> None:
    source = after(bought(0, "10", "100"), bought(1, "30", "300"), TakeOut(
        day(5), "merger", 0, settled=D(120), proceeds=D(150)
    ))  # fmt: skip

    assert (source.realised, source.quantity, source.gross_basis) == (D(30), D(0), D(0))
    assert [(lot.quantity, lot.gross) for lot in source.taken_by("merger")] == [(D(10), D(70)), (D(30), D(210))]
    assert [(one.opened_by, one.opened_at, one.basis, one.proceeds) for one in disposals(source)] == [
        ("t0", day(0), D(30), D("37.5")), ("t1", day(1), D(90), D("112.5")),
    ]  # fmt: skip


def test_cash_for_units_that_were_not_told_yet_is_realised() -> None:
    source = after(TakeOut(day(5), "merger", 0, D(-10), settled=D(40), proceeds=D(50)))

    assert (source.realised, source.taken_by("merger")) == (D(50), ())
    assert [one.realised for one in disposals(source)] == [D(50)]
    assert source.with_entry(bought(0, "10", "100")).realised == 10


def test_an_opening_position_is_replaced_by_the_lots_of_a_statement() -> None:
    adopted = after(bought(3, "30", "360", name="opening"), bought(5, "-15", "-300"))
    told = (Lot("opening", D(10), D(100), D(0), day(-20)), Lot("opening", D(20), D(260), D(0), day(-10)))

    held = adopted.replaced(BringIn(day(3), "opening", 0, told))

    assert adopted.realised == 300 - 180
    assert held.realised == 300 - 100 - 65
    assert open_lots(held) == [("opening", "15", "195", -10)]


# Basis


def test_a_spin_off_takes_a_share_of_every_lot_and_its_dates() -> None:
    parent = after(bought(0, "25", "1800", "2"), bought(1, "50", "3598", "4"), CarveOut(day(5), "spin", 0, D("0.25")))

    child = after(BringIn(day(5), "spin", 0, parent.taken_by("spin"), D(15)), holding=OTHER)

    assert open_lots(parent) == [("t0", "25", "1350", 0), ("t1", "50", "2698.5", 1)]
    assert open_lots(child) == [("t0", "5", "450", 0), ("t1", "10", "899.5", 1)]
    assert (parent.commission, child.commission, parent.realised) == (D("-4.5"), D("-1.5"), D(0))


def test_an_adjusted_cost_is_shared_by_quantity_and_realises_nothing() -> None:
    held = after(bought(0, "10", "100"), bought(1, "30", "300"), Recost(day(5), "cost", 0, D("-20")))

    assert open_lots(held) == [("t0", "10", "95", 0), ("t1", "30", "285", 1)]
    assert held.realised == 0


def test_a_return_of_capital_beyond_a_lots_basis_is_realised() -> None:
    held = after(bought(0, "10", "5"), bought(1, "30", "300"), Recost(day(5), "capital", 0, D(40), "return_of_capital"))

    assert open_lots(held) == [("t0", "10", "0", 0), ("t1", "30", "270", 1)]
    assert held.realised == 5
    assert [(one.opened_by, one.quantity, one.realised) for one in disposals(held)] == [("t0", D(0), D(5))]


def test_capital_returned_on_a_short_position_is_paid_out_of_its_proceeds() -> None:
    held = after(bought(0, "-10", "-100"), Recost(day(5), "capital", 0, D("-30"), "return_of_capital"))

    assert (held.gross_basis, held.realised) == (D(-70), D(0))


def test_capital_taken_back_is_basis_again() -> None:
    held = after(bought(0, "10", "100"), Recost(day(5), "capital", 0, D("-30"), "return_of_capital"))

    assert (held.gross_basis, held.realised) == (D(130), D(0))


@pytest.mark.parametrize(("kind", "realised"), [("spread", "-20"), ("return_of_capital", "20")])
def test_basis_that_finds_no_units_is_realised(kind: str, realised: str) -> None:
    held = after(Recost(day(5), "late", 0, D(20), kind))

    assert (held.realised, held.lots) == (D(realised), ())
    assert [one.realised for one in disposals(held)] == [D(realised)]


# Disposals


def test_a_disposal_says_when_its_units_were_acquired_and_what_they_brought() -> None:
    held = after(bought(0, "100", "1000", "1"), bought(1, "100", "1200", "1"), bought(2, "-150", "-1950", "1.5"))

    first, second = disposals(held)

    assert (first.opened_at, first.opened_by, first.closed_at, first.closed_by) == (day(0), "t0", day(2), "t2")
    assert (first.quantity, first.basis, first.proceeds, first.realised) == (D(100), D(1001), D(1299), D(298))
    assert (second.quantity, second.basis, second.proceeds, second.realised) == (
        D(50), D("600.5"), D("649.5"), D(49),
    )  # fmt: skip


def test_disposals_of_what_was_folded_away_cannot_be_told() -> None:
    held = after(bought(0, "100", "1000"), bought(1, "-10", "-110")).folded(day(9))

    with pytest.raises(Folded):
        list(disposals(held))


# What is told again


def test_a_commission_that_is_told_anew_replaces_the_first() -> None:
    held = after(bought(0, "10", "100", "1"), bought(1, "-4", "-44", "2"))

    again = held.with_commission("t1", D("-2.5")).with_commission("t0", D("-3")).with_commission("t1", D("-0.5"))

    assert (again.commission, again.realised_commission) == (D("-1.8"), D("-1.7"))
    assert after(bought(0, "10", "100", "1")).with_commission("t0", D(-3)).commission == -3


def test_money_that_the_broker_moved_replaces_what_was_computed() -> None:
    held = after(bought(0, "3", "1366.5162"), bought(1, "-1", "-500"))

    assert held.with_gross("t0", D("1366.52")).gross_basis == D("911.0133333333")


def test_what_is_no_trade_has_no_commission() -> None:
    with pytest.raises(KeyError, match="split"):
        after(bought(0, "1", "1"), Scale(day(1), "split", 0, D(1))).with_commission("split", D(-1))


def test_an_entry_is_found_by_its_id() -> None:
    split = Scale(day(1), "split", 0, D(1))
    held = after(bought(0, "1", "1"), split)

    assert held.entry("split") == split
    assert (held.taken_by("split"), held.taken_by("t0")) == ((), ())
    with pytest.raises(KeyError):
        held.entry("nobody's")
    with pytest.raises(Folded):
        held.folded(day(5)).entry("split")


def test_a_checkpoint_spells_every_kind_of_entry() -> None:
    assert set(KINDS) == set(get_args(Entry))
