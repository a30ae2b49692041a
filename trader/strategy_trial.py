"""The strategies of a home, asked about the past by the bars of its last cycle: `trader/hindsight.py` says how."""

from __future__ import annotations

from pathlib import Path

from ledger.book import Book
from ledger.checkpoints import book_of
from trader.assembly import allocations_of, instruments_of
from trader.bars import Bars, Series, read_series
from trader.evidence import get
from trader.hindsight import Hindsight, days_of, hindsight
from trader.settings import Settings
from trader.strategies import Module, StrategyError
from trader.strategy_files import loaded


def tried(home: Path, settings: Settings) -> tuple[tuple[str, tuple[Hindsight, ...]], ...]:
    """Return what each strategy that looks at prices said differently; StrategyError where one cannot be asked."""
    book = book_of(home)
    allocations = tuple(zip(allocations_of(settings), settings.strategy, strict=True))
    asked = [(own, section) for own, section in allocations if own.strategy.MOVES or isinstance(own.strategy, Module)]
    if not asked:
        return ()
    bars = kept_bars(book, home, settings)
    if not bars.series:
        raise StrategyError("expected the bars of a cycle, found none; run one first")
    found = []
    for own, section in asked:
        if not days_of(bars, section.closes_min):
            raise StrategyError(f"{own.name}: expected {section.closes_min} closes of each ticker, found fewer")
        found.append((own.name, hindsight(loaded(own.strategy, home), book, bars, section.closes_min)))
    return tuple(found)


def kept_bars(book: Book, home: Path, settings: Settings) -> Bars:
    """Return the newest bars that were kept of the universe, adjusted ones where a source has them."""
    wanted = instruments_of(settings)
    universe = {con_id for con_id, known in book.contracts.items() if any(own.names(known) for own in wanted)}
    series: dict[int, Series] = {}
    for told in book.ingested.values():
        for row in told.series:
            if row.con_id in universe:
                read = read_series(get(home, row.sha256))
                adjusted = all(bar.adjusted_close is not None for bar in read)
                series[row.con_id] = read if adjusted else series.get(row.con_id, read)
    return Bars(series)
