"""Commands of the control port that concern time and the venue: trades, cash, orders, how orders fill.

To add one: the function, its row in `VENUE_COMMANDS`, and a method of `control.Control`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from trader.simulator.answers_orders import place_foreign
from trader.simulator.bookings import PAYMENT, CashLabel
from trader.simulator.contracts import Contract
from trader.simulator.desk import Answer, Arguments, Command, CommandError, Desk
from trader.simulator.orders import Order, OrderRequest
from trader.simulator.statement_lines import CASH_LINES

FOREIGN_CLIENT = 99


def now(desk: Desk, arguments: Arguments) -> Answer:
    """Tell the simulated time."""
    arguments.end()
    return _time(desk)


async def advance(desk: Desk, arguments: Arguments) -> Answer:
    """Move time; answer when everything that it caused is written to the clients."""
    to, seconds = arguments.optional_text("to"), arguments.optional_decimal("seconds")
    arguments.end()
    if (to is None) == (seconds is None):
        raise CommandError("either to (a moment) or seconds should be given")
    try:
        if seconds is not None:
            moment = desk.gateway.exchange.now + timedelta(microseconds=int(seconds * 1_000_000))
        else:
            moment = _moment(str(to))
        await desk.gateway.advance(moment)
    except (ValueError, OverflowError) as error:
        raise CommandError(str(error)) from error
    return _time(desk)


def _moment(text: str) -> datetime:
    """Read a moment; without a zone it would be this machine's time, which nobody means."""
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise CommandError(f"to should have a zone, like 2005-03-01T14:35:00+00:00; found {text!r}")
    return moment.astimezone(UTC)


def _time(desk: Desk) -> Answer:
    return {"now": desk.gateway.exchange.now.isoformat()}


async def trade(desk: Desk, arguments: Arguments) -> Answer:
    """Trade by hand, as another client, or as the broker that liquidates."""
    symbol, quantity = arguments.text("symbol"), arguments.decimal("quantity")
    price, client_id = arguments.optional_decimal("price"), arguments.integer("client_id", 0)
    liquidation = arguments.flag("liquidation", False)
    arguments.end()
    execution = desk.gateway.exchange.trade_by_hand(symbol, quantity, price, client_id, liquidation)
    await _settle(desk)
    row = {"exec_id": execution.exec_id, "side": execution.side, "shares": str(execution.shares)}
    return {"execution": {**row, "price": str(execution.price), "time": execution.time.isoformat(), "symbol": symbol}}


async def cash(desk: Desk, arguments: Arguments) -> Answer:
    """Pay money in or out, or move it as another kind of cash, perhaps for a contract."""
    amount, currency = arguments.decimal("amount"), arguments.text("currency", "USD")
    kind = arguments.one_of("kind", frozenset(CASH_LINES), PAYMENT.kind)
    description = arguments.text("description", PAYMENT.description if kind == PAYMENT.kind else kind.upper())
    symbol = arguments.optional_text("symbol")
    arguments.end()
    con_id = None if symbol is None else _contract(desk, symbol).con_id
    desk.gateway.exchange.move_cash(amount, currency, CashLabel(kind, description, con_id))
    await _settle(desk)
    return {}


async def _settle(desk: Desk) -> None:
    desk.gateway.settle()
    await desk.gateway.drain()


def dump(desk: Desk, arguments: Arguments) -> Answer:
    """Show a whole account of the login, exact; the simulator's own where none is named."""
    account = arguments.text("account", "")
    arguments.end()
    return {"account": desk.gateway.venue(account).dump()}


def orders(desk: Desk, arguments: Arguments) -> Answer:
    """List the open orders of all clients."""
    arguments.end()
    return {"orders": [order_row(desk, order) for order in desk.gateway.exchange.open_orders()]}


