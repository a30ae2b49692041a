"""One cycle: look, compare, decide, and only then trade."""

from __future__ import annotations

from pathlib import Path

from ledger.events import CycleFailed, Fact, RecoveryStarted, TradingHalted
from ledger.ledger import Ledger
from ledger.state import State
from reconcile import reconcile
from trader import exits
from trader.assembly import broker_of, desk_of
from trader.broker import Broker, BrokerProblem, OldCopyOfLog
from trader.calendar import Slot
from trader.clocks import clock_of
from trader.desk import Desk
from trader.narration import NarratedLedger
from trader.notices import due_mails
from trader.occasion import Options, is_closed, require_work
from trader.safeguards import check_safeguards
from trader.settings import Settings
from trader.sizing import cross_strategies, defer_orders, plan_orders, unwanted_orders
from trader.telling import tell_again, tell_of_cycle, tell_untold
from trader.witness import keep_due


def run_cycle(ledger: Ledger, broker: Broker, desk: Desk) -> None:
    """Record what each line finds; nothing is sent before every line before it stands in the log."""
    ledger.record(desk.cycle_started(ledger.book))  # revokes any earlier TradingAllowed
    ledger.record(desk.require_newest(ledger.book))  # restored, moved, copied? does a witness know more than the log?
    ledger.record(broker.connect(ledger.book))  # a new session; account, mode and clock asserted
    ledger.record(broker.resolve(ledger.book))  # orders that a crash left undecided
    ledger.record(broker.clear_open_orders(ledger.book))  # ours; cancelled to confirmation, or kept as they are
    ledger.record(desk.statements(ledger.book))  # what only the statement of the last session knows
    ledger.record(desk.lot_methods(ledger.book))  # fifo, unless the settings say otherwise
    ledger.record(broker.observe(ledger.book))  # executions, account, positions, marks, rates
    ledger.record(reconcile(ledger.book, desk.tolerances))
    ledger.record(desk.ingest(ledger.book))  # data of every source, by content hash
    ledger.record(desk.forecast(ledger.book))  # weights and leverage, as a file that is read back
    ledger.record(broker.quotes(ledger.book))
    while others := unwanted_orders(ledger.book, desk.sizing(ledger.book)):  # kept until now
        ledger.record(broker.withdraw(ledger.book, others))  # cancelled to confirmation
        ledger.record(broker.observe(ledger.book))
        ledger.record(reconcile(ledger.book, desk.tolerances))
    ledger.record(plan_orders(ledger.book, desk.sizing(ledger.book)))  # Buy, Sell or Do nothing, with the reason
    ledger.record(desk.file_orders(ledger.book))
    ledger.record(broker.preview(ledger.book))  # IB's what-if
    ledger.record(check_safeguards(ledger.book, desk.limits))
    ledger.record(cross_strategies(ledger.book))  # what one sells and another buys: inside the account
    ledger.record(broker.withdraw(ledger.book, ledger.book.unwarranted))  # kept until now, and vetoed
    if ledger.book.kept_orders and not ledger.book.may_send:
        ledger.record(broker.wait_for_fills(ledger.book))  # what is sold by orders of before pays too
    while order := ledger.book.next_order:  # None: vetoed, halted, in doubt, waiting for proceeds, or done
        ledger.record(broker.send(order))
        if not ledger.book.may_send:  # what is sold meanwhile may pay for what waits
            ledger.record(broker.wait_for_fills(ledger.book))  # bounded; what is unfilled keeps working
    ledger.record(broker.withdraw(ledger.book, ledger.book.unwarranted))  # or kept back since
    ledger.record(defer_orders(ledger.book))  # what still waits: the next cycle plans anew
    ledger.record(broker.observe(ledger.book))
    ledger.record(reconcile(ledger.book, desk.tolerances))
    ledger.record(desk.recovered(ledger.book))  # a recovery ends where nothing outside is newer than the log
    ledger.record(desk.close(ledger.book))  # snapshot, finished
    ledger.record(broker.disconnect())


