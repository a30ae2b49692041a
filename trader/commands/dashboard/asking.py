"""Questions: those that come with tallybook, and a box for any other in SQL; an answer as table, picture and file.

Behind it stands the fence of `tallybook sql`: one question, nothing but the home's history, nothing written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from queries.canned import Canned, CannedError, canned, canned_by_name
from queries.fence import quoted
from queries.sql import Answer, StatementError, csv_text, json_text
from queries.tables import TableError
from trader.commands.dashboard.edition import Edition
from trader.commands.dashboard.page import FOUND, WRONG, Asked, File, NoSuchPage, Page, Route

ROWS_MAX = 1_000  # on a page; a file holds all
UNCUT = re.compile(r"\s*EXPLAIN\b|.*;", re.IGNORECASE | re.DOTALL)  # what cannot stand within another question
KINDS: Mapping[str, tuple[str, Callable[[Answer], str]]] = {
    "csv": ("text/csv", csv_text),
    "json": ("application/json", json_text),
}


def box(edition: Edition, asked: Asked) -> Page:
    """Answer the question in the address, if there is one."""
    statement = asked.query.get("q", "").strip()
    return _answered(edition, statement, {}, {"statement": statement, "chosen": None, "values": {}})


def ask(edition: Edition, asked: Asked) -> Page:
    """Answer a question that comes with tallybook; what it may be told stands in the address."""
    try:
        chosen = canned_by_name(asked.place["name"])
    except CannedError as error:
        raise NoSuchPage(str(error)) from error
    given = {name: value for name, value in asked.query.items() if value}
    values = {parameter.name: given.get(parameter.name, parameter.default or "") for parameter in chosen.parameters}
    shown: dict[str, object] = {"chosen": chosen, "values": values, "statement": spelt_out(chosen, values)}
    try:
        filled = chosen.filled(given)
    except CannedError as error:
        return _page({**shown, "error": str(error) if given else ""})
    return _answered(edition, chosen.sql, filled, shown)


def _answered(edition: Edition, statement: str, filled: Mapping[str, str], shown: Mapping[str, object]) -> Page:
    answer: Answer | None = None
    error = ""
    if statement:
        asked = ("asked", statement, *filled.items())
        try:
            answer = edition.once(asked, lambda: edition.asked(cut(statement), filled))
        except (StatementError, TableError) as wrong:
            error = str(wrong)
    more = answer is not None and len(answer.rows) > ROWS_MAX
    if answer is not None and more:
        answer = Answer(answer.columns, answer.rows[:ROWS_MAX])
    return _page({**shown, "answer": answer, "error": error, "more": more})


def _page(shown: Mapping[str, object]) -> Page:
    every = {"answer": None, "error": "", "more": False, "canned": canned(), **shown}
    chosen = every["chosen"]
    title = chosen.question if isinstance(chosen, Canned) else "Ask"
    return Page("box", title, every, status=WRONG if every["error"] else FOUND, tab="/sql")


def cut(statement: str) -> str:
    """Ask for one row more than is shown, of what may be millions."""
    bare = statement.rstrip().removesuffix(";")
    return statement if UNCUT.match(bare) else f"SELECT * FROM (\n{bare}\n) LIMIT {ROWS_MAX + 1}"


def spelt_out(chosen: Canned, values: Mapping[str, str]) -> str:
    """Return a question's SQL with its parameters written into it, to be changed in the box."""
    return re.sub(
        r"\$([a-z_]+)", lambda found: quoted(values[found[1]]) if found[1] in values else found[0], chosen.sql
    )


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


ROUTES: tuple[Route, ...] = (("/sql", box), ("/sql.{kind}", file), ("/ask/{name}", ask))
