"""The box for questions in SQL: an answer as a table, as a picture, as a file.

Behind it stands the fence of `tallybook sql`: one question, nothing but the home's history, nothing written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from queries.sql import Answer, StatementError, csv_text, json_text
from queries.tables import TableError
from trader.dashboard.edition import Edition
from trader.dashboard.page import FOUND, WRONG, Asked, File, NoSuchPage, Page, Route

ROWS_MAX = 1_000  # on a page; a file holds all
UNCUT = re.compile(r"\s*EXPLAIN\b|.*;", re.IGNORECASE | re.DOTALL)  # what cannot stand within another question
KINDS: Mapping[str, tuple[str, Callable[[Answer], str]]] = {
    "csv": ("text/csv", csv_text),
    "json": ("application/json", json_text),
}


def box(edition: Edition, asked: Asked) -> Page:
    """Answer the question in the address, if there is one."""
    statement = asked.query.get("q", "").strip()
    answer: Answer | None = None
    error = ""
    if statement:
        try:
            answer = edition.asked(cut(statement))
        except (StatementError, TableError) as wrong:
            error = str(wrong)
    more = answer is not None and len(answer.rows) > ROWS_MAX
    if answer is not None and more:
        answer = Answer(answer.columns, answer.rows[:ROWS_MAX])
    shown = {"statement": statement, "answer": answer, "error": error, "more": more, "most": ROWS_MAX}
    return Page("box", "Ask", shown, status=WRONG if error else FOUND, tab="/sql")


def cut(statement: str) -> str:
    """Ask for one row more than is shown, of what may be millions."""
    bare = statement.rstrip().removesuffix(";")
    return statement if UNCUT.match(bare) else f"SELECT * FROM (\n{bare}\n) LIMIT {ROWS_MAX + 1}"


def file(edition: Edition, asked: Asked) -> File | Page:
    """Answer with all rows as a file, to the last digit."""
    kind = asked.place["kind"]
    if kind not in KINDS:
        raise NoSuchPage(f"{kind}: expected one of {', '.join(KINDS)}")
    media, spell = KINDS[kind]
    try:
        return File(spell(edition.asked(asked.query.get("q", ""))), media, f"answer.{kind}")
    except (StatementError, TableError):
        return box(edition, asked)


ROUTES: tuple[Route, ...] = (("/sql", box), ("/sql.{kind}", file))
