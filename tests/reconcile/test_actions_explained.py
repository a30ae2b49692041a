"""What happened to positions without a trade, told from the broker's positions, costs, cash and marks alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import (
    BreakExplained,
    ContractDefined,
    DividendAccrued,
    Fact,
    MergerApplied,
    PositionRow,
    SplitDeclared,
    VariationSettled,
)
from reconcile import acceptance, reconcile
from tests.facts import AAPL, DAY, ES, SPY, bought, contract, opened, row, told
from tests.reconcile.worlds import HELD, RETAIL, found, look, quiet_book

NEW = contract(999, "NEW")
CALL = contract(5001, "SPY", kind="OPT", multiplier=100).model_copy(
    update={"underlying_con_id": SPY.con_id, "strike": Decimal(380), "right": "C", "expiry": DAY}
)
PUT = CALL.model_copy(update={"con_id": 5002, "right": "P", "strike": Decimal(390)})
INDEX = CALL.model_copy(update={"con_id": 5003, "symbol": "SPX", "underlying_con_id": 416904})
ENDING = ES.model_copy(update={"con_id": 5004, "expiry": DAY})
DUE = DividendAccrued(
    con_id=AAPL.con_id, reference="265598/due", gross=Decimal(-10), tax=Decimal(0), currency="USD", pay_date=DAY,
    occurred_at=datetime(2005, 2, 14, 5, tzinfo=UTC),
)  # fmt: skip


def held(what: ContractDefined, quantity: str, mark: str, average_cost: str) -> PositionRow:
    return row(what, quantity, mark).model_copy(update={"average_cost": Decimal(average_cost)})


def compared(
    book: Book, *rows: PositionRow, cash: str = "92000", nav: str | None = None
) -> tuple[Book, tuple[BreakExplained, ...]]:
    """Let the broker report these positions and this cash; return the book after it, and what was said."""
    seen = look(book, rows=rows, cash={"USD": cash}, nav=nav)
    facts = reconcile(seen, RETAIL)
    return told(seen, *facts), tuple(fact for fact in facts if isinstance(fact, BreakExplained))


def accepted(book: Book, said: tuple[BreakExplained, ...]) -> Book:
    """Accept the likeliest explanation of the first break; every break is over then, and nothing is lost."""
    after = told(book, *acceptance(book, said[0].break_id, "it says so", explanation=1))

    reported = {con_id: each.quantity for con_id, each in (after.reported.positions or {}).items()}
    assert after.positions == reported
    assert after.open_breaks == ()
    assert sum(after.journal.values()) == 0
    return after


@pytest.mark.parametrize(
    ("row_after", "cash", "terms"),
    [
        pytest.param(
            held(AAPL, "-7", "266.67", "266.6666666667"), "91866.70",
            {"split": Decimal("-2.5"), "cash in lieu": Decimal("0.5")}, id="what is short owes its fraction",
        ),
        pytest.param(
            held(AAPL, "-1", "1600", "1600"), "91600",
            {"reverse split": Decimal("3.75"), "cash in lieu": Decimal("0.25")}, id="a reverse split",
        ),
    ],
)  # fmt: skip
def test_a_split_that_leaves_a_fraction_is_told_with_the_cash_for_it(
    row_after: PositionRow, cash: str, terms: dict[str, Decimal]
) -> None:
    book, said = compared(quiet_book(), HELD["SPY"], row_after, cash=cash)

    assert {term.cause: term.amount for term in said[0].terms} == terms
    assert {explanation.certainty for explanation in said} == {"likely"}
    after = accepted(book, said)
    assert after.cash == {"USD": Decimal(cash)}


def test_a_declared_split_is_told_though_its_numbers_are_large() -> None:
    declared = SplitDeclared(
        con_id=SPY.con_id, ex_date=DAY, numerator=102918, denominator=100000, source="splits.csv"
    )  # fmt: skip
    book = told(quiet_book(), bought(SPY, "99990", "400.00", execution="a.01", order_ref="x"), declared)

    _, said = compared(book, held(SPY, "102918", "388.66", "388.6589"), HELD["AAPL"], cash="92000")

    split = next(each for each in said if "102918 SPY" in each.text or "→ 102918" in each.text)
    assert "declared for 2005-03-01 by splits.csv" in split.evidence


def test_a_merger_for_cash_is_told_with_its_price() -> None:
    book, said = compared(quiet_book(), HELD["AAPL"], cash="96012.30")

    assert said[0].text == "10 SPY merged for 401.23 each (4,012.30)"
    assert accepted(book, said).holdings[SPY.con_id].realised == Decimal("12.30")


def test_the_price_of_a_merger_is_told_though_something_else_moved_the_same_cash() -> None:
    book, said = compared(told(quiet_book(), DUE), HELD["AAPL"], cash="96002.30")

    cash = next(each for each in said if {term.kind for term in each.terms} == {"cash"})
    assert {term.cause: term.amount for term in cash.terms} == {
        "dividend": Decimal(-10), "merger": Decimal("4012.30"),
    } or {term.amount for term in cash.terms} == {Decimal(-10), Decimal("4012.30")}  # fmt: skip
    recorded = acceptance(book, said[0].break_id, "announced", explanation=1)
    assert [fact.cash for fact in recorded if isinstance(fact, MergerApplied)] == [Decimal("4012.30")]


def test_what_was_sold_at_no_price_in_cents_is_no_merger_first_of_all() -> None:
    _, said = compared(quiet_book(), HELD["AAPL"], cash="96001.277")

    assert said[0].cause != "merger"


def test_units_for_units_carry_the_cost_along() -> None:
    book = told(quiet_book(), NEW)
    book, said = compared(book, HELD["AAPL"], held(NEW, "25", "160", "160"))

    assert said[0].text == "10 SPY merged into 25 NEW"
    assert accepted(book, said).holdings[NEW.con_id].basis == Decimal(4000)


def test_units_and_cash_share_the_cost_as_the_broker_says() -> None:
    book = told(quiet_book(), NEW)
    book, said = compared(book, HELD["AAPL"], held(NEW, "20", "160", "150"), cash="92800")

    assert said[0].text == "10 SPY merged into 20 NEW and 800.00"
    after = accepted(book, said)
    assert after.holdings[NEW.con_id].basis == Decimal(3000)
    assert after.holdings[SPY.con_id].realised == Decimal(-200)


def test_as_many_units_at_the_same_cost_bear_another_name() -> None:
    book = told(quiet_book(), NEW)
    book, said = compared(book, HELD["AAPL"], held(NEW, "10", "400", "400"))

    assert (said[0].cause, said[0].certainty) == ("rename", "likely")
    assert accepted(book, said).holdings[NEW.con_id].basis == Decimal(4000)


def test_a_reverse_split_under_another_id_is_told_by_the_name() -> None:
    other = contract(998, "SPY")
    book = told(quiet_book(), other)
    book, said = compared(book, HELD["AAPL"], held(other, "2", "2000", "2000"))

    assert said[0].text == "10 SPY → 2 SPY: reverse split 1:5 under another id"
    assert accepted(book, said).holdings[other.con_id].basis == Decimal(4000)


@pytest.mark.parametrize(
    ("parent_cost", "child_cost", "basis"),
    [
        pytest.param("400", "0", Decimal(0), id="its share of the cost is not known yet"),
        pytest.param("360", "80", Decimal(400), id="the broker has shared the cost"),
    ],
)
def test_units_that_cost_nothing_were_spun_off(parent_cost: str, child_cost: str, basis: Decimal) -> None:
    book = told(quiet_book(), NEW)
    book, said = compared(book, held(SPY, "10", "380", parent_cost), HELD["AAPL"], held(NEW, "5", "40", child_cost))

    assert said[0].text == "5 NEW spun off 1:2 by SPY"
    after = accepted(book, said)
    assert after.holdings[NEW.con_id].basis == basis
    assert after.holdings[SPY.con_id].basis == Decimal(4000) - basis


def test_units_that_came_at_a_cost_are_a_transfer_and_no_spin_off() -> None:
    book = told(quiet_book(), NEW)
    book, said = compared(book, HELD["SPY"], HELD["AAPL"], held(NEW, "5", "40", "31"))

    assert [said[0].cause, *(rival.cause for rival in said[0].rivals)] == ["position transfer"]
    assert said[0].text == "5 NEW came in by a transfer at a cost of 155.00"
    assert accepted(book, said).holdings[NEW.con_id].basis == Decimal(155)


def test_units_that_went_take_their_cost_along() -> None:
    book, said = compared(quiet_book(), held(SPY, "7", "400", "400"), HELD["AAPL"])

    assert said[0].text == "3 SPY went out by a transfer"
    after = accepted(book, said)
    assert after.holdings[SPY.con_id].basis == Decimal(2800)
    assert after.holdings[SPY.con_id].realised == 0


# Options


def with_options(option: ContractDefined, quantity: str, basis: str) -> Book:
    return told(quiet_book(), option, opened(option, quantity, basis))


@pytest.mark.parametrize(
    ("option", "quantity", "units", "cash", "text"),
    [
        pytest.param(CALL, "2", "210", "16000", "2 SPY call 380 until 2005-03-01: exercise, 200 SPY at 380 "
                     "(-76,000.00)", id="a call that was held"),
        pytest.param(PUT, "1", "-90", "131000", "1 SPY put 390 until 2005-03-01: exercise, -100 SPY at 390 "
                     "(39,000.00)", id="a put that was held"),
        pytest.param(CALL, "-1", "-90", "130000", "1 SPY call 380 until 2005-03-01: assignment, -100 SPY at 380 "
                     "(38,000.00)", id="a call that was sold"),
        pytest.param(PUT, "-2", "210", "14000", "2 SPY put 390 until 2005-03-01: assignment, 200 SPY at 390 "
                     "(-78,000.00)", id="a put that was sold"),
    ],
)  # fmt: skip
def test_what_an_option_delivers_follows_from_its_terms(
    option: ContractDefined, quantity: str, units: str, cash: str, text: str
) -> None:
    book = with_options(option, quantity, str(Decimal(quantity) * 300))
    average = "400" if Decimal(units) < 0 else "380"
    book, said = compared(book, held(SPY, units, "400", average), HELD["AAPL"], cash=cash)

    assert said[0].text == text
    assert {explanation.certainty for explanation in said} == {"likely"}
    after = accepted(book, said)
    assert after.cash == {"USD": Decimal(cash)}
    assert after.holdings[option.con_id].realised == 0


def test_options_without_value_end_on_their_last_day() -> None:
    book, said = compared(with_options(PUT, "-3", "-250"), *HELD.values())

    assert (said[0].cause, said[0].certainty) == ("expiry", "likely")
    assert "SPY is marked at 400: out of the money" in said[0].evidence
    assert accepted(book, said).holdings[PUT.con_id].realised == Decimal(250)


def test_of_options_in_the_money_an_expiry_is_only_possible() -> None:
    _, said = compared(with_options(CALL, "1", "2000"), *HELD.values())

    told_of = ((said[0].cause, said[0].certainty), *((row.cause, row.certainty) for row in said[0].rivals))
    assert {certainty for cause, certainty in told_of if "merger" in cause} <= {"possible", "unexplained"}


def test_options_that_have_days_left_do_not_expire() -> None:
    later = PUT.model_copy(update={"expiry": date(2005, 3, 18)})
    _, said = compared(with_options(later, "-3", "-250"), *HELD.values())

    assert "expiry" not in {said[0].cause, *(rival.cause for rival in said[0].rivals)}


def test_a_part_is_assigned_and_the_rest_ends_without_value() -> None:
    book, said = compared(
        with_options(PUT, "-3", "-250"), held(SPY, "110", "391", "390"), HELD["AAPL"], cash="53000"
    )  # fmt: skip

    option = next(each for each in said if "expired" in each.text)
    assert option.text.startswith("1 SPY put 390 until 2005-03-01: assignment, 100 SPY at 390 (-39,000.00); 2 SPY put")
    assert {term.cause: term.amount for term in option.terms} == {"assignment": Decimal(1), "expiry": Decimal(2)}
    assert accepted(book, said).cash == {"USD": Decimal(53000)}


def test_an_option_on_an_index_is_settled_in_cash() -> None:
    book = with_options(INDEX, "1", "2000")
    book = look(book, rows=(*HELD.values(), held(INDEX, "1", "24", "2000")), cash={"USD": "92000"})
    book, said = compared(book, *HELD.values(), cash="94410")

    assert said[0].text == "1 SPX call 380 until 2005-03-01: exercise, settled in cash (2,410.00)"
    assert accepted(book, said).holdings[INDEX.con_id].realised == Decimal(410)


def test_an_option_on_a_future_delivers_it_and_what_it_gained_since_is_variation() -> None:
    option = CALL.model_copy(
        update={"con_id": 5005, "security_type": "FOP", "multiplier": Decimal(50), "underlying_con_id": ES.con_id,
                "strike": Decimal(1190)}
    )  # fmt: skip
    book = with_options(option, "1", "900")
    book, said = compared(book, *HELD.values(), held(ES, "1", "1210.00", "60400"), cash="93000", nav="95000")

    assert [each.cause for each in said] == ["exercise", "exercise", "variation margin"]
    exercised = told(book, *acceptance(book, said[0].break_id, "as its terms say", explanation=1))
    after = accepted(exercised, said[2:])
    assert after.cash == {"USD": Decimal(93000)}
    assert after.holdings[ES.con_id].basis == Decimal(60400)  # at the strike, and what the option had cost


# Futures


def with_futures(what: ContractDefined) -> Book:
    trade = bought(what, "2", "1200.00", execution="f.01", order_ref="f")
    book = told(quiet_book(), what, trade)
    assert book.cash == {"USD": Decimal(92000)}
    return book


def futures_alone(said: tuple[BreakExplained, ...]) -> tuple[BreakExplained, ...]:
    return tuple(each for each in said if each.cause != "foreign trade")


@pytest.mark.parametrize(
    ("cash", "amount"),
    [
        pytest.param("93000", Decimal(1000), id="at the mark"),
        pytest.param("92625", Decimal(625), id="at the price that it was settled at"),
    ],
)
def test_what_a_future_gained_is_in_the_cash(cash: str, amount: Decimal) -> None:
    book, said = compared(with_futures(ES), *HELD.values(), held(ES, "2", "1210.00", "60000"), cash=cash)

    first = futures_alone(said)[0]
    assert (first.cause, first.certainty) == ("variation margin", "likely")
    recorded = acceptance(book, first.break_id, "settled", explanation=1)
    assert [fact.amount for fact in recorded if isinstance(fact, VariationSettled)] == [amount]


def test_what_a_future_gained_is_no_difference_of_nav() -> None:
    _, said = compared(with_futures(ES), *HELD.values(), held(ES, "2", "1210.00", "60000"), cash="93000", nav="95000")

    assert [each.cause for each in said] == ["variation margin", "foreign trade"]


def test_what_a_future_lost_is_not_missing() -> None:
    lost = look(with_futures(ES), rows=(*HELD.values(), held(ES, "2", "1150", "60000")), cash={"USD": "87000"})
    more = look(with_futures(ES), rows=(*HELD.values(), held(ES, "2", "1150", "60000")), cash={"USD": "84000"})

    consequences = [
        fact.consequence for book in (lost, more) for fact in found(reconcile(book, RETAIL)) if fact.kind == "cash"
    ]

    assert consequences == ["note", "halt"]


def test_a_future_ends_at_its_last_price() -> None:
    book, _ = compared(with_futures(ENDING), *HELD.values(), held(ENDING, "2", "1210.00", "60000"), nav="95000")
    book, said = compared(book, *HELD.values(), cash="93025", nav="95025")

    first, *others = futures_alone(said)
    assert first.text == "2 ES ended at 1210.25"
    assert [each.cause for each in others] == ["expiry"]  # of its cash, and no difference of NAV
    recorded: tuple[Fact, ...] = acceptance(book, first.break_id, "over", explanation=1)
    after = told(book, *recorded)
    assert after.cash == {"USD": Decimal(93025)}
    assert after.holdings[ENDING.con_id].realised == Decimal(1025)
    assert ("variation:5004", "USD") not in after.journal
