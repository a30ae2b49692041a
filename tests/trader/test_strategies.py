"""What each strategy wants, and what it refuses to say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import exp
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import Book
from ledger.events import TargetRow
from tests.trader.decisions import AAPL, IBM, NOW, D, situation
from trader.bars import Bar, Bars
from trader.strategies import STRATEGIES, FixedWeights, Momentum, StatedTargets, StrategyError, TargetsFile

FIRST = date(2004, 1, 1)


def series(closes: Sequence[float | str], adjusted: Sequence[str] | None = None) -> tuple[Bar, ...]:
    bars = []
    for index, close in enumerate(closes):
        price = Decimal(str(round(float(close), 4)))
        own = D(adjusted[index]) if adjusted else None
        bars.append(Bar(FIRST + timedelta(days=index), price, price, price, price, D("1"), own))
    return tuple(bars)


def trend(daily: float, days: int = 260, wobble: float = 0.01) -> list[float]:
    """A price that grows by a rate and wobbles around it."""
    return [100 * exp(daily * day + (wobble if day % 2 else 0)) for day in range(days)]


TWO = Bars({AAPL: series(["44.50"]), IBM: series(["92.50"])})


def weights(rows: tuple[TargetRow, ...]) -> dict[str, Decimal]:
    return {row.symbol: row.weight for row in rows}


def test_every_strategy_has_a_name_of_its_own() -> None:
    assert [strategy.NAME for strategy in STRATEGIES] == ["fixed", "momentum", "trend", "risk_parity", "file", "module"]


def test_fixed_weights_are_what_the_settings_say() -> None:
    rows = FixedWeights({"AAPL": D("0.25"), "IBM": D("-0.3333337")}, leverage=D("1.5"))(situation(), TWO)

    assert [(row.con_id, row.weight, row.leverage, row.reference_price) for row in rows] == [
        (AAPL, D("0.25"), D("1.5"), D("44.5")),
        (IBM, D("-0.333333"), D("1.5"), D("92.5")),
    ]


@pytest.mark.parametrize(
    ("stated", "leverage", "problem"),
    [
        pytest.param({"AAPL": "0.6", "IBM": "-0.5"}, "1", "sum to at most 1, found 1.1", id="too much"),
        pytest.param({"AAPL": "NaN"}, "1", "AAPL: expected a number as its weight, found NaN", id="NaN"),
        pytest.param({"AAPL": "0.5"}, "-1", "AAPL: expected a leverage of at least 0, found -1", id="leverage below 0"),
        pytest.param({"AAPL": "0.5"}, "Infinity", "AAPL: expected a number as its leverage", id="infinite leverage"),
    ],
)
def test_fixed_weights_that_do_not_add_up_are_refused_at_once(
    stated: dict[str, str], leverage: str, problem: str
) -> None:
    with pytest.raises(StrategyError, match=problem):
        FixedWeights({symbol: D(weight) for symbol, weight in stated.items()}, D(leverage))


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        pytest.param({"AAPL": D("0.5"), "IBN": D("0.5")}, "IBN: not of the universe", id="misspelt"),
        pytest.param({"AAPL": D("0.5")}, "IBM: expected its weight, found none; name it with 0", id="left out"),
    ],
)
def test_weights_name_exactly_the_universe(stated: dict[str, Decimal], problem: str) -> None:
    with pytest.raises(StrategyError, match=problem):
        FixedWeights(stated)(situation(), TWO)


def test_momentum_holds_what_rose_and_leaves_what_fell() -> None:
    bars = Bars({AAPL: series(trend(0.002)), IBM: series(trend(-0.002))})

    found = weights(Momentum()(situation(), bars))

    assert found["AAPL"] > D("0.1")
    assert found["IBM"] == 0


def test_momentum_may_sell_short_what_fell() -> None:
    bars = Bars({AAPL: series(trend(0.002)), IBM: series(trend(-0.002))})

    found = weights(Momentum(short_allowed=True)(situation(), bars))

    assert found["IBM"] < D("-0.1")


def test_twice_the_volatility_is_half_the_weight() -> None:
    calm = Bars({AAPL: series(trend(0.004, wobble=0.005))})
    wild = Bars({AAPL: series(trend(0.008, wobble=0.010))})

    [calm_row], [wild_row] = Momentum()(situation(), calm), Momentum()(situation(), wild)

    assert abs(calm_row.weight - 2 * wild_row.weight) <= D("0.0001")


def test_half_the_target_is_half_the_weight() -> None:
    bars = Bars({AAPL: series(trend(0.002))})

    [whole] = Momentum(volatility_target=D("0.10"))(situation(), bars)
    [half] = Momentum(volatility_target=D("0.05"))(situation(), bars)

    assert abs(whole.weight - 2 * half.weight) <= D("0.000001")


def test_signals_see_adjusted_closes() -> None:
    closes = trend(0.002)
    split = [*closes[:200], *(close / 2 for close in closes[200:])]
    adjusted = [str(round(close / 2, 4)) for close in closes]
    unsplit = Momentum()(situation(), Bars({AAPL: series([float(close) for close in adjusted])}))

    assert weights(Momentum()(situation(), Bars({AAPL: series(split, adjusted)}))) == weights(unsplit)


def test_a_young_share_is_judged_by_the_look_backs_that_it_has() -> None:
    young = Bars({AAPL: series(trend(0.002, days=130))})

    assert Momentum()(situation(), young) == Momentum(lookback_days=(60, 120))(situation(), young)


@pytest.mark.parametrize(
    ("closes", "problem"),
    [
        pytest.param(trend(0.002, days=60), "AAPL: expected at least 61 closes, found 60", id="too young"),
        pytest.param([100.0] * 80, "AAPL: expected closes that move, found none that does", id="frozen"),
    ],
)
def test_momentum_refuses_what_it_cannot_judge(closes: list[float], problem: str) -> None:
    with pytest.raises(StrategyError, match=problem):
        Momentum()(situation(), Bars({AAPL: series(closes)}))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"lookback_days": ()}, id="no look-back"),
        pytest.param({"lookback_days": (1,)}, id="a look-back of a day"),
        pytest.param({"volatility_target": D("0")}, id="no volatility"),
        pytest.param({"volatility_target": D("NaN")}, id="NaN"),
        pytest.param({"leverage": D("0")}, id="no leverage"),
    ],
)
def test_momentum_refuses_settings_that_mean_nothing(wrong: dict[str, Any]) -> None:
    with pytest.raises(StrategyError, match="momentum: expected"):
        Momentum(**wrong)


STEPS = st.lists(st.floats(-0.1, 0.1), min_size=62, max_size=80)


@settings(max_examples=50, deadline=None)
@given(STEPS, STEPS, st.decimals("0.01", "5", places=2))
def test_momentum_never_wants_more_than_everything(left: list[float], right: list[float], target: Decimal) -> None:
    def walk(steps: list[float]) -> list[float]:
        closes = [100.0, 101.0]
        for step in steps:
            closes.append(max(closes[-1] * (1 + step), 0.01))
        return closes

    bars = Bars({AAPL: series(walk(left)), IBM: series(walk(right))})

    rows = Momentum(volatility_target=target, short_allowed=True)(situation(), bars)

    assert sum(abs(row.weight) for row in rows) <= 1
    assert all(row.weight == row.weight.quantize(D("0.000001")) for row in rows)


CSV = "symbol,weight,leverage\nAAPL,0.4,1.5\nIBM,-0.2,1\n"
JSON = """{"targets": [
    {"symbol": "AAPL", "weight": 0.4, "leverage": "1.5"},
    {"symbol": "IBM", "weight": -0.2, "leverage": 1}
]}"""


def from_file(text: str, age: timedelta = timedelta(hours=1), **changes: Any) -> tuple[TargetRow, ...]:
    book: Book = situation()
    stated = StatedTargets("targets.csv", book.now - age, text)
    return TargetsFile("targets.csv", stated=stated, **changes)(book, TWO)


@pytest.mark.parametrize("text", [pytest.param(CSV, id="CSV"), pytest.param(JSON, id="JSON")])
def test_a_file_states_weight_and_leverage_of_each_ticker(text: str) -> None:
    rows = from_file(text)

    assert [(row.symbol, row.weight, row.leverage) for row in rows] == [
        ("AAPL", D("0.4"), D("1.5")),
        ("IBM", D("-0.2"), D("1")),
    ]


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_file_that_is_still_being_written_is_not_believed(cut: int) -> None:
    whole = "symbol,weight,leverage\nIBM,0.2,1\nAAPL,0.4,1.25\n"
    assert len(from_file(whole)) == 2

    with pytest.raises(StrategyError, match="it is being written, or was cut short"):
        from_file(whole[:-cut])


def test_the_file_is_evidence() -> None:
    stated = StatedTargets("targets.csv", NOW, CSV)

    assert TargetsFile("targets.csv", stated=stated).evidence == (stated.canonical,)
    assert b'"modified_at": "2005-03-01T15:35:00.000000Z"' in stated.canonical


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "expected the columns symbol,weight,leverage", id="empty"),
        pytest.param("symbol,weight\nAAPL,1\n", "expected the columns symbol,weight,leverage", id="no leverage"),
        pytest.param(CSV + "KO,0.1,1\n", "KO: not of the universe", id="unknown ticker"),
        pytest.param(CSV + "AAPL,0.1,1\n", "AAPL stands there twice", id="a ticker twice"),
        pytest.param(CSV + "KO,0.1\n", "row 4: expected 3 values, found 2", id="a short row"),
        pytest.param(CSV.replace("IBM,-0.2,1\n", ""), "IBM: expected its weight, found none", id="a ticker left out"),
        pytest.param(CSV.replace("0.4", "nan"), "AAPL: expected a number as its weight, found NaN", id="NaN"),
        pytest.param(CSV.replace("0.4", "much"), "AAPL: expected a number as its weight, found 'much'", id="a word"),
        pytest.param(CSV.replace("0.4", "0.9"), "sum to at most 1, found 1.1", id="too much"),
        pytest.param(CSV.replace("1.5", "-1.5"), "AAPL: expected a leverage of at least 0", id="leverage below 0"),
        pytest.param("{", "expected JSON with targets", id="torn JSON"),
        pytest.param("{}", "expected JSON with targets", id="JSON without targets"),
        pytest.param('{"targets": [{"symbol": "AAPL"}]}', "expected every target to have symbol", id="a bare target"),
        pytest.param(JSON.replace("0.4", "NaN"), "AAPL: expected a number as its weight", id="NaN in JSON"),
        pytest.param('{"written_at": "2005-03-01T10:00:00", "targets": []}', "its time zone", id="no time zone"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(text: str, problem: str) -> None:
    with pytest.raises(StrategyError, match=problem):
        from_file(text)


@pytest.mark.parametrize(
    ("age", "problem"),
    [
        pytest.param(timedelta(hours=24, seconds=1), "1 day, 0:00:01 old, expected at most 1 day", id="too old"),
        pytest.param(timedelta(minutes=-6), "written 0:06:00 in the future", id="from the future"),
    ],
)
def test_a_file_of_another_day_is_refused(age: timedelta, problem: str) -> None:
    with pytest.raises(StrategyError, match=problem):
        from_file(CSV, age)


def test_a_file_as_old_as_allowed_still_counts() -> None:
    assert len(from_file(CSV, timedelta(hours=2), age_max=timedelta(hours=2))) == 2


def test_the_time_that_json_states_wins_over_the_file_s() -> None:
    written_at = (datetime.fromisoformat("2005-02-20T00:00:00+00:00")).isoformat()

    with pytest.raises(StrategyError, match="9 days"):
        from_file(JSON.replace("{", f'{{"written_at": "{written_at}", ', 1))


def test_a_strategy_itself_reads_no_file() -> None:
    with pytest.raises(StrategyError, match="expected it to be loaded first"):
        TargetsFile("targets.csv")(situation(), TWO)
