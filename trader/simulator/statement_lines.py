"""A day's money by lines: the change of the net liquidation value, and the cash report of every currency.

Every line is added up from bookings and from prices, none is what is left over; tests hold them against the closings.
A line in another currency counts at the rate of the end; what the start was worth more or less by then is the line
fxTranslation.
To place another kind of cash: a row in `CASH_LINES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from trader.simulator.bookings import (
    ActionBooked,
    Booking,
    CashBooked,
    DividendAccrualBooked,
    InterestAccrualBooked,
    TradeBooked,
    TransferBooked,
    VariationBooked,
)
from trader.simulator.closings import Closing
from trader.simulator.contracts import Contract
from trader.simulator.lots import CONTEXT, ZERO

CASH_LINES: Mapping[str, tuple[str, str]] = {  # kind of cash -> line of the cash report, line of the change in NAV
    "Deposits/Withdrawals": ("depositWithdrawals", "depositsWithdrawals"),
    "Dividends": ("dividends", "dividends"),
    "Payment In Lieu Of Dividends": ("paymentInLieu", "dividends"),
    "Withholding Tax": ("withholdingTax", "withholdingTax"),
    "Broker Interest Paid": ("brokerInterest", "interest"),
    "Broker Interest Received": ("brokerInterest", "interest"),
    "Other Fees": ("otherFees", "otherFees"),
    "Commission Adjustments": ("commissions", "commissions"),
}
NAV_LINES = (
    *("mtm", "depositsWithdrawals", "dividends", "withholdingTax", "changeInDividendAccruals", "interest"),
    *(
        "changeInInterestAccruals",
        "otherFees",
        "commissions",
        "forexCommissions",
        "netFxTrading",
        "fxTranslation",
        "assetTransfers",
    ),
)
CASH_REPORT_LINES = (
    *("commissions", "depositWithdrawals", "dividends", "brokerInterest", "cashSettlingMtm", "netTradesSales"),
    *("netTradesPurchases", "paymentInLieu", "withholdingTax", "otherFees"),
)

Amount = tuple[str, str, Decimal]  # line, currency, signed from the account


@dataclass(frozen=True, slots=True)
class Period:
    """The bookings between two closings, and the contracts that they name."""

    account: str
    opening: Closing
    closings: tuple[Closing, ...]  # of every day, the last one ends the period
    bookings: tuple[Booking, ...]
    contracts: Mapping[int, Contract]

    @property
    def end(self) -> Closing:
        """The closing that it ends with."""
        return self.closings[-1]

    def closing_of(self, booking: Booking) -> Closing:
        """Return the closing of the day that reports a booking."""
        return next(closing for closing in self.closings if booking.number <= closing.last_number)


def change_in_nav(period: Period) -> dict[str, Decimal]:
    """Return every line in the base currency."""
    with localcontext(CONTEXT):
        lines = dict.fromkeys(NAV_LINES, ZERO)
        for line, currency, amount in (*_mark_to_market(period), *_booked_lines(period)):
            lines[line] += amount * period.end.rates[currency]
        for currency, amount in period.opening.by_currency().items():
            lines["fxTranslation"] += amount * (period.end.rates[currency] - period.opening.rates[currency])
        return lines


def mark_to_market(period: Period) -> dict[int, Decimal]:
    """Return what every contract has gained or lost before commissions, in its currency."""
    with localcontext(CONTEXT):
        gained: dict[int, Decimal] = {}
        for sign, closing in ((-1, period.opening), (1, period.end)):
            for position in closing.positions:
                con_id = position.contract.con_id
                gained[con_id] = gained.get(con_id, ZERO) + sign * position.in_net_liquidation
        for booking in period.bookings:
            match booking:
                case TradeBooked() if not period.contracts[booking.con_id].is_currency:
                    settled_daily = period.contracts[booking.con_id].is_settled_daily
                    paid = ZERO if settled_daily else booking.money
                    gained[booking.con_id] = gained.get(booking.con_id, ZERO) - paid
                case VariationBooked():
                    gained[booking.con_id] = gained.get(booking.con_id, ZERO) + booking.amount
                case ActionBooked():
                    for moved in booking.moved:
                        gained[moved.con_id] = gained.get(moved.con_id, ZERO) + moved.proceeds
                case TransferBooked():
                    gained[booking.con_id] = gained.get(booking.con_id, ZERO) - value_of(booking, period)
                case _:
                    pass  # no price moved
        return gained


def cash_report(period: Period, currency: str) -> dict[str, Decimal]:
    """Return every line of one currency's cash."""
    lines = dict.fromkeys(CASH_REPORT_LINES, ZERO)
    with localcontext(CONTEXT):
        for line, moved, amount in _cash_lines(period):
            if moved == currency:
                lines[line] += amount
    return lines


def _mark_to_market(period: Period) -> Iterator[Amount]:
    for con_id, amount in mark_to_market(period).items():
        yield "mtm", period.contracts[con_id].currency, amount


def _booked_lines(period: Period) -> Iterator[Amount]:
    for booking in period.bookings:
        match booking:
            case TradeBooked():
                contract = period.contracts[booking.con_id]
                line = "forexCommissions" if contract.is_currency else "commissions"
                yield line, booking.commission_currency, -booking.commission
                if contract.is_currency:
                    for currency, amount in legs(booking, contract):
                        yield "netFxTrading", currency, amount
            case CashBooked():
                yield CASH_LINES[booking.label.kind][1], booking.currency, booking.amount
            case DividendAccrualBooked():
                yield "changeInDividendAccruals", booking.currency, booking.net
            case InterestAccrualBooked():
                yield "changeInInterestAccruals", booking.currency, booking.amount
            case TransferBooked():
                yield "assetTransfers", period.contracts[booking.con_id].currency, value_of(booking, period)
            case _:
                pass  # what is settled daily counts as its price moves; a split moves no money


def _cash_lines(period: Period) -> Iterator[Amount]:
    for booking in period.bookings:
        match booking:
            case TradeBooked():
                contract = period.contracts[booking.con_id]
                yield "commissions", booking.commission_currency, -booking.commission
                for currency, amount in legs(booking, contract):
                    yield "netTradesSales" if amount > 0 else "netTradesPurchases", currency, amount
            case CashBooked():
                yield CASH_LINES[booking.label.kind][0], booking.currency, booking.amount
            case VariationBooked():
                yield "cashSettlingMtm", booking.currency, booking.amount
            case ActionBooked():
                for moved in booking.moved:
                    line = "netTradesSales" if moved.proceeds > 0 else "netTradesPurchases"
                    yield line, period.contracts[moved.con_id].currency, moved.proceeds
            case _:
                pass  # accruals, splits and transfers move no cash


def value_of(transfer: TransferBooked, period: Period) -> Decimal:
    """Return what units that were moved are worth, signed as they are."""
    return transfer.quantity * transfer.price * period.contracts[transfer.con_id].multiplier


def legs(trade: TradeBooked, contract: Contract) -> Iterable[tuple[str, Decimal]]:
    """Return what a trade moves in cash, before its commission: a currency and an amount each."""
    if contract.is_settled_daily:
        return []
    price = [(contract.currency, -trade.money)]
    return [(contract.symbol, trade.quantity), *price] if contract.is_currency else price
