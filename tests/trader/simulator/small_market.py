"""Small markets for tests: one or a few made-up days, so that every price is known beforehand."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

from trader.simulator.account import Account
from trader.simulator.account_values import account_values
from trader.simulator.bars import DailyBar, DailyBars, Series
from trader.simulator.contracts import stable_con_id
from trader.simulator.exchange import NO_TERMS, Exchange
from trader.simulator.happenings import Happening
from trader.simulator.market import Market
from trader.simulator.orders import OrderRequest
from trader.simulator.sessions import NEW_YORK
from trader.simulator.terms import Terms

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = date(2005, 2, 28), date(2005, 3, 1), date(2005, 3, 2), date(2005, 3, 3)
ACME = stable_con_id("ACME")
ACCOUNT = "DU1234567"


def at(clock: str, day: date = TUESDAY) -> datetime:
    """Return a time on a clock in New York, in UTC."""
    return datetime.combine(day, time.fromisoformat(clock), NEW_YORK).astimezone(UTC)


def exactly(*numbers: int | str) -> tuple[Decimal, ...]:
    """Return the numbers as Decimals."""
    return tuple(map(Decimal, numbers))


def row(
    day: date, open_: str, high: str, low: str, close: str, volume: int = 39_000_000, adjusted: str = ""
) -> DailyBar:
    """Return a daily row."""
    opened, highest, lowest, closed = map(Decimal, (open_, high, low, close))
    return DailyBar(day, opened, highest, lowest, closed, volume, Decimal(adjusted) if adjusted else None)


def still(day: date, price: str = "50.00", volume: int = 39_000_000) -> DailyBar:
    """Return a day on which the price never moves: bid at the price, ask a cent above."""
    return row(day, price, price, price, price, volume)


STILL_DAYS = (still(MONDAY), still(TUESDAY), still(WEDNESDAY), still(THURSDAY))


def market_of(*rows: DailyBar, seed: int = 7, **others: tuple[DailyBar, ...]) -> Market:
    """Return a market of ACME, and of other tickers by name."""
    series = {"ACME": Series("ACME", rows or STILL_DAYS)} | {name: Series(name, bars) for name, bars in others.items()}
    return Market(DailyBars(series), seed)


def exchange_on(
    market: Market, start: datetime, cash: str = "1000000", seed: int = 7, terms: Terms = NO_TERMS
) -> tuple[Exchange, list[Happening]]:
    """Return an exchange and what is heard from it."""
    exchange = Exchange(market, Account(ACCOUNT, Decimal(cash)), start, seed, terms)
    heard: list[Happening] = []
    exchange.listen.append(heard.append)
    return exchange, heard


def values_of(exchange: Exchange) -> dict[tuple[str, str], str]:
    """Return the account download by tag and currency."""
    rows = account_values(exchange.account, exchange.market, exchange.now)
    return {(value.tag, value.currency): value.value for value in rows}


def limit(action: str, quantity: str, price: str, **changes: object) -> OrderRequest:
    """Return a limit order in ACME."""
    asked = {"action": action, "quantity": Decimal(quantity), "limit_price": Decimal(price)}
    return _request(**(asked | changes))


def market_order(action: str, quantity: str, **changes: object) -> OrderRequest:
    """Return a market order in ACME."""
    asked = {"action": action, "quantity": Decimal(quantity), "order_type": "MKT", "limit_price": None}
    return _request(**(asked | changes))


def _request(**changes: object) -> OrderRequest:
    usual = {"client_id": 1, "order_id": 1, "con_id": ACME, "account": ACCOUNT, "order_type": "LMT"}
    return OrderRequest(**(usual | changes))  # type: ignore[arg-type]
