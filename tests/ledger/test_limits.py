"""Sizes beyond which something is wrong with whoever writes: refused by name, and damage where they are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import BatchTooLarge, DayFileFull, LogDamaged
from ledger.line import GENESIS_PREV, Line, draft_lines
from ledger.log import Log, read_events
from ledger.log.chain import BATCH_BYTES_MAX, BATCH_EVENTS_MAX, DAY_BYTES_MAX, Chain
from tests.ledger.logs import GENESIS, WEDNESDAY, StillClock, append, files, lost, rewrite, started, vouch

LOG = "0123456789abcdef"
FILE = "2026-01-14.jsonl"


def test_a_batch_of_more_facts_than_one_may_hold_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with started(tmp_path) as log:
        with pytest.raises(BatchTooLarge, match="at most 10000 facts, found 10001"):
            log.draft([lost("x")] * (BATCH_EVENTS_MAX + 1), None)

        assert log.writable
        append(log, *[lost("x")] * BATCH_EVENTS_MAX)

    assert sum(1 for _ in read_events(tmp_path)) == 1 + BATCH_EVENTS_MAX


def test_a_batch_of_more_bytes_than_one_may_hold_is_refused(tmp_path: Path) -> None:
    megabyte = lost("x" * 1_000_000)
    with started(tmp_path) as log:
        with pytest.raises(BatchTooLarge, match=f"at most {BATCH_BYTES_MAX} bytes"):
            log.draft([megabyte] * 68, None)

        assert log.head[0] == 0


def test_a_longer_batch_in_the_log_is_damage_and_stays_untouched(tmp_path: Path) -> None:
    started(tmp_path).close()
    (genesis,) = read_events(tmp_path)
    facts = [lost("x")] * (BATCH_EVENTS_MAX + 1)
    later = genesis.recorded_at.replace(hour=20)
    lines = draft_lines(facts, seq=1, log=genesis.log, recorded_at=later, cycle=None, prev=genesis.hash)
    path = files(tmp_path)[0]
    content = path.read_bytes() + b"".join(line.raw for line in lines)
    rewrite(path, content)

    with pytest.raises(LogDamaged, match="at most 10000 lines"):
        Log.open(tmp_path, StillClock())
    assert path.read_bytes() == content

    vouch(tmp_path, 1)
    with pytest.raises(LogDamaged, match="at most 10000 lines"):
        list(read_events(tmp_path))


def full(chain: Chain, size: int) -> None:
    """Say that the day file holds so much already."""
    assert chain.day is not None
    chain.day.size = size
    chain.batch_from = (FILE, size)


def test_a_day_file_that_is_full_takes_nothing_more_before_the_next_day(tmp_path: Path) -> None:
    clock = StillClock()
    with started(tmp_path, clock) as log:
        full(log._chain, DAY_BYTES_MAX - 100)

        with pytest.raises(DayFileFull, match="next day"):
            log.draft((lost("x"),), None)
        clock.sleep(86_400)
        assert [line.event.type for line in log.draft((lost("x"),), None)] == ["day_sealed", "broker_lost"]


def test_a_line_beyond_a_full_day_cannot_stand() -> None:
    def line(seq: int, prev: str) -> Line:
        fact, moment = (GENESIS, WEDNESDAY) if seq == 0 else (lost("x"), WEDNESDAY.replace(hour=20))
        return draft_lines((fact,), seq=seq, log=LOG, recorded_at=moment, cycle=None, prev=prev)[0]

    genesis = line(0, GENESIS_PREV)
    following = line(1, genesis.header.hash)
    for size, fits in ((DAY_BYTES_MAX - len(following.raw), True), (DAY_BYTES_MAX - len(following.raw) + 1, False)):
        chain = Chain()
        chain.accept(genesis.raw, FILE)
        full(chain, size)
        if fits:
            chain.accept(following.raw, FILE)
            assert chain.seq == 1
        else:
            with pytest.raises(Exception, match="bytes a day"):
                chain.accept(following.raw, FILE)
