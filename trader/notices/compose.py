"""The letters of a session; those of incidents are written in `incidents.py`. Pure.

A session has three: START after its first finished cycle, MIDDLE after the middle one, END after the closing cycle; one
that was missed is not sent later than its successor.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from ledger.book import Book
from ledger.bridged_days import BridgedDay
from ledger.events import SnapshotTaken
from queries.fault_words import fault_lines
from queries.figures import change, clock_time, money
from trader.calendar import NEW_YORK, Slot
from trader.notices.holdings import HOLDINGS, holdings
from trader.notices.letters import Letter, Part
from trader.notices.limits import closest_limits
from trader.notices.paragraphs import (
    INDENT,
    age_text,
    bridge,
    cycle_troubles,
    day_text,
    figures_age,
    incidents_of,
    needs,
    order_troubles,
    outage_lasts,
    pnl,
    previous_snapshot,
    reconciliation,
    standing,
    trades,
)
from trader.notices.strategies import by_strategy
from trader.notices.summary import session_summary

START, MIDDLE, END = "start", "middle", "end"


def due_notices(book: Book, slot: Slot, slots: tuple[Slot, ...]) -> tuple[str, ...]:
    """Return which session mail is due after the cycle of a slot; `slots` are the session's trading slots."""
    known = book.slots.get(slot.name)
    if known is None or not known.finished:
        return ()
    sent = {kind for kind in (START, MIDDLE, END) if (kind, slot.day) in book.notices}
    if slot.kind == "close":
        return () if END in sent else (END,)
    past_middle = slot.at >= slots[len(slots) // 2].at
    if past_middle:
        return () if sent & {MIDDLE, END} else (MIDDLE,)
    return () if sent else (START,)


def due_in_outage(book: Book, slot: Slot, slots: tuple[Slot, ...]) -> tuple[str, ...]:
    """Return which digest is due though no cycle finishes: none in the slot whose alarm told it all."""
    lasts = next((it for it in book.incidents.values() if it.is_open and it.opened.of_starts), None)
    if lasts is None or lasts.opened.slot == slot.name:
        return ()
    if slot.kind == "close":
        kind = END
    elif slot.at >= slots[len(slots) // 2].at:
        kind = MIDDLE
    elif lasts.opened.slot.partition("/")[0] < slot.day.isoformat():
        kind = START
    else:
        return ()
    is_told = (kind, slot.day) in book.notices or outage_name(kind, slot.day) in book.mailed
    return () if is_told else (kind,)


def outage_name(kind: str, day: date) -> str:
    """Name a digest that tells of an outage: the session's own may still follow it."""
    return f"outage-{kind}/{day}"


def late_ends(book: Book, day: date) -> tuple[tuple[str, date], ...]:
    """Return the END mails of earlier sessions that could not be handed over: as incidents, with their days."""
    failed = (name for name in book.unsent if name.partition("/")[0] == END)
    return tuple((name, late) for name in failed if (late := date.fromisoformat(name.partition("/")[2])) < day)


def session_letter(
    book: Book,
    kind: str,
    day: date,
    slots: tuple[str, ...],
    *,
    leverage_max: Decimal | None = None,
    drawdown: Decimal | None = None,
    bridged: BridgedDay | None = None,
    outage: tuple[str, ...] | None = None,
    zone: ZoneInfo = NEW_YORK,
) -> Letter:
    """Write a session mail; `outage` is what is known while no cycle finishes.

    `bridged` is how the day's NAV came about: the book keeps what is, not what was. `drawdown` counts every snapshot,
    as the status does: the book keeps only the last one of each session.
    """
    waiting, mailed = tuple(needs(book)), _mailed(book, kind, day)
    return Letter(
        kind=kind,
        subject=_session_subject(book, kind, day, bridged),
        headline=_headline(waiting) if outage is None else "No cycle finishes.",
        summary=tuple(session_summary(book, day, slots, leverage_max=leverage_max, drawdown=drawdown, bridged=bridged)),
        parts=(
            Part("This needs you", waiting),
            Part("", tuple(outage_lasts(book, zone)) if outage is not None else ()),
            Part("", outage or ()),
            Part("Book and broker", tuple(reconciliation(book, kind, day, zone))),
            Part("The day", tuple(bridge(bridged))),
            Part("", tuple(trades(book, day, zone))),
            Part("", tuple(order_troubles(book, day))),
            Part("Strategies", tuple(by_strategy(book))),
            Part("", (*cycle_troubles(book, day, slots), *_unsent_end(book, day))),
            Part("", tuple(incidents_of(book, day, zone))),
            Part("", (*fault_lines(book), *closest_limits(book))),
            Part("", tuple(standing(book, day, slots, leverage_max=leverage_max, drawdown=drawdown, mailed=mailed))),
            Part("", tuple(figures_age(book, book.now, zone))),
        ),
        columns=HOLDINGS,
        holdings=holdings(book),
        witness=witness_of(book),
        at=book.now,
        incident=outage_name(kind, day) if outage is not None else "",
    )


def bare_session_letter(
    book: Book, kind: str, day: date, error: Exception, *, outage: tuple[str, ...] | None = None
) -> Letter:
    """Write a session mail without its figures, where one of them cannot be told: a mail that is missing alarms."""
    return Letter(
        kind=kind,
        subject=f"{tag_of(book)} {kind.upper()} {day_text(day)}  figures unknown",
        headline="The figures could not be told.",
        parts=(
            Part("", (f"What hinders: {type(error).__name__}: {error}",)),
            Part("", () if outage is None else ("No cycle finishes.", *outage)),
        ),
        columns=(),
        holdings=(),
        witness=witness_of(book),
        at=book.now,
        incident=outage_name(kind, day) if outage is not None else "",
        command="tallybook status",
    )


def _headline(waiting: tuple[str, ...]) -> str:
    count = sum(1 for line in waiting if not line.startswith(INDENT))
    return "Nothing needs you." if not count else f"{count} thing{'s need' if count > 1 else ' needs'} you, see below."


def _session_subject(book: Book, kind: str, day: date, bridged: BridgedDay | None) -> str:
    today = book.snapshots.get(day)
    if today is None and book.reported.nav is not None and book.reported.nav_at is not None:
        known = f"{money(book.reported.nav.net_liquidation)} ({age_text(book.now - book.reported.nav_at)} old)"
        return f"{tag_of(book)} {kind.upper()} {day_text(day)}  NAV {known}  {_verdict(book)}"
    earned, nav = change(pnl(book, day, bridged)), money(today.nav if today else None)
    told = f" (broker {money(today.nav_reported)})" if today is not None and _is_apart(book, today) else ""
    return f"{tag_of(book)} {kind.upper()} {day_text(day)}  {earned}  NAV {nav}{told}  {_verdict(book)}"


def _is_apart(book: Book, today: SnapshotTaken) -> bool:
    """Tell whether a break is open that makes our NAV another than the broker's: a split halves it until accepted."""
    return bool(book.open_breaks) and money(today.nav_reported) != money(today.nav)


def tag_of(book: Book) -> str:
    """Say in brackets whether money is at stake."""
    dry = book.cycle is not None and book.cycle.started.dry_run
    return f"[{book.mode}{' dry run' if dry else ''}]"


def _verdict(book: Book) -> str:
    if (known := next((it for it in book.incidents.values() if it.is_open and it.opened.of_starts), None)) is not None:
        return f"no cycle since {clock_time(known.at, NEW_YORK.key)}"
    if book.halted is not None:
        return "HALTED"
    if book.recovery is not None:
        return "IN RECOVERY"
    if book.in_doubt:
        return "an order in doubt"
    count = len(book.open_breaks)
    if count:
        return f"{count} break{'s' if count > 1 else ''} open"
    if book.cycle is None:
        return "all clear"
    if book.cycle.failures or book.cycle.vetoed:
        return "orders stopped"
    day = book.cycle.started.session_day
    if refused := sum(order.status == "rejected" and order.session_day == day for order in book.orders.values()):
        return f"{refused} order{'s' if refused > 1 else ''} refused"
    return "all clear"


def _mailed(book: Book, kind: str, day: date) -> str:
    sent = {known for known in (START, MIDDLE, END) if (known, day) in book.notices} | {kind}
    return f"mailed {len(sent)} of 3"


def _unsent_end(book: Book, day: date) -> tuple[str, ...]:
    before = previous_snapshot(book, day)
    if before is None or (END, before.session_day) in book.notices or f"{END}/{before.session_day}" in book.mailed:
        return ()
    return (f"The END mail of {day_text(before.session_day)} was not sent.",)


def witness_of(book: Book) -> str:
    """Return SEQ:HASH of the log's last line."""
    return f"{book.seq}:{book.head}"
