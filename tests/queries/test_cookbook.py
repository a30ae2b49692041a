"""Every command of the cookbook is answered, with the columns that the page shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from runpy import run_path

import duckdb
import pytest

from queries import connect
from queries.canned import canned_by_name
from queries.sql import Answer, Terms, ask

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cookbook.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ tallybook (.+)\n(.+)$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return connect(ROOT / "tests" / "history" / "rehearsal")


def answered(con: duckdb.DuckDBPyConnection, command: str) -> Answer:
    kind, what, *options = shlex.split(command)
    if kind == "sql":
        return ask(con, what)
    question = canned_by_name(what)
    told = {name.removeprefix("--"): value for name, value in zip(options[::2], options[1::2], strict=True)}
    told.pop("format", None)
    return ask(con, question.sql, Terms(parameters=question.filled(told)))


@pytest.mark.parametrize(("command", "header"), COMMANDS, ids=[command[:40] for command, _ in COMMANDS])
def test_a_command_of_the_cookbook_is_answered_as_the_page_shows(
    con: duckdb.DuckDBPyConnection, command: str, header: str
) -> None:
    assert answered(con, command).columns == tuple(re.split(r",|\s{3,}|\s+", header.strip()))


def test_every_recipe_stands_in_the_page() -> None:
    recipes = run_path(str(ROOT / "docs" / "generate_cookbook.py"))["RECIPES"]

    assert len(recipes) >= 12
    assert [each.title for each in recipes] == re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert len(COMMANDS) == len(recipes)
