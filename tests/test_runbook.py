"""Whoever reads a code on a terminal or in a mail at five in the morning finds it in docs/runbook.md.

Codes are collected from the classes and the registries; those that only a line on standard error bears, from the code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from ledger.errors import LogError
from ledger.ledger import LedgerError
from trader import exits
from trader.aftermath import failure_of
from trader.broker import WHAT_TO_DO
from trader.commands.app import EXPECTED
from trader.safeguards import SAFEGUARDS
from trader.supervision import Ending

ROOT = Path(__file__).parents[1]
PACKAGES = ("ledger", "reconcile", "queries", "trader")
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (.+) \| (.+) \|$", re.MULTILINE)
SAID_FIRST = re.compile(r"([a-z][a-z0-9-]*): ")

ENDINGS = (
    Ending(None, "SIGKILL", timed_out=True, peak_memory_bytes=0, last_words=""),
    Ending(None, "SIGKILL", timed_out=False, peak_memory_bytes=0, last_words=""),
    Ending(exits.OUT_OF_MEMORY, None, timed_out=False, peak_memory_bytes=0, last_words=""),
    Ending(exits.CRASHED, None, timed_out=False, peak_memory_bytes=0, last_words="ValueError"),
)


def classes_of(base: type[LogError] | type[LedgerError]) -> Iterator[type[LogError] | type[LedgerError]]:
    yield base
    for heir in base.__subclasses__():
        yield from classes_of(heir)


def in_registries() -> set[str]:
    of_classes = {kind.code for base in (LogError, LedgerError) for kind in classes_of(base)}
    of_commands = {code for _, code in EXPECTED if code}
    of_endings = {
        failure_of("2026-01-14/0935", ending, what).code for ending in ENDINGS for what in ("cycle", "commit")
    }
    return of_classes | of_commands | of_endings | set(WHAT_TO_DO)


@cache
def in_source() -> set[str]:
    """Find every `code = "…"` of a class, and every code that a line on standard error begins with."""
    found: set[str] = set()
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found |= {code for statement in node.body for code in codes_assigned(statement)}
            elif isinstance(node, ast.Call) and says_on_stderr(node):
                found |= {code for argument in node.args for code in codes_said(argument)}
    return found


def says_on_stderr(call: ast.Call) -> bool:
    return "stderr" in ast.unparse(call) or ast.unparse(call.func).endswith("complain")


def codes_assigned(statement: ast.stmt) -> Iterator[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    value = getattr(statement, "value", None)
    named = any(isinstance(target, ast.Name) and target.id == "code" for target in targets)
    if named and isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
        yield value.value


def codes_said(argument: ast.expr) -> Iterator[str]:
    first = argument.values[0] if isinstance(argument, ast.JoinedStr) and argument.values else argument
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and (said := SAID_FIRST.match(first.value)):
        yield said[1]


@pytest.fixture(scope="module")
def told() -> dict[str, tuple[str, str]]:
    """Every code of the runbook, with its meaning and what to do."""
    rows = ROW.findall((ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"))
    assert len(rows) == len({code for code, _, _ in rows}), "a code stands twice in the runbook"
    return {code: (means, remedy) for code, means, remedy in rows}


def test_every_code_has_its_line(told: dict[str, tuple[str, str]]) -> None:
    assert sorted((in_registries() | in_source()) - told.keys()) == []


def test_no_line_outlives_its_code(told: dict[str, tuple[str, str]]) -> None:
    assert sorted(told.keys() - in_registries() - in_source()) == []


@pytest.mark.parametrize(
    "code", ["log-damaged", "settings-wrong", "mail-failed", "gateway-down", "cycle-killed", "sql"]
)
def test_codes_are_found_wherever_they_are_defined(code: str) -> None:
    assert code in in_registries() | in_source()


def test_a_section_that_a_line_points_to_is_there(told: dict[str, tuple[str, str]]) -> None:
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    sections = {title.lower() for title in re.findall(r"^## (.+)$", text, re.MULTILINE)}
    pointed = {name for _, remedy in told.values() for name in re.findall(r"\*([a-z ]+)\*", remedy)}

    assert sorted(name for name in pointed if not any(title.startswith(name) for title in sections)) == []


def test_every_safeguard_and_no_other_has_its_line_under_a_veto() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    section = text.partition("## A veto\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+`) \| (.+) \|$", section, re.MULTILINE)
    named = [name for safeguards, remedy in rows if remedy for name in re.findall(r"`([a-z_]+)`", safeguards)]

    assert sorted(named) == sorted(str(getattr(safeguard, "__name__", "")) for safeguard in SAFEGUARDS)
