"""A copy of a home that may be spoilt and put right again, a damage at a time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random

from ledger.line import Event, Header, LineBroken, decode, header_of
from ledger.log.head import SLOTS, Head, read_head, write_first_head
from ledger.log.storage import day_files, events_folder, var_folder
from queries.parquet import read_manifest
from queries.verification import Witness

COPIED = ("events", "data", "parquet", "checkpoints")  # below var, beside HEAD


class NotHere(Exception):
    """This home has nothing of the kind that was to be damaged."""


@dataclass
class Copy:
    """A home's log and what hangs on it, in a folder of its own."""

    home: Path
    chance: Random
    evidence: tuple[str, ...] = ()  # hashes that the log names
    _before: dict[Path, bytes | None] = field(default_factory=dict)  # None: there was no such file

    @staticmethod
    def of(home: Path, folder: Path, seed: int) -> Copy:
        """Copy a home; HEAD first, so that it never vouches for more than was copied."""
        source, target = var_folder(home), var_folder(folder)
        target.mkdir(parents=True)
        for name in SLOTS:
            if (source / name).exists():
                shutil.copy2(source / name, target / name)
        for name in COPIED:
            if (source / name).is_dir():
                shutil.copytree(source / name, target / name)
        return Copy(folder, Random(seed))

    # what there is to damage

    @property
    def days(self) -> tuple[Path, ...]:
        """The day files, oldest first."""
        return tuple(path for path in day_files(events_folder(self.home)) if path.stat().st_size)

    @property
    def open_day(self) -> Path:
        """The day file that is still written to."""
        return self.days[-1]

    def sealed_day(self, place: Callable[[int], int]) -> Path:
        """One of the sealed days."""
        sealed = self.days[:-1]
        if not sealed:
            raise NotHere("no sealed day yet")
        return sealed[place(len(sealed))]

    @property
    def head(self) -> Head:
        """What HEAD vouches for."""
        head = read_head(var_folder(self.home))
        if head is None:
            raise NotHere("HEAD is unreadable")
        return head

    def derived(self, folder: str, pattern: str) -> Path:
        """Any derived file of a kind."""
        found = sorted((var_folder(self.home) / folder).glob(pattern))
        if not found:
            raise NotHere(f"nothing in var/{folder} yet")
        return self.chance.choice(found)

    def named_evidence(self) -> Path:
        """Any kept file that the log names."""
        data = var_folder(self.home) / "data"
        found = [path for digest in self.evidence for path in data.glob(f"{digest[:2]}/{digest}*")]
        if not found:
            raise NotHere("no evidence yet")
        return self.chance.choice(found)

    def parquet_copy(self) -> Path:
        """Any Parquet copy that the manifest names."""
        manifest = read_manifest(self.home)
        found = [unit.path(self.home, file) for unit in (manifest.units if manifest else ()) for file in unit.files]
        if not found:
            raise NotHere("no Parquet copies yet: tallybook commit makes them")
        return self.chance.choice(found)

    def vouch_for_all(self, witness: Witness) -> None:
        """Let the copy end as a finished process leaves it: with its last whole batch, and HEAD behind that."""
        while not any(witness.fits(header.hash) for header in _whole(self.lines(self.open_day))):
            self.open_day.unlink()  # a day whose first write was torn
        lines = self.lines(self.open_day)
        end, digest = next(
            (place, header.hash) for place, header in enumerate(_whole(lines), 1) if witness.fits(header.hash)
        )
        if end < len(lines):
            self.open_day.write_bytes(b"".join(lines[:end]))
        write_first_head(var_folder(self.home), Head(witness.seq, digest))

    def lines(self, path: Path) -> list[bytes]:
        """Return the lines of a day file."""
        return path.read_bytes().splitlines(keepends=True)

    def last_batch(self) -> tuple[list[bytes], list[Event]]:
        """Return the lines of the open day before its last batch, and the events of that batch."""
        lines = self.lines(self.open_day)
        k, _ = header_of(lines[-1]).batch
        batch = [decode(raw) for raw in lines[-k:]]
        if batch[0].type in ("log_started", "day_sealed") or batch[-1].seq < self.head.seq:
            raise NotHere("the last batch is a seal, or HEAD vouches for less")
        return lines[:-k], batch

    def headers(self, path: Path) -> Iterator[Header]:
        """Return the envelopes of a day file."""
        return map(header_of, self.lines(path))

    # damage, and its cure

    def rewrite(self, path: Path, content: bytes | None) -> None:
        """Give a file another content, or remove it; the first content is remembered."""
        if path not in self._before:
            self._before[path] = path.read_bytes() if path.exists() else None
        if content is None:
            path.unlink()
            return
        if path.exists():
            path.chmod(0o600)
        path.write_bytes(content)

    def vouch(self, seq: int, digest: str) -> None:
        """Let HEAD say something else, as one could who knows its format."""
        for name in SLOTS:
            path = var_folder(self.home) / name
            self.rewrite(path, path.read_bytes() if path.exists() else b"")
        write_first_head(var_folder(self.home), Head(seq, digest))

    def flip(self, path: Path, first: int = 0) -> str:
        """Flip one bit; say which."""
        content = bytearray(path.read_bytes())
        place, bit = self.chance.randrange(first, len(content)), self.chance.randrange(8)
        content[place] ^= 1 << bit
        self.rewrite(path, bytes(content))
        return f"{self.named(path)}: bit {bit} of byte {place:,}"

    def restore(self) -> None:
        """Undo every damage."""
        for path, content in self._before.items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                if path.exists():
                    path.chmod(0o600)
                path.write_bytes(content)
                if path in self.days[:-1]:
                    path.chmod(0o400)
        self._before.clear()

    def named(self, path: Path) -> str:
        """Name a file as the home knows it."""
        return str(path.relative_to(var_folder(self.home)))


def _whole(lines: list[bytes]) -> Iterator[Header]:
    """Yield the envelopes up to the first line that is torn."""
    for raw in lines:
        try:
            yield header_of(raw)
        except LineBroken:
            return


def fingerprint(home: Path, sizes: dict[Path, int] | None = None) -> tuple[dict[Path, int], str]:
    """Hash every file that a drill copies, as far as it went the first time: a cycle may append meanwhile."""
    var, digest = var_folder(home), sha256()
    if sizes is None:
        paths = sorted(path for name in COPIED for path in (var / name).rglob("*") if path.is_file())
        sizes = {path: path.stat().st_size for path in paths}
    for path, size in sizes.items():
        digest.update(f"{path.relative_to(var)} {size}\n".encode())
        with path.open("rb") as file:
            digest.update(sha256(file.read(size)).digest())
    return sizes, digest.hexdigest()