def perform(home: Path, settings: Settings, slot: Slot, options: Options) -> int:
    """Open the ledger, run the cycle of a slot, mail what is due; return the exit status.

    A broker that fails aborts the cycle: what it told until then is recorded, then that the cycle failed.
    """
    clock = clock_of(home, settings.simulator.address)
    dry_run = options.dry_run or settings.dry_run
    kind = NarratedLedger if options.verbose else Ledger
    account = settings.account
    with kind.open(home, clock, slot=options.slot_name, account=account.id, mode=account.mode) as ledger:
        tell_untold(ledger, settings, home)
        require_work(ledger.book, options.slot_name, dry_run=dry_run)
        if is_closed(ledger.book, options.slot_name):  # what follows the cycle failed before, and is tried again
            tell_again(ledger, settings, home)
            _tell(ledger, settings, home)
            return exits.FINE
        broker = broker_of(settings, clock, dry_run=dry_run)
        desk = desk_of(settings, home, clock, broker, slot, options.slot_name, dry_run=dry_run)
        try:
            run_cycle(ledger, broker, desk)
        except BrokerProblem as problem:
            ledger.record(_last_words(broker, problem))
            ledger.record((CycleFailed(slot=options.slot_name, code=problem.code, reason=str(problem)),))
            ledger.close()
            raise
        ledger.log.barrier()
        tell_of_cycle(ledger, settings, home)
        _tell(ledger, settings, home)
        if options.slot_name.partition("/")[2].startswith("now-") and (news := bad_news(ledger.book)):
            print(f"bad news: {news}; see: tallybook status")  # somebody looks on
        return outcome(ledger.book)


def _tell(ledger: Ledger, settings: Settings, home: Path) -> None:
    """Write the witnesses, then send the mail, that are due; neither must know more than the disk."""
    ledger.log.barrier()
    ledger.record(keep_due(ledger.book, settings, home))
    ledger.log.barrier()
    ledger.record(due_mails(ledger.book, settings, home))


def _last_words(broker: Broker, problem: BrokerProblem) -> tuple[Fact, ...]:
    """Return what the broker told until it failed.

    An old copy of the log halts trading instead, and is in recovery once that is lifted. What it does not know must not
    enter it: booked as foreign, it would look known to the next start, which would trade.
    """
    try:
        if not isinstance(problem, OldCopyOfLog):
            return broker.drain()
    except OldCopyOfLog as found:  # it had failed before it could look at what arrived
        problem = found
    return RecoveryStarted(reason=str(problem)), TradingHalted(reason=str(problem), code=problem.code)


def bad_news(book: State) -> str:
    """Say in a line why the outcome is bad news; "" if it is none."""
    cycle = book.cycle
    if cycle is None or outcome(book) == exits.FINE:
        return ""
    told = [
        *(f"{failure.step} failed: {failure.reason}" for failure in cycle.failures),
        *([f"breaks open: {len(book.open_breaks)}"] if book.open_breaks else []),
        *([f"orders in doubt: {len(book.in_doubt)}"] if book.in_doubt else []),
        *([f"vetoed: {', '.join(cycle.vetoed)}"] if cycle.vetoed else []),
        *([f"halted: {book.halted}"] if book.halted else []),
    ]
    return " · ".join(told)


def outcome(book: State) -> int:
    """Tell whether the cycle ended with bad news: an open break, a failed step, or orders vetoed or halted."""
    cycle = book.cycle
    if cycle is None or cycle.failures or book.open_breaks or book.in_doubt:
        return exits.BAD_NEWS
    wanted = any(planned.order_ref for planned in cycle.plan)
    stopped = cycle.vetoed or book.halted is not None
    return exits.BAD_NEWS if wanted and stopped and not cycle.started.dry_run else exits.FINE
