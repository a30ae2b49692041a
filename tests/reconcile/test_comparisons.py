from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import BookReconciled, Fact, NavObserved, OrderResolved, PositionRow, StepFailed
from reconcile import Tolerances, reconcile
from tests.facts import (
    AAPL,
    ACCOUNT,
    DAY,
    SAP,
    SPY,
    UNKNOWN,
    bought,
    busted,
    cancelled,
    commission,
    mirrored,
    open_order,
    opened_cash,
    replay,
    row,
    snapshot,
    told,
    working,
)
from tests.reconcile.worlds import HELD, OPENING, agrees, found, look, quiet_book, reconciled

D = Decimal
REF = f"tb-{ACCOUNT}-9-abcd-756733-B-1"
SHORT = HELD["AAPL"]


# Positions


@pytest.mark.parametrize(
    ("rows", "differences"),
    [
        pytest.param([row(SPY, "10"), SHORT], [], id="agree"),
        pytest.param([row(SPY, "-10"), SHORT], [(SPY, 10, -10)], id="wrong side"),
        pytest.param([SHORT], [(SPY, 10, 0)], id="the broker omits one"),
        pytest.param([row(SPY, "0"), SHORT], [(SPY, 10, 0)], id="the broker has none"),
        pytest.param([], [(AAPL, -5, 0), (SPY, 10, 0)], id="the broker omits all"),
        pytest.param([row(SPY, "10"), SHORT, row(UNKNOWN, "3")], [(UNKNOWN, 0, 3)], id="the broker has one we lack"),
        pytest.param([row(SPY, "10.0001"), SHORT], [(SPY, 10, D("10.0001"))], id="a fraction"),
    ],
)
def test_quantities_are_compared_over_the_union_of_both_sides(
    rows: list[PositionRow], differences: list[tuple[object, object, object]]
) -> None:
    facts = reconcile(look(quiet_book(), rows=rows), Tolerances())

    breaks = [(b.con_id, b.expected, b.found, b.consequence) for b in found(facts)]
    assert breaks == [(what.con_id, ours, theirs, "lock") for what, ours, theirs in differences]  # type: ignore[attr-defined]
    assert isinstance(facts[-1], BookReconciled)
    assert facts[-1].open_breaks == len(differences)


def test_a_position_break_locks_its_contract_alone() -> None:
    book = reconciled(look(quiet_book(), rows=[row(SPY, "11"), SHORT]))

    assert book.locked == {SPY.con_id}
    assert (book.reduce_only, book.halted) == (False, None)
    assert book.open_breaks[0].found.text == "SPY: the book says 10, the broker 11"


def test_a_contract_that_the_book_does_not_know_is_named_by_the_broker() -> None:
    book = reconciled(look(quiet_book(), rows=[*HELD.values(), row(UNKNOWN, "3")]))

    (known,) = book.open_breaks
    assert (known.found.text, book.locked) == ("NEW: the book says 0, the broker 3", frozenset({UNKNOWN.con_id}))


# Cash


@pytest.mark.parametrize(
    ("cash", "breaks"),
    [
        pytest.param("92000.01", [], id="a cent more"),
        pytest.param("91999.99", [], id="a cent less"),
        pytest.param("91999.98", ["note"], id="two cents"),
        pytest.param("91953.00", ["note"], id="0.05 %"),
        pytest.param("91530.00", ["note"], id="0.5 %"),
        pytest.param("91529.99", ["reduce_only"], id="above 0.5 %"),
        pytest.param("90120.00", ["reduce_only"], id="2 %"),
        pytest.param("90119.99", ["halt"], id="above 2 %"),
        pytest.param("99000.00", ["note"], id="an inflow that nobody announced"),
    ],
)
def test_how_much_cash_is_missing_decides_the_consequence(cash: str, breaks: list[str]) -> None:
    facts = reconcile(look(quiet_book(), cash={"USD": cash}), Tolerances())

    assert [b.consequence for b in found(facts)] == breaks


