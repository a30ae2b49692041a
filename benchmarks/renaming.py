"""A decided home as the home of another account: every line linked anew, every hash recomputed, nothing decided again.

Account and log id are other ones, so are the settings kept by hash, the references of orders (they begin with a hash),
the seals and the books' own hashes, which cost a fold. What was decided stays, and an audit decides it again. Both
accounts have names of the same length: a line keeps its own.
"""

from __future__ import annotations

import re
import shutil
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ledger.book import Book, book_hash
from ledger.collecting import uncollected
from ledger.events import CycleFinished, CycleStarted, DaySealed
from ledger.line import GENESIS_PREV, HASH_TAIL, PREV_TAIL, Event, decode, event_of, header_of
from ledger.log import read_genesis
from ledger.log.head import Head, write_first_head
from ledger.log.storage import day_files, events_folder, var_folder

HEADER = re.compile(rb'"log":"([0-9a-f]{16})"')
SHORT = 12  # digits of a hash, where a safeguard tells of it
SETTINGS = "tallybook.toml"


class Sealed(NamedTuple):
    """What the next file says of a file: before, and now."""

    before: tuple[str, str]  # head hash, SHA-256
    now: tuple[str, str]


def renamed(home: Path, target: Path, account: str) -> Path:
    """Write the home of another account; the log's id follows from its name."""
    old = read_genesis(home).account.encode()
    if len(old) != len(account):
        raise ValueError(f"{account}: expected a name as long as {old.decode()}")
    events_folder(target).mkdir(parents=True)
    for folder in (target, var_folder(target), events_folder(target)):
        folder.chmod(0o700)
    words = {old: account.encode(), **_evidence(home, target, old, account.encode())}
    settings = home / SETTINGS
    (target / SETTINGS).write_bytes(settings.read_bytes().replace(old, account.encode()))
    with uncollected():
        _Relinking(home, target, words).all()
    return target


def _evidence(home: Path, target: Path, old: bytes, new: bytes) -> dict[bytes, bytes]:
    """Copy what is kept by hash; return the hashes of what names the account, old to new."""
    changed = dict[bytes, bytes]()
    for path in (var_folder(home) / "data").glob("[0-9a-f][0-9a-f]/*"):
        content = path.read_bytes()
        told = content.replace(old, new)
        digest = sha256(told).hexdigest() if told != content else path.name[:64]
        if told != content:
            changed[path.name[:64].encode()] = digest.encode()
        place = var_folder(target) / "data" / digest[:2] / f"{digest}{path.suffix}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(told)
    return changed


class _Relinking:
    """A log on its way: the chain so far, the book, and which references of orders are called otherwise."""

    def __init__(self, home: Path, target: Path, words: dict[bytes, bytes]) -> None:
        self._home, self._target, self._words = home, target, words
        self._account = next(iter(words.values()))
        self._log = sha256(self._account).hexdigest()[:16].encode()
        self._reference = re.compile(rb"tb-" + re.escape(self._account) + rb"-([0-9]+)-([0-9a-f]{4})-")
        self._cycles = dict[bytes, bytes]()  # seq of a cycle -> the first four digits of its line's hash
        self._book, self._seq, self._hash = Book(), -1, GENESIS_PREV
        self._sealed: Sealed | None = None

    def all(self) -> None:
        """Write every day file, and HEAD."""
        files = day_files(events_folder(self._home))
        for path in files:
            content = path.read_bytes()
            before = content[-len(b'"}\n') - 64 : -len(b'"}\n')].decode()
            lines = [self._line(raw) for raw in content.splitlines(keepends=True)]
            written = b"".join(lines)
            place = events_folder(self._target) / path.name
            place.write_bytes(written)
            place.chmod(0o600 if path == files[-1] else 0o400)
            self._sealed = Sealed(
                (before, sha256(content).hexdigest()), (self._hash, sha256(written).hexdigest())
            )  # fmt: skip
        write_first_head(var_folder(self._target), Head(self._seq, self._hash))

    def _line(self, raw: bytes) -> bytes:
        text = raw[:-PREV_TAIL]
        for old, new in self._words.items():
            text = text.replace(old, new)
            text = text.replace(old[:SHORT], new[:SHORT]) if len(old) > SHORT else text
        text = HEADER.sub(b'"log":"%s"' % self._log, text, count=1)
        text = self._reference.sub(self._renewed, text)
        kind = text[: text.index(b'","v":')].rpartition(b'"')[2]
        if kind == DaySealed.model_fields["type"].default.encode() and self._sealed is not None:
            for old_hash, new_hash in zip(*self._sealed, strict=True):
                text = text.replace(old_hash.encode(), new_hash.encode())
        if kind == CycleFinished.model_fields["type"].default.encode():
            fact = decode(raw).fact
            assert isinstance(fact, CycleFinished)
            text = text.replace(fact.book_hash.encode(), book_hash(self._book).encode())
        return self._linked(text)

    def _renewed(self, found: re.Match[bytes]) -> bytes:
        return b"tb-%s-%s-%s-" % (self._account, found[1], self._cycles.get(found[1], found[2]))

    def _linked(self, text: bytes) -> bytes:
        hashed = b'%s,"prev":"%s"' % (text, self._hash.encode())
        self._seq, self._hash = self._seq + 1, sha256(hashed).hexdigest()
        raw = b'%s,"hash":"%s"}\n' % (hashed, self._hash.encode())
        assert len(raw) - len(hashed) == HASH_TAIL
        event: Event = event_of(raw, header_of(raw))
        if isinstance(event.fact, CycleStarted):
            self._cycles[b"%d" % event.seq] = event.hash[:4].encode()
        self._book.apply(event)
        return raw


def renamed_anew(home: Path, target: Path, account: str) -> Path:
    """Do the same in place of what lies there."""
    shutil.rmtree(target, ignore_errors=True)
    return renamed(home, target, account)
