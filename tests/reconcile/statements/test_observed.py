"""What a Flex statement says of the account's end, and several statements of one account as one."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.events import FeeCharged, OpeningLot, OrderFilled
from reconcile.statements import Held, Statement, StatementError, joined
from reconcile.statements.rows import at
from tests.reconcile.statements.flex_text import ACME, BOLT, EURUSD, D, cash, every, row, section, told, trade


def position(quantity: str, level: str, *parts: dict[str, str], **attributes: object) -> str:
    about: dict[str, object] = {"position": quantity, "levelOfDetail": level, "reportDate": "20260131"}
    return row("OpenPosition", *(parts or (ACME,)), **(about | attributes))


def test_a_position_is_told_once_and_its_lots_beside_it() -> None:
    statement = told(
        section(
            "OpenPositions",
            position("100", "SUMMARY", costBasisMoney="1050", markPrice="11", positionValue="1100"),
            position("60", "LOT", costBasisMoney="660", openDateTime="20260112;100000"),
            position("40", "LOT", costBasisMoney="390", openDateTime="20250112;100000"),
        )
    )

    assert statement.observed.positions == {101: Held(D(100), D(1050), D(11), D(1100))}
    assert statement.observed.lots == {
        101: (
            OpeningLot(opened_at=at(date(2025, 1, 12)).replace(hour=15), quantity=D(40), basis=D(390)),
            OpeningLot(opened_at=at(date(2026, 1, 12)).replace(hour=15), quantity=D(60), basis=D(660)),
        )
    }


def test_lots_alone_add_up_to_the_position() -> None:
    statement = told(section("OpenPositions", position("60", "LOT"), position("40", "LOT")))

    assert (statement.observed.positions or {})[101].quantity == D(100)


def test_lots_that_are_not_all_listed_are_none() -> None:
    lot = position("60", "LOT", costBasisMoney="660", openDateTime="20260112;100000")

    assert told(section("OpenPositions", position("100", "SUMMARY"), lot)).observed.lots == {}


def test_a_virtual_position_of_a_currency_pair_is_none() -> None:
    assert told(section("OpenPositions", position("20000", "SUMMARY", EURUSD))).observed.positions == {}


def test_an_empty_section_says_that_nothing_is_held_and_an_absent_one_says_nothing() -> None:
    assert told("<OpenPositions />").observed.positions == {}
    assert told().observed.positions is None


def test_a_query_that_lists_every_day_ends_with_its_last() -> None:
    statement = told(
        section("OpenPositions", position("10", "SUMMARY", reportDate="20260130"), position("7", "SUMMARY", BOLT))
    )

    assert (statement.observed.positions or {}).keys() == {102}


CASH = {"startingCash": "100", "commissions": "-1", "commissionsSec": "-1", "dividendsYTD": "17.48", "endingCash": "99"}


def test_cash_is_told_by_currency_and_its_base_is_left_out() -> None:
    statement = told(
        section(
            "CashReport",
            row("CashReportCurrency", CASH, currency="BASE_SUMMARY", levelOfDetail="BaseCurrency", endingCash="1099"),
            row("CashReportCurrency", CASH, currency="USD", levelOfDetail="Currency"),
            row("CashReportCurrency", currency="EUR", startingCash="0", endingCash="1000", depositWithdrawals="1000"),
        )
    )

    assert statement.observed.cash == {"USD": D(99), "EUR": D(1000)}
    assert statement.observed.cash_start == {"USD": D(100), "EUR": D(0)}
    assert (statement.observed.cash_lines or {})["USD", "commissions"] == D(-1)
    assert ("USD", "dividends") not in (statement.observed.cash_lines or {})
    assert statement.notes == ()


def test_lines_that_do_not_lead_to_the_end_are_noted() -> None:
    statement = told(section("CashReport", row("CashReportCurrency", CASH | {"endingCash": "50"}, currency="USD")))

    assert any("lead to 99" in note for note in statement.notes)


def test_a_line_of_cash_that_is_not_known_stops_the_reading() -> None:
    with pytest.raises(StatementError, match="lunarRent"):
        told(section("CashReport", row("CashReportCurrency", CASH, currency="USD", lunarRent="-3")))


def test_nav_is_told_by_its_change_or_by_the_equity_summary() -> None:
    change = row("ChangeInNAV", fromDate="20260101", toDate="20260131", startingValue="100", mtm="5", endingValue="105")
    equity = [
        row("EquitySummaryByReportDateInBase", reportDate=day, total=total, cash="1", cashLong="1")
        for day, total in (("20260130", "104"), ("20260131", "105"))
    ]

    both = told(change, section("EquitySummaryInBase", *equity)).observed
    assert (both.nav_start, both.nav, both.nav_lines) == (D(100), D(105), {"mtm": D(5)})
    assert told(section("EquitySummaryInBase", *equity)).observed.nav == D(105)


def test_the_last_rate_of_the_period_counts() -> None:
    def rate(day: str, units: str, into: str = "USD") -> str:
        return row("ConversionRate", reportDate=day, fromCurrency="EUR", toCurrency=into, rate=units)

    rates = section("ConversionRates", rate("20260130", "1.1"), rate("20260131", "1.2"), rate("20260131", "9", "CHF"))

    assert told(rates).observed.rates == {"EUR": D("1.2")}


def test_the_statement_of_funds_is_observed_and_moves_nothing() -> None:
    line = row("StatementOfFundsLine", ACME, date="20260114", amount="-6.77", balance="-6.77", debit="-6.77", credit="",
               activityDescription="Buy 1 ACME", tradeGross="-6", levelOfDetail="Currency")  # fmt: skip
    statement = told(section("StmtFunds", line))

    assert statement.facts == ()
    assert [(funds.amount, funds.balance) for funds in statement.observed.funds or ()] == [(D("-6.77"), D("-6.77"))]


def day(number: int, *sections: str) -> Statement:
    text = f"202601{number:02}"
    return told(*sections, first=text, last=text)


def report(start: str, end: str, fees: str) -> str:
    return section(
        "CashReport", row("CashReportCurrency", currency="USD", startingCash=start, endingCash=end, otherFees=fees)
    )


def test_statements_of_single_days_are_one_of_all() -> None:
    first = day(14, report("100", "99", "-1"), section("CashTransactions", cash("Other Fees", "-1", transactionID="1")))
    second = day(15, report("99", "97", "-2"), section("CashTransactions", cash("Other Fees", "-2", transactionID="2")))

    whole = joined((second, first))
    assert (whole.first_day, whole.last_day) == (date(2026, 1, 14), date(2026, 1, 15))
    assert (whole.observed.cash_start, whole.observed.cash) == ({"USD": D(100)}, {"USD": D(97)})
    assert (whole.observed.cash_lines or {})["USD", "otherFees"] == D(-3)
    assert [fee.amount for fee in every(FeeCharged, whole)] == [D(-1), D(-2)]


def test_what_two_statements_tell_happened_once() -> None:
    first = told(section("Trades", trade(1, "1", "10"), trade(2, "1", "11")))
    second = told(section("Trades", trade(2, "1", "11"), trade(3, "1", "12")))

    whole = joined((first, second))
    assert [fill.price for fill in every(OrderFilled, whole)] == [D(10), D(11), D(12)]
    assert whole.observed.cash_lines is None
    assert any("overlap" in note for note in whole.notes)


def test_a_basis_that_changed_without_a_word_is_noted() -> None:
    performance = row("FIFOPerformanceSummaryUnderlying", ACME, costAdj="-12.5", totalRealizedPnl="0")
    statement = told(section("FIFOPerformanceSummaryInBase", performance))

    assert statement.notes == ("ACME: the broker changed its basis by -12.5, and no row says why",)
