"""Logs that older versions wrote: they open, replay to what was recorded with them, and verify."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ledger.book import book_hash
from ledger.events import EVENT_TYPES, CycleFinished, type_name
from ledger.ledger import Ledger
from ledger.log import last_recorded_at, read_events
from queries.verification import Subject, verify
from tests.history.freeze import freeze, outcome
from tests.history.telling import NEVER_TOLD, HandClock
from tests.ledger.logs import files

HERE = Path(__file__).parent
FROZEN = sorted(path.parent.name for path in HERE.glob("*/expected.json"))


@pytest.fixture(params=FROZEN)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def home(name: str, tmp_path: Path) -> Path:
    """A copy with the modes of a home: git keeps none, and the frozen one stays as it is."""
    home = tmp_path / name
    shutil.copytree(HERE / name, home)
    for path in (home / "var").rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    (home / "var").chmod(0o700)
    for sealed in files(home)[:-1]:
        sealed.chmod(0o400)
    return home


def expected(name: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((HERE / name / "expected.json").read_text(encoding="utf-8"))
    return said


def test_there_is_a_frozen_log() -> None:
    assert FROZEN


def test_it_replays_to_what_was_recorded_with_it(name: str, home: Path) -> None:
    recorded = expected(name)

    found = outcome(home, recorded["statement_version"])

    assert found["cycles"] == recorded["cycles"]
    assert found["statement"] == recorded["statement"]
    assert (found["head"], found["book_hash"]) == (recorded["head"], recorded["book_hash"])


def test_its_cycles_say_the_same_in_the_log(name: str, home: Path) -> None:
    said = {str(e.seq): e.fact.book_hash for e in read_events(home) if isinstance(e.fact, CycleFinished)}

    assert said == expected(name)["cycles"]
    assert said


def test_it_opens_for_writing_where_it_ended(name: str, home: Path) -> None:
    clock = HandClock()
    clock.moment = last_recorded_at(home)

    with Ledger.open(home, clock) as ledger:
        head, hashed = "{}:{}".format(*ledger.log.head), book_hash(ledger.book)

    assert (head, hashed) == (expected(name)["head"], expected(name)["book_hash"])


def test_it_verifies(home: Path) -> None:
    report = verify(Subject(home))

    assert report.clean, report


# The machinery


def test_a_new_one_says_everything_that_the_book_can_take_in_and_is_never_overwritten(tmp_path: Path) -> None:
    freeze(tmp_path / "new")

    frozen = json.loads((tmp_path / "new/expected.json").read_text(encoding="utf-8"))

    assert {*frozen["types"]} == {type_name(known) for known in EVENT_TYPES if known not in NEVER_TOLD}
    with pytest.raises(FileExistsError, match="never changes"):
        freeze(tmp_path / "new")
