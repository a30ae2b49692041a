"""Lines of the log as they are on disk, found by their seq: no index, the day files are one.

Each file's first line tells its seq, so that the right file is found in a dozen looks; within it lines are read in
order, and the hash of each that is shown is checked.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from ledger.line import HASH_TAIL, HEADER, LINE_BYTES_MAX
from ledger.log.storage import day_files, events_folder

HASH_DIGITS = 67  # bytes from the hash to the line's end


class Found(NamedTuple):
    """One line, and its bytes."""

    seq: int
    type: str
    cycle: int | None
    file: str
    raw: bytes

    @property
    def hash_fits(self) -> bool:
        """Whether its hash is that of its bytes."""
        return sha256(self.raw[:-HASH_TAIL]).hexdigest().encode() == self.raw[-HASH_DIGITS:-3]

    @property
    def told(self) -> dict[str, Any]:
        """The line as JSON says it, numbers of money as text; nothing where damage left no JSON."""
        try:
            told: dict[str, Any] = json.loads(self.raw)
        except ValueError:
            return {}
        return told


class _Firsts(Sequence[int]):
    """The seq that each day file begins with, read when it is asked for."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, at: Any) -> Any:
        with self._files[at].open("rb") as file:
            return _seq(file.readline(LINE_BYTES_MAX + 1)) or 0


def lines_from(home: Path, seq: int) -> Iterator[Found]:
    """Yield the whole lines from a seq on, through all later files."""
    files = day_files(events_folder(home))
    begin = bisect_right(_Firsts(files), seq) - 1
    return (line for line in lines_in(files[max(begin, 0) :]) if line.seq >= seq)


def lines_in(files: Iterable[Path]) -> Iterator[Found]:
    """Yield the whole lines of files; what is no line ends it, as a torn one at the end does."""
    for path in files:
        with path.open("rb") as file:
            while raw := file.readline(LINE_BYTES_MAX + 1):
                match = HEADER.match(raw)
                if match is None or not raw.endswith(b"\n"):
                    return
                kind, cycle = match[2].partition(b'"')[0].decode(), match[8]
                yield Found(int(match[1]), kind, None if cycle is None else int(cycle), path.name, raw)


def line_of(home: Path, seq: int) -> Found | None:
    """Return the line of a seq; None if the log has no such line yet."""
    found = next(lines_from(home, seq), None)
    return found if found is not None and found.seq == seq else None


def cycle_lines(home: Path, seq: int) -> list[Found]:
    """Return the lines that a cycle recorded, beginning with its start."""
    mine: list[Found] = []
    for line in lines_from(home, seq):
        if mine and line.type == "cycle_started":
            break
        if seq in {line.seq, line.cycle}:
            mine.append(line)
    return mine if mine and mine[0].type == "cycle_started" else []


def _seq(raw: bytes) -> int | None:
    match = HEADER.match(raw)
    return None if match is None else int(match[1])
