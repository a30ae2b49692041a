"""`tallybook override`: what may be done with a contract, by the strategy or in the account."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import OverrideSet
from tests.trader.recorded_home import book, facts, home_with_break
from trader import exits
from trader.commands.app import run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return home_with_break(tmp_path)


def override(home: Path, *arguments: str) -> int:
    return run(["--home", str(home), "override", *arguments])


def test_a_contract_is_set_aside_until_a_day_and_listed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    until = book(home).now.date() + timedelta(days=5)

    assert override(home, "ibm", "none", "--until", str(until), "--why", "earnings") == exits.FINE

    told = facts(home)[-1]
    assert told == OverrideSet(subject="IBM", allow="none", until=until, why="earnings")
    assert capsys.readouterr().out == f"IBM: no orders, until {until}\n"
    assert override(home) == exits.FINE
    assert capsys.readouterr().out == f"IBM: no orders, until {until}: earnings\n"


def test_the_account_is_scaled_and_told_as_data(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    override(home, "account", "--scale", "0.1", "--why", "carefully")
    override(home, "strategy", "reduce-only", "--why", "holiday")
    capsys.readouterr()

    assert override(home, "--format", "json") == exits.FINE

    rows = json.loads(capsys.readouterr().out)
    assert [(row["subject"], row["allow"], row["scale"]) for row in rows] == [
        ("account", "all", "0.1"),
        ("strategy fixed", "reduce_only", "1"),
    ]


def test_what_was_set_is_lifted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    override(home, "account", "--scale", "0.1", "--why", "carefully")
    capsys.readouterr()

    assert override(home, "account", "allow", "--why", "it went well") == exits.FINE

    assert capsys.readouterr().out == "account: trade\n"
    assert book(home).overrides == {}
    assert override(home) == exits.FINE
    assert capsys.readouterr().out == "nothing is overridden\n"
    told = facts(home)[-1]
    assert isinstance(told, OverrideSet)
    assert told.scale == Decimal(1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("ZZZ", "none", "--why", "x"), "found 'ZZZ'", id="a symbol that is not of the universe"),
        pytest.param(("IBM", "never", "--why", "x"), "found 'never'", id="another word"),
        pytest.param(("IBM", "none"), "--why", id="no reason"),
        pytest.param(("--scale", "0.5", "--why", "x"), "expected a symbol, a strategy or account", id="of nothing"),
        pytest.param(("account", "--scale", "1.5", "--why", "x"), "found 1.5", id="a scale above 1"),
        pytest.param(("IBM", "none", "--until", "soon", "--why", "x"), "found 'soon'", id="no day"),
        pytest.param(("IBM", "none", "--until", "2001-01-01", "--why", "x"), "found 2001-01-01", id="a day long past"),
    ],
)
def test_what_means_nothing_is_refused_in_a_line(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    before = len(facts(home))

    assert override(home, *arguments) == exits.COULD_NOT

    assert says in capsys.readouterr().err
    assert len(facts(home)) == before
