"""The sections of a statement that tell of trades, and of what is booked like one."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement

from trader.simulator.bookings import TradeBooked
from trader.simulator.contracts import Contract
from trader.simulator.lots import SMALLEST_SHARE, ZERO, Lot, allocate, plain
from trader.simulator.orders import Execution
from trader.simulator.sessions import new_york_date, session_after
from trader.simulator.statement_fields import (
    TRADES,
    TRANSACTIONS,
    account_fields,
    contract_fields,
    time_text,
    transaction,
)
from trader.simulator.statement_lines import Period
from trader.simulator.wire import day_text


def trades(period: Period) -> Element:
    """List every execution, and under a closing one the lots that it closed."""
    section = Element("Trades")
    for booking in period.bookings:
        if isinstance(booking, TradeBooked):
            section.append(_trade(period, booking))
            section.extend(_closed_lots(period, booking))
    return section


def _trade(period: Period, booking: TradeBooked) -> Element:
    contract = period.contracts[booking.con_id]
    close = period.closing_of(booking).marks.get(booking.con_id, booking.price)
    gained = (close - booking.price) * booking.quantity * contract.multiplier
    cost = ZERO if contract.is_currency else booking.cost
    day = new_york_date(booking.at)
    row = {
        **account_fields(period),
        **contract_fields(contract, period),
        "tradeID": str(TRADES + booking.number),
        "transactionID": transaction(booking),
        "reportDate": day_text(period.closing_of(booking).date),
        "tradeDate": day_text(day),
        "dateTime": time_text(booking.at),
        "settleDateTarget": day_text(session_after(day).date),
        "transactionType": booking.kind,
        "exchange": booking.execution.exchange if booking.execution else "--",
        "quantity": plain(booking.quantity),
        "tradePrice": plain(booking.price),
        "tradeMoney": plain(booking.money),
        "proceeds": plain(-booking.money),
        "taxes": "0",
        "ibCommission": plain(-booking.commission),
        "ibCommissionCurrency": booking.commission_currency,
        "netCash": plain(_net_cash(booking, contract, gained)),
        "closePrice": plain(close),
        "openCloseIndicator": _open_close(booking, contract),
        "notes": booking.notes,
        "cost": plain(cost),
        "fifoPnlRealized": plain(booking.realised),
        "mtmPnl": plain(gained),
        "buySell": "BUY" if booking.quantity > 0 else "SELL",
        **_order_fields(booking.execution),
        **_cancelled_fields(booking),
        "levelOfDetail": "EXECUTION",
    }
    return Element("Trade", row)


def _net_cash(booking: TradeBooked, contract: Contract, gained: Decimal) -> Decimal:
    """Return what IB calls so: of what is settled daily, the gain until the close; of a currency, nothing."""
    if contract.is_currency:
        return ZERO
    return (gained if contract.is_settled_daily else -booking.money) - booking.commission


def _open_close(booking: TradeBooked, contract: Contract) -> str:
    if contract.is_currency:
        return ""
    return ";".join(word for word, holds in (("C", booking.closed), ("O", booking.opens)) if holds)


def _cancelled_fields(booking: TradeBooked) -> dict[str, str]:
    """Name the execution that a cancellation takes back."""
    if booking.cancels is None:
        return {}
    return {"origTradeID": str(TRADES + booking.cancels), "origTransactionID": str(TRANSACTIONS + booking.cancels)}


def _order_fields(execution: Execution | None) -> dict[str, str]:
    if execution is None:
        return dict.fromkeys(("ibOrderID", "ibExecID", "orderReference", "orderTime", "isAPIOrder"), "")
    return {
        "ibOrderID": str(execution.perm_id),
        "ibExecID": execution.exec_id,
        "orderReference": execution.order_ref,
        "orderTime": time_text(execution.time),
        "isAPIOrder": "Y" if execution.order_id else "N",
    }


def _closed_lots(period: Period, booking: TradeBooked) -> Iterator[Element]:
    """Yield a row for every lot that a trade closed; what they realised adds up to the trade's."""
    contract = period.contracts[booking.con_id]
    closed = sum((abs(lot.quantity) for lot in booking.closed), ZERO)
    left = ZERO
    if closed:
        whole = abs(booking.quantity)
        left = allocate(booking.commission + booking.carried_commission, closed, whole)
        left += allocate(booking.carried_gross, closed, whole)
    for lot in booking.closed:
        last = lot is booking.closed[-1]
        commission = left if last else allocate(left, abs(lot.quantity), closed)
        left, closed = left - commission, closed - abs(lot.quantity)
        proceeds = lot.quantity * booking.price * contract.multiplier
        opened = time_text(lot.opened_at)
        yield Element(
            "Lot",
            {
                **account_fields(period),
                **contract_fields(contract, period),
                "reportDate": day_text(period.closing_of(booking).date),
                "tradeDate": day_text(new_york_date(booking.at)),
                "dateTime": time_text(booking.at),
                "transactionID": str(TRANSACTIONS + lot.opened_by),
                "quantity": plain(lot.quantity),
                "tradePrice": plain(_unit_cost(lot, contract)),
                "cost": plain(lot.basis),
                "fifoPnlRealized": plain(proceeds - commission - lot.basis),
                "buySell": "BUY" if booking.quantity > 0 else "SELL",
                "openCloseIndicator": "C",
                "notes": "",
                "openDateTime": opened,
                "holdingPeriodDateTime": opened,
                "levelOfDetail": "CLOSED_LOT",
            },
        )


def _unit_cost(lot: Lot, contract: Contract) -> Decimal:
    return (lot.basis / (lot.quantity * contract.multiplier)).quantize(SMALLEST_SHARE)


def option_events(period: Period) -> Element:
    """List what became of options at their expiry."""
    section = Element("OptionEAE")
    kinds = {"A": "Assignment", "Ex": "Exercise", "Ep": "Expiration"}
    for booking in period.bookings:
        if isinstance(booking, TradeBooked) and booking.notes in kinds:
            contract = period.contracts[booking.con_id]
            option = contract.security_type == "OPT"
            row = {
                **account_fields(period),
                **contract_fields(contract, period),
                "date": day_text(new_york_date(booking.at)),
                "transactionType": kinds[booking.notes] if option else "Buy" if booking.quantity > 0 else "Sell",
                "quantity": plain(booking.quantity),
                "tradePrice": plain(booking.price),
                "proceeds": plain(-booking.money),
                "commisionsAndTax": plain(-booking.commission),
                "costBasis": plain(booking.cost),
                "realizedPnl": plain(booking.realised),
                "tradeID": str(TRADES + booking.number),
            }
            SubElement(section, "OptionEAE", row)
    return section
