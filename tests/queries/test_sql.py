from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import duckdb
import pytest

from queries import connect
from queries.sql import StatementError, answered, ask, run
from tests.queries.history import closed, two_sessions


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return closed(two_sessions(tmp_path_factory.mktemp("home")))


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO '{file}'",
        "COPY order_filled FROM '{file}'",
        "EXPORT DATABASE '{file}'",
        "ATTACH '{file}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 1",
        "RESET threads",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "CREATE TABLE mine AS SELECT 1",
        "DROP TABLE order_filled",
        "DELETE FROM order_filled",
        "INSERT INTO order_filled (seq) VALUES (1)",
        "UPDATE order_filled SET seq = 1",
        "PREPARE trick AS SELECT 1",
        "SELECT 1; DROP TABLE order_filled",
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM read_json('{file}')",
        "SELECT * FROM read_parquet('{file}')",
        "SELECT * FROM glob('{file}')",
        "SELECT * FROM '{file}'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{file}'",
        "SELECT 1) TO '{file}' --",
    ],
)
def test_a_statement_that_writes_or_reaches_outside_is_refused(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], statement: str
) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("secret\nhidden\n")

    status = run(home, statement.format(file=file))

    shown = capsys.readouterr()
    assert status == 2
    assert shown.out == ""
    assert shown.err.startswith("sql: ")
    assert shown.err.count("\n") == 1
    assert file.read_text() == "secret\nhidden\n"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("SELEC 1", "syntax error"),
        ("", "expected one statement, found 0"),
        ("-- nothing", "expected one statement, found 0"),
        ("SELECT * FROM fils", "Table with name fils does not exist"),
        ("SELECT pric FROM fills", '"pric" not found'),
        ("SELECT 1 / (SELECT sum(x) FROM (VALUES ('a')) t(x))", "sum"),
    ],
)
def test_a_bad_statement_is_one_line_and_exit_2(
    home: Path, capsys: pytest.CaptureFixture[str], statement: str, complaint: str
) -> None:
    status = run(home, statement)

    error = capsys.readouterr().err
    assert status == 2
    assert complaint in error
    assert error.count("\n") == 1


def test_the_fence_stands_around_the_connection_itself(home: Path, tmp_path: Path) -> None:
    con = connect(home)

    for statement in (f"COPY fills TO '{tmp_path}/out.csv'", "SET enable_external_access = true", "INSTALL httpfs"):
        with pytest.raises(duckdb.Error):
            con.execute(statement)
    assert list(tmp_path.iterdir()) == []


def test_a_python_variable_is_no_table(home: Path) -> None:
    secret = [(1,)]

    with pytest.raises(StatementError, match="secret does not exist"):
        ask(connect(home), "SELECT * FROM secret")
    assert secret


def test_csv_carries_money_to_the_last_digit(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run(home, "SELECT quantity, price, notional, commission, order_ref FROM fills WHERE NOT ours", "csv")

    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert status == 0
    assert rows == [["quantity", "price", "notional", "commission", "order_ref"], ["50", "94.2", "4710", "-1", ""]]


def test_json_carries_money_as_text_and_rows_as_rows(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(
        home, "SELECT seq, session_day, nav, dry, cash FROM (SELECT *, true AS dry FROM snapshot_taken) LIMIT 1", "json"
    )

    (row,) = json.loads(capsys.readouterr().out)
    assert row == {
        "seq": row["seq"],
        "session_day": "2005-03-01",
        "nav": "100046.67",
        "dry": True,
        "cash": [{"currency": "USD", "amount": "90796.67", "rate": "1"}],
    }


def test_a_moment_is_shown_in_the_zone_of_the_home(home: Path) -> None:
    here = ask(connect(home), "SELECT started_at FROM cycles LIMIT 1").rows
    there = ask(connect(home, zone="Asia/Singapore"), "SELECT started_at FROM cycles LIMIT 1").rows

    assert here == (("2005-03-01 09:35:00-05",),)
    assert there == (("2005-03-01 22:35:00+08",),)


def test_a_moment_inside_a_row_is_text_too(home: Path) -> None:
    answer = ask(connect(home), "SELECT [recorded_at] AS moments, {'at': recorded_at} AS r FROM log_started")

    assert answer.rows == ((["2005-03-01 09:00:00-05"], {"at": "2005-03-01 09:00:00-05"}),)


def test_the_order_of_an_answer_is_the_order_that_was_asked_for(home: Path) -> None:
    rows = ask(connect(home), "SELECT seq FROM events ORDER BY seq DESC LIMIT 30;").rows

    assert rows == tuple((seq,) for seq in range(92, 62, -1))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'é;--' AS a; -- a remark",
        "SELECT 'é;--' AS a;;",
        "SELECT 'é;--' AS a /* a; b */",
        "-- x\nFROM (SELECT 'é;--');",
    ],
)
def test_remarks_and_semicolons_at_the_end_are_left_out(home: Path, statement: str) -> None:
    assert answered(home, statement).rows == (("é;--",),)


@pytest.mark.parametrize(
    "statement", ["SHOW TABLES", "DESCRIBE fills", "EXPLAIN SELECT 1", "WITH a AS (SELECT 1) FROM a"]
)
def test_other_ways_of_asking_are_answered(home: Path, capsys: pytest.CaptureFixture[str], statement: str) -> None:
    assert run(home, statement) == 0
    assert capsys.readouterr().out.strip()


def test_a_table_shows_numbers_whole_and_brackets_as_text(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(home, "SELECT *, '[bold]not markup[/bold]' AS note FROM nav ORDER BY seq DESC LIMIT 1")

    shown = capsys.readouterr().out
    assert "100080.67" in shown
    assert "[bold]not markup[/bold]" in shown


def test_two_columns_of_one_name_both_arrive(home: Path) -> None:
    assert ask(connect(home), "SELECT 1 AS a, 2 AS a").rows == ((1, 2),)
