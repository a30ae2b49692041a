"""Error output that nobody may read any more: a cron or a journal that was restarted, a fleet's command that was ended.

What follows it, a fact and an alarm, matters more than the line, so a pipe that is broken stops nothing.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def complain(words: str) -> None:
    """Write a line of error output, if it can be written."""
    try:
        sys.stderr.write(f"{words}\n")
        sys.stderr.flush()
    except OSError:
        _write_nowhere()


def _write_nowhere() -> None:
    """Let what is still to be written go; Python would try again as it ends, and replace the exit status by its own."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())
        os.close(nowhere)
