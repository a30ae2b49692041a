"""The sections of a statement about what changed positions without a trade: corporate actions and transfers."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

from trader.simulator.bookings import ActionBooked, Moved, SplitBooked, TransferBooked
from trader.simulator.contracts import Contract
from trader.simulator.lots import plain
from trader.simulator.statement_fields import ACTIONS, account_fields, contract_fields, time_text, transaction
from trader.simulator.statement_lines import Period, value_of
from trader.simulator.wire import day_text


class _Action(NamedTuple):
    """One action as the statement tells it: whose, what, and what it moved."""

    code: str
    con_id: int
    words: str
    moved: tuple[Moved, ...]


def corporate_actions(period: Period) -> Element:
    """List what every action moved, a row a contract."""
    section = Element("CorporateActions")
    for booking in period.bookings:
        if isinstance(booking, SplitBooked | ActionBooked):
            action = _split(booking) if isinstance(booking, SplitBooked) else _action(booking)
            for moved in action.moved:
                row = {
                    **_row(period, action, moved),
                    "reportDate": day_text(period.closing_of(booking).date),
                    "dateTime": time_text(booking.at),
                    "transactionID": transaction(booking),
                    "actionID": str(ACTIONS + booking.number),
                    "levelOfDetail": "DETAIL",
                }
                SubElement(section, "CorporateAction", row)
    return section


def _split(booking: SplitBooked) -> _Action:
    ratio, moved = booking.ratio, (Moved(booking.con_id, booking.quantity_change),)
    if booking.code == "SD":
        words = f"STOCK DIVIDEND {ratio.numerator - ratio.denominator} FOR {ratio.denominator}"
        return _Action("SD", booking.con_id, words, moved)
    words = f"SPLIT {ratio.numerator} FOR {ratio.denominator}"
    return _Action("FS" if ratio > 1 else "RS", booking.con_id, words, moved)


def _action(booking: ActionBooked) -> _Action:
    return _Action(booking.code, booking.con_id, booking.words, booking.moved)


def _row(period: Period, action: _Action, moved: Moved) -> dict[str, str]:
    of, contract = period.contracts[action.con_id], period.contracts[moved.con_id]
    words = f"{_named(of)} {action.words} ({contract.symbol}, {contract.long_name}, {contract.con_id})"
    return {
        **account_fields(period),
        **contract_fields(contract, period),
        "description": words,
        "actionDescription": words,
        "amount": plain(-moved.proceeds),
        "proceeds": plain(moved.proceeds),
        "value": "0",
        "quantity": plain(moved.quantity),
        "fifoPnlRealized": plain(moved.realised),
        "mtmPnl": "0",
        "code": "",
        "type": action.code,
    }


def _named(contract: Contract) -> str:
    return f"{contract.symbol}({contract.con_id})"


def transfers(period: Period) -> Element:
    """List the units that came in or went out."""
    section = Element("Transfers")
    for booking in period.bookings:
        if isinstance(booking, TransferBooked):
            row = {
                **account_fields(period),
                **contract_fields(period.contracts[booking.con_id], period),
                "reportDate": day_text(period.closing_of(booking).date),
                "date": day_text(period.closing_of(booking).date),
                "dateTime": time_text(booking.at),
                "type": "ACATS",
                "direction": "IN" if booking.quantity > 0 else "OUT",
                "company": "ANOTHER BROKER",
                "quantity": plain(abs(booking.quantity)),
                "transferPrice": plain(booking.price if booking.quantity > 0 else Decimal(0)),
                "positionAmount": plain(abs(value_of(booking, period))),
                "cashTransfer": "0",
                "transactionID": transaction(booking),
            }
            SubElement(section, "Transfer", row)
    return section
