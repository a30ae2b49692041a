"""What single checks say, and what they leave alone where something is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from tests.trader.quality.markets import MARKETS, clean, scaled
from trader.bars import Bar
from trader.quality import CHECKS, Case, Dividend, Fault, Kind, Split, faults_of

BLUE_CHIP = MARKETS[0]
CLEAN = replace(clean(BLUE_CHIP, 7), splits=(), dividends=None)
D = Decimal


def kinds_of(case: Case) -> set[Kind]:
    return {fault.kind for fault in faults_of(case)}


def day(number: int) -> date:
    return CLEAN.series[number].day


def spoiled(number: int, bar: Bar) -> Case:
    return replace(CLEAN, series=(*CLEAN.series[:number], bar, *CLEAN.series[number + 1 :]))


def test_a_fault_names_its_days_what_was_found_and_what_to_do() -> None:
    pence = spoiled(100, scaled(CLEAN.series[100], D(100)))

    [fault] = faults_of(pence)

    assert (fault.kind, fault.first, fault.last, fault.field) == (Kind.UNIT, day(100), day(100), "close")
    assert (fault.observed, fault.expected) == (pence.series[100].close, CLEAN.series[99].close)
    assert str(fault).startswith(f"{day(100)}: unit: close {pence.series[100].close} after {CLEAN.series[99].close}")
    assert str(fault).endswith("bring all prices into one")


@pytest.mark.parametrize(
    ("bar", "field"),
    [
        pytest.param({"close": D(0)}, "close", id="a price of zero"),
        pytest.param({"open": D("NaN")}, "open", id="a price that is none"),
        pytest.param({"low": D(-1)}, "low", id="a price below zero"),
        pytest.param({"volume": D(-1)}, "volume", id="a volume below zero"),
        pytest.param({"volume": D("NaN")}, "volume", id="a volume that is none"),
        pytest.param({"adjusted_close": D(-3)}, "adjusted_close", id="an adjusted close below zero"),
    ],
)
def test_a_bar_that_cannot_be_is_told_and_disturbs_no_other_check(bar: dict[str, Decimal], field: str) -> None:
    found = faults_of(replace(spoiled(100, replace(CLEAN.series[100], **bar)), sessions=None))  # type: ignore[arg-type]

    assert {(fault.kind, fault.first, fault.field) for fault in found} == {(Kind.INCONSISTENT, day(100), field)}


def test_a_fault_at_every_place_of_the_order_is_found_alike() -> None:
    descending = replace(CLEAN, series=tuple(reversed(CLEAN.series)))

    assert faults_of(descending) == ()


@pytest.mark.parametrize("number", range(0, 4), ids=lambda number: f"{number} bars")
def test_too_short_a_series_says_nothing(number: int) -> None:
    assert faults_of(Case(CLEAN.series[:number], (), (), None, None, Case(CLEAN.series[:number]))) == ()


def test_without_a_calendar_holidays_are_no_gap() -> None:
    ten_days = [bar for bar in CLEAN.series if not day(100) < bar.day < day(100) + timedelta(days=10)]

    assert kinds_of(replace(CLEAN, series=tuple(ten_days), sessions=None)) == set()
    assert kinds_of(replace(CLEAN, series=tuple(ten_days))) == {Kind.GAP}


def test_missing_sessions_are_told_as_one_stretch() -> None:
    [fault] = faults_of(replace(CLEAN, series=(*CLEAN.series[:50], *CLEAN.series[53:])))

    assert (fault.first, fault.last, fault.expected) == (day(50), day(52), D(3))


def test_news_on_a_busy_day_are_no_fault_and_the_same_move_on_a_quiet_day_is_a_split() -> None:
    halved = tuple(scaled(bar, D("0.5")) if bar.day >= day(200) else bar for bar in CLEAN.series)
    quiet = replace(CLEAN, series=tuple(replace(bar, adjusted_close=None) for bar in halved))
    crash = replace(quiet.series[200], volume=CLEAN.series[200].volume * 12)
    busy = replace(quiet, series=(*quiet.series[:200], crash, *quiet.series[201:]))

    assert kinds_of(quiet) == {Kind.SPLIT}
    assert kinds_of(busy) == set()


def test_a_spike_that_was_traded_through_is_none() -> None:
    bar = CLEAN.series[100]
    up = replace(scaled(bar, D("1.4")), low=bar.low)

    assert kinds_of(spoiled(100, scaled(bar, D("1.4")))) == {Kind.SPIKE}
    assert kinds_of(spoiled(100, up)) == {Kind.SPIKE}
    assert kinds_of(spoiled(100, replace(up, volume=bar.volume * 5))) == set()


def test_a_series_that_stood_still_from_the_beginning_is_no_feed_that_stopped() -> None:
    bar = CLEAN.series[0]
    still = tuple(replace(bar, day=it.day, volume=D(0)) for it in CLEAN.series)

    assert kinds_of(replace(CLEAN, series=still)) == set()


@pytest.mark.parametrize("told", [None, True, False], ids=["not known", "taken out", "left in"])
def test_a_split_that_does_not_show_is_a_fault_only_where_splits_are_left_in(told: bool | None) -> None:
    case = replace(CLEAN, splits=(Split(day(250), D(2)),), closes_split_adjusted=told)

    assert kinds_of(case) == ({Kind.SPLIT} if told is False else set())


def test_of_two_splits_of_one_source_both_show_or_none() -> None:
    first = tuple(
        replace(scaled(bar, D(2)), adjusted_close=None) if bar.day < day(150) else bar for bar in CLEAN.series
    )
    series = tuple(replace(bar, adjusted_close=None) for bar in first)
    case = replace(CLEAN, series=series, splits=(Split(day(150), D(2)), Split(day(300), D(3))))

    [fault] = faults_of(case)

    assert (fault.kind, fault.first) in {(Kind.SPLIT, day(150)), (Kind.SPLIT, day(300))}
    assert kinds_of(replace(case, splits=case.splits[:1] if case.splits else ())) == set()


def test_a_split_that_is_none_is_told() -> None:
    assert kinds_of(replace(CLEAN, splits=(Split(day(150), D(0)),))) == {Kind.SPLIT}


def test_steps_of_adjusted_closes_are_held_against_dividends_only_where_these_are_told() -> None:
    assert kinds_of(CLEAN) == set()
    assert kinds_of(replace(CLEAN, dividends=())) == {Kind.ADJUSTMENT}


@pytest.mark.parametrize("amount", [D("-0.5"), D(5000)], ids=["negative", "larger than the price"])
def test_an_impossible_dividend_is_told(amount: Decimal) -> None:
    found = faults_of(replace(CLEAN, dividends=(Dividend(day(100), amount),)))

    assert (Kind.DIVIDEND, amount) in {(fault.kind, fault.observed) for fault in found}


@pytest.mark.parametrize(
    ("factor", "kinds"),
    [
        pytest.param(D("1.0099"), set[Kind](), id="just within a hundredth"),
        pytest.param(D("1.0102"), {Kind.DISAGREEMENT}, id="just beyond"),
    ],
)
def test_two_sources_may_differ_by_a_hundredth(factor: Decimal, kinds: set[Kind]) -> None:
    other = Case(tuple(scaled(bar, factor) for bar in CLEAN.series))

    assert kinds_of(replace(CLEAN, other=other)) == kinds


def test_a_split_that_only_one_of_two_sources_takes_out_is_no_disagreement() -> None:
    raw = tuple(scaled(bar, D(2)) if bar.day < day(250) else bar for bar in CLEAN.series)
    case = replace(CLEAN, other=Case(raw))

    assert kinds_of(replace(case, splits=(Split(day(250), D(2)),))) == set()
    assert kinds_of(case) == {Kind.DISAGREEMENT}


def test_sources_without_a_common_day_cannot_be_compared() -> None:
    later = tuple(replace(bar, day=bar.day + timedelta(days=3650)) for bar in CLEAN.series)

    assert kinds_of(replace(CLEAN, other=Case(later))) == {Kind.DISAGREEMENT}


def test_every_check_is_listed_once_and_says_what_it_is_for() -> None:
    assert len(set(CHECKS)) == len(CHECKS)
    assert all(check.__doc__ for check in CHECKS)


def test_the_page_on_data_quality_tells_every_kind() -> None:
    page = (Path(__file__).parents[3] / "docs" / "data-quality.md").read_text(encoding="utf-8")

    assert [kind for kind in Kind if f"\n| `{kind}` | " not in page] == []


def test_faults_come_by_day_and_each_once() -> None:
    twice = spoiled(100, scaled(CLEAN.series[100], D(100)))
    found: tuple[Fault, ...] = faults_of(replace(twice, series=(*twice.series, twice.series[300])))

    assert [fault.kind for fault in found] == [Kind.UNIT, Kind.DUPLICATE]


EXTREMES = ("0", "-1", "NaN", "Infinity", "-Infinity", "1E-400", "1E+400", "1E-30", "1E+30", "10", "10.01", "1000")


def _any(rng: Random) -> Decimal:
    return D(rng.choice(EXTREMES)) if rng.random() < 0.3 else D(str(round(rng.uniform(9, 11), 2)))


@pytest.mark.parametrize("seeds", [range(100), range(100, 200)], ids=str)
def test_whatever_comes_is_judged_and_breaks_no_check(seeds: range) -> None:
    for seed in seeds:
        found = faults_of(_anything(Random(seed)))

        assert all(fault.text for fault in found)
        assert len(set(found)) == len(found)


def _anything(rng: Random) -> Case:
    days = [date(2020, 1, 1) + timedelta(days=n + rng.choice((0, 0, 0, -2, 9))) for n in range(rng.randrange(30))]
    series = tuple(Bar(it, *(_any(rng) for _ in range(6))) for it in days)
    dividends = tuple(Dividend(it, _any(rng), _any(rng)) for it in days if rng.random() < 0.2)
    splits = tuple(Split(it, _any(rng)) for it in days if rng.random() < 0.1)
    return Case(series, dividends, splits, tuple(sorted(set(days))), None, Case(series[: rng.randrange(9)]))
