"""`tallybook report reconciliation DAY`: did the book agree with the broker, why not, and what did the statement say?

A report is a title, a verdict and sections, told as text of 100 columns, as JSON or as one HTML page that needs nothing
else. To add a section: a function that yields `Section`s, and its name in `report_of`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from textwrap import wrap
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ledger.book import Book, Forgotten, replay
from ledger.breaks import Break
from ledger.checkpoints import folded_from
from ledger.events import BookReconciled, CycleStarted, StatementReconciled, WitnessRow, decimal_text, instant_text
from ledger.line import Event
from ledger.log import read_events
from ledger.lots import exactly
from queries.figures import change, clock_time, columns, money, quantity
from queries.sums import MONEY, sum_of
from queries.tables import HOME_ZONE, UnknownDay
from queries.witness_words import FATES, agreeing_words, fact_words, figures_of, is_open, period_of, verdict_of

Tone = Literal["fine", "bad", "open"]
Form = Literal["text", "json", "html"]
WIDTH = 100
LOOKED_AHEAD = timedelta(days=14)  # so long a report looks for the day's statement, and for what became of its breaks
FINE, BAD_NEWS = 0, 1
NO_STATEMENT = "No statement of this day has been read yet: what was inferred stays provisional."


@dataclass(frozen=True, slots=True)
class Section:
    """One part: sentences, then a table, then more sentences."""

    heading: str
    lines: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A day's reconciliations, told."""

    day: date
    title: str
    verdict: str
    tone: Tone
    sections: tuple[Section, ...]
    plain: dict[str, Any]  # the same for a program

    @property
    def exit_status(self) -> int:
        """1 where something differs still."""
        return FINE if self.tone == "fine" else BAD_NEWS


@dataclass(slots=True)
class Seen:
    """What the log says of a day's reconciliations."""

    day: date
    zone: str
    book: Book
    comparisons: list[Event] = field(default_factory=list)
    stated: StatementReconciled | None = None
    sessions: dict[int, date] = field(default_factory=dict)

    def take(self, event: Event) -> date:
        """Sort one event in; return the day that it belongs to."""
        if isinstance(event.fact, CycleStarted):
            self.sessions[event.seq] = event.fact.session_day
        recorded_on = event.recorded_at.astimezone(ZoneInfo(self.zone)).date()
        day = recorded_on if event.cycle is None else self.sessions.get(event.cycle, recorded_on)
        if isinstance(event.fact, BookReconciled) and day == self.day:
            self.comparisons.append(event)
        if isinstance(event.fact, StatementReconciled) and event.fact.first_day <= self.day <= event.fact.last_day:
            self.stated = event.fact
        return day

    def symbol(self, con_id: int) -> str:
        """Return what a person calls a contract."""
        contract = self.book.contracts.get(con_id)
        return contract.symbol if contract is not None else f"contract {con_id}"

    def breaks(self) -> tuple[Break, ...]:
        """Return the breaks that were found, open or ended on the day."""
        return tuple(known for known in self.book.breaks.values() if self._is_of_day(known))

    def _is_of_day(self, known: Break) -> bool:
        zone = ZoneInfo(self.zone)
        found = known.session_day or known.at.astimezone(zone).date()
        ended = None if known.ended_at is None else known.ended_at.astimezone(zone).date()
        return found <= self.day and (ended is None or self.day <= ended)


def report_of(home: Path, day: date | None = None, zone: str = HOME_ZONE) -> Report:
    """Return the report of a day, the last one that was compared if none is named; UnknownDay where there is none."""
    seen = _seen(home, _last_day(home, zone) if day is None else day, zone)
    if not seen.comparisons and seen.stated is None:
        raise UnknownDay(f"{seen.day}: expected a day with a comparison, found none; see: tallybook status")
    breaks = seen.breaks()
    verdict, tone = _verdict(seen, breaks)
    sections = (*_breaks(seen, breaks), *_statement(seen), *_comparisons(seen))
    title = f"Reconciliation of {seen.day:%a} {seen.day.day} {seen.day:%b %Y} · {seen.book.account} {seen.book.mode}"
    return Report(seen.day, title, verdict, tone, sections, _plain(seen, breaks, verdict))