def test_what_came_in_makes_up_for_nothing_that_is_missing_and_counts_as_none() -> None:
    book = look(quiet_book(), cash={"USD": "91990", "EUR": "50000"}, others={"EUR": "1.3"})

    facts = reconcile(book, Tolerances())

    assert [(b.subject, b.consequence) for b in found(facts)] == [("EUR", "note"), ("USD", "note")]


def test_what_is_missing_in_all_currencies_counts_together() -> None:
    book = replay([*OPENING, opened_cash("1000", "EUR")])

    one = reconcile(look(book, cash={"USD": "91700", "EUR": "1000"}, others={"EUR": "1.3"}), Tolerances())
    both = reconcile(look(book, cash={"USD": "91700", "EUR": "800"}, others={"EUR": "1.3"}), Tolerances())

    assert [b.consequence for b in found(one)] == ["note"]
    assert [b.consequence for b in found(both)] == ["reduce_only", "reduce_only"]


def test_a_currency_that_the_broker_does_not_list_is_none_of_it() -> None:
    book = replay([*OPENING, opened_cash("100", "EUR")])

    facts = reconcile(look(book, others={"EUR": "1.3"}), Tolerances())

    assert [(b.subject, b.expected, b.found) for b in found(facts)] == [("EUR", D(100), D(0))]


@pytest.mark.parametrize(
    ("missing", "sessions", "consequence"),
    [
        pytest.param("47.01", 3, "reduce_only", id="above 0.05 % for three sessions"),
        pytest.param("47.01", 2, "note", id="above 0.05 % for two"),
        pytest.param("46.99", 3, "note", id="below 0.05 % for three"),
    ],
)
def test_small_unexplained_cash_is_borne_for_three_sessions(missing: str, sessions: int, consequence: str) -> None:
    book, cash = quiet_book(), {"USD": str(92000 - D(missing))}
    for session in range(sessions):
        day = DAY + timedelta(days=session)
        book = told(reconciled(look(book, day=day, cash=cash)), snapshot(day))

    today = reconciled(look(book, day=DAY + timedelta(days=sessions), cash=cash))

    assert [b.found.consequence for b in today.open_breaks] == [consequence]


def test_cash_that_is_missing_stays_old_while_its_amount_changes_and_another_currency_comes_and_goes() -> None:
    book = quiet_book()
    for session, cash in enumerate(({"USD": "91900"}, {"USD": "91890", "EUR": "-9"}, {"USD": "91880"})):
        day = DAY + timedelta(days=session)
        book = told(reconciled(look(book, day=day, cash=cash, others={"EUR": "1.3"})), snapshot(day))

    today = reconciled(look(book, day=date(2005, 3, 4), cash={"USD": "91870"}, others={"EUR": "1.3"}))

    assert [b.found.consequence for b in today.open_breaks] == ["reduce_only"]


def test_small_cash_is_measured_against_twenty_five_units_at_least() -> None:
    poor, day = replay([opened_cash("10000")]), DAY
    for session in range(4):
        day = DAY + timedelta(days=session)
        poor = told(reconciled(look(poor, day=day, cash={"USD": "9975"}, rows=[])), snapshot(day))

    assert [b.found.consequence for b in poor.open_breaks] == ["note"]


def bought_today(*more: Fact) -> Book:
    return replay([*OPENING, *working(REF, SPY, "10"), bought(SPY, "10", execution="a.01", order_ref=REF), *more])


@pytest.mark.parametrize(
    ("cash", "agreed"),
    [
        pytest.param("88000.00", True, id="not charged yet"),
        pytest.param("87959.99", True, id="1 % of the value"),
        pytest.param("87959.98", False, id="more than 1 %"),
        pytest.param("88000.02", False, id="a rebate that nobody told"),
    ],
)
def test_a_commission_that_is_still_to_come_may_be_missing(cash: str, agreed: bool) -> None:
    book = look(bought_today(), cash={"USD": cash}, rows=[row(SPY, "20"), SHORT])

    assert agrees(book) == agreed


def test_a_commission_that_came_explains_nothing_more() -> None:
    book = look(bought_today(commission("a.01", "-1")), cash={"USD": "87998"}, rows=[row(SPY, "20"), SHORT])

    assert [b.difference for b in found(reconcile(book, Tolerances()))] == [-1]


