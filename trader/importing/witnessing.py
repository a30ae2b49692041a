"""The T+1 witness: once a day's statement is in the log, it is compared three ways, and what was inferred is settled.

It looks at statements of a few days, of an account whose cycles have asked the API: longer ones are history, which
`tallybook reconcile --statement` compares. Nothing is folded but what came since the day before the statement's first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from ledger.book import Book, Forgotten
from ledger.checkpoints import folded_from
from ledger.events import (
    ContractDefined,
    Fact,
    LotsSpecified,
    OrderFilled,
    StatementFact,
    StatementReconciled,
    execution_base,
)
from ledger.line import Event
from ledger.log import read_events
from ledger.lots import exactly
from reconcile.comparing.names import INFERRED
from reconcile.comparing.statement import Own, own_side
from reconcile.periods import BOOKED, OF_EXECUTION, ONE_DAY, days_of, until, within
from reconcile.settling import base_of, inferred_keys, is_waiting, lacking, undoing
from reconcile.statements import Statement
from reconcile.witness import (
    agreeing,
    amount_of,
    is_alike,
    occurred_on,
    reports_of,
    shown,
    telling,
    three_ways,
)
from trader.importing.files import File

DAYS_MAX = 10  # of a statement that is looked at: the days that a session missed, not a year


class _Sides(NamedTuple):
    """The book without what an import told, and with it, at the statement's end."""

    before: Own
    after: Own
    events: tuple[Event, ...]


def witnessed(book: Book, home: Path, file: File, batches: Iterable[tuple[Fact, ...]]) -> Iterator[tuple[Fact, ...]]:
    """Yield what an import adds to the log, and last what came of looking at the statement three ways."""
    seq, inferred = book.seq, inferred_keys(book)
    yield from batches
    told = file.statement
    is_lived = book.cycle is not None and (told.last_day - told.first_day).days < DAYS_MAX
    if is_lived and book.seq > seq and f"statement-reconciled/{file.sha256}" not in book.keys:
        yield _reconciled(book, home, file, seq, inferred)


def _reconciled(book: Book, home: Path, file: File, seq: int, inferred: Mapping[str, int]) -> tuple[Fact, ...]:
    told = file.statement
    sides = _sides(home, told, seq)
    days, reports = occurred_on(sides.events), reports_of((e for e in sides.events if e.seq <= seq), told.last_day)
    news = {event.key or "": event for event in sides.events if event.seq > seq and isinstance(event.fact, BOOKED)}
    facts = {event.key or "": event.fact for event in sides.events if isinstance(event.fact, BOOKED)}
    gone = {key: _successor(book, key, news) for key in inferred if key not in inferred_keys(book)}
    empty = StatementReconciled(
        account=told.account, first_day=told.first_day, last_day=told.last_day, file_sha256=file.sha256
    )
    undone = lacking(book, sides.after.end, told, reports, days, empty)
    rows = three_ways(sides.before, _without(sides.after, undone, empty), told, reports)
    left = (key for key in inferred_keys(book) if key not in undone)
    waiting = (key for key in left if is_waiting(key, days.get(key, told.first_day), told))
    found = empty.model_copy(update={
        "agreeing": agreeing(rows),
        "rows": shown(rows),
        "only_told": tuple(_row(key, fact.fact, days) for key, fact in news.items() if _is_news(fact, gone)),
        "confirmed": tuple(_row(k, facts.get(k), days, by) for k, by in gone.items() if is_alike(book, k, by)),
        "replaced": tuple(_row(k, facts.get(k), days, by) for k, by in gone.items() if not is_alike(book, k, by)),
        "reversed": tuple(_row(key, facts.get(key), days) for key in undone),
        "waiting": tuple(_row(key, facts.get(key), days) for key in waiting),
    })  # fmt: skip
    return undoing(book, undone, found)


