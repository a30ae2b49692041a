"""Handing an alert over to a telephone or a chat, by apprise: an extra, imported only to send.

The addresses are keys: no error names one, and the library's own words are not printed. What one of them took has left;
those that did not take it stand beside, by number.
"""

from __future__ import annotations

import logging

from ledger.events import NoticeFailed, NoticeSent
from trader.notices.letters import Letter

LINES_MAX = 12  # of a message; the mail has it all


def send_message(urls: tuple[str, ...], letter: Letter) -> NoticeSent | NoticeFailed:
    """Send the first lines of a letter to every address; it has left if one of them took it."""
    refused = _refused(urls, letter)
    reason = "; ".join(dict.fromkeys(refused))
    if len(refused) == len(urls):
        return NoticeFailed(
            kind=letter.kind, subject=letter.subject, reason=reason, incident=letter.incident, by="apprise"
        )
    return NoticeSent(
        kind=letter.kind, subject=letter.subject, incident=letter.incident, by="apprise", refused=reason or None
    )


def _refused(urls: tuple[str, ...], letter: Letter) -> tuple[str, ...]:
    """Say of each address that did not take it why."""
    try:
        from apprise import Apprise
    except ModuleNotFoundError:
        return ("apprise is not installed: pip install 'tallybook[apprise]'",) * len(urls)
    logging.getLogger("apprise").disabled = True  # its warnings would show the addresses
    refused = []
    for number, url in enumerate(urls, start=1):
        service = Apprise()
        if not service.add(url):
            refused.append(f"address {number} is none that apprise understands")
        elif not service.notify(title=letter.subject, body=_body(letter)):
            refused.append(f"the service at address {number} did not take it")
    return tuple(refused)


def _body(letter: Letter) -> str:
    lines = [*letter.summary, *(line for part in letter.parts for line in part.lines)]
    command = [f"type: {letter.command}"] if letter.command else []
    return "\n".join((letter.headline, *lines[:LINES_MAX], *command))
