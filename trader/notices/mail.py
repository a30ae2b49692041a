"""Handing a letter over to a mail server, as text and as HTML.

A mail that one of its addresses took has left: who is told twice stops reading. Who did not take it stands beside.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from functools import cache
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from ledger.events import NoticeFailed, NoticeSent
from queries.figures import columns
from trader.notices.letters import UNWRITABLE, Letter
from trader.settings import Mail, SettingsError, mail_password

if TYPE_CHECKING:
    from jinja2 import Environment

UNFOLDED = SMTP.clone(max_line_length=400, cte_type="7bit")  # a subject stays one line; any server takes seven bits
CHART_ID = "nav@tallybook.invalid"
WIDTH = 100  # of the text
OWN_NAME = "localhost"  # said to the server; asking the resolver for a better one may hang


def send(mail: Mail, home: Path, letter: Letter) -> NoticeSent | NoticeFailed:
    """Send a letter; what becomes of it is a fact, whatever is wrong with it, the settings or the server."""
    try:
        refused = _hand_over(mail, home, _message(mail, letter))
    except (OSError, smtplib.SMTPException, SettingsError, *UNWRITABLE) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return NoticeFailed(kind=letter.kind, subject=letter.subject, reason=reason, incident=letter.incident)
    return NoticeSent(kind=letter.kind, subject=letter.subject, incident=letter.incident, refused=refused)


def _message(mail: Mail, letter: Letter) -> EmailMessage:
    try:
        return message_of(mail, letter)
    except UNWRITABLE as error:
        return _bare(mail, letter, error)


def message_of(mail: Mail, letter: Letter) -> EmailMessage:
    """Render a letter as a message with both bodies."""
    message = _addressed(mail, letter, letter.subject)
    message.set_content(rendered(letter, "letter.txt.j2"))
    message.add_alternative(rendered(letter, "letter.html.j2"), subtype="html")
    if letter.chart:
        page = message.get_payload()[1]  # type: ignore[index]
        page.add_related(letter.chart, "image", "png", cid=f"<{CHART_ID}>", disposition="inline", filename="nav.png")  # type: ignore[union-attr]
    return message


def _bare(mail: Mail, letter: Letter, error: Exception) -> EmailMessage:
    """Say in any server's letters what it is about, where the whole cannot be rendered."""
    message = _addressed(mail, letter, _plain(letter.subject))
    lines = (*letter.summary, *(line for part in letter.parts for line in part.lines))
    rest = f"More could not be written: {type(error).__name__}: {error}"
    message.set_content("\n".join(_plain(line) for line in (letter.headline, *lines, rest, f"Type: {letter.command}")))
    return message


def _plain(text: str) -> str:
    return " ".join(text.encode("ascii", "replace").decode().split())


def _addressed(mail: Mail, letter: Letter, subject: str) -> EmailMessage:
    message = EmailMessage(policy=UNFOLDED)
    message["Subject"] = subject
    message["From"] = mail.from_address
    message["To"] = ", ".join(mail.to)
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = make_msgid(domain="tallybook.invalid")
    message["Auto-Submitted"] = "auto-generated"
    return message


def rendered(letter: Letter, template: str) -> str:
    """Fill a packaged template; HTML escapes everything."""
    table = columns((letter.columns, *letter.holdings), right=frozenset(range(1, len(letter.columns))))
    return (
        _templates()
        .get_template(template)
        .render(letter=letter, table=table if letter.holdings else [], chart_id=CHART_ID)
    )


@cache
def _templates() -> Environment:
    """Return the packaged templates; each is compiled once a process."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # slow, needed only to mail

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["wrapped"] = _wrapped
    return environment


def _wrapped(line: str) -> str:
    """Break a long line of the text between words; what follows stands indented."""
    indent = line[: len(line) - len(line.lstrip())]
    lines = wrap(line, WIDTH, subsequent_indent=f"{indent}  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


def _hand_over(mail: Mail, home: Path, message: EmailMessage) -> str | None:
    """Return who did not take it, while others did."""
    server = _connected(mail)
    try:
        if mail.tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if mail.user:
            server.login(mail.user, mail_password(mail, home))
        refused = server.send_message(message)  # raises if nobody takes it
        with suppress(OSError, smtplib.SMTPException):
            server.quit()  # what it says now takes nothing back
    finally:
        server.close()
    return "; ".join(f"{to}: {code} {said.decode(errors='replace')}" for to, (code, said) in refused.items()) or None


def _connected(mail: Mail) -> smtplib.SMTP:
    if mail.tls == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(mail.host, mail.port, OWN_NAME, timeout=mail.timeout_seconds, context=context)
    return smtplib.SMTP(mail.host, mail.port, OWN_NAME, timeout=mail.timeout_seconds)
