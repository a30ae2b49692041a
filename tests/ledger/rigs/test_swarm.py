"""A thousand cycles on disks whose power fails; `python -m benchmarks.swarm` runs twenty thousand and more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from ledger.events import Fact
from ledger.ledger import Ledger
from ledger.log import Log, read_events
from tests.ledger.logs import GENESIS, MAY_TRADE, StillClock, acknowledged, append, attempted, lost
from tests.ledger.rigs.oracle import judge
from tests.ledger.rigs.simulated_disk import FATES, HOME, File, PowerCut, SimulatedDisk
from tests.ledger.rigs.swarm import CYCLES_A_LIFE, live

LIVES = 88  # 1,056 cycles
PARTS = 4
# Lives that once found something; a life changes when the log does other operations, so each has its own test below.
ONCE_BROKEN = (1, 4, 12, 13, 16, 71, 94)
AT_LEAST = {
    "power cut": 40, "kill": 10, "open": 80, "adopt": 8, "cut": 1, "cut and adopt": 1, "begin": 10, "name kept": 10,
    "name lost": 10, "batch in flight arrived": 3, "second start refused": 20, "cut at write": 10, "cut at sync": 5,
    "cut at sync folder": 2, "cut at truncate": 2, "cut at create": 1,
    **{f"bytes {fate.__name__}": 2 for fate in FATES},
}  # fmt: skip


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_a_crash_loses_nothing_depended_on_it_and_nothing_is_invented(part: int) -> None:
    seeds = range(1000 + part * LIVES // PARTS, 1000 + (part + 1) * LIVES // PARTS)
    print(f"seeds {seeds[0]} to {seeds[-1]}")

    tally = live(seeds)

    print(tally)
    assert tally.cycles == len(seeds) * CYCLES_A_LIFE
    assert tally.crashes >= tally.cycles // 4
    assert tally.acts > 100
    assert {name: tally.seen[name] for name, least in AT_LEAST.items() if tally.seen[name] < least} == {}


@pytest.mark.parametrize("seed", ONCE_BROKEN)
def test_lives_that_once_found_something_are_whole(seed: int) -> None:
    assert live(range(seed, seed + 1)).cycles == CYCLES_A_LIFE


def begun(seed: int = 5) -> tuple[SimulatedDisk, StillClock]:
    disk, clock = SimulatedDisk(seed), StillClock()
    with Log.create(HOME, clock, GENESIS, disk=disk) as log:
        append(log, lost("one"))
    disk.restart()
    return disk, clock


def lose_what_nobody_synced(disk: SimulatedDisk) -> None:
    """The worst power cut: no unsynced byte and no unsynced name survives."""
    disk.root.lose()
    disk.kill()


def unsynced(disk: SimulatedDisk) -> bool:
    events = disk.find(HOME / "var/events/2026-01-14.jsonl")
    return isinstance(events, File) and events.content != events.durable


def test_lines_that_a_killed_process_left_unsynced_are_durable_before_the_next_start_goes_on() -> None:
    found = 0
    for seed in range(8):
        disk, clock = begun(seed)
        log = Log.open(HOME, clock, disk=disk)
        disk.cut_at = disk.changes + 2  # after the write; before its sync, or when it is over
        with pytest.raises(PowerCut):
            append(log, lost("two"))
        disk.kill()
        found += unsynced(disk)
        clock.sleep(86_400)  # the next start writes another file

        with Log.open(HOME, clock, disk=disk) as log:
            expected = log.head[0]
        lose_what_nobody_synced(disk)

        assert [event.seq for event in read_events(HOME, disk=disk)] == list(range(expected + 1))
    assert found > 0


def test_a_day_file_that_a_killed_process_left_unnamed_is_named_before_the_next_start_writes_into_it() -> None:
    disk, clock = begun()
    clock.sleep(86_400)
    log = Log.open(HOME, clock, disk=disk)
    disk.cut_at = disk.changes + 2  # the file is made; its folder is not synced yet
    with pytest.raises(PowerCut):
        append(log, lost("two"))
    disk.kill()
    assert disk.day_files().get("2026-01-15.jsonl") == b""

    with Log.open(HOME, clock, disk=disk) as log:
        append(log, lost("three"))
    lose_what_nobody_synced(disk)

    assert [event.type for event in read_events(HOME, disk=disk)][-2:] == ["day_sealed", "broker_lost"]


def sending(placed: list[str]) -> Iterator[Fact]:
    for number in range(1, 4):
        order_ref = f"tb-DU1-3-abcd-756733-B-{number}"
        yield attempted(order_ref, "5", number)
        placed.append(order_ref)  # the order leaves
        yield acknowledged(order_ref)


CHANGES_OF_THREE_ORDERS = 43


@pytest.mark.parametrize("after", range(1, CHANGES_OF_THREE_ORDERS + 1, 3))
def test_an_order_leaves_only_when_the_worst_power_cut_would_leave_its_intent(after: int) -> None:
    for cut_at in range(after, after + 3):
        disk, clock, placed = SimulatedDisk(cut_at), StillClock(), list[str]()
        with Ledger.create(HOME, clock, GENESIS, disk=disk) as ledger:
            ledger.record(MAY_TRADE)
        before = disk.changes
        disk.cut_at = before + cut_at
        with suppress(PowerCut), Ledger.open(HOME, clock, disk=disk) as ledger:
            ledger.record(sending(placed))
        assert disk.dead or (len(placed), cut_at > disk.changes - before) == (3, True)
        lose_what_nobody_synced(disk)

        slots = disk.files(HOME / "var")
        verdict = judge(disk.day_files(), (slots["HEAD.0"], slots["HEAD.1"]))
        assert verdict.opens
        vouched_for = b"".join(verdict.lines[: (verdict.head or 0) + 1])
        assert [order_ref for order_ref in placed if order_ref.encode() not in vouched_for] == []
