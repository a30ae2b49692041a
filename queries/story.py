"""`tallybook audit DAY`: the day in order, and whether replaying it leads to the recorded book again.

The replay begins with the book of a sealed day before (`ledger/checkpoints.py`), so that no audit folds years; `verify`
replays them all. The day is the session's: a cycle's facts belong to the session day that it carries, others to the day
on which they were recorded, in the home's zone. What a cycle tells stands in `story_of_cycle.py`, what a fact alone
tells in `story_of_facts.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from ledger.book import Book, Forgotten
from ledger.bridged_days import BridgedDay
from ledger.checkpoints import folded_from
from ledger.events import (
    CommissionCharged,
    ContractDefined,
    CycleFinished,
    CycleStarted,
    OrderFilled,
    OrderSendAttempted,
    SnapshotTaken,
)
from ledger.line import Event
from ledger.log import read_events
from ledger.log.storage import day_files, events_folder
from ledger.statement import book_hash
from queries.bridge import bridge_of, bridge_words
from queries.figures import clock_time, money, quantity
from queries.story_of_cycle import Told, cycle_text
from queries.story_of_facts import told
from queries.tables import HOME_ZONE, UnknownDay

FINE, BAD_NEWS = 0, 1
COMMISSIONS_LAST = timedelta(days=7)  # so long an audit looks ahead for what a day's fills cost


BOOK = "the book's hash"


class Divergence(NamedTuple):
    """One thing that a cycle recorded and that does not come out again."""

    seq: int
    slot: str
    what: str
    recorded: str
    again: str


class Judge(Protocol):
    """Who decides each batch of a day again; the default asks nobody, and only the books are compared."""

    @property
    def verb(self) -> str:
        """What was done to each cycle: "replayed", "decided again"."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What else is to be said, on lines of their own."""
        ...

    def see(self, batch: Sequence[Event], book: Book) -> Iterable[Divergence]:
        """Return what differs in a batch; the book is that before it."""
        ...


class Nobody:
    """Decides nothing again."""

    verb = "replayed"
    notes: Sequence[str] = ()

    def see(self, batch: Sequence[Event], book: Book) -> Iterable[Divergence]:
        """Find nothing."""
        del batch, book
        return ()


@dataclass(frozen=True, slots=True)
class Audit:
    """One day told, and checked."""

    day: date
    lines: tuple[str, ...]
    checked: int  # finished cycles of the day
    equal: int
    chain_first: int
    chain_last: int
    divergences: tuple[Divergence, ...]  # up to the end of the day
    verb: str = Nobody.verb
    notes: tuple[str, ...] = ()

    @property
    def divergence(self) -> Divergence | None:
        """The first one."""
        return self.divergences[0] if self.divergences else None

    @property
    def word(self) -> str:
        """What a difference is called: under other code it proves nothing against the record."""
        return "DIFFERS UNDER ANOTHER ENVIRONMENT" if self.notes else "DIVERGENCE"

    @property
    def exit_status(self) -> int:
        """1 on a divergence."""
        return BAD_NEWS if self.divergences else FINE


