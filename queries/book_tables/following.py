"""A book that is followed while it takes events in: what each one posted, closed and moved.

What was posted stays as it was posted. What was closed is told as changes: a late fact takes back what stood, and tells
what stands instead, so that the sum of all changes is what is known now, wherever the fold began.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.book import Book
from ledger.bridge import LINES
from ledger.bridged_days import BridgedDay, bridged_days
from ledger.events import DaySealed, Fact, decisions, observations, orders
from ledger.journal import Written
from ledger.line import Event
from ledger.lots import EXACT, ZERO, Holding
from ledger.lots.disposals import Disposal, disposals_in
from ledger.lots.matched import NOTHING, Matched
from ledger.nav import VARIATION
from queries.book_columns import BRIDGES, DISPOSED, FLOWS, JOURNAL, KEPT
from queries.strategies import Strategies, Whose

# Whose facts move neither money nor lots.
QUIET = frozenset(module.__name__ for module in (decisions, observations, orders))
NOBODYS: Whose = (None, ())
NEVER = 2**62  # later than any seq: what is told of an unfinished day stands for no sealed one


class Row(NamedTuple):
    """A row of a kept table, and the seq of the fact that it is due to."""

    seq: int
    values: tuple[object, ...]


class Followed(Book):
    """A book that hands what each fact did to its follower; its forks do not."""

    follower: Follower

    def apply(self, event: Event) -> None:
        """Take one fact in, and tell what it did."""
        if type(self.journal) is Written:
            self.follower.take(event, super().apply)
        else:
            super().apply(event)


@dataclass
class Follower:
    """What the facts did that a book took in, as rows of the kept tables."""

    book: Followed
    strategies: Strategies
    holdings: dict[int, Holding]  # as they were told
    rows: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in KEPT})
    first_bridge: int = NEVER  # of the first session, which may have begun before the book did

    @classmethod
    def of(cls, book: Book) -> Follower:
        """Follow a book from where it stands; it is not to be used otherwise any more."""
        followed = Followed.__new__(Followed)
        followed.__dict__ = book.__dict__
        written = Written()
        written.update(book.journal)
        followed.journal = written
        followed.follower = cls(followed, Strategies(followed), dict(followed.holdings))
        return followed.follower

    def take(self, event: Event, apply: Any) -> None:
        """Have a fact applied, and write down what it did."""
        strategies, entries = self.strategies, self.book.journal.entries  # type: ignore[attr-defined]
        is_quiet = type(event.fact).__module__ in QUIET
        whose = NOBODYS if is_quiet else strategies.whose(event)
        apply(event)
        seq, moved = event.seq, dict[str, Decimal]()
        for currency, legs in entries:
            for account, amount in legs:
                row = (seq, event.recorded_at, event.occurred_at, event.type, account, currency, amount)
                self.rows[JOURNAL].append(Row(seq, row))
                if account == "cash" or account.startswith(VARIATION):
                    moved[currency] = EXACT.add(moved.get(currency, ZERO), amount)
        entries.clear()
        strategies.share(event, whose, moved)
        for account, amount in strategies.flows.items():
            self.rows[FLOWS].append(Row(seq, (*account, amount)))
        strategies.flows.clear()
        if not is_quiet:
            self._compare(event.fact, seq)

    def _compare(self, fact: Fact, seq: int) -> None:
        """Tell what a fact changed of what is closed."""
        known, now = self.holdings, self.book.holdings
        if type(fact) is DaySealed:  # what is folded away is told already
            self.holdings = dict(now)
            return
        for con_id, holding in now.items():
            before = known.get(con_id)
            if before is holding:
                continue
            known[con_id] = holding
            gone, come = _changed(NOTHING if before is None else before.now, holding.now)
            for times, states in ((-1, gone), (1, come)):
                for state in states:
                    for disposal in disposals_in(con_id, state):
                        self.rows[DISPOSED].append(Row(seq, (times, *_of_disposal(disposal, holding.currency))))

    def run(self, events: Iterable[Event]) -> Iterator[int]:
        """Take events in, and yield now and then the seq up to which everything is told."""
        for event in events:
            self.book.apply(event)
            if type(event.fact) is DaySealed:
                yield event.seq
        yield self.book.seq

    def run_bridged(self, events: Iterable[Event]) -> Iterator[int]:
        """Do the same, and bridge every session; what follows the last finished cycle is taken in too."""
        waiting, ended = deque[Event](), False

        def passing() -> Iterator[Event]:
            nonlocal ended
            for event in events:
                waiting.append(event)
                yield event
            ended = True

        for told in bridged_days(passing(), self.book):
            seq = NEVER if ended else waiting[-1].seq
            self.first_bridge = min(self.first_bridge, seq)
            self.rows[BRIDGES] += (Row(seq, values) for values in _of_bridge(told, self.book.base_currency))
            while waiting and waiting[0].seq <= self.book.seq:
                waiting.popleft()
            yield self.book.seq
        for event in waiting:
            if event.seq > self.book.seq:
                self.book.apply(event)
        yield self.book.seq


def _changed(old: Matched, new: Matched) -> tuple[list[Matched], list[Matched]]:
    """Return the states of one chain that the other does not share, each with its end first."""
    gone, come = list[Matched](), list[Matched]()
    places: tuple[dict[int, int], dict[int, int]] = ({}, {})
    a: Matched | None = old
    b: Matched | None = new
    while (a is not None and a.entry is not None) or (b is not None and b.entry is not None):
        if a is not None and a.entry is not None:
            if id(a) in places[1]:
                return gone, come[: places[1][id(a)]]
            places[0][id(a)] = len(gone)
            gone.append(a)
            a = a.before
        if b is not None and b.entry is not None:
            if id(b) in places[0]:
                return gone[: places[0][id(b)]], come
            places[1][id(b)] = len(come)
            come.append(b)
            b = b.before
    return gone, come


def _of_disposal(told: Disposal, currency: str) -> tuple[object, ...]:
    return (
        told.con_id, currency, told.opened_by, told.opened_at, told.closed_by, told.closed_at, told.method,
        told.quantity, told.gross_basis, told.gross_proceeds, told.opening_commission, told.closing_commission,
    )  # fmt: skip


def _of_bridge(told: BridgedDay, currency: str) -> Iterator[tuple[object, ...]]:
    """Return a day's rows: NAV before, every line, NAV after, and what the lines do not explain."""
    bridge = told.bridge
    if bridge is None:
        yield told.day, 0, "unknown", None, currency, told.unknown
        return
    lines = (
        ("opening", bridge.opening), *((line, bridge.lines[line]) for line in LINES), ("closing", bridge.closing),
        ("residual", bridge.residual),
    )  # fmt: skip
    for place, (line, amount) in enumerate(lines):
        yield told.day, place, line, amount, currency, None
