"""An account's history decided again in one walk: audited, reconciled, or under other settings.

`tallybook audit` tells a day and begins with the book before it; here every cycle of a range is judged while the log
is folded once, so that years cost what a fold and their decisions do. To add one: a judge with `see`, and a function.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ledger.book import Book, Forgotten, forgetful_book
from ledger.collecting import uncollected
from ledger.events import BookReconciled, CycleFinished, CycleStarted, OrderPlanned
from ledger.line import Event
from ledger.log import read_events
from queries.story import Divergence, batches, compared
from trader import exits
from trader.audit.inputs import Inputs, inputs_of
from trader.audit.judging import Judge
from trader.audit.otherwise import Otherwise, Sides
from trader.audit.stages import STAGES
from trader.evidence import get
from trader.fleet.engine.terms import Terms
from trader.schedule import SettingsError, laid_over
from trader.settings import settings_of

RECONCILIATION = tuple(stage for stage in STAGES if stage.name == "reconciliation")


class Sees(Protocol):
    """Who judges batches, in the order of the log."""

    def see(self, batch: Sequence[Event], book: Book) -> Iterator[Divergence]:
        """Yield what differs in a batch; the book is that before it."""
        ...


J = TypeVar("J", bound=Sees)


@dataclass(slots=True)
class Walk:
    """What a walk through a log saw in the range asked for."""

    book: Book
    cycles: int = 0  # finished ones
    reconciled: int = 0
    divergences: list[Divergence] = field(default_factory=list)

    @property
    def found(self) -> dict[str, Any]:
        """What came out otherwise than recorded."""
        return {"cycles": self.cycles, "divergences": [one._asdict() for one in self.divergences]}

    @property
    def status(self) -> int:
        """1 on a divergence."""
        return exits.BAD_NEWS if self.divergences else exits.FINE


def audit(home: Path, terms: Terms) -> tuple[dict[str, Any], int]:
    """Decide every cycle of a range again, and compare every book hash with the replayed one."""
    walk, judge = _walked(home, terms, lambda: Judge(home))
    differ = len({one.slot for one in walk.divergences})
    return {**walk.found, "equal": walk.cycles - differ, "notes": list(judge.notes)}, walk.status


def reconcile(home: Path, terms: Terms) -> tuple[dict[str, Any], int]:
    """Compare both halves again wherever a cycle did; tell the breaks that are open at the end."""
    walk, _ = _walked(home, terms, lambda: Judge(home, stages=RECONCILIATION))
    open_breaks = sorted(one.found.break_id for one in walk.book.open_breaks)
    found = {**walk.found, "open_breaks": open_breaks, "reconciled": walk.reconciled}
    return found, exits.BAD_NEWS if open_breaks else walk.status


def otherwise(home: Path, terms: Terms) -> tuple[dict[str, Any], int]:
    """Decide every cycle under the settings that it kept with others laid over them; tell the ones that differ."""
    if not terms.over:
        raise SettingsError("limits: expected other settings, found none; name a file of them: --with FILE")
    over = terms.over
    walk, judge = _walked(home, terms, lambda: _Under(home, over))
    told = [(one.slot, _told(one.recorded), _told(one.otherwise)) for one in judge.otherwise.compared]
    differing = [{"slot": slot, "recorded": was, "otherwise": would} for slot, was, would in told if was != would]
    found = {
        "compared": len(told), "cycles": walk.cycles, "differing": differing, "notes": list(judge.otherwise.notes),
        "may_leave": {"recorded": _leaving(told, 1), "otherwise": _leaving(told, 2)},
    }  # fmt: skip
    return found, exits.FINE


def _walked(home: Path, terms: Terms, judge: Callable[[], J]) -> tuple[Walk, J]:
    """Fold a log with a judge beside it; where the book forgot too much, again with one that forgets nothing."""
    with uncollected():
        try:
            return _walk(home, terms, judge(), forgetful_book())
        except Forgotten:
            return _walk(home, terms, judge(), Book())


def _walk(home: Path, terms: Terms, judge: J, book: Book) -> tuple[Walk, J]:
    walk, day = Walk(book), None
    for batch in batches(read_events(home)):
        day = _day_of(batch[0], day)
        asked = terms.hold(day)
        if asked:
            walk.divergences += judge.see(batch, book)
        for event in batch:
            if asked and isinstance(event.fact, CycleFinished):
                walk.cycles += 1
                walk.divergences += filter(None, (compared(event, event.fact, book),))
            walk.reconciled += asked and isinstance(event.fact, BookReconciled)
            book.apply(event)
    return walk, judge


def _day_of(event: Event, day: date | None) -> date | None:
    return event.fact.session_day if isinstance(event.fact, CycleStarted) else day


@dataclass(slots=True)
class _Under:
    """Decides each cycle under its own settings with others laid over them."""

    home: Path
    over: Mapping[str, Any]
    otherwise: Otherwise = field(init=False)
    _known: dict[str, Inputs] = field(default_factory=dict)  # by the hash of the settings

    def __post_init__(self) -> None:
        self.otherwise = Otherwise(self.home)

    def see(self, batch: Sequence[Event], book: Book) -> Iterator[Divergence]:
        """Follow the cycles; yields nothing."""
        started = batch[0].fact
        if isinstance(started, CycleStarted):
            self.otherwise.other = self._inputs(started.settings_sha256)
        return self.otherwise.see(batch, book)

    def _inputs(self, digest: str) -> Inputs:
        if digest not in self._known:
            kept = json.loads(get(self.home, digest, ".json"))
            both = settings_of(laid_over(kept, self.over), Path("--with"))
            self._known[digest] = inputs_of(self.home, both)
        return self._known[digest]


def _told(side: Sides) -> dict[str, list[str]]:
    return {
        "failures": list(side.failures),
        "orders": [_order(row) for row in side.orders],
        "stops": sorted(row.safeguard for row in side.stops),
    }


def _order(row: OrderPlanned) -> str:
    limit = "" if row.limit_price is None else f" limit {_number(row.limit_price)}"
    return f"{row.action} {_number(abs(row.quantity))} {row.symbol}{limit}"


def _number(value: Decimal) -> str:
    return f"{value:f}"


def _leaving(told: Sequence[tuple[str, dict[str, list[str]], dict[str, list[str]]]], side: int) -> int:
    """Count the orders that nothing stops."""
    sides = [one[1] if side == 1 else one[2] for one in told]
    return sum(len(one["orders"]) for one in sides if not one["stops"] and not one["failures"])
