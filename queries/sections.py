"""A report as sections: one text of 100 columns, one JSON, one HTML page that needs nothing else.

A section is sentences, then labelled lines, then a table, then remarks. Everything is escaped in HTML.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import Any, Literal

from queries.figures import columns

Tone = Literal["fine", "bad"]
Form = Literal["text", "json", "html"]
WIDTH = 100
FINE, BAD_NEWS = 0, 1


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a report."""

    heading: str
    lines: tuple[str, ...] = ()
    labelled: tuple[tuple[str, str], ...] = ()  # ("found", "09:35"); a label that repeats is said once
    head: tuple[str, ...] = ()  # of the table: its first and its last column stand to the left
    rows: tuple[tuple[str, ...], ...] = ()
    after: tuple[str, ...] = ()
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A report: what it is of, the answer in a line, and the rest."""

    day: date
    title: str
    verdict: str
    remarks: tuple[str, ...]  # what belongs to the verdict
    tone: Tone
    sections: tuple[Section, ...]
    plain: dict[str, Any]  # the same for a program

    @property
    def exit_status(self) -> int:
        """1 where something differs still."""
        return FINE if self.tone == "fine" else BAD_NEWS


def rendered(report: Report, form: Form) -> str:
    """Spell a report as text, JSON or HTML."""
    match form:
        case "text":
            return "\n".join(_text(report))
        case "json":
            return json.dumps(report.plain, indent=1, ensure_ascii=False)
        case "html":
            return _html(report)


def _text(report: Report) -> Iterator[str]:
    yield from _wrapped(report.title)
    for line in (report.verdict, *report.remarks):
        yield from _wrapped(line)
    for section in report.sections:
        yield ""
        yield from _wrapped(section.heading)
        for line in section.lines:
            yield from _wrapped(line, " ")
        yield from _labelled(section)
        if section.rows:
            yield from _table(section)
        for line in section.after:
            yield from _wrapped(line, " ")


def _wrapped(line: str, first: str = "", following: str | None = None) -> list[str]:
    """Break a line between words: never within a command, an id or an amount."""
    indent = f"{first}  " if following is None else following
    return wrap(
        line, WIDTH, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _labelled(section: Section) -> Iterator[str]:
    width = max((len(label) for label, _ in section.labelled), default=0)
    said = ""
    for label, words in section.labelled:
        first = f" {'' if label == said else label:<{width}}  "
        yield from _wrapped(words, first, " " * len(first)) or [first.rstrip()]
        said = label


def _table(section: Section) -> Iterator[str]:
    """Spell a table; where it is too wide, each name stands above its figures."""
    last = len(section.head) - 1
    table = (section.head, *section.rows)
    lines = [f" {line.rstrip()}" for line in columns(table, right=frozenset(range(1, last)))]
    if max(map(len, lines)) <= WIDTH:
        yield from lines
        return
    figures = columns((row[1:] for row in table), right=frozenset(range(last - 1)))
    for (name, *_), line in zip(table, figures, strict=True):
        yield f" {name}"[:WIDTH]
        yield f"   {line.rstrip()}"


def _html(report: Report) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # slow, needed only here

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("reconciliation.html.j2").render(report=report)
