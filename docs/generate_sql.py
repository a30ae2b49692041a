"""Write docs/sql.md from the models, the views and the canned questions, so that it never tells anything else.

    python docs/generate_sql.py

A column of an event means what the comment on its field says; any other what `docs/sql_columns.toml` says, and one that
is missing there is an error. A view's meaning is the comment that its file opens with.
"""

from __future__ import annotations

import re
import sys
import tomllib
from functools import cache
from pathlib import Path
from runpy import run_path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ledger.events import EVENT_TYPES, Fact, type_name  # noqa: E402 - run as a script, the project is found first
from queries.canned import Canned, canned  # noqa: E402
from queries.relations import BARS, BOOK, VIEWS, view_text  # noqa: E402
from queries.staging import ENVELOPE, columns_of  # noqa: E402

if TYPE_CHECKING:
    import duckdb

TARGET = ROOT / "docs" / "sql.md"
MEANINGS: dict[str, dict[str, list[str]]] = tomllib.loads((ROOT / "docs" / "sql_columns.toml").read_text("utf-8"))
OF_THE_BOOK: dict[str, str] = {
    "journal": "Each leg of each entry, as it was posted when its fact was told. What undoes one posts the opposite.",
    "lots": "The lots that are open now, by what is known now.",
    "realised": "One row a part of a lot that was closed, by what is known now: a late fact matches anew.",
    "nav_bridge": "How NAV came from one session's end to the next, line by line, without a residual.",
    "strategy_books": "What each strategy holds, what money moved for it, and what it made.",
}
OF_THE_BARS = (
    "Every daily bar that a decision was made from, as its source told it: a row a series, kept by its hash, and day."
)
HEAD = """# What can be asked in SQL

Written by `docs/generate_sql.py` from the models, the views and `docs/sql_columns.toml`; a test keeps it up to date. Do
not edit it. Worked examples stand in [the cookbook](cookbook.md).

    tallybook sql "SELECT session_day, nav, profit FROM days"
    tallybook ask                     # every canned question; tallybook ask held --day 2005-02-17

Sealed days come from Parquet, today's from the open log; both are one table. Each event type is a table, `events` is
all of them with their envelope alone, and the views answer what is asked most. Nothing can be written.

- **Money is exact.** Amounts, prices, quantities and weights are DECIMAL, never DOUBLE. Sums and products stay exact;
  `/` and `avg` do not: divide sums once, at the end, for the eye.
- **Days** are those of the account's home calendar, and moments are shown in its time zone. `recorded_at` is when we
  knew, `occurred_at` when it happened.
- **Rows of rows** (`rows`, `verdicts`, `parts`) are lists of structures: `unnest(rows, max_depth := 2)` makes them
  columns. Their fields stand in [events.md](events.md).
- **Order** is asked for: views of many rows come in none, so add `ORDER BY seq` (or `session_day`).
- **Reserved words** are quoted: `"limit"`, `"at"`, `"by"`, `"first"`, `"last"`, `"step"`.
- **Bounds.** `--timeout` (60 seconds) holds for the whole answer: DuckDB is interrupted, reading and folding lines
  stops at the next look at the clock, which may be a second or two later; starting the command and writing the answer
  out are not in it. DuckDB has 1 GB of memory; an answer has 5 million values and 1 GB beside it, or no bound as
  `--format parquet --out FILE`; `tallybook sql` as a whole may grow by 6 GB. A file gets its answer whole, or stays as
  it was.
- **Text stays text.** CSV and JSON give every text back as it was, also one that begins with `=`: tell a spreadsheet to
  import columns as text. A table spells control characters out. `PIVOT` needs its values: `ON symbol IN ('AAPL')`.
"""


def document() -> str:
    """Return the whole page."""
    parts = [HEAD, _contents(), "\n## Views\n", *_views(), "## What the book says, and the bars\n", *_of_the_book()]
    parts += ["## Canned questions\n", _questions(), "\n## Events\n", _envelope()]
    parts += [_event(model) for model in EVENT_TYPES]
    return "\n".join(parts).rstrip() + "\n"


def _contents() -> str:
    def links(names: tuple[str, ...]) -> str:
        return ", ".join(f"[{name}](#{name})" for name in names)

    rows = (
        ("views", links(VIEWS)),
        ("the book, and what was decided on", links((*BOOK, BARS))),
        ("events", links(("events", *map(type_name, EVENT_TYPES)))),
    )
    return "\n".join(("| | relations |", "|---|---|", *(f"| {title} | {text} |" for title, text in rows)))


def _views() -> list[str]:
    con = _empty_home()
    return [_section(name, _opening_comment(view_text(name)), _described(con, name)) for name in VIEWS]


