"""What of a statement is new to a log that has begun."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import (
    ActionPending,
    BrokerCash,
    CommissionCharged,
    DividendPaid,
    Fact,
    FeeCharged,
    LogStarted,
    MergerApplied,
    OpeningBalanceRecorded,
    OpeningLot,
    OpeningLotsRecorded,
    OrderFilled,
    PaymentInLieuPaid,
    ReturnOfCapitalPaid,
    SplitApplied,
    TaxWithheld,
)
from ledger.line import Event
from tests.facts import contract
from trader.importing.fitting import Beginning, fitting, new_contracts, opening_lots, pending, replacing

ADOPTED = datetime(2026, 3, 2, 17, tzinfo=UTC)  # Monday noon in New York
MONDAY = date(2026, 3, 2)
ACME = contract(1, "ACME")


def filled(at: datetime, execution: str = "a.01") -> OrderFilled:
    return OrderFilled(
        account="U1", execution_id=execution, con_id=1, quantity=Decimal(1), price=Decimal(1), currency="USD",
        occurred_at=at,
    )  # fmt: skip


def dividend(amount: str, reference: str = "1", **more: object) -> DividendPaid:
    told = {"source": "statement", "reference": reference, "amount": Decimal(amount), "currency": "USD", "con_id": 1}
    return DividendPaid.model_validate({**told, "occurred_at": ADOPTED, **more})


def inferred(*facts: Fact, at: datetime = ADOPTED) -> Mapping[str, Event]:
    return {
        str(fact.key): Event(
            seq, fact.type, 1, "log", (1, 1), fact.key, None, at, None, None, None, fact, "", ""
        )
        for seq, fact in enumerate(facts)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("at", "report_date", "stays"),
    [
        pytest.param(ADOPTED - timedelta(hours=1), None, False, id="that morning"),
        pytest.param(ADOPTED + timedelta(hours=1), None, True, id="that afternoon"),
        pytest.param(ADOPTED - timedelta(days=400), MONDAY + timedelta(days=30), True, id="an old tax, booked later"),
        pytest.param(ADOPTED + timedelta(hours=1), MONDAY - timedelta(days=1), False, id="booked the day before"),
    ],
)
def test_an_adopted_account_held_what_had_happened(at: datetime, report_date: date | None, stays: bool) -> None:
    tax = TaxWithheld(
        source="s", reference="1", amount=Decimal(-1), currency="USD", occurred_at=at, report_date=report_date
    )

    assert (fitting((tax,), Beginning(ADOPTED, adopted=True)) == (tax,)) is stays


def test_what_follows_an_execution_goes_with_it() -> None:
    commission = CommissionCharged(
        execution_id="a.01", amount=Decimal(-1), currency="USD", occurred_at=ADOPTED + timedelta(days=1)
    )
    facts = (filled(ADOPTED - timedelta(minutes=1)), commission)

    assert fitting(facts, Beginning(ADOPTED, adopted=True)) == ()
    assert fitting(facts, None) == facts


def test_an_imported_log_holds_the_whole_of_its_first_day() -> None:
    morning = filled(ADOPTED - timedelta(hours=1))

    assert fitting((morning,), Beginning(ADOPTED, adopted=False)) == (morning,)


def test_contracts_that_the_broker_described_are_kept_as_it_did() -> None:
    other = ACME.model_copy(update={"con_id": 2})

    assert new_contracts(Book().supposing((ACME,)), (ACME, other)) == (other,)


def test_a_merger_for_cash_and_shares_waits_for_its_split_of_the_basis() -> None:
    merger = MergerApplied(
        con_id=1, source="statement", reference="7", note="ACME merged", quantity_change=Decimal(-10),
        cash=Decimal(50), currency="USD", successor_con_id=2, successor_quantity=Decimal(5),
    )  # fmt: skip
    waiting = pending(merger)

    assert isinstance(waiting, ActionPending)
    assert (waiting.con_id, waiting.reference) == (1, "7")
    assert waiting.description.startswith("ACME merged: ")
    settled = merger.model_copy(update={"basis_to_cash": Decimal(20)})
    assert pending(settled) == settled


def test_the_broker_s_word_takes_the_place_of_what_was_inferred() -> None:
    guess = dividend("5", "guess", provisional=True)

    assert list(replacing([dividend("5.01")], inferred(guess))) == [dividend("5.01", replaces=guess.key)]


def test_the_nearest_amount_is_replaced_and_each_but_once() -> None:
    small, large = dividend("5", "small", provisional=True), dividend("50", "large", provisional=True)
    told = [dividend("49", "1"), dividend("6", "2"), dividend("7", "3")]

    replaced = [fact.replaces for fact in replacing(told, inferred(small, large)) if isinstance(fact, BrokerCash)]
    assert replaced == [large.key, small.key, None]


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(dividend("5", con_id=2), id="another contract"),
        pytest.param(dividend("5", currency="EUR"), id="another currency"),
        pytest.param(dividend("-5"), id="the other way"),
        pytest.param(dividend("5", occurred_at=ADOPTED + timedelta(days=60)), id="months later"),
        pytest.param(
            TaxWithheld(
                source="s", reference="1", amount=Decimal(5), currency="USD", con_id=1, occurred_at=ADOPTED
            ),
            id="another kind",
        ),
    ],
)  # fmt: skip
def test_what_is_another_thing_replaces_nothing(told: Fact) -> None:
    assert list(replacing([told], inferred(dividend("5", "guess", provisional=True)))) == [told]


def test_a_payment_in_lieu_replaces_the_dividend_that_was_expected() -> None:
    guess = dividend("5", "guess", provisional=True)
    paid = PaymentInLieuPaid(
        source="statement", reference="1", amount=Decimal(5), currency="USD", con_id=1, occurred_at=ADOPTED
    )

    (fact,) = replacing([paid], inferred(guess))
    assert isinstance(fact, PaymentInLieuPaid)
    assert fact.replaces == guess.key


def test_a_split_replaces_the_one_that_was_accepted() -> None:
    accepted = SplitApplied(
        con_id=1, source="operator", reference="B-1", provisional=True, numerator=2, denominator=1,
        quantity_change=Decimal(10),
    )  # fmt: skip
    told = accepted.model_copy(update={"source": "statement", "reference": "9", "provisional": False})

    (fact,) = replacing([told], inferred(accepted))
    assert isinstance(fact, SplitApplied)
    assert fact.replaces == accepted.key


@pytest.mark.parametrize(
    ("accrued", "days"),
    [
        pytest.param("1/2026-02-20/2026-03-02", 40, id="announced, and found when the desk had rested"),
        pytest.param("guess", 30, id="a break that waited for the operator"),
    ],
)
def test_what_was_inferred_long_after_it_happened_is_replaced(accrued: str, days: int) -> None:
    guess = dividend("5", accrued, provisional=True, occurred_at=None)

    (fact,) = replacing([dividend("5.01")], inferred(guess, at=ADOPTED + timedelta(days=days)))

    assert isinstance(fact, DividendPaid)
    assert fact.replaces == guess.key


def test_the_dividend_of_another_month_replaces_nothing() -> None:
    guess = dividend("5", "1/2026-02-20/2026-03-02", provisional=True, occurred_at=None)
    april = dividend("5", occurred_at=ADOPTED + timedelta(days=31))

    assert list(replacing([april], inferred(guess))) == [april]


def test_what_was_told_before_leaves_the_inferred_to_what_is_new() -> None:
    guess, known, new = dividend("5", "guess", provisional=True), dividend("5", "1"), dividend("5.01", "2")

    told = list(replacing([known, new], inferred(guess), {known.key}))

    assert told == [known, dividend("5.01", "2", replaces=guess.key)]


def test_a_dividend_may_turn_out_to_be_capital_and_its_tax_a_fee() -> None:
    guess = dividend("5", "guess", provisional=True)
    tax = TaxWithheld(
        source="rule", reference="guess/tax", amount=Decimal("-0.1"), currency="USD", con_id=1, provisional=True
    )
    common = {"source": "statement", "currency": "USD", "con_id": 1, "occurred_at": ADOPTED}
    capital = ReturnOfCapitalPaid.model_validate({**common, "reference": "1", "amount": Decimal(5)})
    borrowed = FeeCharged.model_validate({**common, "reference": "2", "amount": Decimal("-0.1"), "kind": "borrow"})
    fee = FeeCharged.model_validate({**common, "reference": "3", "amount": Decimal("-0.1"), "kind": "adr"})

    told = replacing([capital, borrowed, fee], inferred(guess, tax))

    assert [fact.replaces for fact in told if isinstance(fact, BrokerCash)] == [guess.key, None, tax.key]


def adopted_book(quantity: str) -> Book:
    genesis = LogStarted(account="U1", mode="paper", clock="system", base_currency="USD")
    opening = OpeningBalanceRecorded(
        currency="USD", amount=Decimal(100), con_id=1, quantity=Decimal(quantity), occurred_at=ADOPTED
    )
    return Book().supposing((genesis, ACME, opening))


def lot(quantity: str, days: int) -> OpeningLot:
    return OpeningLot(opened_at=ADOPTED + timedelta(days=days), quantity=Decimal(quantity), basis=Decimal(50))


def fee(amount: str, reference: str = "1", **more: object) -> FeeCharged:
    told = {"source": "statement", "reference": reference, "amount": Decimal(amount), "currency": "USD"}
    return FeeCharged.model_validate({**told, "occurred_at": ADOPTED, **more})


def test_cash_without_a_contract_is_recognised_by_its_amount_alone() -> None:
    guess = fee("-54.305", "guess", provisional=True)
    small, same = fee("-1.5"), fee("-54.3", "2", con_id=1, kind="borrow")

    assert list(replacing([small, same], inferred(guess))) == [small, same.model_copy(update={"replaces": guess.key})]


def test_the_lots_of_an_adopted_position_are_told_by_a_statement_that_lists_them_all() -> None:
    lots = (lot("4", -90), lot("6", -30), lot("5", 1))

    told = list(opening_lots(adopted_book("10"), {1: lots}, Beginning(ADOPTED, adopted=True)))

    assert told == [OpeningLotsRecorded(con_id=1, currency="USD", lots=lots[:2], occurred_at=ADOPTED)]


@pytest.mark.parametrize(
    "lots",
    [pytest.param((lot("4", -90),), id="some were sold"), pytest.param((lot("10", 1),), id="bought since")],
)
def test_lots_that_are_not_those_of_the_beginning_are_left_alone(lots: tuple[OpeningLot, ...]) -> None:
    assert list(opening_lots(adopted_book("10"), {1: lots}, Beginning(ADOPTED, adopted=True))) == []
