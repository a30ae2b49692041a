"""A day's cycles with their events, and each batch with what came of deciding it again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ledger.book import Book
from ledger.events import ContractDefined, CycleStarted
from ledger.line import Event
from queries.story import Divergence
from trader.audit.judging import Judge
from trader.audit.stages import STAGES


@dataclass(slots=True)
class Followed:
    """One attempt of one cycle."""

    started: CycleStarted
    events: list[Event] = field(default_factory=list)
    batches: list[tuple[tuple[Event, ...], str, tuple[Divergence, ...]]] = field(default_factory=list)  # stage, or ""

    @property
    def time(self) -> str:
        """The slot's time as it is named: 09:35, or what stands for it."""
        name = self.started.slot.partition("/")[2]
        return f"{name[:2]}:{name[2:]}" if name.isdigit() else name


@dataclass(slots=True)
class Follower:
    """Decides again as a judge does, and keeps what it saw."""

    judge: Judge
    cycles: dict[int, Followed] = field(default_factory=dict)
    symbols: dict[int, str] = field(default_factory=dict)

    @property
    def verb(self) -> str:
        """What was done to each cycle."""
        return self.judge.verb

    @property
    def notes(self) -> Sequence[str]:
        """What the judge has to say."""
        return self.judge.notes

    def see(self, batch: Sequence[Event], book: Book) -> Iterable[Divergence]:
        """Hand a batch to the judge, and keep it with what it found."""
        found = tuple(self.judge.see(batch, book))
        self.symbols.update((con_id, contract.symbol) for con_id, contract in book.contracts.items())
        self.symbols.update((e.fact.con_id, e.fact.symbol) for e in batch if isinstance(e.fact, ContractDefined))
        if isinstance(batch[0].fact, CycleStarted):
            self.cycles[batch[0].seq] = Followed(batch[0].fact)
        known = None if batch[0].cycle is None else self.cycles.get(batch[0].cycle)
        if known is not None:
            facts = [event.fact for event in batch]
            stage = next((it.name for it in STAGES if it.made(facts)), "")
            known.events.extend(batch)
            known.batches.append((tuple(batch), stage, found))
        return found


def follower_of(home: Path) -> Follower:
    """Return one that decides a home's cycles again."""
    return Follower(Judge(home))
