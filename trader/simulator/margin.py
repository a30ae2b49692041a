"""What an order would do to the margin, and whether the account can carry it.

Only positions count: other working orders reserve nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, localcontext

from trader.simulator.account import Account
from trader.simulator.commissions import commission_of
from trader.simulator.figures import FUTURES_INITIAL, FUTURES_MAINTENANCE, INITIAL_MARGIN, MAINTENANCE_MARGIN
from trader.simulator.lots import CONTEXT
from trader.simulator.market import Market
from trader.simulator.orders import SIGN_OF_ACTION, OrderRequest, Preview, Rejected

SHARES: Mapping[str, tuple[Decimal, Decimal]] = {  # of the value, initial and maintenance, by type
    "STK": (INITIAL_MARGIN, MAINTENANCE_MARGIN),
    "OPT": (INITIAL_MARGIN, MAINTENANCE_MARGIN),
    "FUT": (FUTURES_INITIAL, FUTURES_MAINTENANCE),
    "CASH": (Decimal(0), Decimal(0)),
}


def preview(request: OrderRequest, quantity: Decimal, account: Account, market: Market, at: datetime) -> Preview:
    """Return the margin before and after `quantity` of the request has filled, positions valued at their marks."""
    mark = market.mark(request.con_id, at)
    if mark is None:
        raise Rejected(201, f"Order rejected - reason:contract {request.con_id} has not traded yet")
    with localcontext(CONTEXT):
        before, contract = account.figures(market, at), market.known(request.con_id)
        held = account.quantity(request.con_id)
        grown = abs(held + quantity * SIGN_OF_ACTION[request.action]) - abs(held)
        initial, maintenance = SHARES[contract.security_type]
        change = grown * mark * contract.multiplier
        commission = commission_of(quantity, quantity * (request.limit_price or mark), contract)
        in_base = commission * market.rate(contract.commission_currency, at)
        return Preview(
            initial_before=before.initial,
            maintenance_before=before.maintenance,
            equity_before=before.equity,
            initial_change=change * initial,
            maintenance_change=change * maintenance,
            equity_change=-in_base,
            initial_after=before.initial + change * initial,
            maintenance_after=before.maintenance + change * maintenance,
            equity_after=before.equity - in_base,
            commission=commission,
            currency=contract.commission_currency,
        )


def check_margin(shown: Preview) -> None:
    """Raise Rejected if the order asks for more margin than there is equity; what frees margin is always welcome."""
    if shown.initial_change > 0 and shown.initial_after > shown.equity_after:
        raise Rejected(
            201,
            "Order rejected - reason:YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY "
            f"WITH LOAN VALUE [{shown.equity_after:.2f} USD] MUST EXCEED THE INITIAL MARGIN "
            f"[{shown.initial_after:.2f} USD]",
        )
