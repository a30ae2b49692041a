"""Daily bars of Yahoo by yfinance (extra `yahoo`): a private client of pages that nobody has promised to keep.

Yahoo takes later splits out of prices, volumes and dividends; they are put back in, so that a bar is what was traded
that day and a dividend what was paid. Its adjusted closes have splits and dividends taken out. Dividends and splits are
announced apart. Its numbers are binary fractions: six digits after the point are those of its own downloads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import Any

from ledger.clock import Clock
from ledger.events import ContractDefined, DistributionDeclared, SplitDeclared
from trader.bars import Bar, Series
from trader.sources.announcements import Announcement
from trader.sources.endpoint import ratio_of
from trader.sources.pacing import Pacer
from trader.sources.recent import FOLDER
from trader.sources.source import ANNOUNCED_DAYS, Provenance, SourceError, Universe

ORIGIN = "https://query2.finance.yahoo.com/v8/finance/chart"
REQUESTS_MAX, PERIOD = 60, timedelta(minutes=1)
TIMEOUT_SECONDS = 20
ATTEMPTS = 3
RANGES = ((200, "1y"), (450, "2y"), (1200, "5y"), (2400, "10y"))  # the most bars that each surely holds
DIGITS = Decimal("0.000001")
REMEDY = "the next slot asks again; if it persists, upgrade yfinance or set sources.yahoo = false"

Row = dict[str, Any]  # one day as yfinance tells it, its columns by name


@dataclass
class YahooBars:
    """Asks Yahoo for each ticker; keeps the last `days` bars, and what was announced with them."""

    home: Path
    clock: Clock
    days: int = 300
    tickers: Mapping[str, str] = field(default_factory=dict)  # Yahoo's name of a ticker, where another
    session: Any = None  # of yfinance's own making, if none
    attempts: int = ATTEMPTS
    name: str = "yahoo"
    provenance: Provenance | None = None
    failures: dict[int, SourceError] = field(default_factory=dict)  # of the last fetch, by con_id
    _announced: tuple[Announcement, ...] = ()

    def fetch(self, universe: Universe, last_day: date) -> dict[int, Series]:
        """Return the bars up to and with a day of every contract for which Yahoo has some."""
        self._announced, self.failures = (), {}
        pacer = Pacer(self.clock, REQUESTS_MAX, PERIOD)
        fetched: dict[int, Series] = {}
        for contract in universe:
            pacer.wait(contract.symbol)
            try:
                fetched[contract.con_id] = self._series(contract, last_day)
            except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
                problem = f"{type(error).__name__}: {error}"
                self.failures[contract.con_id] = SourceError(self.name, contract.symbol, problem, REMEDY)
        if not fetched and self.failures:
            raise next(iter(self.failures.values()))
        self.provenance = Provenance(ORIGIN, self.clock.now())
        return fetched

    def announcements(self, universe: Universe) -> tuple[Announcement, ...]:
        """Return the dividends and splits that came with the bars."""
        con_ids = {contract.con_id for contract in universe}
        return tuple(fact for fact in self._announced if fact.con_id in con_ids)

    def _series(self, contract: ContractDefined, last_day: date) -> Series:
        rows = self._asked(contract)
        ratios = dict(_later_splits(rows))
        bars = tuple(_bar(day, row, ratios[day]) for day, row in rows if day <= last_day)
        if not bars:
            raise ValueError(f"expected bars up to {last_day}, found none")
        announced = tuple(_announcements(contract, rows, ratios, self.name))
        if bars[0].day <= last_day - timedelta(days=ANNOUNCED_DAYS):
            self._announced += announced  # of a shorter past it would seem that others were taken back
        return bars[-self.days :]

    def _asked(self, contract: ContractDefined) -> list[tuple[date, Row]]:
        try:
            import yfinance  # slow, and an extra: only who wants it pays for it
        except ImportError:
            problem = "expected the package yfinance, found none"
            raise SourceError(self.name, "every ticker", problem, "run: pip install 'tallybook[yahoo]'") from None
        import stamina
        from yfinance.exceptions import YFException, YFRateLimitError

        folder = self.home / FOLDER / "yahoo"
        folder.mkdir(parents=True, exist_ok=True)
        yfinance.set_tz_cache_location(str(folder))  # cookies: else they lie in the user's own folder
        yfinance.config.debug.hide_exceptions = False
        ticker = yfinance.Ticker(self.tickers.get(contract.symbol, contract.symbol.replace(" ", "-")), self.session)
        reach = next((name for most, name in RANGES if self.days <= most), "max")
        try:
            for attempt in stamina.retry_context(
                on=(OSError, YFRateLimitError), attempts=self.attempts, timeout=None, wait_initial=1, wait_max=10
            ):
                with attempt:
                    frame = ticker.history(period=reach, auto_adjust=False, actions=True, timeout=TIMEOUT_SECONDS)
        except (OSError, YFRateLimitError) as error:  # the next ticker would fare no better
            raise SourceError(self.name, contract.symbol, f"found no answer ({error!s:.200})", REMEDY) from None
        except YFException as error:
            raise ValueError(f"found no answer ({error!s:.200})") from None
        currency = ticker.history_metadata["currency"]
        if currency != contract.currency:
            raise ValueError(f"expected prices in {contract.currency}, found {currency}")
        return [(moment.date(), row) for moment, row in frame.to_dict("index").items()]


def _later_splits(rows: list[tuple[date, Row]]) -> Iterator[tuple[date, Fraction]]:
    """Yield by how many each unit of a day has been multiplied since."""
    later = Fraction(1)
    for day, row in reversed(rows):
        yield day, later
        later *= _split(row)


def _announcements(
    contract: ContractDefined, rows: list[tuple[date, Row]], ratios: Mapping[date, Fraction], source: str
) -> Iterator[Announcement]:
    for day, row in rows:
        if amount := _times(row["Dividends"], ratios[day]):
            if amount < 0:
                raise ValueError(f"{day}: expected a dividend above zero, found {amount}")
            yield DistributionDeclared(
                con_id=contract.con_id, ex_date=day, amount=amount, currency=contract.currency, source=source
            )
        if (ratio := _split(row)) != 1:
            yield SplitDeclared(
                con_id=contract.con_id, ex_date=day, numerator=ratio.numerator, denominator=ratio.denominator,
                source=source,
            )  # fmt: skip


def _split(row: Row) -> Fraction:
    return ratio_of(f"{row['Stock Splits']:.6f}".rstrip("0"))


def _bar(day: date, row: Row, ratio: Fraction) -> Bar:
    opened, high, low, close = (_times(row[name], ratio) for name in ("Open", "High", "Low", "Close"))
    volume = _times(row["Volume"], 1 / ratio).quantize(Decimal(1))
    return Bar(day, opened, high, low, close, volume, _times(row["Adj Close"], Fraction(1)))


def _times(number: float, ratio: Fraction) -> Decimal:
    if not isfinite(number):
        raise ValueError(f"expected a number, found {number}")
    exact = Decimal(repr(float(number))) * ratio.numerator / ratio.denominator
    return exact.quantize(DIGITS).normalize() + 0
