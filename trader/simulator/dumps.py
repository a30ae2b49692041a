"""The account, its orders and its executions as JSON-able texts. Amounts are exact decimal strings."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import localcontext

from trader.simulator.account import Account, mark_of
from trader.simulator.bookings import DividendAccrualBooked
from trader.simulator.lots import CONTEXT, Lot, plain
from trader.simulator.market import Market
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


def dump_account(account: Account, market: Market, at: datetime) -> dict[str, object]:
    """Describe the account's exact figures; `Exchange.dump` adds orders, executions, pending commissions."""
    with localcontext(CONTEXT):
        figures = account.figures(market, at)
        return {
            "now": at.astimezone(UTC).isoformat(),
            "account": account.number,
            "cash": {currency: plain(amount) for currency, amount in account.balances.items()},
            "positions": {str(con_id): _dump_position(con_id, account, market, at) for con_id in account.held()},
            "realised_gross": plain(account.realised_gross),
            "realised_commission": plain(account.realised_commission),
            "realised": plain(account.realised_gross - account.realised_commission),
            "commissions": plain(account.commissions),
            "commissions_by_currency": {currency: plain(amount) for currency, amount in account.charged.items()},
            "accrued_interest": plain(figures.interest),
            "unsettled_variation": plain(figures.variation),
            "accrued_dividend": plain(figures.dividends),
            "dividend_accruals": [_dump_accrual(accrued) for accrued in account.dividends_accrued.values()],
            "nav": plain(figures.net_liquidation),
            "margin_initial": plain(figures.initial),
            "margin_maintenance": plain(figures.maintenance),
        }


def _dump_position(con_id: int, account: Account, market: Market, at: datetime) -> dict[str, object]:
    holding, contract = account.holdings[con_id], market.contract(con_id)
    return {
        "symbol": contract.name if contract else "",
        "quantity": plain(holding.quantity),
        "gross_basis": plain(holding.gross_basis),
        "commission": plain(holding.commission),
        "basis": plain(holding.gross_basis + holding.commission),
        "average_cost": plain(holding.average_cost),
        "mark": plain(mark_of(market, con_id, at)),
        "lots": [_dump_lot(lot) for lot in holding.lots],
    }


def _dump_lot(lot: Lot) -> dict[str, str]:
    return {
        "quantity": plain(lot.quantity),
        "gross_basis": plain(lot.gross_basis),
        "commission": plain(lot.commission),
        "opened_at": lot.opened_at.isoformat(),
    }


def _dump_accrual(accrued: DividendAccrualBooked) -> dict[str, str]:
    return {
        "con_id": str(accrued.con_id),
        "ex_date": accrued.ex_date.isoformat(),
        "pay_date": accrued.pay_date.isoformat(),
        "quantity": plain(accrued.quantity),
        "rate": plain(accrued.rate),
        "gross": plain(accrued.gross),
        "tax": plain(accrued.tax),
    }
