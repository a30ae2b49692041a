"""Where the demo plays: it empties a home of its own, says so, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from trader.demo.setting import MADE, MARK, DemoError, fresh_home


def test_a_new_home_holds_the_mark_alone(tmp_path: Path) -> None:
    assert not fresh_home(tmp_path / "demo")
    assert [path.name for path in (tmp_path / "demo").iterdir()] == [MARK]


def test_a_home_of_an_earlier_demo_is_emptied_and_that_is_told(tmp_path: Path) -> None:
    fresh_home(tmp_path)
    for name in MADE[1:]:
        (tmp_path / name).mkdir()

    assert fresh_home(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [MARK]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        pytest.param(["notes.txt"], "expected no folder, or one of an earlier demo", id="no demo's"),
        pytest.param(
            [MARK, "notes.txt"], "expected nothing beside what an earlier demo made, found notes.txt", id="in a demo's"
        ),
    ],
)
def test_what_a_demo_did_not_make_is_left_alone(tmp_path: Path, names: list[str], words: str) -> None:
    for name in names:
        (tmp_path / name).write_text("mine")

    with pytest.raises(DemoError, match=words):
        fresh_home(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
