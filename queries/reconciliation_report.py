"""`tallybook report reconciliation DAY`: did the book agree with the broker, why not, and what did the statement say?

The answer stands first; then each break with what it stopped, why, and how it ended or what to do; then the statement;
then every look at the broker. To add a section: a function that yields `Section`s, and its name in `report_of`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ledger.book import Book, Forgotten, replay
from ledger.breaks import Break
from ledger.checkpoints import folded_from
from ledger.events import (
    BookReconciled,
    CycleStarted,
    Fact,
    StatementReconciled,
    WitnessRow,
    decimal_text,
    instant_text,
)
from ledger.line import Event
from ledger.log import read_events
from ledger.log.storage import day_files, events_folder
from ledger.lots import exactly
from queries.advice import accepting
from queries.break_words import (
    booking_words,
    both_sides,
    difference_of,
    ended_words,
    follows,
    symbol,
    trade_sum,
    what_differs,
)
from queries.figures import change, city, clock_time, money
from queries.sections import Report, Section, Tone
from queries.sums import MONEY, rows_of, sum_of, taken_number
from queries.tables import HOME_ZONE, UnknownDay
from queries.witness_words import (
    FATES,
    agreeing_words,
    fact_words,
    figures_of,
    is_open,
    names_of,
    period_of,
    verdict_of,
)

LOOKED_AHEAD = timedelta(days=14)  # so long a report looks for the day's statement, and for what became of its breaks
NO_STATEMENT = "No statement of this day has been read yet: what was inferred stays provisional."
LOOK_CLOSER = "To see every figure and the lines behind it: tallybook reconcile --statement FILE"
GRAVITY = ("note", "lock", "reduce_only", "halt")
STAYING = ("foreign_trade", "refused_fact", "order", "corporate_action")  # kinds that never close by themselves
MARKS = {"accepted": "accepted", "taken back": "accepted, and taken back", "closed": "this it was", "open": ""}
FATE_OF_ONE = (
    ("confirmed", "the statement confirmed it"),
    ("replaced", "the statement told it otherwise"),
    ("reversed", "undone: the statement lacks it"),
    ("waiting", "not told by the statement yet"),
)
WORDS = (
    ("book", "what tallybook's own log of facts comes to"),
    ("broker", "what the broker's API reported when it was asked"),
    ("statement", "the broker's account statement of the day, read the next morning"),
    ("apart", "what the broker has more (+) or less (-) than the book"),
    ("break", "a difference between the two; it locks, reduces or halts trading until it is settled"),
    ("certain", "the broker's own record says so"),
    ("likely", "announced, accrued, or several differences that fit one event to the cent"),
    ("possible", "nothing speaks against it; you choose, or the statement tells"),
    ("inferred", "booked by your acceptance or by a rule, before the statement told it"),
)


@dataclass(slots=True)
class Seen:
    """What the log says of a day's reconciliations."""

    day: date
    zone: str
    book: Book
    comparisons: list[Event] = field(default_factory=list)
    stated: StatementReconciled | None = None
    sessions: dict[int, date] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)  # what was recorded since, by its key

    def take(self, event: Event) -> date:
        """Sort one event in; return the day that it belongs to."""
        if isinstance(event.fact, CycleStarted):
            self.sessions[event.seq] = event.fact.session_day
        recorded_on = event.recorded_at.astimezone(ZoneInfo(self.zone)).date()
        day = recorded_on if event.cycle is None else self.sessions.get(event.cycle, recorded_on)
        if isinstance(event.fact, BookReconciled) and day == self.day:
            self.comparisons.append(event)
        if event.key is not None and day >= self.day:
            self.facts[event.key] = event.fact
        if isinstance(event.fact, StatementReconciled) and event.fact.first_day <= self.day <= event.fact.last_day:
            self.stated = event.fact
        return day

    def symbol(self, con_id: int) -> str:
        """Return what a person calls a contract."""
        return symbol(self.book, con_id)

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
        names = [name.removesuffix(".jsonl") for name in day_files(events_folder(home)).names]
        raise UnknownDay(
            f"{seen.day}: expected a day on which a cycle looked at the broker, found none; the log was written on "
            f"{' to '.join(dict.fromkeys((names[0], names[-1])))}"
        )
    breaks = seen.breaks()
    verdict, remarks, tone = _verdict(seen, breaks)
    sections = (*_breaks(seen, breaks), *_statement(seen), *_comparisons(seen), Section("Words", labelled=WORDS))
    title = f"{seen.book.account} {seen.book.mode} · reconciliation of {seen.day:%a} {seen.day.day} {seen.day:%b %Y}"
    return Report(seen.day, title, verdict, remarks, tone, sections, _plain(seen, breaks, (verdict, *remarks), tone))


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


