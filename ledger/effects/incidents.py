"""Incidents and what was told of them; mails, and the watch that waits for a sign of life."""

from __future__ import annotations

from dataclasses import replace

from ledger.events import IncidentEnded, IncidentOpened, NoticeFailed, NoticeSent, PingAnswered, PingFailed
from ledger.incidents import Incident
from ledger.line import Event
from ledger.state import Forgotten, Impossible, State

ALARM, ENDED = "alarm", "ended"


def _opened(state: State, event: Event) -> None:
    fact: IncidentOpened = event.fact  # type: ignore[assignment]
    if fact.incident in state.incidents:
        raise Impossible(f"incident {fact.incident}: opened already")
    state.incidents[fact.incident] = Incident(fact, event.recorded_at, event.seq, told=fact.told)


def _ended(state: State, event: Event) -> None:
    fact: IncidentEnded = event.fact  # type: ignore[assignment]
    known = state.incidents.get(fact.incident)
    if known is None and state.horizon is not None:
        raise Forgotten(f"incident {fact.incident}: it may be one that is forgotten")
    if known is None or not known.is_open:
        found = "none" if known is None else "its end"
        raise Impossible(f"incident {fact.incident}: expected an open one, found {found}")
    state.incidents[fact.incident] = replace(known, ended=fact, ended_at=event.recorded_at)


def _sent(state: State, event: Event) -> None:
    fact: NoticeSent = event.fact  # type: ignore[assignment]
    known = state.incidents.get(fact.incident)
    if known is not None and fact.by not in known.told:
        known = state.incidents[fact.incident] = replace(known, told=(*known.told, fact.by))
    if known is not None and fact.kind == ENDED:
        state.incidents[fact.incident] = replace(known, told_end=(*known.told_end, fact.by))
    if fact.by != "mail":
        return
    state.mail_fails_since = None
    state.unsent.pop(_mail_name(state, fact), None)
    if fact.incident:
        state.mailed[fact.incident] = event.seq
    is_late = fact.incident and fact.kind not in (ALARM, ENDED)  # of a session before this one, or of an outage
    if state.cycle is not None and not is_late:
        state.notices[(fact.kind, state.cycle.started.session_day)] = event.seq


def _failed(state: State, event: Event) -> None:
    fact: NoticeFailed = event.fact  # type: ignore[assignment]
    if fact.by != "mail":
        return
    if state.mail_fails_since is None:
        state.mail_fails_since = event.recorded_at
    state.unsent.setdefault(_mail_name(state, fact), event.recorded_at)


def _mail_name(state: State, fact: NoticeSent | NoticeFailed) -> str:
    if fact.incident or state.cycle is None:
        return fact.incident
    return f"{fact.kind}/{state.cycle.started.session_day}"


def _ping_failed(state: State, event: Event) -> None:
    fact: PingFailed = event.fact  # type: ignore[assignment]
    state.ping_failure = fact.reason


def _ping_answered(state: State, _: Event) -> None:
    state.ping_failure = None


EFFECTS = (
    (IncidentOpened, _opened),
    (IncidentEnded, _ended),
    (NoticeSent, _sent),
    (NoticeFailed, _failed),
    (PingFailed, _ping_failed),
    (PingAnswered, _ping_answered),
)
