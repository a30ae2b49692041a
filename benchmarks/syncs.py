"""How often a cycle waits for the disk, and for what."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

TYPE = re.compile(rb'^\{"seq":\d+,"type":"([a-z_]+)"', re.MULTILINE)
CONTRACTS = 4
# Why each kind of file is synced; whatever is not named here is listed by its name.
REASONS = (
    ("day file", "a batch: what it says is durable before anybody acts on it, or is told"),
    ("HEAD", "a barrier: HEAD vouches for the batch before an order leaves, and at the end of the process"),
    ("folder var", "the name of a file just made or replaced"),
    ("folder var/events", "the name of a new day file"),
    ("lock", "who holds the lock, for whoever is refused"),
    ("evidence", "what a decision rests on, kept before the event that names it"),
)


def run() -> Iterator[str]:
    """Every fsync and fdatasync of one real cycle of four contracts that sends orders, and of one that sends none.

    Counted in the cycle's own process by functions put around both calls; a day file's syncs are named by the batch
    that they made durable.
    """
    from benchmarks.cycle import measured, trading  # late: this file is imported by the measured process too

    with trading(CONTRACTS) as (home, control, slots):
        for slot in slots[:2]:
            control.advance(slot.at)
            figures = measured("syncs", home, slot.name)
            found = Counter(tuple(sync) for sync in figures["syncs"])
            by_kind = Counter[str]()
            for (kind, _), count in found.items():
                by_kind[kind] += count
            yield f"{slot.name}: {found.total()} syncs, {figures['orders']} orders"
            for kind, count in by_kind.most_common():
                yield f"  {count:4}  {kind:18} {dict(REASONS).get(kind, '')}".rstrip()
                batches = Counter({what: n for (of, what), n in found.items() if of == kind and what})
                yield from (f"        {n:4}  {what}" for what, n in batches.items())


def count_syncs() -> list[tuple[str, str]]:
    """Put a counter around both system calls of this process; return the list that it fills."""
    found, sizes = list[tuple[str, str]](), dict[str, int]()

    def counted(call: Callable[[int], None]) -> Callable[[int], None]:
        def sync(descriptor: int) -> None:
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            kind, what = _kind(path), ""
            if kind == "day file":
                size = path.stat().st_size
                what = _batch(path, sizes.get(str(path)), size)
                sizes[str(path)] = size
            found.append((kind, what))
            call(descriptor)

        return sync

    os.fsync, os.fdatasync = counted(os.fsync), counted(os.fdatasync)  # type: ignore[assignment]
    return found


def _kind(path: Path) -> str:
    if path.suffix == ".jsonl":
        return "day file"
    if path.name.lstrip(".").startswith("HEAD"):
        return "HEAD"
    if path.name == "lock":
        return "lock"
    beside = path.parts[path.parts.index("var") :] if "var" in path.parts else path.parts[-1:]
    if path.is_dir():
        return f"folder {'/'.join(beside[:2])}"
    return "evidence" if "data" in beside else "/".join(beside[:2])


def _batch(path: Path, before: int | None, size: int) -> str:
    """Name the types of what was appended since the last sync; of what stood there before, the last line's."""
    content = path.read_bytes()[before or 0 : size]
    names = [name.decode() for name in TYPE.findall(content)]
    return " + ".join(dict.fromkeys(names if before is not None else names[-1:]))
