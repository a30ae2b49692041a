"""Mails to the owner: at the start, middle and end of a session, and on every abnormal end.

What a mail says is composed purely from the book (`compose.py`, `paragraphs.py`), rendered and sent by `mail.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from ledger.book import Book
from ledger.events import Fact, OrderPlanned
from ledger.ledger import Ledger
from ledger.log import read_events
from trader.calendar import Calendar, Slot
from trader.notices.compose import due_notices, session_letter
from trader.notices.mail import send
from trader.settings import Settings

__all__ = ["due_notices", "mail_session", "send", "session_letter"]


def mail_session(ledger: Ledger, home: Path, settings: Settings, slot: Slot, calendar: Calendar) -> None:
    """Send the session mail that is due after the cycle of a slot, and record what became of it.

    HEAD is synced first: the mail carries the log's hash, and a witness must not know more than the disk.
    """
    session = calendar.session(slot.day)
    if session is None or not settings.mail.wanted:
        return
    slots = calendar.slots(session)
    due = due_notices(ledger.book, slot, slots)
    if due:
        ledger.log.barrier()
        ledger.record(_sent(ledger.book, home, settings, slot, slots, due))


def _sent(
    book: Book, home: Path, settings: Settings, slot: Slot, slots: tuple[Slot, ...], due: tuple[str, ...]
) -> Iterator[Fact]:
    names, leverage_max = tuple(slot.name for slot in slots), settings.limits.gross_leverage_max
    for kind in due:
        decided = _decided_prices(book, home)
        yield send(
            settings.mail,
            home,
            session_letter(book, kind, slot.day, names, leverage_max=leverage_max, decided=decided),
        )


def _decided_prices(book: Book, home: Path) -> dict[str, Decimal]:
    """Return the prices that the known orders were sized from; the book itself keeps only the last plan."""
    decided: dict[str, Decimal] = {}
    for event in read_events(home):
        match event.fact:
            case OrderPlanned(order_ref=str(order_ref), reference_price=Decimal() as seen) if order_ref in book.orders:
                decided[order_ref] = seen
    return decided
