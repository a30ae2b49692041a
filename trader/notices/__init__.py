"""Mails to the owner: at the start, middle and end of a session, and of every incident at its beginning and its end.

What a mail says is composed purely from the book (`compose.py`, `incidents.py`, `paragraphs.py`), rendered and sent by
`mail.py`; `delivery.py` knows who has heard of an incident and who has not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

from ledger.book import Book, Impossible
from ledger.bridged_days import BridgedDay
from ledger.errors import LogError
from ledger.events import NoticeFailed, NoticeSent
from queries.bridge import bridge_of
from trader.calendar import Calendar
from trader.notices.chart import chart_of
from trader.notices.compose import END, bare_session_letter, due_in_outage, due_notices, late_ends, session_letter
from trader.notices.letters import UNWRITABLE, Letter
from trader.notices.mail import send
from trader.settings import Settings

__all__ = ["due_mails", "due_notices", "outage_mails", "send", "session_letter"]


def due_mails(book: Book, settings: Settings, home: Path) -> Iterator[NoticeSent | NoticeFailed]:
    """Send the session mail that is due after the last cycle; what becomes of it is a fact.

    Sync HEAD first (`log.barrier`): the mail carries the log's hash, and a witness must not know more than the disk.
    """
    cycle = book.cycle
    if cycle is None or not settings.mail.wanted:
        return
    calendar, day = Calendar.load(settings.schedule.calendar), cycle.started.session_day
    session = calendar.session(day)
    if session is None:
        return
    slots = calendar.slots(session)
    slot = next((s for s in (*slots, calendar.closing_slot(session)) if s.name == cycle.started.slot), None)
    if slot is None:
        return  # a start by hand belongs to no part of the session
    for kind in due_notices(book, slot, slots):
        notice = send(settings.mail, home, _letter(book, settings, home, kind, day, calendar))
        yield notice
        if isinstance(notice, NoticeFailed):
            return  # each attempt may take as long as the server's time limit
    for incident, late in late_ends(book, day):
        letter = replace(_letter(book, settings, home, END, late, calendar), incident=incident)
        notice = send(settings.mail, home, letter)
        yield notice
        if isinstance(notice, NoticeFailed):
            return


def outage_mails(book: Book, slot_name: str, calendar: Calendar) -> tuple[Callable[[tuple[str, ...]], Letter], ...]:
    """Return the digests that are due while no cycle finishes: each is written with what is known meanwhile."""
    day = date.fromisoformat(slot_name.partition("/")[0])
    session = calendar.session(day)
    if session is None:
        return ()
    slots = calendar.slots(session)
    slot = next((s for s in (*slots, calendar.closing_slot(session)) if s.name == slot_name), None)
    if slot is None:
        return ()
    names = tuple(it.name for it in slots)
    return tuple(partial(_digest, book, kind, day, names, calendar) for kind in due_in_outage(book, slot, slots))


def _digest(
    book: Book, kind: str, day: date, names: tuple[str, ...], calendar: Calendar, known: tuple[str, ...]
) -> Letter:
    try:
        return session_letter(book, kind, day, names, drawdown=book.growth.drawdown, outage=known, zone=calendar.zone)
    except UNWRITABLE as error:
        return bare_session_letter(book, kind, day, error, outage=known)


def _letter(book: Book, settings: Settings, home: Path, kind: str, day: date, calendar: Calendar) -> Letter:
    try:
        return _whole_letter(book, settings, home, kind, day, calendar)
    except UNWRITABLE as error:
        return bare_session_letter(book, kind, day, error)


def _whole_letter(book: Book, settings: Settings, home: Path, kind: str, day: date, calendar: Calendar) -> Letter:
    session = calendar.session(day)
    names = tuple(slot.name for slot in calendar.slots(session)) if session is not None else ()
    leverage_max = settings.limits.gross_leverage_max
    letter = session_letter(
        book, kind, day, names,
        leverage_max=leverage_max, drawdown=book.growth.drawdown,
        bridged=_bridged(home, day, calendar), zone=calendar.zone,
    )  # fmt: skip
    if kind != END or not settings.mail.charts:
        return letter
    return replace(letter, chart=chart_of(home, leverage_max))


def _bridged(home: Path, day: date, calendar: Calendar) -> BridgedDay | None:
    """Return how the day's NAV came about; it reads days that a cycle does not, so one of them may be damaged."""
    try:
        return bridge_of(home, day, zone=calendar.zone.key)
    except (LogError, Impossible, OSError) as error:
        return BridgedDay(day, None, unknown=str(error))
