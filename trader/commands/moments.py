"""Days and moments as they are typed on the command line."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import typer

DAY, MOMENT = "2005-02-17", "2005-02-17T16:00"


def day_of(text: str) -> datetime:
    """Read a day, as its midnight."""
    try:
        return datetime.combine(date.fromisoformat(text), time())
    except ValueError:
        raise typer.BadParameter(f"expected a day like {DAY}, found {text!r}") from None


def moment_of(text: str) -> datetime:
    """Read a day, as its last moment, or a moment by the clock of the home's zone."""
    with suppress(ValueError):
        return datetime.combine(date.fromisoformat(text), time.max)
    with suppress(ValueError):
        read = datetime.fromisoformat(text)
        if read.tzinfo is None:
            return read
    raise typer.BadParameter(f"expected a day or a moment like {MOMENT}, without a zone, found {text!r}")


def in_utc(told: datetime, zone: str) -> datetime:
    """Take a clock's time as that of a zone."""
    try:
        return told.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:
        raise typer.BadParameter(f"expected a moment of a log, found {told:%Y-%m-%d}") from None
