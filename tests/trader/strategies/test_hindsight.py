"""No strategy knows what comes: the same forecast from data that end at its time, and a cheat is found out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.book import Book
from tests.trader.decisions import D
from tests.trader.strategies.markets import OLD, book, stocks
from trader.bars import Bars
from trader.hindsight import days_of, hindsight
from trader.hosted import spelled
from trader.strategies import (
    STRATEGIES,
    FixedWeights,
    Module,
    ModuleSource,
    Momentum,
    RiskParity,
    StatedTargets,
    Strategy,
    TargetsFile,
    Trend,
)
from trader.strategies.module import Answer
from trader.strategy_files import loaded

Function = Callable[[Book, Bars], object]
ROWS = "\n".join(("symbol,weight,leverage", *(f"{symbol},0.2,1" for symbol in OLD), ""))


def asked(function: Function) -> Module:
    """A function of the owner's, without its process."""

    def answering(strategy: Module, book: Book, cases: tuple[Bars, ...]) -> tuple[Answer, ...]:
        return tuple(spelled(function(book, bars)) for bars in cases)

    return Module("mine:decide", source=ModuleSource("mine", "mine.py", ""), host=answering)


def rising(_: Book, bars: Bars) -> object:
    """Holds what stands above its close of twenty days ago."""
    closes = {name: bars.signal_closes(con_id) for name, con_id in zip(OLD, bars.series, strict=True)}
    return {name: 0.2 if numbers[-1] > numbers[-20] else 0 for name, numbers in closes.items()}


ASKED: tuple[tuple[Strategy, int], ...] = (
    (FixedWeights(dict.fromkeys(OLD, D("0.2"))), 0),
    (Momentum(short_allowed=True), 251),
    (Trend(short_allowed=True, leverage_max=D("3"), volatility_target=D("0.2")), 257),
    (RiskParity(), 251),
    (TargetsFile("targets.csv", timedelta(days=1), StatedTargets("targets.csv", book().now, ROWS)), 0),
    (asked(rising), 20),
)


def test_every_strategy_is_asked() -> None:
    assert [type(strategy) for strategy, _ in ASKED] == list(STRATEGIES)


@pytest.mark.parametrize(("strategy", "closes"), [pytest.param(*pair, id=pair[0].NAME) for pair in ASKED])
def test_no_strategy_knows_what_comes(strategy: Strategy, closes: int) -> None:
    bars = stocks(300)

    assert len(days_of(bars, closes)) >= 8
    assert hindsight(strategy, book(), bars, closes) == ()


def by_level(_: Book, bars: Bars) -> object:
    """Weighs by adjusted closes: each later dividend changes what it would have said."""
    closes = {name: float(bars.signal_closes(con_id)[-1]) for name, con_id in zip(OLD, bars.series, strict=True)}
    return {name: 1 / (1 + close) for name, close in closes.items()}


MEMORY: list[int] = []


def by_memory(_: Book, bars: Bars) -> object:
    """Leans on what it was asked before."""
    MEMORY.append(len(bars.series[1]))
    return dict.fromkeys(OLD, 0.1 if sum(MEMORY) % 7 else 0.2)


@pytest.mark.parametrize(
    ("cheat", "way"),
    [
        pytest.param(by_level, "a later dividend in the adjusted closes", id="levels of adjusted closes"),
        pytest.param(by_memory, "asked in another order", id="a memory"),
    ],
)
def test_a_cheat_is_found_out(cheat: Function, way: str) -> None:
    MEMORY.clear()

    found = hindsight(asked(cheat), book(), stocks(60), 20)

    assert way in {difference.way for difference in found}
    assert all(difference.said != difference.instead for difference in found)


def test_a_function_in_its_process_is_asked_about_many_days_at_once(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import random\n"
        "def decide(book, bars, settings):\n"
        "    names = [book.contracts[con_id].symbol for con_id in bars.series]\n"
        "    return dict.fromkeys(names, random.random() / 9)\n"
    )

    found = hindsight(loaded(Module("mine:decide"), tmp_path), book(), stocks(60), 20)

    assert len(found) == 3 * 8 * len(OLD)
