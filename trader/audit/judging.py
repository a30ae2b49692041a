"""One day's batches, each decided again as its cycle did: from the book as it stood, and inputs as they were kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ledger.book import Book
from ledger.events import CycleFailed, CycleFinished, CycleStarted, Fact
from ledger.line import Event
from queries.story import Divergence
from trader.audit import environment
from trader.audit.comparing import NOTHING, first_difference
from trader.audit.inputs import Inputs, InputsLost, kept_inputs
from trader.audit.stages import REQUIRED, STAGES, Stage
from trader.bars import BarsError
from trader.evidence import EvidenceError

VERB = "decided again"


@dataclass(slots=True)
class Judge:
    """Decides the batches of a home's cycles again, in the order of the log."""

    home: Path
    verb: str = VERB
    stages: tuple[Stage, ...] = STAGES  # what is decided again
    _kept: dict[str, Inputs | InputsLost] = field(default_factory=dict)  # by the hash of the settings
    _cycle: Event | None = None
    _made: set[str] = field(default_factory=set)  # the running cycle's stages so far
    _cycles: list[CycleStarted] = field(default_factory=list)

    @property
    def _grown(self) -> bool:
        """Whether the running cycle was another version's, or ran elsewhere."""
        return bool(environment.differences(self._cycles[-1:]))

    @property
    def notes(self) -> Sequence[str]:
        """Say under what other environment the cycles were decided again."""
        found = environment.differences(self._cycles)
        return (f"environment differs: {'; '.join(found)}",) if found else ()

    def see(self, batch: Sequence[Event], book: Book) -> Iterator[Divergence]:
        """Yield what differs in a batch; the book is that before it."""
        first = batch[0]
        if isinstance(first.fact, CycleStarted):
            self._cycle, self._made = first, set()
            self._cycles.append(first.fact)
            yield from self._lost(first)
            yield from self._contradictions(batch, first.fact)
        elif self._cycle is not None and first.cycle == self._cycle.seq:
            for stage in self.stages:
                if stage.made([event.fact for event in batch]):
                    self._made.add(stage.name)
                    yield from self._again(stage, batch, book)
            yield from self._contradictions(batch, self._started)
            if isinstance(first.fact, CycleFinished) and not isinstance(self._inputs(), InputsLost):
                yield from self._missing(first)

    @property
    def _started(self) -> CycleStarted:
        assert self._cycle is not None
        assert isinstance(self._cycle.fact, CycleStarted)
        return self._cycle.fact

    def _contradictions(self, batch: Sequence[Event], started: CycleStarted) -> Iterator[Divergence]:
        """Hold what lines say of themselves against their facts, and a cycle's end against its beginning."""
        for event in batch:
            fact = event.fact
            if event.key != fact.key:
                yield self._divergence(event.seq, f"{event.type}: key", event.key or NOTHING, fact.key or NOTHING)
            if isinstance(fact, CycleFinished | CycleFailed) and fact.slot != started.slot:
                yield self._divergence(event.seq, f"{event.type}: slot", fact.slot, started.slot)
        day = started.slot.partition("/")[0]
        if batch[0].fact is started and day != started.session_day.isoformat():
            yield self._divergence(batch[0].seq, "cycle_started: session_day", f"{started.session_day}", day)

    def _inputs(self) -> Inputs | InputsLost:
        started = self._started
        if started.settings_sha256 not in self._kept:
            try:
                self._kept[started.settings_sha256] = kept_inputs(self.home, started)
            except InputsLost as lost:
                self._kept[started.settings_sha256] = lost
        return self._kept[started.settings_sha256]

    def _lost(self, event: Event) -> Iterator[Divergence]:
        inputs = self._inputs()
        if isinstance(inputs, InputsLost):
            yield self._divergence(event.seq, "settings", self._started.settings_sha256, str(inputs))

    def _again(self, stage: Stage, batch: Sequence[Event], book: Book) -> Iterator[Divergence]:
        inputs = self._inputs()
        if isinstance(inputs, InputsLost):
            return
        try:
            decided = stage.decided(inputs, book, [event.fact for event in batch])
        except (EvidenceError, BarsError, LookupError, ArithmeticError, ValueError) as error:
            told = f"cannot be decided again: {' '.join(str(error).split()) or type(error).__name__}"
            yield self._divergence(batch[0].seq, stage.name, f"{len(batch)} facts", told)
            return
        apart = first_difference(batch, decided, known_before(book, decided), grown=self._grown)
        if apart is not None:
            yield self._divergence(apart.seq, f"{stage.name}: {apart.where}", apart.recorded, apart.decided)

    def _missing(self, finished: Event) -> Iterator[Divergence]:
        required = REQUIRED if self._started.kind == "trade" else {"reconciliation"}
        for name in sorted((required & {stage.name for stage in self.stages}) - self._made):
            yield self._divergence(finished.seq, name, NOTHING, "a finished cycle has it")

    def _divergence(self, seq: int, what: str, recorded: str, again: str) -> Divergence:
        return Divergence(seq, self._started.slot, what, recorded, again)


def known_before(book: Book, decided: Sequence[Fact]) -> frozenset[str]:
    """Return the keys of decided facts that the log holds already: told twice is told once."""
    return frozenset(fact.key for fact in decided if fact.key is not None and fact.key in book.keys)
