"""Corporate actions of a Flex statement: rows of one action are one fact, and the quantities count."""

from __future__ import annotations

import pytest

from ledger.events import (
    ActionPending,
    ContractDelisted,
    ContractRenamed,
    DividendPaid,
    InterestPaid,
    MergerApplied,
    SpinOffApplied,
    SplitApplied,
    StockDividendApplied,
    TenderApplied,
)
from reconcile.statements import Statement, StatementError
from reconcile.statements.descriptions import described
from tests.reconcile.statements.flex_text import ACME, BOLT, D, action, cash, every, only, section, told, trade

OLD = {**ACME, "symbol": "ACME.OLD", "isin": "US0000000001"}
NEW = {**BOLT, "symbol": "ACME", "isin": "US0000000002"}
PARENT = {**ACME, "isin": "US0000000001"}
CHILD = {**BOLT, "isin": "US0000000003"}


def acted(*rows: str, before: str = "") -> Statement:
    return told(before, section("CorporateActions", *rows)) if before else told(section("CorporateActions", *rows))


def test_a_split_in_one_row() -> None:
    statement = acted(action("FS", "3.114", "ACME(US0000000001) SPLIT 4 FOR 1 (ACME, ACME INC, US0000000001)", PARENT))

    split = only(SplitApplied, statement)
    assert (split.con_id, split.numerator, split.denominator, split.quantity_change) == (101, 4, 1, D("3.114"))
    assert split.successor_con_id is None


@pytest.mark.parametrize("kind", ["RS", ""])
def test_gv15_a_reverse_split_in_two_rows_of_any_order(kind: str) -> None:
    stem = "GCM(US0000000001) SPLIT 1 FOR 25"
    rows = [
        action(kind, "480", f"{stem} (GCM, GRAN COLOMBIA GOLD CORP, US0000000002)", NEW),
        action(kind, "-12000", f"{stem} (GCM.OLD, GRAN COLOMBIA GOLD CORP, US0000000001)", OLD),
    ]

    for order in (rows, rows[::-1]):
        split = only(SplitApplied, acted(*order))
        assert (split.con_id, split.successor_con_id, split.quantity_change) == (101, 102, D(-11520))
        assert (split.numerator, split.denominator) == (1, 25)


@pytest.mark.parametrize(
    ("words", "ratio"),
    [
        ("SLG(US1) SPLIT 100000 FOR 102918 (SLG, SL, US1)", (100000, 102918)),
        ("PFE(US2) SPINOFF 124079 FOR 1000000 (VTRS, V, US3)", (124079, 1000000)),
        ("CNVR(US2) SPINOFF 378372 FOR 10000000000 (C, V, US3)", (378372, 10000000000)),
        ("X(US2) SPLIT 1.5 FOR 1 (X, X, US2)", (3, 2)),
        ("20201012181507TRNE(US2) SPLIT 2 FOR 1 (X, X, US2)", (2, 1)),
        ("TESLA INC - 2:1 Split", (2, 1)),
        ("NOTHING AT ALL", None),
        ("X(US2) SPLIT 4 FOR 0 (X, X, US2)", None),
    ],
)
def test_gv16_ratios_are_the_integers_that_are_stated(words: str, ratio: tuple[int, int] | None) -> None:
    assert described(words).ratio == ratio


def test_a_stamp_before_the_symbol_is_none_of_it() -> None:
    assert described("20201012181507TRNE(US89628U1088) SPLIT 2 FOR 1 (X, X, US2)").symbol == "TRNE"


def test_a_stock_dividend_adds_units_of_the_same_contract() -> None:
    words = "TEF(US0000000001) STOCK DIVIDEND US0000000001 416666667 FOR 10000000000 (TEF, TELEFONICA, US0000000001)"

    dividend = only(StockDividendApplied, acted(action("SD", "10", words, PARENT)))
    assert (dividend.numerator, dividend.denominator, dividend.quantity_change) == (10416666667, 10000000000, D(10))


