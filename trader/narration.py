"""What `cycle --verbose` prints: each line of the cycle, what it recorded, and how long it took."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from time import perf_counter
from types import GeneratorType

from ledger.book import Book
from ledger.events import Fact
from ledger.ledger import Ledger
from ledger.log import Log


class NarratedLedger(Ledger):
    """A ledger that says what it records."""

    def __init__(self, log: Log, book: Book) -> None:
        super().__init__(log, book)
        self._since = perf_counter()

    def record(self, facts: Iterable[Fact | tuple[Fact, ...]]) -> None:
        """Record, and print the line's name, its facts and its duration, what computed them included."""
        told: Counter[str] = Counter()
        name = facts.__qualname__.rpartition(".")[2] if isinstance(facts, GeneratorType) else ""
        super().record(facts if isinstance(facts, tuple) else _counted(facts, told))
        if isinstance(facts, tuple):
            told.update(fact.type for fact in facts)
        now = perf_counter()
        duration, self._since = now - self._since, now
        what = ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in told.items()) or "nothing"
        sys.stdout.write(f"{duration:7.3f} s  {name or '-':<18} {what}\n")


def _counted(facts: Iterable[Fact | tuple[Fact, ...]], told: Counter[str]) -> Iterable[Fact | tuple[Fact, ...]]:
    """Pass facts on, one at a time, so that the source is resumed only when its last one is durable."""
    for item in facts:
        told.update(fact.type for fact in (item if isinstance(item, tuple) else (item,)))
        yield item
