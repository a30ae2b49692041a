"""After an abnormal end: the log recovers and records it, and the owner is told.

Imported only when something went wrong. If the log refuses, the mail leaves all the same and says so; one mail an
incident (a code and a day), remembered in the log or, where it cannot be written, beside it.
"""

from __future__ import annotations

import re
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ledger.book import Book
from ledger.checkpoints import book_of
from ledger.clock import Clock
from ledger.errors import LogError, LogLocked, LogNotWritable
from ledger.events import CycleFailed, NoticeFailed, NoticeSent
from ledger.ledger import Ledger, LedgerError
from ledger.log.lock import read_holder
from ledger.log.storage import var_folder
from trader import exits
from trader.clocks import clock_of
from trader.notices.compose import Failure, alarm_letter
from trader.notices.mail import send
from trader.schedule import FILE_NAME, SettingsError, read_toml, schedule_of
from trader.settings import Mail, mail_of
from trader.supervision import Ending

LOCK_SECONDS_MAX = 20.0  # what died may need a moment until its lock is gone
LOCK_LOOK_SECONDS = 0.2
CODED = re.compile(r"([a-z][a-z0-9-]*): (.+)")  # the line in which a process of ours says why it could not


def tell(home: Path, slot: str, ending: Ending, what: str) -> None:
    """Record and mail how the process of a slot ended; `what` is `cycle`, `commit` or `start`."""
    failure = failure_of(slot, ending, what)
    if not ending.last_words.startswith(f"{failure.code}: "):  # else it said so itself
        sys.stderr.write(f"{failure.code}: slot {slot}: {failure.reason}\n")
    toml = read_toml(home)
    clock = clock_of(home, schedule_of(toml, home / FILE_NAME).control)
    mail = _mail(toml, home)
    if failure.code == LogLocked.code:  # its holder lives: there is nothing to recover
        _tell_without_log(home, mail, toml, replace(failure, recorded=f"{failure.code}: {failure.reason}"), clock)
        return
    try:
        with _opened(home, clock) as ledger:
            if what == "cycle":
                _record(ledger, failure, ending)
            if mail is not None and failure.incident not in ledger.book.mailed:
                ledger.log.barrier()  # the mail is a witness
                ledger.record((_sent(home, mail, toml, ledger.book, failure, clock.now()),))
    except (LogError, LedgerError) as error:
        _tell_without_log(home, mail, toml, replace(failure, recorded=f"{error.code}: {error}"), clock)
    except OSError as error:  # a folder that this user may not even list
        recorded = f"{LogNotWritable.code}: {error.filename or home}: {error.strerror}; check the permissions"
        _tell_without_log(home, mail, toml, replace(failure, recorded=recorded), clock)


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
    return Failure(code, reason, slot, _details(ending))


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


def _mail(toml: dict[str, Any], home: Path) -> Mail | None:
    """Return the mail settings if mail is wanted; whatever else is wrong in the file, an alarm must leave."""
    try:
        mail = mail_of(toml, home / FILE_NAME)
    except SettingsError as error:
        sys.stderr.write(f"{error.code}: no mail was sent: {error}\n")
        return None
    return mail if mail.wanted else None


def _sent(
    home: Path, mail: Mail, toml: dict[str, Any], book: Book | None, failure: Failure, now: datetime
) -> NoticeSent | NoticeFailed:
    mode = str(toml.get("account", {}).get("mode", "paper"))
    notice = send(mail, home, alarm_letter(book, failure, mode, now))
    if isinstance(notice, NoticeFailed):
        sys.stderr.write(f"mail-failed: {notice.subject}: {notice.reason}\n")
    return notice


def _tell_without_log(home: Path, mail: Mail | None, toml: dict[str, Any], failure: Failure, clock: Clock) -> None:
    """Mail what the log could not record, once an incident as far as a file beside it can be kept."""
    if not failure.recorded.startswith(f"{failure.code}: "):
        sys.stderr.write(f"{failure.recorded}\n")
    remembered = home / "var" / "alarms" / failure.incident.replace("/", "-")
    if mail is None or _lies(remembered):
        return
    book = _readable_book(home)
    if book is not None and failure.incident in book.mailed:
        return
    if isinstance(_sent(home, mail, toml, book, failure, clock.now()), NoticeSent):
        _remember(remembered)


def _readable_book(home: Path) -> Book | None:
    try:
        return book_of(home)
    except (LogError, OSError):
        return None  # the letter says that no figures are known


def _lies(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False  # nobody can tell: rather a second mail than none


def _remember(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        sys.stderr.write(f"{path}: expected to be writable, found: {error.strerror}; this mail may repeat\n")
