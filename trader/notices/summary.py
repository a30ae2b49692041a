"""The first lines of a mail, for a telephone: six with the headline, each of forty columns at most. Pure.

To tell something else there: another line takes its place, and says what it says within the width.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from ledger.book import Book
from ledger.bridged_days import BridgedDay
from queries.figures import change, clock_time, money, percent
from trader.notices.letters import SUMMARY_WIDTH
from trader.notices.paragraphs import age_text, day_text, pnl


def session_summary(
    book: Book,
    day: date,
    slots: tuple[str, ...],
    *,
    leverage_max: Decimal | None,
    drawdown: Decimal | None,
    bridged: BridgedDay | None,
) -> Iterator[str]:
    """Tell NAV, the day, agreement, leverage and trading, a line each."""
    today = book.snapshots.get(day)
    nav = today.nav if today is not None else _reported(book)
    age = (
        ""
        if today is not None or book.reported.nav_at is None
        else f", {age_text(book.now - book.reported.nav_at)} old"
    )
    yield _fitting(f"NAV {money(nav)} {book.base_currency}{age}")
    fallen = f", drawdown {percent(drawdown, 2)}" if drawdown is not None else ""
    yield _fitting(f"Day {change(pnl(book, day, bridged))}{fallen}")
    yield _agreement(book)
    bound = f" of {leverage_max:.2f}" if leverage_max is not None else ""
    yield _fitting(f"Leverage {today.leverage_gross:.2f}{bound}" if today is not None else "Leverage unknown")
    finished = sum(1 for name in slots if name in book.slots and book.slots[name].finished)
    orders = [order for order in book.orders.values() if order.session_day == day]
    filled = sum(1 for order in orders if order.filled)
    yield _fitting(f"{finished} of {len(slots)} cycles, {len(orders)} orders, {filled} filled")


def _reported(book: Book) -> Decimal | None:
    return book.reported.nav.net_liquidation if book.reported.nav is not None else None


def _agreement(book: Book) -> str:
    if book.reconciled is None:
        return "Book ? broker: never compared"
    count = len(book.open_breaks)
    return "Book = broker" if not count else f"Book ≠ broker: {count} break{'s' if count != 1 else ''} open"


def incident_summary(
    book: Book | None, began: datetime, now: datetime, command: str, zone: ZoneInfo, ended: datetime | None = None
) -> Iterator[str]:
    """Tell since when, the last known NAV, what was working, and what to type."""
    there = began.astimezone(zone)
    until = f" to {clock_time(ended, zone.key)}" if ended is not None else ""
    yield _fitting(f"{'from' if ended else 'since'} {day_text(there.date())} {there:%H:%M}{until} {_short(zone)}")
    if book is None or book.reported.nav is None or book.reported.nav_at is None:
        yield "NAV unknown"
    else:
        age = now - book.reported.nav_at
        old = f" ({age_text(age)} old)" if age >= timedelta(minutes=1) else ""
        yield _fitting(f"NAV {money(book.reported.nav.net_liquidation)}{old}")
    if book is not None:
        count = len(book.working_orders)
        yield f"{count or 'no'} order{'s' if count != 1 else ''} working when last seen"
        yield _agreement(book)
    yield _fitting(f"type: {command}")


def _short(zone: ZoneInfo) -> str:
    return zone.key.rpartition("/")[2].replace("_", " ")


def _fitting(line: str) -> str:
    """Cut a line to the width; what is cut stands below in full."""
    return line if len(line) <= SUMMARY_WIDTH else f"{line[: SUMMARY_WIDTH - 1]}…"
