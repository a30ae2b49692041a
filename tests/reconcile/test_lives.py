from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from ledger.book import Book, Impossible
from ledger.events import BreakExplained, BreakFound, CashDeposited, Fact, PositionRow, SplitApplied
from ledger.nav import Unvalued
from reconcile import Tolerances, acceptance, reconcile
from tests.facts import (
    ACCOUNT,
    DAY,
    SPY,
    UNKNOWN,
    attempted,
    bought,
    cancelled,
    commission,
    cycle_started,
    open_order,
    opened,
    opened_cash,
    replay,
    row,
    sold,
    told,
    trading_allowed,
    working,
)
from tests.reconcile.worlds import HELD, OPENING, accepted, agrees, closed, found, look, quiet_book, reconciled

D = Decimal
REF = f"tb-{ACCOUNT}-9-abcd-756733-B-1"
SHORT = HELD["AAPL"]


def test_a_break_is_found_and_explained_once_while_it_lasts() -> None:
    rows = [row(SPY, "11"), SHORT]
    first = look(quiet_book(), rows=rows)

    facts = reconcile(first, Tolerances())
    again = reconcile(look(told(first, *facts), rows=rows), Tolerances())

    assert [fact.type for fact in facts] == ["break_found", "break_explained", "book_reconciled"]
    assert [fact.type for fact in again] == ["book_reconciled"]
    assert told(first, *facts).open_breaks[0].explanation == facts[1]


def test_a_break_closes_by_itself_when_both_halves_match_again() -> None:
    book = reconciled(look(quiet_book(), rows=[row(SPY, "11"), SHORT]))

    after = reconciled(look(book))

    assert (after.open_breaks, after.locked) == ((), frozenset())
    assert (after.breaks["B-1"].status, after.breaks["B-1"].why) == ("closed", "both halves match again")
    assert after.cycle is not None
    assert after.cycle.reconciled is not None
    assert after.cycle.reconciled.open_breaks == 0


def test_a_break_whose_amount_changes_ends_and_another_goes_on_with_it() -> None:
    book = reconciled(look(quiet_book(), rows=[row(SPY, "11"), SHORT]))

    facts = reconcile(look(book, rows=[row(SPY, "12"), SHORT]), Tolerances())

    assert closed(facts) == ["B-1"]
    assert [(b.break_id, b.difference) for b in found(facts)] == [("B-2", D(2))]
    assert told(book, *facts).locked == {SPY.con_id}


def test_a_break_goes_on_while_what_both_sides_agree_on_is_traded() -> None:
    book = reconciled(look(quiet_book(), rows=[row(SPY, "11"), SHORT], cash={"USD": "91900"}))
    sale = sold(SPY, "4", execution="a.01", order_ref=REF)
    book = told(book, *working(REF, SPY, "-4"), sale, commission("a.01", "0"))

    facts = reconcile(look(book, rows=[row(SPY, "7"), SHORT], cash={"USD": "93500"}), Tolerances())

    assert (found(facts), closed(facts)) == ([], [])


def test_a_break_of_nav_goes_on_while_marks_move() -> None:
    book = reconciled(look(quiet_book(), nav="95000"))

    assert book.reduce_only
    assert reconciled(look(book, nav="95100")).breaks.keys() == {"B-1"}
    assert reconciled(look(book)).open_breaks == ()


@pytest.mark.parametrize(("reported", "goes_on"), [("91900.01", True), ("91899.99", True), ("91899.98", False)])
def test_a_break_of_cash_goes_on_while_only_rounding_moves_it(reported: str, goes_on: bool) -> None:
    book = reconciled(look(quiet_book(), cash={"USD": "91900"}))

    after = reconciled(look(book, cash={"USD": reported}))

    assert [known.found.break_id for known in after.open_breaks] == ["B-1" if goes_on else "B-2"]


def test_a_break_is_not_closed_by_a_look_that_could_not_compare_it() -> None:
    book = reconciled(look(quiet_book(), nav="95000"))
    unvalued = look(told(book, bought(SPY, "1", execution="a.01", order_ref="")), cash={"USD": "92000", "CHF": "5"})

    facts = reconcile(unvalued, Tolerances())

    assert closed(facts) == []
    assert told(book, *facts).breaks["B-1"].status == "open"