def _of_the_book() -> list[str]:
    con = _empty_home()
    told = OF_THE_BOOK | {BARS: OF_THE_BARS}
    return [_section(name, told[name], _described(con, name)) for name in (*BOOK, BARS)]


def _empty_home() -> duckdb.DuckDBPyConnection:
    """Return the relations of a log that has just begun."""
    from datetime import UTC, datetime

    from ledger.clock import SimulatedClock
    from ledger.events import LogStarted
    from ledger.ledger import Ledger
    from queries.tables import unfenced

    with TemporaryDirectory() as folder:
        clock = SimulatedClock(lambda: datetime(2005, 3, 1, tzinfo=UTC), lambda _: None)
        genesis = LogStarted(account="DU1000001", mode="paper", clock="simulated", base_currency="USD")
        Ledger.create(Path(folder), clock, genesis).close()
        return unfenced(Path(folder))


def _described(con: duckdb.DuckDBPyConnection, name: str) -> list[tuple[str, str]]:
    return [(str(row[0]), str(row[1])) for row in con.execute(f"DESCRIBE {name}").fetchall()]


def _section(name: str, meaning: str, columns: list[tuple[str, str]]) -> str:
    rows = [f"| `{column}` | {_short(kind)} | {_cells(name, column)} |" for column, kind in columns]
    return "\n".join(
        (f"### {name}\n", meaning, "", "| column | type | unit | meaning |", "|---|---|---|---|", *rows, "")
    )


def _cells(relation: str, column: str) -> str:
    found = _known(relation, column)
    if found is None:
        raise KeyError(f"docs/sql_columns.toml: expected the meaning of {relation}.{column}, found none")
    return " | ".join(found)


def _opening_comment(text: str) -> str:
    lines = (line.removeprefix("--").strip() for line in text.splitlines() if line.startswith("--"))
    return " ".join(lines)


def _questions() -> str:
    rows = [f"| `{question.name}` | {question.question} | {_parameters(question)} |" for question in canned()]
    return "\n".join(("| `tallybook ask …` | answers | may be told |", "|---|---|---|", *rows))


def _parameters(question: Canned) -> str:
    return "; ".join(
        f"`--{each.name}` {each.meaning}" + ("" if each.default is None else f" ({each.default})")
        for each in question.parameters
    )


def _envelope() -> str:
    columns = [("seq", "BIGINT"), ("type", "VARCHAR"), *ENVELOPE[1:]]
    text = (
        "Every event with its envelope alone. The table of each type has these columns, without `type`, before its own."
    )
    return _section("events", text, columns)


def _event(model: type[Fact]) -> str:
    name, comments = type_name(model), _page_of_facts()["_comments"](model)
    rows = [
        f"| `{column}` | {_short(kind)} | {_cells_of_event(name, column, kind, comments.get(column, ''))} |"
        for column, kind in columns_of(model)[len(ENVELOPE) :]
    ]
    title = f"### {name}\n\n{_docstring(model)} [{model.__name__}](events.md#{model.__name__.lower()})\n"
    return "\n".join((title, *(("| column | type | unit | meaning |", "|---|---|---|---|", *rows, "") if rows else ())))


def _cells_of_event(table: str, column: str, kind: str, comment: str) -> str:
    """Return unit and meaning: the comment on the field says more than a word that is good everywhere."""
    if "STRUCT" in kind:
        return f"rows | {comment or 'their columns stand in events.md'}"
    unit, meaning = _known(table, column) or ("", "")
    if not unit and "DECIMAL" in kind:
        raise KeyError(f"docs/sql_columns.toml: expected the unit of {table}.{column}, found none")
    if not (comment or meaning):
        raise KeyError(f"docs/sql_columns.toml: expected the meaning of {table}.{column}, found none")
    return f"{unit} | {comment or meaning}"


def _known(relation: str, column: str) -> list[str] | None:
    return MEANINGS.get(relation, {}).get(column) or MEANINGS["everywhere"].get(column)


def _docstring(model: type[Fact]) -> str:
    return " ".join((model.__doc__ or "").split())


def _short(kind: str) -> str:
    """Name a type without the fields of its structures: events.md tells them."""
    while (bare := re.sub(r"STRUCT\([^()]*(\([^()]*\)[^()]*)*\)", "rows", kind)) != kind:
        kind = bare
    kind = kind.replace("rows[]", "list of rows").replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
    return re.sub(r"^(\w+(?:\([^)]*\))?)\[\]$", r"list of \1", kind)


@cache
def _page_of_facts() -> dict[str, Any]:
    """Return the code of the page of facts: it knows how to read the comments of the models."""
    return run_path(str(ROOT / "docs" / "generate_events.py"))


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
