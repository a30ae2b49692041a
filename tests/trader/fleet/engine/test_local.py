"""Many accounts in processes of this machine: the same lines as one after another, whatever is killed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.trader.fleet.engine.conftest import OLD, ONE, TERMS, TWO, killing, one_by_one
from trader import exits
from trader.commands.fleet import run as fleet
from trader.fleet.engine.local import ATTEMPTS, run
from trader.fleet.engine.tasks import Bring, died

pytest.importorskip("pebble", reason="pebble keeps the processes; pip install 'tallybook[fleet]'")


def test_two_processes_answer_as_one_after_another(bring: Mapping[str, Bring]) -> None:
    done = list[int]()

    assert list(run("audit", bring, TERMS, 2, 60, done.append)) == one_by_one("audit", bring)
    assert done == [1, 2, 3]


def test_an_account_whose_process_is_killed_is_asked_again(
    bring: Mapping[str, Bring], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with killing(tmp_path, ONE, times=1) as killed:
        told = list(run("audit", bring, TERMS, 2, 60))

    assert len(killed) == 1
    assert told == one_by_one("audit", bring)


def test_an_account_that_always_dies_is_told_and_the_others_go_on(
    bring: Mapping[str, Bring], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with killing(tmp_path, TWO, times=ATTEMPTS) as killed:
        told = list(run("audit", bring, TERMS, 2, 60))

    assert len(killed) == ATTEMPTS
    assert told == [*one_by_one("audit", bring)[:2], died("audit", TWO)]
    assert json.loads(told[2])["exit"] == exits.COULD_NOT


def test_the_command_tells_the_worst_first_and_writes_lines(
    bring: Mapping[str, Bring], homes: Mapping[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fleet.toml").write_text(f"homes = {json.dumps([str(home) for home in homes.values()])}")

    status = fleet(["run", "audit", "--file", f"{tmp_path}/fleet.toml", "--out", f"{tmp_path}/out", "--format", "csv"])

    assert status == exits.BAD_NEWS  # the frozen log lacks evidence
    said = capsys.readouterr()
    assert [row.partition(",")[0] for row in said.out.splitlines()] == ["account", OLD, ONE, TWO]
    assert "3 accounts, 1 with bad news" in said.err
    assert (tmp_path / "out").read_text().splitlines() == one_by_one("audit", bring)


@pytest.mark.parametrize(
    "words", [["nothing"], ["replay", "--engine", "spark"], ["replay", "--master", "local", "--archive", "x"]]
)
def test_what_does_not_fit_is_refused_before_anything_is_read(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert fleet(["run", *words]) == exits.COULD_NOT
    assert "expected" in (said := capsys.readouterr().err) or "--archive" in said
