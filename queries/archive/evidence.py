"""The files that a log names by hash: put beside the table once, whoever names them, and given back checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypeVar

from ledger.events import TailTruncated, type_name
from ledger.line import Event
from ledger.upcasters import UPCASTERS
from queries.archive.errors import ArchiveDamaged
from queries.archive.stores import EVIDENCE, Store, store_of

SUFFIXES = (".csv", ".json")  # looked for first; any other is found by listing
TORN_SUFFIX = ".bin"
HASH_DIGITS = 64
AT_ONCE = 8  # files on their way to or from a store

T = TypeVar("T")
R = TypeVar("R")
Fetch = Callable[[Collection[str]], Iterator[tuple[str, bytes]]]  # hashes -> file names and bytes


class Kept(NamedTuple):
    """A file that a fact names."""

    digest: str
    beside_log: str = ""  # a torn tail's name under var/events; else it lies under var/data


class Put(NamedTuple):
    """What became of some files: how many were written, how many were there, and the hashes that the home lacks."""

    written: int
    bytes_written: int
    there: int
    missing: tuple[str, ...]


def named_by(event: Event) -> tuple[Kept, ...]:
    """Return the files that an event names."""
    from queries.verification.walk import NAMES_EVIDENCE  # slow to load

    if isinstance(event.fact, TailTruncated):
        return (Kept(event.fact.sha256, Path(event.fact.kept_as).name),)  # an archive's word reaches no other folder
    naming = NAMES_EVIDENCE.get(type(event.fact))
    return () if naming is None else tuple(Kept(digest) for digest in naming(event.fact) if digest)


def may_name(raw: bytes) -> bool:
    """Tell from a line's first bytes whether it may name a file."""
    return _naming().match(raw) is not None


@cache
def _naming() -> re.Pattern[bytes]:
    from queries.verification.walk import NAMES_EVIDENCE

    kinds = {*map(type_name, NAMES_EVIDENCE), type_name(TailTruncated), *(old.type for old in UPCASTERS)}
    return re.compile(rb'\{"seq":[0-9]+,"type":"(?:%s)"' % b"|".join(kind.encode() for kind in sorted(kinds)))


def put_all(store: Store, home: Path, wanted: Iterable[Kept]) -> Put:
    """Put files of a home into the archive, each checked by its hash before and after; those that are there stay."""
    paths, missing = dict[str, tuple[str, Path]](), list[str]()
    for kept in wanted:
        found = _in_home(home, kept)
        paths.update((name, (kept.digest, path)) for name, path in found)
        missing += () if found else (kept.digest,)
    sizes = store.sizes(paths) if paths else {}
    new = {name: told for name, told in paths.items() if sizes.get(name) != told[1].stat().st_size}
    written = sum(_each(store, lambda item: _put(store, item[0], *item[1]), new.items()))
    return Put(len(new), written, len(paths) - len(new), tuple(missing))


def _each(store: Store, act: Callable[[T], R], items: Collection[T]) -> Iterator[R]:
    """Do something for each: for a store several at a time, since it is waiting that takes time there."""
    if store.folder is not None or len(items) < 2:
        yield from map(act, items)
        return
    with ThreadPoolExecutor(AT_ONCE) as several:
        yield from several.map(act, items)


def _put(store: Store, name: str, digest: str, path: Path) -> int:
    content = path.read_bytes()
    _require(digest, content, f"{path}", "move it away, restore a backup")
    store.put(name, content)
    _require(digest, store.read(name), store.of(name), "export again; if it stays so, the store is broken")
    return len(content)


def _require(digest: str, content: bytes, what: str, cure: str) -> None:
    found = sha256(content).hexdigest()
    if found != digest:
        raise ArchiveDamaged(f"{what}: expected bytes that hash to {digest[:12]}…, found {found[:12]}…; {cure}")


def _in_home(home: Path, kept: Kept) -> tuple[tuple[str, Path], ...]:
    """Return the names that a file's copies have in the archive, with their paths in the home."""
    if kept.beside_log:
        path = home / "var" / "events" / kept.beside_log
        return ((_name(f"{kept.digest}{TORN_SUFFIX}"), path),) if path.is_file() else ()
    folder = home / "var" / "data" / kept.digest[:2]
    usual = [path for path in (folder / f"{kept.digest}{suffix}" for suffix in SUFFIXES) if path.is_file()]
    return tuple((_name(path.name), path) for path in usual or sorted(folder.glob(f"{kept.digest}*")))


def _name(file: str) -> str:
    return f"{EVIDENCE}/{file[:2]}/{file}"


def evidence_of(uri: str) -> Fetch:
    """Return what fetches files of an archive by their hashes; a hash that is not there is passed over."""
    store = store_of(uri)

    def fetch(digests: Collection[str]) -> Iterator[tuple[str, bytes]]:
        usual = [_name(f"{digest}{suffix}") for digest in digests for suffix in SUFFIXES]
        found = list(store.sizes(usual)) if usual else []
        left = set(digests) - {_digest(name) for name in found}
        for folder in sorted({digest[:2] for digest in left}):
            found += [name for name in store.listed(f"{EVIDENCE}/{folder}") if _digest(name) in left]
        yield from _each(store, lambda name: (name.rpartition("/")[2], _checked(store, name)), found)

    return fetch


def _digest(name: str) -> str:
    return name.rpartition("/")[2][:HASH_DIGITS]


def _checked(store: Store, name: str) -> bytes:
    content = store.read(name)
    _require(_digest(name), content, store.of(name), "remove it, then export the account again with --anew")
    return content
