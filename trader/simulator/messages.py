"""What the gateway says about the session, the account, contracts and the market: one function a message.

Each returns the fields of one message, its number first, in the order in which TWS sends them. Clients unpack most
of them by position, so a field is never added here unless the layout of the version in question has it.
To add a message: write the function and add its number to `registry.MESSAGES`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from trader.simulator.account_values import AccountValue
from trader.simulator.contracts import CENT, Contract
from trader.simulator.figures import PortfolioRow, Position
from trader.simulator.history import Bar
from trader.simulator.lots import plain
from trader.simulator.sessions import NEW_YORK, Session, session_on
from trader.simulator.wire import ZONE_NAME, day_text, epoch_seconds, price_text, size_text, time_text

Message = tuple[str, ...]

ORDER_TYPES = "ACTIVETIM,ADAPTIVE,ALGO,DAY,GTC,LMT,MKT,WHATIF"
MARKET_RULE = "26"  # one cent at every price
MADE_UP_RULES, SMALLEST_TICK = 10_000, Decimal("0.00001")
RULES_OF_BANDS = 100_000_000  # and more: of a contract that has its own


def trading_class(contract: Contract) -> str:
    """Name the class as the listing exchange does: NMS on NASDAQ, the symbol elsewhere, of a pair both currencies."""
    if contract.is_currency:
        return contract.local_symbol
    return "NMS" if contract.primary_exchange == "NASDAQ" else contract.symbol


def contract_fields(contract: Contract, exchange: str, strike: str = "0.0", right: str = "") -> Message:
    """Write the eleven contract fields that most messages carry."""
    if contract.strike is not None:
        strike = price_text(contract.strike)
    terms = (expiry_text(contract), strike, contract.right or right, multiplier_text(contract))
    head = (str(contract.con_id), contract.symbol, contract.security_type, *terms, exchange)
    return (*head, contract.currency, local_symbol(contract), trading_class(contract))


def expiry_text(contract: Contract) -> str:
    """Write the last day of what has one."""
    return "" if contract.expiry is None else day_text(contract.expiry)


def multiplier_text(contract: Contract) -> str:
    """Write the multiplier of what has one."""
    return plain(contract.multiplier) if contract.security_type in ("OPT", "FUT") else ""


def local_symbol(contract: Contract) -> str:
    """Write what the exchange calls it."""
    return contract.local_symbol or contract.symbol


# Session


def managed_accounts(account: str) -> Message:
    """Name the account."""
    return ("15", "1", account)


def next_valid_id(order_id: int) -> Message:
    """Give the next order id of this client."""
    return ("9", "1", str(order_id))


def current_time(now: datetime) -> Message:
    """Give the simulated time."""
    return ("49", "1", epoch_seconds(now))


def error(request_id: int, code: int, text: str, version: int) -> Message:
    """Report an error, a warning or a notice."""
    fields = ("4", "2", str(request_id), str(code), text.replace("\0", " "))
    return (*fields, "") if version >= 166 else fields


def user_info(request_id: int) -> Message:
    """Give the white branding id, which nobody has."""
    return ("107", str(request_id), "")


def family_codes(account: str) -> Message:
    """Give the account's family code, which it has not."""
    return ("78", "1", account, "")


# Account


def account_value(account: str, row: AccountValue) -> Message:
    """Give one figure of the account."""
    return ("6", "2", row.tag, row.value, row.currency, account)


def portfolio_value(account: str, contract: Contract, row: PortfolioRow, version: int) -> Message:
    """Give one position with its price and results; quantity 0 closes it."""
    whole = contract_fields(contract, contract.primary_exchange)
    money = (row.price, row.value, row.average_cost, row.unrealised, row.realised)
    return ("7", "8", *whole, size_text(row.quantity, version), *map(price_text, money), account)


def account_update_time(now: datetime) -> Message:
    """Say when the account was last valued."""
    return ("8", "1", f"{now.astimezone(NEW_YORK):%H:%M}")


def account_download_end(account: str) -> Message:
    """End the answer to reqAccountUpdates."""
    return ("54", "1", account)


def account_update_multi(request_id: int, account: str, row: AccountValue) -> Message:
    """Give one figure of the account to reqAccountUpdatesMulti."""
    return ("73", "1", str(request_id), account, "", row.tag, row.value, row.currency)


def account_update_multi_end(request_id: int) -> Message:
    """End the answer to reqAccountUpdatesMulti."""
    return ("74", "1", str(request_id))


def account_summary(request_id: int, account: str, row: AccountValue) -> Message:
    """Give one figure of the account to reqAccountSummary."""
    return ("63", "1", str(request_id), account, row.tag, row.value, row.currency)


def account_summary_end(request_id: int) -> Message:
    """End the answer to reqAccountSummary."""
    return ("64", "1", str(request_id))


def position(account: str, contract: Contract, row: Position, version: int) -> Message:
    """Give one position; quantity 0 closes it."""
    whole = contract_fields(contract, contract.primary_exchange)
    return ("61", "3", account, *whole, size_text(row.quantity, version), price_text(row.average_cost))


def position_end() -> Message:
    """End the answer to reqPositions."""
    return ("62", "1")


def position_multi(request_id: int, account: str, contract: Contract, row: Position, version: int) -> Message:
    """Give one position to reqPositionsMulti."""
    whole = contract_fields(contract, contract.primary_exchange)
    size = size_text(row.quantity, version)
    return ("71", "1", str(request_id), account, *whole, size, price_text(row.average_cost), "")


def position_multi_end(request_id: int) -> Message:
    """End the answer to reqPositionsMulti."""
    return ("72", "1", str(request_id))


