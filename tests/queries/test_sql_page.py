from __future__ import annotations

import tomllib
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from ledger.events import BY_NAME
from queries.canned import canned
from queries.relations import BARS, BOOK, VIEWS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    return run_path(str(DOCS / "generate_sql.py"))


def test_the_page_of_relations_is_up_to_date(generator: dict[str, Any]) -> None:
    page = (DOCS / "sql.md").read_text(encoding="utf-8")

    assert page == generator["document"](), "run: python docs/generate_sql.py"
    assert [name for name in (*VIEWS, *BOOK, BARS, "events", *BY_NAME) if f"\n### {name}\n" not in page] == []
    assert [question.name for question in canned() if f"| `{question.name}` | {question.question} |" not in page] == []


def test_no_meaning_is_kept_of_a_relation_that_is_gone() -> None:
    kept = tomllib.loads((DOCS / "sql_columns.toml").read_text(encoding="utf-8"))

    assert set(kept) - {"everywhere", "events", BARS, *VIEWS, *BOOK, *BY_NAME} == set()
