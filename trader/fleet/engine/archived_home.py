"""An account's home out of an archive, in whichever process a task runs: its rows checked by their seals, its evidence.

Rows come from the archive's own files, or from an engine that read them; either way each day has to be what was
sealed, and the last row the one that the table names, or the account is told as damaged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

from queries.archive.errors import ArchiveDamaged, ArchiveMissing
from queries.archive.evidence import evidence_of
from queries.archive.reading import rebuild
from queries.archive.rows import Row, rows_of
from queries.archive.stores import store_of
from queries.archive.table import ArchivedFile, files_of, open_table
from trader.fleet.accounts import FleetWrong


def archived(uri: str, wanted: Collection[str] = ()) -> Mapping[str, tuple[ArchivedFile, ...]]:
    """Return the files of each account of an archive, or of those that are wanted: all from one look at the table."""
    files = files_of(open_table(store_of(uri)))
    if not files:
        raise ArchiveMissing(f"{uri}: expected rows of an account, found none; export some: tallybook export delta URI")
    by_account = {name: tuple(mine) for name, mine in groupby(files, key=lambda file: file.account)}
    for name in wanted:
        if name not in by_account:
            raise FleetWrong(f"{name}: expected an account of the archive {uri}, found none of that name")
    return {name: mine for name, mine in by_account.items() if not wanted or name in wanted}


def archived_home(uri: str, files: tuple[ArchivedFile, ...], reads_evidence: bool, folder: Path) -> Path:
    """Make the home of an account from its files, in a folder that is not there yet; return it."""
    return home_of_rows(lambda: rows_of(store_of(uri), files), last_seq(files), uri if reads_evidence else "", folder)


def last_seq(files: Iterable[ArchivedFile]) -> int:
    """Return the seq that an account's rows end with."""
    return max(file.last_seq for file in files)


def home_of_rows(rows: Callable[[], Iterable[Row]], last: int, evidence: str, folder: Path) -> Path:
    """Make a home of rows, and of the evidence of an archive where one is named."""
    return rebuild(_each_once(rows(), last), folder, evidence_of(evidence) if evidence else _none)


def _each_once(rows: Iterable[Row], last: int) -> Iterator[Row]:
    """Yield rows; refuse one that is missing, or there twice."""
    expected = 0
    for row in rows:
        if row.seq != expected:
            raise ArchiveDamaged(
                f"expected seq {expected}, found {row.seq}; the archive's files, or who read them, err"
            )
        expected += 1
        yield row
    if expected != last + 1:
        raise ArchiveDamaged(
            f"expected rows up to seq {last}, found {expected}; the archive's files, or who read them, err"
        )


def _none(_: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Bring no evidence, for tasks that read none."""
    return iter(())
