from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.clock import SystemClock
from ledger.events import Fact, LogStarted, OverrideSet, TradingHalted, TradingResumed
from ledger.ledger import Ledger
from trader import cycle
from trader.narration import NarratedLedger, recorded_lines


def decide() -> tuple[Fact, ...]:
    return (TradingHalted(reason="lunch"), TradingHalted(reason="again"))


def act() -> Iterator[Fact]:
    yield TradingResumed(why="back")


def find_nothing() -> tuple[OverrideSet, ...]:
    return ()


def test_every_line_is_told_by_the_name_that_stands_in_its_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    genesis = LogStarted(account="DU1", mode="paper", clock="system", base_currency="USD")
    Ledger.create(tmp_path, SystemClock(), genesis).close()
    with NarratedLedger.open(tmp_path, SystemClock()) as ledger:
        ledger.record(decide())
        ledger.record(find_nothing())  # with a remark
        ledger.record(act())
        ledger.record((TradingHalted(reason="evening"),))

    told = [line.split(" s  ")[1].split() for line in capsys.readouterr().out.splitlines()]
    assert told == [
        ["decide", "2", "trading_halted"],
        ["find_nothing", "nothing"],
        ["act", "trading_resumed"],
        ["TradingHalted", "trading_halted"],
    ]


def test_every_line_of_the_cycle_has_a_name() -> None:
    source, first = inspect.getsourcelines(cycle.run_cycle)
    of_cycle = ast.parse("".join(source))
    lines = [node.lineno + first - 1 for node in ast.walk(of_cycle) if isinstance(node, ast.Expr | ast.Call)]
    names = recorded_lines(inspect.getfile(cycle))

    told = [names[line] for line in sorted(set(lines)) if line in names]
    assert told[:5] == ["cycle_started", "require_newest", "connect", "resolve", "clear_open_orders"]
    assert len(told) == "".join(source).count("ledger.record(")
    assert all(told)
