"""Commands of the control port for what happens to an account without its client: corrections, actions, transfers.

A client hears of a correction as of any execution; of a bust, an action, a delivery and a transfer it sees only that
cash and positions have changed. To add one: the function, its row in `INJECTION_COMMANDS`, and a method of
`control.Control`.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from trader.simulator.account import mark_of
from trader.simulator.bookings import TradeBooked
from trader.simulator.contracts import Contract
from trader.simulator.desk import Answer, Arguments, Command, CommandError, Desk
from trader.simulator.happenings import AccountChanged, PositionChanged
from trader.simulator.lots import ZERO
from trader.simulator.reorganising import merge, rename, reverse_split, spin_off, stock_dividend, transfer

ACTIONS = frozenset({"stock-dividend", "spin-off", "merge", "rename", "reverse-split"})


async def restate(desk: Desk, arguments: Arguments) -> Answer:
    """Correct an execution, or bust it where neither a quantity nor a price is given."""
    exec_id = arguments.text("exec_id", "") or _last_execution(desk)
    quantity, price = arguments.optional_decimal("quantity"), arguments.optional_decimal("price")
    arguments.end()
    if any(number is not None and number <= 0 for number in (quantity, price)):
        raise CommandError(f"quantity and price should be above zero, found {quantity} and {price}")
    desk.gateway.exchange.restate(exec_id, quantity=quantity, price=price)
    return await _told(desk)


def _last_execution(desk: Desk) -> str:
    booked = (each for each in reversed(desk.gateway.exchange.account.bookings) if isinstance(each, TradeBooked))
    execution = next((each.execution for each in booked if each.execution is not None), None)
    if execution is None:
        raise CommandError("exec_id is missing, and nothing was traded so far")
    return execution.exec_id


async def action(desk: Desk, arguments: Arguments) -> Answer:
    """Apply a corporate action to all units of a contract, at once."""
    kind, contract = arguments.one_of("kind", ACTIONS), _contract(desk, arguments.text("symbol"))
    into, cash = arguments.optional_text("into"), arguments.decimal("cash", ZERO)
    ratio = _ratio(arguments.text("ratio", "1:1"))
    arguments.end()
    account, now = desk.gateway.exchange.account, desk.gateway.exchange.now
    other = None if into is None else _contract(desk, into)
    if not account.quantity(contract.con_id):
        raise CommandError(f"symbol should be of something that is held, found {contract.name}")
    if kind == "stock-dividend":
        stock_dividend(account, contract, ratio, now)
    elif kind == "merge":
        merge(account, contract, now, cash=cash, new=other, ratio=ratio)
    elif other is None:
        raise CommandError("into is missing: the contract whose units are given")
    elif kind == "spin-off":
        spin_off(account, contract, other, ratio, now)
    elif kind == "reverse-split":
        exchange = desk.gateway.exchange
        reverse_split(account, contract, other, ratio, mark_of(exchange.market, other.con_id, now), now)
    else:
        rename(account, contract, other, now)
    return await _told(desk, contract, *([] if other is None else [other]))


async def deliver(desk: Desk, arguments: Arguments) -> Answer:
    """Exercise all units of an option that is held, or let it be assigned if it was sold, before its last day."""
    option = _contract(desk, arguments.text("symbol"))
    arguments.end()
    held = desk.gateway.exchange.account.quantity(option.con_id)
    if option.security_type != "OPT" or not held:
        raise CommandError(f"symbol should be an option that is held, found {option.name}")
    underlying = _contract(desk, option.underlying)
    exchange = desk.gateway.exchange
    exchange.account.deliver(option, underlying, "Ex" if held > 0 else "A", exchange.now)
    return await _told(desk, option, underlying)


async def move_units(desk: Desk, arguments: Arguments) -> Answer:
    """Bring units in from another broker at a price, or send them there (-)."""
    contract = _contract(desk, arguments.text("symbol"))
    quantity, price = arguments.decimal("quantity"), arguments.decimal("price")
    arguments.end()
    if not quantity or price <= 0:
        raise CommandError(f"quantity should not be zero, and price above it; found {quantity} and {price}")
    exchange = desk.gateway.exchange
    transfer(exchange.account, contract, quantity, price, exchange.now)
    return await _told(desk, contract)


def _contract(desk: Desk, symbol: str) -> Contract:
    contract = desk.gateway.exchange.market.contract_of(symbol)
    if contract is None:
        raise CommandError(f"symbol should be one that is listed here, found {symbol!r}")
    return contract


def _ratio(text: str) -> Fraction:
    new, _, old = text.partition(":")
    if not (new.isdecimal() and old.isdecimal() and int(new) and int(old)):
        raise CommandError(f"ratio should be like 3:2, three units for two; found {text!r}")
    return Fraction(int(new), int(old))


async def _told(desk: Desk, *contracts: Contract) -> Answer:
    """Tell whoever follows them that positions and the account have changed."""
    exchange = desk.gateway.exchange
    for listener in [*exchange.listen]:
        for contract in contracts:
            listener(PositionChanged(exchange.now, exchange.account.position(contract.con_id)))
        listener(AccountChanged(exchange.now))
    desk.gateway.settle()
    await desk.gateway.drain()
    held = {contract.name: str(exchange.account.quantity(contract.con_id) + Decimal(0)) for contract in contracts}
    return {"positions": held}


INJECTION_COMMANDS: tuple[tuple[str, Command], ...] = (
    ("restate", restate),
    ("action", action),
    ("deliver", deliver),
    ("transfer", move_units),
)
