from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from queries.formats import Answer, markdown_text
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
