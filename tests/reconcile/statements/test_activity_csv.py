"""The activity statement as CSV tells the same facts as Flex does."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ledger.events import (
    CashDeposited,
    CashWithdrawn,
    CommissionAdjusted,
    CommissionCharged,
    DividendAccrued,
    DividendPaid,
    FeeCharged,
    InterestAccrued,
    InterestPaid,
    OrderFilled,
    PaymentInLieuPaid,
    PositionTransferred,
    SplitApplied,
    TaxWithheld,
    TransactionTaxCharged,
    VariationSettled,
)
from reconcile.statements import Held, Statement, StatementError, UnknownStatement, read
from tests.reconcile.statements.csv_text import ACTIVITY
from tests.reconcile.statements.flex_text import D, every, only

AMZN, MSFT, ES = 3691937, 272093, 495512557


def activity(*changes: tuple[str, str]) -> Statement:
    text = ACTIVITY.decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (statement,) = read(text.encode(), "activity.csv")
    return statement


def test_the_heading_says_whose_it_is_and_when() -> None:
    statement = activity()

    assert (statement.kind, statement.account, statement.base_currency) == ("activity csv", "U1234567", "USD")
    assert (statement.first_day, statement.last_day) == (date(2025, 1, 1), date(2025, 3, 31))
    assert statement.generated_at == datetime(2025, 4, 1, 9, tzinfo=UTC)


def test_a_statement_of_one_day_or_of_a_month_has_its_period() -> None:
    period = '"January 1, 2025 - March 31, 2025"'

    assert activity((period, '"March 28, 2025"')).first_day == date(2025, 3, 28)
    assert activity((period, "February 2024")).last_day == date(2024, 2, 29)


def test_orders_are_fills_and_sums_are_none() -> None:
    fills = every(OrderFilled, activity())

    assert [(fill.con_id, fill.quantity, fill.price) for fill in fills if fill.con_id > 0] == [
        (AMZN, D(1000), D(180)), (AMZN, D(-988), D(182)), (ES, D(1), D(5000)),
    ]  # fmt: skip
    assert fills[0].occurred_at == datetime(2025, 2, 3, 14, 45, 56, tzinfo=UTC)


def test_a_stamp_duty_inside_the_commission_is_counted_once() -> None:
    statement = activity()
    (awe,) = (contract.con_id for contract in statement.contracts if contract.symbol == "AWE")
    (name,) = (fill.execution_id for fill in every(OrderFilled, statement) if fill.con_id == awe)

    (charged,) = (each.amount for each in every(CommissionCharged, statement) if each.execution_id == name)
    taxes = [each.amount for each in every(TransactionTaxCharged, statement) if each.execution_id == name]
    assert (charged, taxes) == (D("-4.94"), [D("-43.966"), D("-5.434")])


def test_the_commission_of_a_currency_pair_is_in_the_currency_that_its_column_names() -> None:
    statement = activity()
    (pair,) = (contract for contract in statement.contracts if contract.symbol == "EUR.GBP")
    (fill,) = (fill for fill in every(OrderFilled, statement) if fill.con_id == pair.con_id)

    (charged,) = (each for each in every(CommissionCharged, statement) if each.execution_id == fill.execution_id)
    assert (fill.currency, charged.amount, charged.currency) == ("GBP", D(-2), "USD")


def test_a_contract_that_the_list_lacks_has_a_stable_stand_in() -> None:
    (awe,) = (contract for contract in activity().contracts if contract.symbol == "AWE")

    assert awe.con_id < 0
    assert "no con id" in awe.long_name
    assert awe in activity().contracts


def test_instruments_are_found_under_each_of_their_symbols() -> None:
    later = activity(("Stocks,USD,MSFT,-,3", "Stocks,USD,MSFT.OLD,-,3"))

    assert MSFT in (later.observed.positions or {})


def test_cash_is_told_by_section() -> None:
    statement = activity()

    assert only(CashDeposited, statement).amount == D(10)
    assert only(CashWithdrawn, statement).amount == D(-4)
    assert (only(DividendPaid, statement).con_id, only(DividendPaid, statement).amount) == (MSFT, D("2.49"))
    assert only(PaymentInLieuPaid, statement).con_id == AMZN
    assert only(TaxWithheld, statement).amount == D("-0.37")
    assert only(InterestPaid, statement).amount == D("1.23")
    assert (only(FeeCharged, statement).kind, only(FeeCharged, statement).amount) == ("market_data", D("-4.5"))
    assert only(CommissionAdjusted, statement).amount == D("0.25")


def test_actions_transfers_and_accruals_are_told() -> None:
    statement = activity()

    assert (only(SplitApplied, statement).con_id, only(SplitApplied, statement).quantity_change) == (MSFT, D("2.25"))
    moved = only(PositionTransferred, statement)
    assert (moved.con_id, moved.quantity, moved.value) == (MSFT, D("0.75"), D("312.50"))
    accrued = only(DividendAccrued, statement)
    assert (accrued.reference, accrued.gross, accrued.tax) == (f"{MSFT}/2025-02-20/2025-03-12", D("2.49"), D("-0.37"))
    assert only(InterestAccrued, statement).amount == D("0.27")
    assert (only(VariationSettled, statement).con_id, only(VariationSettled, statement).amount) == (ES, D(500))


def test_what_the_account_ends_with_is_observed() -> None:
    told = activity().observed

    assert told.positions == {AMZN: Held(D(12), D(2160), D(230), D(2760)), MSFT: Held(D(3), D(1170), D(420), D(1260))}
    assert [(lot.quantity, lot.basis) for lot in (told.lots or {})[AMZN]] == [(D(12), D(2160))]
    assert (told.cash_start, told.cash) == ({"USD": D(1200)}, {"USD": D(1205)})
    assert (told.cash_lines or {})["USD", "depositWithdrawals"] == D(6)
    assert (told.nav_start, told.nav, told.nav_lines) == (D(21200), D(24800), {"mtm": D(3600)})
    assert (told.realised or {})[AMZN] == D(1974)
    assert told.rates == {"GBP": D("1.29")}
    assert (told.accruals, told.accruals_start) == ({"USD": D("0.27")}, {"USD": D(0)})


def test_a_closed_lot_is_of_the_trade_above_it() -> None:
    (lot,) = activity().observed.closed_lots or ()

    assert (lot.con_id, lot.quantity, lot.basis, lot.realised) == (AMZN, D(988), D("177840.99"), D(1974))
    assert lot.opened_at == datetime(2025, 2, 3, 5, tzinfo=UTC)
    assert lot.closed_at == datetime(2025, 2, 10, 18, 9, 43, tzinfo=UTC)


MOON = "Moon Rent,Header,Amount\nMoon Rent,Data,5\nCodes,Header"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("Codes,Header", MOON, "Moon Rent", id="section"),
        pytest.param("Description,Amount\nInterest", "Description,Rent\nInterest", "as Rent", id="column"),
        pytest.param("Subtitle,Currency,Date", "Subtitle,Coin,Date", "a currency", id="missing column"),
        pytest.param("-4.5\nFees,Data,Total", "-4.5,7\nFees,Data,Total", "after the last column", id="cell too many"),
        pytest.param("Currency Summary,Currency,Total", "Currency Summary,Currency,Sum", "a number", id="cash report"),
        pytest.param("Interest,Data,USD,2025-02-05", "Interest,Data,USD,02/05/2025", "a date", id="date"),
        pytest.param("Trades,Data,Order,Stocks,USD,AMZN", "Trades,Data,Guess,Stocks,USD,AMZN", "level", id="level"),
        pytest.param("Interest,Header", "Interest,Footer", "Header, Data or a sum", id="kind of row"),
        pytest.param('"January 1, 2025 - March 31, 2025"', '"1 Jan 2025"', "a period", id="period"),
        pytest.param("Account,U1234567", "Account,", "Account", id="no account"),
    ],
)
def test_what_is_not_understood_stops_the_reading(old: str, new: str, expected: str) -> None:
    with pytest.raises(StatementError, match=expected):
        activity((old, new))


def test_a_statement_of_another_title_is_refused() -> None:
    with pytest.raises(UnknownStatement, match="Realized Summary"):
        activity(("Title,Activity Statement", "Title,Realized Summary"))


def test_rows_of_several_accounts_are_refused() -> None:
    header = "Interest,Header,Currency,Date"
    with pytest.raises(StatementError, match="one account"):
        activity(
            (header, "Interest,Header,Currency,Account,Date"),
            ("Interest,Data,USD,2025-02-05,USD Credit Interest for Jan-2025,1.23",
             "Interest,Data,USD,U1234567,2025-02-05,Credit,1.23\nInterest,Data,USD,U7654321,2025-02-05,Credit,1"),
            ("Interest,Data,Total,,,1.23", "Interest,Data,Total,,,,2.23"),
        )  # fmt: skip