def test_cash_that_becomes_worse_changes_its_consequence() -> None:
    book = reconciled(look(quiet_book(), cash={"USD": "91900"}))
    worse = reconciled(look(book, cash={"USD": "91000"}))
    worst = reconciled(look(worse, cash={"USD": "80000"}))

    assert [b.found.consequence for b in worst.breaks.values()] == ["note", "reduce_only", "halt"]
    assert worst.halted == "break B-3"


# Acceptance


@pytest.mark.parametrize(
    "half",
    [
        pytest.param({"rows": [row(SPY, "11"), SHORT]}, id="more units"),
        pytest.param({"rows": [row(SPY, "-3"), SHORT]}, id="the other side"),
        pytest.param({"rows": [SHORT]}, id="none there"),
        pytest.param({"cash": {"USD": "91000.55"}}, id="missing cash"),
        pytest.param({"cash": {"USD": "92000", "EUR": "100"}, "others": {"EUR": "1.3"}}, id="an inflow"),
        pytest.param({"nav": "95000"}, id="NAV"),
        pytest.param({"orders": (open_order(SPY, "5", perm_id=77),)}, id="a foreign order"),
    ],
)
def test_accepting_a_break_makes_the_next_reconciliation_clean(half: dict[str, object]) -> None:
    book = reconciled(look(quiet_book(), **half))  # type: ignore[arg-type]

    after = accepted(book, "B-1")

    assert len(book.open_breaks) == 1
    assert agrees(look(after, **half))  # type: ignore[arg-type]


def test_accepted_units_are_held_at_the_mark_against_suspense() -> None:
    book = accepted(reconciled(look(quiet_book(), rows=[row(SPY, "12", "405"), SHORT])), "B-1")

    assert book.positions[SPY.con_id] == 12
    assert book.holdings[SPY.con_id].basis == 4000 + 2 * 405
    assert book.journal["suspense", "USD"] == -810
    assert book.cash == {"USD": 92000}


def test_accepted_cash_stands_against_suspense() -> None:
    book = accepted(reconciled(look(quiet_book(), cash={"USD": "91900"})), "B-1")

    assert (book.cash, book.journal["suspense", "USD"]) == ({"USD": D(91900)}, D(100))


def test_a_position_that_was_never_marked_is_accepted_at_cost() -> None:
    book = replay([opened_cash("100"), opened(SPY, "10", "3900")])
    gone = told(book, *reconcile(look(book, cash={"USD": "100"}, rows=[]), Tolerances()))

    after = accepted(gone, "B-1")

    assert after.positions == {}
    assert after.holdings[SPY.con_id].realised == 0


def test_a_position_that_the_broker_does_not_mark_is_accepted_at_its_average_cost() -> None:
    book = look(quiet_book(), rows=[row(SPY, "12", None), SHORT], nav="94780")

    after = accepted(reconciled(book), "B-1")

    assert after.journal["suspense", "USD"] == -780


def test_units_of_a_contract_that_is_not_defined_wait_for_its_definition() -> None:
    rows = [*HELD.values(), row(UNKNOWN, "3")]
    book = reconciled(look(quiet_book(), rows=rows))

    with pytest.raises(Impossible, match="contract 999 is not defined; run a cycle, then accept"):
        acceptance(book, "B-1", "mine")
    assert agrees(look(accepted(told(book, UNKNOWN), "B-1"), rows=rows))


def test_units_that_nobody_ever_valued_cannot_be_accepted() -> None:
    found_before = BreakFound(
        break_id="B-1", kind="position", subject="999", consequence="lock", expected=D(0), found=D(3), con_id=999
    )

    with pytest.raises(Unvalued, match="NEW"):
        acceptance(told(quiet_book(), UNKNOWN, found_before), "B-1", "mine")


@pytest.mark.parametrize(
    ("break_id", "words"),
    [
        pytest.param("B-1", 'that it was accepted on 2005-03-01 ("seen to"); to undo that: tallybook', id="accepted"),
        pytest.param("B-2", "no such break; see: tallybook breaks", id="never found"),
    ],
)
def test_only_an_open_break_can_be_accepted(break_id: str, words: str) -> None:
    book = accepted(reconciled(look(quiet_book(), rows=[row(SPY, "11"), SHORT])), "B-1")

    with pytest.raises(Impossible) as refused:
        acceptance(book, break_id, "again")
    assert f"break {break_id}: expected an open break (none), found {words}" in str(refused.value)


