from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from trader.demo.show import _to_try, shown
from trader.demo.table import counted


def test_paths_are_told_from_where_the_demo_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert shown(tmp_path / "demo" / "nav.png") == "demo/nav.png"
    assert shown(tmp_path / "my demo") == "'my demo'"
    assert shown(tmp_path.parent / "elsewhere") == str(tmp_path.parent / "elsewhere")


def test_what_to_try_can_be_copied_and_fits_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    beside = tmp_path / ".venv" / "bin" / "tallybook"
    beside.parent.mkdir(parents=True)
    beside.touch()
    monkeypatch.setattr("sys.executable", str(beside.with_name("python")))

    status, audit, drill = _to_try(tmp_path / "demo", [date(2005, 3, 1)])

    assert status.split() == ["try", ".venv/bin/tallybook", "--home", "demo", "status"]
    assert audit.split()[-2:] == ["audit", "2005-03-01"]
    assert drill.split()[-2:] == ["doctor", "--fire-drill"]


@pytest.mark.parametrize(("number", "text"), [(0, "0 closings"), (1, "1 closing"), (2_214, "2,214 closings")])
def test_one_is_not_several(number: int, text: str) -> None:
    assert counted(number, "closing") == text
