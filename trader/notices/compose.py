"""The letters that a home sends: session mails and alarms. Pure.

A session has three: START after its first finished cycle, MIDDLE after the middle one, END after the closing cycle; one
that was missed is not sent later than its successor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ledger.book import Book
from ledger.bridged_days import BridgedDay
from ledger.events import SnapshotTaken
from queries.figures import change, money
from trader.calendar import NEW_YORK, Slot
from trader.notices.letters import Letter, Part
from trader.notices.paragraphs import (
    HOLDINGS,
    age_text,
    bridge,
    cycle_troubles,
    day_text,
    figures_age,
    holdings,
    needs,
    order_troubles,
    pnl,
    previous_snapshot,
    reconciliation,
    standing,
    trades,
)

START, MIDDLE, END, ALARM = "start", "middle", "end", "alarm"


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with a start."""

    code: str  # stands in docs/runbook.md
    reason: str
    slot: str
    details: tuple[str, ...] = ()  # how the process ended
    recorded: str = ""  # why the log did not take it; empty if it did
    headline: str = ""  # of what did not end the start; empty if it did

    @property
    def incident(self) -> str:
        """One mail a code and day."""
        return f"{self.code}/{self.slot.partition('/')[0]}"


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
    zone: ZoneInfo = NEW_YORK,
) -> Letter:
    """Write a session mail.

    `bridged` is how the day's NAV came about: the book keeps what is, not what was. `drawdown` counts every snapshot,
    as the status does: the book keeps only the last one of each session.
    """
    waiting, mailed = tuple(needs(book)), _mailed(book, kind, day)
    return Letter(
        kind=kind,
        subject=_session_subject(book, kind, day, bridged),
        headline="Nothing needs you." if not waiting else "This needs you:",
        parts=(
            Part("", waiting),
            Part("Book and broker", tuple(reconciliation(book, kind, day, zone))),
            Part("The day", tuple(bridge(bridged))),
            Part("", tuple(trades(book, day, zone))),
            Part("", tuple(order_troubles(book, day))),
            Part("", (*cycle_troubles(book, day, slots), *_unsent_end(book, day))),
            Part("", tuple(standing(book, day, slots, leverage_max=leverage_max, drawdown=drawdown, mailed=mailed))),
            Part("", tuple(figures_age(book, book.now, zone))),
        ),
        columns=HOLDINGS,
        holdings=holdings(book),
        witness=_witness(book),
        at=book.now,
    )


def _session_subject(book: Book, kind: str, day: date, bridged: BridgedDay | None) -> str:
    today = book.snapshots.get(day)
    earned, nav = change(pnl(book, day, bridged)), money(today.nav if today else None)
    told = f" (broker {money(today.nav_reported)})" if today is not None and _is_apart(book, today) else ""
    return f"{_tag(book)} {kind.upper()} {day_text(day)}  {earned}  NAV {nav}{told}  {_verdict(book)}"


def _is_apart(book: Book, today: SnapshotTaken) -> bool:
    """Tell whether a break is open that makes our NAV another than the broker's: a split halves it until accepted."""
    return bool(book.open_breaks) and money(today.nav_reported) != money(today.nav)


def alarm_letter(book: Book | None, failure: Failure, mode: str, now: datetime, zone: ZoneInfo = NEW_YORK) -> Letter:
    """Write an alarm, with the last known figures and their age; `book` is None where the log cannot be read."""
    figures: tuple[str, ...] = ("The log cannot be read: no figures are known.",)
    if book is not None:
        known_nav = book.reported.nav
        nav = money(known_nav.net_liquidation) if known_nav is not None else "unknown"
        figures = (f"Last known NAV {nav}.", *figures_age(book, now, zone), *standing(book, _last_day(book)))
    return Letter(
        kind=ALARM,
        subject=f"{_tag(book) if book else f'[{mode}]'} ALARM {failure.slot}  {failure.code}{_nav_and_age(book, now)}",
        headline=failure.headline or f"The start of {failure.slot} ended abnormally: {failure.code}.",
        parts=(
            Part("", (failure.reason, *failure.details)),
            Part("", (_recorded(failure), "The next start tries again; nothing that was sent is sent twice.")),
            Part("What needs you", tuple(needs(book)) if book else ()),
            Part("Last known figures", figures),
        ),
        columns=HOLDINGS,
        holdings=holdings(book) if book else (),
        witness=_witness(book) if book else "",
        at=now,
        incident=failure.incident,
    )


def _tag(book: Book) -> str:
    dry = book.cycle is not None and book.cycle.started.dry_run
    return f"[{book.mode}{' dry run' if dry else ''}]"


def _verdict(book: Book) -> str:
    if book.halted is not None:
        return "HALTED"
    if book.recovery is not None:
        return "IN RECOVERY"
    if book.in_doubt:
        return "an order in doubt"
    count = len(book.open_breaks)
    if count:
        return f"{count} break{'s' if count > 1 else ''} open"
    return "orders stopped" if book.cycle is not None and (book.cycle.failures or book.cycle.vetoed) else "all clear"


def _mailed(book: Book, kind: str, day: date) -> str:
    sent = {known for known in (START, MIDDLE, END) if (known, day) in book.notices} | {kind}
    return f"mailed {len(sent)} of 3"


def _unsent_end(book: Book, day: date) -> tuple[str, ...]:
    before = previous_snapshot(book, day)
    if before is None or (END, before.session_day) in book.notices or f"{END}/{before.session_day}" in book.mailed:
        return ()
    return (f"The END mail of {day_text(before.session_day)} was not sent.",)


def _last_day(book: Book) -> date:
    return max(book.snapshots) if book.snapshots else book.now.date()


def _nav_and_age(book: Book | None, now: datetime) -> str:
    if book is None or book.reported.nav is None or book.reported.nav_at is None:
        return "  NAV unknown"
    return f"  NAV {money(book.reported.nav.net_liquidation)} ({age_text(now - book.reported.nav_at)} old)"


def _recorded(failure: Failure) -> str:
    return "It is recorded in the log." if not failure.recorded else f"The log could not record it: {failure.recorded}"


def _witness(book: Book) -> str:
    return f"{book.seq}:{book.head}"