def _sides(home: Path, told: Statement, seq: int) -> _Sides:
    """Fold both sides from the checkpoint before the statement; all of the log where that keeps too little."""
    start, seal = folded_from(home, before=f"{told.first_day - ONE_DAY}.jsonl")
    events = tuple(read_events(home, since=seal))
    known = tuple(event for event in events if event.seq <= seq)
    if seal is not None:
        try:
            _require_untouched(start, events, told.last_day)
            return _Sides(_own(start, known, told), _own(start, events, told), events)
        except Forgotten:
            events = tuple(read_events(home))
            known = tuple(event for event in events if event.seq <= seq)
    return _Sides(own_side(known, told), own_side(events, told), events)


def _require_untouched(start: Book, events: tuple[Event, ...], last_day: date) -> None:
    """Raise Forgotten where a checkpoint holds what was only inferred, and was told of a later day since."""
    days = days_of(events)
    for event in events:
        if days.get(event.seq, last_day) > last_day and getattr(event.fact, "replaces", None) in start.provisional:
            raise Forgotten(f"{event.key}: it takes the place of what the checkpoint holds")


def _own(start: Book, events: tuple[Event, ...], told: Statement) -> Own:
    facts = tuple(within(events, told.first_day, told.last_day))
    before = _folded(start, until(events, told.first_day - ONE_DAY))
    return Own(_folded(start, until(events, told.last_day)), before, facts, True, events)


def _folded(start: Book, events: Iterable[Event]) -> Book:
    folded = start.fork()
    with exactly():
        for event in events:
            folded.apply(event)
    return folded


def _without(own: Own, undone: tuple[str, ...], empty: StatementReconciled) -> Own:
    """Return our side with what is undone left out."""
    if not undone:
        return own
    events = tuple(event for event in own.events if event.key not in undone)
    bases = {base_of(key) for key in undone if key.startswith("fill/")}
    facts = tuple(fact for fact in own.facts if fact.key not in undone and not _is_of(fact, bases))
    end = own.end.supposing(undoing(own.end, undone, empty))
    return Own(end, own.start, facts, own.whole, events)


def _is_of(fact: Fact, bases: set[str]) -> bool:
    return isinstance(fact, OF_EXECUTION) and execution_base(fact.execution_id)[0] in bases


def _successor(book: Book, key: str, news: Mapping[str, Event]) -> str:
    """Return the key of what took an inferred fact's place; "" where nothing did."""
    if key in book.replaced:
        return book.replaced[key]
    fill = book.fills.get(base_of(key)) if key.startswith("fill/") else None
    told = ((name, event.fact) for name, event in news.items() if isinstance(event.fact, OrderFilled))
    for name, fact in told if fill is not None else ():
        assert fill is not None
        assert isinstance(fact, OrderFilled)
        is_like = (fact.con_id, fact.quantity > 0) == (fill.con_id, fill.quantity > 0)
        if is_like and not fact.execution_id.startswith(INFERRED):
            return name
    return ""


def _is_news(event: Event, gone: Mapping[str, str]) -> bool:
    """Tell whether the statement alone knew something: no other word for what was inferred, nor what undoes it."""
    fact = event.fact
    if isinstance(fact, LotsSpecified | ContractDefined) or event.key in gone.values():
        return False
    is_ours = isinstance(fact, (OrderFilled, *OF_EXECUTION)) and fact.execution_id.startswith(INFERRED)
    return not is_ours and getattr(fact, "replaces", None) is None


def _row(key: str, fact: Fact | None, days: Mapping[str, date], by: str = "") -> StatementFact:
    if fact is None:
        return StatementFact(key=key, type=key.partition("/")[0], by=by)
    currency, amount = amount_of(fact)
    return StatementFact(
        key=key, type=fact.type, by=by, occurred_on=days.get(key), con_id=getattr(fact, "con_id", None),
        currency=currency, amount=amount, text=telling(fact),
    )  # fmt: skip
