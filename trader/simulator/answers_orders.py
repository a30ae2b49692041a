"""Answers about orders, executions and what is done.

An order belongs to the client that placed it: only that client modifies or cancels it (reqGlobalCancel aside), and an
order id is good once per client. The venue decides about everything else; its refusals go out as errMsg on the order's
id. To answer another request: the function, and its row in `ORDER_ANSWERS`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from trader.simulator.answers_account import check_account, nothing_more
from trader.simulator.answers_market import one_contract
from trader.simulator.clients import Client
from trader.simulator.contracts import Contract
from trader.simulator.gateway import Answer, Gateway
from trader.simulator.messages_orders import (
    commission_report,
    completed_order,
    completed_orders_end,
    exec_details,
    exec_details_end,
    open_order,
    open_order_end,
    order_status,
    what_if_order,
)
from trader.simulator.orders import SIDE_OF_ACTION, Execution, Order, OrderRequest, Rejected
from trader.simulator.placing import Placement, read_placement
from trader.simulator.wire import UNSET_INTEGER, Fields, MalformedError, parse_time

PREVIEW = "whatIf"  # what traps count a what-if as
READ_ONLY = "Error validating request.-'bh' : cause - The API interface is currently in Read-Only mode."


def place_order(gateway: Gateway, client: Client, fields: Fields) -> str | None:
    """Place a new order, modify an open one, or preview; an order once refused has used up its id."""
    placement = read_placement(fields)
    check_writable(gateway)
    check_terms(gateway, placement)
    contract = one_contract(gateway, placement.contract)
    client_id = client.client_id or 0
    request = placement.request(client_id, contract.con_id, gateway.exchange.account.number)
    known = find_order(gateway, client_id, request.order_id)
    if known is None:
        check_new_id(gateway, request)
    if request.what_if:
        preview = gateway.venue(request.account).what_if(request)
        client.send(what_if_order(request, preview, contract, client.version))
        return PREVIEW
    submit(gateway, request, known)
    return None


def submit(gateway: Gateway, request: OrderRequest, known: Order | None) -> Order:
    """Hand an order, or the modification of a known one, to the venue; a fault may refuse that, or let both live."""
    if known is not None:
        effect, code, text = gateway.faults.changes.pop(0) if gateway.faults.changes else ("", 0, "")
        if effect == "refuse":
            raise Rejected(code, text)
        if effect == "double":
            gateway.order_accepted = gateway.venue(request.account).place(request)
            return gateway.order_accepted
        gateway.venue(known.request.account).replace(known, request)
        gateway.order_accepted = known
        return known
    highest = gateway.highest_order_id.get(request.client_id, 0)
    gateway.highest_order_id[request.client_id] = max(highest, request.order_id)
    gateway.order_accepted = gateway.venue(request.account).place(request)
    return gateway.order_accepted


def check_terms(gateway: Gateway, placement: Placement) -> None:
    """Refuse what TWS refuses before it looks at its book."""
    check_account(gateway, str(placement.terms["account"]))
    if placement.terms["eTradeOnly"] or placement.terms["firmQuoteOnly"]:
        raise Rejected(10268, "The 'EtradeOnly' order attribute is not supported.")
    if not placement.contract.exchange:
        raise MalformedError("Missing order exchange")


def check_new_id(gateway: Gateway, request: OrderRequest) -> None:
    """Refuse an id that this client has used before, previews included."""
    if request.order_id <= gateway.highest_order_id.get(request.client_id, 0):
        raise Rejected(103, "Duplicate order id")
    if not 0 < request.order_id < UNSET_INTEGER:
        raise MalformedError(f"orderId should be positive and below {UNSET_INTEGER}, found {request.order_id}")


def find_order(gateway: Gateway, client_id: int, order_id: int) -> Order | None:
    """Find a client's open order, or its filled one, which the venue will refuse to change."""
    filled = (order for order in _completed(gateway) if order.status == "Filled")
    return _of_client((*_open(gateway), *filled), client_id, order_id)


def _open(gateway: Gateway) -> list[Order]:
    return [order for venue in gateway.venues for order in venue.open_orders()]


def _completed(gateway: Gateway) -> list[Order]:
    return [order for venue in gateway.venues for order in venue.completed_orders()]


def _of_client(orders: Iterable[Order], client_id: int, order_id: int) -> Order | None:
    key = (client_id, order_id)
    return next((order for order in orders if (order.request.client_id, order.request.order_id) == key), None)


def check_writable(gateway: Gateway) -> None:
    """Refuse while the API is read-only."""
    if gateway.faults.read_only:
        raise Rejected(321, READ_ONLY)


