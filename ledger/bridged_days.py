"""The NAV bridge of every trading day: from the end of the last cycle of the day before to the end of its own last one.

A fact that is recorded in a day, and happened before it began, is applied to a copy of the book that the day opened
with: what that changes is the day's `prior period`, and its other lines start from there. So is what the day undoes of
days before. To let another fact count as late, name it in `LATE`; to take something from one line to another, do so in
`_reclassify`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from ledger.book import Book, Forgotten, Impossible
from ledger.bridge import ADJUSTMENTS, FLOWS, UNREALISED, Bridge, Native, Standing, bridge, standing
from ledger.effects.changes import MARGINED
from ledger.effects.opening import adjustment_name
from ledger.events import (
    ContractDefined,
    CurrencyConverted,
    CycleFinished,
    CycleStarted,
    DividendAccrued,
    Fact,
    InterestAccrued,
    LotMethodSet,
    OpeningLotsRecorded,
    OrderFilled,
    PositionTransferred,
    execution_base,
)
from ledger.events.actions import PositionAction
from ledger.events.cash import BrokerCash
from ledger.history import OF_AN_EXECUTION
from ledger.line import Event
from ledger.lots import EXACT, ZERO, exactly
from ledger.nav import Unvalued
from ledger.state import State
from ledger.undone import name_of, sparing, undone_by

LATE: tuple[type[Fact], ...] = (
    OrderFilled, *OF_AN_EXECUTION, LotMethodSet, BrokerCash, CurrencyConverted, DividendAccrued,
    InterestAccrued, PositionAction, OpeningLotsRecorded,
)  # fmt: skip
ADJUSTMENT = adjustment_name("")


@dataclass(frozen=True, slots=True)
class BridgedDay:
    """One trading day's bridge, or why there is none."""

    day: date
    bridge: Bridge | None
    unknown: str = ""  # what is missing, by name
    since_adoption: Bridge | None = None  # of the log's first day: from what was adopted, at its marks then


def bridged_days(events: Iterable[Event], book: Book) -> Iterator[BridgedDay]:
    """Yield every trading day that a cycle finished on, in order; the book is that before the events.

    Give the book of a log's beginning, or one after a finished cycle; it takes the events in. Of a book that stands
    within a day, the first day begins there. Forgotten is raised for a fact that needs more than the book's window.
    """
    opening, missing = _standing(book) if book.snapshot is not None else (None, "")
    began: Standing | None = None
    day: date | None = None
    pending, finished = list[Event](), 0
    for event in events:
        fact = event.fact
        if type(fact) is CycleStarted:
            if day is None and book.snapshot is None:
                began = _standing(book)[0] if book.adopted else None
            elif day is not None and finished and fact.session_day > day:
                told, opening, missing = _day(book, day, pending[:finished], opening, missing)
                yield _with_adoption(told, began, opening)
                pending, finished, began = pending[finished:], 0, None
            day = fact.session_day
        elif day is None and book.snapshot is None:
            book.apply(event)  # the log's beginning belongs to its first day, and none of it is late
            continue
        pending.append(event)
        if type(fact) is CycleFinished:
            finished = len(pending)
    if day is not None and finished:
        told, opening, _ = _day(book, day, pending[:finished], opening, missing)
        yield _with_adoption(told, began, opening)


def _with_adoption(told: BridgedDay, began: Standing | None, closing: Standing | None) -> BridgedDay:
    if began is None or closing is None or told.bridge is None:
        return told
    try:
        return replace(told, since_adoption=bridge(began, closing))
    except Unvalued:
        return told


def _day(
    book: Book, day: date, events: Sequence[Event], opening: Standing | None, missing: str
) -> tuple[BridgedDay, Standing | None, str]:
    """Take a day in; return its bridge, and where the next one begins."""
    late = _late(book, events, book.now) if opening is not None else ()
    try:
        known = _as_known_now(book, late) if late else None
    except Unvalued as error:
        known, missing = None, str(error)
    reclassified = _taken_in(book, events, {event.seq for event in late})
    closing, unknown = _standing(book)
    told = BridgedDay(day, None, missing or unknown)
    if closing is not None and not told.unknown:
        try:
            told = BridgedDay(day, bridge(opening, closing, known=known, reclassified=reclassified))
        except Unvalued as error:
            told = BridgedDay(day, None, str(error))
    return told, closing, unknown


