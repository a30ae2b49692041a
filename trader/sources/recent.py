"""The series that a source told last, kept below var/recent so that only what is newer has to be asked for.

One file a contract: a line of JSON about the rest, then the series in its canonical bytes. It can be asked for again at
any time, so it may be removed, is not synced, and counts only if its hash is right.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from trader.bars import BarsError, Series, read_series, series_bytes

FOLDER = Path("var") / "recent"


@dataclass(frozen=True)
class Recent:
    """What a source told of one contract, and how it was asked."""

    series: Series
    days: int  # how many bars were wanted
    whole_on: date  # last day of the fetch that asked for all of them
    asked: Mapping[str, datetime]  # the requests of the last fetch, and when each was sent


@dataclass(frozen=True)
class RecentBars:
    """The kept series of one source."""

    home: Path
    source: str

    def get(self, con_id: int) -> Recent | None:
        """Return what was kept; None where nothing was, or nothing that can be trusted."""
        try:
            head, _, body = self._path(con_id).read_bytes().partition(b"\n")
            about: dict[str, Any] = json.loads(head)
            if about["sha256"] != sha256(body).hexdigest():
                return None
            asked = {request: datetime.fromisoformat(at) for request, at in about["asked"].items()}
            return Recent(read_series(body), about["days"], date.fromisoformat(about["whole_on"]), asked)
        except (OSError, BarsError, ValueError, LookupError, TypeError, AttributeError):
            return None

    def keep(self, con_id: int, recent: Recent) -> None:
        """Replace what was kept."""
        body = series_bytes(recent.series)
        about = {
            "days": recent.days,
            "whole_on": recent.whole_on.isoformat(),
            "asked": {request: at.isoformat() for request, at in recent.asked.items()},
            "sha256": sha256(body).hexdigest(),
        }
        path = self._path(con_id)
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(json.dumps(about).encode() + b"\n" + body)
        aside.replace(path)

    def _path(self, con_id: int) -> Path:
        return self.home / FOLDER / f"{self.source}-{con_id}.csv"
