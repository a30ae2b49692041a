"""Durable appends: through `Ledger.record`, beside bare writes of the same bytes and beside a peer's recorder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.measuring import Pairs, in_turns, seconds
from benchmarks.peer import Account, accounts, synchronous
from benchmarks.world import begun, trades
from ledger.events import Fact
from ledger.ledger import Ledger
from ledger.log.storage import day_files, events_folder

EVENTS = 200  # a run, one sync each
BATCHES = 50  # a run
BATCH = 40
BEFORE = 100_000  # events in the long history
BARE_LIMIT, PEER_LIMIT, BATCH_LIMIT = 2.2, 0.5, 6.0


def run() -> Iterator[str]:
    """One durable event, and a batch of 40: checked, folded into the book, written and synced by `Ledger.record`.

    Beside it the very bytes of these lines, written and synced by bare system calls; and the SQLite recorder of the
    library eventsourcing, given events that it has turned into bytes beforehand (`save`: all that the library does).
    Facts are fills and their commissions, made beforehand; the sides take turns, event by event.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with begun(home / "short") as ledger:
            bench = Bench(ledger, events_folder(home / "short"), home)
            yield bench.one().line("one event", "bare write and sync", BARE_LIMIT, EVENTS)
            yield bench.beside_recorder().line("one event", "eventsourcing, recorder alone", PEER_LIMIT, EVENTS)
            yield bench.recorder_beside_bare().line(
                "a bare write and sync", "eventsourcing, recorder alone", None, EVENTS
            )
            yield bench.beside_save().line("one event", "eventsourcing, save", None, EVENTS)
            yield f"{'':34} {'':11}  eventsourcing runs SQLite with {synchronous(bench.peer)}"
            short = bench.batches()
            yield short.line(f"a batch of {BATCH}", "bare write and sync", BATCH_LIMIT, BATCHES)
            while ledger.log.head[0] < BEFORE:
                ledger.record(tuple(bench.facts(2_000)))
            yield bench.one().line(f"one event after {BEFORE:,}", "bare write and sync", BARE_LIMIT, EVENTS)
            late = bench.batches()
            yield late.line(f"a batch of {BATCH} after {BEFORE:,}", "bare write and sync", BATCH_LIMIT, BATCHES)
            yield f"late beside early, each beside bare writes: ratio {late.ratio / short.ratio:.2f}"


class Bench:
    """A ledger, a bare file and a peer, side by side."""

    def __init__(self, ledger: Ledger, events: Path, folder: Path) -> None:
        self.ledger, self._events, self._bare, self._told = ledger, events, folder / "bare", 0
        self.peer: Any = accounts(folder / "peer.sqlite")
        self._account: Any = Account()

    def facts(self, events: int) -> list[Fact]:
        """Make the next facts."""
        found = list(trades(self._told, events // 2))
        self._told += events // 2
        return found

    def one(self) -> Pairs:
        return self._beside_bare(lambda: [(fact,) for fact in self.facts(EVENTS)])

    def batches(self) -> Pairs:
        return self._beside_bare(lambda: [tuple(self.facts(BATCH)) for _ in range(BATCHES)])

    def _beside_bare(self, portion: Callable[[], list[tuple[Fact, ...]]]) -> Pairs:
        descriptor = os.open(self._bare, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

        def both() -> tuple[float, float]:
            ours = bare = 0.0
            for batch in portion():
                (day_file,) = day_files(self._events)
                size = day_file.stat().st_size
                ours += seconds(self.ledger.record, batch)
                with day_file.open("rb") as file:
                    file.seek(size)
                    written = file.read()  # the very bytes
                bare += seconds(_write, descriptor, written)
            return ours, bare

        try:
            return in_turns(both)
        finally:
            os.close(descriptor)

    def beside_recorder(self) -> Pairs:
        def both() -> tuple[float, float]:
            ours = peers = 0.0
            for fact in self.facts(EVENTS):
                self.peer.tell(self._account, fact)
                stored = [self.peer.mapper.to_stored_event(told) for told in self._account.collect_events()]
                ours += seconds(self.ledger.record, (fact,))
                peers += seconds(self.peer.recorder.insert_events, stored)
            return ours, peers

        return in_turns(both)

    def recorder_beside_bare(self) -> Pairs:
        """Show what the disk alone takes of the recorder's time: no log that syncs each event can take less."""
        descriptor = os.open(self._bare, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

        def both() -> tuple[float, float]:
            bare = peers = 0.0
            for fact in self.facts(EVENTS):
                self.peer.tell(self._account, fact)
                stored = [self.peer.mapper.to_stored_event(told) for told in self._account.collect_events()]
                bare += seconds(_write, descriptor, stored[0].state)
                peers += seconds(self.peer.recorder.insert_events, stored)
            return bare, peers

        try:
            return in_turns(both)
        finally:
            os.close(descriptor)

    def beside_save(self) -> Pairs:
        def both() -> tuple[float, float]:
            ours = peers = 0.0
            for fact in self.facts(EVENTS):
                ours += seconds(self.ledger.record, (fact,))
                peers += seconds(self._save, fact)
            return ours, peers

        return in_turns(both)

    def _save(self, fact: Fact) -> None:
        self.peer.tell(self._account, fact)
        self.peer.save(self._account)


def _write(descriptor: int, content: bytes) -> None:
    os.write(descriptor, content)
    os.fdatasync(descriptor)
