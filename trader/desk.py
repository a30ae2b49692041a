"""Everything around the broker that a cycle needs: its start, data, forecast, files and end.

The desk holds what the settings say; each method is one line of the cycle and returns or yields facts.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from ledger.book import Book, book_hash
from ledger.clock import Clock
from ledger.events import CycleFinished, CycleSkipped, CycleStarted, Fact, StepFailed
from ledger.nav import Unvalued
from ledger.state import SlotState
from reconcile import Tolerances
from trader import files
from trader.accounting import lot_methods
from trader.approval import approval_of
from trader.broker import ContractSpec, universe_of
from trader.calendar import Calendar, Session, Slot
from trader.forecast import forecast
from trader.ingest import BarRules, ingest
from trader.limits import Limits
from trader.recovery import recovered, require_newest
from trader.settings import Accounting, Flex
from trader.sizing import Sizing
from trader.snapshot import snapshot
from trader.sources.source import SecondRates, Source
from trader.statements import statements
from trader.strategies import Allocation
from trader.trading_hours import hours_rows
from trader.witness import Place

AHEAD_MAX = timedelta(minutes=1)  # of the log's time before the clock's
MEGABYTE = 1_000_000
SKIPPED_DAYS_MAX = 60  # what a longer absence skipped is told by the calendar, not slot by slot


@dataclass(frozen=True)
class Desk:
    """One home's desk, for one slot."""

    home: Path
    clock: Clock
    calendar: Calendar
    slot: Slot
    slot_name: str  # the slot's name, or DAY/now-HHMMSS for a start by hand
    dry_run: bool
    settings_sha256: str
    versions: dict[str, str]
    instruments: tuple[ContractSpec, ...]  # the universe
    allocations: tuple[Allocation, ...]
    sources: tuple[Source, ...]
    bar_rules: BarRules
    limits: Limits
    orders: Sizing  # what every plan is made by; the universe comes with the book
    tolerances: Tolerances
    accounting: Accounting
    flex: Flex
    witnesses: tuple[Place, ...] = ()
    own_calendars: Mapping[str, Calendar] = field(default_factory=dict)  # of symbols that do not trade at home
    second_rates: SecondRates | None = None

    def cycle_started(self, book: Book) -> Iterator[Fact | tuple[Fact, ...]]:
        """Say what was missed since the last cycle, and begin; a clock that went back is a failed step."""
        yield tuple(CycleSkipped(slot=name, reason="no cycle ran in its time") for name in self._missed(book))
        session = self._session()
        yield CycleStarted(
            kind="close" if self.slot.kind == "close" else "trade",
            dry_run=self.dry_run,
            slot=self.slot_name,
            attempt=book.slots.get(self.slot_name, SlotState()).attempts + 1,
            session_day=session.day,
            session_open=session.open,
            session_close=session.close,
            settings_sha256=self.settings_sha256,
            versions=self.versions,
            hours=hours_rows(self.own_calendars, self.clock.now()),
            disk_free_megabytes=shutil.disk_usage(self.home).free // MEGABYTE,
        )
        yield approval_of(book, self.home, self.settings_sha256)
        ahead = book.now - self.clock.now()
        if ahead > AHEAD_MAX:  # the log's time never goes back: until the clock catches up, no market is open to it
            reason = f"the log has reached {book.now:%Y-%m-%d %H:%M} UTC, {ahead} ahead of this machine's clock"
            yield StepFailed(step="clock", reason=f"{reason}; see 'Clocks differ' in docs/runbook.md")

    def _session(self) -> Session:
        session = self.calendar.session(self.slot.day)
        if session is None:
            raise LookupError(f"slot {self.slot_name}: {self.slot.day} is not a trading day of {self.calendar.name}")
        return session

    def _missed(self, book: Book) -> Iterator[str]:
        """Name the slots between the last cycle and this one that nobody used."""
        if book.cycle is None:
            return
        first = max(book.cycle.started.session_day, self.slot.day - timedelta(days=SKIPPED_DAYS_MAX))
        for session in self.calendar.sessions(first, self.slot.day):
            for slot in (*self.calendar.slots(session), self.calendar.closing_slot(session)):
                known = book.slots.get(slot.name, SlotState())
                missed = book.cycle.at < slot.at < self.slot.at and slot.name != self.slot.name
                if missed and not (known.finished or known.skipped):
                    yield slot.name

    def require_newest(self, book: Book) -> Iterator[Fact]:
        """Begin a recovery where the home was restored, moved or copied; halt on a witness that knows more."""
        return require_newest(book, self.home, self.witnesses)

    def recovered(self, book: Book) -> tuple[Fact, ...]:
        """End a recovery if this cycle saw nothing newer than the log."""
        return recovered(book, self.home, self.witnesses)

    def universe(self, book: Book) -> tuple[int, ...]:
        """Return the contracts that may be ordered, as the broker defined them."""
        return universe_of(book, self.instruments)

    def statements(self, book: Book) -> Iterator[Fact | tuple[Fact, ...]]:
        """Take in the broker's statement of the last session that the log saw the end of."""
        ended = [day for day in book.snapshots if day < self._session().day]
        return statements(book, self.home, self.flex, self.clock, max(ended)) if ended else iter(())

    def lot_methods(self, book: Book) -> tuple[Fact, ...]:
        """Say which lots a sale closes, where the settings changed it."""
        chosen = self.accounting
        return tuple(lot_methods(book, chosen.lot_method, chosen.contracts, self.universe(book)))

    def sizing(self, book: Book) -> Sizing:
        """Return what the plan is made by."""
        return replace(self.orders, universe=self.universe(book))

    def ingest(self, book: Book) -> tuple[Fact, ...]:
        """Fetch the data of every source."""
        contracts = tuple(book.contracts[con_id] for con_id in self.universe(book))
        return ingest(book, self.home, self.sources, contracts, self.calendar, self.bar_rules, self.second_rates)

    def forecast(self, book: Book) -> tuple[Fact, ...]:
        """Compute weights and leverage, as a file that is read back."""
        return forecast(book, self.home, self.allocations, self.universe(book))

    def file_orders(self, book: Book) -> tuple[Fact, ...]:
        """Write the order file; that it cannot be written is a failed step."""
        if book.cycle is None or not book.cycle.plan:
            return ()
        try:
            files.write_orders(self.home, self.slot_name, book.cycle.plan)
        except OSError as error:
            return (StepFailed(step="order file", reason=f"{error.filename}: {error.strerror}"),)
        return ()

    def close(self, book: Book) -> Iterator[Fact | tuple[Fact, ...]]:
        """Write trades and snapshot, and finish the cycle with the hash of the book."""
        try:
            taken = snapshot(book)
            yield taken
            files.write_trades(self.home, book, self._session().day, self.calendar.zone)
            files.write_snapshot(self.home, self.slot_name, taken)
        except Unvalued as unvalued:
            yield StepFailed(step="snapshot", reason=str(unvalued))
        except OSError as error:
            yield StepFailed(step="snapshot file", reason=f"{error.filename}: {error.strerror}")
        yield CycleFinished(slot=self.slot_name, book_hash=book_hash(book))
