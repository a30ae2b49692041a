"""The forecast: decided from evidence, written, read back, and only then told."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import pytest

from ledger.book import Book
from ledger.events import DataIngested, SeriesRow, StepFailed, TargetRow, TargetsComputed
from tests.trader.decisions import AAPL, IBM, PRICES, SYMBOLS, UNIVERSE, D, alone, situation, started, told
from trader import strategies
from trader.bars import Bar, Bars, series_bytes
from trader.evidence import get, put
from trader.forecast import forecast, source_sha256
from trader.strategies import FixedWeights, Strategy, TargetsFile

FIXED = FixedWeights({"AAPL": D("0.25"), "IBM": D("-0.5")}, leverage=D("1.2"))
FILE = "2005-03-01/1035.csv"


def fed(home: Path, later: tuple[Bar, ...] = ()) -> Book:
    """A book whose cycle has its bars, and later ones that it must not see."""
    rows = []
    for con_id in UNIVERSE:
        price = PRICES[con_id]
        series = (Bar(date(2005, 2, 28), price, price, price, price, D("1")), *later)
        digest = put(home, series_bytes(series))
        day = series[0].day
        rows.append(SeriesRow(con_id=con_id, symbol=SYMBOLS[con_id], sha256=digest, bars=1, first=day, last=day))
    return told(
        situation(instead={TargetsComputed: (), DataIngested: ()}), DataIngested(source="folder", series=tuple(rows))
    )


def failure(home: Path, strategy: Strategy, book: Book | None = None) -> str:
    [failed] = forecast(book or fed(home), home, alone(strategy), UNIVERSE)
    assert isinstance(failed, StepFailed)
    assert failed.step == "forecast"
    return failed.reason


def test_the_targets_are_what_stands_in_the_file(tmp_path: Path) -> None:
    [computed] = forecast(fed(tmp_path), tmp_path, alone(FIXED), UNIVERSE)

    content = (tmp_path / "var" / "targets" / FILE).read_bytes()
    assert content == (
        b"symbol,con_id,weight,leverage,reference_price,reference_day\n"
        b"AAPL,265598,0.25,1.2,44.5,2005-02-28\nIBM,8314,-0.5,1.2,92.5,2005-02-28\n"
    )
    assert isinstance(computed, TargetsComputed)
    assert [(row.symbol, row.weight, row.leverage, row.reference_day) for row in computed.rows] == [
        ("AAPL", D("0.25"), D("1.2"), date(2005, 2, 28)),
        ("IBM", D("-0.5"), D("1.2"), date(2005, 2, 28)),
    ]
    assert (computed.file, computed.file_sha256) == (f"targets/{FILE}", sha256(content).hexdigest())


def test_bars_of_the_session_itself_and_of_later_ones_are_never_seen(tmp_path: Path) -> None:
    nonsense = tuple(Bar(date(2005, 3, day), D("1"), D("1"), D("1"), D("1"), D("1")) for day in (1, 2))

    [seen] = forecast(fed(tmp_path, nonsense), tmp_path, alone(FIXED), UNIVERSE)

    assert isinstance(seen, TargetsComputed)
    assert {(row.reference_day, row.reference_price) for row in seen.rows} == {
        (date(2005, 2, 28), PRICES[con_id]) for con_id in UNIVERSE
    }


def test_strategy_and_inputs_are_named_by_their_hashes(tmp_path: Path) -> None:
    book = fed(tmp_path)
    assert book.cycle is not None
    [computed] = forecast(book, tmp_path, alone(FIXED), UNIVERSE)

    assert isinstance(computed, TargetsComputed)
    assert computed.strategy == "fixed"
    source = Path(strategies.fixed.__file__).read_bytes()
    assert computed.strategy_sha256 == source_sha256(FIXED) == sha256(source).hexdigest()
    assert computed.inputs == tuple(row.sha256 for row in book.cycle.data["folder"].series)


def test_a_file_of_someone_else_s_program_is_kept_as_evidence(tmp_path: Path) -> None:
    book = fed(tmp_path)
    stated = tmp_path / "wanted.csv"
    stated.write_text("symbol,weight,leverage\nAAPL,0.4,1\nIBM,0,1\n")
    os.utime(stated, (book.now.timestamp(), book.now.timestamp()))

    [computed] = forecast(book, tmp_path, alone(TargetsFile("wanted.csv")), UNIVERSE)

    assert isinstance(computed, TargetsComputed)
    assert b"AAPL,0.4,1" in get(tmp_path, computed.inputs[-1], ".json")
    assert computed.rows[0].weight == D("0.4")


def test_a_file_that_is_missing_fails_the_step(tmp_path: Path) -> None:
    assert "targets file wanted.csv" in failure(tmp_path, TargetsFile("wanted.csv"))


def row(con_id: int, weight: str = "0.1") -> TargetRow:
    return TargetRow(con_id=con_id, symbol=SYMBOLS.get(con_id, "XYZ"), weight=D(weight), leverage=D("1"))


@dataclass(frozen=True)
class Someone:
    """A strategy that somebody wrote."""

    NAME: ClassVar[str] = "someone's"
    MOVES: ClassVar[bool] = False
    decide: Callable[[], tuple[TargetRow, ...]]
    evidence: tuple[bytes, ...] = ()

    def __call__(self, book: Book, bars: Bars) -> tuple[TargetRow, ...]:
        return self.decide()


@pytest.mark.parametrize(
    ("decide", "reason"),
    [
        pytest.param(lambda: (row(AAPL), row(99)), "XYZ (99): not of the universe", id="a stranger"),
        pytest.param(lambda: (row(AAPL),), "IBM: expected a target, found none", id="one left out"),
        pytest.param(lambda: (row(AAPL), row(AAPL), row(IBM)), "AAPL: expected one target, found 2", id="one twice"),
        pytest.param(lambda: (row(AAPL, "0.6"), row(IBM, "0.6")), "sum to at most 1, found 1.2", id="too much"),
        pytest.param(lambda: (row(AAPL, "NaN"), row(IBM)), "weight: Input should be a finite number", id="NaN"),
        pytest.param(lambda: (row(1 // 0),), "ZeroDivisionError: ", id="a bug"),
        pytest.param(lambda: (row([AAPL].pop(1)),), "IndexError: pop index", id="another bug"),
    ],
)
def test_a_strategy_that_goes_wrong_fails_the_step(
    tmp_path: Path, decide: Callable[[], tuple[TargetRow, ...]], reason: str
) -> None:
    found = failure(tmp_path, Someone(decide))

    assert found.startswith("strategy someone's: ")
    assert reason in found
    assert "\n" not in found
    assert not (tmp_path / "var" / "targets").exists()


def test_exhausted_memory_is_not_a_failed_step(tmp_path: Path) -> None:
    def eat() -> tuple[TargetRow, ...]:
        raise MemoryError

    with pytest.raises(MemoryError):
        forecast(fed(tmp_path), tmp_path, alone(Someone(eat)), UNIVERSE)


def test_without_bars_there_is_no_forecast(tmp_path: Path) -> None:
    assert "AAPL: expected its bars, found none" in failure(tmp_path, FIXED, situation(instead={DataIngested: ()}))


def test_damaged_evidence_fails_the_step(tmp_path: Path) -> None:
    book = fed(tmp_path)
    for kept in (tmp_path / "var" / "data").rglob("*.csv"):
        kept.write_bytes(b"something else")

    assert "move it away, restore a backup" in failure(tmp_path, FIXED, book)


def test_a_file_that_cannot_be_written_fails_the_step(tmp_path: Path) -> None:
    book = fed(tmp_path)
    (tmp_path / "var" / "targets").write_text("a file where the folder should be")

    assert "targets" in failure(tmp_path, FIXED, book)


def test_the_same_inputs_give_the_same_targets(tmp_path: Path) -> None:
    book = fed(tmp_path)

    assert forecast(book, tmp_path, alone(FIXED), UNIVERSE) == forecast(book, tmp_path, alone(FIXED), UNIVERSE)


def test_a_closing_cycle_forecasts_nothing(tmp_path: Path) -> None:
    book = told(fed(tmp_path), started(kind="close", slot="2005-03-01/close"))

    assert forecast(book, tmp_path, alone(FIXED), UNIVERSE) == ()
