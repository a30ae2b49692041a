"""From what Interactive Brokers says to facts: numbers become exact and signs are applied here, once.

Every function takes the client library's objects (typed Any: the library brings no types) and returns facts or rows.
What cannot be read raises BrokerIncomplete: an unset or unreadable number never becomes 0.
To read one more figure: add it to the function of its message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ledger.events import (
    CashObserved,
    CashRow,
    CommissionCharged,
    ContractDefined,
    MarginObserved,
    NavObserved,
    OpenOrderRow,
    OrderFilled,
    PositionRow,
    PriceIncrement,
    QuoteRow,
    RateRow,
    RatesObserved,
    execution_base,
)
from trader.bars import Bar
from trader.broker import BrokerIncomplete

UNSET = Decimal("1.7976931348623157E308")  # IB's "no number"
UNSET_ORDER_ID = 2147483647
SIGN_OF_SIDE = {"BOT": 1, "SLD": -1}
SIGN_OF_ACTION = {"BUY": 1, "SELL": -1}
ENDING = frozenset(("FUT", "OPT", "FOP", "WAR", "IOPT"))
RIGHTS = ("C", "P")
BASE = "BASE"  # the total row beside the currencies; never added to them
Values = Mapping[tuple[str, str], str]  # (tag, currency) -> text


@dataclass(frozen=True, slots=True)
class CompletedRow:
    """An order that is done, as the broker lists it: without order id or client id."""

    order_ref: str
    perm_id: int
    status: str
    filled: Decimal  # magnitude
    text: str


def number_or_none(number: object) -> Decimal | None:
    """Read a number exactly; None where IB sent none."""
    try:
        value = Decimal(str(number))
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < UNSET else None


def exact(number: object, what: str) -> Decimal:
    """Read a number exactly, or raise."""
    value = number_or_none(number)
    if value is None:
        raise BrokerIncomplete("unreadable", f"{what}: expected a number, found {number!r}")
    return value


def price_or_none(number: object) -> Decimal | None:
    """Read a price; -1, 0 and unset all mean that there is none."""
    value = number_or_none(number)
    return value if value is not None and value > 0 else None


def fill(contract: Any, execution: Any) -> OrderFilled:
    """Read one execution."""
    what = f"execution {execution.execId!r}"
    sign = SIGN_OF_SIDE.get(execution.side)
    if sign is None:
        raise BrokerIncomplete("unreadable", f"{what}: expected side BOT or SLD, found {execution.side!r}")
    try:
        execution_base(execution.execId)
    except ValueError as error:
        raise BrokerIncomplete("unreadable", str(error)) from error
    return OrderFilled(
        occurred_at=_utc(execution.time, what),
        account=execution.acctNumber,
        execution_id=execution.execId,
        con_id=contract.conId,
        quantity=sign * exact(execution.shares, what),
        price=exact(execution.price, what),
        currency=contract.currency,
        order_ref=execution.orderRef,
        perm_id=execution.permId,
        order_id=0 if execution.orderId == UNSET_ORDER_ID else execution.orderId,
        client_id=execution.clientId,
        venue=execution.exchange,
        liquidation=bool(execution.liquidation),
    )


def _utc(moment: object, what: str) -> datetime:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise BrokerIncomplete("unreadable", f"{what}: expected a time with its zone, found {moment!r}")
    return moment.astimezone(UTC)


def commission(execution_id: str, amount: object, currency: str, realised: object) -> CommissionCharged | None:
    """Read a commission report; None while it says nothing yet. Zero and rebates are commissions."""
    charged = number_or_none(amount)
    if charged is None or not execution_id:
        return None
    return CommissionCharged(
        execution_id=execution_id, amount=-charged, currency=currency, realised_reported=number_or_none(realised)
    )


def market_rule_of(details: Any) -> int | None:
    """Return the number of the price rule of the exchange that orders go to; None where the broker names none."""
    rules = dict(zip(details.validExchanges.split(","), details.marketRuleIds.split(","), strict=False))
    number = rules.get(details.contract.exchange, "")
    return int(number) if number.isdigit() else None


def price_increments(rows: Any, rule: int) -> tuple[PriceIncrement, ...]:
    """Read a price rule: from which price on which increment counts."""
    what = f"market rule {rule}"
    read = sorted((exact(row.lowEdge, what), exact(row.increment, what)) for row in rows)
    if not read or min(increment for _, increment in read) <= 0 or read[0][0] < 0:
        raise BrokerIncomplete("unreadable", f"{what}: expected increments above zero, found {read}")
    return tuple(PriceIncrement(from_price=low, increment=increment) for low, increment in read)


def contract_defined(details: Any, increments: tuple[PriceIncrement, ...] = ()) -> ContractDefined:
    """Read the broker's definition of a contract."""
    contract = details.contract
    what = f"contract {contract.conId}"
    isins = [tag.value for tag in details.secIdList or () if tag.tag == "ISIN"]
    return ContractDefined(
        con_id=contract.conId,
        symbol=contract.symbol,
        security_type=contract.secType,
        currency=contract.currency,
        exchange=contract.exchange,
        primary_exchange=contract.primaryExchange,
        multiplier=exact(contract.multiplier, what) if contract.multiplier else Decimal(1),
        min_tick=exact(details.minTick, what),
        long_name=details.longName,
        isin=isins[0] if isins else None,
        price_increments=increments,
        size_min=number_or_none(details.minSize) or None,
        size_increment=number_or_none(details.sizeIncrement) or None,
        **_terms(details, what),
    )


