from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from queries import connect, sql
from queries.sql import StatementError, Terms, TooLarge, TooLong, answered, ask, run
from tests.queries.history import closed, new_world


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return closed(new_world(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def tables(home: Path) -> duckdb.DuckDBPyConnection:
    return connect(home)


HOSTILE = [
    pytest.param("SELECT * FROM read_csv('/etc/passwd')", id="a file"),
    pytest.param("SELECT * FROM '/etc/passwd'", id="a file named as a table"),
    pytest.param("SELECT * FROM (SELECT * FROM read_text('/etc/passwd'))", id="nested"),
    pytest.param("WITH a AS (SELECT * FROM read_blob('/proc/self/environ')) FROM a", id="in a table of its own"),
    pytest.param("FROM query('SELECT * FROM read_text(''/etc/passwd'')')", id="as a text"),
    pytest.param("SELECT /* ; */ 1; -- ' \n ATTACH '/tmp/x.db'", id="behind a comment"),
    pytest.param("SELECT 1) TO '/tmp/x.csv' --", id="out of its brackets"),
    pytest.param("FROM sniff_csv('/etc/passwd')", id="sniffed"),
    pytest.param("FROM parquet_metadata('/etc/passwd')", id="metadata"),
    pytest.param("SELECT getenv('HOME')", id="the environment"),
    pytest.param("FROM read_parquet('https://127.0.0.1:9/x.parquet')", id="the network"),
    pytest.param("FROM duckdb_extensions()", id="a folder of the user's"),
    pytest.param("FROM duckdb_secrets()", id="secrets"),
    pytest.param("COPY (SELECT 1) TO '/tmp/x.csv'", id="copy"),
    pytest.param("EXPORT DATABASE '/tmp/x'", id="export"),
    pytest.param("INSTALL httpfs", id="install"),
    pytest.param("LOAD httpfs", id="load"),
    pytest.param("PRAGMA enable_profiling", id="pragma"),
    pytest.param("SET VARIABLE x = 1", id="a variable"),
    pytest.param("EXECUTE trick", id="a prepared statement"),
    pytest.param("BEGIN", id="a transaction"),
    pytest.param("CHECKPOINT", id="checkpoint"),
    pytest.param("USE memory", id="another catalogue"),
    pytest.param("CREATE MACRO a() AS 1", id="a macro"),
    pytest.param("EXPLAIN ANALYZE CREATE TABLE a AS SELECT 1", id="explained"),
]


@pytest.mark.parametrize("how", ["EXPLAIN", "EXPLAIN ANALYZE", "EXPLAIN (ANALYZE, FORMAT json)", ""])
def test_nothing_is_deleted_inside_a_question(home: Path, how: str) -> None:
    con = connect(home, wanted=("order_filled", "realised"))
    ((before,),) = ask(con, "SELECT count(*) FROM book.contract_names").rows

    with pytest.raises(StatementError, match="data-modifying"):
        ask(con, f"{how} WITH gone AS (DELETE FROM book.contract_names RETURNING *) FROM gone")

    assert before
    assert ask(con, "SELECT count(*) FROM book.contract_names").rows == ((before,),)


@pytest.mark.parametrize("statement", HOSTILE)
def test_hostile_sql_is_refused_in_one_line(tables: duckdb.DuckDBPyConnection, statement: str) -> None:
    with pytest.raises(StatementError) as refused:
        ask(tables, statement)

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("statement", HOSTILE)
def test_it_is_refused_as_well_where_no_relation_was_built(home: Path, statement: str) -> None:
    with pytest.raises(StatementError):
        answered(home, statement)


def test_a_question_that_takes_too_long_is_interrupted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    endless = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"

    status = run(home, endless, terms=Terms(timeout_seconds=0.05))

    assert status == 2
    assert capsys.readouterr().err.startswith("sql-too-long: expected an answer within 0.05 seconds, found none; ")


def test_the_time_runs_while_the_log_is_read(home: Path) -> None:
    told = list[int]()

    with pytest.raises(TooLong, match="expected an answer within 1e-06 seconds"):
        answered(home, "FROM journal", Terms(timeout_seconds=1e-6, tell=told.append))

    assert told == []


def test_who_asks_is_told_how_far_the_log_was_read(home: Path) -> None:
    told = list[int]()

    answered(home, "FROM journal", Terms(tell=told.append))

    assert told
    assert told == sorted(told)


def test_a_connection_answers_again_after_an_interruption(tables: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(TooLong):
        ask(tables, "SELECT sum(a.range) FROM range(10000000) a, range(10000000) b", Terms(timeout_seconds=0.05))

    assert ask(tables, "SELECT 1").rows == ((1,),)


def test_a_question_that_needs_too_much_memory_is_told_how_much_it_has(home: Path) -> None:
    con = connect(home, wanted=())
    large = "SELECT list(range || repeat('x', 30_000_000)) FROM range(100)"

    with pytest.raises(TooLarge, match=r"answered in 1GB of memory, found one that needs more"):
        ask(con, large)


def test_an_answer_without_end_is_refused_before_it_fills_the_memory(home: Path) -> None:
    with pytest.raises(TooLarge, match=r"expected at most 500,000 rows of 10 columns, found more"):
        answered(home, "SELECT 1, 2, 3, 4, 5, 6, 7, 8, 9, range FROM range(100000000)")


def test_texts_that_fill_the_memory_are_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "BYTES_MAX", 30_000_000)

    with pytest.raises(TooLarge, match=r"expected an answer of at most 30 MB, found more in [0-9]+ rows; add LIMIT"):
        answered(home, "SELECT repeat('x', 100_000) FROM range(1000)")
