"""WHAT CAN WE LEARN? Tables, views, reports and charts over the log.

Everything here imports `ledger` alone and only reads: the log is the truth, the rest is derived and may be deleted.
To add an analysis view: write `views/NAME.sql` and add NAME to `VIEWS` in `tables.py`; to add a report: write a module
with a pure function from events to what is shown, and let the command print it.
"""

from queries.tables import HOME_ZONE, TableError, UnknownDay, connect

__all__ = ["HOME_ZONE", "TableError", "UnknownDay", "connect"]
