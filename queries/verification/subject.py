"""What is verified: one home, as it was when the look began, and what the walk through its log saw."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import file_digest
from pathlib import Path
from typing import NamedTuple

from ledger.book import Book
from ledger.checkpoints import latest
from ledger.log.head import Head, read_head
from ledger.log.recovery import require_log
from ledger.log.storage import day_files, events_folder, var_folder
from queries.verification.walk import Walked, silent, walk_log
from queries.verification.walk_in_two import same_book, walk

SPELT = re.compile(r"(?:witness:? *)?(0|[1-9][0-9]*):([0-9a-f]*)(?:(?:…|\.{2,})([0-9a-f]+))?")
DIGITS_MIN = 8  # fewer hex digits could be met by chance


class Witness(NamedTuple):
    """What somebody outside says of one line: its seq, and its hash or the two ends of it."""

    seq: int
    start: str
    end: str = ""

    @staticmethod
    def parse(text: str) -> Witness:
        """Read SEQ:HASH as a mail shows it, shortened or not, `Witness:` before it or not; ValueError for the rest."""
        match = SPELT.fullmatch(text.strip().lower())
        start, end = (match[2], match[3] or "") if match else ("", "")
        if match is None or not DIGITS_MIN <= len(start) + len(end) <= 64:
            raise ValueError(
                f"expected SEQ:HASH with at least {DIGITS_MIN} hex digits, as 885:9c1e55ad or 885:9c1e…04b7, "
                f"found {text!r}"
            )
        return Witness(int(match[1]), start, end)

    def fits(self, digest: str) -> bool:
        """Tell whether this is that hash."""
        return digest.startswith(self.start) and digest.endswith(self.end)

    def __str__(self) -> str:
        return f"{self.seq}:{self.start}{'…' if self.end else ''}{self.end}"


@dataclass(frozen=True)
class Subject:
    """One home under verification. Files are looked at in the order of the checks, the log once."""

    home: Path
    deep: bool = False
    witness: Witness | None = None
    account: tuple[str, str] | None = None  # id and mode as the settings say; None: whatever it is
    head_given_up: bool = False  # the operator is about to say that the chain is the right one without HEAD
    tell: Callable[[int], None] = silent
    compared: list[tuple[str, bool]] = field(default_factory=list)  # a day's checkpoint, and whether it is the book

    @cached_property
    def head(self) -> Head | None:
        """HEAD as it was before anything else was read: the log may only have grown since."""
        require_log(self.home)
        return read_head(var_folder(self.home))

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The day files, oldest first; an empty one holds nothing yet."""
        _ = self.head  # HEAD first
        return tuple(path for path in day_files(events_folder(self.home)) if path.stat().st_size)

    @cached_property
    def walked(self) -> Walked:
        """What the walk saw."""
        head_seq = -1 if self.head is None else self.head.seq
        wanted = {head_seq} | ({self.witness.seq} if self.witness else set())
        if self.deep:
            return walk_log(self.files, frozenset(wanted), head_seq, self.tell, self._compare_with_checkpoint)
        return walk(self.home, self.files, frozenset(wanted), head_seq, self.tell)

    def _compare_with_checkpoint(self, file: str, book: Book) -> None:
        """Fold every checkpoint again, as it were."""
        later = [path.name for path in self.files if path.name > file]
        kept = latest(self.home, before=later[0])
        if kept is not None and kept.seal.file == file:
            self.compared.append((file, same_book(kept.book, book)))

    def named(self, path: Path) -> str:
        """Name a file as the home knows it."""
        return str(path.relative_to(self.home))


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, however large."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