@pytest.mark.parametrize(
    ("half", "told_since"),
    [
        pytest.param(
            {"cash": {"USD": "92100"}},
            CashDeposited(source="statement", reference="1", amount=D(100), currency="USD"),
            id="cash",
        ),
        pytest.param(
            {"rows": [row(SPY, "20"), SHORT]},
            SplitApplied(
                con_id=SPY.con_id, source="statement", reference="1", numerator=2, denominator=1, quantity_change=D(10)
            ),
            id="units",
        ),
    ],
)  # fmt: skip
def test_what_a_statement_told_since_is_not_accepted_on_top_of_it(half: dict[str, object], told_since: Fact) -> None:
    book = told(reconciled(look(quiet_book(), **half)), told_since)  # type: ignore[arg-type]

    with pytest.raises(Impossible, match="apart still, found 0: more was told since; run a cycle"):
        acceptance(book, "B-1", "mine", as_suspense=True)
    assert agrees(look(reconciled(look(book, **half)), **half))  # type: ignore[arg-type]


def test_an_accepted_nav_covers_that_residual_and_no_other() -> None:
    book = accepted(reconciled(look(quiet_book(), nav="95000")), "B-1")

    assert agrees(look(book, nav="95040"))
    assert agrees(look(book))
    assert [b.difference for b in found(reconcile(look(book, nav="95100"), Tolerances()))] == [1100]
    assert [b.difference for b in found(reconcile(look(book, nav="93000"), Tolerances()))] == [-1000]


def test_an_order_accepted_once_is_found_again_when_it_differs_otherwise() -> None:
    fill, charged = bought(SPY, "4", execution="a.01", order_ref=REF), commission("a.01", "0")
    book = replay([*OPENING, *working(REF, SPY, "10"), fill, charged, cancelled(REF, "6")])
    half = {"cash": {"USD": "90400"}, "rows": [row(SPY, "14"), SHORT]}
    book = accepted(reconciled(look(book, **half)), "B-1")  # type: ignore[arg-type]

    later = told(book, bought(SPY, "1", execution="b.01", order_ref=REF), commission("b.01", "0"))

    assert agrees(look(book, **half))  # type: ignore[arg-type]
    facts = reconcile(look(later, cash={"USD": "90000"}, rows=[row(SPY, "15"), SHORT]), Tolerances())
    assert [(b.kind, b.expected, b.found) for b in found(facts)] == [("order", D(5), D(6))]


def test_an_accepted_cash_break_is_not_old_when_cash_is_missing_again() -> None:
    book = accepted(reconciled(look(quiet_book(), cash={"USD": "91900"})), "B-1")

    again = reconciled(look(book, cash={"USD": "91800"}))

    assert [(b.found.break_id, b.found.consequence) for b in again.open_breaks] == [("B-2", "note")]


# Foreign trades


def traded_by_hand(book: Book, name: str, quantity: str, perm_id: int = 77) -> Book:
    execution = f"{name}.01"
    return told(book, bought(SPY, quantity, execution=execution, perm_id=perm_id), commission(execution, "-1"))


def test_a_foreign_trade_is_booked_told_once_and_locks_until_accepted() -> None:
    half = {"cash": {"USD": "89999"}, "rows": [row(SPY, "15"), SHORT]}
    book = traded_by_hand(quiet_book(), "x", "5")

    first = reconciled(look(book, **half))  # type: ignore[arg-type]
    second = reconciled(look(first, **half))  # type: ignore[arg-type]

    assert [b.found.kind for b in second.open_breaks] == ["foreign_trade"]
    assert second.locked == {SPY.con_id}
    assert second.breaks.keys() == {"B-1"}
    after = accepted(second, "B-1")
    assert after.locked == frozenset()
    assert after.positions == second.positions
    assert agrees(look(after, **half))  # type: ignore[arg-type]


