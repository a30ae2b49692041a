"""The settings as text: what a home chose, or everything with defaults and meanings. Secrets are never shown."""

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ledger.events import decimal_text
from trader.settings import PASSWORD_VARIABLE
from trader.settings.sections import Settings

TEMPLATE = Path(__file__).with_name("template.toml")
COMMENT_COLUMN = 44


def template(account: str, mode: str, port: int) -> str:
    """Return a commented tallybook.toml of the settings that everybody has to choose."""
    text = TEMPLATE.read_text(encoding="utf-8")
    return text.replace("@ACCOUNT@", account).replace("@MODE@", mode).replace("@PORT@", str(port))


def settings_lines(settings: Settings, *, everything: bool) -> Iterator[str]:
    """Spell the settings as TOML: those that the file sets, or all of them with their meaning."""
    sections = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            sections.append((name, value))
        elif name == "strategy":
            sections += [(name if len(value) == 1 else f"[{name}]", strategy) for strategy in value]
        elif everything or name in settings.model_fields_set:
            yield _line(name, value, field, everything)
    for name, section in sections:
        lines = list(_section_lines(section, everything))
        if name == "mail" and everything:
            lines.append(_password_line(settings))
        if lines:
            yield from ("", f"[{name}]", *lines)


def _section_lines(section: BaseModel, everything: bool) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        if everything or name in section.model_fields_set:
            yield _line(field.alias or name, getattr(section, name), field, everything)


def _line(name: str, value: object, field: FieldInfo, everything: bool) -> str:
    setting = f"{name} = {_toml(value)}" if value is not None else f"# {name} is not set"
    return f"{setting:<{COMMENT_COLUMN}}  # {field.description or ''}" if everything else setting


def _password_line(settings: Settings) -> str:
    where = "is not set"
    if settings.mail.password_file is not None:
        where = f"comes from {settings.mail.password_file}"
    if PASSWORD_VARIABLE in os.environ:
        where = f"comes from {PASSWORD_VARIABLE}"
    return f"# password: ******** ({where})"


def _toml(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case Decimal():
            return decimal_text(value)
        case BaseModel():
            chosen = {name: entry for name, entry in value.model_dump().items() if entry not in (None, "")}
            return chosen["symbol"].join('""') if _is_plain(value) else _toml(chosen)
        case dict():
            entries = (f"{_key(name)} = {_toml(entry)}" for name, entry in value.items() if entry is not None)
            return "{ " + ", ".join(entries) + " }"
        case tuple():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case _:
            return str(value)


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _toml(name)


def _is_plain(model: BaseModel) -> bool:
    """Whether an instrument is named by its symbol alone."""
    return model.model_fields_set <= {"symbol"}
