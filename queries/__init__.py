"""WHAT CAN WE LEARN? Tables, views, reports and charts over the log.

Everything here imports `ledger` alone and only reads: the log is the truth, the rest is derived and may be deleted.
To add an analysis view: write `views/NAME.sql` and add NAME to `VIEWS` in `relations.py`; to add a report: write a
module with a pure function from events to what is shown, and let the command print it. A notebook begins with
`connect(home)`, a DuckDB connection, and `book_at(home, moment)`, the book as data frames.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from queries.notebook import BookAt, book_at, frame
    from queries.tables import HOME_ZONE, TableError, UnknownDay, connect

__all__ = ["HOME_ZONE", "BookAt", "TableError", "UnknownDay", "book_at", "connect", "frame"]
MODULE_OF = {
    **dict.fromkeys(("HOME_ZONE", "TableError", "UnknownDay", "connect"), "tables"),
    **dict.fromkeys(("BookAt", "book_at", "frame"), "notebook"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: a light command must not pay for the vocabulary of events."""
    if name not in MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{MODULE_OF[name]}"), name)
