"""The broker's own daily bars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from ledger.events import ContractDefined
from trader.bars import Series
from trader.broker import BrokerIncomplete
from trader.sources.source import SourceError, Universe


class DailyBars(Protocol):
    """The part of the broker that this source asks."""

    def daily_bars(self, contract: ContractDefined, days: int, before: date) -> Series:
        """Return up to `days` daily bars, the last of them before a day."""
        ...


@dataclass(frozen=True)
class BrokerBars:
    """Asks the broker for each contract's last bars; a connection that breaks is the broker's error, not ours."""

    broker: DailyBars
    days: int = 300
    name: str = "broker"

    def fetch(self, universe: Universe, last_day: date) -> dict[int, Series]:
        """Return every contract's bars up to and with a day."""
        return {contract.con_id: self._series(contract, last_day) for contract in universe}

    def _series(self, contract: ContractDefined, last_day: date) -> Series:
        before = last_day + timedelta(days=1)
        try:
            told = self.broker.daily_bars(contract, self.days, before)
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
