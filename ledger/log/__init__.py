"""The log: append-only, hash-chained day files under `var/events`, with one writer.

`Log.open` takes the lock and recovers before anything else; `draft` gives facts their envelopes; `append` returns when
they are durable; `barrier` vouches for them in HEAD before anything acts on them. Readers use `read_events`, without
the lock. `recovery.py` deals with what a crash left, `chain.py` says what may follow what, `walking.py` asks it of each
line, `ledger/line.py` has the bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from ledger.clock import Clock
from ledger.errors import (
    BatchTooLarge,
    DayFileFull,
    LogDamaged,
    LogError,
    LogExists,
    LogForeign,
    LogLocked,
    LogNotWritable,
)
from ledger.events import Fact, HeadAdvanced, LogStarted, StartRefused, WallClockRegressed
from ledger.line import GENESIS_PREV, Event, Line, decode, draft_lines, encode, moment
from ledger.log.chain import BATCH_BYTES_MAX, BATCH_EVENTS_MAX, DAY_BYTES_MAX, Chain, Seal
from ledger.log.disk import LOCAL, Disk
from ledger.log.halt import halt_reason
from ledger.log.head import Head, read_head, write_first_head, write_head
from ledger.log.lock import Holder, Lock, leave_note, refused_starts
from ledger.log.reading import last_recorded_at, read_events, read_from, read_genesis
from ledger.log.recovery import Visit, recover, require_log, unrecorded_cuts
from ledger.log.storage import (
    day_files,
    events_folder,
    file_mode,
    folder_mode,
    is_shared,
    refusing_what_cannot_be_written,
    require_ours,
    seal_file,
    var_folder,
    write_fully,
    write_new_file,
)

__all__ = [
    "Event", "Log", "LogError", "LogLocked", "Seal", "decode", "encode", "last_recorded_at", "read_events", "read_from",
    "read_genesis", "require_expected",
]  # fmt: skip

TICK = timedelta(microseconds=1)
REGRESSION = timedelta(seconds=1)  # a clock that stands further back than this is worth a line


class Log:
    """The log of one home, held by this process for writing."""

    def __init__(self, home: Path, clock: Clock, lock: Lock, chain: Chain, disk: Disk = LOCAL) -> None:
        if chain.genesis is None:
            raise LogDamaged(f"{home}: expected a genesis, found none")
        self.genesis: LogStarted = chain.genesis
        self._var = var_folder(home)
        self._events = events_folder(home)
        self._clock = clock
        self._lock = lock
        self._chain = chain
        self._disk = disk
        self._poisoned = False
        self._handle: int | None = None
        self._file = ""

    @staticmethod
    def create(home: Path, clock: Clock, genesis: LogStarted, *, slot: str = "", disk: Disk = LOCAL) -> Log:
        """Begin a new log; LogExists if there is one."""
        _check_clock(home, clock, genesis)
        if disk.kind(home) != "folder":
            require_log(home, disk)
        var, events = var_folder(home), events_folder(home)
        with refusing_what_cannot_be_written(var):
            _make_private_or_shared(var, 0o700, disk)
            _make_private_or_shared(events, folder_mode(var, disk), disk)
            disk.sync_folder(home)
        require_ours(var, disk)
        lock = _take_lock(var, clock, slot, disk)
        try:
            head = read_head(var, disk)
            if day_files(events, disk) or (head is not None and head.seq > 0):
                raise LogExists(f"{events}: expected no log, found one; one home holds one account")
            with refusing_what_cannot_be_written(events):
                _write_genesis(var, events, clock.now().astimezone(UTC), genesis, disk)
            chain, _ = recover(var, disk=disk)
            return Log(home, clock, lock, chain, disk)
        except BaseException:
            lock.release()
            raise

    @staticmethod
    def open(
        home: Path,
        clock: Clock,
        *,
        slot: str = "",
        account: str | None = None,
        mode: Literal["paper", "live"] | None = None,
        accept_head: bool = False,
        since: Seal | None = None,
        visit: Visit | None = None,
        disk: Disk = LOCAL,
    ) -> Log:
        """Take the lock, recover, and record what that found.

        `account` and `mode` are what the caller expects. `accept_head` is the operator's word that the chain is the
        right one although HEAD cannot be read. `visit` is handed every event, or every one after `since`, in the walk
        that recovery makes anyway, and what recovery records; it counts only if this returns.
        """
        var, events = var_folder(home), events_folder(home)
        with refusing_what_cannot_be_written(var):
            require_log(home, disk)
        require_ours(var, disk)
        lock = _take_lock(var, clock, slot, disk)
        try:
            with refusing_what_cannot_be_written(events):
                require_expected(home, clock, read_genesis(home, disk), account, mode)
                chain, head = recover(var, accept_head=accept_head, since=since, visit=visit, disk=disk)
            log = Log(home, clock, lock, chain, disk)
        except BaseException:
            lock.release()
            raise
        try:
            with refusing_what_cannot_be_written(events):
                log._record_recovery(head, visit)
        except BaseException:
            log._let_go()
            raise
        return log

    @property
    def log_id(self) -> str:
        """The id that every line of this log carries."""
        return self._chain.log_id

    @property
    def head(self) -> tuple[int, str]:
        """Seq and hash of the last durable line."""
        return self._chain.seq, self._chain.hash

    @property
    def last_recorded_at(self) -> datetime:
        """When the last line was recorded."""
        return moment(self._chain.recorded_at)

    @property
    def next_recorded_at(self) -> datetime:
        """When a line would be recorded now: by the clock, and later than every line before."""
        return max(self._clock.now().astimezone(UTC), self.last_recorded_at + TICK)

    def events(self, since: Seal | None = None) -> Iterator[Event]:
        """Yield every event from the genesis, or the seal, on; the chain is checked before anything is parsed."""
        seq, until_seq = -1 if since is None else since.seq, self._chain.seq
        for event in read_events(self._var.parent, since=since, until_seq=until_seq, disk=self._disk):
            seq = event.seq
            yield event
        if seq != until_seq:
            raise LogDamaged(f"{self._events}: expected seq {until_seq} as written, found {seq}; start again")

    def draft(self, facts: Sequence[Fact], cycle: int | None) -> tuple[Line, ...]:
        """Give one batch its envelopes; nothing is written.

        The first batch of a later day is preceded by the seal of the day before, a batch of its own.
        """
        if not facts:
            return ()
        if len(facts) > BATCH_EVENTS_MAX:
            raise BatchTooLarge(f"a batch: expected at most {BATCH_EVENTS_MAX} facts, found {len(facts)}; report it")
        day, drafted = self._chain.day, list[Line]()
        seq, prev = self.head
        recorded_at = self.next_recorded_at
        if day is not None and _file_of(recorded_at) != day.file:
            if _file_of(recorded_at + TICK) != _file_of(recorded_at):
                recorded_at += TICK  # the seal and the batch lie in one file
            drafted += draft_lines(
                (self._chain.seal(),), seq=seq + 1, log=self.log_id, recorded_at=recorded_at, cycle=None, prev=prev
            )
            seq, prev, recorded_at = seq + 1, drafted[0].header.hash, recorded_at + TICK
        lines = draft_lines(facts, seq=seq + 1, log=self.log_id, recorded_at=recorded_at, cycle=cycle, prev=prev)
        self._check_sizes(sum(len(line.raw) for line in lines), 0 if drafted or day is None else day.size)
        return (*drafted, *lines)

    def _check_sizes(self, batch_bytes: int, day_bytes: int) -> None:
        if batch_bytes > BATCH_BYTES_MAX:
            raise BatchTooLarge(f"a batch: expected at most {BATCH_BYTES_MAX} bytes, found {batch_bytes}; report it")
        if day_bytes + batch_bytes > DAY_BYTES_MAX:
            raise DayFileFull(
                f"{self._events}: expected a day file of at most {DAY_BYTES_MAX} bytes, found {day_bytes} and "
                f"{batch_bytes} more; nothing can be recorded before the next day (UTC): find out what records so much"
            )

    def append(self, batch: tuple[Line, ...]) -> None:
        """Write what was drafted; returns when it is durable. After any failure this writer never writes again."""
        if not batch:
            return
        self._require_writable()
        first = batch[0].header
        if (first.seq - 1, first.prev) != self.head:
            raise ValueError(f"seq {first.seq}: expected a draft that follows {self.head}, found a stale one")
        self._poisoned = True  # until it is certain that nothing went wrong
        with refusing_what_cannot_be_written(self._events):
            while batch:
                lines = batch[0].header.batch[1]
                self._write(batch[:lines])
                batch = batch[lines:]
        self._poisoned = False

    def barrier(self) -> None:
        """Vouch for everything appended so far: after this, something may depend on it."""
        self._require_writable()
        self._poisoned = True
        with refusing_what_cannot_be_written(self._var):
            write_head(self._var, Head(*self.head), self._disk)
        self._poisoned = False

    @property
    def writable(self) -> bool:
        """Whether this process holds the lock and no write has failed."""
        return self._lock.held and not self._poisoned

    def halt_reason(self) -> str | None:
        """Return why `var/HALT` stops trading; None only if it is certainly absent."""
        return halt_reason(self._var, self._disk)

    def refused_starts(self) -> tuple[tuple[Path, StartRefused], ...]:
        """Return the notes of starts that found the lock held; `forget` a note once it is recorded."""
        with refusing_what_cannot_be_written(self._var):
            return refused_starts(self._var, self.last_recorded_at, self._disk)

    def forget(self, notes: tuple[tuple[Path, StartRefused], ...]) -> None:
        """Remove notes that are recorded."""
        with refusing_what_cannot_be_written(self._var):
            for path, _ in notes:
                self._disk.unlink(path)

    def close(self) -> None:
        """Vouch for what was appended, and give the lock up. A poisoned writer vouches for nothing."""
        try:
            if self.writable:
                self.barrier()
        finally:
            self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _record_recovery(self, head: Head | None, visit: Visit | None) -> None:
        chain, now = self._chain, self._clock.now().astimezone(UTC)
        facts: list[Fact] = list(unrecorded_cuts(self._events, chain, self._disk))
        if head is None:
            facts.append(HeadAdvanced(from_seq=-1, to_seq=chain.seq))  # accepted by the operator
            with refusing_what_cannot_be_written(self._var):
                write_first_head(self._var, Head(*self.head), self._disk)
        elif chain.seq > head.seq:
            facts.append(HeadAdvanced(from_seq=head.seq, to_seq=chain.seq))
        if now < self.last_recorded_at - REGRESSION:
            facts.append(WallClockRegressed(clock_showed=now, last_recorded_at=self.last_recorded_at))
        if facts:
            drafted = self.draft(facts, None)
            self.append(drafted)
            self.barrier()
            if visit is not None:
                for line in drafted:
                    visit(line.event)

    def _let_go(self) -> None:
        if self._handle is not None:
            self._disk.close(self._handle)
            self._handle = None
        self._lock.release()

    def _require_writable(self) -> None:
        if not self._lock.held:
            raise LogNotWritable(f"{self._var}/lock: expected to hold it, found it released; open the log again")
        if self._poisoned:
            raise LogNotWritable(f"{self._events}: expected a sound writer, found one whose write failed; start again")

    def _write(self, part: tuple[Line, ...]) -> None:
        """Write one batch with one loop and one sync."""
        before, file = self._chain.day, f"{part[0].header.recorded_at[:10].decode()}.jsonl"
        if file != self._file:
            self._open(file)
        if self._handle is None:
            raise OSError(f"{file}: expected it open")
        expected = before.size if before is not None and before.file == file else 0
        found = self._disk.size(self._handle)
        if found != expected:
            raise LogDamaged(f"{file}: expected {expected} bytes, found {found}; somebody else wrote; start again")
        for line in part:
            self._chain.follow(line.header, line.raw, file)
        write_fully(self._handle, b"".join([line.raw for line in part]), self._disk)
        self._disk.sync_content(self._handle)
        if before is not None and before.file != file:
            seal_file(self._events / before.file, self._disk)

    def _open(self, file: str) -> None:
        if self._handle is not None:
            self._disk.close(self._handle)
            self._handle = None
        path = self._events / file
        is_new = self._disk.kind(path) == "nothing"
        self._handle = self._disk.open(path, "append", file_mode(self._events, self._disk))
        self._file = file
        if is_new:
            self._disk.sync(self._handle)
            self._disk.sync_folder(self._events)


def _file_of(recorded_at: datetime) -> str:
    return f"{recorded_at.date().isoformat()}.jsonl"


def _make_private_or_shared(folder: Path, mode: int, disk: Disk) -> None:
    if disk.kind(folder) == "nothing":
        disk.make_folder(folder, mode)
    elif not is_shared(folder, disk):
        disk.chmod(folder, mode)


def _write_genesis(var: Path, events: Path, now: datetime, genesis: LogStarted, disk: Disk) -> None:
    """HEAD first: a crash in between leaves no log, and `create` may be tried again."""
    origin = f"{now.isoformat()} {genesis.account} ".encode() + os.urandom(32)
    log = sha256(origin).hexdigest()[:16]
    (line,) = draft_lines((genesis,), seq=0, log=log, recorded_at=now, cycle=None, prev=GENESIS_PREV)
    write_first_head(var, Head(0, line.header.hash), disk)
    write_new_file(events / _file_of(now), line.raw, disk)


def _take_lock(var: Path, clock: Clock, slot: str, disk: Disk) -> Lock:
    """Take the lock. Who is refused leaves a note, unless the holder works on the very slot that was to be done."""
    now = clock.now()
    with refusing_what_cannot_be_written(var):
        try:
            return Lock.take(var, Holder(os.getpid(), slot, now), disk)
        except LogLocked as locked:
            if not slot or locked.slot != slot:
                leave_note(var, slot, now, disk)
            raise


def _check_clock(home: Path, clock: Clock, genesis: LogStarted) -> None:
    if clock.kind != genesis.clock:
        raise LogForeign(
            f"{home}: expected the {clock.kind} clock, found a log of the {genesis.clock} clock; check --home"
        )


def require_expected(home: Path, clock: Clock, genesis: LogStarted, account: str | None, mode: str | None) -> None:
    """Refuse another clock's, another account's or another mode's log; None: whatever it is."""
    _check_clock(home, clock, genesis)
    for name, expected, found in (("account", account, genesis.account), ("mode", mode, genesis.mode)):
        if expected is not None and expected != found:
            raise LogForeign(
                f"{home}: expected {name} {expected}, found a log of {found}; check --home and the settings"
            )
