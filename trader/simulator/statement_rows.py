"""The sections of a statement about cash, accruals, positions, rates and contracts."""

from __future__ import annotations

from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement

from trader.simulator.bookings import (
    CashBooked,
    DividendAccrualBooked,
    InterestAccrualBooked,
    TradeBooked,
)
from trader.simulator.closings import PositionAtClose
from trader.simulator.contracts import BASE_CURRENCY
from trader.simulator.lots import SMALLEST_SHARE, ZERO, plain
from trader.simulator.sessions import new_york_date
from trader.simulator.statement_fields import (
    ACTIONS,
    TRANSACTIONS,
    account_fields,
    contract_fields,
    no_contract,
    time_text,
    transaction,
)
from trader.simulator.statement_lines import Period, mark_to_market
from trader.simulator.wire import day_text


def cash_transactions(period: Period) -> Element:
    """List every movement of cash without a trade."""
    section = Element("CashTransactions")
    for booking in period.bookings:
        if isinstance(booking, CashBooked):
            label = booking.label
            contract = period.contracts[label.con_id] if label.con_id is not None else None
            named = contract_fields(contract, period) if contract else no_contract(booking.currency, period)
            row = {
                **account_fields(period),
                **named,
                "currency": booking.currency,
                "description": label.description,
                "dateTime": time_text(booking.at),
                "settleDate": day_text(new_york_date(booking.at)),
                "amount": plain(booking.amount),
                "type": label.kind,
                "tradeID": "",
                "code": "",
                "transactionID": transaction(booking),
                "reportDate": day_text(period.closing_of(booking).date),
                "actionID": str(ACTIONS + label.action) if label.action is not None else "",
                "levelOfDetail": "DETAIL",
            }
            SubElement(section, "CashTransaction", row)
    return section


def dividend_accruals(period: Period) -> Element:
    """List the dividends that began to accrue (Po) or were taken back (Re)."""
    section = Element("ChangeInDividendAccruals")
    for booking in period.bookings:
        if isinstance(booking, DividendAccrualBooked):
            day = day_text(period.closing_of(booking).date)
            dated = {"reportDate": day, "date": day_text(new_york_date(booking.at))}
            SubElement(section, "ChangeInDividendAccrual", {**_accrual(period, booking), **dated, "code": booking.code})
    return section


def open_dividend_accruals(period: Period) -> Element:
    """List the dividends that have accrued and are not paid yet."""
    section = Element("OpenDividendAccruals")
    for booking in period.end.dividends:
        SubElement(section, "OpenDividendAccrual", {**_accrual(period, booking), "code": ""})
    return section


def _accrual(period: Period, booking: DividendAccrualBooked) -> dict[str, str]:
    return {
        **account_fields(period),
        **contract_fields(period.contracts[booking.con_id], period),
        "exDate": day_text(booking.ex_date),
        "payDate": day_text(booking.pay_date),
        "quantity": plain(booking.quantity),
        "tax": plain(booking.tax),
        "fee": "0",
        "grossRate": plain(booking.rate),
        "grossAmount": plain(booking.gross),
        "netAmount": plain(booking.net),
    }


def interest_accruals(period: Period) -> Element:
    """Show the interest to come in every currency, at both ends."""
    section = Element("InterestAccruals")
    for currency in sorted({*period.opening.interest, *period.end.interest}):
        booked = [each for each in period.bookings if isinstance(each, InterestAccrualBooked)]
        moved = [each for each in booked if each.currency == currency]
        row = {
            **account_fields(period),
            "currency": currency,
            "fromDate": day_text(period.closings[0].date),
            "toDate": day_text(period.end.date),
            "startingAccrualBalance": plain(period.opening.interest.get(currency, ZERO)),
            "interestAccrued": plain(sum((each.amount for each in moved if not each.reversal), ZERO)),
            "accrualReversal": plain(sum((each.amount for each in moved if each.reversal), ZERO)),
            "fxTranslation": "0",
            "endingAccrualBalance": plain(period.end.interest.get(currency, ZERO)),
        }
        SubElement(section, "InterestAccrualsCurrency", row)
    return section


