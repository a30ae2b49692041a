"""Mails to the owner: at the start, middle and end of a session, and on every abnormal end.

What a mail says is composed purely from the book (`compose.py`, `paragraphs.py`), rendered and sent by `mail.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from ledger.book import Book
from ledger.events import NoticeFailed, NoticeSent
from queries.bridge import bridge_of
from trader.calendar import Calendar
from trader.notices.compose import END, due_notices, late_ends, session_letter
from trader.notices.letters import Letter
from trader.notices.mail import send
from trader.settings import Settings

__all__ = ["due_mails", "due_notices", "send", "session_letter"]


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


def _letter(book: Book, settings: Settings, home: Path, kind: str, day: date, calendar: Calendar) -> Letter:
    session = calendar.session(day)
    names = tuple(slot.name for slot in calendar.slots(session)) if session is not None else ()
    return session_letter(
        book, kind, day, names,
        leverage_max=settings.limits.gross_leverage_max,
        drawdown=book.growth.drawdown, bridged=bridge_of(home, day),
    )  # fmt: skip
