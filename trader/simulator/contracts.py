"""What is traded here, and how a trade in it moves money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

BASE_CURRENCY = "USD"  # of the one account
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Contract:
    """A listed contract; a stock unless its type says otherwise."""

    con_id: int
    symbol: str  # what its bars are called
    currency: str = "USD"
    exchange: str = "SMART"
    primary_exchange: str = "NASDAQ"  # NASDAQ | NYSE
    long_name: str = ""
    min_tick: Decimal = CENT
    security_type: str = "STK"  # STK | OPT | FUT | CASH
    multiplier: Decimal = Decimal(1)
    expiry: date | None = None
    strike: Decimal | None = None
    right: str = ""  # C | P
    underlying: str = ""  # symbol
    local_symbol: str = ""

    @property
    def is_settled_daily(self) -> bool:
        """Whether its gains go into cash every evening, so that its price never does."""
        return self.security_type == "FUT"

    @property
    def is_currency(self) -> bool:
        """Whether a trade in it gives one currency for another, and leaves no position."""
        return self.security_type == "CASH"

    @property
    def bought_currency(self) -> str:
        """Of a currency pair EUR.USD: the one that its quantity counts."""
        return self.symbol.partition(".")[0]
