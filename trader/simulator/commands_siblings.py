"""The command of the control port that puts other accounts behind the login.

To give them more: an argument of `sibling`, its use there, and the argument of `control.Control.sibling`.
"""

from __future__ import annotations

from decimal import Decimal

from trader.simulator.contracts import Contract
from trader.simulator.desk import Answer, Arguments, Command, CommandError, Desk
from trader.simulator.lots import ZERO
from trader.simulator.orders import Order, OrderRequest

CLIENT = 98  # whoever trades for them
FIRST_PERM_ID = 1_900_000_000


def sibling(desk: Desk, arguments: Arguments) -> Answer:
    """Put another account behind the login, or let it hold something, or with a limit order it."""
    number, cash = arguments.text("account"), arguments.decimal("cash", ZERO)
    symbol, quantity = arguments.optional_text("symbol"), arguments.decimal("quantity", ZERO)
    price, limit = arguments.optional_decimal("price"), arguments.optional_decimal("limit")
    ref = arguments.text("order_ref", "")
    arguments.end()
    gateway = desk.gateway
    if number == gateway.exchange.account.number:
        raise CommandError(f"account should be another one, found {number}")
    contract = None if symbol is None else gateway.exchange.market.contract_of(symbol)
    if symbol is not None and (contract is None or not quantity or (price is None) == (limit is None)):
        raise CommandError("expected a symbol that is listed, a quantity, and either a price or a limit")
    other = gateway.admit(number, cash)
    if contract is not None and price is not None:
        other.account.trade(contract.con_id, quantity, price, ZERO, gateway.exchange.now, contract=contract)
    elif contract is not None and limit is not None:
        other.orders.append(_order(desk, number, contract, quantity, limit, ref))
    return {}


def _order(desk: Desk, number: str, contract: Contract, quantity: Decimal, limit: Decimal, ref: str) -> Order:
    gateway = desk.gateway
    taken = sum(len(other.orders) for other in gateway.siblings.values())
    action = "BUY" if quantity > 0 else "SELL"
    request = OrderRequest(CLIENT, taken + 1, contract.con_id, number, action, abs(quantity), "LMT", limit, "DAY", ref)
    return Order(request, FIRST_PERM_ID + taken, "Submitted", gateway.exchange.now)


SIBLING_COMMANDS: tuple[tuple[str, Command], ...] = (("sibling", sibling),)
