"""What an archive gives back: which accounts it holds, their lines to the byte, and a home made of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from ledger.events import CycleStarted, DaySealed
from ledger.line import decode
from ledger.log.head import Head, write_first_head
from ledger.log.storage import events_folder, var_folder
from queries.archive.errors import ArchiveDamaged, ArchiveForked, ArchiveMissing
from queries.archive.evidence import SUFFIXES, Fetch, evidence_of, may_name, named_by
from queries.archive.rows import Row, rows_of
from queries.archive.settings_text import settings_text
from queries.archive.stores import store_of
from queries.archive.table import files_of, open_table

SETTINGS = "tallybook.toml"
JSON = SUFFIXES[1]


def accounts(uri: str) -> tuple[str, ...]:
    """Name the accounts of an archive, in order."""
    return tuple(sorted({file.account for file in files_of(open_table(store_of(uri)))}))


def parquet_files(uri: str, account: str | None = None) -> tuple[str, ...]:
    """Return the URIs of the Parquet files that count now, of one account or of all, in order of account and seq."""
    files = files_of(open_table(store_of(uri)), account)
    return tuple(file.uri for file in sorted(files, key=lambda file: (file.account, file.first_seq)))


def rows(uri: str, account: str) -> Iterator[Row]:
    """Yield an account's rows in the order of its log; ArchiveMissing without any."""
    store = store_of(uri)
    files = files_of(open_table(store), account)
    if not files:
        raise ArchiveMissing(f"{uri}: expected account {account}, found no row of it; name one that is there")
    return rows_of(store, files)


def lines(uri: str, account: str) -> Iterator[bytes]:
    """Yield an account's lines in order, newlines included: up to its last archived day, the log's own bytes."""
    return (row.line for row in rows(uri, account))


def rebuilt(uri: str, account: str, folder: Path) -> Path:
    """Make a home of what an archive holds of an account, in a folder that is new or empty; return it."""
    return rebuild(rows(uri, account), folder, evidence_of(uri))


def rebuild(told: Iterable[Row], folder: Path, fetch: Fetch) -> Path:
    """Make a home of rows in the order of the log, and of the evidence that they name.

    Each day file equals its seal, HEAD vouches for the last line, the settings are those of the last cycle. Nothing is
    there unless all of it is. Evidence that the archive lacks is lacking: `verify` tells of it.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ArchiveForked(f"{folder}: expected a new or an empty folder, found files in it; name another")
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        _make(told, aside, fetch)
        aside.replace(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _make(told: Iterable[Row], home: Path, fetch: Fetch) -> None:
    for made in (home, var_folder(home), events_folder(home)):
        made.mkdir(mode=0o700, parents=True)
    named, settings, last, path = dict[str, str](), "", None, None
    for day, day_rows in groupby(told, key=lambda row: row.day):
        path = events_folder(home) / f"{day.isoformat()}.jsonl"
        taken = list(day_rows)
        content = b"".join(row.line for row in taken)
        _require_sealed(path.name, content, taken[-1], last)
        _write(path, content, 0o400)
        for row in taken:
            if may_name(row.line):
                event = decode(row.line)
                named.update((kept.digest, kept.beside_log) for kept in named_by(event))
                settings = event.fact.settings_sha256 if isinstance(event.fact, CycleStarted) else settings
        last = (path.name, sha256(content).hexdigest(), taken[-1])
    if last is None or path is None:
        raise ArchiveMissing(f"{home.name}: expected rows of an account, found none")
    path.chmod(0o600)  # not sealed as far as this home knows: what comes next goes on in it, or seals it
    write_first_head(var_folder(home), Head(last[2].seq, last[2].hash))
    _bring_evidence(home, named, settings, fetch)


def _require_sealed(name: str, content: bytes, end: Row, before: tuple[str, str, Row] | None) -> None:
    """Refuse a day that is not what its seal says, by its own rows and by the first line of the day."""
    found = sha256(content).hexdigest()
    if found != end.day_sha256:
        raise ArchiveDamaged(f"{name}: expected SHA-256 {end.day_sha256}, found {found}; export again from the home")
    if before is not None:
        fact = decode(content[: content.index(b"\n") + 1]).fact
        told = (fact.file, fact.file_sha256) if isinstance(fact, DaySealed) else None
        if told != before[:2]:
            raise ArchiveDamaged(f"{name}: expected the seal of {before[0]} first, found another line")


def _bring_evidence(home: Path, named: dict[str, str], settings: str, fetch: Fetch) -> None:
    text = b""
    wanted = {digest: beside_log for digest, beside_log in named.items() if digest}
    for name, content in fetch(tuple(wanted)):
        digest = name[:64]
        beside_log = wanted[digest]
        path = events_folder(home) / beside_log if beside_log else var_folder(home) / "data" / name[:2] / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, content, 0o600)
        text = content if (digest, name[64:]) == (settings, JSON) else text
    if text:
        _write(home / SETTINGS, settings_text(text).encode(), 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    path.write_bytes(content)
    path.chmod(mode)
