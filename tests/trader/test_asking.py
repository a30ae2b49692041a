from __future__ import annotations

import json
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from resource import RLIMIT_AS, getrlimit

import pytest

from queries import fence
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


@pytest.mark.parametrize("midnight", ["2005-03-02T00:00", "2005-03-02 00:00:00"])
def test_midnight_is_a_moment_and_no_day(home: Path, capsys: pytest.CaptureFixture[str], midnight: str) -> None:
    run(["sql", "SELECT max(session_day) AS day FROM days", "--format", "csv", "--as-known-at", midnight], home)

    assert capsys.readouterr().out == "day\n2005-03-01\n"


def test_a_moment_beyond_all_time_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_slowly(["--home", str(home), "sql", "SELECT 1", "--as-of", "9999-12-31"]) == 2

    assert "expected a moment of a log, found 9999-12-31" in capsys.readouterr().err


def test_texts_that_no_machine_can_hold_are_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fence, "ROOM", 1_000_000_000)
    before = getrlimit(RLIMIT_AS)

    asked = ["sql", "SELECT repeat('x', 100_000_000) FROM range(2000)"]  # 200 GB, made in one piece

    with redirect_stderr(StringIO()) as told:
        assert run(asked, home) == 2
    assert told.getvalue().startswith("sql-too-large: expected a question that can be answered in 1GB of memory")
    assert getrlimit(RLIMIT_AS) == before


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e10", "0", "-1"])
def test_a_time_that_is_none_is_refused(home: Path, seconds: str) -> None:
    assert run_slowly(["--home", str(home), "sql", "SELECT 1", "--timeout", seconds]) == 2


@pytest.mark.parametrize("words", [["--format", "parquet"], ["--out", "list.csv"]])
def test_the_list_of_questions_is_no_answer_to_be_written(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert run(["ask", *words], home) == 2

    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("ask: expected the name of a question to write the answer of")


def test_a_folder_that_is_not_there_is_named(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sql", "SELECT 1", "--out", str(tmp_path / "none" / "answer.csv")]

    assert run_slowly(["--home", str(home), *words]) == 2
    assert capsys.readouterr().err == f"not-usable: {tmp_path / 'none'}: no such folder; check the name\n"