def _last_day(home: Path, zone: str) -> date:
    book, seal = folded_from(home)
    last, sessions = book.snapshot.session_day if book.snapshot is not None else None, dict[int, date]()
    for event in read_events(home, since=seal):
        if isinstance(event.fact, CycleStarted):
            sessions[event.seq] = event.fact.session_day
        if isinstance(event.fact, BookReconciled):
            on = event.recorded_at.astimezone(ZoneInfo(zone)).date()
            last = on if event.cycle is None else sessions.get(event.cycle, on)
    if last is None:
        raise UnknownDay(f"{home}: expected a day with a comparison, found none: run `tallybook cycle` first")
    return last


def _seen(home: Path, day: date, zone: str) -> Seen:
    book, seal = folded_from(home, before=f"{day}.jsonl")
    try:
        return _read(Seen(day, zone, book), read_events(home, since=seal))
    except Forgotten:
        seen = _read(Seen(day, zone, Book()), read_events(home), apply=False)
        seen.book = replay(read_events(home), retain=True)
        return seen


def _read(seen: Seen, events: Iterator[Event], *, apply: bool = True) -> Seen:
    with exactly():
        for event in events:
            if seen.take(event) > seen.day + LOOKED_AHEAD:
                break
            if apply:
                seen.book.apply(event)
    return seen


def _verdict(seen: Seen, breaks: tuple[Break, ...]) -> tuple[str, Tone]:
    still = [known.found.break_id for known in breaks if known.status == "open"]
    stated = seen.stated
    parts = []
    if still:
        parts.append(f"{', '.join(still)} {'is' if len(still) == 1 else 'are'} open.")
    elif breaks:
        parts.append(f"{len(breaks)} break{'s' if len(breaks) > 1 else ''}, all settled.")
    else:
        parts.append("No breaks: the book agreed with the broker's reports.")
    parts.append(NO_STATEMENT if stated is None else verdict_of(stated))
    if still or (stated is not None and any(map(is_open, stated.rows))):
        return " ".join(parts), "bad"
    return " ".join(parts), "fine"


def _comparisons(seen: Seen) -> Iterator[Section]:
    """Tell each comparison with what the API reported."""
    rows = []
    for event in seen.comparisons:
        fact = event.fact
        assert isinstance(fact, BookReconciled)
        at = clock_time(event.recorded_at, seen.zone)
        word = "agrees" if not fact.open_breaks else f"{fact.open_breaks} open"
        figures = (money(fact.nav_own), money(fact.nav_reported), change(fact.nav_difference))
        rows.append((at, str(fact.positions), str(fact.currencies), *figures, word))
    if not rows:
        yield Section("Looks at the broker", ("None on this day.",))
        return
    head = ("at", "positions", "currencies", "NAV own", "NAV broker", "apart", "breaks")
    yield Section("Looks at the broker", (), head, tuple(rows))


def _breaks(seen: Seen, breaks: tuple[Break, ...]) -> Iterator[Section]:
    """Tell each break: what differed, why, and how it ended."""
    if not breaks:
        yield Section("Breaks", ("None.",))
    for known in breaks:
        found = known.found
        subject = seen.symbol(found.con_id) if found.con_id is not None else found.subject
        name = f"Break {found.break_id} · {found.kind.replace('_', ' ')} {subject} · {_consequence(known)}"
        yield Section(name, tuple(_told(seen, known)))


def _consequence(known: Break) -> str:
    words = {"note": "noted, trading goes on", "lock": "contract locked", "reduce_only": "reduce only", "halt": "halt"}
    return words[known.found.consequence]


def _told(seen: Seen, known: Break) -> Iterator[str]:
    found, explanation = known.found, known.explanation
    if found.difference is not None:
        spell = money if found.kind in MONEY else _units
        apart = change(found.difference) if found.kind in MONEY else f"{found.difference:+,f}"
        yield f"Expected {spell(found.expected)}, broker {spell(found.found)}: apart by {apart}."
    if explanation is not None and explanation.terms:
        yield f"Because {sum_of(known, explanation)} ({explanation.certainty})."
        yield from (f"Or {row.cause}: {sum_of(known, row)} ({row.certainty})." for row in explanation.rivals)
    else:
        yield f"Because: {explanation.text}" if explanation is not None else found.text or "Not explained."
    if explanation is not None and explanation.evidence:
        yield f"Evidence: {', '.join(explanation.evidence)}."
    yield f"Found {_at(seen, known.at)}{_ended(seen, known)}."


