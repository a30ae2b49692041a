"""Write docs/events.md from the models, so that it never tells anything else than they do.

    python docs/generate_events.py

A type's meaning is its docstring, a field's the comment on its line. A new file under `ledger/events/` is a new group:
add it to `GROUPS`.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pydantic import AwareDatetime  # noqa: E402 - run as a script, the project is found first
from pydantic.fields import FieldInfo  # noqa: E402

from ledger.events import EVENT_TYPES, Fact, Row, type_name  # noqa: E402
from ledger.events.fact import ENVELOPE_FIELDS  # noqa: E402

TARGET = ROOT / "docs" / "events.md"
GROUPS = (
    ("cycle", "The log, its cycles, the sessions with the broker"),
    ("orders", "Orders"),
    ("executions", "Executions, their costs and their lots"),
    ("cash", "Cash and accruals"),
    ("opening", "The beginning, statements, acceptances"),
    ("actions", "Corporate actions, exercises, transfers"),
    ("announcements", "Announcements"),
    ("observations", "Observations"),
    ("decisions", "Decisions"),
    ("reconciliation", "Reconciliation"),
    ("operator", "The operator"),
    ("continuity", "Is this log the newest? Recovery and witnesses"),
    ("incidents", "What the owner is told"),
    ("day", "The day"),
)
WORDS: dict[Any, str] = {str: "text", int: "whole number", bool: "yes or no", Decimal: "decimal"}
WORDS |= {date: "date", AwareDatetime: "moment"}
HEAD = """# The vocabulary of facts

Written by `docs/generate_events.py` from `ledger/events/`; a test keeps it up to date. Do not edit it.

Each line of the log carries one fact under its stable literal, the `type`. Decimals are JSON strings in one spelling;
moments are UTC with six decimals and a `Z`. `occurred_at`, `trade_date` and `report_date` may come with any fact and
stand in the line's envelope. A field marked *optional* may be absent.

- **From the broker**: its word; if it cannot be, given what is recorded, it becomes `fact_refused` and a break.
- **Acts**: an intent; HEAD is synced before anything outside is touched, and it is never repeated.
- **Once a key**: under one key, the log holds one fact.
"""


def document() -> str:
    """Return the whole page."""
    parts = [HEAD, _contents()]
    for module, title in GROUPS:
        parts.append(f"\n## {title}\n")
        parts.extend(_section(model) for model in _types_of(module))
    return "\n".join(parts)


def _types_of(module: str) -> list[type[Fact]]:
    return [model for model in EVENT_TYPES if model.__module__ == f"ledger.events.{module}"]


def _contents() -> str:
    lines = ["| group | facts |", "|---|---|"]
    for module, title in GROUPS:
        names = ", ".join(f"[{model.__name__}](#{model.__name__.lower()})" for model in _types_of(module))
        lines.append(f"| {title} | {names} |")
    return "\n".join(lines)


def _section(model: type[Fact]) -> str:
    lines = [
        f"### {model.__name__}",
        "",
        f"`{type_name(model)}`{_traits(model)}",
        "",
        inspect.cleandoc(model.__doc__ or ""),
    ]
    rows = _rows(model)
    if rows:
        lines += ["", "| field | type | |", "|---|---|---|", *rows]
    return "\n".join((*lines, ""))


def _traits(model: type[Fact]) -> str:
    traits = [f"version {model.VERSION}"] if model.VERSION > 1 else []
    traits += ["from the broker"] if model.FROM_BROKER else []
    traits += ["**acts**"] if model.ACTS else []
    traits += [f"once a key: {_key(model)}"] if model.key is not Fact.key else []
    return "".join(f" · {trait}" for trait in traits)


def _key(model: type[Fact]) -> str:
    """Return what the key's property says of itself, as part of a sentence."""
    text = inspect.getdoc(model.key) or ""
    return text[:1].lower() + text[1:].rstrip(".")


def _rows(model: type[Row], prefix: str = "") -> list[str]:
    comments = _comments(model)
    rows: list[str] = []
    for name, field in model.model_fields.items():
        if prefix or name not in ENVELOPE_FIELDS:
            rows.append(f"| `{prefix}{name}` | {_type_of(field)} | {comments.get(name, '')} |")
            for row in _row_types(field.annotation):
                rows += _rows(row, f"{prefix}{name}[].")
    return rows


def _type_of(field: FieldInfo) -> str:
    return _spelt(field.annotation) + ("" if field.is_required() else ", optional")


def _spelt(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{word}`" for word in arguments)
    if origin in (Union, UnionType):
        return " or ".join(_spelt(a) if a is not NoneType else "absent" for a in arguments)
    if origin is tuple:
        return f"list of {_spelt(arguments[0])}"
    if origin is dict:
        return f"{_spelt(arguments[1])} by name"
    if arguments:
        return _spelt(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, Row):
        return annotation.__name__
    return WORDS[annotation]


def _row_types(annotation: Any) -> list[type[Row]]:
    if isinstance(annotation, type) and issubclass(annotation, Row):
        return [annotation]
    return [row for argument in get_args(annotation) for row in _row_types(argument)]


def _comments(model: type[Row]) -> dict[str, str]:
    """Read the comment on each field's line, its base classes' first."""
    comments: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, Row) and base is not Row:
            comments |= _own_comments(base)
    return comments


def _own_comments(model: type[Row]) -> dict[str, str]:
    source = inspect.getsource(model)
    lines = source.splitlines()
    (node,) = ast.parse(source).body
    assert isinstance(node, ast.ClassDef)
    comments = {}
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            found = re.search(r"#\s*(.+)$", lines[(field.end_lineno or field.lineno) - 1])
            if found and not found[1].startswith("type:"):
                comments[field.target.id] = found[1].replace("|", "\\|")
    return comments


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
