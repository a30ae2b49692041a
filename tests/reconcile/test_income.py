"""What explains cash that moved without a trade: income, taxes, fees, flows, currencies; and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import (
    BreakExplained,
    CashDeposited,
    CurrencyConverted,
    DistributionDeclared,
    DividendAccrued,
    DividendPaid,
    Fact,
    FeeCharged,
    FlowCancelled,
    FlowExpected,
    InterestAccrued,
    InterestPaid,
    NavObserved,
    PaymentInLieuPaid,
    TaxWithheld,
    decimal_text,
)
from reconcile import Tolerances, acceptance, reconcile
from reconcile.tolerances import DESK
from tests.facts import AAPL, DAY, SPY, told
from tests.reconcile.worlds import RETAIL, closed, found, look, quiet_book

TODAY = date.fromisoformat(str(DAY))
D = Decimal


def accrued(gross: str, tax: str, *, pay_date: date | None = TODAY, con_id: int = SPY.con_id) -> DividendAccrued:
    reference = f"{con_id}/{TODAY - timedelta(days=20)}/{pay_date or ''}"
    return DividendAccrued(
        con_id=con_id, reference=reference, gross=D(gross), tax=D(tax), currency="USD", pay_date=pay_date
    )


def accruals_reported(book: Book, dividends: str | None = None, interest: str | None = None) -> Book:
    """Let the broker tell what has accrued beside the NAV that it told."""
    nav = book.reported.nav
    assert nav is not None
    more = {
        "accrued_dividend": None if dividends is None else D(dividends),
        "accrued_cash": None if interest is None else D(interest),
        "net_liquidation": nav.net_liquidation + D(dividends or 0) + D(interest or 0),
    }
    return told(book, NavObserved.model_validate(dict(nav) | more))


def apart(book: Book, amount: str, **accruals: str) -> Book:
    """Let the broker's dollars be apart from the book's by an amount."""
    cash = {"USD": str(book.cash["USD"] + D(amount))}
    seen = look(book, cash=cash)
    return accruals_reported(seen, **accruals) if accruals else seen


def explanations(facts: Iterable[Fact]) -> list[tuple[str, str]]:
    """Return the causes and the certainties that are told of the last break, the likeliest first."""
    last = [fact for fact in facts if isinstance(fact, BreakExplained)][-1]
    return [(last.cause, last.certainty), *((" + ".join(row.causes), row.certainty) for row in last.rivals)]


def booked(facts: Iterable[Fact], kind: type[Fact]) -> list[Fact]:
    return [fact for fact in facts if isinstance(fact, kind)]


# Dividends


@pytest.mark.parametrize(
    ("amount", "tax"),
    [
        pytest.param("80", [], id="nothing withheld"),
        pytest.param("68", ["-12"], id="fifteen percent"),
        pytest.param("60", ["-20"], id="a quarter"),
    ],
)
def test_a_dividend_with_another_tax_is_booked_with_that_tax(amount: str, tax: list[str]) -> None:
    book = apart(told(quiet_book(), accrued("80", "-24")), amount)

    facts = reconcile(book, RETAIL)

    assert explanations(facts)[0] == ("withholding tax", "likely")
    assert [fact.amount for fact in facts if isinstance(fact, DividendPaid)] == [D(80)]
    assert [decimal_text(fact.amount) for fact in facts if isinstance(fact, TaxWithheld)] == tax
    assert told(book, *facts).accruals == {}
    assert closed(facts) == ["B-1"]


def test_a_tax_at_no_usual_rate_is_only_possible_and_waits() -> None:
    book = apart(told(quiet_book(), accrued("80", "-24")), "61.30")

    facts = reconcile(book, RETAIL)

    assert {certainty for _, certainty in explanations(facts)} == {"possible"}
    assert any("withholding tax" in cause for cause, _ in explanations(facts))
    assert booked(facts, DividendPaid) == []


def test_what_is_owed_on_a_short_position_is_a_payment_in_lieu() -> None:
    book = apart(told(quiet_book(), accrued("-12.50", "0", con_id=AAPL.con_id)), "-12.50")

    facts = reconcile(book, RETAIL)

    assert explanations(facts)[0] == ("payment in lieu", "likely")
    assert [fact.amount for fact in facts if isinstance(fact, PaymentInLieuPaid)] == [D("-12.50")]


def test_what_else_an_announced_dividend_may_be_does_not_stop_the_rule() -> None:
    book = apart(told(quiet_book(), accrued("80", "-24")), "56")

    facts = reconcile(book, RETAIL)

    assert [certainty for _, certainty in explanations(facts)] == ["likely", "possible", "possible"]
    assert closed(facts) == ["B-1"]


def test_what_the_broker_still_accrues_has_not_been_paid() -> None:
    book = apart(told(quiet_book(), accrued("80", "-24")), "56", dividends="56")

    facts = reconcile(book, RETAIL)

    assert ("dividend", "likely") not in explanations(facts)
    assert booked(facts, DividendPaid) == []


def test_a_dividend_that_a_statement_paid_is_never_proposed_again_though_its_accrual_stands() -> None:
    paid = DividendPaid(
        con_id=SPY.con_id, source="statement", reference="4711", amount=D(80), currency="USD", report_date=TODAY
    )
    book = told(quiet_book(), accrued("80", "0"), paid)
    assert len(book.accruals) == 1

    facts = reconcile(apart(book, "80"), RETAIL)

    assert "dividend" not in [cause for cause, _ in explanations(facts)]
    assert booked(facts, DividendPaid) == []


def test_of_two_alike_dividends_the_one_that_is_not_paid_is_still_proposed() -> None:
    paid = DividendPaid(
        con_id=SPY.con_id, source="statement", reference="4711", amount=D(80), currency="USD",
        report_date=TODAY - timedelta(days=9),
    )  # fmt: skip
    before = accrued("80", "0", pay_date=TODAY - timedelta(days=10))
    book = told(quiet_book(), before, accrued("80", "0"), paid)

    facts = reconcile(apart(book, "80"), RETAIL)

    paid_now = [fact.reference for fact in facts if isinstance(fact, DividendPaid)]
    assert paid_now == [accrued("80", "0").reference]


def test_a_dividend_that_is_paid_early_is_sure_once_the_broker_accrues_it_no_more() -> None:
    early = told(quiet_book(), accrued("80", "-24", pay_date=TODAY + timedelta(days=3)))

    unsure, sure = reconcile(apart(early, "56"), RETAIL), reconcile(apart(early, "56", dividends="0"), RETAIL)

    assert booked(unsure, DividendPaid) == []
    assert explanations(sure)[0] == ("dividend", "likely")
    assert len(booked(sure, DividendPaid)) == 1


def declared(ex_date: date, pay_date: date | None = TODAY, *, taken_back: bool = False) -> DistributionDeclared:
    return DistributionDeclared(
        con_id=SPY.con_id, ex_date=ex_date, pay_date=pay_date, amount=D("1.2305"), currency="USD", source="folder",
        taken_back=taken_back,
    )  # fmt: skip


@pytest.mark.parametrize("amount", ["12.31", "10.46", "8.62"], ids=["gross", "less fifteen percent", "less thirty"])
def test_a_declared_dividend_is_recognised_without_an_accrual(amount: str) -> None:
    book = apart(told(quiet_book(), declared(TODAY - timedelta(days=20))), amount)

    facts = reconcile(book, RETAIL)

    assert explanations(facts)[0] == ("dividend", "likely")
    assert [fact.amount for fact in facts if isinstance(fact, DividendPaid)] == [D("12.31")]
    assert told(book, *facts).cash["USD"] == D(92000) + D(amount)


def test_a_declared_dividend_is_paid_once() -> None:
    book = apart(told(quiet_book(), declared(TODAY - timedelta(days=20))), "12.31")
    paid = told(book, *reconcile(book, RETAIL))

    facts = reconcile(apart(paid, "12.31"), RETAIL)

    assert booked(facts, DividendPaid) == []


@pytest.mark.parametrize(
    "told_of",
    [
        pytest.param(declared(TODAY + timedelta(days=1)), id="not ex yet"),
        pytest.param(declared(TODAY - timedelta(days=20), taken_back=True), id="taken back"),
        pytest.param(declared(TODAY - timedelta(days=20), TODAY + timedelta(days=9)), id="not to be paid yet"),
    ],
)
def test_a_dividend_that_cannot_have_come_is_not_booked(told_of: DistributionDeclared) -> None:
    facts = reconcile(apart(told(quiet_book(), told_of), "12.31"), RETAIL)

    assert booked(facts, DividendPaid) == []


# Interest and fees


def interest_accrued(amount: str) -> InterestAccrued:
    return InterestAccrued(source="statement", reference="a", amount=D(amount), currency="USD")


def test_interest_that_accrued_and_is_gone_at_the_broker_is_booked_by_rule() -> None:
    book = apart(told(quiet_book(), interest_accrued("41.237")), "41.24", interest="0")

    facts = reconcile(book, RETAIL)

    assert explanations(facts)[0] == ("interest", "likely")
    assert [fact.amount for fact in facts if isinstance(fact, InterestPaid)] == [D("41.24")]
    assert reconcile(apart(told(book, *facts), "41.24", interest="0"), RETAIL) != ()


def test_interest_is_paid_once() -> None:
    book = apart(told(quiet_book(), interest_accrued("41.24")), "41.24", interest="0")
    paid = told(book, *reconcile(book, RETAIL))

    again = reconcile(apart(paid, "41.24", interest="0"), RETAIL)

    assert booked(again, InterestPaid) == []


def test_interest_that_the_broker_still_accrues_was_not_paid() -> None:
    book = apart(told(quiet_book(), interest_accrued("41.24")), "41.24", interest="41.24")

    assert booked(reconcile(book, RETAIL), InterestPaid) == []


@pytest.mark.parametrize(
    ("paid", "now", "is_booked"),
    [
        pytest.param("41.24", "1.38", True, id="but for the days of this month"),
        pytest.param("41.24", "42.61", False, id="it accrues on"),
        pytest.param("55", "1.38", False, id="another amount"),
        pytest.param("-39.86", "1.38", False, id="the other way"),
    ],
)
def test_without_statements_interest_is_known_by_what_the_broker_accrues_no_more(
    paid: str, now: str, *, is_booked: bool
) -> None:
    before = accruals_reported(look(quiet_book(), day=TODAY - timedelta(days=1)), interest="41.20")
    book = apart(before, paid, interest=now)

    facts = reconcile(book, RETAIL)

    assert [fact.amount for fact in facts if isinstance(fact, InterestPaid)] == ([D(paid)] if is_booked else [])


def test_a_fee_that_was_charged_before_to_the_cent_is_booked_by_rule() -> None:
    before = FeeCharged(source="statement", reference="77", amount=D("-4.5"), currency="USD", kind="market_data")
    book = apart(told(quiet_book(), before), "-4.5")

    facts = reconcile(book, RETAIL)

    assert explanations(facts)[0] == ("fee", "likely")
    assert [fact.amount for fact in facts if isinstance(fact, FeeCharged)] == [D("-4.5")]
    assert booked(reconcile(book, DESK), FeeCharged) == []


def test_what_may_be_a_fee_or_a_withdrawal_shows_both_and_waits() -> None:
    small, large = reconcile(apart(quiet_book(), "-31.07"), RETAIL), reconcile(apart(quiet_book(), "-3107"), RETAIL)

    assert [cause for cause, _ in explanations(small)][:2] == ["fee", "withdrawal"]
    assert explanations(large)[0] == ("withdrawal", "possible")
    assert booked(small, FeeCharged) == []
    assert [fact.consequence for fact in found(small)] == ["note"]


# Flows


def expected(amount: str, until: date = TODAY + timedelta(days=4)) -> FlowExpected:
    return FlowExpected(amount=D(amount), currency="USD", until=until)


def test_an_announced_deposit_is_booked_when_it_comes_whatever_it_amounts_to() -> None:
    book = apart(told(quiet_book(), expected("50000")), "50000")

    facts = reconcile(book, RETAIL)
    after = told(book, *facts)

    assert explanations(facts)[0] == ("deposit", "likely")
    assert [fact.amount for fact in facts if isinstance(fact, CashDeposited)] == [D(50000)]
    assert (after.flows, after.open_breaks) == ({}, ())


def test_under_the_desk_profile_an_announced_deposit_waits_too() -> None:
    facts = reconcile(apart(told(quiet_book(), expected("50000")), "50000"), DESK)

    assert explanations(facts)[0] == ("deposit", "likely")
    assert booked(facts, CashDeposited) == []


@pytest.mark.parametrize(
    "before",
    [
        pytest.param((), id="nobody announced it"),
        pytest.param((expected("50000", TODAY - timedelta(days=1)),), id="it was to come before"),
        pytest.param((expected("50000"), FlowCancelled(flow_id="F-1", why="no")), id="it was cancelled"),
        pytest.param((expected("49990"),), id="another amount"),
        pytest.param((expected("-50000"),), id="the other way"),
    ],
)
def test_an_inflow_that_nobody_announced_is_noted_and_not_booked(before: tuple[Fact, ...]) -> None:
    facts = reconcile(apart(told(quiet_book(), *before), "50000"), RETAIL)

    assert explanations(facts)[0] == ("deposit", "possible")
    assert booked(facts, CashDeposited) == []
    assert [fact.consequence for fact in found(facts)] == ["note"]


def test_a_deposit_that_a_statement_tells_is_expected_no_longer() -> None:
    came = CashDeposited(source="statement", reference="9", amount=D(500), currency="USD")

    assert told(quiet_book(), expected("500"), expected("500"), came).flows == {"F-2": expected("500")}


def test_what_replaces_an_inferred_deposit_leaves_another_of_its_amount_expected() -> None:
    book = told(quiet_book(), expected("500"), expected("500"))
    book = apart(book, "500")
    book = told(book, *reconcile(book, RETAIL))
    inferred = next(iter(book.provisional))
    came = CashDeposited(source="statement", reference="9", amount=D(500), currency="USD", replaces=inferred)

    assert list(told(book, came).flows) == ["F-2"]


# Several at once


def test_an_announced_withdrawal_and_a_dividend_are_told_apart_and_booked_together() -> None:
    book = apart(told(quiet_book(), accrued("80", "-24"), expected("-700")), "-644")

    facts = reconcile(book, RETAIL)

    assert explanations(facts)[0][1] == "likely"
    assert set(explanations(facts)[0][0].split(" + ")) == {"dividend", "withdrawal"}
    assert told(book, *facts).cash == {"USD": D(91356)}


def test_rules_book_nothing_above_what_they_may_book_at_once() -> None:
    book = apart(told(quiet_book(), accrued("80", "-24")), "56")

    for tolerances in (Tolerances(rule_share=D("0.0005")), Tolerances(rules=(("dividend", D("0.0005")),))):
        assert booked(reconcile(book, tolerances), DividendPaid) == []


# Currencies


def test_a_conversion_is_seen_in_both_currencies_and_booked_when_it_is_accepted() -> None:
    book = look(quiet_book(), cash={"USD": "90696", "EUR": "1000"}, others={"EUR": "1.3"})

    opened = told(book, *reconcile(book, RETAIL))
    accepted = told(opened, *acceptance(opened, opened.open_breaks[0].found.break_id, "my own"))

    told_of = [known.explanation for known in opened.open_breaks if known.explanation is not None]
    assert {(each.cause, each.certainty) for each in told_of} == {("currency conversion", "likely")}
    assert accepted.cash == {"USD": D(90696), "EUR": D(1000)}
    assert accepted.journal["conversion", "EUR"] == D(-1000)


def test_amounts_that_are_no_rate_of_each_other_are_no_conversion() -> None:
    book = look(quiet_book(), cash={"USD": "90000", "EUR": "1000"}, others={"EUR": "1.3"})

    facts = reconcile(book, RETAIL)

    assert ("currency conversion", "likely") not in explanations(facts)
    assert booked(facts, CurrencyConverted) == []


def test_a_nav_at_another_rate_is_named_by_its_currency() -> None:
    euros = told(quiet_book(), CashDeposited(source="statement", reference="1", amount=D(10000), currency="EUR"))
    book = look(euros, cash={"USD": "92000", "EUR": "10000"}, others={"EUR": "1.3"}, nav="107390")

    facts = reconcile(book, RETAIL)

    assert explanations(facts)[0] == ("currency translation", "possible")
