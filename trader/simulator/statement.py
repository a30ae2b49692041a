"""An activity Flex statement, written from the venue's own books.

A section is a function from a period to its element. Amounts are exact, as booked; times are New York's.
Every section stands there, if only to say that it is empty.
To add a section: the function, and its row in `SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from trader.simulator.closings import Closing, PositionAtClose
from trader.simulator.contracts import BASE_CURRENCY
from trader.simulator.lots import CONTEXT, ZERO, plain
from trader.simulator.sessions import NEW_YORK
from trader.simulator.statement_actions import corporate_actions, transfers
from trader.simulator.statement_fields import account_fields
from trader.simulator.statement_lines import CASH_REPORT_LINES, Period, cash_report, change_in_nav
from trader.simulator.statement_rows import (
    cash_transactions,
    conversion_rates,
    dividend_accruals,
    interest_accruals,
    marks_to_market,
    open_dividend_accruals,
    open_positions,
    securities,
)
from trader.simulator.statement_trades import option_events, trades
from trader.simulator.wire import day_text

QUERY_NAME = "tallybook"

Section = Callable[[Period], Element]


def write_statement(period: Period) -> bytes:
    """Write the statement of a period as an XML file."""
    response = Element("FlexQueryResponse", queryName=QUERY_NAME, type="AF")
    statements = SubElement(response, "FlexStatements", count="1")
    generated = period.end.at.astimezone(NEW_YORK)
    statement = SubElement(
        statements,
        "FlexStatement",
        accountId=period.account,
        fromDate=day_text(period.closings[0].date),
        toDate=day_text(period.end.date),
        period="LastBusinessDay" if len(period.closings) == 1 else "",
        whenGenerated=f"{generated:%Y%m%d;%H%M%S}",
    )
    with localcontext(CONTEXT):
        for section in SECTIONS:
            statement.append(section(period))
    indent(response, space="")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(response, encoding="unicode").encode() + b"\n"


def _account_information(period: Period) -> Element:
    return Element(
        "AccountInformation", accountId=period.account, acctAlias="", model="", currency=BASE_CURRENCY,
        accountType="Individual", customerType="Individual", accountCapabilities="Margin",
    )  # fmt: skip


def _equity(period: Period) -> Element:
    section = Element("EquitySummaryInBase")
    for closing in (period.opening, *period.closings):
        SubElement(section, "EquitySummaryByReportDateInBase", _equity_of(period, closing))
    return section


def _equity_of(period: Period, closing: Closing) -> dict[str, str]:
    figures = {
        "cash": list(closing.balances.items()),
        "stock": _values(closing, "STK"),
        "options": _values(closing, "OPT"),
        "futures": [(each.contract.currency, each.in_net_liquidation) for each in _kept(closing, "FUT")],
        "dividendAccruals": [(accrued.currency, accrued.net) for accrued in closing.dividends],
        "interestAccruals": list(closing.interest.items()),
    }
    row = {**account_fields(period), "currency": BASE_CURRENCY, "reportDate": day_text(closing.date)}
    for name, amounts in figures.items():
        row[name] = plain(closing.in_base(amounts))
        row[f"{name}Long"] = plain(closing.in_base((key, amount) for key, amount in amounts if amount > 0))
        row[f"{name}Short"] = plain(closing.in_base((key, amount) for key, amount in amounts if amount < 0))
    return {**row, "total": plain(closing.net_liquidation)}


def _kept(closing: Closing, security_type: str) -> list[PositionAtClose]:
    return [each for each in closing.positions if each.contract.security_type == security_type]


def _values(closing: Closing, security_type: str) -> list[tuple[str, Decimal]]:
    return [(each.contract.currency, each.value) for each in _kept(closing, security_type)]


def _change_in_nav(period: Period) -> Element:
    row = {
        **account_fields(period),
        "currency": BASE_CURRENCY,
        "fromDate": day_text(period.closings[0].date),
        "toDate": day_text(period.end.date),
        "startingValue": plain(period.opening.net_liquidation),
        "realized": "0",
        "changeInUnrealized": "0",
        **{line: plain(amount) for line, amount in change_in_nav(period).items()},
        "endingValue": plain(period.end.net_liquidation),
    }
    return Element("ChangeInNAV", row)


def _cash_report(period: Period) -> Element:
    section = Element("CashReport")
    currencies = sorted({*period.opening.balances, *period.end.balances})
    base = dict.fromkeys(("startingCash", *CASH_REPORT_LINES, "endingCash"), ZERO)
    translation = ZERO
    rows = []
    for currency in currencies:
        start, end = period.opening.balances.get(currency, ZERO), period.end.balances.get(currency, ZERO)
        lines = {"startingCash": start, **cash_report(period, currency), "endingCash": end}
        rows.append(_cash_row(period, currency, "Currency", lines))
        rate, before = period.end.rates[currency], period.opening.rates.get(currency, period.end.rates[currency])
        translation += start * (rate - before)
        for line, amount in lines.items():
            base[line] += amount * (before if line == "startingCash" else rate)
    section.append(_cash_row(period, "BASE_SUMMARY", "BaseCurrency", {**base, "fxTranslationGainLoss": translation}))
    section.extend(rows)
    return section


def _cash_row(period: Period, currency: str, level: str, lines: dict[str, Decimal]) -> Element:
    moved = lines["depositWithdrawals"]
    row = {
        **account_fields(period),
        "currency": currency,
        "levelOfDetail": level,
        "fromDate": day_text(period.closings[0].date),
        "toDate": day_text(period.end.date),
        **{line: plain(amount) for line, amount in lines.items()},
        "deposits": plain(max(moved, ZERO)),
        "withdrawals": plain(min(moved, ZERO)),
        "endingSettledCash": plain(lines["endingCash"]),
    }
    return Element("CashReportCurrency", row)


SECTIONS: tuple[Section, ...] = (
    _account_information,
    _equity,
    _change_in_nav,
    _cash_report,
    trades,
    option_events,
    cash_transactions,
    corporate_actions,
    transfers,
    open_positions,
    dividend_accruals,
    open_dividend_accruals,
    interest_accruals,
    marks_to_market,
    conversion_rates,
    securities,
)
