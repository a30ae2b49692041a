"""The walk through the day files: each line checked and chained; of a sealed day, the bytes by one hash.

The line that begins a file seals the file before it: it names its first and last seq, its number of events, the hash
of its last line and the SHA-256 of its bytes. The writer made it of lines that it had accepted one by one. Where the
bytes have that SHA-256, they are those lines, to the bit; to hash each of them again proves nothing more. All that the
chain asks is asked as of any other line (seq, prev, log, batch, moment, type, sizes), and the seal is taken after them
as a line in its place. Where the bytes do not fit, every line is hashed, so that the refusal names the first wrong one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import LogTooNew
from ledger.events import DaySealed
from ledger.line import LINE_BYTES_MAX, Header, LineBroken, fact_of, header_of
from ledger.log.chain import Chain, ChainBroken
from ledger.log.disk import LOCAL, Disk

if TYPE_CHECKING:
    from hashlib import _Hash

SEALED_BYTES_MAX = 64 * 1024 * 1024  # a longer file is not read into memory; it goes line by line


def walk(files: Sequence[Path], chain: Chain, disk: Disk = LOCAL) -> Iterator[tuple[bytes, Header]]:
    """Yield every line in order, checked and accepted; ChainBroken at the first that is not. Empty files are passed."""
    for path, lines, is_sealed in days(files, chain, disk):
        yield from _accepted(path, lines, chain.accept_sealed if is_sealed else chain.accept)


def days(files: Sequence[Path], chain: Chain, disk: Disk = LOCAL) -> Iterator[tuple[Path, Iterator[bytes], bool]]:
    """Yield every file with its lines, and whether a seal vouches for their bytes.

    Whoever asks for the next one has taken all of its lines.
    """
    for path, after in zip_longest(files, files[1:]):
        sealed = None if after is None else _sealed(path, after, chain, disk)
        if sealed is not None:
            content, digest = sealed
            yield path, BytesIO(content), True
            chain.close_sealed(digest)
            continue
        with disk.reader(path) as file:
            yield path, iter(partial(file.readline, LINE_BYTES_MAX + 1), b""), False


def _accepted(
    path: Path, lines: Iterable[bytes], accept: Callable[[bytes, str], Header]
) -> Iterator[tuple[bytes, Header]]:
    name, offset = path.name, 0
    for raw in lines:
        try:
            header = accept(raw, name)
        except LineBroken as broken:
            raise ChainBroken(path, offset, str(broken)) from None
        offset += len(raw)
        yield raw, header


def _sealed(path: Path, after: Path, chain: Chain, disk: Disk) -> tuple[bytes, _Hash] | None:
    """Return a file's bytes and their hash if the first line of the file after it seals exactly these."""
    if disk.status(path).size > SEALED_BYTES_MAX:
        return None
    with disk.reader(after) as file:
        raw = file.readline(LINE_BYTES_MAX + 1)
    try:
        header = header_of(raw)
        seal = fact_of(raw, header)
    except (LineBroken, LogTooNew):
        return None  # the walk will come to it, and say so
    if not isinstance(seal, DaySealed) or (seal.file, seal.first_seq) != (path.name, chain.seq + 1):
        return None
    if (header.seq - 1, header.prev) != (seal.last_seq, seal.head_hash):
        return None
    content = disk.content(path)
    digest = sha256(content)
    return (content, digest) if digest.hexdigest() == seal.file_sha256 else None
