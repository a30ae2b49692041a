"""The chain of lines: what may follow what.

Reader, recovery and writer ask the same `accept`, so that nothing is written that a later start would refuse.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import LogForeign
from ledger.events import DaySealed, LogStarted
from ledger.line import GENESIS_PREV, Header, LineBroken, fact_of, header_of, header_of_sealed, known_type

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


class DayTally:
    """What one day file holds so far, as far as the chain's end does not say it."""

    __slots__ = ("content", "file", "first_seq", "size")

    def __init__(self, file: str, first_seq: int) -> None:
        self.file = file
        self.first_seq = first_seq
        self.size = 0
        self.content = sha256()


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
        new_file = self._check_chain(header, file)
        known_type(header)
        self._take(header, raw, file, new_file).content.update(raw)
        return header

    def accept_sealed(self, raw: bytes, file: str) -> Header:
        """Take the next line as `accept` does, but for its own hash and the file's: a seal vouches for its bytes.

        Give the file's hash to `close_sealed` after its last line.
        """
        header = header_of_sealed(raw)
        new_file = self._check_chain(header, file)
        known_type(header)
        self._take(header, raw, file, new_file)
        return header

    def close_sealed(self, content: _Hash) -> None:
        """Take the whole file's hash; without it the line that seals the file is refused."""
        if self.day is not None:
            self.day.content = content

    def follow(self, header: Header, raw: bytes, file: str) -> None:
        """Take the next line as `accept` does: one that was just drafted, so that its hash and its type are known."""
        self._take(header, raw, file, self._check_chain(header, file)).content.update(raw)

    def advance(self, seq: int, digest: str, batch: tuple[int, int], at: bytes, size: int, begun: int) -> None:
        """Stand after lines of the same file that somebody else recognised as the next ones (`decoding.py`).

        `size` is the file's up to here, `begun` where its last batch begins; their bytes are hashed already.
        """
        assert self.day is not None
        self.seq, self.hash, self.batch, self.recorded_at, self.day.size = seq, digest, batch, at, size
        k, n = batch
        self.whole_seq = seq if k == n else seq - k
        self.batch_from = (self.day.file, size if k == n else begun)

    def seal(self) -> DaySealed:
        """State that the last file is complete."""
        if self.day is None:
            raise ValueError(f"after seq {self.seq}: expected a day file to seal, found none")
        return DaySealed(
            file=self.day.file,
            first_seq=self.day.first_seq,
            last_seq=self.seq,
            events=self.seq - self.day.first_seq + 1,
            head_hash=self.hash,
            file_sha256=self.day.content.hexdigest(),
        )

    def _check_chain(self, header: Header, file: str) -> bool:
        """Raise unless the line may follow; tell whether it begins a file."""
        new_file = self.day is None or self.day.file != file
        seq, _, _, log, (k, n), _, _, recorded_at, _, _, _, _, prev, _, _ = header
        if seq != self.seq + 1:
            raise LineBroken(f"expected seq {self.seq + 1}, found {seq}")
        if prev != self.hash:
            raise LineBroken(f"seq {seq}: expected the hash of seq {self.seq} before it, found another")
        if log != self.log_id and seq > 0:
            raise LogForeign(f"{file}: seq {seq}: expected log {self.log_id}, found log {log}; remove it")
        last_k, last_n = self.batch
        if last_k == last_n:
            follows = k == 1 and recorded_at > self.recorded_at
        else:
            follows = k == last_k + 1 and n == last_n and recorded_at == self.recorded_at and not new_file
        if not follows or k > n:
            raise LineBroken(f"seq {seq}: batch [{k},{n}] cannot follow {list(self.batch)} at {self.recorded_at!r}")
        if k == 1 and recorded_at[:10] != file[:10].encode():
            raise LineBroken(f"seq {seq}: recorded at {recorded_at.decode()}, found in {file}")
        return new_file

    def _take(self, header: Header, raw: bytes, file: str, new_file: bool) -> DayTally:
        day = DayTally(file, header.seq) if self.day is None or new_file else self.day
        start = day.size
        end, (k, n), seq = start + len(raw), header.batch, header.seq
        batch_from = start if k == 1 else self.batch_from[1]
        if n > BATCH_EVENTS_MAX or end - batch_from > BATCH_BYTES_MAX or end > DAY_BYTES_MAX:
            raise LineBroken(
                f"seq {seq}: expected at most {BATCH_EVENTS_MAX} lines and {BATCH_BYTES_MAX} bytes a batch and "
                f"{DAY_BYTES_MAX} bytes a day, found {n}, {end - batch_from} and {end}"
            )
        if seq == 0:
            self._begin(raw, header)
        elif new_file:
            self._check_seal(raw, header, file)
        self.day, day.size = day, end
        self.seq, self.hash, self.batch, self.recorded_at = seq, header.hash, header.batch, header.recorded_at
        if k == n:
            self.whole_seq = seq
            self.batch_from = (file, end)
        elif k == 1:
            self.batch_from = (file, start)
        return day

    def _begin(self, raw: bytes, header: Header) -> None:
        genesis = fact_of(raw, header)
        if not isinstance(genesis, LogStarted):
            raise LineBroken(f"seq 0: expected log_started, found {header.type}")
        self.genesis, self.log_id = genesis, header.log

    def _check_seal(self, raw: bytes, header: Header, file: str) -> None:
        seal = fact_of(raw, header)
        if not isinstance(seal, DaySealed):
            raise LineBroken(f"seq {header.seq}: expected {file} to begin with the seal of the day before it")
        fits = Seal.of(seal) == self.since if self.day is None else seal == self.seal()
        if not fits:
            before = self.day or self.since
            raise LineBroken(f"seq {header.seq}: the seal of {seal.file} does not fit {before and before.file}")


class ChainBroken(Exception):
    """The walk met bytes that are not the next line."""

    def __init__(self, path: Path, offset: int, reason: str) -> None:
        super().__init__(f"{path.name}, byte {offset}: {reason}")
        self.path = path
        self.offset = offset
