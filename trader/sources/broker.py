"""The broker's own daily bars, asked for within its pacing.

With a place to keep them, only what is newer than the kept bars is asked for, and the last kept ones once more: if they
come differently, a split or a correction has changed the past, and the whole series is asked for. That is also done
once a week, for corrections further back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from ledger.clock import Clock
from ledger.events import ContractDefined
from trader.bars import Series
from trader.broker import BrokerIncomplete
from trader.sources.pacing import Pacer
from trader.sources.recent import Recent, RecentBars
from trader.sources.source import Provenance, SourceError, Universe

REQUESTS_MAX, PERIOD = 60, timedelta(minutes=10)  # more is a pacing violation at IB,
IDENTICAL = timedelta(seconds=15)  # and so is the same request so soon
OVERLAP = 5  # bars that are asked for again
WHOLE_AFTER = timedelta(days=7)


class DailyBars(Protocol):
    """The part of the broker that this source asks."""

    def daily_bars(self, contract: ContractDefined, days: int, before: date) -> Series:
        """Return up to `days` daily bars, the last of them before a day."""
        ...


@dataclass
class BrokerBars:
    """Asks the broker for each contract's last bars; a connection that breaks is the broker's error, not ours."""

    broker: DailyBars
    days: int = 300
    name: str = "broker"
    recent: RecentBars | None = None  # without it, everything is asked for at every fetch
    clock: Clock | None = None  # without it, nothing is paced
    provenance: Provenance | None = None
    _pacer: Pacer | None = field(default=None, init=False)
    _asked: dict[str, datetime] = field(default_factory=dict, init=False)

    def fetch(self, universe: Universe, last_day: date) -> dict[int, Series]:
        """Return every contract's bars up to and with a day."""
        kept = {contract.con_id: self.recent.get(contract.con_id) if self.recent else None for contract in universe}
        if self.clock is not None:
            self._pacer = Pacer(self.clock, REQUESTS_MAX, PERIOD, IDENTICAL)
            self._pacer.remember(request for one in kept.values() if one for request in one.asked.items())
        fetched: dict[int, Series] = {}
        moments: list[datetime] = []
        for contract in universe:
            own = kept[contract.con_id]
            self._asked = {}
            fetched[contract.con_id] = self._series(contract, last_day, own)
            moments += (self._asked or (own.asked if own else {})).values()
        self.provenance = Provenance(None, min(moments)) if moments else None
        return fetched

    def _series(self, contract: ContractDefined, last_day: date, kept: Recent | None) -> Series:
        if kept is None or not self._is_usable(kept, last_day):
            return self._whole(contract, last_day)
        if kept.series[-1].day == last_day:
            return kept.series
        newer = self._told(contract, (last_day - kept.series[-1].day).days + OVERLAP, last_day)
        again = tuple(bar for bar in newer if bar.day <= kept.series[-1].day)
        if len(again) < min(OVERLAP, len(kept.series)) or again != kept.series[-len(again) :]:
            return self._whole(contract, last_day)
        series = (*kept.series, *newer[len(again) :])[-self.days :]
        return self._kept(contract, Recent(series, self.days, kept.whole_on, self._asked))

    def _is_usable(self, kept: Recent, last_day: date) -> bool:
        age = last_day - kept.whole_on
        return kept.days == self.days and kept.series[-1].day <= last_day and timedelta(0) <= age < WHOLE_AFTER

    def _whole(self, contract: ContractDefined, last_day: date) -> Series:
        series = self._told(contract, self.days, last_day)
        return self._kept(contract, Recent(series, self.days, last_day, self._asked))

    def _kept(self, contract: ContractDefined, recent: Recent) -> Series:
        if self.recent is not None:
            self.recent.keep(contract.con_id, recent)
        return recent.series

    def _told(self, contract: ContractDefined, days: int, last_day: date) -> Series:
        before = last_day + timedelta(days=1)
        if self._pacer is not None:
            request = f"{contract.con_id}/{days}/{before}"
            self._asked[request] = self._pacer.wait(request)
        try:
            told = self.broker.daily_bars(contract, days, before)
        except BrokerIncomplete as error:
            raise SourceError(self.name, contract.symbol, str(error), "the next slot asks again") from error
        series = tuple(bar for bar in told if bar.day < before)
        if not series:
            raise SourceError(
                self.name,
                contract.symbol,
                f"expected daily bars up to {last_day}, found none",
                "see that the account may receive its market data, or take it out of the universe",
            )
        return series
