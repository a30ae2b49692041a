"""The data of every source: fetched, checked, kept as evidence, and only then told to the log.

A source that fails is a fact of the cycle (`StepFailed`: no order leaves), not an exception. To check more of a series:
extend `trader.bars.check_series` for what no series may be, `_check_age` for what depends on the day, or
`trader/quality/` for what a series may be and probably is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Context, Decimal
from itertools import combinations
from pathlib import Path
from typing import Literal, NoReturn

from ledger.book import Book
from ledger.events import ContractDefined, DataIngested, Fact, SeriesRow, StepFailed
from trader.announcements import announced
from trader.bars import Bars, BarsError, Series, average_volume, check_series, read_series, series_bytes
from trader.calendar import Calendar
from trader.evidence import EvidenceError, get, put_all
from trader.fitness import judge_of, judged, told
from trader.projection import running_cycle, skipped
from trader.quality import Fault, Kind
from trader.sources.source import Provenance, SecondRates, Source, SourceError, Universe

STEP = "ingest"
EXACT_ENOUGH = Context(prec=40)  # a ratio of closes, compared with a limit


@dataclass(frozen=True)
class BarRules:
    """What is demanded of bars before a forecast may see them."""

    bars_age_sessions_max: int = 1  # sessions from the last bar to the session of the cycle: 1 is the day before
    close_difference_max: Decimal = Decimal("0.01")  # of the close, between two sources
    on_error: Literal["stop", "skip"] = "stop"  # the cycle's orders, or the tickers whose series is faulty
    calendars: Mapping[str, Calendar] = field(default_factory=dict)  # of symbols that do not trade at the home exchange

    def calendar_of(self, contract: ContractDefined, home: Calendar) -> Calendar:
        """Return the calendar whose sessions a contract's bars are of."""
        return self.calendars.get(contract.symbol, home)

    @property
    def skips(self) -> bool:
        """Whether a faulty series takes only its ticker out."""
        return self.on_error == "skip"


class ConflictError(Exception):
    """Two sources tell different closes of the same day."""


def ingest(
    book: Book,
    home: Path,
    sources: tuple[Source, ...],
    universe: Universe,
    calendar: Calendar,
    rules: BarRules,
    second_rates: SecondRates | None = None,
) -> tuple[Fact, ...]:
    """Fetch every source and return what came, or what failed; a closing cycle decides nothing and needs none."""
    cycle = running_cycle(book)
    if cycle.started.kind == "close":
        return ()
    session_day = cycle.started.session_day
    facts: list[Fact] = []
    fetched: dict[str, dict[int, Series]] = {}
    for source in sources:
        try:
            taken = source.fetch(universe, _last_day(universe, session_day, calendar, rules))
            refused = tuple(_refused(source, taken, universe, session_day, calendar, rules))
            if refused and not rules.skips:
                raise refused[0][1]
            wrong = {contract.con_id for contract, _ in refused}
            sound = tuple(contract for contract in universe if contract.con_id not in wrong)
            fetched[source.name] = {contract.con_id: taken[contract.con_id] for contract in sound}
            facts.append(_kept(home, source, sound, fetched[source.name]))
            answered = tuple(contract for contract in universe if contract.con_id not in _failures(source))
            facts.extend(announced(book, source, answered, session_day))
            for contract, error in refused:
                facts.extend(told(source.name, contract, (error.fault,), skip=True))
        except (SourceError, EvidenceError) as error:
            facts.append(StepFailed(step=STEP, reason=str(error)))
    if not rules.skips:
        facts.extend(_conflicts(universe, fetched, rules))
    judge = judge_of(book, tuple(facts), calendar, session_day, rules.close_difference_max, rules.calendars)
    facts.extend(judged(judge, fetched, universe, skip=rules.skips))
    if second_rates is not None:
        facts.extend(_rates_compared(book, second_rates, calendar.previous(session_day).day))
    return tuple(facts)


def _last_day(universe: Universe, session_day: date, home: Calendar, rules: BarRules) -> date:
    """Return the last day before this one on which any exchange of the universe traded."""
    days = {rules.calendar_of(contract, home).previous(session_day).day for contract in universe}
    return max(days, default=home.previous(session_day).day)


def _rates_compared(book: Book, second: SecondRates, last_day: date) -> Iterator[Fact]:
    try:
        found = second.differences(book.base_currency, book.rates, last_day)
    except SourceError as error:
        yield StepFailed(step=STEP, reason=str(error))
        return
    told = second.provenance
    origin, fetched_at = (told.origin, told.fetched_at) if told is not None else (None, None)
    yield DataIngested(source=second.name, series=(), origin=origin, fetched_at=fetched_at)  # rates are no series
    for difference in found:
        yield StepFailed(step=STEP, reason=f"source {second.name}: {difference}")


def ingested_bars(book: Book, home: Path) -> tuple[Bars, tuple[str, ...]]:
    """Read the cycle's bars back from the evidence, one series a contract, with the hashes of what was read.

    Of several sources, the first with adjusted closes serves a contract; where none has them, the first. A contract
    that is skipped has none.
    """
    left_out = skipped(book)
    choices: dict[int, list[tuple[Series, str]]] = {}
    for ingested in running_cycle(book).data.values():
        for row in ingested.series:
            if row.con_id in left_out:
                continue
            choices.setdefault(row.con_id, []).append((read_series(get(home, row.sha256)), row.sha256))
    chosen = {con_id: next(filter(_adjusted, series), series[0]) for con_id, series in choices.items()}
    bars = Bars({con_id: series for con_id, (series, _) in chosen.items()}, frozenset(left_out))
    return bars, tuple(sha for _, sha in chosen.values())


