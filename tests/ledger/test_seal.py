"""Opening and reading behind a sealed day, and handing events on in the walk that an opening makes anyway."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import LogDamaged, LogError, LogForked
from ledger.events import DaySealed
from ledger.log import Event, Log, Seal, read_events
from tests.ledger.logs import append, contents, day_lines, files, lost, rewrite, two_days, vouch

LAST_SEQ = 7


def seal_of(home: Path) -> Seal:
    (sealed,) = (event.fact for event in read_events(home) if isinstance(event.fact, DaySealed))
    return Seal.of(sealed)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    rewrite(path, bytes(content))


def test_a_seal_names_the_last_line_of_its_day(tmp_path: Path) -> None:
    two_days(tmp_path)

    assert seal_of(tmp_path) == Seal("2026-01-14.jsonl", 3, day_lines(tmp_path)[3][-67:-3].decode())


def test_every_event_is_handed_on_in_the_walk(tmp_path: Path) -> None:
    clock, seen = two_days(tmp_path), list[Event]()

    with Log.open(tmp_path, clock, visit=seen.append):
        assert seen == list(read_events(tmp_path))


def test_what_recovery_records_is_handed_on_too_and_a_torn_batch_is_not(tmp_path: Path) -> None:
    clock, seen = two_days(tmp_path), list[Event]()
    vouch(tmp_path, 4)
    path = files(tmp_path)[1]
    rewrite(path, path.read_bytes()[:-1])

    with Log.open(tmp_path, clock, visit=seen.append):
        assert seen == list(read_events(tmp_path))

    assert [event.type for event in seen[-2:]] == ["tail_truncated", "head_advanced"]
    assert [event.seq for event in seen] == list(range(8))


def test_behind_a_seal_nothing_older_is_read(tmp_path: Path) -> None:
    clock, seen = two_days(tmp_path), list[Event]()
    seal, later = seal_of(tmp_path), list(read_events(tmp_path))[4:]
    first, _ = files(tmp_path)
    rewrite(first, day_lines(tmp_path)[0] + b"\0" * 100)

    with Log.open(tmp_path, clock, since=seal, visit=seen.append) as log:
        assert seen == later == list(read_events(tmp_path, since=seal)) == list(log.events(seal))
        append(log, lost("after"))
        assert log.head[0] == LAST_SEQ + 1


def test_reading_behind_a_seal_ends_where_it_is_told_to(tmp_path: Path) -> None:
    two_days(tmp_path)
    seal = seal_of(tmp_path)

    for until, expected in ((2, []), (3, []), (4, [4]), (7, [4, 5, 6, 7])):
        assert [event.seq for event in read_events(tmp_path, since=seal, until_seq=until)] == expected


@pytest.mark.parametrize("head", [1, 3])
def test_a_head_before_the_seal_is_looked_up_all_the_same(tmp_path: Path, head: int) -> None:
    clock, seen = two_days(tmp_path), list[Event]()
    seal = seal_of(tmp_path)
    vouch(tmp_path, head)

    assert [event.seq for event in read_events(tmp_path, since=seal)] == [4, 5, 6, 7]
    with Log.open(tmp_path, clock, since=seal, visit=seen.append):
        assert [(event.seq, event.type) for event in seen[3:]] == [(7, "broker_lost"), (8, "head_advanced")]


def test_a_head_before_the_seal_that_does_not_fit_is_a_fork(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    seal = seal_of(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    two_days(other)
    vouch(other, 1)
    for slot in ("HEAD.0", "HEAD.1"):
        (tmp_path / "var" / slot).write_bytes((other / "var" / slot).read_bytes())

    with pytest.raises(LogForked, match="as HEAD says"):
        Log.open(tmp_path, clock, since=seal)
    with pytest.raises(LogForked, match="as HEAD says"):
        list(read_events(tmp_path, since=seal))


@pytest.mark.parametrize("head", [1, 3, LAST_SEQ])
@pytest.mark.parametrize(
    "seal",
    [
        pytest.param(Seal("2026-01-14.jsonl", 3, "0" * 64), id="another hash"),
        pytest.param(Seal("2026-01-14.jsonl", 2, "0" * 64), id="another line"),
        pytest.param(Seal("2026-01-15.jsonl", 9, "0" * 64), id="further than the log"),
        pytest.param(Seal("2026-01-13.jsonl", 3, "0" * 64), id="a file that is not there"),
    ],
)
def test_a_seal_of_another_history_is_refused_and_nothing_is_touched(tmp_path: Path, seal: Seal, head: int) -> None:
    clock = two_days(tmp_path)
    vouch(tmp_path, head)
    before = contents(tmp_path)

    with pytest.raises(LogError, match=r"expected .* found"):
        Log.open(tmp_path, clock, since=seal)

    assert contents(tmp_path) == before


def test_a_sealed_file_that_is_gone_is_missed_though_nobody_reads_it(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    seal = seal_of(tmp_path)
    files(tmp_path)[0].unlink()

    with pytest.raises(LogDamaged, match="expected a sealed day file"):
        list(read_events(tmp_path, since=seal))
    with pytest.raises(LogError):
        Log.open(tmp_path, clock, since=seal)


def test_a_seal_whose_line_was_torn_off_is_still_the_end_of_the_log(tmp_path: Path) -> None:
    clock, seen = two_days(tmp_path), list[Event]()
    seal = seal_of(tmp_path)
    vouch(tmp_path, 2)
    rewrite(files(tmp_path)[1], day_lines(tmp_path)[4][:-9])

    with Log.open(tmp_path, clock, since=seal, visit=seen.append):
        pass

    assert [event.type for event in seen] == ["day_sealed", "tail_truncated", "head_advanced"]
    assert [event.seq for event in read_events(tmp_path)] == list(range(7))


def test_a_log_that_is_damaged_in_what_is_read_is_refused_behind_a_seal_too(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    seal = seal_of(tmp_path)
    flipped(files(tmp_path)[1])

    with pytest.raises(LogDamaged):
        Log.open(tmp_path, clock, since=seal)
    with pytest.raises(LogDamaged):
        list(read_events(tmp_path, since=seal))


def test_a_new_day_behind_a_seal_is_sealed_with_the_whole_files_hash(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    seal = seal_of(tmp_path)
    with Log.open(tmp_path, clock, since=seal) as log:
        clock.sleep(86_400)
        append(log, lost("third day"))

    assert [event.seq for event in read_events(tmp_path)] == list(range(10))
    Log.open(tmp_path, clock).close()