def _verdict(seen: Seen, breaks: tuple[Break, ...]) -> tuple[str, tuple[str, ...], Tone]:
    """Return the answer in a line, what belongs to it, and whether it is good."""
    still = [known for known in breaks if known.status == "open"]
    stated = seen.stated
    if still:
        names = ", ".join(known.found.break_id for known in still)
        told = f"BOOK ≠ BROKER · {names} open: {_stopped(seen, still)} · what to do stands below"
    elif breaks:
        told = f"BOOK = BROKER · {_counted(len(breaks), 'break')}, {'all ' * (len(breaks) > 1)}settled"
    elif seen.comparisons:
        told = "BOOK = BROKER · no breaks"
    else:
        told = "NOT COMPARED · no cycle looked at the broker on this day"
    if stated is not None and any(map(is_open, stated.rows)):
        told = told if still else told.replace("BOOK = BROKER", "BOOK ≠ STATEMENT")
        return told, (verdict_of(stated), LOOK_CLOSER), "bad"
    return told, (NO_STATEMENT if stated is None else verdict_of(stated),), "bad" if still else "fine"


def _stopped(seen: Seen, still: list[Break]) -> str:
    """Say what the gravest of the open breaks stop."""
    gravest = max(GRAVITY.index(known.found.consequence) for known in still)
    words = (follows(seen.book, known) for known in still if GRAVITY.index(known.found.consequence) == gravest)
    return "; ".join(dict.fromkeys(words))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _breaks(seen: Seen, breaks: tuple[Break, ...]) -> Iterator[Section]:
    """Tell each break: what differed, what that stopped, why, how it ended, or what to do."""
    for known in sorted(breaks, key=lambda each: each.status != "open"):
        stopped = follows(seen.book, known)
        stands = f"OPEN: {stopped}" if known.status == "open" else f"{stopped}, {known.status}"
        name = f"Break {known.found.break_id} · {what_differs(seen.book, known)} · {stands}"
        yield Section(name, labelled=tuple(_told(seen, known)), tone="bad" if known.status == "open" else None)


def _told(seen: Seen, known: Break) -> Iterator[tuple[str, str]]:
    found, explanation = known.found, known.explanation
    if known.status == "open":
        yield "to do", accepting(known)
        if found.kind not in STAYING:
            yield "to do", "nothing, if the broker is wrong or late: it closes by itself when both sides match again"
    if found.difference is not None:
        yield "apart", f"{difference_of(known)}{_unit(seen, known)}: {both_sides(known)}"
    elif found.text and (explanation is None or explanation.text != found.text):
        yield "what", found.text
    yield from _why(seen, known)
    if explanation is not None and (evidence := rows_of(explanation)[(taken_number(known) or 1) - 1].evidence):
        yield "rests on", "; ".join(evidence)
    yield "found", _at(seen, known.at)
    if known.ended_at is not None:
        yield "ended", f"{_at(seen, known.ended_at)}, {ended_words(known)}"
    yield from (("booked", words) for words in _booked(seen, known))


def _unit(seen: Seen, known: Break) -> str:
    if known.found.kind in MONEY:
        return f" {known.found.currency or seen.book.base_currency}"
    return " units" if known.found.kind in ("position", "foreign_trade") else ""


def _why(seen: Seen, known: Break) -> Iterator[tuple[str, str]]:
    """Spell every explanation, the one that was accepted marked."""
    told, moved = known.explanation, trade_sum(seen.book, known)
    if moved is not None:
        yield "why", moved
    elif told is None or not told.terms:
        yield "why", told.text if told is not None else "not explained"
    else:
        taken, rows = taken_number(known), rows_of(told)
        for number, row in enumerate(rows, 1):
            name = f"{number} " if len(rows) > 1 else ""
            mark = f" ← {MARKS[known.status]}" if number == taken and len(rows) > 1 else ""
            yield "why", f"{name}{row.certainty}: {sum_of(known, row)}{mark}"


def _booked(seen: Seen, known: Break) -> Iterator[str]:
    """Tell what was recorded with the end of a break, and what became of it."""
    accepted, closed = known.accepted, known.closed
    keys = accepted.recorded if accepted is not None else closed.evidence if closed is not None else ()
    for key in keys:
        fact = seen.facts.get(key)
        if fact is not None:
            yield f"{booking_words(seen.book, fact)}{_fate(seen, known, key)}"


