"""A recorded day under other limits, another strategy, or without a safeguard.

Each cycle starts from the book as it was, and decides forecast, plan and safeguards by the other settings; what the
broker told meanwhile is what it told. What IB would have said of an order that it never previewed is unknown, and said
to be. What an order would have brought is not guessed: the next cycle starts from the book as it was again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ledger.book import Book
from ledger.events import (
    CycleStarted,
    Fact,
    OrderPlanned,
    SafeguardsEvaluated,
    StepFailed,
    VerdictRow,
)
from ledger.line import Event
from queries.story import Divergence
from trader.audit.inputs import Inputs, InputsLost, kept_inputs
from trader.audit.stages import STAGES, Stage, without_safeguard

DECIDED = ("forecast", "plan", "safeguards")
PREVIEW = "preview"  # in what a safeguard says that lacks IB's word on an order


class Sides(NamedTuple):
    """What one cycle planned and what the safeguards said of it."""

    plan: tuple[OrderPlanned, ...]
    verdicts: tuple[VerdictRow, ...]
    failures: tuple[str, ...]

    @property
    def orders(self) -> tuple[OrderPlanned, ...]:
        """What it would order, were it allowed to."""
        return tuple(row for row in self.plan if row.order_ref is not None)

    @property
    def stops(self) -> tuple[VerdictRow, ...]:
        """The verdicts that forbid it; what an order that was never previewed lacks is not among them."""
        return tuple(
            row for row in self.verdicts if row.outcome == "veto" or (row.outcome == "unknown" and not _asks(row))
        )


def _asks(row: VerdictRow) -> bool:
    return PREVIEW in row.observed


class Compared(NamedTuple):
    """One cycle beside itself."""

    slot: str
    recorded: Sides
    otherwise: Sides


@dataclass(slots=True)
class Otherwise:
    """Decides the cycles of a day by other settings, or without a safeguard; it finds nothing to complain of."""

    home: Path
    other: Inputs | None = None  # None: as the cycle had it
    without: str = ""
    verb: str = "decided otherwise"
    notes: Sequence[str] = ()
    compared: list[Compared] = field(default_factory=list)
    _slot: str = ""
    _inputs: Inputs | None = None
    _book: Book | None = None  # from the forecast on, as it would be
    _told: tuple[list[Fact], list[Fact]] = field(default_factory=lambda: ([], []))

    def see(self, batch: Sequence[Event], book: Book) -> Iterator[Divergence]:
        """Follow the day; yields nothing."""
        first = batch[0].fact
        if isinstance(first, CycleStarted):
            self._begin(first)
        elif self._inputs is not None and batch[0].cycle is not None:
            self._follow(self._inputs, batch, book)
        yield from ()

    def _begin(self, started: CycleStarted) -> None:
        self._slot, self._book, self._told, self._inputs = started.slot, None, ([], []), None
        if started.kind == "trade":
            try:
                self._inputs = self.other or kept_inputs(self.home, started)
            except InputsLost as lost:
                self.notes = (*self.notes, str(lost))

    def _follow(self, inputs: Inputs, batch: Sequence[Event], book: Book) -> None:
        facts = [event.fact for event in batch]
        stage = next((it for it in STAGES if it.name in DECIDED and it.made(facts)), None)
        if stage is None:
            if self._book is not None:
                for event in batch:
                    self._book.apply(event)
            return
        if self._book is None:
            self._book = book.fork()
        self._decide(inputs, stage, facts)

    def _decide(self, inputs: Inputs, stage: Stage, facts: Sequence[Fact]) -> None:
        assert self._book is not None
        stage = without_safeguard(stage, self.without) if self.without else stage
        decided = tuple(stage.decided(inputs, self._book, facts))
        recorded, otherwise = self._told
        recorded.extend(facts)
        otherwise.extend(decided)
        self._book = self._book.supposing(decided)
        if stage.name == "safeguards":
            self.compared.append(Compared(self._slot, _sides(recorded), _sides(otherwise)))
            self._inputs = None  # what follows in the cycle is done, not decided


def _sides(facts: Sequence[Fact]) -> Sides:
    return Sides(
        tuple(fact for fact in facts if isinstance(fact, OrderPlanned)),
        tuple(row for fact in facts if isinstance(fact, SafeguardsEvaluated) for row in fact.verdicts),
        tuple(f"{fact.step} failed: {fact.reason}" for fact in facts if isinstance(fact, StepFailed)),
    )
