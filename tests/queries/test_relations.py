from __future__ import annotations

from pathlib import Path

import pytest

from queries import connect
from queries.relations import VIEWS, every, named_in, needed
from queries.sql import StatementError, answered, ask
from tests.queries.history import closed, two_sessions


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return closed(two_sessions(tmp_path_factory.mktemp("home")))


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        pytest.param("SELECT 1", set(), id="none"),
        pytest.param("FROM nav", {"nav"}, id="one"),
        pytest.param(
            'SELECT * FROM main."Nav" JOIN FILLS USING (session_day)', {"nav", "fills"}, id="in other letters"
        ),
        pytest.param("SELECT 1 -- nav", {"nav"}, id="in a comment, one too many"),
        pytest.param("WITH a AS (FROM query_table('cash')) FROM a", {"cash"}, id="in a text"),
        pytest.param("DESCRIBE fills", {"fills"}, id="described"),
        pytest.param("FROM navigation", set(), id="as a part of another word"),
    ],
)
def test_a_statement_names_what_it_reads(statement: str, named: set[str]) -> None:
    assert named_in(statement) == frozenset(named)


@pytest.mark.parametrize(
    "statement", ["SHOW TABLES", "SHOW ALL TABLES", "DESCRIBE", "FROM information_schema.tables", "FROM duckdb_views()"]
)
def test_who_asks_for_relations_gets_all(statement: str) -> None:
    assert named_in(statement) is None


def test_a_view_brings_what_it_reads() -> None:
    assert needed(["trades"]) >= {"trades", "fills", "order_filled"}
    assert "order_filled" not in needed(["nav"])
    assert needed(None) == set(every())


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_alone_answers_as_it_does_among_all(home: Path, view: str) -> None:
    alone = ask(connect(home, wanted=[view]), f"FROM {view}")

    among_all = answered(home, f"/* SHOW */ FROM {view}")
    assert alone.columns == among_all.columns
    assert sorted(alone.rows, key=repr) == sorted(among_all.rows, key=repr)  # many rows come in no order


def test_a_relation_that_is_not_named_is_not_there(home: Path) -> None:
    with pytest.raises(StatementError, match="nav"):
        ask(connect(home, wanted=["fills"]), "FROM nav")


def test_a_name_that_is_put_together_is_found_all_the_same(home: Path) -> None:
    found = answered(home, "SELECT count(*) FROM query_table('order_' || 'filled')")

    assert found.rows == ((3,),)


def test_a_misspelt_name_gets_the_one_that_was_meant(home: Path) -> None:
    with pytest.raises(StatementError, match='mean "fills"'):
        answered(home, "FROM fils")
