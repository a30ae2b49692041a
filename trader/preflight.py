"""Before the open: could a cycle run today? The session, the contracts, the market data; nothing is traded.

It is recorded as one fact. The owner hears of it only where somebody has to act (a login, a dialog, a session that
holds the market data); what may cure itself is tried again five minutes later, and is told by the cycle that it stops.
To look at more: a row in `_looked_at`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ledger.events import ContractDefined, PreflightFinished, PreflightRow
from ledger.ledger import Ledger
from trader import exits
from trader.assembly import broker_of
from trader.broker import Broker, BrokerProblem
from trader.clocks import clock_of
from trader.occasion import Options, require_work
from trader.settings import Settings
from trader.telling import tell_untold

# IB resets, restarts or is slow: the next start may find it well.
PASSING = frozenset({
    "no-answer", "garbled", "unreadable", "account-not-ready", "looks-differ", "connection-lost", "broker-offline",
    "request-refused",
})  # fmt: skip


def look(home: Path, settings: Settings, options: Options) -> int:
    """Look at the broker, record what was found, and return the exit status; raises what somebody has to cure."""
    clock, account = clock_of(home, settings.simulator.address), settings.account
    with Ledger.open(home, clock, slot=options.slot_name, account=account.id, mode=account.mode) as ledger:
        tell_untold(ledger, settings, home)
        require_work(ledger.book, options.slot_name, dry_run=True)
        broker, rows = broker_of(settings, clock, dry_run=True), list[PreflightRow]()
        try:
            for row in _looked_at(ledger, broker):
                rows.append(row)
        except BrokerProblem as problem:
            failed = PreflightRow(name=STEPS[len(rows)], passed=False, found=str(problem))
            _record(ledger, options, (*rows, failed), problem.code)
            with suppress(BrokerProblem):
                _hang_up(broker)
            if problem.code in PASSING:
                return exits.BAD_NEWS
            ledger.close()
            raise
        _record(ledger, options, tuple(rows))
        return exits.FINE


STEPS = ("session", "market data", "end of the session")


def _looked_at(ledger: Ledger, broker: Broker) -> Iterator[PreflightRow]:
    session = [fact for told in broker.connect(ledger.book) for fact in (told if isinstance(told, tuple) else (told,))]
    contracts = tuple(fact for fact in session if isinstance(fact, ContractDefined))
    ledger.record(contracts)
    yield PreflightRow(name=STEPS[0], passed=True, found=f"account and clock fit, {len(contracts)} contracts changed")
    yield PreflightRow(name=STEPS[1], passed=True, found=broker.check_market_data())
    _hang_up(broker)
    yield PreflightRow(name=STEPS[2], passed=True, found="as it should")


def _hang_up(broker: Broker) -> None:
    for _ in broker.disconnect():
        pass  # what a session that only looks was told, the next cycle is told again


def _record(ledger: Ledger, options: Options, rows: tuple[PreflightRow, ...], code: str = "") -> None:
    ledger.record((PreflightFinished(slot=options.slot_name, passed=not code, rows=rows, code=code),))
    ledger.log.barrier()
