"""What the gateway says about orders, executions and commissions.

The long layouts (openOrder, completedOrder) are written block by block as TWS captures show them: fields that the
venue does not know carry the constants that a real gateway sends. To let a field carry a value of the order: replace
its constant, never add one.
"""

from __future__ import annotations

from dataclasses import astuple
from datetime import datetime
from decimal import Decimal

from trader.simulator.contracts import Contract
from trader.simulator.messages import Message, contract_fields
from trader.simulator.orders import Commission, Execution, Order, OrderRequest, Preview
from trader.simulator.wire import UNSET_INTEGER, UNSET_LONG, UNSET_PRICE, flag_text, price_text, size_text, time_text

NO_INTEGER = str(UNSET_INTEGER)
NO_MARGINS = (UNSET_PRICE,) * 9
NO_COMMISSION = ("", "", "", "", "")  # commission, its minimum and maximum, currency, warning
NO_ADJUSTMENT = ("None", *(UNSET_PRICE,) * 6, "0")
NO_SCALE = (NO_INTEGER, NO_INTEGER, "")
NO_LEGS = ("", "0", "0", "0")  # description and the counts of legs, order legs and routing parameters
NO_PEG = ("", "", "", "", "")  # minTradeQty to midOffsetAtHalf


def open_order(order: Order, contract: Contract, version: int) -> Message:
    """Give an order as it stands."""
    state = (order.status, *NO_MARGINS, *NO_COMMISSION)
    return _open_order(order.request, order.perm_id, state, contract, version)


def what_if_order(request: OrderRequest, preview: Preview, contract: Contract, version: int) -> Message:
    """Give the nine margin figures and the commission that an order would cause."""
    margins = tuple(map(price_text, astuple(preview)[:9]))
    commission = (price_text(preview.commission), "", "", preview.currency, "")
    return _open_order(request, 0, ("PreSubmitted", *margins, *commission), contract, version)


def _open_order(request: OrderRequest, perm_id: int, state: Message, contract: Contract, version: int) -> Message:
    return (
        *("5", str(request.order_id), *contract_fields(contract, contract.exchange, "0", "?")),
        *_terms(request, request.quantity, version),
        *("", "0", request.order_ref, str(request.client_id), str(perm_id)),  # openClose, origin
        *(flag_text(request.outside_rth), "0", "0.0", "", f"{perm_id}.0/{request.account}/100"),
        *_advisor(version),
        *("", "", UNSET_PRICE, "", "0", "", "-1"),  # goodTillDate to exemptCode
        *("0", UNSET_PRICE, UNSET_PRICE, UNSET_PRICE, UNSET_PRICE, UNSET_PRICE),  # auctionStrategy to stockRangeUpper
        *(NO_INTEGER, "0", "0", "0", NO_INTEGER, "3", "0", "0", UNSET_PRICE, "0", "0"),  # displaySize to triggerMethod
        *(UNSET_PRICE, "0", "None", "0.0"),  # volatility, its type, delta neutral order
        *("0", "", "", "", "?", "0", "0", ""),  # the delta neutral block, present because its type is 'None'
        *("0", "0", _trail_stop(request), UNSET_PRICE, UNSET_PRICE, NO_INTEGER),  # continuousUpdate to basisPointsType
        *(*NO_LEGS, *NO_SCALE, ""),  # hedgeType
        *("0", "", "IB", "0", "0"),  # optOutSmartRouting to deltaNeutralContractPresent
        *(*_algo(request), "0", flag_text(request.what_if)),
        *state,  # status, nine margins, commissions, warning
        *("0", "0", "0"),  # randomizeSize, randomizePrice, number of conditions
        *(*NO_ADJUSTMENT[:2], _trail_stop(request), *NO_ADJUSTMENT[3:]),
        *("", "", "", "0", "1", "0", "0", "0"),  # soft dollar tier, cashQty to usePriceMgmtAlgo
        *_newer(version),
    )


def _terms(request: OrderRequest, quantity: Decimal, version: int) -> Message:
    """Write action to account."""
    limit = price_text(request.limit_price or Decimal(0))
    head = (request.action, size_text(quantity, version), request.order_type, limit, "0.0", request.tif, "")
    return (*head, request.account)


def _advisor(version: int) -> Message:
    """Write faGroup, faMethod, faPercentage, faProfile (until 176) and modelCode."""
    return ("",) * (5 if version < 177 else 4)


