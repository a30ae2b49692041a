"""Error output that nobody may read any more: a cron or a journal that was restarted, a fleet's command that was ended.

What follows it, a fact and an alarm, matters more than the line, so a pipe that is broken stops nothing.
"""

from __future__ import annotations

import sys
from contextlib import suppress


def complain(words: str) -> None:
    """Write a line of error output, if it can be written."""
    with suppress(OSError):
        sys.stderr.write(f"{words}\n")
        sys.stderr.flush()
