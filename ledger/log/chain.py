"""The chain of lines: what may follow what.

Reader, recovery and writer ask the same `accept`, so that nothing is written that a later start would refuse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import LogForeign
from ledger.events import DaySealed, LogStarted
from ledger.line import GENESIS_PREV, LINE_BYTES_MAX, Header, LineBroken, fact_of, header_of, known_type
from ledger.log.disk import LOCAL, Disk

if TYPE_CHECKING:
    from hashlib import _Hash


# Beyond these something is wrong with whoever writes: refused by name when writing, damage when reading.
BATCH_EVENTS_MAX = 10_000
BATCH_BYTES_MAX = 64 * 1024 * 1024
DAY_BYTES_MAX = 4 * 1024 * 1024 * 1024


class Seal(NamedTuple):
    """The end of a sealed day: its file and its last line. With it nothing older needs to be read."""

    file: str
    seq: int
    hash: str

    @staticmethod
    def of(sealed: DaySealed) -> Seal:
        """Take it from the line that begins the next file."""
        return Seal(sealed.file, sealed.last_seq, sealed.head_hash)


@dataclass(slots=True)
class DayTally:
    """What one day file holds so far: what its seal will say."""

    file: str
    first_seq: int
    last_seq: int
    events: int
    head_hash: str
    size: int
    content: _Hash

    def seal(self) -> DaySealed:
        """State that the file is complete."""
        return DaySealed(
            file=self.file,
            first_seq=self.first_seq,
            last_seq=self.last_seq,
            events=self.events,
            head_hash=self.head_hash,
            file_sha256=self.content.hexdigest(),
        )


class Chain:
    """Where a log stands after its last accepted line."""

    def __init__(self) -> None:
        self.seq = -1
        self.hash = GENESIS_PREV
        self.batch = (0, 0)
        self.recorded_at = b""
        self.log_id = ""
        self.genesis: LogStarted | None = None
        self.day: DayTally | None = None
        self.whole_seq = -1  # the last line of the last whole batch
        self.batch_from = ("", 0)  # file and offset where the running, or else the next, batch begins
        self.since: Seal | None = None  # where it began, if not at the genesis

    @staticmethod
    def after(seal: Seal, genesis: LogStarted, log_id: str) -> Chain:
        """Begin behind a sealed day; the next line has to be the one that seals it."""
        chain = Chain()
        chain.since, chain.seq, chain.hash, chain.whole_seq = seal, seal.seq, seal.hash, seal.seq
        chain.genesis, chain.log_id = genesis, log_id
        return chain

    @property
    def whole(self) -> bool:
        """No batch is left open."""
        return self.batch[0] == self.batch[1]

    def accept(self, raw: bytes, file: str) -> Header:
        """Take the next line; LineBroken if it is damaged or cannot stand here, LogTooNew if it is of a later version.

        Nothing changes when it raises.
        """
        header = header_of(raw)
        self._check_chain(header, self.day is None or self.day.file != file, file)
        known_type(header)
        self._take(header, raw, file)
        return header

    def follow(self, header: Header, raw: bytes, file: str) -> None:
        """Take the next line as `accept` does: one that was just drafted, so that its hash and its type are known."""
        self._check_chain(header, self.day is None or self.day.file != file, file)
        self._take(header, raw, file)

    def _take(self, header: Header, raw: bytes, file: str) -> None:
        new_file = self.day is None or self.day.file != file
        self._check_sizes(header, 0 if self.day is None or new_file else self.day.size, len(raw))
        if header.seq == 0:
            self._begin(raw, header)
        elif new_file:
            self._check_seal(raw, header, file)
        self._count(raw, header, new_file, file)

    def _check_chain(self, header: Header, new_file: bool, file: str) -> None:
        seq, prev, (k, n) = header.seq, header.prev, header.batch
        if seq != self.seq + 1:
            raise LineBroken(f"expected seq {self.seq + 1}, found {seq}")
        if prev != self.hash:
            raise LineBroken(f"seq {seq}: expected the hash of seq {self.seq} before it, found another")
        if header.log != self.log_id and seq > 0:
            raise LogForeign(f"{file}: seq {seq}: expected log {self.log_id}, found log {header.log}; remove it")
        if self.whole:
            follows = k == 1 and header.recorded_at > self.recorded_at
        else:
            last_k, last_n = self.batch
            follows = (k, n) == (last_k + 1, last_n) and header.recorded_at == self.recorded_at and not new_file
        if not follows or k > n:
            raise LineBroken(f"seq {seq}: batch [{k},{n}] cannot follow {list(self.batch)} at {self.recorded_at!r}")
        if k == 1 and header.recorded_at[:10] != file[:10].encode():
            raise LineBroken(f"seq {seq}: recorded at {header.recorded_at.decode()}, found in {file}")

    def _check_sizes(self, header: Header, day_bytes: int, line_bytes: int) -> None:
        end = day_bytes + line_bytes
        batch_bytes = line_bytes if self.whole else end - self.batch_from[1]
        if header.batch[1] > BATCH_EVENTS_MAX or batch_bytes > BATCH_BYTES_MAX or end > DAY_BYTES_MAX:
            raise LineBroken(
                f"seq {header.seq}: expected at most {BATCH_EVENTS_MAX} lines and {BATCH_BYTES_MAX} bytes a batch and "
                f"{DAY_BYTES_MAX} bytes a day, found {header.batch[1]}, {batch_bytes} and {end}"
            )

    def _begin(self, raw: bytes, header: Header) -> None:
        genesis = fact_of(raw, header)
        if not isinstance(genesis, LogStarted):
            raise LineBroken(f"seq 0: expected log_started, found {header.type}")
        self.genesis, self.log_id = genesis, header.log

    def _check_seal(self, raw: bytes, header: Header, file: str) -> None:
        seal = fact_of(raw, header)
        if not isinstance(seal, DaySealed):
            raise LineBroken(f"seq {header.seq}: expected {file} to begin with the seal of the day before it")
        fits = Seal.of(seal) == self.since if self.day is None else seal == self.day.seal()
        if not fits:
            before = self.day or self.since
            raise LineBroken(f"seq {header.seq}: the seal of {seal.file} does not fit {before and before.file}")

    def _count(self, raw: bytes, header: Header, new_file: bool, file: str) -> None:
        if self.day is None or new_file:
            self.day = DayTally(file, header.seq, header.seq, 0, header.hash, 0, sha256())
        day, (k, n) = self.day, header.batch
        if k == 1:
            self.batch_from = (file, day.size)
        day.last_seq, day.head_hash, day.events = header.seq, header.hash, day.events + 1
        day.size += len(raw)
        day.content.update(raw)
        self.seq, self.hash, self.batch, self.recorded_at = header.seq, header.hash, header.batch, header.recorded_at
        if k == n:
            self.whole_seq = header.seq
            self.batch_from = (file, day.size)


class ChainBroken(Exception):
    """The walk met bytes that are not the next line."""

    def __init__(self, path: Path, offset: int, reason: str) -> None:
        super().__init__(f"{path.name}, byte {offset}: {reason}")
        self.path = path
        self.offset = offset


def walk(files: tuple[Path, ...], chain: Chain, disk: Disk = LOCAL) -> Iterator[tuple[bytes, Header]]:
    """Yield every line in order, checked and accepted; ChainBroken at the first that is not. Empty files are passed."""
    for path in files:
        offset = 0
        with disk.reader(path) as file:
            while raw := file.readline(LINE_BYTES_MAX + 1):
                try:
                    header = chain.accept(raw, path.name)
                except LineBroken as broken:
                    raise ChainBroken(path, offset, str(broken)) from None
                offset += len(raw)
                yield raw, header
