"""Executions that the book lacks, has twice or has otherwise; what they cost; and what is said of each."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import (
    BreakExplained,
    CommissionAdjusted,
    Fact,
    FillBusted,
    OrderFilled,
    PositionRow,
)
from reconcile import Tolerances, acceptance, reconcile
from tests.facts import AAPL, SPY, bought, busted, commission, minutes, row, sold, told, working
from tests.reconcile.worlds import HELD, RETAIL, look, quiet_book

D = Decimal
SHORT = HELD["AAPL"]
REF = "tb-DU1000001-9-abcd-756733-B-1"
LATER = minutes(120)


def held(quantity: str, average_cost: str) -> PositionRow:
    return row(SPY, quantity).model_copy(update={"average_cost": D(average_cost)})


def seen(book: Book, *rows: PositionRow, cash: str, tolerances: Tolerances = RETAIL) -> Book:
    """Return the book after a cycle in which the broker reports this, and its reconciliation."""
    reported = look(book, rows=rows, cash={"USD": cash})
    return told(reported, *reconcile(reported, tolerances))


def said(book: Book, kind: str = "cash") -> list[tuple[str, str]]:
    """Return what explains the open break of a kind: causes and how sure, the likeliest first."""
    known = next(each for each in book.open_breaks if each.found.kind == kind)
    first = known.explanation
    assert isinstance(first, BreakExplained)
    return [(first.cause, first.certainty), *((rival.cause, rival.certainty) for rival in first.rivals)]


def taken(book: Book, kind: str = "position", explanation: int = 1) -> tuple[Fact, ...]:
    known = next(each for each in book.open_breaks if each.found.kind == kind)
    return acceptance(book, known.found.break_id, "seen to", explanation=explanation)


def traded(*facts: Fact) -> Book:
    """Return the quiet book after executions of an earlier hour."""
    return told(quiet_book(), *facts)


# What was not heard of


def test_an_execution_that_was_missed_is_recorded_as_one_of_ours_with_its_price_and_commission() -> None:
    book = seen(quiet_book(), held("15", "400.0866666667"), SHORT, cash="89998.70")

    assert said(book)[0] == said(book, "position")[0] == ("missed fill", "likely")
    fill = next(fact for fact in taken(book) if isinstance(fact, OrderFilled))
    assert (fill.quantity, fill.price, fill.source, fill.order_ref) == (D(5), D("400.06"), "operator", "")
    assert fill.execution_id.startswith("inferred.B-1/")
    after = told(book, *taken(book))
    assert (after.cash["USD"], after.positions[SPY.con_id], after.pending_commissions) == (D("89998.70"), D(15), ())
    assert after.open_breaks == ()


def test_an_order_that_still_wants_the_units_speaks_for_it_and_gets_them() -> None:
    book = told(quiet_book(), *working(REF, SPY, "5"))
    book = seen(book, held("15", "400.0666666667"), SHORT, cash="89999.00")

    assert said(book, "position")[0] == ("missed fill", "likely")
    explanation = next(each.explanation for each in book.open_breaks if each.found.kind == "position")
    assert explanation is not None
    assert explanation.evidence[0] == f"order {REF} still wants 5"
    assert told(book, *taken(book)).orders[REF].filled == D(5)


def test_the_average_cost_tells_what_was_paid_though_something_else_moved_cash() -> None:
    book = seen(quiet_book(), held("15", "400.0666666667"), SHORT, cash="89299.00")

    first = next(each.explanation for each in book.open_breaks if each.found.kind == "cash")
    assert first is not None
    assert {(term.cause, term.amount) for term in first.terms} >= {("withdrawal", D(-700))}
    assert sum(term.amount for term in first.terms if term.cause == "missed fill") == D(-2001)


@pytest.mark.parametrize("cash", ["91000.00", "80000.00"], ids=["far below the mark", "far above the mark"])
def test_units_at_no_price_of_the_day_were_not_traded(cash: str) -> None:
    book = seen(quiet_book(), held("15", "400.00"), SHORT, cash=cash)

    assert ("missed fill", "likely") not in said(book, "position")


# What was told otherwise


def test_an_execution_told_twice_is_taken_back_once_with_its_commission() -> None:
    twice = [bought(SPY, "5", "400.00", execution=f"{name}.01") for name in ("a", "b")]
    book = traded(*twice, commission("a.01", "-1"), commission("b.01", "-1"))
    book = seen(book, held("15", "400.07"), SHORT, cash="89999.00")

    assert said(book)[0] == said(book, "position")[0] == ("duplicated fill", "likely")
    assert [fact.execution_id for fact in taken(book) if isinstance(fact, FillBusted)] == ["b.01"]
    after = told(book, *taken(book))
    assert (after.cash["USD"], after.positions[SPY.con_id]) == (D(89999), D(15))


def hours_ago(*facts: Fact) -> Book:
    """Return the quiet book after executions, two hours before the broker reports."""
    book = traded(*facts)
    return told(book, bought(AAPL, "1", "400.00", execution="later.01", at=LATER), commission("later.01", "-1"))


def test_an_execution_that_was_taken_back_comes_with_its_commission() -> None:
    book = hours_ago(bought(SPY, "5", "401.00", execution="a.01"), commission("a.01", "-1"))
    book = seen(book, held("10", "400.00"), row(AAPL, "-4"), cash="91599.00")

    assert said(book)[0] == said(book, "position")[0] == ("busted fill", "likely")
    assert ("stale snapshot", "possible") in said(book)
    facts = taken(book)
    assert [fact.amount for fact in facts if isinstance(fact, CommissionAdjusted) and fact.provisional] == [D(1)]
    assert told(book, *facts).cash["USD"] == D(91599)


def test_a_report_right_after_an_execution_is_likelier_late_than_the_execution_taken_back() -> None:
    book = traded(bought(SPY, "5", "401.00", execution="a.01"), commission("a.01", "-1"))
    book = seen(book, held("10", "400.00"), SHORT, cash="92000.00")

    assert said(book)[0] == ("stale snapshot", "likely")
    assert ("busted fill", "possible") in said(book)


def test_a_correction_of_the_price_shows_in_the_average_cost() -> None:
    book = hours_ago(bought(SPY, "5", "401.00", execution="a.01"), commission("a.01", "-1"))
    book = seen(book, held("15", "400.1666666667"), row(AAPL, "-4"), cash="89596.50")

    assert said(book)[0] == ("corrected fill", "likely")
    facts = taken(book, "cash")
    assert [fact.execution_id for fact in facts if isinstance(fact, FillBusted)] == ["a.01"]
    stands = next(fact for fact in facts if isinstance(fact, OrderFilled))
    assert (stands.quantity, stands.price, stands.execution_id) == (
        D(5), D("400.30"), "inferred.B-1/corrected/5/400.3/a.01",
    )  # fmt: skip
    assert told(book, *facts).cash["USD"] == D("89596.50")


def test_a_correction_of_the_units_is_at_the_price_that_was_told() -> None:
    book = hours_ago(bought(SPY, "20", "401.00", execution="a.01"), commission("a.01", "-1"))
    book = seen(book, held("27", "400.70"), row(AAPL, "-4"), cash="84781.00")

    assert said(book)[0] == said(book, "position")[0] == ("corrected fill", "likely")
    assert told(book, *taken(book)).positions[SPY.con_id] == D(27)


def test_what_an_exchange_took_back_already_is_not_taken_back_again() -> None:
    book = hours_ago(
        bought(SPY, "5", "401.00", execution="a.01"), commission("a.01", "0"), busted("a.01"),
    )  # fmt: skip
    book = seen(book, held("5", "400.00"), row(AAPL, "-4"), cash="93604.00")

    assert not any("busted" in cause for cause, _ in said(book))


# What it cost


def test_a_commission_that_has_not_come_explains_what_is_missing() -> None:
    book = hours_ago(sold(SPY, "5", "10.00", execution="a.01"))
    book = seen(book, held("5", "400.00"), row(AAPL, "-4"), cash="91647.60")

    assert said(book)[0] == ("late commission", "likely")
    facts = taken(book, "cash")
    assert [(fact.amount, fact.con_id) for fact in facts if isinstance(fact, CommissionAdjusted)] == [
        (D("-1.40"), SPY.con_id)
    ]
    assert told(book, *facts).pending_commissions == ("a.01",)  # the broker tells it still


def test_a_commission_unlike_all_others_was_told_wrong() -> None:
    fills = [sold(SPY, "2", "400.00", execution=f"{name}.01") for name in ("a", "b")]
    book = hours_ago(*fills, commission("a.01", "-1"), commission("b.01", "-3.40"))
    book = seen(book, held("6", "400.00"), row(AAPL, "-4"), cash="93197.00")

    assert said(book)[0] == ("wrong commission", "likely")


def test_where_every_commission_is_another_none_of_them_was_told_wrong() -> None:
    fills = [sold(SPY, "2", "400.00", execution=f"{name}.01") for name in ("a", "b")]
    book = hours_ago(*fills, commission("a.01", "-0.35"), commission("b.01", "-0.36"))
    book = seen(book, held("6", "400.00"), row(AAPL, "-4"), cash="93197.64")

    assert not any("wrong" in cause for cause, _ in said(book))


def test_a_commission_that_comes_back_whole_is_a_rebate() -> None:
    book = hours_ago(sold(SPY, "2", "400.00", execution="a.01"), commission("a.01", "-1"))
    book = seen(book, held("8", "400.00"), row(AAPL, "-4"), cash="92399.00")

    assert said(book)[0] == ("rebated commission", "likely")


# What the broker's report lacks


def test_a_position_that_the_total_still_counts_is_missing_from_the_list_alone() -> None:
    reported = look(quiet_book(), rows=[SHORT], nav="94000")
    book = told(reported, *reconcile(reported, RETAIL))

    assert said(book, "position")[0] == ("partial snapshot", "likely")


def test_cash_that_the_total_counts_has_not_settled() -> None:
    book = hours_ago(sold(SPY, "5", "400.00", execution="a.01"), commission("a.01", "0"))
    reported = look(book, rows=[held("5", "400.00"), row(AAPL, "-4")], cash={"USD": "91599"}, nav="93999")
    book = told(reported, *reconcile(reported, RETAIL))

    assert said(book)[0] == ("unsettled cash", "likely")


@pytest.mark.parametrize(
    ("cash", "is_rounding"), [("92000.03", True), ("92000.06", False)], ids=["a few cents", "more than a few"]
)
def test_a_few_cents_are_rounding(cash: str, is_rounding: bool) -> None:
    book = seen(quiet_book(), row(SPY, "10"), SHORT, cash=cash)

    assert (said(book)[0] == ("rounding", "likely")) is is_rounding


def test_a_total_at_other_marks_is_told_as_such() -> None:
    reported = look(quiet_book(), nav="94200")
    book = told(reported, *reconcile(reported, RETAIL))

    assert said(book, "nav")[0][0] == "mark difference"
