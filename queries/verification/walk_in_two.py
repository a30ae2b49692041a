"""The walk in two processes, where a checkpoint lies near the middle: one folds up to it, the other on from it.

The checkpoint is trusted for nothing: the first half must arrive at the very book that it holds. Where it does not, or
where the first half finds anything that ends a walk, the log is walked again in one go.
"""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

from ledger.book import Book, Forgotten
from ledger.checkpoints import Checkpoint, checkpoints_folder, latest
from ledger.log.chain import Chain, Seal
from ledger.log.disk import LOCAL
from ledger.log.recovery import genesis_of
from queries.verification.walk import Tell, Walk, Walked, silent, walk_log
from queries.workers import is_one_of_several, several

TRIES = 3  # checkpoints of another version are passed over
WORTH_IT_BYTES = 8_000_000  # below, the second process costs more than it saves


def walk(
    home: Path,
    files: tuple[Path, ...],
    wanted: frozenset[int],
    head_seq: int,
    tell: Tell = silent,
    worth_it_bytes: int = WORTH_IT_BYTES,
) -> Walked:
    """Walk from the genesis to the end."""
    checkpoint = None if is_one_of_several() else middle_of(home, files, worth_it_bytes)
    if checkpoint is not None:
        first, rest = _divided(files, checkpoint)
        try:
            with several(1) as other:
                begun = other.submit(first_half, home, first, rest[0].name, checkpoint.seal, wanted, head_seq)
                second = _second_half(files[0], rest, wanted, head_seq, checkpoint, tell)
                return _joined(begun.result(), second)
        except (_Differs, Forgotten, BrokenProcessPool):
            pass  # one process finds out by itself
    return walk_log(files, wanted, head_seq, tell)


class _Differs(Exception):
    """The halves do not meet."""


def middle_of(home: Path, files: tuple[Path, ...], worth_it_bytes: int) -> Checkpoint | None:
    """Return the checkpoint that divides the log best; None if there is none, or too little to divide."""
    sizes = tuple(accumulate(path.stat().st_size for path in files))
    if not sizes or sizes[-1] < worth_it_bytes:
        return None
    kept = {path.stem for path in checkpoints_folder(home).glob("*.ckpt")}
    places = [place for place, path in enumerate(files[:-1]) if path.stem in kept]
    for place in sorted(places, key=lambda place: abs(2 * sizes[place] - sizes[-1]))[:TRIES]:
        found = latest(home, before=files[place + 1].name)
        if found is not None and found.seal.file == files[place].name:
            return found
    return None


def _divided(files: tuple[Path, ...], checkpoint: Checkpoint) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    place = [path.name for path in files].index(checkpoint.seal.file) + 1
    return files[:place], files[place:]


def first_half(
    home: Path, files: tuple[Path, ...], following: str, seal: Seal, wanted: frozenset[int], head_seq: int
) -> Walked | None:
    """Walk up to the checkpoint, in a process of its own; None unless its book is the one that the lines imply."""
    kept, walk = latest(home, before=following), Walk(files, wanted, head_seq, Chain(), Book(), forgets=True)
    try:
        seen = walk.run(silent)
    except Forgotten:
        return None
    if kept is None or kept.seal != seal or seen.flaw is not None or walk.book is None:
        return None
    if (seen.chain.seq, seen.chain.hash) != (seal.seq, seal.hash) or not same_book(walk.book, kept.book):
        return None
    return replace(seen, chain=Chain())  # the second half has the chain's end; a running hash cannot be sent


def same_book(one: Book, other: Book) -> bool:
    """Tell whether two books hold the same, in whatever order."""
    return one == other


def _second_half(
    genesis: Path, files: tuple[Path, ...], wanted: frozenset[int], head_seq: int, checkpoint: Checkpoint, tell: Tell
) -> Walked:
    chain = Chain.after(checkpoint.seal, *genesis_of(genesis, LOCAL))
    walk = Walk(files, wanted, head_seq, chain, checkpoint.book, forgets=True)
    return walk.run(lambda count: tell(2 * count))


def _joined(first: Walked | None, second: Walked) -> Walked:
    if first is None:
        raise _Differs
    return Walked(
        chain=second.chain,
        lines=first.lines + second.lines,
        size=first.size + second.size,
        flaw=second.flaw,
        whole=second.whole if second.whole[0] >= 0 else first.whole,
        hash_at=first.hash_at | second.hash_at,
        genesis=first.genesis,
        evidence=second.evidence | first.evidence,
        cuts=first.cuts + second.cuts,
        cycles=first.cycles + second.cycles,
        wrong_hashes=first.wrong_hashes + second.wrong_hashes,
        unbalanced=first.unbalanced + second.unbalanced,
        impossible=second.impossible,
        currencies=tuple(sorted({*first.currencies, *second.currencies})),
        processes=2,
    )
