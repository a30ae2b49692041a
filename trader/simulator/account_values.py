"""The rows of the account download, under the names that IB gives them.

Money is rounded to cents here and nowhere else. Three kinds of rows: about the account (once), margin figures (for the
account, for the securities segment `-S` and for the empty commodities segment `-C`), and ledger rows (per currency, and
their total under `BASE`, which must never be added to them).
To provide another tag, add it to the tuple or mapping of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

from trader.simulator.account import Account
from trader.simulator.contracts import BASE_CURRENCY, CENT
from trader.simulator.figures import Figures
from trader.simulator.lots import CONTEXT, ZERO, plain
from trader.simulator.market import Market
from trader.simulator.sessions import next_session

BASE = "BASE"  # the currency under which ledger rows show their total
CASH_PER_MARGIN = 2  # buying power: stock for which the available funds are the initial margin
DAY_TRADES_UNLIMITED = "-1"
IN_ACCOUNT_ROWS = frozenset({"AccruedCash", "AccruedDividend"})  # which say these in the base currency
NO_VALUES = Figures(ZERO, ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class AccountValue:
    """One row of the account download."""

    tag: str
    value: str  # as it goes on the wire
    currency: str  # '' where the tag has none


def account_values(account: Account, market: Market, at: datetime) -> list[AccountValue]:
    """Return every row, sorted by tag as IB sends them."""
    with localcontext(CONTEXT):
        figures = account.figures(market, at)
        rows = [
            *_descriptions(account, figures, at),
            *_segments(figures),
            *_ledger(account, figures, market, at),
        ]
    return sorted(rows, key=lambda row: (row.tag, row.currency))


def _descriptions(account: Account, figures: Figures, at: datetime) -> Iterator[AccountValue]:
    excess = figures.equity - figures.maintenance
    texts = {
        "AccountCode": account.number,
        "AccountReady": "true",
        "AccountType": "INDIVIDUAL",
        "Cushion": _share(excess, figures.equity, "0.000001"),
        "DayTradesRemaining": DAY_TRADES_UNLIMITED,
        "Leverage-S": _share(figures.gross, figures.equity, "0.01"),
        "LookAheadNextChange": str(int(next_session(at).close.timestamp())),
        "NLVAndMarginInReview": "false",
    }
    return (AccountValue(tag, text, "") for tag, text in texts.items())


def _segments(figures: Figures) -> Iterator[AccountValue]:
    for tag, amount in _margins(figures).items():
        yield AccountValue(tag, _cents(amount), BASE_CURRENCY)
        yield AccountValue(f"{tag}-S", _cents(amount), BASE_CURRENCY)
        yield AccountValue(f"{tag}-C", _cents(ZERO), BASE_CURRENCY)
    yield AccountValue("BuyingPower", _cents(_buying_power(figures)), BASE_CURRENCY)


def _margins(figures: Figures) -> dict[str, Decimal]:
    requirements = {
        "InitMarginReq": figures.initial,
        "MaintMarginReq": figures.maintenance,
        "AvailableFunds": figures.equity - figures.initial,
        "ExcessLiquidity": figures.equity - figures.maintenance,
    }
    return {
        "NetLiquidation": figures.net_liquidation,
        "EquityWithLoanValue": figures.equity,
        "PreviousDayEquityWithLoanValue": figures.equity,
        "TotalCashValue": figures.cash + figures.variation,
        "SettledCash": figures.cash,
        "AccruedCash": figures.interest,
        "AccruedDividend": figures.dividends,
        "GrossPositionValue": figures.gross,
        "RegTEquity": figures.equity,
        "RegTMargin": figures.initial,
        "SMA": max(figures.equity - figures.initial, ZERO),
        **requirements,
        **{f"Full{tag}": amount for tag, amount in requirements.items()},
        **{f"LookAhead{tag}": amount for tag, amount in requirements.items()},
    }


def _ledger(account: Account, figures: Figures, market: Market, at: datetime) -> Iterator[AccountValue]:
    """Yield a total under BASE, and a row for every currency: all but cash and interest is in the base currency."""
    total = _ledger_amounts(figures, figures.cash, figures.interest)
    total["RealizedPnL"] = account.realised_today(at)
    total["UnrealizedPnL"] = sum((row.unrealised for row in account.portfolio(market, at)), ZERO)
    yield from _ledger_row(BASE, total, Decimal(1))
    for currency, cash in account.balances.items():
        accrued = sum((amount for (each, _), amount in account.interest_accrued.items() if each == currency), ZERO)
        if currency == BASE_CURRENCY:
            amounts = total | _ledger_amounts(figures, cash, accrued)
        else:
            amounts = dict.fromkeys(total, ZERO) | _ledger_amounts(NO_VALUES, cash, accrued)
        told = {tag: amount for tag, amount in amounts.items() if tag not in IN_ACCOUNT_ROWS}
        yield from _ledger_row(currency, told, market.rate(currency, at))


def _ledger_amounts(figures: Figures, cash: Decimal, interest: Decimal) -> dict[str, Decimal]:
    """Return what cash and values bring; cash is told with what futures have gained since they were settled."""
    values = figures.stocks + figures.options + figures.variation + figures.dividends
    return {
        "CashBalance": cash + figures.variation,
        "TotalCashBalance": cash + figures.variation,
        "NetLiquidationByCurrency": cash + interest + values,
        "StockMarketValue": figures.stocks,
        "FuturesPNL": figures.variation,
        "FutureOptionValue": ZERO,
        "OptionMarketValue": figures.options,
        "FxCashBalance": ZERO,
        "AccruedCash": interest,
        "AccruedDividend": figures.dividends,
    }


def _ledger_row(currency: str, amounts: dict[str, Decimal], rate: Decimal) -> Iterator[AccountValue]:
    for tag, amount in amounts.items():
        yield AccountValue(tag, _cents(amount), currency)
    yield AccountValue("ExchangeRate", "1.00" if rate == 1 else plain(rate), currency)
    yield AccountValue("Currency", currency, currency)
    yield AccountValue("RealCurrency", currency, currency)


def _buying_power(figures: Figures) -> Decimal:
    return max(figures.equity - figures.initial, ZERO) * CASH_PER_MARGIN


def _share(part: Decimal, whole: Decimal, places: str) -> str:
    return str((part / whole if whole > 0 else ZERO).quantize(Decimal(places)))


def _cents(amount: Decimal) -> str:
    rounded = amount.quantize(CENT)
    return str(rounded if rounded else abs(rounded))
