"""What explains a break: announced dividends by rule, a split by the operator; and what must stay unexplained."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import (
    BookReconciled,
    BreakClosed,
    BreakExplained,
    DividendAccrualReversed,
    DividendAccrued,
    DividendPaid,
    TaxWithheld,
)
from reconcile import Tolerances, acceptance, reconcile
from reconcile.acceptance import Unexplained
from tests.facts import AAPL, DAY, SPY, row, told
from tests.reconcile.worlds import HELD, RETAIL, found, look, quiet_book

TODAY = date.fromisoformat(str(DAY))


def accrued(
    reference: str, gross: str, tax: str, *, pay_date: date = TODAY, con_id: int = SPY.con_id
) -> DividendAccrued:
    return DividendAccrued(
        con_id=con_id, reference=reference, gross=Decimal(gross), tax=Decimal(tax), currency="USD", pay_date=pay_date
    )


DUE = accrued("756733/due", "80", "-24").model_copy(update={"occurred_at": datetime(2005, 2, 14, 5, tzinfo=UTC)})


def test_an_announced_dividend_that_arrives_is_booked_by_rule_and_its_accrual_ends() -> None:
    book = look(told(quiet_book(), DUE), cash={"USD": "92056"})

    facts = reconcile(book, RETAIL)

    after = told(book, *facts)
    assert after.cash == {"USD": Decimal(92056)}
    assert after.accruals == {}
    assert after.open_breaks == ()
    assert after.journal[("dividends", "USD")] == Decimal(-80)
    assert after.journal[("taxes", "USD")] == Decimal(24)
    assert [fact.text for fact in facts if isinstance(fact, BreakExplained)] == [
        "SPY dividend 80.00 - tax 24.00, accrued"
    ]
    reversed_on = [fact.occurred_at for fact in facts if isinstance(fact, DividendAccrualReversed)]
    assert reversed_on == [None]  # now, not when it was announced
    paid = next(fact for fact in facts if isinstance(fact, DividendPaid))
    assert (paid.source, paid.reference, paid.provisional) == ("rule", "756733/due", True)
    assert next(fact for fact in facts if isinstance(fact, BookReconciled)).open_breaks == 0


def test_two_dividends_of_one_day_are_booked_together_and_a_third_that_is_not_due_waits() -> None:
    later = accrued("756733/later", "10", "0", pay_date=TODAY + timedelta(days=1))
    other = accrued("265598/due", "7.5", "0", con_id=AAPL.con_id)
    book = look(told(quiet_book(), DUE, other, later), cash={"USD": "92063.5"})

    after = told(book, *reconcile(book, RETAIL))

    assert after.open_breaks == ()
    assert set(after.accruals) == {"756733/later"}


def test_one_of_two_that_are_due_is_recognised_by_its_amount() -> None:
    other = accrued("265598/due", "7.5", "0", con_id=AAPL.con_id)
    book = look(told(quiet_book(), DUE, other), cash={"USD": "92007.5"})

    after = told(book, *reconcile(book, RETAIL))

    assert after.open_breaks == ()
    assert set(after.accruals) == {"756733/due"}


@pytest.mark.parametrize(
    ("accruals", "cash", "tolerances"),
    [
        pytest.param((), "92056", RETAIL, id="nothing was announced"),
        pytest.param((DUE,), "92057", RETAIL, id="another amount"),
        pytest.param((DUE,), "91944", RETAIL, id="the wrong sign"),
        pytest.param(
            (accrued("x/later", "80", "-24", pay_date=TODAY + timedelta(days=1)),), "92056", RETAIL, id="early"
        ),
        pytest.param((DUE,), "92056", Tolerances(rule_share=Decimal("0.0005")), id="above the rule's cap"),
    ],
)
def test_what_no_rule_covers_stays_open(
    accruals: tuple[DividendAccrued, ...], cash: str, tolerances: Tolerances
) -> None:
    book = look(told(quiet_book(), *accruals), cash={"USD": cash})

    facts = reconcile(book, tolerances)

    assert len(found(facts)) == 1
    assert not any(isinstance(fact, DividendPaid | TaxWithheld | BreakClosed) for fact in facts)
    assert told(book, *facts).cash == {"USD": Decimal(92000)}


def test_a_dividend_above_the_cap_is_explained_and_booked_when_it_is_accepted() -> None:
    book = look(told(quiet_book(), DUE), cash={"USD": "92056"})
    opened = told(book, *reconcile(book, Tolerances(rule_share=Decimal("0.0005"))))

    explanation = opened.open_breaks[0].explanation
    accepted = told(opened, *acceptance(opened, "B-1", "it was announced"))

    assert explanation is not None
    assert explanation.text == "SPY dividend 80.00 - tax 24.00, accrued"
    assert accepted.cash == {"USD": Decimal(92056)}
    assert ("suspense", "USD") not in accepted.journal


def test_a_break_that_waits_is_closed_once_the_accrual_becomes_known() -> None:
    book = look(quiet_book(), cash={"USD": "92056"})
    opened = told(book, *reconcile(book, RETAIL))
    again = look(told(opened, DUE), cash={"USD": "92056"})

    after = told(again, *reconcile(again, RETAIL))

    assert [known.status for known in after.breaks.values()] == ["closed"]
    assert after.cash == {"USD": Decimal(92056)}


def test_what_nothing_explains_is_not_accepted_without_saying_that_suspense_shall() -> None:
    book = look(quiet_book(), cash={"USD": "92056"})
    opened = told(book, *reconcile(book, RETAIL))

    with pytest.raises(Unexplained, match="add --as-suspense"):
        acceptance(opened, "B-1", "looks fine")

    accepted = told(opened, *acceptance(opened, "B-1", "looks fine", as_suspense=True))
    assert accepted.journal[("suspense", "USD")] == Decimal(-56)


def split_of_spy(quantity: str, average_cost: str) -> Book:
    changed = row(SPY, quantity).model_copy(
        update={"average_cost": Decimal(average_cost), "mark": Decimal(4000) / Decimal(quantity)}
    )
    book = look(quiet_book(), rows=(changed, HELD["AAPL"]), cash={"USD": "92000"})
    return told(book, *reconcile(book, RETAIL))


@pytest.mark.parametrize(
    ("quantity", "average_cost", "said"),
    [
        pytest.param("20", "200", "split 2:1", id="forward"),
        pytest.param("15", "266.666667", "split 3:2", id="three for two"),
        pytest.param("1", "4000", "reverse split 1:10", id="reverse"),
        pytest.param("11", "363.636364", "stock dividend 11:10", id="stock dividend"),
    ],
)
def test_a_split_is_explained_by_its_ratio_and_booked_when_it_is_accepted(
    quantity: str, average_cost: str, said: str
) -> None:
    opened = split_of_spy(quantity, average_cost)

    explanation = opened.open_breaks[0].explanation
    accepted = told(opened, *acceptance(opened, "B-1", "split"))

    assert explanation is not None
    assert (explanation.cause, explanation.certainty) == (said.rpartition(" ")[0], "likely")
    assert explanation.text == f"SPY 10 → {quantity}: {said}"
    assert accepted.positions[SPY.con_id] == Decimal(quantity)
    assert accepted.holdings[SPY.con_id].basis == Decimal(4000)
    assert accepted.locked == frozenset()
    booked = accepted.keys[f"action/operator/B-1/{SPY.con_id}"]
    assert booked is not None


@pytest.mark.parametrize(
    ("quantity", "average_cost"),
    [
        pytest.param("20", "400", id="bought: the cost doubled with the units"),
        pytest.param("10.7", "373.831775", id="no ratio of small numbers"),
        pytest.param("-10", "400", id="the other side"),
    ],
)
def test_what_is_no_split_is_not_explained_as_one(quantity: str, average_cost: str) -> None:
    explanation = split_of_spy(quantity, average_cost).open_breaks[0].explanation

    assert explanation is not None
    assert explanation.certainty in ("possible", "unexplained")
    said = (explanation.cause, *(rival.cause for rival in explanation.rivals))
    assert not {"split", "reverse split", "stock dividend"}.intersection(said)