def open_positions(period: Period) -> Element:
    """List every position as a whole and by lots."""
    section = Element("OpenPositions")
    for position in period.end.positions:
        section.append(_position(period, position, "SUMMARY", position.quantity, position.basis))
        for lot in position.lots:
            row = _position(period, position, "LOT", lot.quantity, lot.basis)
            opened = time_text(lot.opened_at)
            row.attrib |= {"openDateTime": opened, "holdingPeriodDateTime": opened}
            row.attrib["originatingTransactionID"] = str(TRANSACTIONS + lot.opened_by)
            section.append(row)
    return section


def _position(period: Period, position: PositionAtClose, level: str, quantity: Decimal, basis: Decimal) -> Element:
    contract, total = position.contract, period.end.net_liquidation
    value = quantity * position.mark * contract.multiplier
    price = plain((basis / (quantity * contract.multiplier)).quantize(SMALLEST_SHARE))
    share = value * period.end.rates[contract.currency] / total * 100 if total else ZERO
    row = {
        **account_fields(period),
        **contract_fields(contract, period),
        "reportDate": day_text(period.end.date),
        "position": plain(quantity),
        "markPrice": plain(position.mark),
        "positionValue": plain(value),
        "openPrice": price,
        "costBasisPrice": price,
        "costBasisMoney": plain(basis),
        "percentOfNAV": plain(share.quantize(Decimal("0.01"))),
        "fifoPnlUnrealized": plain(value - basis),
        "side": "Long" if quantity > 0 else "Short",
        "levelOfDetail": level,
        "openDateTime": "",
        "holdingPeriodDateTime": "",
        "code": "",
        "originatingTransactionID": "",
    }
    return Element("OpenPosition", row)


def marks_to_market(period: Period) -> Element:
    """Show what every contract has gained or lost, before and after commissions."""
    section = Element("MTMPerformanceSummaryInBase")
    for con_id, gained in mark_to_market(period).items():
        contract = period.contracts[con_id]
        booked = [each for each in period.bookings if isinstance(each, TradeBooked) and each.con_id == con_id]
        rate = period.end.rates[contract.currency]
        traded = sum((_gained(period, each) for each in booked), ZERO) * rate
        commissions = period.end.in_base((each.commission_currency, -each.commission) for each in booked)
        row = {
            **account_fields(period),
            **contract_fields(contract, period),
            "reportDate": day_text(period.end.date),
            "priorOpenMtm": plain(gained * rate - traded),
            "transactionMtm": plain(traded),
            "commissions": plain(commissions),
            "other": "0",
            "total": plain(gained * rate + commissions),
        }
        SubElement(section, "MTMPerformanceSummaryUnderlying", row)
    return section


def _gained(period: Period, booking: TradeBooked) -> Decimal:
    multiplier = period.contracts[booking.con_id].multiplier
    close = period.end.marks.get(booking.con_id, booking.price)
    return (close - booking.price) * booking.quantity * multiplier


def conversion_rates(period: Period) -> Element:
    """Give what a unit of every currency is worth in the base currency."""
    section = Element("ConversionRates")
    for currency, rate in period.end.rates.items():
        if currency != BASE_CURRENCY:
            row = {"reportDate": day_text(period.end.date), "fromCurrency": currency, "toCurrency": BASE_CURRENCY}
            SubElement(section, "ConversionRate", {**row, "rate": plain(rate)})
    return section


def securities(period: Period) -> Element:
    """Describe every contract that the statement names."""
    section = Element("SecuritiesInfo")
    named = {
        booking.con_id for booking in period.bookings if not isinstance(booking, CashBooked | InterestAccrualBooked)
    }
    named |= {position.contract.con_id for position in period.end.positions}
    named |= {
        booking.label.con_id for booking in period.bookings if isinstance(booking, CashBooked) if booking.label.con_id
    }
    for con_id in sorted(named):
        SubElement(section, "SecurityInfo", contract_fields(period.contracts[con_id], period))
    return section
