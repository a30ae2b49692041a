"""The book: what the facts imply. It composes the effects of `ledger/effects/`, and nothing else changes it.

A live batch is applied to a fork, which replaces the book once the batch is on disk: what cannot be is refused before
anything is written, and what is written cannot fail to apply. Replay applies the same effects to the same facts.
A book that forgets (`ledger/forgetting.py`) keeps a window of the history, and raises Forgotten for a fact that may
need more; `replay` then begins again and keeps everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, DecimalException, getcontext
from typing import Any

from ledger.effects import (
    actions,
    announcements,
    cash,
    continuity,
    cycle,
    executions,
    incidents,
    observations,
    opening,
    orders,
)
from ledger.effects.changes import Effect
from ledger.events import (
    BrokerDisconnected,
    BrokerLost,
    DaySealed,
    Fact,
    FactRefused,
    HeadAdvanced,
    StartRefused,
    StatementMissed,
    TailTruncated,
    WallClockRegressed,
    WashSaleObserved,
)
from ledger.forgetting import forget, may_be_forgotten
from ledger.line import Event
from ledger.lots import EXACT, Folded, exactly
from ledger.overlay import Overlay
from ledger.references import is_ours, new_order_ref
from ledger.state import Forgotten, Impossible, State
from ledger.statement import VERSION, book_hash, statement

__all__ = ["Book", "Forgotten", "Impossible", "book_hash", "forgetful_book", "is_ours", "new_order_ref", "replay"]

# Of interest to reports alone.
WITHOUT_EFFECT: tuple[type[Fact], ...] = (
    TailTruncated, HeadAdvanced, WallClockRegressed, StartRefused, FactRefused, BrokerLost,
    BrokerDisconnected, WashSaleObserved, StatementMissed,
)  # fmt: skip
GROUPS = (cycle, continuity, incidents, observations, orders, executions, cash, opening, actions, announcements)
EFFECTS: dict[type[Fact], Effect] = dict(effect for group in GROUPS for effect in group.EFFECTS)


class Book(State):
    """Both halves of the tally after some fact."""

    forgets = False  # a matter of memory, not of what the book says

    def apply(self, event: Event) -> None:
        """Take one fact in; raise Impossible for one that cannot be (apply to a fork what may be refused).

        A fact that is told twice is one fact. After Forgotten, this book is of no use any more.
        """
        if getcontext() is not EXACT:  # a replay enters it once
            with exactly():
                return self.apply(event)
        fact, key = event.fact, event.key
        told_before = None if key is None else self._recognise(fact, key)
        if told_before is None:
            effect = EFFECTS.get(type(fact))
            if effect is not None:
                try:
                    effect(self, event)
                except DecimalException as error:
                    raise Impossible(f"{event.type}: its numbers need more than {EXACT.prec} digits") from error
                except Folded as error:
                    raise Forgotten(f"{event.type} of {error}: the lots of that time are folded") from error
            if key is not None:
                self.keys[key] = (event.seq, fact.economic_part)
            if self.forgets and type(fact) is DaySealed:
                forget(self)
        elif fact.ACTS:
            raise Impossible(f"{key}: an intent is never repeated; it stands at seq {told_before}")
        self.seq, self.head, self.now = event.seq, event.hash, event.recorded_at
        return None

    def recognise(self, fact: Fact, key: str | None = None) -> int | None:
        """Return the seq of the same fact if it is in the log already; raise Impossible for another economic part.

        A book that forgets raises Forgotten where it cannot tell. Who knows the fact's key need not have it made again.
        """
        key = key or fact.key
        return None if key is None else self._recognise(fact, key)

    def _recognise(self, fact: Fact, key: str) -> int | None:
        known = self.keys.get(key)
        if known is None:
            if self.horizon is not None and may_be_forgotten(self, fact, key):
                raise Forgotten(f"{key}: it may be one that is forgotten")
            return None
        seq, before = known
        if before is not None and before != fact.economic_part:
            raise Impossible(f"{key}: seq {seq} says {_shown(before)}, now {_shown(fact.economic_part)}")
        return seq

    def statement(self, version: int = VERSION) -> dict[str, Any]:
        """Return the canonical projection that the book hash is computed over."""
        return statement(self, version)

    def fork(self) -> Book:
        """Return a book to try facts on: values are immutable, and each dict gets an overlay for what changes.

        It holds while this book stays as it is.
        """
        fork = object.__new__(type(self))
        fork.__dict__ = {k: Overlay(v) if isinstance(v, dict) else v for k, v in self.__dict__.items()}
        return fork

    def supposing(self, facts: Iterable[Fact]) -> Book:
        """Return what this book would be, had these facts been recorded now; raises Impossible as `apply` does."""
        supposed, cycle = self.fork(), None if self.cycle is None else self.cycle.seq
        for fact in facts:
            supposed.apply(Event(
                supposed.seq + 1, fact.type, fact.VERSION, self.log_id, (1, 1), fact.key, fact.occurred_at, self.now,
                cycle, fact.trade_date, fact.report_date, fact, supposed.head, supposed.head,
            ))  # fmt: skip
        return supposed

    def become(self, other: Book) -> None:
        """Take over another book's state, of a fork only what it changed; cannot fail."""
        mine = self.__dict__
        for name, value in other.__dict__.items():
            if isinstance(value, Overlay) and value.base is mine[name]:
                value.merge()
            else:
                mine[name] = value


def _shown(part: tuple[object, ...]) -> str:
    """Spell what must be equal as a person reads it."""
    return ", ".join(f"{each:f}" if isinstance(each, Decimal) else str(each) for each in part)


def replay(events: Iterable[Event] | Callable[[], Iterable[Event]], *, retain: bool = False) -> Book:
    """Fold a log into a book. Where it meets a fact that needs more than the window, it begins again and retains all.

    Give a function that begins a new reading, or something that can be read twice; an iterator cannot, and raises
    Forgotten.
    """
    begin = events if callable(events) else lambda: events
    try:
        return _folded(begin(), forgets=not retain)
    except Forgotten:
        if retain or isinstance(events, Iterator):
            raise
    return _folded(begin(), forgets=False)


def forgetful_book() -> Book:
    """Return an empty book that keeps a window of what it will be told."""
    book = Book()
    book.forgets = True
    return book


def _folded(events: Iterable[Event], *, forgets: bool) -> Book:
    book = Book()
    book.forgets = forgets  # said of itself in either case, so that whoever becomes it forgets as it does
    with exactly():
        for event in events:
            book.apply(event)
    return book
