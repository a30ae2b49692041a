from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import Book, Forgotten, Impossible
from ledger.events import (
    BasisAllocated,
    ContractDelisted,
    ContractRenamed,
    CostAdjusted,
    Fact,
    LotMethodSet,
    LotRow,
    LotsSpecified,
    MergerApplied,
    OpeningLot,
    OpeningLotsRecorded,
    OptionExercised,
    PositionTransferred,
    ProceedsSettled,
    ReturnOfCapitalPaid,
    SpinOffApplied,
    StockDividendApplied,
    TransactionTaxCharged,
)
from ledger.journal import balance
from tests.facts import ES, START, bought, commission, minutes, opened, replay, sold, told
from tests.ledger.acting import (
    CALL,
    FOREIGN,
    NEW,
    OLD,
    THIRD,
    WORLD,
    action,
    dividend,
    held,
    lots,
    merger,
    sound,
    split,
)

D = Decimal


# Every order of telling ends in one book


def test_a_purchase_told_after_the_split_is_split_too() -> None:
    early, late = bought(OLD, "10", "5", execution="a.01"), bought(OLD, "4", "6", execution="b.01", at=minutes(1))

    on_time = sound(replay([*WORLD, early, late, split(OLD, "14")]))
    in_between = sound(replay([*WORLD, early, split(OLD, "14"), late]))

    assert lots(on_time, OLD) == lots(in_between, OLD) == [("a", D(20), D(50), 0), ("b", D(8), D(24), 1)]


def test_what_is_told_late_follows_its_lots_from_contract_to_contract() -> None:
    renamed = action(ContractRenamed, OLD, successor_con_id=NEW.con_id)
    merged = action(
        MergerApplied, NEW, "2", 700, quantity_change=D(-14), cash=D(0), currency="USD",
        successor_con_id=THIRD.con_id, successor_quantity=D(7),
    )  # fmt: skip
    late = bought(OLD, "4", "6", execution="b.01", at=minutes(1))

    book = sound(told(held(renamed, merged), late, commission("b.01", "-1")))

    assert lots(book, THIRD) == [("a", D(5), D(50), 0), ("b", D(2), D(24), 1)]
    assert (book.positions, book.holdings[THIRD.con_id].commission) == ({THIRD.con_id: D(7)}, D(-1))


def test_a_late_commission_of_an_option_goes_into_what_it_became() -> None:
    exercised = action(
        OptionExercised, CALL, quantity=D(-1), underlying_con_id=OLD.con_id, underlying_quantity=D(100), strike=D(5)
    )

    book = sound(replay([*WORLD, bought(CALL, "1", "2", execution="c.01"), exercised, commission("c.01", "-1.5")]))

    assert (book.holdings[OLD.con_id].basis, book.cash["USD"]) == (D("701.5"), D("-701.5"))
    assert book.holdings[CALL.con_id].realised == 0


# What each action does


def test_a_stock_dividend_spreads_the_basis_over_more_units() -> None:
    book = held(action(StockDividendApplied, OLD, numerator=11, denominator=10, quantity_change=D(1)))

    assert lots(book, OLD) == [("a", D(11), D(50), 0)]


def test_a_merger_for_cash_and_shares_realises_what_the_cash_exceeds_its_share_of_the_basis() -> None:
    book = held(merger("30", "5", basis_to_cash=D(20)))

    assert (book.holdings[OLD.con_id].realised, lots(book, NEW)) == (D(10), [("a", D(5), D(30), 0)])
    assert book.cash == {"USD": D(-20)}


def test_what_a_delisting_takes_is_lost() -> None:
    book = held(action(ContractDelisted, OLD, quantity_change=D(-10)))

    assert (book.positions, book.holdings[OLD.con_id].realised) == ({}, D(-50))


def test_a_cost_adjustment_changes_the_basis_and_nothing_else() -> None:
    book = held(action(CostAdjusted, OLD, amount=D("-1.5"), currency="USD"))

    assert (book.holdings[OLD.con_id].basis, book.holdings[OLD.con_id].realised) == (D("48.5"), D(0))
    assert balance(book.journal, "cost adjustments", "USD") == D("1.5")


