"""The letters of an incident: the alarm at its beginning, one at its end, and the digests of an outage. Pure.

Each ends with the command to type. An alarm that did not leave before all was over is told together with the end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from ledger.book import Book
from ledger.incidents import Incident
from queries.figures import money
from trader.calendar import NEW_YORK
from trader.incidents import COMMIT, Failure
from trader.notices.compose import tag_of, witness_of
from trader.notices.holdings import HOLDINGS, holdings
from trader.notices.letters import Letter, Part
from trader.notices.paragraphs import age_text, figures_age, needs, standing
from trader.notices.summary import incident_summary

ALARM, ENDED = "alarm", "ended"
TRIED_AGAIN = "The next start tries again; nothing that was sent is sent twice."


def incident_letter(book: Book, known: Incident, by: str, now: datetime, zone: ZoneInfo = NEW_YORK) -> Letter | None:
    """Write what somebody does not know yet of an incident; None if they know it all."""
    opened = known.opened
    if not known.is_open:
        return ended_letter(book, known, by, now, zone) if by not in known.told_end else None
    if by in known.told:
        return None
    failure = Failure(
        opened.code, "", opened.slot, opened.lines, headline=opened.headline, command=opened.command,
        name=opened.incident, began=known.at, is_of_start=opened.of_starts or opened.subjects[0].startswith(COMMIT),
    )  # fmt: skip
    return alarm_letter(book, failure, book.mode, now, zone)


def alarm_letter(book: Book | None, failure: Failure, mode: str, now: datetime, zone: ZoneInfo = NEW_YORK) -> Letter:
    """Write an alarm, with the last known figures and their age; `book` is None where the log cannot be read."""
    return Letter(
        kind=ALARM,
        subject=f"{_tag(book, mode)} ALARM {failure.slot}  {failure.code}{_nav_and_age(book, now)}",
        headline=failure.first_line,
        summary=tuple(incident_summary(book, failure.began or now, now, failure.to_type, zone)),
        parts=(
            Part("", tuple(line for line in (failure.reason, *failure.details) if line)),
            Part("", (_recorded(failure), *((TRIED_AGAIN,) if failure.is_of_start else ()))),
            Part("What needs you", tuple(needs(book)) if book else ()),
            Part("Last known figures", _figures(book, now, zone)),
        ),
        columns=HOLDINGS,
        holdings=holdings(book) if book else (),
        witness=witness_of(book) if book else "",
        at=now,
        incident=failure.name or failure.incident,
        command=failure.to_type,
    )


def bare_letter(known: Incident, mode: str, now: datetime, error: Exception) -> Letter:
    """Write what the fact itself says, where something in the book cannot be told."""
    opened, kind = known.opened, ALARM if known.is_open else ENDED
    failure = Failure(
        opened.code, f"More could not be told: {type(error).__name__}: {error}", opened.slot, opened.lines,
        headline=opened.headline, command=opened.command, name=opened.incident, began=known.at, is_of_start=False,
    )  # fmt: skip
    letter = alarm_letter(None, failure, mode, now)
    headline = letter.headline if known.is_open else f"Over: {opened.code}."
    return replace(
        letter, kind=kind, subject=letter.subject.replace(" ALARM ", f" {kind.upper()} ", 1), headline=headline
    )


def ended_letter(book: Book, known: Incident, by: str, now: datetime, zone: ZoneInfo = NEW_YORK) -> Letter:
    """Write that an incident is over: what it was, how long it lasted, what was missed, what is different."""
    opened, ended = known.opened, known.ended
    command = "tallybook status"
    return Letter(
        kind=ENDED,
        subject=f"{tag_of(book)} ENDED {opened.slot}  {opened.code}{_nav_and_age(book, now)}",
        headline=f"Over: {opened.code}.",
        summary=tuple(incident_summary(book, known.at, now, command, zone, known.ended_at)),
        parts=(
            Part("", ended.lines if ended is not None else ()),
            Part("What it was" if by in known.told else "What it was, and could not be mailed then", opened.lines),
            Part("What needs you", tuple(needs(book))),
            Part("Now", _figures(book, now, zone)),
        ),
        columns=HOLDINGS,
        holdings=holdings(book),
        witness=witness_of(book),
        at=now,
        incident=opened.incident,
        command=command,
    )


def _figures(book: Book | None, now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    if book is None:
        return ("The log cannot be read: no figures are known.",)
    known = book.reported.nav
    nav = money(known.net_liquidation) if known is not None else "unknown"
    day = max(book.snapshots) if book.snapshots else book.now.date()
    return (f"Last known NAV {nav}.", *figures_age(book, now, zone), *standing(book, day))


def _tag(book: Book | None, mode: str) -> str:
    return tag_of(book) if book is not None else f"[{mode}]"


def _nav_and_age(book: Book | None, now: datetime) -> str:
    if book is None or book.reported.nav is None or book.reported.nav_at is None:
        return "  NAV unknown"
    return f"  NAV {money(book.reported.nav.net_liquidation)} ({age_text(now - book.reported.nav_at)} old)"


def _recorded(failure: Failure) -> str:
    return "It is recorded in the log." if not failure.recorded else f"The log could not record it: {failure.recorded}"
