from __future__ import annotations

from pathlib import Path
from runpy import run_path

from ledger.events import EVENT_TYPES, type_name

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_facts_is_up_to_date() -> None:
    written = run_path(str(DOCS / "generate_events.py"))["document"]()

    assert (DOCS / "events.md").read_text(encoding="utf-8") == written, "run: python docs/generate_events.py"


def test_the_page_names_every_fact() -> None:
    page = (DOCS / "events.md").read_text(encoding="utf-8")

    assert [model for model in EVENT_TYPES if f"### {model.__name__}\n\n`{type_name(model)}`" not in page] == []