@pytest.mark.parametrize(("amount", "basis", "gain"), [("20", "30", "0"), ("60", "0", "10")])
def test_returned_capital_reduces_the_basis_and_what_exceeds_it_is_a_gain(amount: str, basis: str, gain: str) -> None:
    book = held(action(ReturnOfCapitalPaid, OLD, amount=D(amount), currency="USD"))

    assert (book.holdings[OLD.con_id].basis, book.holdings[OLD.con_id].realised) == (D(basis), D(gain))
    assert book.cash == {"USD": D(amount) - 50}


def test_an_option_that_is_settled_in_cash_realises_it() -> None:
    settled = action(
        OptionExercised, CALL, quantity=D(-1), underlying_con_id=None, underlying_quantity=D(0), strike=D(5),
        amount=D(250), commission=D(-1),
    )  # fmt: skip

    book = sound(replay([*WORLD, bought(CALL, "1", "2", execution="c.01"), settled]))

    assert (book.holdings[CALL.con_id].realised, book.cash["USD"]) == (D(49), D(49))


def test_units_that_are_moved_in_bring_their_lots_and_units_moved_out_take_theirs() -> None:
    rows = (OpeningLot(opened_at=minutes(-900), quantity=D(3), basis=D(9)),)
    into = action(PositionTransferred, OLD, quantity=D(3), basis=D(9), currency="USD", lots=rows)
    out = action(PositionTransferred, OLD, "2", 700, quantity=D(-5), basis=D(-99), currency="USD")
    late = bought(OLD, "1", "8", execution="z.01", at=minutes(-999))

    moved_in, both = held(into), held(into, out)
    mended = sound(told(both, late))

    assert lots(moved_in, OLD) == [(into.key, D(3), D(9), -900), ("a", D(10), D(50), 0)]
    assert balance(moved_in.journal, "transfers", "USD") == -9
    assert (lots(both, OLD), balance(both.journal, "transfers", "USD")) == ([("a", D(8), D(40), 0)], D(10))
    assert (lots(mended, OLD), balance(mended.journal, "transfers", "USD")) == ([("a", D(9), D(45), 0)], D(13))


def test_the_lots_of_a_statement_replace_the_one_that_was_adopted() -> None:
    rows = (
        OpeningLot(opened_at=minutes(-60), quantity=D(6), basis=D(36)),
        OpeningLot(opened_at=minutes(-90), quantity=D(4), basis=D(20)),
    )
    first = replay([*WORLD, opened(OLD, "10", "55"), sold(OLD, "5", "7", execution="s.01", at=minutes(9))])

    book = sound(told(first, OpeningLotsRecorded(con_id=OLD.con_id, currency="USD", lots=rows)))

    assert lots(book, OLD) == [("opening", D(5), D(30), -60)]
    assert book.holdings[OLD.con_id].realised == 35 - 20 - 6
    assert balance(book.journal, "opening", "USD") == -56


def test_a_future_that_was_adopted_is_worth_what_is_not_settled_yet() -> None:
    adopted = opened(ES, "2", "500000").model_copy(update={"settled": D(1000)})

    book = sound(replay([adopted]))

    assert balance(book.journal, f"variation:{ES.con_id}", "USD") == -501000
    assert balance(book.journal, "opening", "USD") == 1000
    assert book.cash == {}


# Which lots a sale takes


def two_lots() -> list[Fact]:
    return [*WORLD, bought(OLD, "1", "9", execution="a.01"), bought(OLD, "1", "5", execution="b.01", at=minutes(1))]


@pytest.mark.parametrize(
    ("methods", "left"),
    [
        pytest.param([], "b", id="first in, first out"),
        pytest.param([("lifo", None)], "a", id="of the account"),
        pytest.param([("lifo", None), ("hifo", OLD.con_id)], "b", id="of the contract, which wins"),
        pytest.param([("lifo", NEW.con_id)], "b", id="of another contract"),
    ],
)
@pytest.mark.parametrize("is_late", [False, True], ids=["set before", "set afterwards"])
def test_the_lots_that_a_sale_takes_are_those_of_the_method_in_force(
    methods: list[tuple[Any, int | None]], left: str, is_late: bool
) -> None:
    sale = sold(OLD, "1", "7", execution="s.01", at=minutes(9))
    settings = [LotMethodSet(method=name, con_id=con_id, occurred_at=minutes(5)) for name, con_id in methods]

    book = sound(replay([*two_lots(), *([sale, *settings] if is_late else [*settings, sale])]))

    assert [lot[0] for lot in lots(book, OLD)] == [left]


