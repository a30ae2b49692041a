"""Parquet files of the table, and the commits that make them count: rows in the order of the log, a file a month.

A file is named by the hash of its bytes, so that a reader knows whether they are those that were written, and an export
that is repeated after a kill writes the same file again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from io import BytesIO
from itertools import islice
from time import time_ns
from typing import TYPE_CHECKING, Any

from queries.archive.stores import EVENTS, Store
from queries.archive.table import PARTITIONS, ArchivedFile, refusing, schema

if TYPE_CHECKING:
    from deltalake import DeltaTable

Row = tuple[Any, ...]  # in the order of `COLUMNS`, without the partition's
GROUP_ROWS = 16_384  # in memory as Python's values at once, and together in the file
REFUSED = re.compile("concurrent|conflict", re.IGNORECASE)  # by what another committed meanwhile
RETRIES = 100  # of commits that others' commits, which do not concern us, were ahead of


def write(store: Store, account: str, month: str, seqs: tuple[int, int], rows: Iterable[Row]) -> ArchivedFile:
    """Write a file of an account's month, named by the hash of its bytes. Until it is committed, nobody sees it."""
    import pyarrow as pa
    from pyarrow import parquet

    kinds = pa.schema([kind for kind in schema() if kind.name not in PARTITIONS])
    buffer = BytesIO()
    with parquet.ParquetWriter(buffer, kinds, compression="zstd") as writer:
        left = iter(rows)
        while group := list(islice(left, GROUP_ROWS)):
            columns = zip(zip(*group, strict=True), kinds, strict=True)
            arrays = [pa.array(values, kind.type) for values, kind in columns]
            writer.write_table(pa.Table.from_arrays(arrays, schema=kinds))
    content, (first, last) = buffer.getvalue(), seqs
    name = f"{first:012}-{last:012}-{sha256(content).hexdigest()}.parquet"
    path = f"account={account}/month={month}/{name}"
    store.put(f"{EVENTS}/{path}", content)
    return ArchivedFile(account, month, first, last, last - first + 1, path, store.events)


def addition(store: Store, file: ArchivedFile, *, changes: bool = True) -> Any:
    """Return what names a new file in the table's log."""
    from deltalake.transaction import AddAction

    (size,) = store.sizes([file.uri.removeprefix(f"{store.uri}/")]).values()
    ends = {"seq": (file.first_seq, file.last_seq)}
    stats = {
        "numRecords": file.rows,
        "minValues": {name: first for name, (first, _) in ends.items()},
        "maxValues": {name: last for name, (_, last) in ends.items()},
        "nullCount": dict.fromkeys(ends, 0),
    }
    values = {"account": file.account, "month": file.month}
    return AddAction(file.path, size, values, time_ns() // 1_000_000, changes, json.dumps(stats))


def removal(file: ArchivedFile, *, changes: bool = True) -> Any:
    """Return what takes a file out of the table; its bytes stay until they are swept."""
    from deltalake.transaction import RemoveAction

    return RemoveAction(file.path, changes, time_ns() // 1_000_000)


def commit(store: Store, table: DeltaTable, actions: Sequence[Any], names: Sequence[str], reached: int) -> bool:
    """Let files count, or count no more, together with how far a log is archived; False if another was ahead of it."""
    from deltalake import CommitProperties, Transaction
    from deltalake.exceptions import CommitFailedError

    told = [Transaction(name, reached) for name in names]
    with refusing(store):
        try:
            table.create_write_transaction(
                list(actions), "append", table.schema(), list(PARTITIONS),
                commit_properties=CommitProperties(app_transactions=told, max_commit_retries=RETRIES),
            )  # fmt: skip
        except CommitFailedError as error:
            if REFUSED.search(str(error)) is None:
                raise
            return False
    if store.folder is not None:
        store.sync([f"{store.events}/_delta_log/{table.version():020}.json"])
    return True
