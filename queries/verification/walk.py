"""The one walk through the log: each line checked, chained, decoded and folded, and what the checks need noted down.

The walk ends at the first line that is not the next one. It holds no lock: a line that a writer is just writing is
looked at again before it counts as a flaw.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ledger.book import Book, Forgotten, Impossible
from ledger.collecting import uncollected
from ledger.errors import LogForeign
from ledger.events import (
    CycleFinished,
    CycleStarted,
    DataIngested,
    Fact,
    LogStarted,
    SettingsApproved,
    SettingsChanged,
    StatementImported,
    StatementReconciled,
    TailTruncated,
    TargetsComputed,
)
from ledger.journal import as_postings, trial_balance
from ledger.line import LINE_BYTES_MAX, Event, Header, LineBroken, event_of
from ledger.log.chain import Chain
from ledger.lots import exactly
from ledger.statement import book_hash

LOOKS = 5  # at a line that a writer may be writing
LOOK_EVERY_SECONDS = 0.1
LINES_BETWEEN_TELLING = 2_000

# Which files under var/data a fact names. Every hash in the vocabulary stands here, or in the test that knows why not.
EVIDENCE: tuple[tuple[type[Fact], Callable[[Any], Iterable[str]]], ...] = (
    (CycleStarted, lambda fact: (fact.settings_sha256,)),
    (SettingsApproved, lambda fact: (fact.settings_sha256,)),
    (SettingsChanged, lambda fact: (fact.settings_sha256, fact.since)),
    (DataIngested, lambda fact: (row.sha256 for row in fact.series)),
    (TargetsComputed, lambda fact: fact.inputs),
    (StatementImported, lambda fact: (fact.file_sha256,)),
    (StatementReconciled, lambda fact: (fact.file_sha256,)),
)
NAMES_EVIDENCE = dict(EVIDENCE)
NOTED = frozenset((CycleFinished, TailTruncated, *NAMES_EVIDENCE))

Tell = Callable[[int], None]  # so many bytes more were read
CompareBooks = Callable[[str, Book], None]  # a day file, and the book after its last line


def without_comparing(file: str, book: Book) -> None:
    """Let every checkpoint be."""


class Place(NamedTuple):
    """Where a line stands."""

    file: str
    line: int
    seq: int


class Wrong(NamedTuple):
    """A line that does not say what the book says."""

    place: Place
    text: str


@dataclass(slots=True)
class Flaw:
    """The bytes that are not the next line."""

    place: Place
    path: Path
    offset: int
    reason: str


@dataclass(slots=True)
class Walked:
    """What the walk saw, as far as it came."""

    chain: Chain
    lines: int = 0
    size: int = 0
    processes: int = 1
    flaw: Flaw | None = None
    whole: tuple[int, str, bytes] = (-1, "", b"")  # seq, hash and recorded_at of the last line of the last whole batch
    hash_at: dict[int, str] = field(default_factory=dict)  # of the lines that were asked for
    genesis: LogStarted | None = None
    evidence: dict[str, Place] = field(default_factory=dict)  # content hash -> the first line that names it
    cuts: list[tuple[Place, TailTruncated]] = field(default_factory=list)
    cycles: int = 0
    wrong_hashes: list[Wrong] = field(default_factory=list)
    unbalanced: list[Wrong] = field(default_factory=list)
    impossible: Wrong | None = None
    currencies: tuple[str, ...] = ()


def silent(count: int) -> None:
    """Tell nobody."""


def walk_log(
    files: tuple[Path, ...],
    wanted: frozenset[int],
    head_seq: int,
    tell: Tell = silent,
    compare: CompareBooks = without_comparing,
) -> Walked:
    """Walk from the genesis on, noting the hashes of the wanted seqs; up to `head_seq` no writer can be at work.

    At the end of each sealed day the book so far is handed to `compare`.
    """
    try:
        return Walk(files, wanted, head_seq, Chain(), Book(), forgets=True, compare=compare).run(tell)
    except Forgotten:
        return Walk(files, wanted, head_seq, Chain(), Book(), forgets=False, compare=compare).run(silent)


class Walk:
    """One walk: over these files, with this chain and this book to begin with."""

    def __init__(
        self,
        files: tuple[Path, ...],
        wanted: frozenset[int],
        head_seq: int,
        chain: Chain,
        book: Book,
        *,
        forgets: bool,
        compare: CompareBooks = without_comparing,
    ) -> None:
        self.book: Book | None = book
        book.forgets = forgets
        self._files, self._wanted, self._head_seq, self._compare_books = files, wanted, head_seq, compare
        self._chain = chain
        self._seen = Walked(chain)
        self._batch: list[tuple[bytes, Header, int]] = []  # lines of one file, with their numbers

    def run(self, tell: Tell) -> Walked:
        """Walk as far as it goes."""
        with uncollected(), exactly():
            return self._walked(tell)

    def _walked(self, tell: Tell) -> Walked:
        for path in self._files:
            self._seen.flaw = self._file(path, tell)
            if self._seen.flaw is not None:
                break
            if self.book is not None and path != self._files[-1]:
                self._compare_books(path.name, self.book)
        self._seen.genesis = self._chain.genesis
        if self.book is not None:
            self._balance(Place("", 0, self.book.seq))
            self._seen.currencies = tuple(sorted({currency for _, currency in self.book.journal}))
        return self._seen

    def _file(self, path: Path, tell: Tell) -> Flaw | None:
        seen, accept, name, wanted = self._seen, self._chain.accept, path.name, self._wanted
        offset = number = told = looks = 0
        with path.open("rb") as file:
            while raw := file.readline(LINE_BYTES_MAX + 1):
                try:
                    header = accept(raw, name)
                except (LineBroken, LogForeign) as broken:
                    if looks < LOOKS and self._may_be_written(path):
                        looks += 1
                        time.sleep(LOOK_EVERY_SECONDS)
                        file.seek(offset)
                        continue
                    return Flaw(Place(name, number + 1, self._chain.seq + 1), path, offset, str(broken))
                number += 1
                offset += len(raw)
                seen.lines += 1
                if header.seq in wanted:
                    seen.hash_at[header.seq] = header.hash
                self._take(raw, header, name, number)
                if number % LINES_BETWEEN_TELLING == 0:
                    tell(offset - told)
                    told = offset
        seen.size += offset
        tell(offset - told)
        return None

    def _may_be_written(self, path: Path) -> bool:
        return path == self._files[-1] and self._chain.whole_seq >= self._head_seq

    def _take(self, raw: bytes, header: Header, file: str, line: int) -> None:
        """Fold whole batches only: the lines of one that is not finished may be cut off."""
        if header.batch[1] == 1:
            self._fold(event_of(raw, header), file, line)
        else:
            self._batch.append((raw, header, line))
            if not self._chain.whole:
                return
            for each, its_header, its_line in self._batch:
                self._fold(event_of(each, its_header), file, its_line)
            self._batch.clear()
        self._seen.whole = (header.seq, header.hash, header.recorded_at)

    def _fold(self, event: Event, file: str, line: int) -> None:
        if type(event.fact) in NOTED:
            self._note(event.fact, Place(file, line, event.seq))
        if self.book is None:
            return
        try:
            self.book.apply(event)
        except Forgotten:
            raise
        except Impossible as error:
            self._seen.impossible = Wrong(Place(file, line, event.seq), f"{event.type}: {error}")
            self.book = None

    def _note(self, fact: Fact, place: Place) -> None:
        if isinstance(fact, CycleFinished):
            self._compare(fact, place)
        elif isinstance(fact, TailTruncated):
            self._seen.cuts.append((place, fact))
        else:
            for digest in NAMES_EVIDENCE[type(fact)](fact):
                self._seen.evidence.setdefault(digest, place)

    def _compare(self, finished: CycleFinished, place: Place) -> None:
        if self.book is None:
            return
        self._seen.cycles += 1
        version, _, _ = finished.book_hash.partition(":")
        try:
            found = book_hash(self.book, int(version))
        except ValueError as error:
            self._seen.wrong_hashes.append(Wrong(place, str(error)))
            return
        if found != finished.book_hash:
            text = f"cycle {finished.slot}: expected the book hash {_short(finished.book_hash)}, found {_short(found)}"
            self._seen.wrong_hashes.append(Wrong(place, text))
        self._balance(place)

    def _balance(self, place: Place) -> None:
        if self.book is None:
            return
        sums = trial_balance(as_postings(self.book.journal))
        self._seen.unbalanced += (
            Wrong(place, f"{currency}: expected postings that sum to zero, found {left}")
            for currency, left in sums.items()
            if left
        )


def _short(digest: str) -> str:
    return f"{digest[:12]}…{digest[-4:]}"
