from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SLOW = ("duckdb", "matplotlib", "pandas", "rich", "typer", "jinja2", "exchange_calendars")
MODULES = ("queries", "queries.sql", "queries.status", "queries.status_text", "queries.story", "queries.commit",
           "queries.charts", "queries.bridge", "queries.performance", "queries.tax")  # fmt: skip


def test_importing_the_queries_imports_nothing_slow() -> None:
    program = f"import sys, json, {', '.join(MODULES)}; print(json.dumps([m for m in {SLOW!r} if m in sys.modules]))"

    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert json.loads(found.stdout) == []
