"""An empty DuckDB that reaches for nothing, and the fence around one that answers questions.

Nothing here imports the vocabulary of events: a statement that names no relation is answered without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_AS, getpagesize, getrlimit, setrlimit
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import duckdb


class StatementError(Exception):
    """A statement that cannot be answered: wrong, or not a question."""

    code: ClassVar[str] = "sql"


MEMORY = "1GB"
ROOM = 6_000_000_000  # bytes of address space beyond those that the process has, for what MEMORY does not count
HOME_ZONE = "America/New_York"  # days and shown times are those of the account's home calendar


def new_database() -> duckdb.DuckDBPyConnection:
    """Open an empty database in memory that fetches nothing and spills nowhere."""
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "memory_limit": MEMORY,
        "temp_directory": "",  # spill nowhere: a question that needs more memory fails
        "threads": "2",
    }
    return duckdb.connect(":memory:", config=settings)


def fence(con: duckdb.DuckDBPyConnection, opened: Iterable[Path]) -> None:
    """Let a connection open these files and no other, run no code but SQL, and keep it so."""
    con.execute("SET python_enable_replacements = false")
    con.execute(f"SET allowed_paths = [{', '.join(map(quoted, opened))}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")


@contextmanager
def bounded_room() -> Iterator[None]:
    """Let this process grow no further than it may need: DuckDB does not count texts that are made, row by row.

    For a process that does nothing else meanwhile. Where the system does not tell its size, nothing is bounded.
    """
    try:
        size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * getpagesize()
    except OSError:
        yield
        return
    before = soft, hard = getrlimit(RLIMIT_AS)
    setrlimit(RLIMIT_AS, (min(each for each in (size + ROOM, soft) if each != RLIM_INFINITY), hard))
    try:
        yield
    finally:
        setrlimit(RLIMIT_AS, before)


def quoted(text: object) -> str:
    """Spell a text, or a path, as SQL does."""
    return "'" + str(text).replace("'", "''") + "'"