def cancel_order(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Cancel one of the client's own orders."""
    fields.fixed("version", "1")
    order_id = fields.integer("orderId")
    if client.version >= 169:
        fields.text("manualOrderCancelTime")
    fields.end()
    check_writable(gateway)
    client_id = client.client_id or 0
    order = _of_client(_open(gateway), client_id, order_id)
    if order is not None:
        gateway.venue(order.request.account).cancel(order)
        return
    done = _of_client(_completed(gateway), client_id, order_id)
    if done is None:
        raise Rejected(10147, f"OrderId {order_id} that needs to be cancelled is not found.")
    text = f"OrderId {order_id} that needs to be cancelled can not be cancelled, state: {done.status}."
    raise Rejected(10148, text)


def global_cancel(gateway: Gateway, client: Client, fields: Fields) -> None:  # noqa: ARG001 - an Answer
    """Cancel every open order of every account, whosoever it is."""
    nothing_more(fields)
    check_writable(gateway)
    for order in _open(gateway):
        gateway.venue(order.request.account).cancel(order)


# Orders as they stand


def open_orders(gateway: Gateway, client: Client, fields: Fields) -> None:
    """List the client's own open orders; client 0 also sees those placed by hand."""
    nothing_more(fields)
    check_writable(gateway)
    own = [order for order in _open(gateway) if order.request.client_id == client.client_id]
    _list_open(gateway, client, own)


def all_open_orders(gateway: Gateway, client: Client, fields: Fields) -> None:
    """List the open orders of all clients, and of all accounts of the login."""
    nothing_more(fields)
    check_writable(gateway)
    others = [order for other in gateway.siblings.values() for order in other.orders]
    _list_open(gateway, client, (*_open(gateway), *others))


def auto_open_orders(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Bind orders placed by hand to client 0; there is nothing to answer but a refusal."""
    fields.fixed("version", "1")
    fields.flag("autoBind")
    fields.end()
    check_writable(gateway)
    if client.client_id != 0:
        raise Rejected(327, "Only the default client (i.e 0) can auto bind orders")


def _list_open(gateway: Gateway, client: Client, orders: Iterable[Order]) -> None:
    for order in orders:
        client.send(open_order(order, gateway.contract(order.request.con_id), client.version))
        client.send(order_status(order, client.version))
    client.send(open_order_end())


def completed_orders(gateway: Gateway, client: Client, fields: Fields) -> None:
    """List the orders done since midnight in New York."""
    fields.flag("apiOnly")  # by hand, trades are made without an order, so that both lists are the same
    fields.end()
    check_writable(gateway)
    for order in _completed(gateway):
        client.send(completed_order(order, gateway.contract(order.request.con_id), client.version))
    client.send(completed_orders_end())


# Executions


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions a client wants; what is empty matches all."""

    client_id: int
    account: str
    since: datetime | None
    symbol: str
    security_type: str
    exchange: str
    side: str

    def lets(self, execution: Execution, contract: Contract) -> bool:
        """Say whether an execution is wanted."""
        return (
            self.client_id in (0, execution.client_id)
            and self.account in ("", execution.account)
            and (self.since is None or execution.time >= self.since)
            and self.symbol in ("", contract.symbol)
            and self.security_type in ("", contract.security_type)
            and self.exchange in ("", "SMART", execution.exchange)
            and self.side in ("", execution.side)
        )


def executions(gateway: Gateway, client: Client, fields: Fields) -> None:
    """List the executions since midnight in New York, of all accounts, clients and by hand, with their commissions."""
    fields.fixed("version", "3")
    request_id = fields.integer("reqId")
    wanted = _read_filter(fields)
    fields.end()
    told = (each for venue in gateway.venues for each in venue.executions_today())
    for execution, commission in told:
        contract = gateway.contract(execution.con_id)
        if not wanted.lets(execution, contract):
            continue
        client.send(exec_details(request_id, execution, contract, client.version))
        if commission is not None:
            client.send(commission_report(commission))
    client.send(exec_details_end(request_id))


def _read_filter(fields: Fields) -> ExecutionFilter:
    client_id = fields.integer("clientId")
    account, since = fields.text("acctCode"), fields.text("time")
    symbol, security_type, exchange, side = (fields.text(name) for name in ("symbol", "secType", "exchange", "side"))
    sides = {"": "", "0": "", "BOT": "BOT", "SLD": "SLD", **SIDE_OF_ACTION}
    if side.upper() not in sides:
        raise MalformedError(f"side should be BUY or SELL, found {side!r}")
    moment = parse_time(since, "time") if since not in ("", "0") else None
    exchange = "" if exchange == "0" else exchange
    return ExecutionFilter(client_id, account, moment, symbol, security_type, exchange, sides[side.upper()])


def place_foreign(gateway: Gateway, request: OrderRequest) -> Order:
    """Place an order as a client that need not be connected; order id 0 takes that client's next one."""
    order_id = request.order_id or gateway.next_order_id(request.client_id)
    request = replace(request, order_id=order_id)
    check_new_id(gateway, request)
    return submit(gateway, request, None)


ORDER_ANSWERS: tuple[tuple[str, Answer], ...] = (
    ("placeOrder", place_order),
    ("cancelOrder", cancel_order),
    ("reqGlobalCancel", global_cancel),
    ("reqOpenOrders", open_orders),
    ("reqAllOpenOrders", all_open_orders),
    ("reqAutoOpenOrders", auto_open_orders),
    ("reqCompletedOrders", completed_orders),
    ("reqExecutions", executions),
)
