"""docs/notebook.ipynb: every cell runs, and what it shows in the file is real."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient", reason="nbclient runs the notebook; pip install nbclient ipykernel")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel", reason="ipykernel runs the notebook")
pytest.importorskip("matplotlib", reason="matplotlib draws its charts")

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
OF_REHEARSAL = ROOT / "tests" / "notebook_of_rehearsal.txt"  # what each cell says of the frozen log
HEADING = re.compile(r"<th>(.*?)</th>")


def test_every_cell_of_the_notebook_runs_and_shows_something(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TALLYBOOK_HOME", str(ROOT / "tests" / "history" / "rehearsal"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    kept = shapes(notebook)

    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()

    assert shapes(notebook) == kept
    said = "\n\n".join(text_of(output) for cell in code_of(notebook) for output in cell.outputs) + "\n"
    assert said == OF_REHEARSAL.read_text(encoding="utf-8"), f"if that is meant, put this into {OF_REHEARSAL.name}"


def shapes(notebook: Any) -> list[list[Any]]:
    """Tell what does not depend on the home: kinds of outputs, and the columns of tables."""
    return [
        [(sorted(output.get("data", {})), columns_of(output)) for output in cell.outputs] for cell in code_of(notebook)
    ]


def columns_of(output: Any) -> list[str]:
    head, _, _ = output.get("data", {}).get("text/html", "").partition("</thead>")
    return HEADING.findall(head)


def text_of(output: Any) -> str:
    text = output.get("text") or output["data"]["text/plain"]
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


def code_of(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_the_outputs_that_are_kept_hold_no_error_and_no_float_of_money() -> None:
    cells = [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    outputs = [output for cell in cells for output in cell["outputs"]]

    assert len(outputs) >= len(cells) - 1  # the first only imports
    assert {output["output_type"] for output in outputs} <= {"execute_result", "display_data", "stream"}
    assert not any("Traceback" in json.dumps(output) or "NaN" in json.dumps(output) for output in outputs)
