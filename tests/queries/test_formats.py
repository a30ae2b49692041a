from __future__ import annotations

import csv
import io
import json
import os
from decimal import Decimal
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit
from threading import Thread

import duckdb
import pytest

from queries.formats import Answer, AnswerFormat, csv_text, json_text, markdown_text, print_table
from queries.sql import Terms, run
from tests.queries.history import closed, two_sessions


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return closed(two_sessions(tmp_path_factory.mktemp("home")))


def test_markdown_keeps_every_digit_and_sets_numbers_to_the_right() -> None:
    answer = Answer(("symbol", "price"), (("IBM", Decimal("92.0133")), ("GOOG", None)))

    assert markdown_text(answer) == "| symbol | price |\n| --- | ---: |\n| IBM | 92.0133 |\n| GOOG |  |"


def test_what_means_something_in_markdown_is_shown_as_text() -> None:
    answer = Answer(("a|b",), (("<b>*x*</b> | `y` [z](w)\nnext",),))

    assert markdown_text(answer).splitlines()[2] == r"| \<b\>\*x\*\</b\> \| \`y\` \[z\](w) next |"


def test_whatever_a_text_holds_comes_back_out_of_csv_and_json() -> None:
    cells = ("\r", "a\r\nb", "\n", '"', ",", "=1+1", "-1", "'", "\x1b[31m", " ")
    answer = Answer(tuple("abcdefghij"), (cells,))

    assert list(csv.reader(io.StringIO(csv_text(answer), newline="")))[1] == list(cells)
    assert tuple(json.loads(json_text(answer))[0].values()) == cells


def test_what_is_no_number_is_text_in_json() -> None:
    answer = Answer(("a",), ((float("nan"),), ([float("inf")],), (float("-inf"),)))

    assert json.loads(json_text(answer), parse_constant=pytest.fail) == [
        {"a": "NaN"}, {"a": ["Infinity"]}, {"a": "-Infinity"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("40", [" 12345.67890123456789   four words that ", "                        wrap            "]),
        ("20", [" 12345.67890123456789   four words that wrap "]),
    ],
    ids=["wide enough for every word", "too narrow for a number"],
)
def test_on_a_narrow_terminal_texts_break_between_words_and_numbers_nowhere(
    columns: str, expected: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"TTY_COMPATIBLE": "1", "NO_COLOR": "1", "COLUMNS": columns}.items():
        monkeypatch.setenv(name, value)

    print_table(Answer(("n", "said"), ((Decimal("12345.67890123456789"), "four words that wrap"),)))

    assert capsys.readouterr().out.splitlines()[3:-1] == expected


def test_a_text_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    answer = Answer(("\x1b]0;title\x07",), (("\x1b[2Jgone\x9b\x00",),))

    print_table(answer)

    shown = capsys.readouterr().out + markdown_text(answer)
    assert r"\x1b[2Jgone\x9b\x00" in shown
    assert not {character for character in shown if ord(character) < 32} - {"\n"}


def test_parquet_keeps_types_and_digits(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "fills.parquet"

    status = run(home, "SELECT filled_at, price, symbol FROM fills ORDER BY seq;", "parquet", out=out)

    written = duckdb.execute(f"SELECT typeof(filled_at), typeof(price), price FROM '{out}' LIMIT 1").fetchall()
    assert status == 0
    assert written == [("TIMESTAMP WITH TIME ZONE", "DECIMAL(38,12)", Decimal("92.0133"))]
    assert list(tmp_path.iterdir()) == [out]


def test_a_question_that_fails_leaves_the_file_as_it_was(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "kept.parquet"
    out.write_bytes(b"before")

    assert run(home, "SELECT pric FROM fills", "parquet", out=out) == 2
    assert run(home, "EXPLAIN SELECT 1", "parquet", out=out) == 2
    assert run(home, "COPY (SELECT 1) TO 'x'", "parquet", out=out) == 2
    assert out.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [out]
    assert capsys.readouterr().err.count("sql: ") == 3


def test_an_answer_that_cannot_be_written_whole_leaves_the_file_as_it_was(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "kept.csv"
    out.write_text("before")
    before = getrlimit(RLIMIT_FSIZE)

    setrlimit(RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            run(home, "SELECT repeat('x', 100_000)", "csv", out=out)
    finally:
        setrlimit(RLIMIT_FSIZE, before)

    assert out.read_text() == "before"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_pipe_is_written_to_and_a_link_followed(home: Path, tmp_path: Path, format: AnswerFormat) -> None:
    pipe, link, behind = tmp_path / "pipe", tmp_path / "link", tmp_path / "behind"
    os.mkfifo(pipe)
    link.symlink_to(behind)
    came = list[bytes]()
    reader = Thread(target=lambda: came.append(pipe.read_bytes()), daemon=True)
    reader.start()

    for out in (pipe, link):
        assert run(home, "SELECT 1.50 AS n", format, out=out) == 0

    reader.join(30)
    assert came == [behind.read_bytes()]
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [behind, link, pipe]


def test_a_folder_is_no_place_for_an_answer(home: Path, tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        run(home, "SELECT 1", "csv", out=tmp_path)


def test_every_format_can_be_written_to_a_file(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "answer"

    run(home, "SELECT 1.50 AS n", "csv", out=out)

    assert out.read_text() == "n\n1.5\n"
    assert capsys.readouterr().out == ""


def test_a_question_takes_values_by_name(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = Terms(parameters={"symbol": "IBM", "least": "55"})

    status = run(
        home, "SELECT quantity FROM fills WHERE symbol = $symbol AND quantity > CAST($least AS INTEGER)", "csv",
        terms=asked,
    )  # fmt: skip

    assert (status, capsys.readouterr().out) == (0, "quantity\n60\n")
