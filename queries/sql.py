"""`tallybook sql`: one question in SQL, answered from the log, with every digit.

Only questions are let through (SELECT, WITH, FROM, VALUES, SHOW, DESCRIBE, EXPLAIN), and the connection itself
can neither write a file nor read one. To allow another kind of statement, add it to `QUESTIONS`.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ledger.events import decimal_text, instant_text
from queries.relations import named_in
from queries.tables import HOME_ZONE, TableError, connect

if TYPE_CHECKING:
    import duckdb
    from rich.table import Table

Format = Literal["table", "csv", "json"]
FINE, COULD_NOT_RUN = 0, 2
QUESTIONS = ("SELECT", "EXPLAIN")  # DuckDB's names of statement types
EXPLAIN = re.compile(r"^\s*EXPLAIN(\s+ANALYZE)?(\s*\([^)]*\))?", re.IGNORECASE)


class StatementError(Exception):
    """A statement that cannot be answered: wrong, or not a question."""


class UnknownRelation(StatementError):
    """A statement names what is not there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The columns and rows of an answer, as Python values; money and quantities are Decimals."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


def run(home: Path, statement: str, format: Format = "table", *, zone: str = HOME_ZONE) -> int:
    """Answer a statement on standard output; return the exit status (2 with one line for a bad statement)."""
    try:
        answer = answered(home, statement, zone=zone)
    except (StatementError, TableError) as error:
        print(f"sql: {error}", file=sys.stderr)
        return COULD_NOT_RUN
    print_answer(answer, format)
    return FINE


def answered(home: Path, statement: str, *, zone: str = HOME_ZONE) -> Answer:
    """Answer one question from a home, of which no more is read than the question names; raises as `ask` does."""
    wanted = named_in(statement)
    try:
        return ask(connect(home, zone=zone, wanted=wanted), statement)
    except UnknownRelation:
        if wanted is None:
            raise
        return ask(connect(home, zone=zone), statement)  # its name was put together, or is a mistake that resembles one


def ask(con: duckdb.DuckDBPyConnection, statement: str) -> Answer:
    """Answer one question; raise StatementError with one line for anything else."""
    import duckdb

    try:
        question = _the_question(con, statement)
        if question.type == duckdb.StatementType.EXPLAIN:
            return _fetched(con.execute(question))
        columns = _described(con, statement)
        shown = ", ".join(f"CAST(c{i} AS {_without_zone(kind)})" for i, (_, kind) in enumerate(columns))
        aliases = ", ".join(f"c{i}" for i in range(len(columns)))
        answer = _fetched(con.execute(f"SELECT {shown} FROM (\n{_bare(statement)}\n) AS answer({aliases})"))
        return Answer(tuple(name for name, _ in columns), answer.rows)
    except duckdb.CatalogException as error:
        raise UnknownRelation(_one_line(error)) from error
    except duckdb.Error as error:
        raise StatementError(_one_line(error)) from error


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


def _described(con: duckdb.DuckDBPyConnection, statement: str) -> tuple[tuple[str, str], ...]:
    described = con.execute(f"DESCRIBE FROM (\n{_bare(statement)}\n)").fetchall()
    return tuple((str(row[0]), str(row[1])) for row in described)


def _bare(statement: str) -> str:
    return statement.strip().rstrip(";")


def _without_zone(kind: str) -> str:
    """Let moments become text in the home's zone, inside rows too: DuckDB needs pytz to hand them to Python."""
    return kind.replace("TIMESTAMP WITH TIME ZONE", "VARCHAR")


def _fetched(result: duckdb.DuckDBPyConnection) -> Answer:
    return Answer(tuple(str(column[0]) for column in result.description or ()), tuple(result.fetchall()))


def _one_line(error: Exception) -> str:
    """DuckDB's message without its drawing of the statement."""
    text = str(error).split("\n\nLINE ")[0]
    return " ".join(text.split())


def print_answer(answer: Answer, format: Format) -> None:
    """Print an answer; csv and json carry money as text, to the last digit."""
    match format:
        case "table":
            print_table(answer)
        case "csv":
            sys.stdout.write(csv_text(answer))
        case "json":
            print(json_text(answer))


def csv_text(answer: Answer) -> str:
    """Spell an answer as CSV with a header; absent values are empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([["" if value is None else cell_text(value) for value in row] for row in answer.rows])
    return text.getvalue()


def json_text(answer: Answer) -> str:
    """Spell an answer as a JSON array of objects; money, dates and times are strings."""
    rows = [dict(zip(answer.columns, map(plain, row), strict=True)) for row in answer.rows]
    return json.dumps(rows, indent=1, ensure_ascii=False)


def print_table(answer: Answer) -> None:
    """Print an answer as a table; numbers stand to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(answer.columns):
        numeric = any(isinstance(row[i], Decimal | int | float) for row in answer.rows)
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in answer.rows:
        table.add_row(*(Text("" if value is None else cell_text(value)) for value in row))
    print_whole(table)


def print_whole(table: Table) -> None:
    """Print a table at its natural width: a folded number is read wrongly."""
    from rich.console import Console

    console = Console(highlight=False)
    console.width = max(1, console.measure(table, options=console.options.update(width=10_000)).maximum)
    console.print(table)


def cell_text(value: object) -> str:
    """Spell one value in one cell: numbers in canonical spelling, rows and lists as JSON."""
    spelt = plain(value)
    return spelt if isinstance(spelt, str) else json.dumps(spelt, ensure_ascii=False)


def plain(value: object) -> object:
    """Return a value as JSON can hold it, to the last digit: money, dates and times as strings."""
    match value:
        case Decimal():
            return decimal_text(value)
        case datetime():
            return value.isoformat(sep=" ") if value.tzinfo is None else instant_text(value)
        case date() | time():
            return value.isoformat()
        case Mapping():
            return {cell_text(key): plain(part) for key, part in value.items()}
        case Sequence() if not isinstance(value, str | bytes):
            return [plain(part) for part in value]
        case timedelta() | bytes():
            return str(value)
        case str() | int() | float() | None:
            return value
        case _:
            return str(value)
