from __future__ import annotations

import json
from pathlib import Path

import pytest

from queries.canned import canned
from tests.queries.history import closed, two_sessions
from trader.commands.app import run as run_slowly
from trader.commands.asking import run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return closed(two_sessions(tmp_path_factory.mktemp("home")))


def test_asking_nothing_lists_every_question(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "--format", "json"], home) == 0

    told = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in told] == [question.name for question in canned()]
    assert {"name": "nothing-traded", "question": "Why did we not trade?", "may be told": "[--day latest]"} in told


@pytest.mark.parametrize("words", [["--day", "2005-03-01"], ["--day=2005-03-01"]], ids=["apart", "together"])
def test_a_question_is_told_its_day(home: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert run(["ask", "nothing-traded", *words, "--format", "json"], home) == 0

    assert {row["slot"][:10] for row in json.loads(capsys.readouterr().out)} == {"2005-03-01"}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ["nothin-traded"],
            "ask: expected the name of a question, found 'nothin-traded'; did you mean nothing",
        ),
        (["nothing-traded", "--dai", "x"], "ask: nothing-traded: expected --day, found --dai"),
        (["nothing-traded", "--day"], "ask: expected --NAME VALUE, found '--day'"),
        (["nothing-traded", "extra"], "ask: expected --NAME VALUE, found 'extra'"),
        (["nothing-traded", "--day", "'); DROP TABLE x; --"], "sql: Conversion Error: invalid date field format"),
    ],
)
def test_a_question_that_cannot_be_asked_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str], complaint: str
) -> None:
    assert run(["ask", *words], home) == 2

    told = capsys.readouterr().err
    assert told.startswith(complaint)
    assert told.count("\n") == 1


def test_the_slow_way_answers_alike(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["ask", "nothing-traded", "--day", "2005-03-01", "--format", "csv"]

    run(words, home)
    fast = capsys.readouterr().out
    run_slowly(["--home", str(home), *words])

    assert capsys.readouterr().out == fast != ""


def test_a_day_stands_for_its_end_in_the_zone_of_the_home(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    question = ["sql", "SELECT max(session_day) AS day FROM days", "--format", "csv"]

    run([*question, "--as-known-at", "2005-03-01"], home)
    run([*question, "--as-known-at", "2005-03-02 09:36:00"], home)

    assert capsys.readouterr().out == "day\n2005-03-01\nday\n2005-03-02\n"


def test_both_pasts_at_once_are_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sql", "FROM nav", "--as-of", "2005-03-01", "--as-known-at", "2005-03-01"]

    assert run_slowly(["--home", str(home), *words]) == 2
    assert "expected --as-of or --as-known-at, found both" in capsys.readouterr().err