def test_the_commission_of_a_small_fill_is_at_least_one() -> None:
    book = replay([*OPENING, *working(REF, SPY, "10"), bought(SPY, "0.1", execution="a.01", order_ref=REF)])

    assert agrees(look(book, cash={"USD": "91959"}, rows=[row(SPY, "10.1"), SHORT]))
    assert not agrees(look(book, cash={"USD": "91958.98"}, rows=[row(SPY, "10.1"), SHORT]))


# NAV


@pytest.mark.parametrize(
    ("nav", "agreed"),
    [("94047.00", True), ("93953.00", True), ("94047.01", False), ("93952.99", False)],
)
def test_nav_may_differ_by_what_marks_of_one_download_explain(nav: str, agreed: bool) -> None:
    book = reconciled(look(quiet_book(), nav=nav))

    assert (not book.open_breaks) == agreed
    assert book.reduce_only == (not agreed)


def test_what_position_and_cash_breaks_explain_is_no_break_of_nav() -> None:
    book = reconciled(look(quiet_book(), cash={"USD": "91000"}, rows=[row(SPY, "15"), SHORT, row(UNKNOWN, "3")]))

    assert sorted(b.found.kind for b in book.open_breaks) == ["cash", "position", "position"]


def test_nav_is_compared_without_the_interest_that_accrues() -> None:
    book = quiet_book()
    facts = mirrored(book)

    agreed = look(book)
    agreed = told(agreed, *(f.model_copy(update={"net_liquidation": D("94500"), "accrued_cash": D(500)})
                            for f in facts if f.type == "nav_observed"))  # fmt: skip

    assert agrees(agreed)


# Orders


@pytest.mark.parametrize(
    ("told_filled", "agreed"), [pytest.param("4", True, id="adds up"), pytest.param("6", False, id="does not")]
)
def test_what_an_ended_order_filled_is_the_sum_of_its_executions(told_filled: str, agreed: bool) -> None:
    fill, charged = bought(SPY, "4", execution="a.01", order_ref=REF), commission("a.01", "-1")
    book = replay([*OPENING, *working(REF, SPY, "10"), fill, charged, cancelled(REF, told_filled)])

    facts = reconcile(look(book, cash={"USD": "90399"}, rows=[row(SPY, "14"), SHORT]), Tolerances())

    expected = [] if agreed else [("order", REF, D(4), D(6), "lock")]
    assert [(b.kind, b.subject, b.expected, b.found, b.consequence) for b in found(facts)] == expected


def test_an_order_that_filled_too_much_is_a_break() -> None:
    fills = [bought(SPY, "6", execution=f"{name}.01", order_ref=REF) for name in "ab"]
    book = replay([*OPENING, *working(REF, SPY, "10"), *fills, commission("a.01", "0"), commission("b.01", "0")])

    facts = reconcile(look(book, cash={"USD": "87200"}, rows=[row(SPY, "22"), SHORT]), Tolerances())

    assert [(b.kind, b.expected, b.found) for b in found(facts)] == [("order", D(12), D(10))]


def test_an_order_that_is_said_to_be_filled_and_is_not_is_a_break() -> None:
    resolved = OrderResolved(order_ref=REF, outcome="filled", evidence="completed")
    book = replay([*OPENING, *working(REF, SPY, "10"), resolved])

    facts = reconcile(look(book), Tolerances())

    assert [(b.kind, b.expected, b.found) for b in found(facts)] == [("order", D(0), D(10))]


def test_an_order_that_ended_and_still_works_is_a_break() -> None:
    resolved = OrderResolved(order_ref=REF, outcome="not_sent", evidence="nowhere")
    book = replay([*OPENING, *working(REF, SPY, "10"), resolved])

    at_work = look(book, orders=(open_order(SPY, "10", perm_id=1, order_ref=REF),))

    assert [(b.kind, b.con_id, b.consequence) for b in found(reconcile(at_work, Tolerances()))] == [
        ("order", SPY.con_id, "lock")
    ]
    assert agrees(look(book))


def test_our_own_working_order_is_no_break() -> None:
    book = replay([*OPENING, *working(REF, SPY, "10")])

    assert agrees(look(book, orders=(open_order(SPY, "10", perm_id=1, order_ref=REF),)))


