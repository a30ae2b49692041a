"""Orders and executions as JSON-able texts, for the exchange's dump. Amounts are exact decimal strings."""

from __future__ import annotations

from trader.simulator.account import plain
from trader.simulator.orders import Commission, Execution, Order


def dump_order(order: Order) -> dict[str, object]:
    """Describe an order as it is now."""
    request = order.request
    return {
        "perm_id": order.perm_id,
        "client_id": request.client_id,
        "order_id": request.order_id,
        "order_ref": request.order_ref,
        "con_id": request.con_id,
        "action": request.action,
        "quantity": plain(request.quantity),
        "order_type": request.order_type,
        "limit_price": None if request.limit_price is None else plain(request.limit_price),
        "tif": request.tif,
        "status": order.status,
        "filled": plain(order.filled),
        "average_price": plain(order.average_price),
        "submitted_at": order.submitted_at.isoformat(),
        "completed_at": order.completed_at.isoformat() if order.completed_at else None,
        "completed_status": order.completed_status,
    }


def dump_execution(execution: Execution, commission: Commission) -> dict[str, object]:
    """Describe an execution and its commission, told or not."""
    return {
        "exec_id": execution.exec_id,
        "time": execution.time.isoformat(),
        "perm_id": execution.perm_id,
        "client_id": execution.client_id,
        "order_id": execution.order_id,
        "order_ref": execution.order_ref,
        "con_id": execution.con_id,
        "side": execution.side,
        "shares": plain(execution.shares),
        "price": plain(execution.price),
        "commission": plain(commission.amount),
        "realised": None if commission.realised is None else plain(commission.realised),
    }
