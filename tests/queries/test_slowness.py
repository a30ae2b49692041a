"""Why a question takes long: what no copy and no checkpoint of this version tells is read from the log's lines."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event

import pytest

from ledger.checkpoints import rebuild
from queries import slowness
from queries.book_tables.keeping import keep_books
from queries.parquet import update
from queries.slowness import cause_of, uncopied, unfolded
from tests.queries.history import closed
from tests.queries.test_book_tables import four_sessions
from trader.commands import progress
from trader.commands.progress import explained


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(slowness, "UNCOPIED_MAX", 0)
    monkeypatch.setattr(slowness, "FOLDED_MAX", 0)
    return closed(four_sessions(tmp_path / "home"))


def test_nothing_is_missing_after_a_commit(home: Path) -> None:
    update(home)
    keep_books(home)
    rebuild(home)

    assert cause_of(home) == ""


def test_days_without_a_copy_of_the_book_are_counted(home: Path) -> None:
    told = "4 of 4 sealed days have to be read line by line; tallybook commit makes that quick"
    assert uncopied(home) == told

    update(home)
    assert cause_of(home) == told

    keep_books(home)
    assert uncopied(home) == ""


def test_copies_of_another_version_count_for_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    update(home)
    keep_books(home)

    monkeypatch.setattr(slowness, "is_stale", lambda unit: unit.name.startswith("books/"))

    assert uncopied(home).startswith("4 of 4 sealed days")


def test_days_since_the_last_checkpoint_are_counted(home: Path) -> None:
    update(home)
    keep_books(home)
    shutil.rmtree(home / "var" / "checkpoints", ignore_errors=True)

    made = "have to be folded from the log's lines; tallybook upgrade --check makes that quick"
    assert cause_of(home) == f"4 days {made}"
    assert unfolded(home, "2005-03-03") == f"2 days {made}"


def test_why_it_takes_long_is_said_once_it_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = Event()

    def cause() -> str:
        asked.set()
        return "because"

    with explained(cause):
        pass
    assert not asked.is_set()

    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0)
    with explained(cause):
        assert asked.wait(30)
    assert capsys.readouterr().err == "because\n"
