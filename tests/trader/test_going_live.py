"""From paper to real money: clean sessions are counted, the account is typed, and it begins with little."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.clock import SystemClock
from ledger.events import (
    BreakFound,
    CycleFailed,
    CycleFinished,
    CycleSkipped,
    Fact,
    GoneLive,
    LogStarted,
    OverrideSet,
    StepFailed,
)
from ledger.ledger import Ledger
from ledger.log import read_events
from tests.trader.decisions import started
from trader import exits
from trader.commands.app import run
from trader.going_live import clean_sessions

LIVE = "U7654321"
FIRST = date(2026, 1, 5)
SETTINGS = """
[account]
id = "U7654321"
mode = "live"
live = true
[universe]
symbols = ["IBM"]
[strategy]
kind = "fixed"
weights = { IBM = 0.3 }
"""


def begun(home: Path, mode: str, account: str, facts: Iterable[Fact] = ()) -> Path:
    home.mkdir()
    genesis = LogStarted.model_validate({"account": account, "mode": mode, "clock": "system", "base_currency": "USD"})
    with Ledger.create(home, SystemClock(), genesis) as ledger:
        for fact in facts:
            ledger.record((fact,))
    return home


def session(day: date, *inside: Fact, dry_run: bool = False) -> tuple[Fact, ...]:
    trade, close = f"{day}/0935", f"{day}/close"
    return (
        started(slot=trade, session_day=day, dry_run=dry_run),
        *inside,
        CycleFinished(slot=trade, book_hash="1:0"),
        started(slot=close, session_day=day, kind="close"),
        CycleFinished(slot=close, book_hash="1:0"),
    )


def sessions(count: int) -> list[Fact]:
    return [fact for number in range(count) for fact in session(FIRST + timedelta(days=number))]


def counted(tmp_path: Path, *facts: Fact) -> int:
    return clean_sessions(read_events(begun(tmp_path / "counted", "paper", "DU1", facts)))


LAST = FIRST + timedelta(days=30)
DRY = (
    started(slot=f"{LAST}/1035", session_day=LAST, dry_run=True), CycleFinished(slot=f"{LAST}/1035", book_hash="1:0")
)  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "clean"),
    [
        pytest.param(session(LAST), 4, id="one more"),
        pytest.param(session(LAST, dry_run=True), 3, id="dry"),
        pytest.param((*session(LAST), *DRY), 3, id="dry in part"),
        pytest.param(session(LAST)[:2], 3, id="not closed"),
        pytest.param(session(LAST, StepFailed(step="ingest", reason="no data")), 3, id="a step failed"),
        pytest.param(session(LAST, CycleFailed(slot=f"{LAST}/0935", code="x", reason="x")), 3, id="a cycle failed"),
        pytest.param((*session(LAST), CycleSkipped(slot=f"{LAST}/1035", reason="no cycle")), 3, id="one was skipped"),
        pytest.param(
            session(LAST, BreakFound(break_id="B-1", kind="position", subject="1", consequence="lock", con_id=1)),
            3,
            id="a break that locks",
        ),
        pytest.param(
            session(LAST, BreakFound(break_id="B-1", kind="cash", subject="USD", consequence="note")), 4, id="a note"
        ),
    ],
)
def test_a_session_is_clean_if_all_of_it_ran_and_nothing_was_worse_than_a_note(
    tmp_path: Path, facts: tuple[Fact, ...], clean: int
) -> None:
    assert counted(tmp_path, *sessions(3), *facts) == clean


@pytest.fixture
def live(tmp_path: Path) -> Path:
    home = begun(tmp_path / "live", "live", LIVE)
    (home / "tallybook.toml").write_text(SETTINGS, encoding="utf-8")
    return home


def go_live(home: Path, *arguments: str) -> int:
    return run(["--home", str(home), "go-live", *arguments])


def recorded(home: Path) -> list[Fact]:
    return [event.fact for event in read_events(home) if isinstance(event.fact, GoneLive | OverrideSet)]


def test_after_twenty_clean_sessions_it_begins_with_a_tenth(
    live: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paper = begun(tmp_path / "paper", "paper", "DU1", sessions(20))

    assert go_live(live, LIVE, "--paper", str(paper)) == exits.FINE

    gone, scaled = recorded(live)
    assert gone == GoneLive(account=LIVE, paper_sessions=20, why="")
    assert isinstance(scaled, OverrideSet)
    assert (scaled.subject, scaled.scale) == ("account", Decimal("0.1"))
    assert "at a scale of 0.1" in capsys.readouterr().out
    assert go_live(live, LIVE, "--paper", str(paper)) == exits.FINE
    assert len(recorded(live)) == 2


def test_with_too_few_it_wants_a_reason(live: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paper = begun(tmp_path / "paper", "paper", "DU1", sessions(19))

    assert go_live(live, LIVE, "--paper", str(paper)) == exits.COULD_NOT
    assert "found 19" in capsys.readouterr().err
    assert recorded(live) == []
    assert go_live(live, LIVE, "--paper", str(paper), "--why", "ten years of it") == exits.FINE


@pytest.mark.parametrize("typed", ["U7654322", "u7654321", ""])
def test_another_account_than_that_of_the_settings_is_refused(
    live: Path, typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert go_live(live, typed, "--why", "sure") == exits.COULD_NOT
    assert LIVE in capsys.readouterr().err
    assert recorded(live) == []


def test_a_live_home_vouches_for_nothing(live: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = begun(tmp_path / "other", "live", "U1", sessions(20))

    assert go_live(live, LIVE, "--paper", str(other)) == exits.COULD_NOT
    assert "found a live one" in capsys.readouterr().err


def test_a_paper_home_does_not_go_live(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = begun(tmp_path / "paper", "paper", "DU1")
    (home / "tallybook.toml").write_text(SETTINGS.replace('"live"', '"paper"').replace("live = true", ""))

    assert go_live(home, LIVE, "--why", "sure") == exits.COULD_NOT
    assert "expected account.mode = 'live'" in capsys.readouterr().err
