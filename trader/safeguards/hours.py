"""When orders may leave: within the session, away from its edges, and not while the gateway restarts."""
# ruff: noqa: ARG001, D401 - every safeguard has the same signature, and says what it stands for

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ledger.book import Book
from ledger.events import decimal_text
from ledger.hours import Hours, hours_of, last_moment
from trader.limits import Limits, parse_window
from trader.projection import planned_orders, running_cycle
from trader.verdicts import Verdict, at_least

MINUTE = Decimal(60)


def market_is_open(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """Orders are for the regular session, each for that of its own exchange."""
    started = running_cycle(book).started
    ends = _earliest_close(book)
    is_open = started.session_open <= book.now < ends and all(hours.has_opened(book.now) for hours in _hours(book))
    hours = f"{started.session_open:%Y-%m-%d %H:%M} to {ends:%H:%M} UTC"
    left = decimal_text(Decimal(int((ends - book.now).total_seconds())))
    return (Verdict("pass" if is_open else "veto", "now within the session", f"{book.now:%H:%M:%S}", hours, left),)


def _hours(book: Book) -> tuple[Hours, ...]:
    """Return the hours of every contract that is to be ordered."""
    started = running_cycle(book).started
    return tuple(hours_of(started, order.symbol) for order in planned_orders(book))


def _earliest_close(book: Book) -> datetime:
    started = running_cycle(book).started
    return last_moment(started, [order.symbol for order in planned_orders(book)])


def the_open_is_over(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """The first minutes are wide and wild."""
    opens = (hours.open for hours in _hours(book) if hours.open is not None)
    since = book.now - max(opens, default=running_cycle(book).started.session_open)
    minutes = Decimal(int(since.total_seconds())) / MINUTE
    return (at_least(minutes, Decimal(limits.minutes_after_open_min), "minutes since the open"),)


def the_close_is_not_near(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """What is sent in the last minutes may not be filled, nor cancelled in time."""
    left = _earliest_close(book) - book.now
    minutes = Decimal(int(left.total_seconds())) / MINUTE
    return (at_least(minutes, Decimal(limits.minutes_before_close_min), "minutes until the close"),)


def gateway_does_not_restart(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """The gateway restarts every night: an order sent then may be lost, or come twice."""
    window = parse_window(limits.gateway_restart)
    if window is None:
        return (Verdict("pass", "now outside of the gateway's restart", "no window in the settings", ""),)
    begins, ends, zone = window
    now = book.now.astimezone(ZoneInfo(zone)).time()
    within = begins <= now < ends if begins <= ends else now >= begins or now < ends
    return (
        Verdict(
            "veto" if within else "pass",
            "now outside of the gateway's restart",
            f"{now:%H:%M:%S} {zone}",
            f"not {limits.gateway_restart}",
        ),
    )
