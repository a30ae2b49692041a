"""Exit statuses: those that a caller sees, and those that a cycle's process tells its parent alone."""

from __future__ import annotations

FINE = 0
BAD_NEWS = 1  # the answer is bad news: open breaks, a veto, a failed step
COULD_NOT = 2  # bad settings, no broker, the log refuses: one line says what to do
LOCKED = 75  # another writer holds the log

NOTHING_TO_DO = 3  # child to parent: the slot is used up
CRASHED = 70  # child to parent: an error of our own
OUT_OF_MEMORY = 71  # child to parent
