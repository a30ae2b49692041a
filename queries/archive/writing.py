"""Sealed days into the archive, each exactly once, whatever is killed or runs beside it.

The rows of some days and how far they reach go into the table in one commit: Delta keeps, by a name of the
application's, the last version that it was told, which here is the last archived seq of a log. A commit that did not
come to pass left files that no reader sees; one that did is known to whoever comes next. Two that write the same days
at once disagree about that name: the second commit is refused, looks again, and finds the days there. Evidence is
written before the rows that name it. What is committed was on disk, read back and compared with the seals before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.events import DaySealed
from ledger.line import Event, LineBroken, event_of, header_of, header_of_sealed
from ledger.log import read_genesis
from ledger.log.storage import events_folder
from queries.archive.comparing import compare
from queries.archive.errors import ArchiveDamaged, ArchiveForked, ArchiveUnreachable
from queries.archive.evidence import Kept, named_by, put_all
from queries.archive.files import addition, commit, removal, write
from queries.archive.rows import Row, rows_of
from queries.archive.stores import Store, require_libraries, store_of
from queries.archive.table import SAFE_ACCOUNT, ArchivedFile, files_of, open_to_write
from queries.sealed import lines_of, seals
from queries.staging import fingerprint, flat_text

if TYPE_CHECKING:
    from deltalake import DeltaTable

BYTES_A_COMMIT = 64 * 1024 * 1024  # of lines: what a commit holds in memory grows with it
TRIES = 50  # to commit beside others that write the same account

Point = Callable[[str], None]  # told where an export stands: tests end it there


@dataclass(slots=True)
class Exported:
    """What an export found to do, and did."""

    account: str
    days: int = 0
    events: int = 0
    commits: int = 0
    joined: int = 0  # months whose files became one
    lost: int = 0  # commits that another exporter was ahead of
    evidence: int = 0  # files written; those that were there already are not among them
    evidence_bytes: int = 0
    missing: tuple[str, ...] = ()  # hashes that the home names and lacks
    last_day: str = ""  # up to which the archive reaches; "" while no day is sealed


@dataclass(slots=True)
class _Log:
    """Whose days are written, and under which names Delta remembers how far."""

    home: Path
    account: str
    log_id: str
    sealed: tuple[DaySealed, ...]
    seen: set[str] = field(default_factory=set)  # hashes of evidence that is there

    @property
    def names(self) -> tuple[str, str]:
        """The account's, so that two logs of one account cannot both be written, and the log's own."""
        return f"tallybook/{self.account}", f"tallybook/{self.account}/{self.log_id}"


def export(
    home: Path,
    uri: str,
    *,
    anew: bool = False,
    bytes_a_commit: int = BYTES_A_COMMIT,
    tell: Callable[[int], None] = lambda _: None,
    at: Point = lambda _: None,
) -> Exported:
    """Write every sealed day that the archive lacks; with `anew` all of them, in place of what is there once all are.

    `tell` is told the last seq of each day on its way.
    """
    require_libraries()
    store, log = store_of(uri), _log_of(home)
    told = Exported(log.account, last_day=log.sealed[-1].file[:10] if log.sealed else "")
    table = open_to_write(store)
    at("opened")
    with suppress(ArchiveDamaged) if anew else nullcontext():  # a forked log takes the place of nothing
        _require_same(store, table, log)
    if anew:
        _replace(store, table, log, told, bytes_a_commit, tell, at)
        table = open_to_write(store)
    for _ in range(TRIES):
        wanted = _next_days(log, _reached(table, log), bytes_a_commit)
        if not wanted:
            _join(store, table, log, told, tell, at)
            return told
        files = _written(store, log, wanted, told, tell, at)
        at("compared")
        if commit(store, table, [addition(store, file) for file in files], log.names, wanted[-1].last_seq):
            told.days, told.commits = told.days + len(wanted), told.commits + 1
            told.events += sum(seal.events for seal in wanted)
            at("committed")
        else:
            told.lost += 1
        table = open_to_write(store)
    raise ArchiveUnreachable(f"{uri}: {log.account}: expected to commit, found {TRIES} commits of others ahead of it")


def _log_of(home: Path) -> _Log:
    genesis, sealed = read_genesis(home), seals(home)
    if SAFE_ACCOUNT.fullmatch(genesis.account) is None:
        raise ArchiveUnreachable(
            f"{home}: expected an account of letters, digits, - and _ to name a folder, found {genesis.account!r}"
        )
    with (events_folder(home) / min(path.name for path in events_folder(home).glob("*.jsonl"))).open("rb") as first:
        return _Log(home, genesis.account, header_of_sealed(first.readline()).log, sealed)


def _reached(table: DeltaTable, log: _Log) -> int:
    """Return the last archived seq; -1 for none."""
    reached = table.transaction_version(log.names[1])
    return -1 if reached is None else reached


def _reached_by_another(table: DeltaTable, log: _Log) -> bool:
    reached = table.transaction_version(log.names[0])
    return reached is not None and reached >= 0


def _require_same(store: Store, table: DeltaTable, log: _Log) -> None:
    """Refuse an archive that holds another log's days, or later ones than this log, or others than it sealed."""
    reached = _reached(table, log)
    if reached < 0:
        if _reached_by_another(table, log):
            raise ArchiveForked(
                f"{store.uri}: {log.account}: expected days of log {log.log_id}, found those of another log of this "
                "account; name another archive"
            )
        return
    known = [seal for seal in log.sealed if seal.last_seq <= reached]
    if not known or known[-1].last_seq != reached:
        raise ArchiveForked(
            f"{store.uri}: {log.account}: expected days that this log has sealed, found them up to seq {reached}, "
            "where it has no day's end; is this an old copy of the home?"
        )
    files = files_of(table, log.account)
    for row in rows_of(store, files, reached, reached):
        if row.hash != known[-1].head_hash and _is_whole(row):
            raise ArchiveForked(
                f"{store.uri}: {log.account}: seq {reached}: expected hash {known[-1].head_hash}, found {row.hash}, "
                "and the line fits it; is this a copy of the home that went on by itself?"
            )
    begun = max((file.first_seq for file in files), default=0)
    last = [seal for seal in known if seal.first_seq >= begun] or known[-1:]
    compare(store.uri, log.account, last, rows_of(store, files, last[0].first_seq, reached))


