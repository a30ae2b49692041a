"""`tallybook expect`: money that is on its way is announced, listed, and cancelled."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import FlowCancelled, FlowExpected
from tests.trader.recorded_home import book, facts, home_with_break
from trader import exits
from trader.commands.app import run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return home_with_break(tmp_path)


def expect(home: Path, *arguments: str) -> int:
    return run(["--home", str(home), "expect", *arguments])


def test_a_deposit_is_expected_for_so_many_days(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    today = book(home).now.date()

    assert expect(home, "deposit", "5000", "USD", "--within", "5d") == exits.FINE

    told = facts(home)[-1]
    assert told == FlowExpected(amount=Decimal(5000), currency="USD", until=date.fromordinal(today.toordinal() + 5))
    assert capsys.readouterr().out == f"F-1: deposit 5,000 USD expected until {told.until}\n"
    assert book(home).flows == {"F-1": told}


def test_a_withdrawal_is_negative_and_listed_with_its_note(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expect(home, "withdrawal", "120.5", "USD", "--why", "rent")
    capsys.readouterr()

    assert expect(home) == exits.FINE
    assert capsys.readouterr().out.startswith("F-1  withdrawal 120.5 USD, until ")
    assert expect(home, "--format", "json") == exits.FINE
    rows = json.loads(capsys.readouterr().out)
    assert [(row["id"], row["kind"], row["amount"], row["note"]) for row in rows] == [
        ("F-1", "withdrawal", "120.5", "rent")
    ]


def test_what_is_cancelled_is_expected_no_longer(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expect(home, "deposit", "5000", "USD")

    assert expect(home, "--cancel", "F-1", "--why", "changed my mind") == exits.FINE

    assert facts(home)[-1] == FlowCancelled(flow_id="F-1", why="changed my mind")
    capsys.readouterr()
    assert expect(home) == exits.FINE
    assert capsys.readouterr().out == "nothing is expected\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("gift", "5", "USD"), "expected deposit or withdrawal, found 'gift'", id="another kind"),
        pytest.param(("deposit", "0", "USD"), "expected an amount above zero, found 0", id="nothing"),
        pytest.param(("deposit",), "expected an amount above zero, found none", id="no amount"),
        pytest.param(("deposit", "5"), "expected a currency like USD, found none", id="no currency"),
        pytest.param(("deposit", "5", "usd"), "expected a currency like USD, found 'usd'", id="not a currency"),
        pytest.param(("deposit", "5", "USD", "--within", "5"), None, id="days without their unit"),
        pytest.param(("deposit", "5", "USD", "--within", "61d"), "expected 1d to 60d, found '61d'", id="too long"),
        pytest.param(("--cancel", "F-7", "--why", "x"), "flow F-7: expected one that is still expected", id="unknown"),
        pytest.param(("--cancel", "F-1"), "expected a reason, found nothing", id="no reason"),
        pytest.param(("deposit", "--cancel", "F-1"), "expected --cancel or a flow, found both", id="both"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str | None
) -> None:
    before = len(facts(home))

    status = expect(home, *arguments)

    assert status == (exits.FINE if said is None else exits.COULD_NOT)
    assert (said or "") in capsys.readouterr().err
    assert len(facts(home)) == before + (said is None)