@pytest.mark.parametrize("is_late", [False, True], ids=["named before", "named afterwards"])
def test_a_sale_takes_the_lots_that_are_named(is_late: bool) -> None:
    sale = sold(OLD, "1", "7", execution="s.01", at=minutes(9))
    named = LotsSpecified(execution_id="s.01", lots=(LotRow(execution="b", quantity=D(1)),))

    book = sound(replay([*two_lots(), *([sale, named] if is_late else [named, sale])]))

    assert ([lot[0] for lot in lots(book, OLD)], book.holdings[OLD.con_id].realised) == (["a"], D(2))


def test_a_late_commission_may_change_which_lot_is_the_dearest() -> None:
    by_cost = LotMethodSet(method="hifo", occurred_at=minutes(-1))
    sale = sold(OLD, "1", "7", execution="s.01", at=minutes(9))

    book = sound(replay([by_cost, *two_lots(), sale, commission("b.01", "-5")]))

    assert [lot[0] for lot in lots(book, OLD)] == ["a"]


def test_a_tax_on_a_trade_is_part_of_its_cost_and_a_later_revision_takes_its_place() -> None:
    def tax(execution: str, amount: str) -> TransactionTaxCharged:
        return TransactionTaxCharged(execution_id=execution, name="stamp", amount=D(amount), currency="USD")

    book = held(tax("a.01", "-0.5"), commission("a.01", "-1"), bought(OLD, "10", "4", execution="a.02"))
    later = sound(told(book, tax("a.02", "-0.4"), tax("a.01", "-0.5")))

    assert (book.holdings[OLD.con_id].basis, book.cash["USD"]) == (D("41.5"), D("-41.5"))
    assert (later.holdings[OLD.con_id].basis, later.cash["USD"]) == (D("41.4"), D("-41.4"))


# What cannot be


@pytest.mark.parametrize(
    ("impossible", "why"),
    [
        pytest.param(merger("30", "5"), "--basis-to-cash", id="cash and shares without a word on the basis"),
        pytest.param(
            merger("30").model_copy(update={"currency": "EUR"}), "expected USD, found EUR", id="foreign cash"
        ),
        pytest.param(
            action(ContractRenamed, OLD, successor_con_id=FOREIGN.con_id), "expected USD|found USD",
            id="into another currency",
        ),
        pytest.param(
            action(ContractRenamed, OLD, successor_con_id=OLD.con_id), "found the same", id="into itself"
        ),
        pytest.param(
            action(ContractRenamed, OLD, successor_con_id=77), "contract 77 is not defined", id="into the unknown"
        ),
        pytest.param(
            action(BasisAllocated, OLD, spin_off="action/x", fraction=D("0.1")), "found action/x", id="of no spin-off"
        ),
        pytest.param(
            action(SpinOffApplied, OLD, child_con_id=NEW.con_id, child_quantity=D(1), basis_fraction=D(2)),
            "from 0 to 1, found 2", id="more than all of the basis",
        ),
        pytest.param(
            action(
                OptionExercised, CALL, quantity=D(-1), underlying_con_id=None, underlying_quantity=D(0), strike=D(1)
            ),
            "expected the cash", id="settled in cash that is not told",
        ),
        pytest.param(
            OpeningLotsRecorded(con_id=OLD.con_id, currency="USD", lots=()), "expected an opening balance",
            id="lots of no opening",
        ),
        pytest.param(
            dividend("rule", "1", replaces=dividend("rule", "1").key), "its own key", id="in its own place"
        ),
        pytest.param(
            dividend("rule", "1", replaces="fill/DU1000001/a/1"), "expected a cash movement", id="in a fill's place"
        ),
        pytest.param(
            LotsSpecified(execution_id="q.01", lots=(LotRow(execution="a", quantity=D(0)),)), "above zero",
            id="no units of a lot",
        ),
    ],
)  # fmt: skip
def test_an_action_that_cannot_be_is_refused_by_name(impossible: Fact, why: str) -> None:
    with pytest.raises(Impossible, match=why):
        held(impossible)


# What the book has forgotten