SPUN = "ACME(US0000000001) SPINOFF 1 FOR 5 (BOLT, BOLT INC, US0000000003)"


def test_a_spin_off_waits_for_its_share_of_the_basis() -> None:
    statement = acted(action("SO", "20", SPUN, CHILD), before=section("Trades", trade(1, "100", "10", PARENT)))

    spin_off = only(SpinOffApplied, statement)
    assert (spin_off.con_id, spin_off.child_con_id, spin_off.child_quantity) == (101, 102, D(20))
    assert spin_off.basis_fraction is None


def test_a_spin_off_of_a_parent_that_is_nowhere_told_needs_the_operator() -> None:
    assert only(ActionPending, acted(action("SO", "20", SPUN, CHILD))).description == SPUN


def test_a_short_position_owes_the_child() -> None:
    statement = acted(action("SO", "-20", SPUN, CHILD), before=section("Trades", trade(1, "-100", "10", PARENT)))

    assert only(SpinOffApplied, statement).child_quantity == D(-20)


def test_a_spin_off_that_moves_its_parent_too_needs_the_operator() -> None:
    stem = "ACME(US0000000001) SPINOFF 1 FOR 5"
    statement = acted(
        action("SO", "20", f"{stem} (BOLT, BOLT INC, US0000000003)", CHILD),
        action("SO", "-5", f"{stem} (ACME, ACME INC, US0000000001)", PARENT),
    )

    assert "parent moved" in only(ActionPending, statement).note


def test_rights_cost_nothing() -> None:
    words = "ACME(US0000000001) SUBSCRIBABLE RIGHTS ISSUE 1 FOR 1 (ACME.RTS, ACME RIGHTS, US0000000003)"
    statement = acted(action("RI", "100", words, CHILD), before=section("Trades", trade(1, "100", "10", PARENT)))

    assert only(SpinOffApplied, statement).basis_fraction == D(0)


def test_gv19_a_merger_for_cash() -> None:
    words = "NILSY(US0000000001) MERGED(Acquisition) FOR USD 30.60 PER SHARE (NILSY, NORILSK, US0000000001)"
    statement = acted(action("TC", "-1000", words, PARENT, proceeds="30600", amount="-30600", fifoPnlRealized="10315"))

    merger = only(MergerApplied, statement)
    assert (merger.quantity_change, merger.cash, merger.successor_con_id) == (D(-1000), D(30600), None)
    assert statement.observed.realised == {101: D(10315)}


def test_a_merger_for_cash_and_stock_takes_the_brokers_word_of_the_basis() -> None:
    stem = "LVGO(US0000000001) CASH and STOCK MERGER (Acquisition) US0000000003 592 FOR 1000 AND USD 4.24"
    statement = acted(
        action("TC", "-2.5052", f"{stem} (LVGO, LIVONGO HEALTH INC, US0000000001)", PARENT, actionID="48",
               proceeds="10.622048", fifoPnlRealized="10.622048"),
        action("TC", "1.4831", f"{stem} (TDOC, TELADOC HEALTH INC, US0000000003)", CHILD, actionID="48"),
    )  # fmt: skip

    merger = only(MergerApplied, statement)
    assert (merger.successor_con_id, merger.successor_quantity, merger.cash) == (102, D("1.4831"), D("10.622048"))
    assert merger.basis_to_cash == D(0)


def test_a_merger_of_a_short_position_gives_what_it_owed() -> None:
    stem = "ACME(US0000000001) MERGED(Acquisition) WITH US0000000003 255 FOR 1000"
    statement = acted(
        action("TC", "50", f"{stem} (ACME, ACME INC, US0000000001)", PARENT, actionID="61"),
        action("TC", "-12.75", f"{stem} (BOLT, BOLT INC, US0000000003)", CHILD, actionID="61"),
    )

    merger = only(MergerApplied, statement)
    assert (merger.con_id, merger.quantity_change, merger.successor_quantity) == (101, D(50), D("-12.75"))


