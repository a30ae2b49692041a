"""Sums of a period, of which the log may hold a part."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ledger.events import Fact, FeeCharged, InterestAccrued, VariationSettled
from trader.importing.sums import Rest, rests

JANUARY, FIRST_HALF, SECOND_HALF = "2026-01-01/2026-01-31", "2026-01-01/2026-01-15", "2026-01-16/2026-01-31"
ACROSS, FEBRUARY = "2026-01-10/2026-02-10", "2026-02-01/2026-02-28"


def gained(period: str, amount: str, con_id: int = 7) -> VariationSettled:
    return VariationSettled(
        con_id=con_id, source="statement", reference=f"variation/{con_id}/{period}", amount=Decimal(amount),
        currency="USD", occurred_at=datetime(2026, 1, 31, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "rest"),
    [
        pytest.param([], "100", id="nothing is known"),
        pytest.param([gained(FIRST_HALF, "30")], "70", id="a part is known"),
        pytest.param([gained(FIRST_HALF, "30"), gained(SECOND_HALF, "70")], None, id="all of its parts are"),
        pytest.param([gained(JANUARY, "100")], None, id="it is known itself"),
        pytest.param([gained(FEBRUARY, "5")], "100", id="another month is known"),
        pytest.param([gained(FIRST_HALF, "30", con_id=8)], "100", id="another contract is known"),
    ],
)
def test_of_a_period_the_rest_is_new(told: list[Fact], rest: str | None) -> None:
    (found,) = rests([gained(JANUARY, "100")], told)

    assert found == Rest(None if rest is None else gained(JANUARY, rest))


def test_of_a_part_of_what_is_known_nothing_is_new() -> None:
    assert list(rests([gained(FIRST_HALF, "30")], [gained(JANUARY, "100")])) == [Rest(None)]


def test_where_periods_only_overlap_the_rest_is_not_presumed() -> None:
    (found,) = rests([gained(JANUARY, "100")], [gained(ACROSS, "40")])

    assert found.fact is None
    assert "2026-01-01 to 2026-01-31 overlaps 2026-01-10 to 2026-02-10" in found.note


def test_interest_that_accrued_is_such_a_sum_too() -> None:
    whole, part = (
        InterestAccrued(source="statement", reference=f"USD/{period}", amount=Decimal(amount), currency="USD")
        for period, amount in ((JANUARY, "9"), (FIRST_HALF, "4"))
    )

    assert [rest.fact for rest in rests([whole], [part])] == [whole.model_copy(update={"amount": Decimal(5)})]


def test_what_happened_once_is_left_alone() -> None:
    fee = FeeCharged(source="statement", reference="1/2026-01-01/2026-01-31", amount=Decimal(-1), currency="USD")

    assert list(rests([fee], [fee])) == [Rest(fee)]
