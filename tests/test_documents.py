"""The documents name what is there: every link leads to a file, and every module has its line in ARCHITECTURE.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("ledger", "reconcile", "queries", "trader")
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)  # fmt: skip
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)[^)]*\)")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_link_leads_to_a_file(document: str) -> None:
    path = ROOT / document
    targets = LINK.findall(path.read_text(encoding="utf-8"))

    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_every_module_has_its_line_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    modules = {path for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    told = {path for path in modules if path.stem.startswith("__") or "simulator" in path.parts}

    assert sorted(str(path.relative_to(ROOT)) for path in modules - told if f"{path.name}`" not in text) == []


def test_the_architecture_names_no_file_that_is_gone() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    there = {path.name for package in (*PACKAGES, "tests") for path in (ROOT / package).rglob("*.py")}

    assert [name for name in re.findall(r"`(?:[\w/]+/)?([a-z_]+\.py)`", text) if name not in there] == []
