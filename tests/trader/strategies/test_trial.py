"""The strategies of a home, asked about the past by the bars of its last cycle."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.events import DataIngested, SeriesRow
from tests.queries.history import SYMBOLS, closed, two_sessions
from tests.trader.homes import SETTINGS, SIMULATED, write_settings
from tests.trader.quality.vendors import stock_case
from trader.bars import series_bytes
from trader.evidence import put
from trader.examination import Patient, hindsight

BY_LEVEL = """\
def decide(book, bars, settings):
    closes = {book.contracts[con_id].symbol: bars.signal_closes(con_id)[-1] for con_id in bars.series}
    return {name: 1 / (2 + close) for name, close in closes.items()}
"""


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose last cycle had the bars of Apple and IBM."""
    home = tmp_path_factory.mktemp("home")
    world, rows = two_sessions(home), []
    for con_id, symbol in SYMBOLS.items():
        series = stock_case(symbol).series[1000:1300]
        digest, first, last = put(home, series_bytes(series)), series[0].day, series[-1].day
        rows.append(SeriesRow(con_id=con_id, symbol=symbol, sha256=digest, bars=len(series), first=first, last=last))
    world.ledger.record((DataIngested(source="folder", series=tuple(rows)),))
    return closed(world)


@pytest.mark.parametrize(
    ("kind", "verdict", "found"),
    [
        pytest.param('kind = "trend"', "well", "trend: none", id="a trend"),
        pytest.param('kind = "fixed"\nweights = { AAPL = 0, IBM = 0 }', "well", "no strategy that looks", id="weights"),
        pytest.param(
            'kind = "risk_parity"\ncovariance_days = 310',
            "note",
            "expected 311 closes of each ticker",
            id="a short past",
        ),
        pytest.param(
            'kind = "module"\nfunction = "mine:decide"', "ill", "with a later dividend in the adjusted", id="a cheat"
        ),
        pytest.param(
            'kind = "module"\nfunction = "yours:decide"', "note", "expected yours.py in the home", id="no file"
        ),
    ],
)
def test_a_doctor_finds_hindsight(fed: Path, kind: str, verdict: str, found: str) -> None:
    (fed / "mine.py").write_text(BY_LEVEL)
    settings = SETTINGS.replace('kind = "fixed"', kind).replace('weights = { AAPL = "0.5", IBM = 0.4 }', "")
    write_settings(fed, f"{settings}\n[sources]\nhistory_days = 400\n{SIMULATED}")

    examined = hindsight(Patient(fed))

    assert (examined.verdict, found in examined.found) == (verdict, True)


def test_before_any_bars_there_is_nothing_to_ask_about(tmp_path: Path) -> None:
    closed(two_sessions(tmp_path))
    trend = SETTINGS.replace('kind = "fixed"', 'kind = "trend"').replace("weights =", "# weights =")
    write_settings(tmp_path, trend + SIMULATED)

    examined = hindsight(Patient(tmp_path))

    assert examined.verdict == "note"
    assert examined.found == "not tried: expected the bars of a cycle, found none; run one first"
