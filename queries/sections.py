"""A report as sections: one text of 100 columns, one JSON, one HTML page that needs nothing else.

A section is figures, sentences, labelled lines, charts, a table, remarks, in this order. Everything is escaped in HTML,
which needs no network and no script, and has no `style` attribute: one style sheet is all (`style`). `body` is the part
of a page that the dashboard shows within its own frame; what rests on one line of the log names its seq, and `body`
makes a link of it where it is told to. To give sections something else: a field, and its place in `_text` and in
`templates/sections.html.j2`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal

from queries.figures import columns

if TYPE_CHECKING:
    from jinja2 import Environment

Tone = Literal["fine", "bad"]
Form = Literal["text", "json", "html"]
TEMPLATES = Path(__file__).with_name("templates")
WIDTH = 100
FINE, BAD_NEWS = 0, 1


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that is looked for first: large on a page, a labelled line in a text."""

    label: str
    words: str
    beside: str = ""  # what puts it in proportion
    tone: Tone | None = None
    seq: int | None = None  # the line of the log that it rests on


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture, and the same for whoever does not see it."""

    words: str  # what it shows
    svg: str
    legend: tuple[tuple[str, str], ...] = ()  # the style of a line, and its name
    spark: str = ""  # the course in a few characters


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a report."""

    heading: str
    lines: tuple[str, ...] = ()
    labelled: tuple[tuple[str, str], ...] = ()  # ("found", "09:35"); a label that repeats is said once
    head: tuple[str, ...] = ()  # of the table
    rows: tuple[tuple[str, ...], ...] = ()
    after: tuple[str, ...] = ()
    tone: Tone | None = None
    figures: tuple[Figure, ...] = ()
    charts: tuple[Chart, ...] = ()
    texts: frozenset[int] | None = None  # columns that stand to the left; None: the first and the last
    apart: frozenset[int] = frozenset()  # rows that are set apart
    seqs: tuple[int | None, ...] = ()  # the line of the log that each row, or without rows each label, rests on

    def is_text(self, column: int) -> bool:
        """Tell whether a column stands to the left."""
        return column in (frozenset((0, len(self.head) - 1)) if self.texts is None else self.texts)

    def is_apart(self, row: int) -> bool:
        """Tell whether a row is set apart."""
        words = self.rows[row][-1]
        return row in self.apart or "DIFFER" in words or " open" in words

    def seq(self, row: int) -> int | None:
        """Return the line of the log that a row, or a label, rests on; None: not one alone."""
        return self.seqs[row] if self.seqs else None


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
        yield from _figures(section)
        for line in section.lines:
            yield from _wrapped(line, " ")
        yield from _labelled(section.labelled)
        yield from (f" {chart.words}  {chart.spark}" for chart in section.charts if chart.spark)
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


def _figures(section: Section) -> Iterator[str]:
    words = max((len(figure.words) for figure in section.figures), default=0)
    told = ((figure.label, f"{figure.words:>{words}}  {figure.beside}".rstrip()) for figure in section.figures)
    yield from _labelled(tuple(told), keep=True)


def _labelled(labelled: tuple[tuple[str, str], ...], *, keep: bool = False) -> Iterator[str]:
    """Spell labels beside their words; what is to be kept has its own spaces, and is no longer than a line."""
    width = max((len(label) for label, _ in labelled), default=0)
    said = ""
    for label, words in labelled:
        first = f" {'' if label == said else label:<{width}}  "
        yield from [f"{first}{words}"] if keep else _wrapped(words, first, " " * len(first)) or [first.rstrip()]
        said = label


def _table(section: Section) -> Iterator[str]:
    """Spell a table; where it is too wide, each name stands above its figures."""
    right = frozenset(column for column in range(len(section.head)) if not section.is_text(column))
    table = (section.head, *section.rows)
    lines = [f" {line.rstrip()}" for line in columns(table, right=right)]
    if max(map(len, lines)) <= WIDTH:
        yield from lines
        return
    figures = columns((row[1:] for row in table), right=frozenset(column - 1 for column in right))
    for (name, *_), line in zip(table, figures, strict=True):
        yield f" {name}"[:WIDTH]
        yield f"   {line.rstrip()}"


# A page


def style() -> str:
    """Return the one style sheet that pages need."""
    return TEMPLATES.joinpath("report.css").read_text(encoding="utf-8")


def body(report: Report, *, link: str = "") -> str:
    """Spell a report as the inside of a page; with a link ("/event/"), what rests on a line of the log leads to it."""
    return _environment().get_template("sections.html.j2").render(report=report, link=link)


def _html(report: Report) -> str:
    return _environment().get_template("report.html.j2").render(title=report.title, body=body(report), style=style())


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # slow, needed only here

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