def _standing(book: State) -> tuple[Standing | None, str]:
    try:
        found = standing(book)
        _ = found.nav
    except Unvalued as error:
        return None, str(error)
    return found, ""


def _late(book: Book, events: Sequence[Event], began: datetime) -> tuple[Event, ...]:
    """Return what happened before the day began, and the contracts that it may need."""
    executed = dict[str, datetime]()
    late, contracts, found = list[Event](), list[Event](), False
    undone = frozenset(name for event in events for name in undone_by(event.fact))
    for event in events:
        fact, at = event.fact, event.at
        if type(fact) is ContractDefined:
            contracts.append(event)
            continue
        if type(fact) is OrderFilled:
            executed[execution_base(fact.execution_id)[0]] = at
        elif isinstance(fact, OF_AN_EXECUTION):  # it belongs to the time of what it speaks of
            base = execution_base(fact.execution_id)[0]
            known = book.fills.get(base)
            at = executed.get(base, at if known is None else known.at)
        if isinstance(fact, LATE) and at < began and not (undone and name_of(event) in undone):
            late.append(event)
            found = True
        elif (undoing := _of_before(book, event)) is not None:
            late.append(undoing)
            found = True
    return tuple(sorted((*contracts, *late), key=lambda event: event.seq)) if found else ()


def _of_before(book: Book, event: Event) -> Event | None:
    """Return what undoes facts of before the day, and nothing of the day itself; None if it undoes none of those."""
    names = undone_by(event.fact)
    days_own = frozenset(name for name in names if not _stood(book, name))
    return sparing(event, days_own) if len(days_own) < len(names) else None


def _stood(book: Book, name: str) -> bool:
    if name in book.keys:
        return True
    known = book.breaks.get(name.removeprefix(ADJUSTMENT))
    return name.startswith(ADJUSTMENT) and known is not None and known.status == "accepted"


def _as_known_now(book: Book, late: Sequence[Event]) -> Standing:
    """Return what the book would have said at the day's beginning, had it known.

    What cannot be without a fact of the day itself counts in the day. Raises Unvalued.
    """
    fork = book.fork()
    for event in late:
        trial = fork.fork()
        try:
            trial.apply(event)
        except Forgotten:
            raise
        except Impossible:
            continue
        fork.become(trial)
    known = standing(fork)
    _ = known.nav
    return known


def _taken_in(book: Book, events: Sequence[Event], late: set[int]) -> Native:
    """Apply a day's events; return what is taken from one line to another."""
    moved = Native()
    with exactly():
        for event in events:
            fact = event.fact
            if isinstance(fact, PositionTransferred | OpeningLotsRecorded) and event.seq not in late:
                before = _flows(book, fact.currency)
                book.apply(event)
                if event.key is None or book.keys[event.key][0] == event.seq:  # else it is told twice
                    is_paid = book.contracts[fact.con_id].security_type not in MARGINED
                    _reclassify(moved, fact, _flows(book, fact.currency) - before, is_paid)
            else:
                book.apply(event)
    return moved


def _reclassify(moved: Native, fact: PositionTransferred | OpeningLotsRecorded, posted: Decimal, is_paid: bool) -> None:
    """Let units that come or go count as a flow of their market value, and a basis told later as no flow at all.

    What is settled from day to day, and never paid, is no flow either.
    """
    if isinstance(fact, OpeningLotsRecorded):
        amount, other = -posted, ADJUSTMENTS
    else:
        told = fact.value is not None and fact.replaces is None
        value = (fact.value or ZERO) if is_paid else ZERO
        amount, other = value - posted if told else ZERO, UNREALISED
    for line, change in ((FLOWS, amount), (other, -amount)):
        moved[line, fact.currency] = moved.get((line, fact.currency), ZERO) + change


def _flows(book: State, currency: str) -> Decimal:
    return -EXACT.add(book.journal.get(("transfers", currency), ZERO), book.journal.get(("opening", currency), ZERO))
