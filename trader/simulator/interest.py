"""What cash brings or costs, and what borrowed shares cost: by the day, at yearly rates, 360 days a year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, localcontext

from trader.simulator.account import Account, mark_of
from trader.simulator.contracts import BASE_CURRENCY
from trader.simulator.lots import CONTEXT, SMALLEST_SHARE, ZERO
from trader.simulator.market import Market
from trader.simulator.terms import Terms

DAYS_A_YEAR = 360


def interest_of(
    account: Account, market: Market, terms: Terms, days: int, now: datetime
) -> Iterator[tuple[str, str, Decimal]]:
    """Yield currency, name and amount, + to be received, of what accrues in so many days."""
    with localcontext(CONTEXT):
        share = Decimal(days) / DAYS_A_YEAR
        for currency, balance in account.balances.items():
            name, rate = ("CREDIT INT", terms.credit_rate) if balance > 0 else ("DEBIT INT", terms.debit_rate)
            if amount := (balance * rate * share).quantize(SMALLEST_SHARE):
                yield currency, name, amount
        borrowed = ZERO
        for con_id in account.held():
            quantity = account.quantity(con_id)
            if quantity < 0 and market.known(con_id).security_type == "STK":
                borrowed += quantity * mark_of(market, con_id, now)
        if amount := (borrowed * terms.borrow_rate * share).quantize(SMALLEST_SHARE):
            yield BASE_CURRENCY, "BORROW FEES", amount