def test_orders_that_are_not_ours_lock_their_contracts_each_by_itself() -> None:
    orders = (open_order(SPY, "5", perm_id=0, client_id=3, order_id=1), open_order(AAPL, "5", perm_id=0, client_id=3,
              order_id=2), open_order(SPY, "-1", perm_id=77))  # fmt: skip

    book = reconciled(look(quiet_book(), orders=orders))

    assert [b.found.subject for b in book.open_breaks] == ["client 3, order id 1", "client 3, order id 2", "77"]
    assert book.locked == {SPY.con_id, AAPL.con_id}


def test_orders_that_are_not_ours_may_be_left_but_never_another_copy_of_us() -> None:
    leave = Tolerances(foreign_orders="leave")

    by_hand = look(quiet_book(), orders=(open_order(SPY, "5", perm_id=77),))
    copy = look(quiet_book(), orders=(open_order(SPY, "5", perm_id=77, order_ref=REF),))

    assert agrees(by_hand, leave)
    assert [b.kind for b in found(reconcile(copy, leave))] == ["foreign_order"]


# What is unknown is never agreement


def test_a_part_that_the_broker_did_not_report_in_this_cycle_fails_the_step() -> None:
    earlier = look(quiet_book())

    (failed,) = reconcile(told(earlier, earlier.cycle.started.model_copy(update={"attempt": 9})), Tolerances())  # type: ignore[union-attr]

    assert isinstance(failed, StepFailed)
    assert failed.reason == (
        "expected the broker's positions, cash, NAV, open orders, exchange rates of this cycle, found none"
    )


@pytest.mark.parametrize(
    "part", ["positions_observed", "cash_observed", "nav_observed", "open_orders_observed", "rates_observed"]
)
def test_each_missing_part_fails_the_step(part: str) -> None:
    book = quiet_book()
    reported = [fact for fact in mirrored(book) if fact.type != part]

    (failed,) = reconcile(told(look(book), look(book).cycle.started.model_copy(update={"attempt": 9}), *reported),  # type: ignore[union-attr]
                          Tolerances())  # fmt: skip

    assert isinstance(failed, StepFailed)


def test_outside_a_cycle_nothing_is_known() -> None:
    assert [fact.type for fact in reconcile(quiet_book(), Tolerances())] == ["step_failed"]


def test_a_missing_mark_fails_the_step_and_hides_no_break() -> None:
    book = told(quiet_book(), bought(SAP, "3", "40", execution="a.01"), commission("a.01", "0", "EUR"))

    facts = reconcile(look(book, cash={"USD": "92000", "EUR": "-120"}, others={"EUR": "1.3"}), Tolerances())

    assert [(b.kind, b.con_id) for b in found(facts)] == [("position", SAP.con_id), ("foreign_trade", SAP.con_id)]
    assert isinstance(facts[-1], StepFailed)
    assert facts[-1].reason == "SAP: no mark was reported"


def test_money_without_a_rate_fails_the_step_and_is_told() -> None:
    book = look(quiet_book(), cash={"USD": "92000", "CHF": "5"})

    facts = reconcile(book, Tolerances())

    assert [(b.kind, b.subject) for b in found(facts)] == [("cash", "CHF")]
    assert isinstance(facts[-1], StepFailed)
    assert "CHF/USD" in facts[-1].reason


def test_a_currency_that_nobody_holds_any_more_needs_no_rate() -> None:
    assert agrees(look(replay([*OPENING, opened_cash("0", "EUR")])))


def test_a_busted_foreign_trade_is_no_break() -> None:
    book = told(quiet_book(), bought(SPY, "5", execution="a.01", perm_id=9), busted("a.01"))

    assert agrees(look(book))


def test_dividends_that_are_only_announced_are_no_difference_of_nav() -> None:
    book = look(quiet_book(), nav="94500")
    announced = told(book, NavObserved(currency="USD", net_liquidation=D(94500), accrued_dividend=D(500)))

    assert [b.kind for b in found(reconcile(book, Tolerances()))] == ["nav"]
    assert found(reconcile(announced, Tolerances())) == []