def _fate(seen: Seen, known: Break, key: str) -> str:
    """Say what became of a fact that was inferred."""
    if known.taken_back is not None:
        return "; taken back"
    for name, words in FATE_OF_ONE:
        if seen.stated is not None and any(each.key == key for each in getattr(seen.stated, name)):
            return f"; {words}"
    return "; provisional until a statement tells it" if key in seen.book.provisional else ""


def _at(seen: Seen, moment: datetime) -> str:
    there = moment.astimezone(ZoneInfo(seen.zone))
    return f"{there:%H:%M}" if there.date() == seen.day else f"{there:%a} {there.day} {there:%b %H:%M}"


def _comparisons(seen: Seen) -> Iterator[Section]:
    """Tell each comparison with what the API reported; equal ones of a minute are one line."""
    rows = list[tuple[str, ...]]()
    for event in seen.comparisons:
        fact = event.fact
        assert isinstance(fact, BookReconciled)
        at = clock_time(event.recorded_at, seen.zone)
        word = "agrees" if not fact.open_breaks else f"{_counted(fact.open_breaks, 'break')} open"
        figures = (money(fact.nav_own), money(fact.nav_reported), change(-fact.nav_difference))
        row = (at, str(fact.positions), str(fact.currencies), *figures, word)
        if not rows or rows[-1] != row:
            rows.append(row)
    if not rows:
        yield Section("Looks at the broker", ("None on this day.",))
        return
    base = seen.book.base_currency
    head = ("at", "positions", "currencies", f"NAV {base}, book", "broker", "apart", "")
    after = f"{_place(seen)} A cycle looks before it plans and after its orders; equal looks of a minute are one line."
    yield Section("Looks at the broker", head=head, rows=tuple(rows), after=(after,))


def _place(seen: Seen) -> str:
    return f"Times are {city(seen.zone)}'s."


def _statement(seen: Seen) -> Iterator[Section]:
    """Tell the statement three ways, and what it settled."""
    stated = seen.stated
    if stated is None:
        return  # the verdict says so
    told = [row for row in stated.rows if row.statement is not None and (row.own_before, row.own) != (None, None)]
    silent = sorted({row.kind for row in stated.rows if row.statement is None})
    alone = [row for row in stated.rows if row.statement is not None and row not in told]
    after = [f"Agreeing three ways: {agreeing_words(stated)}."] if stated.agreeing else []
    after += [f"Not in the statement: {', '.join(silent)}."] if silent else []
    after += [f"Not compared, for the book knows no such figure of the period: {names_of(alone)}."] if alone else []
    head = ("figure", "book before", "API", "statement", "book now", "")
    name = f"The broker's statement of {period_of(stated)}"
    yield Section(name, (), (), head, tuple(map(figures_of, told)), tuple(after))
    for fate, words in FATES:
        facts = getattr(stated, fate)
        if facts:
            yield Section(words.capitalize(), tuple(fact_words(fact, seen.symbol) for fact in facts))


def _plain(seen: Seen, breaks: tuple[Break, ...], answer: tuple[str, ...], tone: Tone) -> dict[str, Any]:
    stated = seen.stated
    comparisons = [
        {"at": instant_text(event.recorded_at), **event.fact.model_dump(mode="json", exclude_none=True)}
        for event in seen.comparisons
    ]
    told = [
        {
            "found": known.found.model_dump(mode="json", exclude_none=True),
            "explained": known.explanation.model_dump(mode="json", exclude_none=True) if known.explanation else None,
            "accepted": known.accepted.model_dump(mode="json", exclude_none=True) if known.accepted else None,
            "status": known.status, "why": known.why, "found_at": instant_text(known.at),
            "ended_at": instant_text(known.ended_at) if known.ended_at else None,
        }
        for known in breaks
    ]  # fmt: skip
    statement = None if stated is None else stated.model_dump(mode="json", exclude_none=True)
    if statement is not None and stated is not None:
        statement["differs_still"] = [_named(row) for row in stated.rows if is_open(row)]
    return {
        "day": seen.day.isoformat(), "account": seen.book.account, "mode": seen.book.mode, "verdict": answer[0],
        "remarks": answer[1:],
        "agrees": tone == "fine",
        "comparisons": comparisons, "breaks": told, "statement": statement,
    }  # fmt: skip


def _named(row: WitnessRow) -> dict[str, str]:
    assert row.own is not None
    assert row.statement is not None
    return {"kind": row.kind, "subject": row.subject, "by": decimal_text(row.own - row.statement)}