def forgetful() -> Book:
    """A book that remembers what followed from the history of OLD, and not the history."""
    book = held(split(OLD, "10"))
    book.holdings[OLD.con_id] = book.holdings[OLD.con_id].folded(minutes(900))
    book.fills.clear()
    book.horizon = minutes(900)
    return book


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(split(OLD, "1", 500, reference="2"), id="an action before its time"),
        pytest.param(action(CostAdjusted, OLD, "3", 1, amount=D(1), currency="USD"), id="a cost of that time"),
        pytest.param(split(OLD, "9", 600, reference="4", replaces=split(OLD, "10").key), id="an action in its place"),
        pytest.param(LotMethodSet(method="lifo", occurred_at=minutes(5)), id="a method from then on"),
        pytest.param(LotsSpecified(execution_id="a.01", lots=()), id="lots of a fill"),
        pytest.param(ProceedsSettled(execution_id="a.01", amount=D(-49), currency="USD"), id="proceeds of a fill"),
        pytest.param(TransactionTaxCharged(execution_id="a.01", amount=D(-1), currency="USD"), id="a tax on a fill"),
    ],
)
def test_what_reaches_into_a_forgotten_time_is_left_to_a_book_that_forgets_nothing(late: Fact) -> None:
    with pytest.raises(Forgotten):
        told(forgetful(), late)


def test_a_forgetful_book_takes_in_what_happens_now() -> None:
    book = told(forgetful(), action(ContractRenamed, OLD, "2", 950, successor_con_id=NEW.con_id))

    assert lots(book, NEW) == [("a", D(20), D(50), 0)]


# Any history of trades and actions


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """Trades of three contracts between a split, a spin-off, a merger and a transfer."""
    count = draw(st.integers(2, 12))
    facts: list[Fact] = []
    for number in range(count):
        what = draw(st.sampled_from([OLD, NEW, THIRD]))
        quantity = draw(st.integers(-9, 9).filter(bool))
        price, at = D(draw(st.integers(1, 2000))) / 100, minutes(draw(st.integers(0, 900)) * 2 + 1)
        facts.append(bought(what, f"{quantity}", f"{price}", execution=f"x{number}.01", at=at))
    facts += draw(st.sets(st.sampled_from(range(5)), min_size=1).map(lambda chosen: [ACTIONS[n] for n in chosen]))
    return facts


ACTIONS: tuple[Fact, ...] = (
    split(OLD, "7", minute=400),
    action(SpinOffApplied, OLD, "2", 600, child_con_id=NEW.con_id, child_quantity=D(5), basis_fraction=D("0.3")),
    action(MergerApplied, NEW, "3", 800, quantity_change=D(-6), cash=D("11.5"), currency="USD",
           successor_con_id=THIRD.con_id, successor_quantity=D(4), basis_to_cash=D(3)),
    action(PositionTransferred, THIRD, "4", 1000, quantity=D(-3), basis=D(0), currency="USD"),
    action(ContractRenamed, THIRD, "5", 1200, successor_con_id=OLD.con_id),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_trades_and_actions_told_in_any_order_end_in_one_book(facts: list[Fact], shuffled: Any) -> None:
    on_time = sorted(facts, key=lambda fact: fact.occurred_at or START)
    late = on_time[:]
    shuffled.shuffle(late)

    first, second = replay([*WORLD, *on_time]), sound(replay([*WORLD, *late]))

    assert {con_id: holding.lots for con_id, holding in first.holdings.items()} == {
        con_id: second.holdings[con_id].lots for con_id in first.holdings
    }
    assert (first.cash, first.journal) == (second.cash, second.journal)


@settings(max_examples=300, deadline=None)
@given(histories())
def test_an_action_that_is_taken_back_leaves_no_trace(facts: list[Fact]) -> None:
    trades = [fact for fact in facts if fact not in ACTIONS]
    undone: list[Any] = []
    for number, each in enumerate(fact for fact in facts if fact in ACTIONS):
        key = each.key or ""
        undone.append(action(CostAdjusted, OLD, f"n{number}", 1, amount=D(0), currency="USD", replaces=key))

    without, book = replay([*WORLD, *trades]), sound(replay([*WORLD, *facts, *undone]))

    assert (book.cash, book.journal) == (without.cash, without.journal)
    assert {con_id: book.holdings[con_id].lots for con_id in without.holdings} == {
        con_id: holding.lots for con_id, holding in without.holdings.items()
    }
