"""A faulty series stops the cycle's orders, or its ticker alone; what is wrong stands in the log either way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import Book
from ledger.events import (
    DataFaultFound,
    DataIngested,
    DistributionDeclared,
    Fact,
    OrderPlanned,
    SplitDeclared,
    StepFailed,
    TargetsComputed,
)
from tests.trader.decisions import AAPL, IBM, SESSION, D, alone, contract, situation, started, told
from tests.trader.quality.markets import MARKETS, clean, scaled
from trader.bars import Series
from trader.calendar import Calendar
from trader.forecast import forecast
from trader.ingest import BarRules, ingest, ingested_bars
from trader.limits import Limits
from trader.sizing import Sizing, plan_orders
from trader.sources.source import SourceError, Universe
from trader.strategies import FixedWeights, Momentum

CALENDAR = Calendar.load()
UNIVERSE = (contract(AAPL), contract(IBM))
DAYS = tuple(session.day for session in CALENDAR.sessions(date(2004, 6, 1), date(2005, 2, 28)))
STOP, SKIP = BarRules(), BarRules(on_error="skip")


def series(seed: int) -> Series:
    """The last bars of a clean market, on the sessions up to yesterday."""
    bars = clean(MARKETS[0], seed).series[-len(DAYS) :]
    return tuple(replace(bar, day=day, adjusted_close=None) for bar, day in zip(bars, DAYS, strict=True))


@dataclass(frozen=True)
class Told:
    """A source that answers what it was told to."""

    series: dict[int, Series]
    name: str = "folder"

    def fetch(self, universe: Universe, last_day: date) -> dict[int, Series]:
        return self.series


SOUND = {AAPL: series(1), IBM: series(2)}
PENCE = {**SOUND, IBM: (*SOUND[IBM][:50], scaled(SOUND[IBM][50], D("100")), *SOUND[IBM][51:])}


def ingested(home: Path, rules: BarRules, *answers: dict[int, Series], book: Book | None = None) -> tuple[Fact, ...]:
    sources = tuple(Told(answer, name) for answer, name in zip(answers, ("folder", "broker"), strict=False))
    return ingest(book or situation(instead={DataIngested: ()}), home, sources, UNIVERSE, CALENDAR, rules)


def faults(facts: tuple[Fact, ...]) -> list[DataFaultFound]:
    return [fact for fact in facts if isinstance(fact, DataFaultFound)]


def reasons(facts: tuple[Fact, ...]) -> list[str]:
    return [fact.reason for fact in facts if isinstance(fact, StepFailed)]


def test_sound_series_are_ingested_without_a_word(tmp_path: Path) -> None:
    facts = ingested(tmp_path, STOP, SOUND)

    assert [type(fact) for fact in facts] == [DataIngested]


def test_a_fault_stops_the_cycle_and_stands_in_the_log(tmp_path: Path) -> None:
    facts = ingested(tmp_path, STOP, PENCE)

    [fault] = faults(facts)
    assert (fault.source, fault.symbol, fault.kind, fault.first, fault.field) == (
        "folder", "IBM", "unit", DAYS[50], "close",
    )  # fmt: skip
    assert (fault.observed, fault.expected) == (PENCE[IBM][50].close, SOUND[IBM][49].close)
    assert not fault.skipped
    [reason] = reasons(facts)
    assert reason.startswith(f"source folder: IBM: {DAYS[50]}: unit: close {PENCE[IBM][50].close} after ")
    assert reason.endswith("bring all prices into one")


def test_with_skip_a_fault_stops_nothing_and_the_forecast_never_sees_the_series(tmp_path: Path) -> None:
    facts = ingested(tmp_path, SKIP, PENCE)
    book = told(situation(instead={DataIngested: ()}), *facts)

    assert reasons(facts) == []
    assert [fault.skipped for fault in faults(facts)] == [True]
    bars, hashes = ingested_bars(book, tmp_path)
    assert (tuple(bars.series), tuple(bars.left_out), len(hashes)) == ((AAPL,), (IBM,), 1)


def planned(
    home: Path, strategy: FixedWeights | Momentum, held: dict[int, str], limits: Limits | None = None
) -> dict[str, OrderPlanned]:
    """Ingest, forecast and plan with a faulty series of IBM that is skipped."""
    book = situation(instead={DataIngested: (), TargetsComputed: ()}, held=held, cash="50000")
    book = told(book, *ingested(home, SKIP, PENCE, book=book))
    book = told(book, *forecast(book, home, alone(strategy), (AAPL, IBM)))
    assert book.cycle is not None
    assert book.cycle.failures == ()
    plan = plan_orders(book, Sizing(universe=(AAPL, IBM), limits=limits or Limits()))
    return {row.symbol: row for row in plan if isinstance(row, OrderPlanned)}


def test_what_is_held_of_a_skipped_ticker_stays_and_the_rest_is_traded(tmp_path: Path) -> None:
    plan = planned(tmp_path, FixedWeights({"AAPL": D("0.2"), "IBM": D("0.2")}), {IBM: "100"})

    assert plan["AAPL"].action == "BUY"
    assert (plan["IBM"].action, plan["IBM"].held, plan["IBM"].target) == ("NOTHING", D("100"), D("100"))
    assert plan["IBM"].reason.startswith(f"its data are faulty: unit of {DAYS[50]}: close ")


def test_what_is_held_of_a_skipped_ticker_counts_against_the_leverage(tmp_path: Path) -> None:
    weights = FixedWeights({"AAPL": D("0.5"), "IBM": D("0.5")}, leverage=D("2"))
    limits = Limits(name_share_max=D("1"), gross_leverage_max=D("1"))
    [alone, beside] = (planned(tmp_path, weights, held, limits)["AAPL"] for held in ({}, {IBM: "400"}))

    held = D("400") * D("92.50") / (D("50000") + D("400") * D("92.50"))
    assert alone.weight == 1
    assert 1 - held - D("0.001") < beside.weight <= 1 - held


def test_a_skipped_ticker_makes_no_room_for_the_others(tmp_path: Path) -> None:
    momentum = Momentum(lookback_days=(60,), short_allowed=True)
    book = situation(instead={DataIngested: (), TargetsComputed: ()})
    rows: list[dict[str, Decimal]] = []
    for answer in (SOUND, PENCE):
        after = told(book, *ingested(tmp_path, SKIP, answer, book=book))
        [targets] = forecast(after, tmp_path, alone(momentum), (AAPL, IBM))
        assert isinstance(targets, TargetsComputed)
        rows.append({row.symbol: row.weight for row in targets.rows})

    assert rows[1] == {"AAPL": rows[0]["AAPL"], "IBM": D("0")}


def test_where_every_ticker_is_skipped_nothing_is_decided(tmp_path: Path) -> None:
    book = situation(instead={DataIngested: (), TargetsComputed: ()})
    both = {con_id: (*bars[:50], scaled(bars[50], D("100")), *bars[51:]) for con_id, bars in SOUND.items()}
    book = told(book, *ingested(tmp_path, SKIP, both, book=book))

    [failed] = forecast(book, tmp_path, alone(FixedWeights({"AAPL": D("0.2"), "IBM": D("0.2")})), (AAPL, IBM))

    assert isinstance(failed, StepFailed)
    assert "every ticker: expected bars that are fit to decide on, found none" in failed.reason


def _without(bars: Series) -> Series:
    return ()


def _stale(bars: Series) -> Series:
    return bars[:-3]


def _impossible(bars: Series) -> Series:
    return (*bars[:-1], replace(bars[-1], high=bars[-1].low / 2))


def _hindsight(bars: Series) -> Series:
    return (*bars, replace(bars[-1], day=SESSION))


@pytest.mark.parametrize(
    ("spoil", "kind", "reason"),
    [
        pytest.param(_without, "gap", "expected its bars, found none", id="missing"),
        pytest.param(_stale, "stale", "stale: its last bar is of", id="stale"),
        pytest.param(_impossible, "inconsistent", "expected a high of at least", id="impossible"),
        pytest.param(_hindsight, "partial", "that would be hindsight", id="of today"),
    ],
)
def test_a_series_that_is_refused_is_a_fault_of_its_ticker_or_fails_its_source(
    tmp_path: Path, spoil: Callable[[Series], Series], kind: str, reason: str
) -> None:
    spoiled = {**SOUND, IBM: spoil(SOUND[IBM])}

    skipped = ingested(tmp_path, SKIP, spoiled)

    assert [(fault.symbol, fault.kind) for fault in faults(skipped)] == [("IBM", kind)]
    assert [len(fact.series) for fact in skipped if isinstance(fact, DataIngested)] == [1]
    assert reasons(skipped) == []
    [stopped] = reasons(ingested(tmp_path, STOP, spoiled))
    assert reason in stopped


def test_a_source_that_fails_altogether_stops_the_cycle_whatever_is_skipped(tmp_path: Path) -> None:
    class Silent(Told):
        def fetch(self, universe: Universe, last_day: date) -> dict[int, Series]:
            raise SourceError("folder", "every ticker", "expected an answer, found none", "see the disk")

    facts = ingest(situation(), tmp_path, (Silent({}),), UNIVERSE, CALENDAR, SKIP)

    assert reasons(facts) == ["source folder: every ticker: expected an answer, found none; see the disk"]


def test_two_sources_that_disagree_on_a_past_day_skip_the_ticker(tmp_path: Path) -> None:
    other = {**SOUND, IBM: (*SOUND[IBM][:50], scaled(SOUND[IBM][50], D("1.03")), *SOUND[IBM][51:])}

    facts = ingested(tmp_path, SKIP, SOUND, other)

    assert {(fault.source, fault.symbol, fault.kind) for fault in faults(facts)} == {
        ("folder", "IBM", "disagreement"),
        ("broker", "IBM", "disagreement"),
    }
    assert reasons(facts) == []


SPLIT = SplitDeclared(con_id=IBM, ex_date=DAYS[80], numerator=2, denominator=1, source="folder")
DIVIDEND = DistributionDeclared(con_id=IBM, ex_date=DAYS[120], amount=D("0.01"), currency="USD", source="folder")


@pytest.mark.parametrize("known", [(SPLIT,), (SPLIT, DIVIDEND)], ids=["a split", "a split and a dividend"])
def test_a_split_that_was_announced_explains_the_closes(tmp_path: Path, known: tuple[Fact, ...]) -> None:
    split = tuple(scaled(bar, D("2")) if bar.day < DAYS[80] else bar for bar in SOUND[IBM])
    book = situation(instead={DataIngested: ()})

    assert [fault.kind for fault in faults(ingested(tmp_path, STOP, {**SOUND, IBM: split}, book=book))] == ["split"]
    assert faults(ingested(tmp_path, STOP, {**SOUND, IBM: split}, book=told(book, *known))) == []


def test_a_series_that_is_wrong_all_over_is_told_by_its_first_faults(tmp_path: Path) -> None:
    gaps = {**SOUND, IBM: tuple(bar for number, bar in enumerate(SOUND[IBM]) if number % 4 or number > 180)}

    facts = ingested(tmp_path, STOP, gaps)

    assert len(faults(facts)) == 10
    assert "more)" in reasons(facts)[0]


def test_bars_of_another_exchanges_days_are_not_held_against_this_calendar(tmp_path: Path) -> None:
    elsewhere = tuple(replace(bar, day=bar.day.replace(day=min(bar.day.day + 1, 28))) for bar in SOUND[IBM])
    shifted = {bar.day: bar for bar in elsewhere if bar.day < SESSION}
    last = replace(SOUND[IBM][-1])
    answer = {**SOUND, IBM: (*(shifted[day] for day in sorted(shifted) if day < DAYS[-1]), last)}

    kinds = {fault.kind for fault in faults(ingested(tmp_path, STOP, answer))}

    assert "gap" not in kinds
    assert "no_session" not in kinds


def test_the_next_cycle_begins_without_the_faults_of_this_one(tmp_path: Path) -> None:
    book = situation(instead={DataIngested: ()})
    after = told(book, *ingested(tmp_path, SKIP, PENCE, book=book))
    again = told(after, started(slot="2005-03-01/1135"))

    assert after.cycle is not None
    assert again.cycle is not None
    assert (len(after.cycle.data_faults), len(again.cycle.data_faults)) == (1, 0)
