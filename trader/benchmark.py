"""The benchmark that the settings name, and its closes where no cycle kept any: those of the folder of bars.

Reports ask; nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

from ledger.events import ContractDefined
from queries.pages.benchmark import Closes
from trader.schedule import SettingsError
from trader.settings import Settings, load
from trader.sources.folder import FolderBars
from trader.sources.source import SourceError

EVERY_DAY = 100_000  # of bars: all that the folder has
BEFORE = 10  # bars from before the first day, so that the first day has one to grow from


def benchmark_of(home: Path) -> tuple[str, Callable[[str, date], Closes | None]]:
    """Return the ticker, empty where none is named, and who knows its closes where the log kept none."""
    try:
        settings = load(home)
    except SettingsError:
        return "", lambda _ticker, _first: None
    return settings.benchmark.ticker, lambda ticker, first: folder_closes(home, settings, ticker, first)


def folder_closes(home: Path, settings: Settings, ticker: str, first: date) -> Closes | None:
    """Return the closes of a ticker in the settings' folder of bars; None where it has none that can be read."""
    if settings.sources.folder is None:
        return None
    try:
        source = FolderBars(home / settings.sources.folder, EVERY_DAY)
        series = source.fetch((_contract(ticker),), date.max)[0]
    except SourceError:
        return None
    begins = max(sum(bar.day < first for bar in series) - BEFORE, 0)
    adjusted = {bar.day: bar.adjusted_close for bar in series[begins:] if bar.adjusted_close is not None}
    if len(adjusted) == len(series) - begins:
        return Closes(ticker, adjusted)
    return Closes(ticker, {bar.day: bar.close for bar in series[begins:]}, with_dividends=False)


def _contract(ticker: str) -> ContractDefined:
    """Return what a folder needs of a contract: its ticker."""
    return ContractDefined(
        con_id=0, symbol=ticker, security_type="STK", currency="", exchange="", primary_exchange="",
        multiplier=Decimal(1), min_tick=Decimal(1),
    )  # fmt: skip
