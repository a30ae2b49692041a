"""One measured process: `python -m benchmarks.one_cycle cycle|bare|syncs HOME SLOT` prints a line of JSON."""

from __future__ import annotations

import json
import resource
import sys
from datetime import date
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

BEGAN = perf_counter()


def main(what: str, home: Path, slot_name: str) -> None:
    """Import, then measure."""
    from benchmarks.syncs import count_syncs
    from ledger.events import OrderSendAttempted
    from ledger.log import read_events
    from trader.assembly import broker_of
    from trader.calendar import Calendar
    from trader.clocks import clock_of
    from trader.cycle import perform
    from trader.occasion import Options
    from trader.settings import load

    settings = load(home)
    calendar = Calendar.load()
    day = slot_name.partition("/")[0]
    slots = [s for session in calendar.sessions(_date(day), _date(day)) for s in calendar.slots(session)]
    slot = next(slot for slot in slots if slot.name == slot_name)
    import ib_insync  # noqa: F401 - its import is not part of the cycle's CPU time

    synced = count_syncs() if what == "syncs" else []
    cpu = process_time()
    if what in ("cycle", "syncs"):
        perform(home, settings, slot, Options(slot_name))
    else:
        _ask(broker_of(settings, clock_of(home, settings.simulator.address)), settings.sources.history_days)
    cpu, wall = process_time() - cpu, perf_counter() - BEGAN
    orders = sum(isinstance(e.fact, OrderSendAttempted) and e.at >= slot.at for e in read_events(home))
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {"cpu": cpu, "wall": wall, "megabytes": megabytes, "orders": orders, "syncs": synced}
    sys.stdout.write(json.dumps(figures) + "\n")


def _date(text: str) -> date:
    return date.fromisoformat(text)


def _ask(broker: Any, days: int) -> None:
    """Ask what a cycle asks, with the bare library."""
    from ib_insync import IB, LimitOrder, Stock

    settings = broker.settings
    make: Any = IB  # the library has no types
    ib = make()
    ib.client.MaxRequests = 0
    ib.connect(settings.host, settings.port, clientId=settings.client_id)
    contracts = ib.qualifyContracts(*(Stock(spec.symbol, "SMART", spec.currency) for spec in settings.universe))
    for contract in contracts:
        ib.reqHistoricalData(contract, "", f"{days} D", "1 day", "TRADES", True)
    ib.reqTickers(*contracts)
    for contract in contracts:
        ib.whatIfOrder(contract, LimitOrder("BUY", 10, 50.0, tif="DAY", account=settings.account))
    ib.accountSummary()
    ib.reqPositions()
    ib.reqExecutions()
    ib.disconnect()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
