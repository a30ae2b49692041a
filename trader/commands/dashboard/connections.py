"""Connections to the home's tables, kept for the next question that needs no more of them.

The owner's questions have connections of their own: a long one holds up no page.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from queries.relations import named_in, needed
from queries.sql import Answer, Terms, UnknownRelation, ask
from queries.tables import connect

if TYPE_CHECKING:
    import duckdb

KEPT_MAX = 4
OF_EVERY_PAGE = frozenset(("snapshot_taken", "book_reconciled", "cycle_started", "cycle_finished", "cycle_failed",
                           "trading_vetoed", "trading_halted", "targets_computed"))  # fmt: skip


class _Open(NamedTuple):
    relations: frozenset[str]
    connection: duckdb.DuckDBPyConnection


class Connections:
    """Answers one question after the other."""

    def __init__(self, home: Path, zone: str) -> None:
        self._home = home
        self._zone = zone
        self._one_at_a_time = Lock()
        self._open: list[_Open] = []

    def ask(self, question: str, terms: Terms) -> Answer:
        """Answer a question, behind the same fence as `tallybook sql`."""
        wanted = named_in(question)
        with self._one_at_a_time:
            try:
                return ask(self._with(wanted), question, terms)
            except UnknownRelation:
                return ask(self._with(None), question, terms)  # a name put together, or one that is misspelt

    def _with(self, wanted: frozenset[str] | None) -> duckdb.DuckDBPyConnection:
        """Return a connection that has these relations; None: all."""
        relations = needed(None if wanted is None else wanted | OF_EVERY_PAGE)
        for known in self._open:
            if relations <= known.relations:
                return known.connection
        fresh = _Open(relations, connect(self._home, zone=self._zone, wanted=relations))
        self._open = [fresh, *(known for known in self._open if not known.relations <= relations)][:KEPT_MAX]
        return fresh.connection
