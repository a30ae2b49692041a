"""Signatures first: the market as of a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from trader.simulator.bars import DailyBars


@dataclass(frozen=True, slots=True)
class Contract:
    con_id: int
    symbol: str
    currency: str
    exchange: str
    primary_exchange: str
    long_name: str
    min_tick: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """Prices are None where there is none: no bid and ask outside the session, no last before the first bar."""

    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None
    last_time: datetime | None
    bid_size: int
    ask_size: int
    close: Decimal | None  # of the previous session
    volume: int  # today's, so far
    halted: bool
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    start: datetime  # UTC; of a daily bar: the session's open
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    average: Decimal
    count: int


class Market:
    contracts: tuple[Contract, ...]

    def __init__(self, daily: DailyBars, seed: int) -> None:
        raise NotImplementedError

    def contract(self, con_id: int) -> Contract | None:
        raise NotImplementedError

    def contract_of(self, symbol: str) -> Contract | None:
        raise NotImplementedError

    def quote(self, con_id: int, at: datetime) -> Quote:
        raise NotImplementedError

    def mark(self, con_id: int, at: datetime) -> Decimal | None:
        """The last price: what positions are valued at."""
        raise NotImplementedError

    def history(self, con_id: int, end: datetime, duration: str, bar_size: str, rth: bool = True) -> list[Bar]:
        """Raise ValueError for a duration or bar size that is not understood."""
        raise NotImplementedError

    def first_session(self, con_id: int) -> date:
        raise NotImplementedError