def test_gv18_a_tender_sets_units_aside() -> None:
    stem = "UUU(US0000000001) TENDERED TO US0000000003 1 FOR 1"
    statement = acted(
        action("", "-12000", f"{stem} (UUU, URANIUM ONE INC., US0000000001)", PARENT),
        action("", "12000", f"{stem} (UUU.TEN2, URANIUM ONE INC. - TENDER FOR CASH CAD, US0000000003)", CHILD),
    )

    tender = only(TenderApplied, statement)
    assert (tender.con_id, tender.successor_con_id, tender.successor_quantity) == (101, 102, D(12000))


def test_a_change_of_isin_is_the_same_position() -> None:
    stem = "TRNE(US0000000001) CUSIP/ISIN CHANGE TO (US0000000003)"
    statement = acted(
        action("IC", "19", f"{stem} (DM, DESKTOP METAL INC, US0000000003)", CHILD, actionID="51"),
        action("IC", "-19", f"{stem} (TRNE.OLD, TRINE ACQUISITION CORP-A, US0000000001)", OLD, actionID="51"),
    )

    renamed = only(ContractRenamed, statement)
    assert (renamed.con_id, renamed.successor_con_id) == (101, 102)


def test_a_delisting_removes_units() -> None:
    assert only(
        ContractDelisted, acted(action("DW", "-50", "ACME(US0000000001) DELISTED", PARENT))
    ).quantity_change == D(-50)


def test_a_bond_that_matures_is_paid_back() -> None:
    bond = {**ACME, "assetCategory": "BOND"}

    assert only(MergerApplied, acted(action("BM", "-5000", "BOND MATURITY", bond, proceeds="5000"))).cash == D(5000)


def test_a_coupon_that_the_cash_tells_is_not_paid_twice() -> None:
    coupon = action("CP", "0", "COUPON PAYMENT", ACME, proceeds="200")
    paid = section("CashTransactions", cash("Bond Interest Received", "200", ACME))

    assert len(every(InterestPaid, acted(coupon, before=paid))) == 1
    assert len(every(InterestPaid, acted(coupon))) == 1
    assert every(DividendPaid, acted(coupon)) == []


@pytest.mark.parametrize("kind", ["CH", "GV", "HI", "HD"])
def test_what_needs_a_choice_waits_for_the_operator(kind: str) -> None:
    pending = only(ActionPending, acted(action(kind, "5", "ACME(US0000000001) CHOICE", PARENT)))

    assert (pending.con_id, pending.description) == (101, "ACME(US0000000001) CHOICE")


def test_an_action_of_a_kind_that_is_not_known_stops_the_reading() -> None:
    with pytest.raises(StatementError, match="ZZ"):
        acted(action("ZZ", "5", "SOMETHING NEW"))


def test_an_action_that_moves_nothing_is_noted() -> None:
    statement = acted(action("PV", "0", "PROXY VOTE"))

    assert statement.facts == ()
    assert any("PROXY VOTE" in note for note in statement.notes)


def test_the_same_action_told_twice_with_and_without_its_time_is_one() -> None:
    words = "ACME(US0000000001) SPLIT 4 FOR 1 (ACME, ACME INC, US0000000001)"
    statement = acted(
        action("FS", "300", words, PARENT, transactionID="1"),
        action("FS", "300", words, PARENT, transactionID="2", dateTime="20260115"),
    )

    assert only(SplitApplied, statement).quantity_change == D(300)


def test_an_action_that_the_broker_took_back_did_not_happen() -> None:
    words = "ACME(US0000000001) SPLIT 4 FOR 1 (ACME, ACME INC, US0000000001)"
    statement = acted(
        action("FS", "300", words, PARENT, transactionID="1"),
        action("FS", "-300", words, PARENT, transactionID="2", code="Ca"),
        action("FS", "290", words, PARENT, transactionID="3"),
    )

    assert only(SplitApplied, statement).quantity_change == D(290)
