"""Which relations a statement needs: the words in it that name one, and what their views name in turn.

Only these are built, and only their files are opened and hashed. A word in a text or a comment may name one too many,
never one too few; a name that is put together while the statement runs (`query_table('fi' || 'lls')`) is not found, and
whoever asks builds them all. To add a view, write `views/NAME.sql` and add NAME to `VIEWS`, after those that it reads.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache
from importlib.resources import files

VIEWS: tuple[str, ...] = (
    "fills", "trades", "strategies", "orders", "cycles", "nav", "positions_history", "positions", "cash_history",
    "cash", "days", "leverage", "safeguards", "targets_and_positions", "break_lives", "data_provenance", "returns",
    "costs", "cycle_lines", "cash_movements",
    "trial_balance",
)  # fmt: skip
EVENTS, BARS = "events", "bars"
BOOK = ("journal", "lots", "realised", "nav_bridge", "strategy_books")  # `book_tables/`; each costs a fold
WORD, COMMENT = re.compile(r"\w+"), re.compile(r"--.*")
# `realised` is a column too: a relation of the book must stand where a relation does.
PLACE = re.compile(r'\b(?:from|join|describe|summarize|table)\s+(?:"?main"?\.)?["(]?(\w+)', re.IGNORECASE)
LISTS_RELATIONS = re.compile(r"\b(show|information_schema|pg_catalog|sqlite_\w+|duckdb_\w+|pg_\w+)\b", re.IGNORECASE)
DESCRIBES = re.compile(r"\b(describe|desc)\b", re.IGNORECASE)


def every() -> tuple[str, ...]:
    """Name every relation."""
    from ledger.events import BY_NAME  # slow to import, and a statement without relations does without

    return (*BY_NAME, EVENTS, BARS, *BOOK, *VIEWS)


def named_in(statement: str) -> frozenset[str] | None:
    """Return the relations that a statement names; None if it asks which there are."""
    named = _named(statement)
    return None if lists_relations(statement, named) else named


def lists_relations(statement: str, named: Collection[str]) -> bool:
    """Tell whether a statement may ask which relations there are."""
    if LISTS_RELATIONS.search(statement) is not None:
        return True
    return not named and DESCRIBES.search(statement) is not None


def needed(wanted: Iterable[str] | None) -> frozenset[str]:
    """Return relations with everything that their views read; None: all."""
    if wanted is None:
        return frozenset(every())
    found, left = set[str](), list(wanted)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += _read_by(name)
    return frozenset(found)


@cache
def _read_by(name: str) -> Collection[str]:
    return _named(COMMENT.sub("", view_text(name))) - {name} if name in VIEWS else ()


def _named(text: str) -> frozenset[str]:
    in_place = frozenset(word.lower() for word in PLACE.findall(text))
    return (_words(text) & frozenset(every())) - (frozenset(BOOK) - in_place)


def view_text(name: str) -> str:
    """Return the SQL of a view, as it stands in its file."""
    return files("queries").joinpath("views", f"{name}.sql").read_text(encoding="utf-8")


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in WORD.findall(text))
