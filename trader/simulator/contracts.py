"""What is traded here, how it is found in a file, and how a trade in it moves money.

Every ticker of the bars is a stock in dollars, unless `contracts.csv` beside the bars says otherwise, a row a ticker:

    ticker,type,symbol,exchange,multiplier,expiry,strike,right,underlying,tick,lot,commission currency,name
    EUR.USD,CASH,,IDEALPRO,,,,,,0.00005,,EUR,European Monetary Union Euro
    ESH5,FUT,ES,CME,50,2005-03-18,,,,0.25,,,E-mini S&P 500
    ACME C50,OPT,ACME,CBOE,100,2005-03-18,50,C,ACME,0.05,,,ACME 18MAR05 50 C
    PENNY,STK,,,,,,,,0.0001 0.01@1 0.05@40,100,,

Columns may be missing or empty; others are refused. Of a currency pair the ticker names what is bought and what pays. A
tick may change with the price: from 1 on a hundredth counts, from 40 on a twentieth. A lot is what orders are multiples
of.
All else trades in dollars. To allow another type: its commission in `commissions.py`, its margin in `margin.py`, its
end in `expiry.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from pathlib import Path
from typing import Any

FILE_NAME = "contracts.csv"
COLUMNS = (
    *("ticker", "type", "symbol", "exchange", "multiplier", "expiry", "strike", "right", "underlying", "tick"),
    *("lot", "commission currency", "name"),
)
BASE_CURRENCY = "USD"  # of the one account
CENT = Decimal("0.01")
BEYOND = "beyond"  # under which what stands right of the last column is read
TYPES = ("STK", "OPT", "FUT", "CASH")
CON_IDS = {"AAPL": 265598, "MSFT": 272093, "IBM": 8314, "GOOG": 208813719, "FB": 107113386, "KO": 8894}
CON_ID_MIN, CON_ID_MAX = 10**8, 2 * 10**9
LONG_NAMES = {
    "AAPL": "APPLE INC",
    "MSFT": "MICROSOFT CORP",
    "IBM": "INTL BUSINESS MACHINES CORP",
    "GOOG": "GOOGLE INC-CL A",
    "FB": "FACEBOOK INC-A",
    "KO": "COCA-COLA CO/THE",
}
ON_NYSE = frozenset({"IBM", "KO"})
EXCHANGES = {"FUT": "CME", "CASH": "IDEALPRO", "OPT": "CBOE"}
MULTIPLIERS = {"OPT": Decimal(100)}
MONTH_CODES = "FGHJKMNQUVXZ"


class ContractsError(ValueError):
    """A file of contracts that cannot be read; says where, what was expected and what was found."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A listed contract; a stock unless its type says otherwise."""

    con_id: int
    symbol: str  # of a currency pair what is bought, of an option and a future what it is written on
    currency: str = BASE_CURRENCY
    exchange: str = "SMART"
    primary_exchange: str = "NASDAQ"  # NASDAQ | NYSE
    long_name: str = ""
    min_tick: Decimal = CENT
    security_type: str = "STK"  # one of TYPES
    multiplier: Decimal = Decimal(1)
    expiry: date | None = None
    strike: Decimal | None = None
    right: str = ""  # C | P
    underlying: str = ""  # its ticker
    local_symbol: str = ""
    commission_currency: str = BASE_CURRENCY
    ticker: str = ""  # what its bars are called, if not like its symbol
    bands: tuple[tuple[Decimal, Decimal], ...] = ()  # from which price on which tick counts; none: one for all
    lot: Decimal = Decimal(1)  # orders are multiples of it

    @property
    def name(self) -> str:
        """Say what its bars and the control port call it."""
        return self.ticker or self.symbol

    @property
    def ticks(self) -> tuple[tuple[Decimal, Decimal], ...]:
        """From which price on which tick counts, rising."""
        return self.bands or ((Decimal(0), self.min_tick),)

    def tick_at(self, price: Decimal) -> Decimal:
        """Return the tick that counts at a price."""
        return [tick for start, tick in self.ticks if start <= price][-1]

    @property
    def is_settled_daily(self) -> bool:
        """Whether its gains go into cash every evening, so that its price never does."""
        return self.security_type == "FUT"

    @property
    def is_currency(self) -> bool:
        """Whether a trade in it gives one currency for another, and leaves no position."""
        return self.security_type == "CASH"


def stock(ticker: str) -> Contract:
    """Return the contract of a ticker that nothing more is known about."""
    primary = "NYSE" if ticker in ON_NYSE else "NASDAQ"
    long_name = LONG_NAMES.get(ticker, ticker)
    return Contract(stable_con_id(ticker), ticker, primary_exchange=primary, long_name=long_name)


def stable_con_id(symbol: str) -> int:
    """Return the conId of a symbol: IB's own where we know it, else one that the symbol alone decides."""
    digest = int.from_bytes(sha256(symbol.encode()).digest()[:8])
    return CON_IDS.get(symbol) or CON_ID_MIN + digest % (CON_ID_MAX - CON_ID_MIN)


