"""Cash that moved without a trade, what accrues, and transfers, from a Flex statement."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ledger.events import (
    BrokerCash,
    CashDeposited,
    CashWithdrawn,
    CommissionAdjusted,
    DividendAccrualReversed,
    DividendAccrued,
    DividendPaid,
    FeeCharged,
    InterestAccrued,
    InterestPaid,
    PaymentInLieuPaid,
    PositionTransferred,
    ReturnOfCapitalPaid,
    TaxWithheld,
    VariationSettled,
)
from reconcile.statements import Statement, StatementError
from tests.reconcile.statements.flex_text import ACME, ES, D, cash, every, only, row, section, told


def paid(*rows: str) -> Statement:
    return told(section("CashTransactions", *rows))


@pytest.mark.parametrize(
    ("kind", "amount", "fact"),
    [
        ("Deposits & Withdrawals", "1000", CashDeposited),
        ("Deposits/Withdrawals", "-1000", CashWithdrawn),
        ("Dividends", "10.56", DividendPaid),
        ("Payment In Lieu Of Dividends", "-10.56", PaymentInLieuPaid),
        ("Withholding Tax", "-1.58", TaxWithheld),
        ("871(m) Withholding", "-1.58", TaxWithheld),
        ("Broker Interest Paid", "-15.17", InterestPaid),
        ("Broker Interest Received", "1.23", InterestPaid),
        ("Bond Interest Received", "20", InterestPaid),
        ("Bond Interest Paid", "-20", InterestPaid),
        ("Other Fees", "-10", FeeCharged),
        ("Broker Fees", "-10", FeeCharged),
        ("Advisor Fees", "-10", FeeCharged),
        ("Commission Adjustments", "2.4444", CommissionAdjusted),
        ("Other Income", "3", FeeCharged),
    ],
)
def test_every_type_of_cash_is_a_fact(kind: str, amount: str, fact: type[BrokerCash]) -> None:
    statement = paid(cash(kind, amount, ACME, transactionID="77"))

    found = only(fact, statement)
    assert (found.amount, found.currency, found.reference) == (D(amount), "USD", "77")
    assert found.occurred_at == datetime(2026, 1, 15, 1, 20, tzinfo=UTC)
    assert found.report_date == date(2026, 1, 14)


def test_a_type_that_is_not_known_stops_the_reading() -> None:
    with pytest.raises(StatementError, match="Lunar Rent"):
        paid(cash("Lunar Rent", "-1"))


def test_a_dividend_of_no_contract_is_refused() -> None:
    with pytest.raises(StatementError, match="contract that paid"):
        paid(cash("Dividends", "1"))


def test_a_summary_is_not_counted_beside_its_details() -> None:
    rows = (cash("Other Fees", "0.02"), cash("Other Fees", "0.02", levelOfDetail="SUMMARY"))

    assert [fee.amount for fee in every(FeeCharged, paid(*rows))] == [D("0.02")]
    assert [fee.amount for fee in every(FeeCharged, paid(rows[1]))] == [D("0.02")]


def test_a_return_of_capital_is_no_dividend() -> None:
    words = "RHDGF(KYG7558Y1077) CASH DIVIDEND USD 2.5 PER SHARE (Return of Capital)"

    assert only(ReturnOfCapitalPaid, paid(cash("Dividends", "33980", ACME, description=words))).amount == D(33980)


def test_a_reversal_keeps_its_sign() -> None:
    rows = (
        cash("Dividends", "1.40", ACME, transactionID="1"),
        cash("Dividends", "-1.40", ACME, transactionID="2", description="CASH DIVIDEND - REVERSAL"),
    )

    assert [found.amount for found in every(DividendPaid, paid(*rows))] == [D("1.40"), D("-1.40")]


def test_equal_charges_of_one_day_without_ids_stay_two() -> None:
    fees = every(FeeCharged, paid(cash("Other Fees", "-1.5"), cash("Other Fees", "-1.5")))

    assert len({fee.key for fee in fees}) == 2


def test_one_label_with_both_signs_stays_two() -> None:
    words = {"description": "CAD DEBIT INT FOR JAN-2013"}
    interest = every(InterestPaid, paid(cash("Broker Interest Received", "1.23", **words),
                                        cash("Broker Interest Paid", "-15.17", **words)))  # fmt: skip

    assert sorted(each.amount for each in interest) == [D("-15.17"), D("1.23")]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("US SECURITIES SNAPSHOT AND FUTURES VALUE FOR AUG 2017", "market_data"),
        ("VIRTX/EBS (NP,L1) FOR DEC 2012", "market_data"),
        ("BALANCE OF MONTHLY MINIMUM FEE FOR MAR 2013", "minimum"),
        ("ACME(US0000000001) ADR FEE", "adr"),
        ("QUADRANT SOMETHING", "other"),
    ],
)
def test_a_fee_says_what_it_is_for(words: str, kind: str) -> None:
    assert only(FeeCharged, paid(cash("Other Fees", "-1", description=words))).kind == kind


def test_the_gain_of_a_future_in_cash_is_its_variation() -> None:
    assert only(VariationSettled, paid(cash("Realized P/L", "4500", ES))).con_id == 201


def test_the_currency_of_cash_is_not_the_currency_of_the_contract() -> None:
    statement = told(
        section(
            "OpenPositions", row("OpenPosition", {**ACME, "currency": "EUR"}, position="1", levelOfDetail="SUMMARY")
        ),
        section("CashTransactions", cash("Dividends", "1", ACME)),
    )

    assert [contract.currency for contract in statement.contracts] == ["EUR"]


def test_pence_are_paid_as_pounds() -> None:
    found = only(DividendPaid, paid(cash("Dividends", "138.00", ACME, currency="GBX")))

    assert (found.amount, found.currency) == (D("1.38"), "GBP")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("20260114;202000", "2026-01-15T01:20:00+00:00"),
        ("2026-01-14;20:20:00", "2026-01-15T01:20:00+00:00"),
        ("2026-01-14, 20:20:00", "2026-01-15T01:20:00+00:00"),
        ("20260114", "2026-01-14T05:00:00+00:00"),
        ("2026-01-14", "2026-01-14T05:00:00+00:00"),
        ("20260714;202000", "2026-07-15T00:20:00+00:00"),
        ("2026-01-14;20:20:00 EST", "2026-01-15T01:20:00+00:00"),
        ("2026-01-14 20:20:00 UTC", "2026-01-14T20:20:00+00:00"),
        ("20260114;2020", "2026-01-15T01:20:00+00:00"),
    ],
)
def test_times_are_new_yorks_in_every_spelling(text: str, at: str) -> None:
    assert only(FeeCharged, paid(cash("Other Fees", "-1", dateTime=text))).occurred_at == datetime.fromisoformat(at)


def test_thousands_separators_are_no_decimal_points() -> None:
    assert only(CashDeposited, paid(cash("Deposits/Withdrawals", "1,570.25"))).amount == D("1570.25")


ACCRUAL = {**ACME, "exDate": "20260110", "payDate": "20260131", "quantity": "537", "grossRate": "0.085"}


def test_gv21_an_accrual_is_taken_back_under_the_same_reference() -> None:
    posted = row("ChangeInDividendAccrual", ACCRUAL, date="20260109", reportDate="20260109", grossAmount="45.65",
                 tax="6.85", fee="0", netAmount="38.80", code="Po")  # fmt: skip
    taken_back = row("ChangeInDividendAccrual", ACCRUAL, date="20260131", reportDate="20260201", grossAmount="-45.65",
                     tax="-6.85", fee="0", netAmount="-38.80", code="Re")  # fmt: skip
    statement = told(section("ChangeInDividendAccruals", taken_back, posted))

    accrued, reversed_ = only(DividendAccrued, statement), only(DividendAccrualReversed, statement)
    assert (accrued.gross, accrued.tax, accrued.pay_date) == (D("45.65"), D("-6.85"), date(2026, 1, 31))
    assert (reversed_.gross, reversed_.tax) == (D("45.65"), D("-6.85"))
    assert accrued.reference == reversed_.reference == "101/2026-01-10/2026-01-31"


def test_an_accrual_of_a_short_position_is_owed() -> None:
    short = {**ACCRUAL, "quantity": "-537"}
    posted = row("ChangeInDividendAccrual", short, date="20260109", grossAmount="-45.65", netAmount="-45.65", code="Po")
    taken_back = row(
        "ChangeInDividendAccrual", short, date="20260131", grossAmount="45.65", netAmount="45.65", code="Re"
    )
    statement = told(section("ChangeInDividendAccruals", posted, taken_back))

    assert only(DividendAccrued, statement).gross == D("-45.65")
    assert only(DividendAccrualReversed, statement).gross == D("-45.65")


def test_an_accrual_that_is_told_anew_is_one_of_its_own() -> None:
    def change(day: str, amount: str, code: str) -> str:
        return row(
            "ChangeInDividendAccrual", ACCRUAL, date=day, grossAmount=amount, tax="0", netAmount=amount, code=code
        )

    statement = told(
        section("ChangeInDividendAccruals", change("20260109", "50", "Po"), change("20260112", "-50", "Re"),
                change("20260112", "49", "Po"))
    )  # fmt: skip

    references = [accrued.reference for accrued in every(DividendAccrued, statement)]
    assert references == ["101/2026-01-10/2026-01-31", "101/2026-01-10/2026-01-31/2"]


def test_what_is_announced_at_the_end_is_observed() -> None:
    statement = told(section("OpenDividendAccruals", row("OpenDividendAccrual", ACCRUAL, grossAmount="45.65",
                                                         tax="6.85", netAmount="38.80")))  # fmt: skip

    assert statement.observed.dividend_accruals == {"101/2026-01-10/2026-01-31": D("38.80")}


def test_interest_to_come_changes_by_what_accrued_and_what_was_reversed() -> None:
    accruals = row("InterestAccrualsCurrency", currency="USD", fromDate="20260101", toDate="20260131",
                   startingAccrualBalance="20.25", interestAccrued="5.25", accrualReversal="-12", fxTranslation="0",
                   endingAccrualBalance="13.50")  # fmt: skip
    base = accruals.replace('currency="USD"', 'currency="BASE_SUMMARY"')
    statement = told(section("InterestAccruals", base, accruals))

    assert only(InterestAccrued, statement).amount == D("-6.75")
    assert statement.observed.accruals == {"USD": D("13.50")}


def test_a_position_that_moves_in_is_a_transfer_with_its_cash() -> None:
    moved = row("Transfer", ACME, type="ACATS", direction="IN", quantity="100", positionAmount="1500",
                transferPrice="0", cashTransfer="25", date="20260105", reportDate="20260105")  # fmt: skip
    out = row("Transfer", ACME, type="FOP", direction="OUT", quantity="-40", positionAmount="-600", date="20260106")
    statement = told(section("Transfers", moved, out))

    came, went = every(PositionTransferred, statement)
    assert (came.quantity, came.basis, came.value) == (D(100), D(1500), D(1500))
    assert (went.quantity, went.value) == (D(-40), D(-600))
    assert only(CashDeposited, statement).amount == D(25)


def test_a_sales_tax_that_the_cash_tells_is_not_charged_twice() -> None:
    tax = row("SalesTax", currency="USD", date="20260114", salesTax="-1.5", transactionID="77", taxRate="0.2")
    both = told(section("CashTransactions", cash("Other Fees", "-1.5", transactionID="77")), section("SalesTaxes", tax))
    alone = told(section("SalesTaxes", tax))

    assert [fee.amount for fee in every(FeeCharged, both)] == [D("-1.5")]
    assert [fee.kind for fee in every(FeeCharged, alone)] == ["sales_tax"]
