"""The archive's table: its columns, how it is opened, and which files hold an account.

To add a column: a field in `COLUMNS`, its value in `writing.py`. A table that was made before it takes it up with the
next export, and says null of the rows that were there.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from queries.archive.errors import ArchiveDamaged, ArchiveMissing, ArchiveUnreachable
from queries.archive.stores import Store, make_folder, reaching, require_libraries, told_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deltalake import DeltaTable

PARTITIONS = ("account", "month")
COLUMNS: tuple[tuple[str, str], ...] = (
    ("account", "text"),
    ("month", "text"),  # YYYY-MM, of the day file
    ("day", "date"),  # the day file's
    ("seq", "whole"),
    ("type", "text"),  # as it was called when it was archived
    ("version", "whole"),
    ("schema", "text"),  # of that type's table then: `event` is read straight while it is today's
    ("recorded_at", "moment"),
    ("occurred_at", "moment"),
    ("hash", "text"),
    ("line", "text"),  # the log's line to the byte, without its newline
    ("event", "text"),  # flat JSON with every column of its type's table
    ("places", "text"),  # JSON: decimal places of columns with more than usual; null: none has
    ("day_sha256", "text"),  # of the whole day file: what its seal says
)
COLUMNS_AT_FIRST = 14  # every file has these; a table with more may hold files that lack some
CONFIGURATION = {
    "delta.dataSkippingStatsColumns": "day,seq",  # else every log entry repeats the ends of long texts
    "delta.checkpointInterval": "100",
}
OURS = re.compile(r"[0-9]{12}-[0-9]{12}-([0-9a-f]{64})\.parquet")
SAFE_ACCOUNT = re.compile(r"[A-Za-z0-9_-]+")


class ArchivedFile(NamedTuple):
    """One Parquet file of the table."""

    account: str
    month: str
    first_seq: int
    last_seq: int
    rows: int
    path: str  # in the table
    root: str  # the table's own

    @property
    def sha256(self) -> str | None:
        """What its bytes hash to, if it is of ours: then its rows come in the order of the log, too."""
        found = OURS.fullmatch(self.path.rpartition("/")[2])
        return None if found is None else found[1]

    @property
    def uri(self) -> str:
        """Where it lies."""
        return f"{self.root}/{self.path}"


@cache
def schema() -> Any:
    """Return the columns as pyarrow knows them."""
    import pyarrow as pa

    kinds = {"text": pa.string(), "whole": pa.int64(), "date": pa.date32(), "moment": pa.timestamp("us", tz="UTC")}
    return pa.schema([(name, kinds[kind]) for name, kind in COLUMNS])


def open_table(store: Store) -> DeltaTable:
    """Open the table as it is now; ArchiveMissing where there is none."""
    require_libraries()
    from deltalake import DeltaTable
    from deltalake.exceptions import TableNotFoundError

    with refusing(store):
        try:
            return DeltaTable(store.events, storage_options=store.options)
        except TableNotFoundError:
            raise ArchiveMissing(
                f"{store.uri}: expected an archive, found none; write one: tallybook export delta URI"
            ) from None


def open_to_write(store: Store) -> DeltaTable:
    """Open the table, made now if need be, with every column of today; who comes second finds that of the first."""
    from deltalake import DeltaTable, Schema
    from deltalake.exceptions import DeltaError

    try:
        table = open_table(store)
    except ArchiveMissing:
        if store.folder is not None:
            with reaching(store.uri):
                make_folder(store.folder)
        try:
            table = DeltaTable.create(
                store.events, schema(), mode="ignore", partition_by=list(PARTITIONS), name="tallybook",
                description="sealed days of tallybook's logs, a row a line", configuration=CONFIGURATION,
                storage_options=store.options,
            )  # fmt: skip
        except DeltaError:
            table = open_table(store)
    known = {field.name for field in table.schema().fields}
    new = [field for field in Schema.from_arrow(schema()).fields if field.name not in known]
    if new:
        with refusing(store):
            table.alter.add_columns(new)
    return table


def files_of(table: DeltaTable, account: str | None = None) -> tuple[ArchivedFile, ...]:
    """Return the files that count, by account and seq: those of one account, or all."""
    import pyarrow as pa
    from pyarrow import compute

    told = pa.table(table.get_add_actions(flatten=True))
    if account is not None and told.num_rows:
        told = told.filter(compute.equal(told.column("partition.account"), account))
    names = ("partition.account", "partition.month", "min.seq", "max.seq", "num_records", "path")
    columns = [told.column(name).to_pylist() for name in names] if told.num_rows else []
    root = root_of(table)
    rows: list[Any] = [(*row, root) for row in zip(*columns, strict=True)]
    return tuple(sorted(ArchivedFile(*row) for row in rows))


def root_of(table: DeltaTable) -> str:
    """Return a table's URI; a folder as a path."""
    uri = table.table_uri.rstrip("/")
    return unquote(uri.removeprefix("file://")) if uri.startswith("file://") else uri


@contextmanager
def refusing(store: Store) -> Iterator[None]:
    """Tell what deltalake found in one line."""
    from deltalake.exceptions import DeltaError, DeltaProtocolError, TableNotFoundError

    with reaching(store.uri):
        try:
            yield
        except TableNotFoundError:
            raise
        except DeltaProtocolError as error:
            raise ArchiveDamaged(f"{store.uri}: expected a Delta table, found: {told_by(error)}") from error
        except DeltaError as error:
            raise ArchiveUnreachable(
                f"{store.uri}: expected a folder or store that can be used, found: {told_by(error)}; check its "
                "address, its keys in the environment (AWS_…) and its room"
            ) from error
