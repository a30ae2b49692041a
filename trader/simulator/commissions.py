"""What an order costs: cumulative over its fills, so that every fill is charged the difference.

To charge for another type of contract: a row in `SCHEDULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext

from trader.simulator.contracts import Contract
from trader.simulator.lots import CONTEXT, SMALLEST_SHARE, plain

PER_SHARE, PER_OPTION, PER_FUTURE = Decimal("0.005"), Decimal("0.65"), Decimal("2.25")
SHARE_OF_CURRENCY = Decimal("0.00002")
MIN, CURRENCY_MIN = Decimal("1.00"), Decimal("2.00")
SHARE_OF_VALUE_MAX = Decimal("0.01")


def commission_of(shares: Decimal, value: Decimal, contract: Contract | None = None) -> Decimal:
    """Return the commission, in its currency, of an order that has traded so much at so many prices x quantity."""
    kind = contract.security_type if contract else "STK"
    with localcontext(CONTEXT):
        if contract and contract.is_currency:
            value = shares if contract.commission_currency == contract.symbol else value
        return Decimal(plain(SCHEDULES[kind](shares, value).quantize(SMALLEST_SHARE)))


def _stock(shares: Decimal, value: Decimal) -> Decimal:
    return min(max(PER_SHARE * shares, MIN), SHARE_OF_VALUE_MAX * value)


def _option(contracts: Decimal, _: Decimal) -> Decimal:
    return max(PER_OPTION * contracts, MIN)


def _future(contracts: Decimal, _: Decimal) -> Decimal:
    return PER_FUTURE * contracts


def _currency(_: Decimal, value: Decimal) -> Decimal:
    return max(SHARE_OF_CURRENCY * value, CURRENCY_MIN)


SCHEDULES: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "STK": _stock,
    "OPT": _option,
    "FUT": _future,
    "CASH": _currency,
}
