"""Every row of the two sheets has its test or its reason, and the page says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.trader.incidents.rows import (
    CATALOGUE,
    FILES,
    INCIDENTS,
    PAGE,
    TESTS,
    WITHOUT_SCENARIO,
    by_id,
    functions,
    page,
    proofs,
    scenario,
)
from trader.simulator.scenario import packaged

SHARED = TESTS.parents[1] / "shared"


def sheet(name: str) -> str:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path.read_text(encoding="utf-8")


def test_every_incident_has_its_row() -> None:
    table = sheet("incidents.md").partition("| test id |")[2].partition("\n## ")[0]

    assert [row.name for row in INCIDENTS] == re.findall(r"^\| (\w+) \|", table, re.MULTILINE)


def test_every_row_of_the_catalogue_has_its_row() -> None:
    catalogue = sheet("ib-behaviour.md").partition("## 4. Catalogue")[2].partition("\n## ")[0]

    assert [row.name for row in CATALOGUE] == re.findall(r"^\| (\d+) \|", catalogue, re.MULTILINE)


def test_every_incident_is_proven_by_a_test_of_its_id_and_every_other_row_says_why_not() -> None:
    assert [row.name for row in INCIDENTS if not by_id(row)] == []
    assert [row.name for row in CATALOGUE if not proofs(row) and not row.why_not] == []


def test_every_test_that_is_named_is_there() -> None:
    known = {f"{file}:{name}" for file in FILES if Path(TESTS / FILES[file]).exists() for name in functions(file)}

    assert [test for row in (*INCIDENTS, *CATALOGUE) for test in proofs(row) if test not in known] == []


def test_what_a_server_can_show_is_a_packaged_scenario() -> None:
    shown = {scenario(row) for row in (*INCIDENTS, *CATALOGUE) if row.name not in WITHOUT_SCENARIO}

    assert sorted(packaged()) == sorted(shown)
    assert WITHOUT_SCENARIO.keys() <= {row.name for row in (*INCIDENTS, *CATALOGUE)}


def test_the_page_is_that_of_the_rows() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
