"""One cycle: look, compare, decide, and only then trade."""

from __future__ import annotations

from ledger.ledger import Ledger
from reconcile import reconcile
from trader.broker import Broker
from trader.desk import Desk
from trader.safeguards import check_safeguards
from trader.sizing import plan_orders


def run_cycle(ledger: Ledger, broker: Broker, desk: Desk) -> None:
    """Record what each line finds; nothing is sent before every line before it stands in the log."""
    ledger.record(desk.cycle_started(ledger.book))  # revokes any earlier TradingAllowed
    ledger.record(broker.connect(ledger.book))  # a new session; account, mode and clock asserted
    ledger.record(broker.resolve(ledger.book))  # orders that a crash left undecided
    ledger.record(broker.clear_open_orders(ledger.book))  # ours; cancelled to confirmation
    ledger.record(broker.observe(ledger.book))  # executions, account, positions, marks, rates
    ledger.record(reconcile(ledger.book, desk.tolerances))
    ledger.record(desk.ingest(ledger.book))  # data of every source, by content hash
    ledger.record(desk.forecast(ledger.book))  # weights and leverage, as a file that is read back
    ledger.record(broker.quotes(ledger.book))
    ledger.record(plan_orders(ledger.book, desk.sizing(ledger.book)))  # Buy, Sell or Do nothing, with the reason
    ledger.record(desk.file_orders(ledger.book))
    ledger.record(broker.preview(ledger.book))  # IB's what-if
    ledger.record(check_safeguards(ledger.book, desk.limits))
    while order := ledger.book.next_order:  # None: vetoed, halted, in doubt, or done
        ledger.record(broker.send(order))
    ledger.record(broker.wait_for_fills(ledger.book))  # bounded; what is unfilled keeps working
    ledger.record(broker.observe(ledger.book))
    ledger.record(reconcile(ledger.book, desk.tolerances))
    ledger.record(desk.close(ledger.book))  # snapshot, finished
    ledger.record(broker.disconnect())
