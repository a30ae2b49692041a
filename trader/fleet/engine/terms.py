"""What a task is asked on, beside the history: which trading days, which other settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Terms:
    """What a task is asked on."""

    first: date | None = None  # trading days; None: from the beginning
    last: date | None = None  # None: to the end
    over: Mapping[str, Any] | None = None  # sections of settings, laid over those that each cycle kept

    def hold(self, day: date | None) -> bool:
        """Tell whether a trading day is asked for; what lies before the first of all is of none."""
        if day is None:
            return False
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)
