"""What belongs to a period of the broker's, wherever the log holds it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from ledger.events import (
    CommissionCharged,
    ContractDefined,
    Fact,
    FeeCharged,
    FillBusted,
    OpeningBalanceRecorded,
    OrderFilled,
    TaxWithheld,
)
from ledger.line import Event
from reconcile.periods import until, within

NOON = datetime(2026, 3, 2, 17, tzinfo=UTC)  # Monday noon in New York
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def told(*facts: Fact, recorded_at: datetime = NOON) -> list[Event]:
    return [
        Event(seq, fact.type, 1, "log", (1, 1), fact.key, fact.occurred_at, recorded_at, None, None, None, fact, "", "")
        for seq, fact in enumerate(facts)
    ]


def filled(at: datetime, execution: str = "a.01", report_date: date | None = None) -> OrderFilled:
    return OrderFilled(
        account="U1", execution_id=execution, con_id=1, quantity=Decimal(1), price=Decimal(1), currency="USD",
        occurred_at=at, report_date=report_date,
    )  # fmt: skip


def fee(**more: object) -> FeeCharged:
    return FeeCharged.model_validate(
        {"source": "s", "reference": "1", "amount": Decimal(-1), "currency": "USD", **more}
    )


@pytest.mark.parametrize(
    ("fact", "counts"),
    [
        pytest.param(filled(NOON), True, id="in the day"),
        pytest.param(filled(NOON + timedelta(hours=11)), True, id="before New York's midnight"),
        pytest.param(filled(NOON + timedelta(hours=13)), False, id="after it"),
        pytest.param(filled(NOON, report_date=TUESDAY), False, id="booked the next day"),
        pytest.param(filled(NOON + timedelta(days=9), report_date=MONDAY), True, id="booked on the day"),
        pytest.param(fee(), True, id="without a time: when it was recorded"),
    ],
)
def test_a_booking_belongs_to_the_broker_s_day(fact: Fact, counts: bool) -> None:
    events = told(fact)

    assert (list(until(events, MONDAY)) == events) is counts
    assert (list(within(events, MONDAY, MONDAY)) == [fact]) is counts


def test_what_follows_an_execution_belongs_to_its_day() -> None:
    late = NOON + timedelta(days=5)
    later = [
        CommissionCharged(execution_id="a.01", amount=Decimal(-1), currency="USD", occurred_at=late),
        filled(late, "a.02"),
        FillBusted(account="U1", execution_id="a.02", reason="by the exchange", occurred_at=late),
    ]

    assert list(within(told(filled(NOON), *later), MONDAY, MONDAY)) == [filled(NOON), *later]


def test_a_tax_of_an_earlier_year_belongs_to_the_day_of_its_booking() -> None:
    tax = TaxWithheld(
        source="s", reference="1", amount=Decimal(-1), currency="USD", occurred_at=NOON - timedelta(days=400),
        report_date=MONDAY,
    )  # fmt: skip

    assert list(within(told(tax), MONDAY, MONDAY)) == [tax]
    assert list(until(told(tax), MONDAY - timedelta(days=1))) == []


def test_opening_balances_stand_before_their_day_and_in_no_period() -> None:
    opening = OpeningBalanceRecorded(currency="USD", amount=Decimal(5), occurred_at=NOON)

    assert len(list(until(told(opening), MONDAY - timedelta(days=1)))) == 1
    assert list(within(told(opening), MONDAY - timedelta(days=1), MONDAY)) == []


def test_what_is_no_booking_always_stays() -> None:
    contract = ContractDefined(
        con_id=1, symbol="S", security_type="STK", currency="USD", exchange="X", primary_exchange="X",
        multiplier=Decimal(1), min_tick=Decimal("0.01"),
    )  # fmt: skip

    assert len(list(until(told(contract), date(2000, 1, 1)))) == 1
    assert list(within(told(contract), MONDAY, MONDAY)) == []


@pytest.mark.parametrize(
    ("provisional", "left"),
    [
        pytest.param(True, 0, id="inferred: it never happened on that day"),
        pytest.param(False, 1, id="told, and taken back: it did"),
    ],
)
def test_what_is_told_of_a_later_day_after_all(provisional: bool, left: int) -> None:
    first = fee(report_date=MONDAY, provisional=provisional)
    other = fee(reference="2", report_date=TUESDAY, replaces=first.key)
    events = told(first, other)

    assert len(list(until(events, MONDAY))) == len(list(within(events, MONDAY, MONDAY))) == left
    assert len(list(until(events, TUESDAY))) == 2
    assert list(within(events, TUESDAY, TUESDAY)) == [other]
    assert len(list(within(events, MONDAY, TUESDAY))) == 2


def test_what_speaks_of_an_execution_from_before_is_as_old_as_that() -> None:
    bust = FillBusted(account="U1", execution_id="a.01", reason="by the exchange")

    assert len(list(until(told(bust), date(2000, 1, 1)))) == 1
    assert list(within(told(bust), MONDAY, MONDAY)) == []


def test_it_does_not_matter_whether_an_execution_or_its_commission_is_told_first() -> None:
    cost = CommissionCharged(execution_id="a.01", amount=Decimal(-1), currency="USD", occurred_at=NOON)
    events = told(cost, filled(NOON - timedelta(days=1)))

    assert list(within(events, MONDAY, MONDAY)) == []
    assert len(list(until(events, MONDAY - timedelta(days=1)))) == 2