@dataclass(slots=True)
class Day:
    """What the day's story needs: its events in the log's order, and what was known before."""

    day: date
    zone: str
    events: list[Event] = field(default_factory=list)
    symbols: dict[int, str] = field(default_factory=dict)
    sent: dict[str, Event] = field(default_factory=dict)  # order_ref -> its OrderSendAttempted
    commissions: dict[str, Decimal] = field(default_factory=dict)  # execution id -> amount
    unpaid: set[str] = field(default_factory=set)  # the day's executions whose commission has not come yet
    opening: SnapshotTaken | None = None
    session_days: dict[int, date] = field(default_factory=dict)  # cycle -> session day
    bridged: BridgedDay | None = None  # how NAV came about; None where no cycle of the day finished

    def take(self, event: Event) -> date:
        """Sort one event in; return the day that it belongs to."""
        match event.fact:
            case CycleStarted() as started:
                told = _days_of(started)  # two only where somebody changed one: it is looked at on either
                self.session_days[event.seq] = self.day if self.day in told else started.session_day
            case ContractDefined(con_id=con_id, symbol=symbol):
                self.symbols[con_id] = symbol
            case OrderSendAttempted(order_ref=order_ref):
                self.sent[order_ref] = event
            case CommissionCharged(execution_id=execution_id, amount=amount):
                self.commissions[execution_id] = amount
                self.unpaid.discard(execution_id)
            case SnapshotTaken(session_day=session_day) as snapshot if session_day < self.day:
                self.opening = snapshot
            case _:
                pass
        recorded_on = event.recorded_at.astimezone(ZoneInfo(self.zone)).date()
        belongs = recorded_on if event.cycle is None else self.session_days.get(event.cycle, recorded_on)
        if belongs == self.day:
            self.events.append(event)
            if isinstance(event.fact, OrderFilled):
                self.unpaid.add(event.fact.execution_id)
        return belongs

    def is_over(self, event: Event) -> bool:
        """Tell whether nothing from this event on can belong to the day's story."""
        later_session = isinstance(event.fact, CycleStarted) and min(_days_of(event.fact)) > self.day
        ended = datetime.combine(self.day + timedelta(days=1), time(), ZoneInfo(self.zone))
        return (later_session and not self.unpaid) or event.recorded_at > ended + COMMISSIONS_LAST

    def symbol(self, con_id: int) -> str:
        """Return what a person calls the contract."""
        return self.symbols.get(con_id, f"contract {con_id}")


def _days_of(started: CycleStarted) -> tuple[date, date]:
    """Return the session of a cycle, and that of its slot."""
    return started.session_day, date.fromisoformat(started.slot.partition("/")[0])


def audit(home: Path, day: date, *, zone: str = HOME_ZONE, judge: Callable[[], Judge] = Nobody) -> Audit:
    """Tell a day, replayed from the book before it, and compare each recorded book hash with the replayed one.

    `judge` makes who decides the day's batches again.
    """
    files = day_files(events_folder(home)).names
    began = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC).date()
    earlier = [name for name in files if name < f"{began}.jsonl"]
    # one file more than needed: it tells of the orders that the day found
    book, seal = folded_from(home, before=earlier[-1] if earlier else files[0]) if files else (Book(), None)
    bridged = bridge_of(home, day, zone=zone)
    try:
        return audit_of(read_events(home, since=seal), day, book, bridged=bridged, zone=zone, judge=judge())
    except Forgotten:
        return audit_of(read_events(home), day, bridged=bridged, zone=zone, judge=judge())
    except UnknownDay:
        extent = " to ".join(files[at].removesuffix(".jsonl") for at in (0, -1))
        raise UnknownDay(f"{day}: expected a day of the log ({extent}), found nothing recorded on it") from None


def audit_of(
    events: Iterable[Event],
    day: date,
    book: Book | None = None,
    *,
    bridged: BridgedDay | None = None,
    zone: str = HOME_ZONE,
    judge: Judge | None = None,
) -> Audit:
    """Audit a day of a log, or of its end and the book before that; raises UnknownDay if nothing was recorded on it."""
    book, judge = book or Book(), judge or Nobody()
    chapter = Day(day, zone, opening=book.snapshot, bridged=bridged)
    chapter.symbols.update((con_id, contract.symbol) for con_id, contract in book.contracts.items())
    cycles, found = dict[str, int](), list[Divergence]()  # finished ones, by slot, with what differs in them
    for batch in batches(events):
        belongs = [chapter.take(event) for event in batch][-1]
        if belongs > day:  # not this audit's, but for what the day's fills cost
            if any(map(chapter.is_over, batch)):
                break
            continue
        differing = list(judge.see(batch, book)) if belongs == day else []
        for event in batch:
            if isinstance(event.fact, CycleFinished):
                differing += filter(None, (compared(event, event.fact, book),))
                if belongs == day:
                    cycles.setdefault(event.fact.slot, 0)
            book.apply(event)
        found += differing
    if not chapter.events:
        raise UnknownDay(f"{day}: expected a day of the log, found nothing recorded on it")
    seqs = [event.seq for event in chapter.events]
    differ = {divergence.slot for divergence in found}
    return Audit(
        day, tuple(story(chapter)), len(cycles), len(cycles.keys() - differ), min(seqs), max(seqs), tuple(found),
        judge.verb, tuple(judge.notes),
    )  # fmt: skip