def _terms(details: Any, what: str) -> dict[str, Any]:
    """Read what ends: until when, at which strike, and on what; a stock has none of it."""
    contract = details.contract
    if contract.secType not in ENDING:
        return {}
    strike, last_day = number_or_none(contract.strike), contract.lastTradeDateOrContractMonth[:8]
    return {
        "underlying_con_id": details.underConId or None,
        "expiry": _day(last_day, what) or _day(details.realExpirationDate[:8], what),
        "strike": strike or None,
        "right": contract.right[:1] if contract.right[:1] in RIGHTS else None,
    }


def _day(text: str, what: str) -> date | None:
    """Read a day; none is told of a month alone."""
    if len(text) < len("20050318"):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BrokerIncomplete("unreadable", f"{what}: expected its last day, found {text!r}") from error


def position_row(contract: Any, quantity: object, average_cost: object, mark: Decimal | None) -> PositionRow:
    """Read one position; its mark comes from the portfolio of the account download."""
    what = f"position in {contract.symbol}"
    return PositionRow(
        con_id=contract.conId,
        symbol=contract.symbol,
        quantity=exact(quantity, what),
        average_cost=exact(average_cost, what),
        currency=contract.currency,
        mark=mark,
    )


def open_order_row(contract: Any, order: Any, status: str, filled: object) -> OpenOrderRow:
    """Read one open order, from the broker's own message."""
    what = f"order {order.permId}"
    sign = SIGN_OF_ACTION.get(order.action)
    if sign is None:
        raise BrokerIncomplete("unreadable", f"{what}: expected BUY or SELL, found {order.action!r}")
    return OpenOrderRow(
        perm_id=order.permId,
        order_id=order.orderId,
        client_id=order.clientId,
        order_ref=order.orderRef,
        con_id=contract.conId,
        symbol=contract.symbol,
        quantity=sign * exact(order.totalQuantity, what),
        filled=exact(filled, what),
        limit_price=exact(order.lmtPrice, what) if order.orderType == "LMT" else None,
        status=status,
    )


def completed_row(order: Any, state: Any) -> CompletedRow:
    """Read one completed order."""
    filled = number_or_none(order.filledQuantity) or Decimal(0)  # unset: an order that never filled
    return CompletedRow(order.orderRef, order.permId, state.status, filled, state.completedStatus)


def base_currency(values: Values) -> str:
    """Find the ledger currency whose exchange rate is 1; IB names the base currency nowhere."""
    rates = {c: number_or_none(text) for (tag, c), text in values.items() if tag == "ExchangeRate" and c != BASE}
    ones = [currency for currency, rate in rates.items() if rate == 1]
    if len(ones) > 1:  # a second currency at par: the base currency is the one that NAV is told in
        ones = [currency for currency in ones if ("NetLiquidation", currency) in values]
    if len(ones) != 1:
        raise BrokerIncomplete("unreadable", f"exchange rates: expected one currency at 1, found {rates}")
    return ones[0]


def account_facts(values: Values) -> tuple[RatesObserved, CashObserved, NavObserved, MarginObserved]:
    """Read a complete account download."""
    if values.get(("AccountReady", "")) != "true":
        found = values.get(("AccountReady", ""))
        raise BrokerIncomplete("account-not-ready", f"AccountReady: expected 'true', found {found!r}")
    base = base_currency(values)

    def figure(tag: str) -> Decimal:
        return exact(values.get((tag, base)), f"account value {tag} in {base}")

    def figure_or_none(tag: str) -> Decimal | None:
        return number_or_none(values.get((tag, base)))

    nav = NavObserved(
        currency=base,
        net_liquidation=figure("NetLiquidation"),
        accrued_cash=figure_or_none("AccruedCash"),
        accrued_dividend=figure_or_none("AccruedDividend"),
        gross_position_value=figure_or_none("GrossPositionValue"),
    )
    margin = MarginObserved(
        currency=base,
        initial=figure("InitMarginReq"),
        maintenance=figure("MaintMarginReq"),
        available_funds=figure("AvailableFunds"),
        excess_liquidity=figure("ExcessLiquidity"),
        equity_with_loan=figure("EquityWithLoanValue"),
        buying_power=figure_or_none("BuyingPower"),
        settled_cash=figure_or_none("SettledCash"),
    )
    rates = tuple(RateRow(currency=c, rate=rate) for c, rate in _by_currency(values, "ExchangeRate"))
    cash = tuple(CashRow(currency=c, amount=amount) for c, amount in _by_currency(values, "CashBalance"))
    if not cash:
        raise BrokerIncomplete("unreadable", "account download: expected CashBalance of a currency, found none")
    return RatesObserved(base_currency=base, rows=rates), CashObserved(rows=cash), nav, margin


def _by_currency(values: Values, wanted: str) -> list[tuple[str, Decimal]]:
    found = ((c, exact(text, f"{wanted} {c}")) for (tag, c), text in values.items() if tag == wanted and c != BASE)
    return sorted(found)


def quote_row(con_id: int, symbol: str, ticker: Any, last_trade: str | None) -> QuoteRow:
    """Read a snapshot."""
    return QuoteRow(
        con_id=con_id,
        symbol=symbol,
        bid=price_or_none(ticker.bid),
        ask=price_or_none(ticker.ask),
        last=price_or_none(ticker.last),
        close=price_or_none(ticker.close),
        at=datetime.fromtimestamp(int(last_trade), UTC) if last_trade and last_trade.isdigit() else None,
        market_data_type=ticker.marketDataType,
        halted=bool(ticker.halted > 0),  # unset is NaN, unknown is -1
    )


def bar(symbol: str, row: Any) -> Bar:
    """Read one daily bar."""
    what = f"bar of {symbol} on {row.date}"
    opened, high, low, close, volume = (
        exact(number, what) for number in (row.open, row.high, row.low, row.close, row.volume)
    )
    return Bar(row.date, opened, high, low, close, volume)
