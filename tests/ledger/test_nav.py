from __future__ import annotations

from decimal import Decimal, localcontext

import pytest

from ledger.events import DividendAccrued, RateRow, RatesObserved
from ledger.lots import EXACT
from ledger.nav import Exposure, Unvalued, accruals, cash_value, exposure, mark, own_nav, rate, ratio, value
from tests.facts import AAPL, SAP, SPY, bought, commission, opened, opened_cash, positions_reported, rates, replay, row

D = Decimal
ACCRUED = DividendAccrued(con_id=SAP.con_id, reference="1", gross=D("45.65"), tax=D("-6.85"), currency="EUR")


def test_own_nav_is_cash_and_marked_positions_in_the_base_currency() -> None:
    book = replay(
        [
            opened_cash("1000.10"),
            opened_cash("-50", "EUR"),
            opened(SPY, "10", "3900"),
            opened(SAP, "-5", "-200"),
            rates(EUR="1.3"),
            positions_reported(row(SPY, "10", "401.25"), row(SAP, "-5", "41.5")),
        ]
    )

    assert cash_value(book) == D("935.10")
    assert value(book, SPY.con_id) == D("4012.50")
    assert value(book, SAP.con_id) == D("-269.75")
    assert own_nav(book) == D("4677.85")


def test_exposure_counts_shorts_as_gross_and_against_net() -> None:
    book = replay(
        [
            opened_cash("1000"),
            opened(SPY, "10", "3900"),
            opened(AAPL, "-5", "-200"),
            positions_reported(row(SPY, "10", "400"), row(AAPL, "-5", "40")),
        ]
    )

    seen = exposure(book)

    assert seen == Exposure(gross=D(4200), net=D(3800), nav=D(4800))
    assert (seen.leverage_gross, seen.leverage_net) == (D("0.875"), D("0.791667"))


def test_accruals_stand_apart_from_nav() -> None:
    book = replay([opened_cash("100"), rates(EUR="1.5"), ACCRUED])

    assert accruals(book) == D("58.2")
    assert own_nav(book) == 100


def test_a_position_that_was_never_marked_has_no_value() -> None:
    book = replay([opened_cash("10000"), bought(SPY, "10", execution="a.01")])

    with pytest.raises(Unvalued, match="SPY: no mark was reported"):
        own_nav(book)
    with pytest.raises(Unvalued, match="999: no mark was reported"):
        mark(book, 999)


def test_money_without_a_rate_has_no_value_and_no_money_needs_none() -> None:
    book = replay([opened_cash("100"), opened_cash("0", "EUR")])

    assert own_nav(book) == 100
    with pytest.raises(Unvalued, match="no exchange rate EUR/USD was reported"):
        own_nav(replay([opened_cash("0.01", "EUR")]))
    with pytest.raises(Unvalued, match="CHF/USD"):
        rate(book, "CHF")


def test_a_commission_in_a_currency_without_a_rate_makes_nav_unknown() -> None:
    sale = bought(SPY, "1", execution="a.01")
    marked = positions_reported(row(SPY, "1"))

    with pytest.raises(Unvalued, match="CHF/USD"):
        own_nav(replay([sale, marked, commission("a.01", "-1", "CHF")]))


def test_nav_keeps_every_digit() -> None:
    book = replay([opened_cash("1" + "0" * 18), opened_cash("0.0000000001", "EUR"),
                   rates(EUR="1.3456789012345678")])  # fmt: skip

    assert own_nav(book) == D("1000000000000000000.00000000013456789012345678")


@pytest.mark.parametrize("nav", ["0", "-1"])
def test_no_leverage_is_told_without_a_nav_above_zero(nav: str) -> None:
    with pytest.raises(Unvalued, match="needs a NAV above zero"):
        ratio(D(1), D(nav))


def test_a_ratio_may_be_taken_where_rounding_is_otherwise_forbidden() -> None:
    with localcontext(EXACT):
        assert ratio(D(1), D(3)) == D("0.333333")


def test_a_statements_rates_stand_in_until_a_session_reported_its_own() -> None:
    of_statement = RatesObserved(
        base_currency="USD", rows=(RateRow(currency="EUR", rate=Decimal("1.1")),), source="statement"
    )

    imported = replay((of_statement,))
    live = replay((rates(EUR="1.3"), of_statement))

    assert imported.rates["EUR"] == Decimal("1.1")
    assert imported.reported.rates_at is None
    assert live.rates["EUR"] == Decimal("1.3")
