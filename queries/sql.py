"""`tallybook sql`: one question in SQL, answered from the log, with every digit.

Only questions are let through (SELECT, WITH, FROM, VALUES, SHOW, DESCRIBE, EXPLAIN), and the connection itself
can neither write a file nor read one. A question has so much time and memory, and no more. To allow another kind of
statement, add it to `QUESTIONS`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import TYPE_CHECKING, TypeVar

from queries.fence import HOME_ZONE, MEMORY, StatementError, fence, new_database, quoted
from queries.formats import (
    Answer,
    AnswerFormat,
    Format,
    cell_text,
    csv_text,
    json_text,
    plain,
    print_answer,
    print_table,
    print_whole,
)
from queries.past import Past
from queries.relations import lists_relations, named_in

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "Answer",
    "AnswerFormat",
    "Format",
    "StatementError",
    "Terms",
    "answered",
    "ask",
    "cell_text",
    "csv_text",
    "json_text",
    "plain",
    "print_answer",
    "print_table",
    "print_whole",
    "run",
]

FINE, COULD_NOT_RUN = 0, 2
QUESTIONS = ("SELECT", "EXPLAIN")  # DuckDB's names of statement types
EXPLAIN = re.compile(r"^\s*EXPLAIN(\s+ANALYZE)?(\s*\([^)]*\))?", re.IGNORECASE)
TIMEOUT_SECONDS = 60.0
CELLS_MAX = 5_000_000  # of an answer as Python values; Parquet has no bound
ROWS_AT_ONCE = 10_000
T = TypeVar("T")


class UnknownRelation(StatementError):
    """A statement names what is not there."""


class TooLong(StatementError):
    """A question was not answered in its time."""

    code = "sql-too-long"


class TooLarge(StatementError):
    """A question, or its answer, needs more memory than it may have."""

    code = "sql-too-large"


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a question is asked."""

    zone: str = HOME_ZONE  # of days and moments
    parameters: Mapping[str, object] = field(default_factory=dict)
    timeout_seconds: float | None = None  # None: as long as it takes
    past: Past | None = None  # a moment to ask about; None: the end of the log


def run(
    home: Path,
    statement: str,
    format: AnswerFormat = "table",
    *,
    terms: Terms = Terms(timeout_seconds=TIMEOUT_SECONDS),
    out: Path | None = None,
) -> int:
    """Answer a statement on standard output or in a file; return the exit status (2 with one line for a bad one)."""
    try:
        if format == "parquet":
            _write_parquet(home, statement, terms, out)
            return FINE
        answer = answered(home, statement, terms)
    except StatementError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return COULD_NOT_RUN
    if out is None:
        print_answer(answer, format)
        return FINE
    with out.open("w", encoding="utf-8", newline="") as file, redirect_stdout(file):
        print_answer(answer, format)
    return FINE


def answered(home: Path, statement: str, terms: Terms = Terms()) -> Answer:
    """Answer one question from a home, of which no more is read than the question names; raises as `ask` does."""
    with suppress(UnknownRelation):
        if (con := _without_relations(home, statement, terms)) is not None:
            return ask(con, statement, terms)
    return _of_history(home, statement, terms, (), lambda con: ask(con, statement, terms))


def _of_history(
    home: Path,
    statement: str,
    terms: Terms,
    outputs: Collection[Path],
    answer: Callable[[duckdb.DuckDBPyConnection], T],
) -> T:
    """Answer from what the statement names; from everything, if that leaves out a name (put together, or misspelt)."""
    from queries.tables import connect

    wanted = named_in(statement)
    if wanted is not None:
        with suppress(UnknownRelation):
            return answer(connect(home, zone=terms.zone, wanted=wanted, outputs=outputs, past=terms.past))
        if terms.past is not None:
            terms.past.require(wanted)
    return answer(connect(home, zone=terms.zone, outputs=outputs, past=terms.past))


def _without_relations(home: Path, statement: str, terms: Terms) -> duckdb.DuckDBPyConnection | None:
    """Return an empty database for a question that names no relation; None for another.

    The vocabulary of events takes longer to import than DuckDB does.
    """
    import duckdb

    con = new_database()
    con.execute(f"SET TimeZone = {quoted(terms.zone)}")
    fence(con, ())
    with _told_in_one_line():
        _the_question(con, statement)
    try:
        names = con.get_table_names(EXPLAIN.sub("", statement, count=1))
    except duckdb.Error:
        return None  # a name that is put together while the statement runs
    if names or lists_relations(statement, names):
        return None
    return con if any((home / "var" / "events").glob("*.jsonl")) else None  # without a log, the long way refuses


