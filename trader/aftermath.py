"""After an abnormal end: the log recovers and records it, and the owner is told.

Imported only when something went wrong. If the log refuses, the mail leaves all the same and says so. One mail an
incident: what is told already, in the log or, where it cannot be written, beside it (`trader/unrecorded.py`), stands in
the digests of the session until it is over.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ledger.book import Book
from ledger.checkpoints import book_of
from ledger.clock import Clock
from ledger.errors import LogError, LogLocked, LogNotWritable
from ledger.events import CycleFailed, NoticeFailed
from ledger.ledger import Ledger, LedgerError
from ledger.log.lock import read_holder
from ledger.log.storage import var_folder
from queries.break_words import symbol
from queries.figures import price, quantity
from trader import exits
from trader.calendar import Calendar
from trader.clocks import clock_of
from trader.complaining import complain
from trader.incidents import Failure, begun_by_start, is_told
from trader.notices import outage_mails
from trader.notices.delivery import Channels, tell_incidents
from trader.notices.incidents import alarm_letter
from trader.notices.letters import UNWRITABLE, Letter
from trader.ping import given, pinged
from trader.remarking import remarked
from trader.schedule import FILE_NAME, SettingsError, read_toml, schedule_of
from trader.settings import Mail, Notices, mail_of, notices_of
from trader.supervision import Ending
from trader.telling import take_notes
from trader.unrecorded import keep, kept

LOCK_SECONDS_MAX = 20.0  # what died may need a moment until its lock is gone
LOCK_LOOK_SECONDS = 0.2
CODED = re.compile(r"([a-z][a-z0-9-]*): (.+)")  # the line in which a process of ours says why it could not


def tell(home: Path, slot: str, ending: Ending, what: str) -> None:
    """Record and tell how the process of a slot ended; `what` is `cycle`, `commit` or `start`."""
    failure = failure_of(slot, ending, what)
    if not ending.last_words.startswith(f"{failure.code}: "):  # else it said so itself
        complain(f"{failure.code}: slot {slot}: {failure.reason}")
    toml = read_toml(home)
    clock = clock_of(home, schedule_of(toml, home / FILE_NAME).control)
    channels = _channels(toml, home)
    if failure.code == LogLocked.code:  # its holder lives: there is nothing to recover
        failure = replace(failure, recorded=f"{failure.code}: {failure.reason}")
    else:
        try:
            with _opened(home, clock) as ledger:
                if what == "cycle":
                    _record(ledger, failure, ending)
                _tell_with_log(ledger, channels, toml, failure, clock)
                ledger.record(tuple(pinged(ledger.book, _sign(channels, what))))
                return
        except (LogError, LedgerError) as error:
            failure = replace(failure, recorded=f"{error.code}: {error}")
        except OSError as error:  # a folder that this user may not even list
            recorded = f"{LogNotWritable.code}: {error.filename or home}: {error.strerror}; check the permissions"
            failure = replace(failure, recorded=recorded)
    _tell_without_log(channels, toml, failure, clock)
    _sign(channels, what)


def _sign(channels: Channels, what: str) -> str | None:
    """Give the watch its sign, last of all: whatever comes of that stops neither the record nor a mail."""
    return given(channels.notices or Notices(), channels.home, finished=False) if what != "commit" else None


def _tell_with_log(ledger: Ledger, channels: Channels, toml: dict[str, Any], failure: Failure, clock: Clock) -> None:
    """Open an incident unless it is told already, tell of it, and send the session's digests while it lasts."""
    book, home = ledger.book, channels.home
    take_notes(ledger, channels)
    calendar = Calendar.load(schedule_of(toml, home / FILE_NAME).calendar) if failure.code != "calendar" else None
    digests = outage_mails(book, failure.slot, calendar) if calendar is not None else ()
    now_known = known_now(book, home, toml) if digests or not is_told(book, failure) else ()
    ledger.record(begun_by_start(book, replace(failure, details=(*failure.details, *now_known)), channels.to))
    ledger.log.barrier()  # a mail is a witness
    for notice in tell_incidents(book, channels, clock.now()):
        _complain(notice)
        ledger.record((notice,))
    for letter in (digest(now_known) for digest in digests if "mail" in channels.to):
        notice = channels.hand_over(letter, "mail")
        _complain(notice)
        ledger.record((notice,))


def known_now(book: Book, home: Path, toml: dict[str, Any]) -> tuple[str, ...]:
    """Tell NAV and the orders that work, as far as they can be told: the alarm leaves without them, too."""
    try:
        return (*remarked(book, home, toml), *working(book))
    except UNWRITABLE as error:
        return (f"What is known now could not be told: {type(error).__name__}: {error}",)


