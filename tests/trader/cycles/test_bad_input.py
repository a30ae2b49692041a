"""What cannot be used is told in one line, and nothing of the log is lost."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.events import CycleFinished, OrderSendAttempted, StepFailed, TradingVetoed
from tests.trader.cycles.world import TUESDAY, World
from tests.trader.cycles.world import world as at_venue
from tests.trader.homes import ROOT
from trader import exits

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ = 24, 1, 2


def unreadable(world: World) -> None:
    world.write("[account\n")


def not_utf8(world: World) -> None:
    (world.home / "tallybook.toml").write_bytes(b"# \xff\n")


def misspelt(world: World) -> None:
    world.set(acount={"id": "DU1000001"})


def half_live(world: World) -> None:
    world.set(account={"live": True})


def beyond_one(world: World) -> None:
    world.want(ACME="0.7", WAVE="0.7")


def not_a_number(world: World) -> None:
    world.want(ACME="NaN")


def beyond_the_cap(world: World) -> None:
    world.want(leverage="4", ACME="0.5")


def unknown_weight(world: World) -> None:
    world.set(strategy={"kind": "fixed", "weights": {"ACME": "0.5", "WAVE": "0", "ACMEE": "0.1"}})


def unknown_ticker(world: World) -> None:
    world.set(
        universe={"symbols": ["ACME", "NOPE"]}, strategy={"kind": "fixed", "weights": {"ACME": "0.5", "NOPE": "0.1"}}
    )


def another_account(world: World) -> None:
    world.set(account={"id": "DU2000002"})


def no_settings(world: World) -> None:
    (world.home / "tallybook.toml").unlink()


MISTAKES = (
    pytest.param(unreadable, "settings-wrong", "expected TOML", id="unreadable settings"),
    pytest.param(not_utf8, "settings-wrong", "expected UTF-8", id="settings that are not text"),
    pytest.param(misspelt, "settings-wrong", "acount", id="a misspelt section"),
    pytest.param(half_live, "settings-wrong", "account.live", id="contradictory settings"),
    pytest.param(beyond_one, "settings-wrong", "1.4; lower them", id="weights beyond one"),
    pytest.param(not_a_number, "settings-wrong", "strategy.weights.ACME", id="a weight that is no number"),
    pytest.param(beyond_the_cap, "settings-wrong", "limits.gross_leverage_max", id="leverage beyond the cap"),
    pytest.param(unknown_weight, "settings-wrong", "add it to universe.symbols", id="a weight of an unknown ticker"),
    pytest.param(unknown_ticker, "unknown-contract", "NOPE", id="a ticker that the broker does not know"),
    pytest.param(another_account, "log-foreign", "DU1000001", id="a log of another account"),
    pytest.param(no_settings, "settings-wrong", "run: tallybook init", id="no settings"),
)


@pytest.mark.parametrize(("mistake", "code", "words"), MISTAKES)
def test_what_is_wrong_is_told_in_one_line_and_nothing_is_lost(
    world: World, mistake: Callable[[World], None], code: str, words: str
) -> None:
    world.advance_to(TUESDAY, 0)
    world.trade()
    before, sent = world.log(), world.at_venue()
    world.advance_to(TUESDAY, 1)
    right = (world.home / "tallybook.toml").read_text()
    mistake(world)

    started = world.cycle()

    assert (started.status, started.code) == (exits.COULD_NOT, code)
    assert words in started.err
    assert world.log().startswith(before)
    assert world.at_venue() == sent

    world.write(right)
    assert world.trade() == exits.FINE  # the same slot, once it is mended
    assert world.apart() == ()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        pytest.param(("ACME,NaN,1", "WAVE,0.1,1"), "expected a number as its weight, found NaN", id="no number"),
        pytest.param(("ACME,0.8,1", "WAVE,0.5,1"), "magnitudes that sum to at most 1, found 1.3", id="beyond one"),
        pytest.param(("ACME,0.8,1",), "WAVE: expected its weight, found none", id="a ticker is missing"),
        pytest.param(("ACME,0.8,1", "WAVE,0,1", "NOPE,0,1"), "NOPE: not of the universe", id="an unknown ticker"),
        pytest.param(("ACME,0.8,-1", "WAVE,0,1"), "expected a leverage of at least 0", id="negative leverage"),
        pytest.param(("ACME,0.8",), "row 2: expected 3 values", id="half a row"),
    ],
)
def test_a_targets_file_that_is_wrong_fails_the_step_and_no_order_leaves(
    world: World, rows: tuple[str, ...], words: str
) -> None:
    world.state(*rows)
    world.advance_to(TUESDAY, 0)

    assert world.trade() == exits.BAD_NEWS

    (failure,) = world.facts(StepFailed)
    assert failure.step == "forecast"
    assert words in failure.reason
    assert any(reason.startswith("no_step_failed") for reason in world.facts(TradingVetoed)[-1].reasons)
    assert world.at_venue() == []
    assert len(world.facts(CycleFinished)) == 1
    assert world.apart() == ()


def test_targets_that_are_too_old_are_not_used(world: World) -> None:
    world.state("ACME,0.5,1", "WAVE,0,1")
    world.set(strategy={"kind": "file", "path": "targets.csv", "age_hours_max": 24})
    world.advance_to(world.calendar.next(TUESDAY).day, 0)

    assert world.trade() == exits.BAD_NEWS

    assert "old, expected at most 1 day" in world.facts(StepFailed)[0].reason
    assert world.facts(OrderSendAttempted) == []


def test_an_account_that_was_not_adopted_is_not_traded(tmp_path: Path) -> None:
    with at_venue(tmp_path, clock="09:35", adopt=False) as fresh:
        started = fresh.cycle()

        assert (started.status, started.code) == (exits.COULD_NOT, "log-missing")
        assert "tallybook adopt" in started.err
        assert not (fresh.home / "var" / "events").exists()
        assert fresh.at_venue() == []


def test_a_home_that_does_not_exist_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trader.commands", "--home", str(tmp_path / "nowhere"), "cycle"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)

    assert (ran.returncode, len(ran.stderr.splitlines())) == (exits.COULD_NOT, 1)
    assert "run: tallybook init" in ran.stderr
    assert not (tmp_path / "nowhere").exists()


def test_a_log_that_was_changed_is_refused_untouched_and_mailed(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.trade()
    (day,) = (world.home / "var" / "events").glob("*.jsonl")
    whole = day.read_bytes()
    day.write_bytes(whole.replace(b'"ACME"', b'"ACNE"', 1))
    changed = day.read_bytes()
    world.advance_to(TUESDAY, 1)

    for _ in range(2):
        started = world.cycle()
        assert (started.status, started.code) == (exits.COULD_NOT, "log-damaged")

    assert day.read_bytes() == changed
    assert [subject.split("  ")[1] for subject in world.box.subjects[1:]] == ["log-damaged"]
    assert "The log could not record it" in world.box.body("plain")

    day.write_bytes(whole)
    assert world.trade() == exits.FINE
    assert world.apart() == ()


def without_privilege_over_modes() -> None:
    """Let file modes bind root too: drop the capability to override them."""
    if os.geteuid() == 0 and ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) != 0:
        os._exit(99)


def test_a_home_that_cannot_be_written_is_told_and_mailed(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.trade()
    before, sent = world.log(), world.at_venue()
    world.want(ACME="0.2")
    world.advance_to(TUESDAY, 1)
    paths = [world.home, *world.home.rglob("*")]
    modes = [path.stat().st_mode for path in paths]
    for path, mode in zip(paths, modes, strict=True):
        path.chmod(mode & ~0o222)
    command = [sys.executable, "-m", "trader.commands", "--home", str(world.home), "cycle"]

    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, preexec_fn=without_privilege_over_modes, check=False
        )
    finally:
        for path, mode in zip(paths, modes, strict=True):
            path.chmod(mode)

    if ran.returncode == 99:
        pytest.skip("file modes bind nobody here: root keeps its capability to override them")
    assert ran.returncode == exits.COULD_NOT
    assert ran.stderr.startswith("log-not-writable: ")
    assert world.log() == before
    assert world.at_venue() == sent
    assert [subject.split("  ")[1] for subject in world.box.subjects[1:]] == ["log-not-writable"]


def test_a_log_that_this_user_may_not_read_is_told_and_mailed(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.trade()
    world.advance_to(TUESDAY, 1)
    var = world.home / "var"
    mode = var.stat().st_mode
    command = [sys.executable, "-m", "trader.commands", "--home", str(world.home), "cycle"]

    var.chmod(0)
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, preexec_fn=without_privileges, check=False
        )
    finally:
        var.chmod(mode)

    if ran.returncode == 99:
        pytest.skip("file modes bind nobody here: root keeps its capabilities to override them")
    assert ran.returncode == exits.COULD_NOT
    assert ran.stderr.startswith("log-not-writable: ")
    assert "Traceback" not in ran.stderr
    assert [subject.split("  ")[1] for subject in world.box.subjects[1:]] == ["log-not-writable"]


def without_privileges() -> None:
    """Let file modes bind root for reading too."""
    drop = ctypes.CDLL(None).prctl
    if os.geteuid() == 0 and any(drop(PR_CAPBSET_DROP, each, 0, 0, 0) for each in (CAP_DAC_OVERRIDE, CAP_DAC_READ)):
        os._exit(99)