def _ended(seen: Seen, known: Break) -> str:
    if known.ended_at is None:
        return "; open"
    by = f" by {known.accepted.by}" if known.accepted is not None and known.accepted.by else ""
    return f"; {known.status}{by} {_at(seen, known.ended_at)}: {known.why}".rstrip(".")


def _at(seen: Seen, moment: Any) -> str:
    there = moment.astimezone(ZoneInfo(seen.zone))
    same = there.date() == seen.day
    return f"at {there:%H:%M}" if same else f"on {there:%a} {there.day} {there:%b} at {there:%H:%M}"


def _units(number: Decimal | None) -> str:
    return "unknown" if number is None else quantity(number)


def _statement(seen: Seen) -> Iterator[Section]:
    """Tell the statement three ways, and what it settled."""
    stated = seen.stated
    if stated is None:
        yield Section("The broker's statement", (NO_STATEMENT,))
        return
    told = [row for row in stated.rows if row.statement is not None and (row.own_before, row.own) != (None, None)]
    silent = sorted({row.kind for row in stated.rows if row.statement is None})
    unknown = [f"{row.kind} {row.subject}" for row in stated.rows if row.statement is not None and row not in told]
    after = [f"Agreeing three ways: {agreeing_words(stated)}."] if stated.agreeing else []
    after += [f"Not in the statement: {', '.join(silent)}."] if silent else []
    after += [f"The book does not keep: {', '.join(unknown)}."] if unknown else []
    head = ("figure", "book before", "API", "statement", "book now", "")
    yield Section(
        f"The broker's statement of {period_of(stated)}", (verdict_of(stated),), head, tuple(map(figures_of, told)),
        tuple(after),
    )  # fmt: skip
    for name, words in FATES:
        facts = getattr(stated, name)
        if facts:
            yield Section(words.capitalize(), tuple(fact_words(fact, seen.symbol) for fact in facts))


def _plain(seen: Seen, breaks: tuple[Break, ...], verdict: str) -> dict[str, Any]:
    stated = seen.stated
    comparisons = [
        {"at": instant_text(event.recorded_at), **event.fact.model_dump(mode="json", exclude_none=True)}
        for event in seen.comparisons
    ]
    told = [
        {
            "found": known.found.model_dump(mode="json", exclude_none=True),
            "explained": known.explanation.model_dump(mode="json", exclude_none=True) if known.explanation else None,
            "status": known.status, "why": known.why, "found_at": instant_text(known.at),
            "ended_at": instant_text(known.ended_at) if known.ended_at else None,
        }
        for known in breaks
    ]  # fmt: skip
    statement = None if stated is None else stated.model_dump(mode="json", exclude_none=True)
    if statement is not None and stated is not None:
        statement["differs_still"] = [_named(row) for row in stated.rows if is_open(row)]
    return {
        "day": seen.day.isoformat(), "account": seen.book.account, "mode": seen.book.mode, "verdict": verdict,
        "comparisons": comparisons, "breaks": told, "statement": statement,
    }  # fmt: skip


def _named(row: WitnessRow) -> dict[str, str]:
    assert row.own is not None
    assert row.statement is not None
    return {"kind": row.kind, "subject": row.subject, "by": decimal_text(row.own - row.statement)}


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
    yield report.title
    yield from wrap(report.verdict, WIDTH)
    for section in report.sections:
        yield ""
        yield from wrap(section.heading, WIDTH)
        for line in section.lines:
            yield from wrap(line, WIDTH, initial_indent=" ", subsequent_indent="   ")
        if section.rows:
            yield from _table(section)
        for line in section.after:
            yield from wrap(line, WIDTH, initial_indent=" ", subsequent_indent="   ")


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
