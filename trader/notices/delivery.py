"""Who is told of incidents, and by what: mail, and apprise beside it. Each hears of the beginning once, and of the end.

What did not leave is tried again after every cycle until it does. To tell by something else: a name in `to`, and its
way in `_handed_over`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ledger.book import Book
from ledger.events import NoticeFailed, NoticeSent
from ledger.incidents import Incident
from trader.notices.incidents import bare_letter, incident_letter
from trader.notices.letters import UNWRITABLE, Letter
from trader.notices.mail import send
from trader.notices.messages import send_message
from trader.schedule import SettingsError
from trader.settings import Mail, Notices, apprise_urls

MAIL, APPRISE = "mail", "apprise"


@dataclass(frozen=True)
class Channels:
    """By what the owner of a home is told."""

    home: Path
    mail: Mail | None
    notices: Notices | None

    @property
    def to(self) -> tuple[str, ...]:
        """Name those that are set up, whether they work or not."""
        return (*((MAIL,) if self._mails else ()), *((APPRISE,) if self._messages else ()))

    @property
    def _mails(self) -> bool:
        return self.mail is not None and self.mail.wanted

    @property
    def _messages(self) -> bool:
        try:
            return self.notices is not None and bool(apprise_urls(self.notices, self.home))
        except SettingsError:
            return True  # wanted, and told as what failed

    def hand_over(self, letter: Letter, by: str) -> NoticeSent | NoticeFailed:
        """Send a letter; what becomes of it is a fact."""
        if by == MAIL and self.mail is not None:
            return send(self.mail, self.home, letter)
        try:
            return send_message(apprise_urls(self.notices or Notices(), self.home), letter)
        except SettingsError as error:
            return NoticeFailed(
                kind=letter.kind, subject=letter.subject, reason=str(error), incident=letter.incident, by="apprise"
            )


def tell_incidents(book: Book, channels: Channels, now: datetime | None = None) -> Iterator[NoticeSent | NoticeFailed]:
    """Tell everybody what they do not know of the incidents. Sync HEAD first: a mail is a witness.

    After one that failed no more is tried by the same way: each attempt may take as long as the server's time limit.
    """
    broken: set[str] = set()
    for name in tuple(book.incidents):
        for by in channels.to:
            known = book.incidents[name]
            if by in broken or by not in known.opened.to:
                continue
            letter = _letter(book, known, by, now or book.now)
            if letter is not None:
                notice = channels.hand_over(replace(letter, incident=name), by)
                yield notice
                if isinstance(notice, NoticeFailed):
                    broken.add(by)


def _letter(book: Book, known: Incident, by: str, now: datetime) -> Letter | None:
    try:
        return incident_letter(book, known, by, now)
    except UNWRITABLE as error:  # in one of the figures: they are not what must be told
        return bare_letter(known, book.mode, now, error)