def read_contracts(folder: Path) -> dict[str, Contract]:
    """Read the contracts that a folder of bars describes, by ticker; none if it has no such file."""
    path = folder / FILE_NAME
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file, fieldnames=_columns(next(csv.reader(file), [])), restkey=BEYOND)
        rows = list(table)
    found: dict[str, Contract] = {}
    for line, row in enumerate(rows, start=2):
        try:
            if BEYOND in row:
                raise ValueError(f"expected at most a value a column, found {row[BEYOND]} beyond")
            contract = contract_of_row({name: (text or "").strip() for name, text in row.items()})
            if contract.name in found:
                raise ValueError(f"{contract.name}: expected one row of it, found another")
        except (ValueError, InvalidOperation) as error:
            raise ContractsError(f"{FILE_NAME}: line {line}: {_words(error)}") from error
        found[contract.name] = contract
    return found


def _columns(header: list[str]) -> list[str]:
    names = [name.strip().lower() for name in header]
    if unknown := [name for name in names if name not in COLUMNS or names.count(name) > 1]:
        raise ContractsError(
            f"{FILE_NAME}: line 1: expected columns of {', '.join(COLUMNS)}, each once; found {unknown}"
        )
    return names


def contract_of_row(given: Mapping[str, str]) -> Contract:
    """Return the contract of one row."""
    ticker, kind = given.get("ticker", ""), given.get("type", "") or "STK"
    if not ticker or kind not in TYPES:
        raise ValueError(f"expected a ticker and a type of {', '.join(TYPES)}; found {ticker!r} and {kind!r}")
    bands = _ticks(given.get("tick", ""))
    if kind == "STK":
        return replace(stock(ticker), **_terms_of_orders(given, bands))
    symbol, currency = given.get("symbol", "") or ticker, BASE_CURRENCY
    if kind == "CASH":
        symbol, _, currency = ticker.partition(".")
        if len(symbol) != 3 or len(currency) != 3:
            raise ValueError(f"expected a pair like EUR.USD, found {ticker!r}")
    expiry = date.fromisoformat(given["expiry"]) if given.get("expiry") else None
    strike = _positive(given, "strike")
    _require_terms(kind, ticker, expiry, strike, given)
    exchange = given.get("exchange", "") or EXCHANGES[kind]
    return Contract(
        con_id=stable_con_id(ticker),
        symbol=symbol,
        currency=currency,
        exchange="SMART" if kind == "OPT" else exchange,
        primary_exchange=exchange,
        long_name=given.get("name", "") or ticker,
        security_type=kind,
        multiplier=_positive(given, "multiplier") or MULTIPLIERS.get(kind, Decimal(1)),
        expiry=expiry,
        strike=strike,
        right=given.get("right", ""),
        underlying=given.get("underlying", ""),
        local_symbol=_local_symbol(kind, ticker, symbol, expiry, strike, given.get("right", "")),
        commission_currency=given.get("commission currency", "") or BASE_CURRENCY,
        ticker=ticker,
        **_terms_of_orders(given, bands),
    )


def _terms_of_orders(given: Mapping[str, str], bands: tuple[tuple[Decimal, Decimal], ...]) -> dict[str, Any]:
    """Return in what steps it is priced and ordered."""
    least = min((tick for _, tick in bands), default=CENT)
    lot = _positive(given, "lot") or Decimal(1)
    return {"min_tick": least, "bands": bands if len(bands) > 1 else (), "lot": lot}


def _ticks(text: str) -> tuple[tuple[Decimal, Decimal], ...]:
    """Read a tick, or several with the prices from which they count: `0.0001 0.01@1`."""
    rows = [part.partition("@") for part in text.split()]
    bands = tuple((Decimal(start or 0), Decimal(tick)) for tick, _, start in rows)
    sound = all(tick.is_finite() and tick > 0 and start.is_finite() for start, tick in bands)
    starts = [start for start, _ in bands]
    if bands and (not sound or starts[0] != 0 or starts != sorted(set(starts))):
        raise ValueError(f"tick: expected a positive number, or several with rising prices, found {text}")
    return bands


def _positive(given: Mapping[str, str], column: str) -> Decimal | None:
    if not given.get(column):
        return None
    number = Decimal(given[column])
    if not (number.is_finite() and number > 0):
        raise ValueError(f"{column}: expected a positive number, found {given[column]}")
    return number


def _require_terms(
    kind: str, ticker: str, expiry: date | None, strike: Decimal | None, given: Mapping[str, str]
) -> None:
    if kind in ("FUT", "OPT") and expiry is None:
        raise ValueError(f"{ticker}: expected an expiry, found none")
    if kind == "OPT" and (strike is None or given.get("right") not in ("C", "P") or not given.get("underlying")):
        raise ValueError(f"{ticker}: expected a strike, a right (C or P) and an underlying, found one of them missing")


def _local_symbol(kind: str, ticker: str, symbol: str, expiry: date | None, strike: Decimal | None, right: str) -> str:
    if kind == "FUT" and expiry is not None:
        return f"{symbol}{MONTH_CODES[expiry.month - 1]}{expiry.year % 10}"
    if kind == "OPT" and expiry is not None and strike is not None:
        return f"{symbol:<6}{expiry:%y%m%d}{right}{int(strike * 1000):08d}"
    return ticker


def _words(error: ValueError | InvalidOperation) -> str:
    return "expected a number" if isinstance(error, InvalidOperation) else str(error)
