"""A page before it is HTML: what was asked, and what is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from trader.commands.dashboard.edition import Edition

FOUND, WRONG, MISSING = 200, 400, 404


@dataclass(frozen=True, slots=True)
class Asked:
    """What of an address decides on its page: the places in its path, and what follows the question mark."""

    place: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    def day(self) -> date:
        """Return the day that the path names."""
        try:
            return date.fromisoformat(self.place["day"])
        except ValueError:
            raise NoSuchPage(f"{self.place['day']}: expected a day, as 2005-03-01") from None


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its template and what that says."""

    template: str
    title: str
    shown: Mapping[str, Any]
    status: int = FOUND
    tab: str = ""  # which of the tabs it belongs to
    follows: bool = False  # is asked again when the log has grown


@dataclass(frozen=True, slots=True)
class File:
    """An answer that is no page of ours: what is downloaded, or a report that stands by itself."""

    content: str
    kind: str
    name: str = ""  # to save it under


class NoSuchPage(Exception):
    """Nothing is known under this address."""


Show = Callable[[Edition, Asked], "Page | File"]
Route = tuple[str, Show]  # the path, as Starlette writes it
