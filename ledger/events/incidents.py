"""What the owner is told: mails, incidents from beginning to end; and the watch that waits for our sign of life."""

from __future__ import annotations

from typing import Literal

from ledger.events.fact import Exact, Fact


class IncidentOpened(Fact):
    """Something began that the owner is told at once: one mail now, and one at its end."""

    type: Literal["incident_opened"] = "incident_opened"
    incident: str  # its name: code/day, or code/day/2 if it is the second of that day
    code: str  # stands in docs/runbook.md
    slot: str
    subjects: tuple[str, ...]  # what is wrong; it lasts until none of them is
    headline: str
    lines: tuple[str, ...]  # what is known of it
    command: str  # what to type first
    of_starts: bool = False  # starts do not reach their end: it lasts until one does
    to: tuple[str, ...] = ()  # who is to be told, mail or apprise; nobody where nothing is set up
    told: tuple[str, ...] = ()  # who was told before the log could take it
    nav: Exact | None = None  # the last that the broker had reported


class IncidentEnded(Fact):
    """None of what was wrong is any more."""

    type: Literal["incident_ended"] = "incident_ended"
    incident: str
    lines: tuple[str, ...] = ()  # what became of it


class NoticeSent(Fact):
    """A mail or a message left."""

    type: Literal["notice_sent"] = "notice_sent"
    kind: str  # start, middle, end; alarm and ended: of an incident
    subject: str
    incident: str = ""  # one mail an incident, and one at its end
    by: Literal["mail", "apprise"] = "mail"
    refused: str | None = None  # by which of its addresses, and why, while others took it


class NoticeFailed(Fact):
    """A mail or a message could not be handed over; a mail is tried again with the next."""

    type: Literal["notice_failed"] = "notice_failed"
    kind: str
    subject: str
    reason: str
    incident: str = ""
    by: Literal["mail", "apprise"] = "mail"


class PingFailed(Fact):
    """The watch that waits for our sign of life could not be reached; its address is a secret."""

    type: Literal["ping_failed"] = "ping_failed"
    reason: str


class PingAnswered(Fact):
    """The watch is reached again, after a failure."""

    type: Literal["ping_answered"] = "ping_answered"
