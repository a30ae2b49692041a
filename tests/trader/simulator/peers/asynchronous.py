"""ib_async at the simulator: everything that a cycle needs, and what it was told."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable

from ib_async import IB, LimitOrder, Stock  # type: ignore[import-not-found]
from steering import steer  # type: ignore[import-not-found]

STEPS_MAX = 2000


class Errors(logging.Handler):
    """What the library could not decode."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


async def until(holds: Callable[[], object], what: str) -> None:
    for _ in range(STEPS_MAX):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise TimeoutError(what)


async def trade(port: int, control: int) -> dict[str, object]:
    ib, told = IB(), {}
    await ib.connectAsync("127.0.0.1", port, clientId=31, timeout=10, raiseSyncErrors=True)
    told["version"] = ib.client.serverVersion()
    told["accounts"] = ib.managedAccounts()
    (account,) = ib.managedAccounts()[:1]
    (contract,) = await ib.qualifyContractsAsync(Stock("ACME", "SMART", "USD"))
    (details,) = await ib.reqContractDetailsAsync(contract)
    told["contract"] = [contract.symbol, details.timeZoneId]
    ticker = ib.reqMktData(contract, "", snapshot=True)
    await until(lambda: ticker.bid == ticker.bid and ticker.ask == ticker.ask, "quotes")
    told["quote"] = [str(ticker.bid), str(ticker.ask)]
    (bar, *_) = await ib.reqHistoricalDataAsync(contract, "", "1 D", "1 day", "TRADES", useRTH=True)
    told["bar"] = str(bar.close)

    def limit(price: float, ref: str) -> LimitOrder:
        return LimitOrder("BUY", 10, price, tif="DAY", account=account, orderRef=ref)

    preview = await ib.whatIfOrderAsync(contract, limit(50.01, "what-if"))
    told["what_if"] = float(preview.initMarginAfter) > 0
    resting = ib.placeOrder(contract, limit(49.0, "resting"))
    await until(lambda: resting.orderStatus.status == "Submitted", "the resting order")
    bought = ib.placeOrder(contract, limit(50.01, "bought"))
    await until(lambda: bought.orderStatus.status in ("Submitted", "Filled"), "the order")
    steer(control, "advance", seconds=60)
    await until(lambda: bought.isDone() and bought.fills and bought.fills[0].commissionReport.execId, "the fill")
    told["filled"] = [bought.orderStatus.status, str(bought.fills[0].commissionReport.commission)]
    told["open"] = [each.order.orderRef for each in await ib.reqAllOpenOrdersAsync()]
    ib.cancelOrder(resting.order)
    await until(resting.isDone, "the cancel")
    told["cancelled"] = resting.orderStatus.status
    told["executions"] = [fill.execution.orderRef for fill in await ib.reqExecutionsAsync()]
    done = await ib.reqCompletedOrdersAsync(False)
    told["completed"] = sorted([each.order.orderRef, each.orderStatus.status] for each in done)
    told["positions"] = [[row.contract.symbol, str(row.position)] for row in await ib.reqPositionsAsync()]
    told["nav"] = [row.currency for row in ib.accountValues() if row.tag == "NetLiquidation"]
    ib.disconnect()
    return told


def main() -> None:
    errors = Errors()
    for name in ("ib_async.Decoder", "ib_async.decoder", "ib_async.wrapper", "ib_async.ib"):
        logging.getLogger(name).addHandler(errors)
    told = asyncio.run(trade(int(sys.argv[1]), int(sys.argv[2])))
    told["errors"] = [text for text in errors.told if "202" not in text]
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
