"""The ledger: a log, and the book that it implies, kept in step.

`record` is the only way in. Each batch is prepared on a fork of the book (nothing written yet), written and synced, and
only then taken over: what cannot be is refused before it is on disk, and what is on disk replays.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Literal, Self

from ledger.book import Book, Forgotten, Impossible, forgetful_book, replay
from ledger.checkpoints import Keeper, folded_from, latest_seal
from ledger.clock import Clock
from ledger.collecting import uncollected
from ledger.errors import LogError, Refusal
from ledger.events import (
    EVENT_TYPES,
    BreakFound,
    CycleStarted,
    Fact,
    FactRefused,
    LogStarted,
    OrderModifyAttempted,
    OrderSendAttempted,
    TradingAllowed,
    TradingHalted,
    TradingVetoed,
)
from ledger.line import CannotBeSpelt, Event, Line
from ledger.log import Log
from ledger.log.disk import LOCAL, Disk
from ledger.log.lock import read_holder
from ledger.log.recovery import inspected, require_log
from ledger.log.storage import is_shared, require_ours, var_folder
from ledger.lots import exactly

FACT_TYPES = frozenset(EVENT_TYPES)  # pydantic's own isinstance costs more than all that is asked of most facts
STOPPED_BY_HALT: tuple[type[Fact], ...] = (OrderSendAttempted, OrderModifyAttempted)  # a cancellation only reduces risk
LOOKING_FOR_HALT: tuple[type[Fact], ...] = (CycleStarted, TradingAllowed)  # what works already must not work on
RAW_CHARACTERS_MAX = 100_000


class LedgerError(Refusal):
    """Our own code tried to record what it never may."""

    code: ClassVar[str] = "ledger-error"
    exit_status: ClassVar[int] = 2


class IntentRepeated(LedgerError):
    """An intent to act stands in the log already: acting again would double it."""

    code = "intent-repeated"


class FactContradicted(LedgerError):
    """A fact of our own contradicts one under the same key."""

    code = "fact-contradicted"


class BookOutOfStep(LedgerError):
    """The book is not the one that the log implies."""

    code = "book-out-of-step"


def refusal(home: Path) -> LogError | None:
    """Return what a start would be refused for, as far as one looks: days before the newest checkpoint are not read.

    None while somebody holds the log: they were not refused, and what they write moves under our eyes. Whoever may
    only read a home is not told that he may not write.
    """
    var = var_folder(home)
    try:
        require_log(home)
        if is_shared(var) or LOCAL.status(var).owner == LOCAL.user_id():
            require_ours(var, LOCAL)
        inspected(var, since=latest_seal(home))
    except LogError as error:
        return None if read_holder(var) is not None else error
    return None


class Ledger:
    """The log of one home and its live book: always the book after the last recorded fact."""

    def __init__(self, log: Log, book: Book) -> None:
        self.log = log
        self.book = book

    @classmethod
    def open(
        cls,
        home: Path,
        clock: Clock,
        *,
        slot: str = "",
        account: str | None = None,
        mode: Literal["paper", "live"] | None = None,
        accept_head: bool = False,
        disk: Disk = LOCAL,
    ) -> Self:
        """Take the lock, recover the log, and fold what came after the newest checkpoint in the same walk."""
        by_itself = accept_head or disk is not LOCAL  # the operator's word is for the whole chain
        book, seal = (forgetful_book(), None) if by_itself else folded_from(home)
        keeper = None if by_itself else Keeper(home)
        folding = _Folding(book, keeper)
        with uncollected(), exactly():
            log = Log.open(
                home, clock, slot=slot, account=account, mode=mode, accept_head=accept_head, since=seal,
                visit=folding.visit, disk=disk,
            )  # fmt: skip
        try:
            if folding.has_forgotten:
                folding = _Folding(Book(), keeper)
                for event in log.events():
                    folding.visit(event)
            ledger = cls(log, folding.result())
            ledger._record_refused_starts()
        except BaseException:
            log.close()
            raise
        return ledger

    @classmethod
    def create(cls, home: Path, clock: Clock, genesis: LogStarted, *, slot: str = "", disk: Disk = LOCAL) -> Self:
        """Begin a new log."""
        log = Log.create(home, clock, genesis, slot=slot, disk=disk)
        try:
            return cls(log, replay(log.events()))
        except BaseException:
            log.close()
            raise

    def record(self, facts: Iterable[Fact | tuple[Fact, ...]]) -> None:
        """Record facts: a tuple is one batch; anything else is a series of facts and batches.

        A generator is resumed only when what it yielded is durable, and after an intent HEAD too. It is closed, never
        resumed, if a fact of our own is refused or if trading is stopped; it must not yield in `finally`.
        """
        if isinstance(facts, tuple):
            self._record_batch(facts)
            return
        source = iter(facts)
        try:
            for item in source:
                if not self._record_batch(item if isinstance(item, tuple) else (item,)):
                    break
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()

    def close(self) -> None:
        """Record who was refused meanwhile, vouch for everything in HEAD, and give the lock up."""
        try:
            if self.log.writable:
                self._record_refused_starts()
        finally:
            self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.log.close()

    def _record_batch(self, batch: tuple[Fact, ...]) -> bool:
        """Prepare, write, take over; False if trading is stopped and the batch was not written."""
        if self.book.seq != self.log.head[0]:
            raise BookOutOfStep(f"expected a book after seq {self.log.head[0]}, found seq {self.book.seq}; start again")
        for fact in batch:
            if type(fact) not in FACT_TYPES:
                raise TypeError(f"expected a fact or a tuple of facts, found {fact!r}")
        obstacle = self._obstacle(batch)
        if obstacle is not None:
            batch = (obstacle,)
        try:
            lines, candidate = self._prepare(batch)
        except Forgotten:
            self.book.become(replay(self.log.events(), retain=True))
            lines, candidate = self._prepare(batch)
        self.log.append(lines)
        self.book.become(candidate)
        if any(line.event.fact.ACTS for line in lines):
            self.log.barrier()
        if self.book.halt is None and any(type(fact) in LOOKING_FOR_HALT for fact in batch):
            self._record_halt()
        return obstacle is None

    def _record_halt(self) -> None:
        """Record that a file halts trading: a cycle may have nothing to send, and orders that work already."""
        if (reason := self.log.halt_reason()) is not None:
            self._record_batch((TradingHalted(reason=reason),))

    def _obstacle(self, batch: tuple[Fact, ...]) -> TradingHalted | TradingVetoed | None:
        """Look at HALT, and at the time, before an order or a change of one is written."""
        if not any(type(fact) in STOPPED_BY_HALT for fact in batch):
            return None
        halted = self.log.halt_reason()
        if halted is not None:
            return TradingHalted(reason=halted)
        lapsed = self.book.lapsed(self.log.next_recorded_at)
        return None if lapsed is None else TradingVetoed(reasons=(lapsed,))

    def _prepare(self, batch: tuple[Fact, ...]) -> tuple[tuple[Line, ...], Book]:
        """Return the lines to write and the book after them; raises, and nothing happened, for what cannot be."""
        cycle = self.book.cycle
        running = cycle.seq if cycle is not None and not cycle.ended else None
        kept, doubtful = self._unknown(batch)
        while True:
            candidate = self.book.fork()
            lines: tuple[Line, ...] = ()
            try:
                lines = self.log.draft(kept, running)
            except CannotBeSpelt as error:
                if not kept[error.place].FROM_BROKER:
                    raise
                obstacle: Obstacle | None = (error.place, _refusal(candidate, kept[error.place], str(error)))
            else:
                obstacle = _apply(candidate, lines, doubtful)
            if obstacle is None:
                return lines, candidate
            place, replacement = obstacle
            kept[place : place + 1] = replacement

    def _unknown(self, batch: tuple[Fact, ...]) -> tuple[list[Fact], bool]:
        """Return the facts that the log does not hold, and whether each has to be looked at again in its place.

        It has to if two share a key, or if one contradicts the log.
        """
        kept, keys, doubtful = list[Fact](), set[str](), False
        for fact in batch:
            try:
                key = fact.key
                known = key is not None and self.book.recognise(fact, key) is not None
            except (Impossible, ValueError):
                known, doubtful = False, True
            else:
                doubtful = doubtful or key in keys
                if key is not None:
                    keys.add(key)
            if not known:
                kept.append(fact)
            elif fact.ACTS:
                raise IntentRepeated(f"{fact.key}: expected a new intent, found it in the log; never act twice on one")
        return kept, doubtful

    def _record_refused_starts(self) -> None:
        """Record each note once: where its recorder died before it could remove it, the log holds its fact already."""
        notes = self.log.refused_starts()
        if notes:
            self.record(tuple(fact for _, fact in notes))
            self.log.forget(notes)


class _Folding:
    """A book that follows a walk; an impossible fact waits until the log itself is found sound."""

    def __init__(self, book: Book, keeper: Keeper | None) -> None:
        self._book = book
        self._keeper = keeper
        self._flaw: Impossible | None = None

    def visit(self, event: Event) -> None:
        if self._flaw is not None:
            return
        if self._keeper is not None:
            with suppress(OSError, ValueError):  # a checkpoint saves time, nothing else; a stray name is no date
                self._keeper.visit(self._book, event)
        try:
            self._book.apply(event)
        except Impossible as flaw:
            self._flaw = flaw

    @property
    def has_forgotten(self) -> bool:
        """Whether the log needs what the book had forgotten: one that retains everything has to follow it."""
        return isinstance(self._flaw, Forgotten)

    def result(self) -> Book:
        if self._flaw is not None:
            raise self._flaw
        return self._book


Obstacle = tuple[int, tuple[Fact, ...]]  # where in the batch, and what takes the fact's place


def _apply(candidate: Book, lines: tuple[Line, ...], doubtful: bool) -> Obstacle | None:
    """Apply a drafted batch to a fork; return the first fact that needs something else in its place."""
    seals = len(lines) - (lines[-1].event.batch[1] if lines else 0)
    for place, (event, _, _) in enumerate(lines, start=-seals):
        try:
            if doubtful and _told_twice(candidate, event.fact):
                return place, ()
            candidate.apply(event)
        except Impossible as error:
            if isinstance(error, Forgotten) or not event.fact.FROM_BROKER:
                raise
            return place, _refusal(candidate, event.fact, str(error))
    return None


def _told_twice(candidate: Book, fact: Fact) -> bool:
    """Whether the batch itself holds this very fact already."""
    try:
        known = candidate.recognise(fact) is not None
    except Impossible as error:
        if isinstance(error, Forgotten) or fact.FROM_BROKER:
            raise
        raise FactContradicted(str(error)) from error
    if known and fact.ACTS:
        raise IntentRepeated(f"{fact.key}: expected a new intent, found it twice in one batch")
    return known


def _refusal(book: Book, fact: Fact, reason: str) -> tuple[Fact, ...]:
    """Keep what the broker said raw, beside a break; nothing if the same refusal stands in the book already.

    A contract it names is locked; without one, only risk may be reduced.
    """
    reason = _printable(reason)
    try:
        subject, raw = fact.key or fact.type, fact.model_dump_json(exclude_none=True)
    except ValueError:
        subject, raw = fact.type, _printable(repr(fact))
    known = (b.found for b in book.breaks.values() if b.found.kind == "refused_fact")
    if any((found.subject, found.text) == (subject, reason) for found in known):
        return ()
    con_id: int | None = getattr(fact, "con_id", None)
    return (
        FactRefused(
            fact_type=fact.type, raw=raw[:RAW_CHARACTERS_MAX], reason=reason, occurred_at=fact.occurred_at
        ),
        BreakFound(
            break_id=book.next_break_id,
            kind="refused_fact",
            subject=subject,
            consequence="reduce_only" if con_id is None else "lock",
            con_id=con_id,
            text=reason,
        ),
    )  # fmt: skip


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