def _adjusted(choice: tuple[Series, str]) -> bool:
    return all(bar.adjusted_close is not None for bar in choice[0])


class Unfit(SourceError):
    """One ticker's series that no decision may rest on: the same, as a fault of that series."""

    def __init__(self, source: str, ticker: str, problem: str, remedy: str, fault: Fault) -> None:
        super().__init__(source, ticker, problem, remedy)
        self.fault = fault


def _failures(source: Source) -> Mapping[int, SourceError]:
    """Return why contracts have no series; a source that never leaves one out has none."""
    failures: Mapping[int, SourceError] = getattr(source, "failures", {})
    return failures


def _refused(
    source: Source, taken: dict[int, Series], universe: Universe, session_day: date, calendar: Calendar, rules: BarRules
) -> Iterator[tuple[ContractDefined, Unfit]]:
    """Yield every contract whose series is missing, impossible or too old."""
    for contract in universe:
        series = taken.get(contract.con_id, ())
        try:
            if (failure := _failures(source).get(contract.con_id)) is not None:
                _unfit(Kind.GAP, source.name, contract, session_day, failure.problem, failure.remedy)
            _check(source.name, contract, series, session_day, calendar, rules)
        except Unfit as error:
            yield contract, error


def _check(
    source: str, contract: ContractDefined, series: Series, session_day: date, calendar: Calendar, rules: BarRules
) -> None:
    last = series[-1].day if series else session_day
    if not series:
        _unfit(Kind.GAP, source, contract, last, "expected its bars, found none", "see the source")
    try:
        check_series(series)
    except BarsError as error:
        _unfit(Kind.INCONSISTENT, source, contract, last, str(error), "correct the data at their source")
    if last >= session_day:
        problem = f"expected bars of days before {session_day}, found {last}: that would be hindsight"
        _unfit(Kind.PARTIAL, source, contract, last, problem, "correct the source")
    age = len(rules.calendar_of(contract, calendar).sessions(last + timedelta(days=1), session_day))
    if age > rules.bars_age_sessions_max:
        problem = f"stale: its last bar is of {last}, {age} sessions before {session_day}"
        remedy = f"expected at most {rules.bars_age_sessions_max}; bring the source up to date"
        _unfit(Kind.STALE, source, contract, last, problem, remedy)


def _unfit(kind: Kind, source: str, contract: ContractDefined, day: date, problem: str, remedy: str) -> NoReturn:
    fault = Fault(kind, day, day, "series", None, None, f"{problem}; {remedy}")
    raise Unfit(source, contract.symbol, problem, remedy, fault)


def _kept(home: Path, source: Source, universe: Universe, fetched: dict[int, Series]) -> DataIngested:
    digests = put_all(home, (series_bytes(fetched[contract.con_id]) for contract in universe))
    pairs = zip(universe, digests, strict=True)
    rows = (series_row(contract, fetched[contract.con_id], digest) for contract, digest in pairs)
    told: Provenance | None = getattr(source, "provenance", None)
    origin, fetched_at = (told.origin, told.fetched_at) if told is not None else (None, None)
    return DataIngested(source=source.name, series=tuple(rows), origin=origin, fetched_at=fetched_at)


def series_row(contract: ContractDefined, series: Series, digest: str) -> SeriesRow:
    """Say of a kept series what it holds."""
    first, last = series[0].day, series[-1].day
    return SeriesRow(
        con_id=contract.con_id, symbol=contract.symbol, sha256=digest, bars=len(series), first=first, last=last,
        last_close=series[-1].close, average_volume=average_volume(series),
    )  # fmt: skip


def _conflicts(universe: Universe, fetched: dict[str, dict[int, Series]], rules: BarRules) -> tuple[StepFailed, ...]:
    failures = []
    for one, other in combinations(fetched, 2):
        for contract in universe:
            try:
                _compare(one, fetched[one][contract.con_id], other, fetched[other][contract.con_id], rules)
            except ConflictError as error:
                failures.append(StepFailed(step=STEP, reason=f"{contract.symbol}: {error}"))
    return tuple(failures)


def _compare(one: str, left: Series, other: str, right: Series, rules: BarRules) -> None:
    """Compare raw closes on the last common day: a split or a wrong ticker in one source alone shows here."""
    closes = {bar.day: bar.close for bar in right}
    common = next((bar for bar in reversed(left) if bar.day in closes), None)
    if common is None:
        raise ConflictError(f"sources {one} and {other} have no day in common; expected one to compare")
    theirs = closes[common.day]
    difference = EXACT_ENOUGH.divide(abs(common.close - theirs), min(common.close, theirs))
    if difference > rules.close_difference_max:
        raise ConflictError(
            f"sources disagree on the close of {common.day}: {one} {common.close}, {other} {theirs}, apart by "
            f"{difference:.2%}, expected at most {rules.close_difference_max:.2%}; correct one, or take the ticker out"
        )