def _trail_stop(request: OrderRequest) -> str:
    """TWS fills this in on limit orders: the limit, one higher for a purchase and one lower for a sale."""
    if request.limit_price is None:
        return UNSET_PRICE
    return price_text(request.limit_price + (1 if request.action == "BUY" else -1))


def _algo(request: OrderRequest) -> Message:
    if not request.algo:
        return ("",)
    return (request.algo, "1", "adaptivePriority", request.algo_priority)


def _newer(version: int) -> Message:
    """Write what versions after 157 appended: duration, postToAts, autoCancelParent and the pegging offsets."""
    fields: list[str] = []
    fields += [NO_INTEGER] if version >= 159 else []
    fields += [NO_INTEGER] if version >= 160 else []
    fields += ["0"] if version >= 162 else []
    fields += NO_PEG if version >= 170 else ()
    return tuple(fields)


def open_order_end() -> Message:
    """End a list of open orders."""
    return ("53", "1")


def order_status(order: Order, version: int) -> Message:
    """Give an order's status and how much of it is done."""
    return (
        *("3", str(order.request.order_id), order.status),
        *(size_text(order.filled, version), size_text(order.remaining, version), price_text(order.average_price)),
        *(str(order.perm_id), "0", price_text(order.last_price), str(order.request.client_id), "", "0.0"),
    )


def exec_details(request_id: int, execution: Execution, contract: Contract, version: int) -> Message:
    """Give one execution: live under request id -1, else as an answer to reqExecutions."""
    return (
        *("11", str(request_id), str(execution.order_id), *contract_fields(contract, execution.exchange)),
        *(execution.exec_id, time_text(execution.time, version), execution.account, execution.exchange),
        *(execution.side, size_text(execution.shares, version), price_text(execution.price), str(execution.perm_id)),
        *(str(execution.client_id), str(int(execution.liquidation)), size_text(execution.cumulative, version)),
        *(price_text(execution.average_price), execution.order_ref, "", "", "", str(execution.liquidity)),
        *(("0",) if version >= 178 else ()),  # pendingPriceRevision
    )


def exec_details_end(request_id: int) -> Message:
    """End the answer to reqExecutions."""
    return ("55", "1", str(request_id))


def commission_report(commission: Commission) -> Message:
    """Give what an execution cost, and what it realised if it closed something."""
    amounts = (price_text(commission.amount), commission.currency, price_text(commission.realised))
    return ("59", "1", commission.exec_id, *amounts, UNSET_PRICE, "")


def completed_order(order: Order, contract: Contract, version: int) -> Message:
    """Give an order that is done; it carries neither order id nor client id."""
    request = order.request
    quantity = Decimal(0) if order.status == "Filled" else request.quantity
    return (
        *("101", *contract_fields(contract, contract.exchange, "0", "?")),
        *_terms(request, quantity, version),
        *("", "0", request.order_ref, str(order.perm_id), flag_text(request.outside_rth), "0", "0.0", ""),
        *_advisor(version),
        *("", "", UNSET_PRICE, "", "0", "", "-1"),  # goodTillDate to exemptCode
        *(UNSET_PRICE, UNSET_PRICE, UNSET_PRICE, UNSET_PRICE, UNSET_PRICE),  # startingPrice to stockRangeUpper
        *(NO_INTEGER, "0", "0", NO_INTEGER, "3", "0"),  # displaySize to triggerMethod
        *(UNSET_PRICE, "0", "None", "0.0", "0", "0", "0", ""),  # volatility to the delta neutral block
        *("0", "0", _trail_stop(request), UNSET_PRICE),  # continuousUpdate to trailingPercent
        *(*NO_LEGS, *NO_SCALE, ""),  # hedgeType
        *("", "IB", "0", "0"),  # clearingAccount to deltaNeutralContractPresent
        *(*_algo(request), "0", order.status, "0", "0", "0"),  # solicited; randomizeSize to number of conditions
        *(_trail_stop(request), UNSET_PRICE, "0", "1", "0", ""),  # trailStopPrice to autoCancelDate
        *(size_text(order.filled, version), NO_INTEGER, "0", "Not an insider or substantial shareholder"),
        *("0", "0", UNSET_LONG, _completed_time(order.completed_at, version), order.completed_status),
        *(NO_PEG if version >= 170 else ()),
    )


def _completed_time(moment: datetime | None, version: int) -> str:
    return "" if moment is None else time_text(moment, version)


def completed_orders_end() -> Message:
    """End the list of completed orders."""
    return ("102",)
