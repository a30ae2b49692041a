"""Fields that many rows of a statement share."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from trader.simulator.bookings import Booked
from trader.simulator.contracts import Contract
from trader.simulator.lots import plain
from trader.simulator.sessions import NEW_YORK
from trader.simulator.statement_lines import Period
from trader.simulator.wire import day_text

TRADES, TRANSACTIONS, ACTIONS = 4_000_000_000, 30_000_000_000, 160_000_000  # IB's ids are of these sizes


def account_fields(period: Period) -> dict[str, str]:
    """Name the account."""
    return {"accountId": period.account, "acctAlias": "", "model": ""}


def contract_fields(contract: Contract, period: Period) -> dict[str, str]:
    """Name a contract, and what its currency is worth at the end."""
    underlying = next((each for each in period.contracts.values() if each.name == contract.underlying), None)
    return {
        "currency": contract.currency,
        "fxRateToBase": plain(period.end.rates.get(contract.currency, Decimal(1))),
        "assetCategory": contract.security_type,
        "subCategory": {"STK": "COMMON", "OPT": contract.right}.get(contract.security_type, ""),
        "symbol": contract.local_symbol or contract.symbol,
        "description": contract.long_name or contract.symbol,
        "conid": str(contract.con_id),
        "securityID": "",
        "securityIDType": "",
        "cusip": "",
        "isin": "",
        "listingExchange": contract.primary_exchange,
        "underlyingConid": str(underlying.con_id) if underlying else "",
        "underlyingSymbol": contract.underlying,
        "multiplier": plain(contract.multiplier),
        "strike": plain(contract.strike) if contract.strike is not None else "",
        "expiry": day_text(contract.expiry) if contract.expiry else "",
        "putCall": contract.right,
    }


def no_contract(currency: str, period: Period) -> dict[str, str]:
    """Say that a row belongs to no contract."""
    names = ("assetCategory", "subCategory", "symbol", "conid", "securityID", "isin", "listingExchange")
    rate = plain(period.end.rates.get(currency, Decimal(1)))
    return {"currency": currency, "fxRateToBase": rate, **dict.fromkeys(names, ""), "multiplier": "0"}


def transaction(booking: Booked) -> str:
    """Return the id of a booking."""
    return str(TRANSACTIONS + booking.number)


def time_text(moment: datetime) -> str:
    """Write a moment as a clock in New York shows it."""
    return f"{moment.astimezone(NEW_YORK):%Y%m%d;%H%M%S}"