def batches(events: Iterable[Event]) -> Iterator[tuple[Event, ...]]:
    """Group events as they were recorded: what one line of a cycle told at once."""
    batch = list[Event]()
    for event in events:
        batch.append(event)
        if event.batch[0] == event.batch[1]:
            yield tuple(batch)
            batch.clear()


def compared(event: Event, finished: CycleFinished, book: Book) -> Divergence | None:
    """Compare the recorded hash with that of the book before this line; None if they are equal."""
    version = finished.book_hash.partition(":")[0]
    try:
        replayed = book_hash(book, int(version))
    except ValueError as error:
        replayed = f"cannot be computed: {error}"
    if replayed == finished.book_hash:
        return None
    return Divergence(event.seq, finished.slot, BOOK, finished.book_hash, replayed)


def audit_lines(found: Audit) -> list[str]:
    """Spell an audit: the verdict first, then the day."""
    cycles = f"{found.checked} cycle{'' if found.checked == 1 else 's'}"
    chain = f"chain ok {found.chain_first}-{found.chain_last}"
    head = f"{found.day.isoformat()}  {chain} · {cycles} {found.verb}, {found.equal} equal"
    return [f"{head} · exit {found.exit_status}", *found.notes, *divergence_lines(found), *found.lines]


def divergence_lines(found: Audit) -> Iterator[str]:
    """Name the first divergence with both values, and count the others."""
    if found.divergence is None:
        return
    where, others = found.divergence, len(found.divergences) - 1
    subject = "replaying the log does not lead to the recorded book" if where.what == BOOK else where.what
    yield f"{found.word} at seq {where.seq}, cycle {where.slot}: {subject}"
    yield f"  recorded {where.recorded}"
    yield f"  {'replayed' if where.what == BOOK else 'decided again'} {where.again}"
    if others:
        yield f"  and {others} more after it"


def print_audit(found: Audit) -> int:
    """Print an audit; return its exit status."""
    print("\n".join(audit_lines(found)))
    return found.exit_status


def story(chapter: Day) -> Iterator[str]:
    """Tell the day: how it opened, what happened in order, the bridge, how it closed."""
    closing = _last_snapshot(chapter)
    if chapter.opening is not None:
        yield f"open   {stand(chapter.opening)}"
    yield from _without_repetition(sorted(_told(chapter), key=lambda told: told.at), chapter.zone)
    if closing is not None:
        if chapter.bridged is not None:
            yield bridge_words(chapter.bridged)
        yield f"close  {stand(closing)}"


def stand(snapshot: SnapshotTaken) -> str:
    """Spell where the account stands."""
    held = [f"{row.symbol} {quantity(row.quantity)}" for row in snapshot.positions if row.quantity]
    several = len(snapshot.cash) > 1
    cash = [f"cash {f'{row.currency} ' if several else ''}{money(row.amount)}" for row in snapshot.cash]
    return "  ".join([money(snapshot.nav) + " ", *held, *cash])


def _last_snapshot(chapter: Day) -> SnapshotTaken | None:
    found = (event.fact for event in reversed(chapter.events) if isinstance(event.fact, SnapshotTaken))
    return next(found, None)


def _told(chapter: Day) -> Iterator[Told]:
    cycles: dict[int, list[Event]] = {}
    for event in chapter.events:
        if event.cycle is not None:
            cycles.setdefault(event.cycle, []).append(event)
        text = told(event.fact, chapter.sent, chapter.commissions, chapter.symbol)
        if text:
            yield Told(event.at if isinstance(event.fact, OrderFilled) else event.recorded_at, text)
    for seq, events in cycles.items():
        if events[0].seq == seq:
            yield Told(
                events[0].recorded_at, cycle_text(events, chapter.sent, chapter.commissions, chapter.symbol), True
            )


def _without_repetition(lines: list[Told], zone: str) -> Iterator[str]:
    """Join cycles that say the same, one after the other, into one line."""
    at = 0
    while at < len(lines):
        first, same = lines[at], at + 1
        while same < len(lines) and first.repeatable and lines[same].repeatable and lines[same].text == first.text:
            same += 1
        again = ", ".join(clock_time(told.at, zone) for told in lines[at + 1 : same])
        yield f"{clock_time(first.at, zone)}  {first.text}{f'   {again} the same' if again else ''}"
        at = same