def test_a_foreign_trade_says_what_was_done() -> None:
    book = traded_by_hand(quiet_book(), "x", "5")
    book = told(book, sold(SPY, "2", "410.00", execution="y.01", perm_id=77))

    told_of = [fact for fact in reconcile(look(book), Tolerances()) if isinstance(fact, BreakExplained)]
    (explained,) = [fact for fact in told_of if fact.cause == "foreign trade"]

    assert explained.evidence == ("x", "y")
    assert (explained.cause, explained.certainty) == ("foreign trade", "certain")
    assert explained.text == (
        "bought outside tallybook: 5 SPY at 400 (-2000 USD), -2 SPY at 410 (820 USD); commission -1 USD, pending"
    )


@pytest.mark.parametrize(
    ("how", "cause", "words"),
    [
        pytest.param({"client_id": 7}, "other client's trade", "bought outside tallybook, by client 7", id="a client"),
        pytest.param(
            {"liquidation": True}, "broker liquidation", "bought by the broker, to end a shortage of margin",
            id="the broker",
        ),
    ],
)  # fmt: skip
def test_a_foreign_trade_says_whose_it_is(how: dict[str, object], cause: str, words: str) -> None:
    book = told(quiet_book(), bought(SPY, "5", execution="x.01").model_copy(update=how), commission("x.01", "-1"))

    told_of = [fact for fact in reconcile(look(book), Tolerances()) if isinstance(fact, BreakExplained)]

    assert [fact.text.partition(":")[0] for fact in told_of if fact.cause == cause] == [words]


def test_another_fill_of_a_foreign_order_after_its_acceptance_is_another_break() -> None:
    half = {"cash": {"USD": "89999"}, "rows": [row(SPY, "15"), SHORT]}
    book = accepted(reconciled(look(traded_by_hand(quiet_book(), "x", "5"), **half)), "B-1")  # type: ignore[arg-type]

    more = traded_by_hand(book, "y", "1")
    again = reconciled(look(more, cash={"USD": "89598"}, rows=[row(SPY, "16"), SHORT]))

    assert [(b.found.break_id, b.found.kind, b.found.difference) for b in again.open_breaks] == [
        ("B-2", "foreign_trade", D(1))
    ]


def test_fills_of_several_foreign_orders_are_breaks_of_their_own() -> None:
    book = traded_by_hand(traded_by_hand(quiet_book(), "x", "5"), "y", "-5", perm_id=78)
    aapl = HELD["AAPL"].con_id
    combo: Fact = bought(SPY, "1", execution="z.01", perm_id=77).model_copy(update={"con_id": aapl})

    book = reconciled(look(told(book, combo), cash={"USD": "91598"}, rows=[row(SPY, "10"), row_of(aapl)]))

    kinds = [(b.found.subject, b.found.con_id) for b in book.open_breaks if b.found.kind == "foreign_trade"]
    assert kinds == [("x", SPY.con_id), ("y", SPY.con_id), ("z", aapl)]


def row_of(con_id: int) -> PositionRow:
    return HELD["AAPL"].model_copy(update={"con_id": con_id, "quantity": D(-4)})


def test_an_order_in_doubt_over_the_end_of_its_session_waits_for_the_operator() -> None:
    sent = (cycle_started(attempt=1), *trading_allowed(), attempted("tb-DU1-1-abcd-756733-B-1", SPY, "3"))
    book = look(replay((*OPENING, *sent)), day=DAY + timedelta(days=1))
    assert book.in_doubt

    facts = reconcile(book, Tolerances())
    book = told(book, *facts)
    doubted = found(facts)

    assert [(b.kind, b.consequence, b.con_id) for b in doubted] == [("order", "lock", SPY.con_id)]
    decided = told(book, *acceptance(book, doubted[0].break_id, "the Gateway shows no such order"))
    assert decided.in_doubt == ()
    assert decided.orders[doubted[0].subject].status == "not_sent"
    assert found(reconcile(look(decided, day=DAY + timedelta(days=1)), Tolerances())) == []


def test_an_order_in_doubt_is_no_break_while_its_session_lasts() -> None:
    sent = (cycle_started(attempt=1), *trading_allowed(), attempted("tb-DU1-1-abcd-756733-B-1", SPY, "3"))

    assert found(reconcile(look(replay((*OPENING, *sent))), Tolerances())) == []


def test_an_explained_total_is_accepted_as_it_is_for_nothing_is_booked() -> None:
    book = reconciled(look(quiet_book(), nav="95000"))

    after = told(book, *acceptance(book, "B-1", "marks of another hour"))

    assert after.open_breaks == ()
    assert after.cash == book.cash
