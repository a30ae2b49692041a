"""Signatures first: the venue's trading hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Session:
    date: date
    open: datetime  # UTC
    close: datetime  # UTC


def session_on(day: date) -> Session | None:
    raise NotImplementedError


def session_at(moment: datetime) -> Session | None:
    """The session under way (open <= moment < close), or None."""
    raise NotImplementedError


def next_session(moment: datetime) -> Session:
    """The first session that has not yet closed at this moment."""
    raise NotImplementedError


def new_york_midnight(moment: datetime) -> datetime:
    """The last New York midnight, in UTC."""
    raise NotImplementedError
