"""The series of a cycle judged: what `trader/quality/` finds becomes facts, and decides what may be traded.

With `[sources] on_error = "stop"` a fault fails the step, and no order leaves. With "skip" only the tickers concerned
are left alone: the forecast never sees their series, and what is held of them stays as it is, within every limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from ledger.book import Book
from ledger.events import (
    ContractDefined,
    DataFaultFound,
    DistributionDeclared,
    Fact,
    SplitDeclared,
    StepFailed,
)
from trader.bars import Series
from trader.calendar import Calendar
from trader.quality import Case, Dividend, Fault, Kind, Split, faults_of
from trader.sources.source import Universe

STEP = "ingest"
FACTS_A_SERIES_MAX = 10  # what is wrong all over is told by its first faults, and by their number
OTHER_CALENDAR = 0.02  # of the bars on days without a session: then it is another exchange's series

Fetched = Mapping[str, Mapping[int, Series]]  # by source, by con_id


@dataclass(frozen=True)
class Judge:
    """What a series is judged by, besides itself."""

    calendar: Calendar
    session_day: date
    close_difference_max: Decimal
    dividends: tuple[DistributionDeclared, ...]
    splits: tuple[SplitDeclared, ...]
    calendars: Mapping[str, Calendar] = field(default_factory=dict)  # of symbols that do not trade at the home exchange

    def faults(self, contract: ContractDefined, own: Series, other: Series | None) -> tuple[Fault, ...]:
        """Return what is wrong; what was announced is so, but is never all there was."""
        dividends = {
            it.ex_date: Dividend(it.ex_date, it.amount)
            for it in self.dividends
            if it.con_id == contract.con_id and it.currency == contract.currency
        }
        splits = {
            it.ex_date: Split(it.ex_date, Decimal(it.numerator) / it.denominator)
            for it in self.splits
            if it.con_id == contract.con_id
        }
        return faults_of(
            Case(
                series=own,
                dividends=tuple(dividends.values()),
                splits=tuple(splits.values()),
                sessions=_sessions(own, self.calendars.get(contract.symbol, self.calendar)),
                running=self.session_day,
                other=None if other is None else Case(other),
                close_difference_max=self.close_difference_max,
                events_complete=False,
            )
        )


def judge_of(
    book: Book,
    announced: tuple[Fact, ...],
    calendar: Calendar,
    session_day: date,
    close_difference_max: Decimal,
    calendars: Mapping[str, Calendar] = MappingProxyType({}),
) -> Judge:
    """Return the judge of a cycle: with what the log knows, and what was announced just now."""
    dividends = {(it.con_id, it.ex_date, it.source): it for it in book.distributions.values()}
    dividends |= {(it.con_id, it.ex_date, it.source): it for it in announced if isinstance(it, DistributionDeclared)}
    splits = {(it.con_id, it.ex_date, it.source): it for it in book.splits.values()}
    splits |= {(it.con_id, it.ex_date, it.source): it for it in announced if isinstance(it, SplitDeclared)}
    return Judge(
        calendar,
        session_day,
        close_difference_max,
        tuple(it for it in dividends.values() if not it.taken_back),
        tuple(it for it in splits.values() if not it.taken_back),
        calendars,
    )


def judged(judge: Judge, fetched: Fetched, universe: Universe, *, skip: bool) -> Iterator[Fact]:
    """Yield every fault of every series; unless tickers are skipped, one failure for each series that has any."""
    for contract in universe:
        series = {
            name: by_contract[contract.con_id]
            for name, by_contract in fetched.items()
            if contract.con_id in by_contract
        }
        for name, own in series.items():
            other = next((it for its_name, it in series.items() if its_name != name), None)
            found = judge.faults(contract, own, other)
            if not skip:  # told for both sources together: `trader/ingest.py`
                found = tuple(fault for fault in found if fault.kind is not Kind.DISAGREEMENT)
            yield from told(name, contract, found, skip=skip)


def told(source: str, contract: ContractDefined, faults: tuple[Fault, ...], *, skip: bool) -> Iterator[Fact]:
    """Yield what was found in one series."""
    for fault in faults[:FACTS_A_SERIES_MAX]:
        yield DataFaultFound(
            source=source,
            con_id=contract.con_id,
            symbol=contract.symbol,
            kind=fault.kind.value,
            first=fault.first,
            last=fault.last,
            field=fault.field,
            observed=_finite(fault.observed),
            expected=_finite(fault.expected),
            text=fault.text,
            skipped=skip,
        )
    if faults and not skip:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        yield StepFailed(step=STEP, reason=f"source {source}: {contract.symbol}: {faults[0]}{more}")


def _sessions(series: Series, calendar: Calendar) -> tuple[date, ...] | None:
    """Return the sessions that a series spans, if it is of this calendar; how old its last bar is, is asked before."""
    sessions = tuple(session.day for session in calendar.sessions(series[0].day, series[-1].day))
    strange = {bar.day for bar in series}.difference(sessions)
    return None if len(strange) > OTHER_CALENDAR * len(series) else sessions


def _finite(number: Decimal | None) -> Decimal | None:
    return number if number is not None and number.is_finite() else None
