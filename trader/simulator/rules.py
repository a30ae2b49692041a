"""What the venue refuses, with the code and the text that a client receives.

A rule looks at a request and raises `Rejected`. To add one: write it, add it to `RULES`, test both sides of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from trader.simulator.contracts import Contract
from trader.simulator.orders import SIGN_OF_ACTION, Order, OrderRequest, Rejected
from trader.simulator.sessions import DAY, next_session, session_after

ADAPTIVE = "Adaptive"
CLOSING_CUTOFF = timedelta(minutes=10)  # before the close: from then on the auction takes no order


def check_request(request: OrderRequest, contract: Contract | None, account: str) -> None:
    """Raise Rejected for the first rule that the request breaks."""
    if contract is None:
        raise Rejected(200, "No security definition has been found for the request")
    if request.account != account:
        raise _invalid(f"The account code is invalid: {request.account!r}, expected {account!r}")
    for rule in RULES:
        rule(request, contract)


def check_time(request: OrderRequest, contract: Contract, now: datetime) -> None:
    """Raise Rejected for what comes too late: for the contract, or for the auction at the close."""
    if contract.expiry is not None and session_after(contract.expiry - DAY).close <= now:
        raise _rejected(f"{contract.name} has expired on {contract.expiry}")
    cutoff = next_session(now).close - CLOSING_CUTOFF
    if request.order_type == "MOC" and now >= cutoff:
        raise _rejected(f"an order at the close must be entered before {cutoff:%H:%M:%S} UTC")


def check_change(order: Order, request: OrderRequest, contract: Contract | None, account: str) -> None:
    """Raise Rejected unless only the quantity or the price of an order that is still working changes."""
    if not order.is_open:
        raise Rejected(104, "Cannot modify a filled order.")
    same = replace(request, quantity=order.request.quantity, limit_price=order.request.limit_price)
    if same != order.request:
        raise Rejected(105, "Order being modified does not match original order.")
    check_request(request, contract, account)
    if request.quantity <= order.filled:
        raise _rejected(f"The new quantity {request.quantity} does not exceed the {order.filled} already filled")


def _transmitted_order(request: OrderRequest, contract: Contract) -> None:
    if not request.transmit:
        raise _invalid("This venue keeps no orders that are not transmitted")
    if request.action not in SIGN_OF_ACTION:
        raise _invalid(f"Invalid side: {request.action!r}, expected BUY or SELL")
    if request.order_type not in ("LMT", "MKT", "MOC"):
        raise Rejected(387, "Unsupported order type for this exchange and security type.")
    if request.tif not in ("DAY", "GTC"):
        raise _invalid(f"Invalid time in force:{request.tif}, expected DAY or GTC")
    if request.order_type == "MOC" and (request.tif != "DAY" or request.algo):
        raise _invalid(f"An order at the close is a plain DAY order, found {request.tif} {request.algo}".rstrip())
    if request.algo and contract.security_type != "STK":
        raise _rejected(f"{contract.name}: algorithms are for stocks here")


def _whole_shares(request: OrderRequest, contract: Contract) -> None:
    quantity = request.quantity
    if not quantity.is_finite() or quantity < 0:
        raise _invalid(f"Order size does not conform to market rule: {quantity} of {contract.symbol}")
    if quantity == 0:
        raise Rejected(434, "The order size cannot be zero.")
    if quantity != quantity.to_integral_value():
        raise Rejected(10243, "Fractional-sized order cannot be placed via API.")
    if quantity % contract.lot:
        raise Rejected(388, f"Order size {quantity} is smaller than, or no multiple of, {contract.lot} units.")


def _price_on_tick(request: OrderRequest, contract: Contract) -> None:
    price = request.limit_price
    if request.order_type != "LMT":
        return
    if price is None or not price.is_finite():
        raise _invalid("Missing or invalid limit price")
    if price <= 0 or price % contract.tick_at(price) != Decimal(0):
        raise Rejected(110, "The price does not conform to the minimum price variation for this contract.")


def _known_algorithm(request: OrderRequest, contract: Contract) -> None:
    if request.algo == "":
        return
    if request.algo != ADAPTIVE:
        raise Rejected(439, f"The order processing failed. Algorithm definition not found: {request.algo}")
    if request.algo_priority not in ("Urgent", "Normal", "Patient"):
        raise Rejected(
            441, f"Algo attributes validation failed: {contract.symbol}: adaptivePriority {request.algo_priority!r}"
        )
    if request.tif != "DAY":
        raise Rejected(441, f"Algo attributes validation failed: {contract.symbol}: {ADAPTIVE} is for DAY orders")


RULES: tuple[Callable[[OrderRequest, Contract], None], ...] = (
    _transmitted_order,
    _whole_shares,
    _price_on_tick,
    _known_algorithm,
)


def _rejected(reason: str) -> Rejected:
    return Rejected(201, f"Order rejected - reason:{reason}")


def _invalid(cause: str) -> Rejected:
    return Rejected(321, f"Error validating request.-'placeOrder' : cause - {cause}")