def _is_whole(row: Row) -> bool:
    try:
        return header_of(row.line).hash == row.hash
    except LineBroken:
        return False


def _replace(
    store: Store, table: DeltaTable, log: _Log, told: Exported, bytes_max: int, tell: Callable[[int], None], at: Point
) -> None:
    """Write every day again, then let all of them count in place of what is there: in one commit, or not at all."""
    files, reached = list[ArchivedFile](), -1
    while wanted := _next_days(log, reached, bytes_max):
        files += _written(store, log, wanted, told, tell, at)
        reached = wanted[-1].last_seq
    at("compared")
    new = {file.path for file in files}
    old = [removal(file) for file in files_of(table, log.account) if file.path not in new]
    if files and not commit(store, table, [*old, *(addition(store, file) for file in files)], log.names, reached):
        raise ArchiveUnreachable(
            f"{store.uri}: {log.account}: expected to write the account alone, found that another exporter did so "
            "meanwhile; export again"
        )
    told.days, told.commits, told.events = len(log.sealed), int(bool(files)), sum(seal.events for seal in log.sealed)
    at("committed")


def _next_days(log: _Log, reached: int, bytes_max: int) -> tuple[DaySealed, ...]:
    """Return the days of the next commit: as many as its size allows, one at least; whole months where it has any."""
    wanted, size = list[DaySealed](), 0
    for seal in log.sealed:
        if seal.last_seq > reached:
            size += (events_folder(log.home) / seal.file).stat().st_size
            if wanted and size > bytes_max:
                return tuple(day for day in wanted if day.file[:7] != seal.file[:7]) or tuple(wanted)
            wanted.append(seal)
    return tuple(wanted)


def _join(store: Store, table: DeltaTable, log: _Log, told: Exported, tell: Callable[[int], None], at: Point) -> None:
    """Let a month that is over be one file: daily exports would leave millions of small ones behind.

    Rows and how far they reach stay as they are; what another exporter does meanwhile goes first.
    """
    reached, months = _reached(table, log), dict[str, list[ArchivedFile]]()
    for file in files_of(table, log.account):
        months.setdefault(file.month, []).append(file)
    for month in sorted(months)[:-1]:
        wanted = [seal for seal in log.sealed if seal.file.startswith(month)]
        size = sum((events_folder(log.home) / seal.file).stat().st_size for seal in wanted)
        if len(months[month]) == 1 or size > BYTES_A_COMMIT:
            continue
        (joined,) = _written(store, log, wanted, told, tell, at)
        at("joined")
        left = [removal(file, changes=False) for file in months[month] if file.path != joined.path]
        if not commit(store, table, [*left, addition(store, joined, changes=False)], log.names, reached):
            return
        told.joined += 1
        table = open_to_write(store)


def _written(
    store: Store, log: _Log, wanted: Sequence[DaySealed], told: Exported, tell: Callable[[int], None], at: Point
) -> list[ArchivedFile]:
    """Write days as files that no reader sees yet, a file a month; return them once they hold what was sealed."""
    files = list[ArchivedFile]()
    for month, days in groupby(wanted, key=lambda seal: seal.file[:7]):
        sealed = tuple(days)
        seqs = sealed[0].first_seq, sealed[-1].last_seq
        rows = (row for seal in sealed for row in _rows(store, log, seal, told, tell, at))
        files.append(write(store, log.account, month, seqs, rows))
    at("written")
    compare(store.uri, log.account, wanted, rows_of(store, files, wanted[0].first_seq, wanted[-1].last_seq))
    return files


def _rows(
    store: Store, log: _Log, seal: DaySealed, told: Exported, tell: Callable[[int], None], at: Point
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a day, once the evidence that they name is there."""
    rows, kept = list[tuple[Any, ...]](), dict[Kept, None]()
    for raw in lines_of(log.home, seal):
        event = event_of(raw, header_of_sealed(raw))
        rows.append(_row(seal, event, raw))
        kept.update((one, None) for one in named_by(event) if one.digest and one.digest not in log.seen)
    put = put_all(store, log.home, kept)
    log.seen.update(one.digest for one in kept)
    told.evidence, told.evidence_bytes = told.evidence + put.written, told.evidence_bytes + put.bytes_written
    told.missing += put.missing
    at("evidence")
    yield from rows
    tell(seal.last_seq)


def _row(seal: DaySealed, event: Event, raw: bytes) -> tuple[Any, ...]:
    """Return one row, in the order of `COLUMNS`, without the partition's."""
    finer = dict[tuple[str, str], int]()
    flat = flat_text(event, finer)
    places = json.dumps({column: places for (_, column), places in finer.items()}) if finer else None
    return (
        date.fromisoformat(seal.file[:10]), event.seq, event.type, event.v, fingerprint(event.type),
        event.recorded_at, event.occurred_at, event.hash, raw[:-1].decode(), flat, places, seal.file_sha256,
    )  # fmt: skip
