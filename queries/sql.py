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
from errno import ENOENT
from functools import partial
from pathlib import Path
from resource import RUSAGE_SELF, getpagesize, getrusage
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from threading import Timer
from time import monotonic
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
BYTES_MAX = 1_000_000_000  # by which they may let this process grow
ROWS_AT_ONCE = (16, 10_000)  # at first, and where rows turn out to be small
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
    tell: Callable[[int], None] = lambda _: None  # the seq up to which the log was read, where lines have to be


class _Patience:
    """How long a question may still take: reading what it names, and however often it is asked, counts too."""

    def __init__(self, terms: Terms) -> None:
        self._seconds, self._tell, self._began = terms.timeout_seconds, terms.tell, monotonic()

    def left(self) -> float | None:
        """Return the seconds that are left, None without a bound; raise TooLong when none are."""
        if self._seconds is None:
            return None
        left = self._seconds - (monotonic() - self._began)
        if left <= 0:
            raise self.exhausted()
        return left

    def tell(self, seq: int) -> None:
        """Hand on how far the log was read, if there still is time."""
        self.left()
        self._tell(seq)

    def exhausted(self) -> TooLong:
        """Word the refusal."""
        return TooLong(
            f"expected an answer within {self._seconds:g} seconds, found none; ask for fewer days, or give it --timeout"
        )


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
    with _aside(out) as aside, aside.open("w", encoding="utf-8", newline="") as file, redirect_stdout(file):
        print_answer(answer, format)
    return FINE


def answered(home: Path, statement: str, terms: Terms = Terms()) -> Answer:
    """Answer one question from a home, of which no more is read than the question names; raises as `ask` does."""
    patience = _Patience(terms)
    with suppress(UnknownRelation):
        if (con := _without_relations(home, statement, terms)) is not None:
            return _asked(con, statement, terms, patience)
    return _of_history(home, statement, terms, patience, (), lambda con: _asked(con, statement, terms, patience))


def _of_history(
    home: Path,
    statement: str,
    terms: Terms,
    patience: _Patience,
    outputs: Collection[Path],
    answer: Callable[[duckdb.DuckDBPyConnection], T],
) -> T:
    """Answer from what the statement names; from everything, if that leaves out a name (put together, or misspelt)."""
    from queries.tables import connect

    opened = partial(connect, home, zone=terms.zone, outputs=outputs, past=terms.past, tell=patience.tell)
    wanted = named_in(statement)
    if wanted is not None:
        with suppress(UnknownRelation):
            return answer(opened(wanted=wanted))
        if terms.past is not None:
            terms.past.require(wanted)
    return answer(opened())


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
    return _asked(con, statement, terms, _Patience(terms))


def _asked(con: duckdb.DuckDBPyConnection, statement: str, terms: Terms, patience: _Patience) -> Answer:
    import duckdb

    with _told_in_one_line(), _in_time(con, patience):
        question = _the_question(con, statement)
        if question.type == duckdb.StatementType.EXPLAIN:
            _described(con, EXPLAIN.sub("", statement, count=1), terms)  # WITH may hold a DELETE; not in parentheses
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
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise TooLarge(
            f"expected a question that can be answered in {MEMORY} of memory, found one that needs more; ask for fewer "
            "columns or days, or group"
        ) from error
    except duckdb.Error as error:
        raise StatementError(_one_line(error)) from error


@contextmanager
def _in_time(con: duckdb.DuckDBPyConnection, patience: _Patience) -> Iterator[None]:
    """Interrupt what takes longer."""
    import duckdb

    left = patience.left()
    if left is None:
        yield
        return
    timer = Timer(left, con.interrupt)
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        raise patience.exhausted() from error
    finally:
        timer.cancel()
        timer.join()  # a thread that outlives its connection takes the process down with it


@contextmanager
def _aside(out: Path | None) -> Iterator[Path]:
    """Yield a file to write to, put in place of the one that is wanted once it is whole; None: nowhere.

    A link stays one. What is there and is no file (a pipe, /dev/stderr) is written to, never replaced.
    """
    target = None if out is None else out.resolve()
    if target is not None and not target.parent.exists():
        raise FileNotFoundError(ENOENT, "no such folder", str(target.parent))
    is_place = target is not None and (target.is_file() or not target.exists())
    with TemporaryDirectory(dir=target.parent if target and is_place else None, prefix=".tallybook-") as folder:
        aside = Path(folder) / "answer"
        yield aside
        if target is not None and is_place:
            aside.replace(target)
        elif target is not None:
            with aside.open("rb") as answer, target.open("wb") as other:
                copyfileobj(answer, other)


def _write_parquet(home: Path, statement: str, terms: Terms, out: Path | None) -> None:
    """Let DuckDB write the answer, types and digits as they are, to a file or to standard output."""
    if out is None and sys.stdout.isatty():
        raise StatementError("expected --out FILE for Parquet, or a standard output that is no terminal")
    patience = _Patience(terms)
    with _aside(out) as aside:
        _of_history(
            home, statement, terms, patience, (aside,), lambda con: _copy(con, statement, terms, patience, aside)
        )
        if out is None:
            sys.stdout.buffer.write(aside.read_bytes())


def _copy(con: duckdb.DuckDBPyConnection, statement: str, terms: Terms, patience: _Patience, aside: Path) -> None:
    with _told_in_one_line(), _in_time(con, patience):
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
    """Leave out semicolons and comments at the end: what is left stands in parentheses."""
    import duckdb

    text = statement.encode()
    end = len(text)
    for place, kind in reversed(duckdb.tokenize(statement)):
        if kind != duckdb.token_type.comment and text[place : place + 1] != b";":
            break
        end = place
    return text[:end].decode()


def _without_zone(kind: str) -> str:
    """Let moments become text in the home's zone, inside rows too: DuckDB needs pytz to hand them to Python."""
    return kind.replace("TIMESTAMP WITH TIME ZONE", "VARCHAR")


def _fetched(result: duckdb.DuckDBPyConnection) -> Answer:
    columns = tuple(str(column[0]) for column in result.description or ())
    rows, rows_max = list[tuple[object, ...]](), CELLS_MAX // max(1, len(columns))
    (at_once, at_most), before = ROWS_AT_ONCE, _resident()
    while some := result.fetchmany(at_once):
        rows += some
        at_once = min(2 * at_once, at_most)
        if len(rows) > rows_max:
            raise TooLarge(
                f"expected at most {rows_max:,} rows of {len(columns)} columns, found more; add LIMIT, or ask for "
                "--format parquet"
            )
        if _resident() - before > BYTES_MAX:
            raise TooLarge(
                f"expected an answer of at most {BYTES_MAX // 1_000_000:,} MB, found more in {len(rows):,} rows; add "
                "LIMIT, or ask for --format parquet"
            )
    return Answer(columns, tuple(rows))


def _resident() -> int:
    """Return the bytes that this process holds; where the system does not tell, those that it held at most."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return getrusage(RUSAGE_SELF).ru_maxrss * 1024
    return int(pages) * getpagesize()


def _one_line(error: Exception) -> str:
    """DuckDB's message without its drawing of the statement."""
    text = str(error).split("\n\nLINE ")[0]
    return " ".join(text.split())
