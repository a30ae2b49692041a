"""Kept settings, which are JSON, as the settings file that they came from: a section after another, all of it spelt."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
HEADER = "# The settings of the last archived cycle, as it kept them: every default is written out."


def settings_text(kept: bytes) -> str:
    """Spell kept settings as TOML."""
    return "\n".join((HEADER, *_lines(json.loads(kept, parse_float=str)))) + "\n"


def _lines(settings: Mapping[str, object]) -> Iterator[str]:
    sections = {name: tables for name, value in settings.items() if (tables := _tables(value))}
    yield from (f"{_key(n)} = {_value(v)}" for n, v in settings.items() if n not in sections and v is not None)
    for name, tables in sections.items():
        for table in tables:
            yield ""
            yield f"[{_key(name)}]" if isinstance(settings[name], Mapping) else f"[[{_key(name)}]]"
            yield from (f"{_key(key)} = {_value(entry)}" for key, entry in table.items() if entry is not None)


def _tables(value: object) -> list[Mapping[str, object]]:
    """Return a section, or the sections of one name; nothing for what is no section."""
    entries = [value] if isinstance(value, Mapping) else value if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, Mapping)] if all(map(_is_table, entries)) else []


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case Mapping():
            told = (f"{_key(name)} = {_value(entry)}" for name, entry in value.items() if entry is not None)
            return f"{{ {', '.join(told)} }}"
        case Sequence():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            return str(value)


def _key(name: str) -> str:
    return name if name and set(name) <= BARE else json.dumps(name, ensure_ascii=False)