def order_row(desk: Desk, order: Order) -> Answer:
    """Show one order."""
    request = order.request
    return {
        "client_id": request.client_id,
        "order_id": request.order_id,
        "perm_id": order.perm_id,
        "order_ref": request.order_ref,
        "symbol": desk.gateway.contract(request.con_id).symbol,
        "action": request.action,
        "quantity": str(request.quantity),
        "order_type": request.order_type,
        "limit": None if request.limit_price is None else str(request.limit_price),
        "status": order.status,
        "filled": str(order.filled),
    }


async def foreign_order(desk: Desk, arguments: Arguments) -> Answer:
    """Place an order as another client."""
    contract = _contract(desk, arguments.text("symbol"))
    limit = arguments.optional_decimal("limit")
    request = OrderRequest(
        client_id=arguments.integer("client_id", FOREIGN_CLIENT),
        order_id=arguments.integer("order_id", 0),
        con_id=contract.con_id,
        account=desk.gateway.exchange.account.number,
        action=arguments.text("action"),
        quantity=arguments.decimal("quantity"),
        order_type=arguments.text("type", "MKT" if limit is None else "LMT"),
        limit_price=limit,
        tif=arguments.text("tif", "DAY"),
        order_ref=arguments.text("order_ref", ""),
    )
    arguments.end()
    order = place_foreign(desk.gateway, request)
    await _settle(desk)
    return {"order": order_row(desk, order)}


def last_order(desk: Desk) -> Order:
    """Return the order that a client placed last."""
    if desk.gateway.order_accepted is None:
        raise CommandError("no order was placed so far")
    return desk.gateway.order_accepted


async def double_order(desk: Desk, arguments: Arguments) -> Answer:
    """Let the order that was placed last be there once more, under a permanent id of its own."""
    arguments.end()
    request = last_order(desk).request
    order = place_foreign(desk.gateway, replace(request, order_id=0))
    await _settle(desk)
    return {"order": order_row(desk, order)}


def _contract(desk: Desk, symbol: str) -> Contract:
    market = desk.gateway.exchange.market
    contract = market.contract_of(symbol)
    if contract is None:
        listed = ", ".join(each.name for each in market.contracts)
        raise CommandError(f"symbol should be one of {listed}; found {symbol!r}")
    return contract


def reject(desk: Desk, arguments: Arguments) -> Answer:
    """Let the venue refuse the next new orders."""
    code = arguments.integer("code", 201)
    message = arguments.text("message", "Order rejected - reason:rejected by the simulator")
    symbol, times = arguments.optional_text("symbol"), arguments.integer("times", 1)
    arguments.end()
    if symbol is not None:
        _contract(desk, symbol)
    desk.gateway.exchange.reject_next += [(code, message, symbol)] * times
    return {}


def fill_orders(desk: Desk, arguments: Arguments) -> Answer:
    """Switch filling on or off."""
    desk.gateway.exchange.fill_orders = arguments.flag("on")
    arguments.end()
    return {}


def volume_share(desk: Desk, arguments: Arguments) -> Answer:
    """Limit fills to a share of the volume."""
    share = arguments.decimal("share")
    arguments.end()
    if not 0 <= share <= 1:
        raise CommandError(f"share should be from 0 to 1, found {share}")
    desk.gateway.exchange.volume_share = share
    return {}


def commission_delay(desk: Desk, arguments: Arguments) -> Answer:
    """Let commission reports come later in simulated time."""
    seconds = arguments.decimal("seconds")
    arguments.end()
    if seconds < 0 or seconds != int(seconds):
        raise CommandError(f"seconds should be a whole number from 0, found {seconds}")
    desk.gateway.exchange.commission_delay = timedelta(seconds=int(seconds))
    return {}


VENUE_COMMANDS: tuple[tuple[str, Command], ...] = (
    ("now", now),
    ("advance", advance),
    ("trade", trade),
    ("cash", cash),
    ("dump", dump),
    ("orders", orders),
    ("foreign-order", foreign_order),
    ("double-order", double_order),
    ("reject", reject),
    ("fill-orders", fill_orders),
    ("volume-share", volume_share),
    ("commission-delay", commission_delay),
)
