"""What the broker reported of its own half. An observation moves nothing; it is compared with the book.

An observation is written only when the broker's answer was complete (its end marker came); a part of an answer is an
exception in the adapter, never an observation.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from ledger.events.fact import Exact, Fact, Instant, Row


class Observation(Fact):
    """Something that a source reported, completely."""

    FROM_BROKER: ClassVar[bool] = True
    source: str = "api"


class PriceIncrement(Row):
    """From a price on, up to the next row's, orders are priced in multiples of this."""

    from_price: Exact
    increment: Exact


class ContractDefined(Fact):
    """A contract as the broker defines it. Its identity is the con_id, never the symbol."""

    type: Literal["contract_defined"] = "contract_defined"
    FROM_BROKER: ClassVar[bool] = True
    con_id: int
    symbol: str
    security_type: str  # STK, OPT, FUT, FOP, CASH, CFD, BOND, FUND, WAR
    currency: str
    exchange: str
    primary_exchange: str
    multiplier: (
        Exact  # money a point: 1 for stocks, IB's multiplier for the others; one with a price magnifier is refused
    )
    min_tick: Exact
    long_name: str = ""
    isin: str | None = None
    underlying_con_id: int | None = None
    expiry: date | None = None
    strike: Exact | None = None
    right: Literal["C", "P"] | None = None
    price_increments: tuple[PriceIncrement, ...] = ()  # of the exchange that orders go to, rising; (): min_tick alone
    size_min: Exact | None = None  # units of the smallest order; None: not told
    size_increment: Exact | None = None  # units in whose multiples it trades, fractions included; None: not told


class NavObserved(Observation):
    """IB's own net liquidation value."""

    type: Literal["nav_observed"] = "nav_observed"
    currency: str
    net_liquidation: Exact  # rounded to cents on the wire
    accrued_cash: Exact | None = None  # interest, + to come
    accrued_dividend: Exact | None = None  # dividends announced and not yet paid
    gross_position_value: Exact | None = None

    @property
    def without_accruals(self) -> Exact:
        """NAV less what has accrued: what cash and positions alone are worth."""
        return self.net_liquidation - (self.accrued_cash or 0) - (self.accrued_dividend or 0)


class MarginObserved(Observation):
    """IB's margin figures, in the base currency."""

    type: Literal["margin_observed"] = "margin_observed"
    currency: str
    initial: Exact
    maintenance: Exact
    available_funds: Exact
    excess_liquidity: Exact
    equity_with_loan: Exact
    buying_power: Exact | None = None
    settled_cash: Exact | None = None  # what is there without sales that have not settled; None: not told


class CashRow(Row):
    """One currency's cash balance."""

    currency: str
    amount: Exact


class CashObserved(Observation):
    """IB's cash, every currency that it lists; its BASE total is left out."""

    type: Literal["cash_observed"] = "cash_observed"
    rows: tuple[CashRow, ...]


class PositionRow(Row):
    """One position of IB's; mark is its portfolio price from the same account download as NavObserved."""

    con_id: int
    symbol: str
    quantity: Exact
    average_cost: Exact  # IB's convention: commissions netted, times the multiplier
    currency: str
    mark: Exact | None = None


class PositionsObserved(Observation):
    """Every position that IB reports; virtual currency positions (secType CASH) left out."""

    type: Literal["positions_observed"] = "positions_observed"
    rows: tuple[PositionRow, ...]


class OpenOrderRow(Row):
    """One order that works at the broker, whoever placed it."""

    perm_id: int
    order_id: int
    client_id: int
    order_ref: str
    con_id: int
    symbol: str
    quantity: Exact  # + buy, - sell, whole order
    filled: Exact  # magnitude
    limit_price: Exact | None = None  # None: at market
    status: str


class OpenOrdersObserved(Observation):
    """Every order that works at the broker."""

    type: Literal["open_orders_observed"] = "open_orders_observed"
    rows: tuple[OpenOrderRow, ...]


class ExecutionsObserved(Observation):
    """Every execution that the broker lists: those since its own midnight, of all clients, by id."""

    type: Literal["executions_observed"] = "executions_observed"
    execution_ids: tuple[str, ...]


class QuoteRow(Row):
    """One contract's market. Absent: the broker sent none."""

    con_id: int
    symbol: str
    bid: Exact | None = None
    ask: Exact | None = None
    last: Exact | None = None
    close: Exact | None = None
    at: Instant | None = None  # time of the last trade
    market_data_type: int = 1  # 1 live, 2 frozen, 3 delayed, 4 delayed-frozen
    halted: bool = False
    shortable: Exact | None = None  # shares that can be borrowed; None: not told, or not asked


class QuotesObserved(Observation):
    """The quotes that the plan is sized and priced from."""

    type: Literal["quotes_observed"] = "quotes_observed"
    rows: tuple[QuoteRow, ...]


class RateRow(Row):
    """Units of the base currency for one unit of a currency."""

    currency: str
    rate: Exact


class RatesObserved(Observation):
    """IB's exchange rates of the account's ledger currencies."""

    type: Literal["rates_observed"] = "rates_observed"
    base_currency: str
    rows: tuple[RateRow, ...]
