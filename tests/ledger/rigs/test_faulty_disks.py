"""Disks that are full, fail, write less than asked or are interrupted, at every single operation of a session."""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from ledger.book import book_hash, replay
from ledger.errors import LogError, LogNotWritable
from ledger.events import Fact
from ledger.ledger import Ledger, LedgerError
from ledger.line import decode
from ledger.log import read_events
from ledger.log.disk import LOCAL
from ledger.log.storage import write_fully
from tests.ledger.logs import GENESIS, MAY_TRADE, StillClock, acknowledged, attempted
from tests.ledger.rigs.log_of_three_days import deposit, traded
from tests.ledger.rigs.oracle import judge
from tests.ledger.rigs.simulated_disk import HOME, SimulatedDisk

CHANGING = {"open", "write", "write_at", "truncate", "make_folder", "chmod", "replace", "unlink"}
SYNCING = {"sync", "sync_content", "sync_file", "sync_folder"}
LOOKING = {"names", "status", "reader", "size", "writable", "lock", "leads_to"}


class FaultyDisk(SimulatedDisk):
    """Fails at one operation, or from there on."""

    def __init__(self, seed: int = 0) -> None:
        self.fails_at, self.stays, self.code, self.among = -1, False, errno.ENOSPC, frozenset[str]()
        self.met, self.failed = 0, ""
        super().__init__(seed)

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name in CHANGING | SYNCING | LOOKING and name in self.among:
            return partial(self._meet, name, found)
        return found

    def _meet(self, name: str, operation: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self.met += 1
        if self.met == self.fails_at or (self.stays and self.met > self.fails_at > 0):
            self.failed = self.failed or name
            raise OSError(self.code, os.strerror(self.code))
        return operation(*arguments, **named)


class Session:
    """What a session does to its ledger, and what it may rely on."""

    def __init__(self, fails_at: int, among: set[str], code: int, *, stays: bool = False) -> None:
        self.disk, self.clock = FaultyDisk(fails_at), StillClock()
        self.placed: list[str] = []
        self.relied_on = 0
        with Ledger.create(HOME, self.clock, GENESIS, disk=self.disk) as ledger:
            ledger.record(MAY_TRADE)
            self.relied_on = ledger.log.head[0]
        self.disk.fails_at, self.disk.code, self.disk.stays = fails_at, code, stays
        self.disk.among = frozenset(among)

    def run(self) -> Exception | None:
        """Work until it fails; a ledger whose writing failed must refuse whatever follows."""
        try:
            ledger = Ledger.open(HOME, self.clock, disk=self.disk)
        except LogError as refused:
            return refused
        try:
            for batch in ((deposit(1), deposit(2)), self._sending(), traded(3), None, (deposit(4),)):
                if batch is None:
                    self.clock.sleep(86_400)
                else:
                    ledger.record(batch)
                    self.relied_on = ledger.log.head[0]
            ledger.close()
        except (LogError, OSError) as refused:
            self._require_poisoned(ledger)
            return self._refused(refused)
        return None

    def _refused(self, refused: Exception) -> Exception:
        """What fails to be written is refused in the log's words; what cannot be looked at may say so itself."""
        assert isinstance(refused, LogError) or self.disk.failed in LOOKING, repr(refused)
        return refused

    def _sending(self) -> Iterator[Fact]:
        for number in (1, 2):
            order_ref = f"tb-DU1-3-abcd-756733-B-{number}"
            yield attempted(order_ref, "5", number)
            self.placed.append(order_ref)
            yield acknowledged(order_ref)

    def _require_poisoned(self, ledger: Ledger) -> None:
        before, placed = self.disk.day_files(), list(self.placed)
        was_writable = ledger.log.writable
        for again in ((deposit(9),), self._sending()):
            with suppress(LogError, LedgerError, OSError):
                ledger.record(again)
                assert was_writable, "a poisoned writer wrote"
        if not was_writable:
            assert (self.disk.day_files(), self.placed) == (before, placed)
            with pytest.raises(LogNotWritable):
                ledger.log.barrier()
        with suppress(LogError, OSError):
            ledger.close()

    def require_whole(self, *, power_cut: bool) -> None:
        """The next start has everything that was relied on; every order that left was vouched for."""
        self.disk.among = frozenset()
        if power_cut:
            self.disk.root.lose()
        self.disk.kill()
        slots = self.disk.files(HOME / "var")
        verdict = judge(self.disk.day_files(), (slots.get("HEAD.0"), slots.get("HEAD.1")))
        assert verdict.opens, f"{self.disk.failed}: {verdict.refusals}"
        vouched_for = b"".join(verdict.lines[: (verdict.head or 0) + 1])
        assert [ref for ref in self.placed if ref.encode() not in vouched_for] == []
        assert verdict.seq >= self.relied_on
        with Ledger.open(HOME, self.clock, disk=self.disk) as ledger:
            events = list(read_events(HOME, disk=self.disk))
            assert book_hash(ledger.book) == book_hash(replay(events))
            assert tuple(events[: verdict.seq + 1]) == tuple(map(decode, verdict.lines))


def operations(among: set[str]) -> int:
    """Count what a session meets when nothing fails."""
    session = Session(-1, among, errno.EIO)
    assert session.run() is None
    return session.disk.met


FAILURES = [
    pytest.param(CHANGING, errno.ENOSPC, False, id="no space left, once"),
    pytest.param(CHANGING | SYNCING, errno.ENOSPC, True, id="no space left, for good"),
    pytest.param(SYNCING, errno.EIO, False, id="a sync failed"),
    pytest.param(LOOKING, errno.EIO, False, id="what is there cannot be read"),
    pytest.param(LOOKING | CHANGING | SYNCING, errno.EIO, True, id="the disk is gone"),
    pytest.param(CHANGING | SYNCING, errno.EINTR, False, id="interrupted"),
    pytest.param(CHANGING, errno.EROFS, True, id="read-only all at once"),
]


@pytest.mark.parametrize(("among", "code", "stays"), FAILURES)
def test_a_failure_at_any_operation_acts_on_nothing_and_loses_nothing(among: set[str], code: int, stays: bool) -> None:
    total, refused, failed = operations(among), 0, set[str]()
    for fails_at in range(1, total + 1):
        session = Session(fails_at, among, code, stays=stays)
        refused += session.run() is not None
        assert session.disk.failed, f"nothing failed at {fails_at}"
        failed.add(session.disk.failed)
        session.require_whole(power_cut=fails_at % 2 == 0)
    assert total > 10
    assert refused > total // 2
    assert len(failed) > 2


def test_a_failed_intent_is_never_acted_upon_wherever_its_barrier_fails() -> None:
    among = {"write", "write_at", "sync", "sync_content"}
    stopped = 0
    for fails_at in range(1, operations(among) + 1):
        session = Session(fails_at, among, errno.EIO)
        session.run()
        intents = [
            line for line in session.disk.day_files()["2026-01-14.jsonl"].splitlines() if b"send_attempted" in line
        ]
        assert len(session.placed) <= len(intents)
        stopped += len(session.placed) < len(intents)
    assert stopped > 0  # the intent stood in the file, and still nothing left


class ShortDisk(SimulatedDisk):
    """Takes so many bytes of the next write, and then fails or goes on."""

    takes, then_fails = 0, False

    def write(self, handle: int, content: bytes | memoryview) -> int:
        if self.takes < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.takes == 0:
            return super().write(handle, content)
        taken = super().write(handle, bytes(content[: self.takes]))
        self.takes = -1 if self.then_fails else 0
        return taken


def line_length() -> int:
    disk, clock = SimulatedDisk(), StillClock()
    with Ledger.create(HOME, clock, GENESIS, disk=disk) as ledger:
        before = len(disk.day_files()["2026-01-14.jsonl"])
        ledger.record((deposit(1),))
        return len(disk.day_files()["2026-01-14.jsonl"]) - before


@pytest.mark.parametrize("then_fails", [False, True])
def test_a_line_cut_by_the_disk_at_any_byte_is_completed_or_torn(then_fails: bool) -> None:
    length = line_length()
    for taken in range(1, length):
        disk, clock = ShortDisk(), StillClock()
        with suppress(LogNotWritable), Ledger.create(HOME, clock, GENESIS, disk=disk) as ledger:
            disk.takes, disk.then_fails = taken, then_fails
            ledger.record((deposit(1),))
        disk.takes = 0
        disk.kill()
        with Ledger.open(HOME, clock, disk=disk):
            types = [event.type for event in read_events(HOME, disk=disk)]
        assert types == ["log_started", "tail_truncated" if then_fails else "cash_deposited"]


def test_a_write_that_takes_nothing_is_an_error_not_a_loop() -> None:
    class Full(SimulatedDisk):
        def write(self, handle: int, content: bytes | memoryview) -> int:
            return 0

    with pytest.raises(OSError, match="wrote none"):
        write_fully(0, b"line", Full())


def test_a_signal_in_the_middle_of_a_write_is_no_failure() -> None:
    """Python tries again by itself (PEP 475): below the seam, an interrupted write shows as a whole or a short one."""
    reading, writing = os.pipe()
    content, read, signals = b"x" * 300_000, bytearray(), list[int]()

    def drain() -> None:
        while len(read) < len(content):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
            read.extend(os.read(reading, 4096))

    before = signal.signal(signal.SIGUSR1, lambda number, _: signals.append(number))
    drainer = threading.Thread(target=drain)
    drainer.start()
    try:
        write_fully(writing, content, LOCAL)
        drainer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
        os.close(reading)
        os.close(writing)

    assert bytes(read) == content
    assert signals
