"""What every source of bars promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from ledger.events import ContractDefined
from trader.bars import Series

Universe = tuple[ContractDefined, ...]
ANNOUNCED_DAYS = 90  # a source that announces tells every ex-date of as long: what it leaves out counts as taken back


@dataclass(frozen=True)
class Provenance:
    """Where the last fetch came from: an address without secrets, if it was one, and when its oldest part came."""

    origin: str | None
    fetched_at: datetime


class SourceError(Exception):
    """A source that did not answer completely; names source, ticker, and what to do."""

    def __init__(self, source: str, ticker: str, problem: str, remedy: str) -> None:
        super().__init__(f"source {source}: {ticker}: {problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy


class SecondRates(Protocol):
    """Another word on the exchange rates that the broker reports."""

    @property
    def name(self) -> str:
        """The name that stands in the log."""
        ...

    @property
    def provenance(self) -> Provenance | None:
        """Where the last answer came from, if a server gave it."""
        ...

    def differences(self, base: str, rates: Mapping[str, Decimal], last_day: date) -> tuple[str, ...]:
        """Say which rates are too far apart; a SourceError where it cannot say."""
        ...


class Source(Protocol):
    """Daily bars of a universe.

    `fetch` returns a series for every contract, with no bar later than `last_day`: today's bar is not over yet, and
    tomorrow's would be hindsight. No answer is a SourceError; a contract that alone is without one may be left out, its
    SourceError by con_id in `failures`. A source may tell more: `announcements`, the dividends and splits of a
    universe, and `provenance`, of its last fetch.
    """

    @property
    def name(self) -> str:
        """The name that stands in the log."""
        ...

    def fetch(self, universe: Universe, last_day: date) -> dict[int, Series]:
        """Return every contract's bars up to and with a day, by con_id."""
        ...
