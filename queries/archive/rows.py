"""The rows of one account, in the order of the log, a few thousand in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

from queries.archive.errors import ArchiveDamaged
from queries.archive.stores import Store, told_by
from queries.archive.table import ArchivedFile

ROWS_AT_ONCE = 8_192
READ = ("seq", "day", "hash", "line", "day_sha256")


class Row(NamedTuple):
    """A line of a log as the archive holds it."""

    seq: int
    day: date
    hash: str
    line: bytes  # its newline included
    day_sha256: str


def rows_of(store: Store, files: Iterable[ArchivedFile], first: int = 0, last: int | None = None) -> Iterator[Row]:
    """Yield the rows of one account's files from one seq to another; ArchiveDamaged unless each is there once."""
    expected = first
    for group in _groups(files, first, last):
        for seq, day, digest, line, day_sha256 in _read(store, group):
            if seq < first or (last is not None and seq > last):
                continue
            if seq != expected:
                raise ArchiveDamaged(
                    f"{group[0].uri}: {group[0].account}: expected seq {expected}, found {seq}; write the account anew "
                    "from its home: tallybook export delta URI --anew"
                )
            expected += 1
            yield Row(seq, day, digest, line.encode() + b"\n", day_sha256)


def _groups(files: Iterable[ArchivedFile], first: int, last: int | None) -> Iterator[Sequence[ArchivedFile]]:
    """Put files together whose seqs overlap, so that they are read in order."""
    group: list[ArchivedFile] = []
    end = -1
    for file in sorted(files, key=lambda file: file.first_seq):
        if file.last_seq < first or (last is not None and file.first_seq > last):
            continue
        if group and file.first_seq > end:
            yield group
            group = []
        group.append(file)
        end = max(end, file.last_seq)
    if group:
        yield group


def _read(store: Store, group: Sequence[ArchivedFile]) -> Iterator[tuple[Any, ...]]:
    import pyarrow as pa
    from pyarrow import parquet

    if len(group) == 1 and group[0].sha256 is not None:
        with reading(group[0].uri):
            opened = parquet.ParquetFile(pa.BufferReader(_bytes_of(store, group[0])))
            for batch in opened.iter_batches(ROWS_AT_ONCE, columns=list(READ), use_threads=False):
                yield from zip(*(batch.column(name).to_pylist() for name in READ), strict=True)
        return
    tables = []
    for file in group:
        with reading(file.uri):
            opened = parquet.ParquetFile(pa.BufferReader(_bytes_of(store, file)))
            tables.append(opened.read(columns=list(READ)).select(list(READ)))
    for batch in pa.concat_tables(tables).sort_by("seq").to_batches(ROWS_AT_ONCE):
        yield from zip(*(batch.column(name).to_pylist() for name in READ), strict=True)


def _bytes_of(store: Store, file: ArchivedFile) -> bytes:
    """Return the bytes of a file, those of ours checked: other tools name theirs as they like."""
    content = store.read_uri(file.uri)
    if file.sha256 is not None and sha256(content).hexdigest() != file.sha256:
        raise OSError("bytes that do not hash to its name")
    return content


@contextmanager
def reading(uri: str) -> Iterator[None]:
    """Tell of a Parquet file that is gone or is none any more."""
    from pyarrow import ArrowException

    from queries.archive.errors import ArchiveMissing

    try:
        yield
    except (ArrowException, ArchiveMissing, UnicodeDecodeError, OSError) as error:
        raise ArchiveDamaged(
            f"{uri}: expected the file that the table names, found: {told_by(error)}; write the account anew from "
            "its home: tallybook export delta URI --anew"
        ) from error
