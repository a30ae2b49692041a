"""Sectors lost, zeroed or swapped; tails of zeros, of old bytes, of an older generation; sectors of one write apart."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise, product

import pytest

from tests.ledger.rigs.damage import Case, check_all, everywhere
from tests.ledger.rigs.log_of_three_days import EVENTS, Written, another_log, three_days
from tests.ledger.rigs.simulated_disk import SECTOR

FEW = ("at the end", "before the last batch", "in the last day", "at the genesis")
LENGTHS = (1, 2, 75, 76, 77, 150, 511, 512, 513, 1024, 4095, 4096, 4097, 8192, 70_000)


def sectors(size: int) -> Iterator[tuple[str, int, bytes]]:
    for name, content in three_days().files.items():
        for at in range(0, len(content), size):
            yield name, at, content


def lost(size: int) -> Iterator[Case]:
    """The bytes are gone, and what followed moved up."""
    for name, at, content in sectors(size):
        files = three_days().files | {name: content[:at] + content[at + size :]}
        yield from everywhere(f"{name}: {size} bytes lost at {at}", files, FEW if name == max(files) else FEW[::3])


def zeroed(size: int) -> Iterator[Case]:
    for name, at, content in sectors(size):
        files = three_days().files | {name: content[:at] + bytes(min(size, len(content) - at)) + content[at + size :]}
        yield from everywhere(f"{name}: {size} zeros at {at}", files, FEW if name == max(files) else FEW[::3])


def from_elsewhere(size: int) -> Iterator[Case]:
    """Another sector of the same log stands in its place."""
    chance = random.Random(size)
    for name, at, content in sectors(size):
        other = three_days().files[chance.choice(sorted(three_days().files))]
        begin = size * chance.randrange(len(other) // size)
        files = three_days().files | {name: content[:at] + other[begin : begin + size] + content[at + size :]}
        yield from everywhere(f"{name}: sector at {at} from {begin}", files, FEW[:2])


@pytest.mark.parametrize("damage", [lost, zeroed, from_elsewhere])
@pytest.mark.parametrize("size", [SECTOR, 4096])
def test_a_sector_lost_zeroed_or_misplaced_is_met_as_the_table_says(
    damage: Callable[[int], Iterator[Case]], size: int
) -> None:
    seen = Counter[str]()
    check_all(damage(size), seen)
    assert seen["halt"] > 0
    assert set(seen) <= {"halt", "open", "adopt", "cut", "cut and adopt"}


def last_day() -> tuple[Written, str, bytes]:
    log = three_days()
    name = max(log.files)
    return log, name, log.files[name]


def ends() -> Iterator[int]:
    """Where in the last file a tail may begin: at some lines' ends, and inside a line."""
    log, name, content = last_day()
    starts = [at for file, at in log.starts if file == name]
    yield from (*starts[-4:], starts[-2] + 30, starts[-1] + 200, len(content) - 1, len(content))


def zero_tails() -> Iterator[Case]:
    """The file's length was extended, the content never came."""
    log, name, content = last_day()
    for end, length in product(ends(), LENGTHS):
        files = log.files | {name: content[:end] + bytes(length)}
        yield from everywhere(f"{length} zeros from {end}", files, FEW[: 4 if length == 512 else 2])


def stale_tails() -> Iterator[Case]:
    """Recycled blocks: valid old lines of this log lie where the new ones should be."""
    log, name, content = last_day()
    chance = random.Random(3)
    for end in ends():
        for seq in (0, 40, 57, 60, 61, 63):
            old = b"".join(log.lines[seq : seq + chance.randint(1, 3)])
            for what, tail in (("whole", old), ("half", old[chance.randrange(60, 200) :]), ("in junk", b"\0x" + old)):
                yield from everywhere(
                    f"stale {seq} from {end}, {what}", log.files | {name: content[:end] + tail}, FEW[:2]
                )


def tails_of_an_older_generation() -> Iterator[Case]:
    """What lay there belongs to a log that was here before."""
    log, name, content = last_day()
    older = another_log()
    for end in ends():
        for seq in (0, 20, 40, 59, 62, 63):
            for what, tail in (("whole", older.lines[seq]), ("in zeros", bytes(9) + older.lines[seq])):
                files = log.files | {name: content[:end] + tail}
                yield from everywhere(f"older generation's {seq} from {end}, {what}", files, FEW[:2])


@pytest.mark.parametrize("tails", [zero_tails, stale_tails, tails_of_an_older_generation])
def test_what_a_crash_leaves_in_the_tail_is_met_as_the_table_says(tails: Callable[[], Iterator[Case]]) -> None:
    seen = Counter[str]()
    check_all(tails(), seen)
    assert min(seen["halt"], seen["cut"], seen["cut and adopt"]) > 0, seen


def pages_of_one_write_in_any_order() -> Iterator[Case]:
    """Of the last batch, which was one write, every choice of sectors arrived; the others are zeros."""
    log, name, content = last_day()
    begin = log.starts[log.batch_of(EVENTS - 1)[0]][1]
    edges = [begin, *range((begin // SECTOR + 1) * SECTOR, len(content), SECTOR), len(content)]
    parts = list(pairwise(edges))
    for arrived in product((True, False), repeat=len(parts)):
        tail = b"".join(content[a:b] if there else bytes(b - a) for there, (a, b) in zip(arrived, parts, strict=True))
        yield from everywhere(f"arrived {arrived}", log.files | {name: content[:begin] + tail}, FEW)


def test_sectors_of_one_write_that_arrive_in_any_order_are_torn_not_damage() -> None:
    seen = Counter[str]()
    cases = list(pages_of_one_write_in_any_order())
    check_all(cases, seen, book_every=1)
    assert len(cases) >= 4 * 8
    assert seen["open"] == 1
    assert seen["halt"] == len(cases) / 4 - 1  # HEAD at the end: what is missing had been vouched for
    assert seen["cut"] == len(cases) / 4 - 1