def ask(con: duckdb.DuckDBPyConnection, statement: str, terms: Terms = Terms()) -> Answer:
    """Answer one question; raise StatementError with one line for anything else."""
    import duckdb

    with _told_in_one_line(), _in_time(con, terms.timeout_seconds):
        question = _the_question(con, statement)
        if question.type == duckdb.StatementType.EXPLAIN:
            return _fetched(con.execute(question, terms.parameters or None))
        columns = _described(con, statement, terms)
        shown = ", ".join(f"CAST(c{i} AS {_without_zone(kind)})" for i, (_, kind) in enumerate(columns))
        aliases = ", ".join(f"c{i}" for i in range(len(columns)))
        question_shown = f"SELECT {shown} FROM (\n{_bare(statement)}\n) AS answer({aliases})"
        answer = _fetched(con.execute(question_shown, terms.parameters or None))
        return Answer(tuple(name for name, _ in columns), answer.rows)


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    """Let what DuckDB refuses be a StatementError."""
    import duckdb

    try:
        yield
    except duckdb.CatalogException as error:
        raise UnknownRelation(_one_line(error)) from error
    except duckdb.OutOfMemoryException as error:
        raise TooLarge(
            f"expected a question that can be answered in {MEMORY} of memory, found one that needs more; ask for fewer "
            "columns or days, or group"
        ) from error
    except duckdb.Error as error:
        raise StatementError(_one_line(error)) from error


@contextmanager
def _in_time(con: duckdb.DuckDBPyConnection, seconds: float | None) -> Iterator[None]:
    """Interrupt what takes longer."""
    import duckdb

    if seconds is None:
        yield
        return
    timer = Timer(seconds, con.interrupt)
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        raise TooLong(
            f"expected an answer within {seconds:g} seconds, found none; ask for fewer days, or give it --timeout"
        ) from error
    finally:
        timer.cancel()
        timer.join()  # a thread that outlives its connection takes the process down with it


def _write_parquet(home: Path, statement: str, terms: Terms, out: Path | None) -> None:
    """Let DuckDB write the answer, types and digits as they are, to a file or to standard output."""
    if out is None and sys.stdout.isatty():
        raise StatementError("expected --out FILE for Parquet, or a standard output that is no terminal")
    with TemporaryDirectory(dir=None if out is None else out.absolute().parent, prefix=".tallybook-") as folder:
        aside = Path(folder) / "answer.parquet"
        _of_history(home, statement, terms, (aside,), lambda con: _copy(con, statement, terms, aside))
        if out is not None:
            aside.replace(out)
        else:
            sys.stdout.buffer.write(aside.read_bytes())


def _copy(con: duckdb.DuckDBPyConnection, statement: str, terms: Terms, aside: Path) -> None:
    with _told_in_one_line(), _in_time(con, terms.timeout_seconds):
        if str(_the_question(con, statement).type).endswith("EXPLAIN"):
            raise StatementError("expected a question whose answer has columns, found EXPLAIN")
        copied = f"COPY (\n{_bare(statement)}\n) TO {quoted(aside)} (FORMAT parquet, USE_TMP_FILE false)"
        con.execute(copied, terms.parameters or None)


def _the_question(con: duckdb.DuckDBPyConnection, statement: str) -> duckdb.Statement:
    found = con.extract_statements(statement)
    if len(found) != 1:
        raise StatementError(f"expected one statement, found {len(found)}")
    kind = str(found[0].type).rpartition(".")[2]
    if kind not in QUESTIONS:
        raise StatementError(f"expected a question (SELECT …), found {kind}: the history can only be read")
    if kind == "EXPLAIN" and (inner := _explained(con, statement)) != "SELECT":
        raise StatementError(f"expected to explain a question (SELECT …), found {inner}: the history can only be read")
    return found[0]


def _explained(con: duckdb.DuckDBPyConnection, statement: str) -> str:
    """Name the statement inside an EXPLAIN: EXPLAIN ANALYZE runs it."""
    try:
        (inner,) = con.extract_statements(EXPLAIN.sub("", statement, count=1))
    except ValueError:
        return "something else"
    return str(inner.type).rpartition(".")[2]


def _described(con: duckdb.DuckDBPyConnection, statement: str, terms: Terms) -> tuple[tuple[str, str], ...]:
    described = con.execute(f"DESCRIBE FROM (\n{_bare(statement)}\n)", terms.parameters or None).fetchall()
    return tuple((str(row[0]), str(row[1])) for row in described)


def _bare(statement: str) -> str:
    return statement.strip().rstrip(";")


def _without_zone(kind: str) -> str:
    """Let moments become text in the home's zone, inside rows too: DuckDB needs pytz to hand them to Python."""
    return kind.replace("TIMESTAMP WITH TIME ZONE", "VARCHAR")


def _fetched(result: duckdb.DuckDBPyConnection) -> Answer:
    columns = tuple(str(column[0]) for column in result.description or ())
    rows, rows_max = list[tuple[object, ...]](), CELLS_MAX // max(1, len(columns))
    while some := result.fetchmany(ROWS_AT_ONCE):
        rows += some
        if len(rows) > rows_max:
            raise TooLarge(
                f"expected at most {rows_max:,} rows of {len(columns)} columns, found more; add LIMIT, or ask for "
                "--format parquet"
            )
    return Answer(columns, tuple(rows))


def _one_line(error: Exception) -> str:
    """DuckDB's message without its drawing of the statement."""
    text = str(error).split("\n\nLINE ")[0]
    return " ".join(text.split())
