"""What every source of bars promises."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from ledger.events import ContractDefined
from trader.bars import Series

Universe = tuple[ContractDefined, ...]


class SourceError(Exception):
    """A source that did not answer completely; names source, ticker, and what to do."""

    def __init__(self, source: str, ticker: str, problem: str, remedy: str) -> None:
        super().__init__(f"source {source}: {ticker}: {problem}; {remedy}")


class Source(Protocol):
    """Daily bars of a universe.

    `fetch` returns a series for every contract, with no bar later than `last_day`: today's bar is not over yet, and
    tomorrow's would be hindsight. An incomplete answer is a SourceError.
    """

    @property
    def name(self) -> str:
        """The name that stands in the log."""
        ...

    def fetch(self, universe: Universe, last_day: date) -> dict[int, Series]:
        """Return every contract's bars up to and with a day, by con_id."""
        ...