# Contracts


def contract_data(request_id: int, contract: Contract, today: date, version: int) -> Message:
    """Describe one contract; trading hours are those of its regular sessions."""
    hours = _trading_hours(today)
    tick = price_text(contract.min_tick)
    name = contract.long_name.encode("unicode_escape").decode()
    on_smart = contract.exchange == "SMART"
    exchanges = f"SMART,{contract.primary_exchange}" if on_smart else contract.exchange
    rule = market_rule_of(contract)
    strike = "0.0" if contract.strike is None else price_text(contract.strike)
    what = (contract.symbol, contract.security_type, expiry_text(contract), strike, contract.right)
    underlying = contract.underlying
    month = "" if contract.expiry is None else f"{contract.expiry:%Y%m}"
    is_stock, lot = contract.security_type == "STK", size_text(contract.lot, version)
    return (
        *(("10", str(request_id)) if version >= 164 else ("10", "8", str(request_id))),
        *(*what, contract.exchange, contract.currency, local_symbol(contract)),
        *(trading_class(contract), trading_class(contract), str(contract.con_id), tick),
        *(() if version >= 164 else ("100",)),
        *(multiplier_text(contract), ORDER_TYPES, exchanges, "1", "0", name, contract.primary_exchange),
        *(month, "", "", "", ZONE_NAME, hours, hours, "", "0", "0"),  # contract month to number of security ids
        *("1", underlying, "STK" if underlying else "", ",".join([rule] * (1 + on_smart)), expiry_text(contract)),
        "COMMON" if is_stock else "",
        *((lot,) if version == 163 else (lot, lot, "100") if version >= 164 else ()),
    )


def market_rule_of(contract: Contract) -> str:
    """Name the rule of a contract's ticks: IB's own for cents, one that the digits of a tick make, else its own."""
    if contract.bands:
        return str(RULES_OF_BANDS + contract.con_id % RULES_OF_BANDS)
    return MARKET_RULE if contract.min_tick == CENT else str(MADE_UP_RULES + int(contract.min_tick / SMALLEST_TICK))


def _trading_hours(today: date) -> str:
    """Write today's and the next five days' hours as TWS does."""
    days = (date.fromordinal(today.toordinal() + ahead) for ahead in range(6))
    return ";".join(_hours_of(day, session_on(day)) for day in days)


def _hours_of(day: date, session: Session | None) -> str:
    if session is None:
        return f"{day_text(day)}:CLOSED"
    opens, closes = (moment.astimezone(NEW_YORK) for moment in (session.open, session.close))
    return f"{opens:%Y%m%d:%H%M}-{closes:%Y%m%d:%H%M}"


def contract_data_end(request_id: int) -> Message:
    """End the answer to reqContractDetails."""
    return ("52", "1", str(request_id))


def symbol_samples(request_id: int, contracts: Sequence[Contract], version: int) -> Message:
    """List the contracts that match a pattern."""
    rows: list[str] = []
    for contract in contracts:
        rows += [
            str(contract.con_id),
            contract.symbol,
            contract.security_type,
            contract.primary_exchange,
            contract.currency,
            "0",
        ]
        rows += [contract.long_name, ""] if version >= 176 else []
    return ("79", str(request_id), str(len(contracts)), *rows)


def market_rule(rule: int, ticks: Sequence[tuple[Decimal, Decimal]]) -> Message:
    """Give the price increments of a market rule, each with the price from which it counts."""
    rows = (price_text(number) for row in ticks for number in row)
    return ("93", str(rule), str(len(ticks)), *rows)


# Market


def market_data_type(request_id: int, delivered: int) -> Message:
    """Say which kind of market data follows."""
    return ("58", "1", str(request_id), str(delivered))


def tick_req_params(request_id: int, contract: Contract) -> Message:
    """Give the parameters of a market data line."""
    return ("81", str(request_id), price_text(contract.min_tick), "9c0001", "3")


def tick_price(request_id: int, kind: int, price: Decimal, size: Decimal | int, version: int) -> Message:
    """Give one price with its size."""
    return ("1", "6", str(request_id), str(kind), price_text(price), size_text(size, version), "0")


def tick_size(request_id: int, kind: int, size: Decimal | int, version: int) -> Message:
    """Give one size."""
    return ("2", "6", str(request_id), str(kind), size_text(size, version))


def tick_generic(request_id: int, kind: int, number: Decimal) -> Message:
    """Give one number."""
    return ("45", "6", str(request_id), str(kind), price_text(number))


def tick_string(request_id: int, kind: int, text: str) -> Message:
    """Give one text."""
    return ("46", "6", str(request_id), str(kind), text)


def tick_snapshot_end(request_id: int) -> Message:
    """End a snapshot."""
    return ("57", "1", str(request_id))


def historical_data(
    request_id: int, first: datetime, last: datetime, bars: Sequence[tuple[str, Bar]], version: int
) -> Message:
    """Give all bars of a request, each under its date as text."""
    rows: list[str] = []
    for moment, bar in bars:
        rows += [moment, *map(price_text, (bar.open, bar.high, bar.low, bar.close))]
        rows += [size_text(bar.volume, version), price_text(bar.average), str(bar.count)]
    span = (time_text(first, version), time_text(last, version))
    return ("17", str(request_id), *span, str(len(bars)), *rows)


def head_timestamp(request_id: int, moment: datetime, as_epoch: bool) -> Message:
    """Give the moment of the earliest bar."""
    return ("88", str(request_id), epoch_seconds(moment) if as_epoch else f"{moment:%Y%m%d-%H:%M:%S}")