def working(book: Book) -> Iterator[str]:
    """Tell the orders that worked when the broker was seen last: they may fill while nobody looks."""
    for order in book.working_orders:
        what = f"{'BUY' if order.quantity > 0 else 'SELL'} {quantity(abs(order.quantity))} {symbol(book, order.con_id)}"
        limit = f" limit {price(order.limit_price)}" if order.limit_price is not None else ""
        yield f"Working when last seen: {what}{limit}, filled {quantity(abs(order.filled))} ({order.order_ref})."


def failure_of(slot: str, ending: Ending, what: str) -> Failure:
    """Give an abnormal end its code and its words."""
    last = ending.last_words
    coded = CODED.fullmatch(last)
    if ending.timed_out:
        code, reason = f"{what}-timed-out", "it was not done within its time limit, and was ended"
    elif ending.exit_status == exits.OUT_OF_MEMORY:
        code, reason = f"{what}-out-of-memory", "it needed more memory than schedule.memory_megabytes allows"
    elif ending.signal is not None:
        code, reason = f"{what}-killed", f"it was ended by {ending.signal}"
    elif coded is not None:
        code, reason = coded.group(1), coded.group(2)
    else:
        code, reason = f"{what}-crashed", f"an error of our own: {last or 'it said nothing'}"
    return Failure(code, reason, slot, _details(ending), is_of_commit=what == "commit")


def _details(ending: Ending) -> tuple[str, ...]:
    status = f"exit status {ending.exit_status}" if ending.signal is None else ending.signal
    return (f"{status}, peak memory {ending.peak_memory_bytes // (1024 * 1024)} MB",)


def _opened(home: Path, clock: Clock) -> Ledger:
    """Open the ledger, which recovers it, once whoever holds the lock is gone; the wait is bounded."""
    limit = time.monotonic() + LOCK_SECONDS_MAX
    while read_holder(var_folder(home)) is not None and time.monotonic() < limit:
        time.sleep(LOCK_LOOK_SECONDS)  # not by trying: each try that is refused leaves a note
    return Ledger.open(home, clock)


def _record(ledger: Ledger, failure: Failure, ending: Ending) -> None:
    """Record the failure, unless the cycle did so itself before it ended."""
    cycle = ledger.book.cycle
    if cycle is not None and cycle.started.slot == failure.slot and cycle.ended == "failed" and ending.signal is None:
        return
    ledger.record(
        (
            CycleFailed(
                slot=failure.slot,
                code=failure.code,
                reason=failure.reason,
                exit_status=ending.exit_status,
                signal=ending.signal,
                peak_memory_bytes=ending.peak_memory_bytes,
            ),
        )
    )


def _channels(toml: dict[str, Any], home: Path) -> Channels:
    """Return by what the owner is told; whatever else is wrong in the file, an alarm must leave."""
    mail: Mail | None = None
    notices: Notices | None = None
    try:
        mail = mail_of(toml, home / FILE_NAME)
    except SettingsError as error:
        complain(f"{error.code}: no mail was sent: {error}")
    try:
        notices = notices_of(toml, home / FILE_NAME)
    except SettingsError as error:
        complain(f"{error.code}: only mails are sent: {error}")
    return Channels(home, mail, notices)


def _tell_without_log(channels: Channels, toml: dict[str, Any], failure: Failure, clock: Clock) -> None:
    """Tell what the log could not record, once an incident as far as a file beside it can be kept."""
    if not failure.recorded.startswith(f"{failure.code}: "):
        complain(failure.recorded)
    book = _readable_book(channels.home)
    if not channels.to or (book is not None and is_told(book, failure)):
        return
    mode = str(toml.get("account", {}).get("mode", "paper"))
    note = kept(channels.home, failure)
    for by in channels.to:
        if by not in note.told:
            notice = channels.hand_over(_alarm(book, failure, mode, clock.now()), by)
            _complain(notice)
            if not isinstance(notice, NoticeFailed):
                note = note._replace(told=(*note.told, by))
    keep(note)


def _alarm(book: Book | None, failure: Failure, mode: str, now: datetime) -> Letter:
    try:
        return alarm_letter(book, failure, mode, now)
    except UNWRITABLE:
        return alarm_letter(None, failure, mode, now)  # as if the log could not be read


def _complain(notice: object) -> None:
    if isinstance(notice, NoticeFailed):
        complain(f"mail-failed: {notice.subject}: {notice.reason}")


def _readable_book(home: Path) -> Book | None:
    try:
        return book_of(home)
    except (LogError, OSError):
        return None  # the letter says that no figures are known
