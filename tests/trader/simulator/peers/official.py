"""The official client at the simulator: everything that a cycle needs, and what it was told."""

# ruff: noqa: N802, N803 - the names and arguments are the library's
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

from ibapi.client import EClient  # type: ignore[import-not-found]
from ibapi.contract import Contract  # type: ignore[import-not-found]
from ibapi.execution import ExecutionFilter  # type: ignore[import-not-found]
from ibapi.order import Order  # type: ignore[import-not-found]
from ibapi.wrapper import EWrapper  # type: ignore[import-not-found]
from steering import steer  # type: ignore[import-not-found]

SECONDS_MAX = 10.0
NOTICES = (202, 2104, 2106, 2158)


class App(EWrapper, EClient):  # type: ignore[misc]
    """Writes down what it is told, and wakes whoever waits."""

    def __init__(self) -> None:
        EClient.__init__(self, self)
        self.changed = threading.Condition()
        self.heard: list[tuple[Any, ...]] = []

    def hear(self, *what: Any) -> None:
        with self.changed:
            self.heard.append(what)
            self.changed.notify_all()

    def of(self, kind: str) -> list[tuple[Any, ...]]:
        return [what[1:] for what in self.heard if what[0] == kind]

    def until(self, holds: Callable[[], object], what: str) -> None:
        with self.changed:
            if not self.changed.wait_for(holds, SECONDS_MAX):
                raise TimeoutError(f"{what}; heard {self.heard[-5:]}")

    def until_heard(self, kind: str) -> list[tuple[Any, ...]]:
        self.until(lambda: self.of(kind), kind)
        return self.of(kind)

    def error(self, reqId, errorCode, errorString):
        if errorCode not in NOTICES:
            self.hear("error", reqId, errorCode, errorString)

    def nextValidId(self, orderId):
        self.hear("id", orderId)

    def managedAccounts(self, accountsList):
        self.hear("accounts", accountsList)

    def contractDetails(self, reqId, contractDetails):
        self.hear("contract", contractDetails)

    def tickPrice(self, reqId, tickType, price, attrib):
        self.hear("tick", tickType, price)

    def tickSnapshotEnd(self, reqId):
        self.hear("ticks end")

    def historicalData(self, reqId, bar):
        self.hear("bar", bar.close)

    def historicalDataEnd(self, reqId, start, end):
        self.hear("bars end")

    def openOrder(self, orderId, contract, order, orderState):
        self.hear("what-if" if order.whatIf else "open", orderId, order.orderRef, orderState)

    def openOrderEnd(self):
        self.hear("open end")

    def orderStatus(self, orderId, status, *rest):
        self.hear("status", orderId, status)

    def execDetails(self, reqId, contract, execution):
        self.hear("live" if reqId == -1 else "execution", execution.orderRef)

    def execDetailsEnd(self, reqId):
        self.hear("executions end")

    def commissionReport(self, commissionReport):
        self.hear("commission", commissionReport.commission)

    def completedOrder(self, contract, order, orderState):
        self.hear("completed", order.orderRef, orderState.status)

    def completedOrdersEnd(self):
        self.hear("completed end")

    def position(self, account, contract, position, avgCost):
        self.hear("position", contract.symbol, position)

    def positionEnd(self):
        self.hear("positions end")

    def updateAccountValue(self, key, val, currency, accountName):
        self.hear("value", key, currency)

    def accountDownloadEnd(self, accountName):
        self.hear("account end")


def stock() -> Any:
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange, contract.currency = "ACME", "STK", "SMART", "USD"
    return contract


def limit(account: str, price: float, ref: str, what_if: bool = False) -> Any:
    order = Order()
    order.action, order.totalQuantity, order.orderType, order.lmtPrice = "BUY", 10, "LMT", price
    order.tif, order.account, order.orderRef, order.whatIf = "DAY", account, ref, what_if
    order.eTradeOnly = order.firmQuoteOnly = False  # this version's defaults are refused by a real gateway
    return order


def ask(app: App, told: dict[str, Any]) -> None:
    """Ask for what is known before any order."""
    app.reqContractDetails(1, stock())
    ((details,),) = app.until_heard("contract")
    told["contract"] = [details.contract.symbol, details.timeZoneId]
    app.reqMktData(2, stock(), "", True, False, [])
    app.until_heard("ticks end")
    prices = dict(app.of("tick"))
    told["quote"] = [str(prices[1]), str(prices[2])]
    app.reqHistoricalData(3, stock(), "", "1 D", "1 day", "TRADES", 1, 1, False, [])
    app.until_heard("bars end")
    told["bar"] = str(app.of("bar")[0][0])


def order(app: App, control: int, told: dict[str, Any]) -> None:
    """Preview, place, fill and cancel."""
    ((first,),) = app.of("id")
    account = app.of("accounts")[0][0].split(",")[0]
    app.placeOrder(first, stock(), limit(account, 50.01, "what-if", True))
    told["what_if"] = float(app.until_heard("what-if")[0][2].initMarginAfter) > 0
    resting, bought = first + 1, first + 2
    app.placeOrder(resting, stock(), limit(account, 49.0, "resting"))
    app.until(lambda: (resting, "Submitted") in app.of("status"), "the resting order")
    app.placeOrder(bought, stock(), limit(account, 50.01, "bought"))
    app.until(lambda: any(number == bought for number, *_ in app.of("status")), "the order")
    steer(control, "advance", seconds=60)
    commission = app.until_heard("commission")[0][0]
    app.until(lambda: (bought, "Filled") in app.of("status"), "the fill")
    told["filled"] = ["Filled", str(commission)]
    heard = len(app.of("open"))
    app.reqAllOpenOrders()
    app.until_heard("open end")
    told["open"] = [ref for _, ref, _ in app.of("open")[heard:]]
    app.cancelOrder(resting)
    app.until(lambda: (resting, "Cancelled") in app.of("status"), "the cancel")
    told["cancelled"] = "Cancelled"


def look_back(app: App, told: dict[str, Any]) -> None:
    """Ask for what has become of it all."""
    app.reqExecutions(4, ExecutionFilter())
    app.until_heard("executions end")
    told["executions"] = [ref for (ref,) in app.of("execution")]
    app.reqCompletedOrders(False)
    app.until_heard("completed end")
    told["completed"] = sorted(map(list, app.of("completed")))
    app.reqPositions()
    app.until_heard("positions end")
    told["positions"] = [[symbol, str(quantity)] for symbol, quantity in app.of("position")]
    app.reqAccountUpdates(True, "")
    app.until_heard("account end")
    told["nav"] = [currency for key, currency in app.of("value") if key == "NetLiquidation"]


def main() -> None:
    logging.disable(logging.INFO)
    app, told = App(), dict[str, Any]()
    app.connect("127.0.0.1", int(sys.argv[1]), 32)
    reader = threading.Thread(target=app.run, daemon=True)
    reader.start()
    app.until_heard("id")
    told["version"] = app.serverVersion()
    told["accounts"] = app.of("accounts")[0][0].strip(",").split(",")
    ask(app, told)
    order(app, int(sys.argv[2]), told)
    look_back(app, told)
    told["errors"] = app.of("error")
    app.disconnect()
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
