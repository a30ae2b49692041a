"""The questions that are asked again and again, each a file of SQL that anybody can read, and change a copy of.

To add one, write `questions/NAME.sql`. Its first line is the question, then come its parameters, then the SQL:

    -- Why did we not trade?
    -- day (default latest): the trading day, YYYY-MM-DD
    SELECT … WHERE session_day = CASE WHEN $day = 'latest' THEN … ELSE CAST($day AS DATE) END

A parameter is text for the SQL to cast. One without a default must be given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import ClassVar

PARAMETER = re.compile(r"-- (?P<name>[a-z_]+)(?: \(default (?P<default>[^)]*)\))?: (?P<meaning>.+)")
SUFFIX = ".sql"


class CannedError(Exception):
    """A canned question that is not there, or a parameter that it does not have or lacks."""

    code: ClassVar[str] = "ask"


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a question may be told: text, which its SQL casts."""

    name: str
    default: str | None  # None: must be given
    meaning: str


@dataclass(frozen=True, slots=True)
class Canned:
    """A question in words, and in SQL with `$name` for each parameter."""

    name: str
    question: str
    parameters: tuple[Parameter, ...]
    sql: str

    def filled(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return every parameter's value, defaults where nothing is given; CannedError for one too many or missing."""
        known = {parameter.name: parameter for parameter in self.parameters}
        if strange := [name for name in given if name not in known]:
            raise CannedError(f"{self.name}: expected {_listed(known)}, found --{strange[0]}")
        values = {name: given.get(name, parameter.default) for name, parameter in known.items()}
        filled = {name: value for name, value in values.items() if value is not None}
        if missing := [name for name in values if name not in filled]:
            meaning = known[missing[0]].meaning
            raise CannedError(f"{self.name}: expected --{missing[0]} ({meaning}), found nothing")
        return filled


@cache
def canned() -> tuple[Canned, ...]:
    """Return every canned question, by name."""
    found = (file for file in files("queries").joinpath("questions").iterdir() if file.name.endswith(SUFFIX))
    return tuple(
        _read(file.name.removesuffix(SUFFIX), file.read_text(encoding="utf-8"))
        for file in sorted(found, key=lambda file: file.name)
    )


def canned_by_name(name: str) -> Canned:
    """Return one question; CannedError, with what may have been meant, for one that is not there."""
    by_name = {question.name: question for question in canned()}
    if name in by_name:
        return by_name[name]
    near = get_close_matches(name, by_name, n=3, cutoff=0.4)
    meant = f"; did you mean {' or '.join(near)}?" if near else "; tallybook ask lists them"
    raise CannedError(f"expected the name of a question, found {name!r}{meant}")


def _read(name: str, text: str) -> Canned:
    first, _, rest = text.partition("\n")
    if not first.startswith("-- "):
        raise CannedError(f"questions/{name}{SUFFIX}: expected a question in its first line, found {first!r}")
    parameters = list[Parameter]()
    lines = rest.splitlines()
    while lines and (found := PARAMETER.fullmatch(lines[0])) is not None:
        parameters.append(Parameter(found["name"], found["default"], found["meaning"]))
        lines.pop(0)
    return Canned(name, first.removeprefix("-- ").strip(), tuple(parameters), "\n".join(lines).strip())


def _listed(known: Mapping[str, Parameter]) -> str:
    return " or ".join(f"--{name}" for name in known) or "no parameter"
