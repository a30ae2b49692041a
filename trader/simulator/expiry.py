"""The last day of options and futures, at its close.

An option in the money by a cent or more is exercised if it is held, and assigned if it was sold: its premium goes into
the price of the shares, and it realises nothing itself. Any other expires without value. A future is closed at its last
price, which the evening settles into cash. None of this is an execution on the wire: positions just change.
To end another type: a row in `ENDINGS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from trader.simulator.account import Account, mark_of
from trader.simulator.contracts import CENT, Contract
from trader.simulator.market import Market

Ending = Callable[[Market, Account, Contract, datetime], list[int]]


def expire(market: Market, account: Account, day: date, now: datetime) -> list[int]:
    """End what is held and expires on this day; return the contracts whose position has changed."""
    changed: list[int] = []
    for con_id in account.held():
        contract = market.known(con_id)
        if contract.expiry == day:
            changed += ENDINGS[contract.security_type](market, account, contract, now)
    return changed


def _option(market: Market, account: Account, option: Contract, now: datetime) -> list[int]:
    underlying = market.contract_of(option.underlying)
    if underlying is None or option.strike is None:
        raise LookupError(f"{option.name}: expected an underlying and a strike, found none")
    worth = mark_of(market, underlying.con_id, now) - option.strike
    if (worth if option.right == "C" else -worth) < CENT:
        return _close(account, option, Decimal(0), now)
    notes = "Ex" if account.quantity(option.con_id) > 0 else "A"
    account.deliver(option, underlying, notes, now)
    return [option.con_id, underlying.con_id]


def _future(market: Market, account: Account, future: Contract, now: datetime) -> list[int]:
    return _close(account, future, mark_of(market, future.con_id, now), now)


def _close(account: Account, contract: Contract, price: Decimal, now: datetime) -> list[int]:
    held = account.quantity(contract.con_id)
    account.trade(contract.con_id, -held, price, Decimal(0), now, contract=contract, kind="BookTrade", notes="Ep")
    return [contract.con_id]


ENDINGS: Mapping[str, Ending] = {"OPT": _option, "FUT": _future}
