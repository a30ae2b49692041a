"""After a cycle: a sign of life, what began and what is over, and whoever should know of it is told.

A failure that nobody was left to tell is told by the next start; what did not leave is tried again after each cycle.
"""

from __future__ import annotations

from pathlib import Path

from ledger.events import CycleFailed
from ledger.ledger import Ledger
from trader.alarms import KINDS, troubles
from trader.incidents import Failure, begun, begun_by_start, over
from trader.notices.delivery import Channels, tell_incidents
from trader.ping import ping
from trader.settings import Settings
from trader.unrecorded import forget, notes

CUT_OFF = "it ended without a word: the machine went down, or its parent was killed with it"


class CycleCutOff:
    """A cycle that neither finished nor failed, as far as the log knows."""

    code = "cycle-cut-off"


def tell_untold(ledger: Ledger, settings: Settings, home: Path) -> None:
    """Record and tell the end of the start before, where nobody was left to do so."""
    channels = Channels(home, settings.mail, settings.notices)
    cycle = ledger.book.cycle
    if cycle is not None and not cycle.ended:
        ledger.record((CycleFailed(slot=cycle.started.slot, code=CycleCutOff.code, reason=CUT_OFF),))
    before = len(ledger.book.incidents)
    take_notes(ledger, channels)
    failed = ledger.book.failed
    if failed is not None:
        failure = Failure(failed.code, failed.reason, failed.slot)
        ledger.record(begun_by_start(ledger.book, failure, channels.to))
    if len(ledger.book.incidents) > before:  # else what waits is tried after the cycle: a server may be slow
        ledger.log.barrier()
        ledger.record(tell_incidents(ledger.book, channels))


def take_notes(ledger: Ledger, channels: Channels) -> None:
    """Record the failures that the log could not take when they happened."""
    for note in tuple(notes(channels.home)):
        ledger.record(begun_by_start(ledger.book, note.failure, channels.to, note.told))
        forget(note)


def tell_of_cycle(ledger: Ledger, settings: Settings, home: Path) -> None:
    """Give a sign of life after a cycle that finished, end what is over, begin what is new, and tell of both."""
    channels = Channels(home, settings.mail, settings.notices)
    ledger.record(ping(ledger.book, settings.notices, home, finished=True))
    found = troubles(ledger.book)
    ledger.record(tuple(over(ledger.book, found, KINDS)))
    ledger.record(tuple(begun(ledger.book, found, channels.to)))
    tell_again(ledger, settings, home)


def tell_again(ledger: Ledger, settings: Settings, home: Path) -> None:
    """Tell of incidents what somebody does not know yet."""
    ledger.log.barrier()  # a mail is a witness
    ledger.record(tell_incidents(ledger.book, Channels(home, settings.mail, settings.notices)))
