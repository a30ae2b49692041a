"""Writing: batches, days, HEAD, the clock, and a disk that fails."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from freezegun import freeze_time

from ledger.clock import SimulatedClock, SystemClock
from ledger.errors import LogDamaged, LogError, LogExists, LogForeign, LogMissing, LogNotWritable
from ledger.events import CycleStarted, DaySealed, LogStarted, StartRefused, WallClockRegressed
from ledger.ledger import Ledger
from ledger.log import Log, last_recorded_at, read_events, read_genesis
from ledger.log.head import read_head
from tests.ledger.logs import (
    GENESIS,
    WEDNESDAY,
    StillClock,
    append,
    day_lines,
    files,
    lost,
    started,
    two_days,
)

TICK = timedelta(microseconds=1)


def cycle_started() -> CycleStarted:
    return CycleStarted(
        kind="trade",
        dry_run=True,
        slot="2026-01-14/1000",
        attempt=1,
        session_day=WEDNESDAY.date(),
        session_open=WEDNESDAY,
        session_close=WEDNESDAY,
        settings_sha256="0" * 64,
        versions={},
    )


def test_a_new_log_begins_with_its_genesis_and_a_head(tmp_path: Path) -> None:
    with started(tmp_path) as log:
        (genesis,) = log.events()

        assert (genesis.seq, genesis.fact, genesis.prev) == (0, GENESIS, "0" * 64)
        assert log.log_id == genesis.log
        assert len(bytes.fromhex(log.log_id)) == 8
        head = read_head(tmp_path / "var")
        assert head is not None
        assert (head.seq, head.hash) == log.head
    assert read_genesis(tmp_path) == GENESIS


def test_two_logs_never_share_an_id(tmp_path: Path) -> None:
    with started(tmp_path / "a") as one, started(tmp_path / "b") as other:
        assert one.log_id != other.log_id


def test_a_home_holds_one_log(tmp_path: Path) -> None:
    started(tmp_path).close()

    with pytest.raises(LogExists, match="expected no log"):
        started(tmp_path)


def test_a_log_is_not_begun_where_the_day_files_were_lost(tmp_path: Path) -> None:
    two_days(tmp_path)
    for path in files(tmp_path):
        path.unlink()

    with pytest.raises(LogExists):
        started(tmp_path)


def test_a_log_needs_a_home(tmp_path: Path) -> None:
    with pytest.raises(LogMissing, match="tallybook init"):
        Log.create(tmp_path / "none", StillClock(), GENESIS)


def test_a_crash_between_head_and_genesis_leaves_room_for_another_try(tmp_path: Path) -> None:
    started(tmp_path).close()
    files(tmp_path)[0].unlink()

    with pytest.raises(LogMissing, match="tallybook adopt"):
        Log.open(tmp_path, StillClock())
    started(tmp_path).close()

    assert read_genesis(tmp_path) == GENESIS


def test_only_the_clock_of_the_genesis_may_write(tmp_path: Path) -> None:
    with pytest.raises(LogForeign, match="expected the system clock"):
        Log.create(tmp_path, SystemClock(), GENESIS)
    started(tmp_path).close()
    with pytest.raises(LogForeign, match="expected the system clock"):
        Log.open(tmp_path, SystemClock())


def test_nobody_else_may_read_what_an_account_holds(tmp_path: Path) -> None:
    two_days(tmp_path)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "var").rglob("*")}

    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700
    assert modes == {
        "events": 0o700,
        "lock": 0o600,
        "HEAD.0": 0o600,
        "HEAD.1": 0o600,
        "2026-01-14.jsonl": 0o400,
        "2026-01-15.jsonl": 0o600,
    }


def test_a_batch_shares_one_moment_and_the_next_one_is_later_though_the_clock_stands(tmp_path: Path) -> None:
    with started(tmp_path) as log:
        append(log, lost("a"), lost("b"))
        append(log, lost("c"))
        events = list(log.events())

    assert [event.recorded_at - WEDNESDAY for event in events] == [0 * TICK, TICK, TICK, 2 * TICK]
    assert [event.batch for event in events] == [(1, 1), (1, 2), (2, 2), (1, 1)]


def test_a_cycle_is_the_seq_of_its_start_which_carries_its_own(tmp_path: Path) -> None:
    with started(tmp_path) as log:
        log.append(log.draft((lost("before"), cycle_started(), lost("in it")), None))
        log.append(log.draft((lost("still in it"),), 2))
        append(log, lost("after"))

        assert [event.cycle for event in log.events()] == [None, None, 2, 2, 2, None]


def test_nothing_is_drafted_from_nothing(tmp_path: Path) -> None:
    with started(tmp_path) as log:
        assert log.draft((), None) == ()
        log.append(())
        assert log.head[0] == 0


def test_a_draft_writes_nothing(tmp_path: Path) -> None:
    with started(tmp_path) as log:
        log.draft((lost("a"),), None)

        assert (log.head[0], len(day_lines(tmp_path))) == (0, 1)


def test_a_stale_draft_is_refused(tmp_path: Path) -> None:
    with started(tmp_path) as log:
        draft = log.draft((lost("a"),), None)
        append(log, lost("b"))

        with pytest.raises(ValueError, match="stale"):
            log.append(draft)
        append(log, lost("c"))
        assert log.head[0] == 2


def test_the_first_append_of_a_later_day_seals_the_day_before(tmp_path: Path) -> None:
    two_days(tmp_path)
    first, second = files(tmp_path)
    seal = list(read_events(tmp_path))[4]

    assert (first.name, second.name) == ("2026-01-14.jsonl", "2026-01-15.jsonl")
    assert seal.batch == (1, 1)
    assert seal.key == "day/2026-01-14/sealed"
    assert second.read_bytes().startswith(b'{"seq":4,"type":"day_sealed"')
    assert seal.fact == DaySealed(
        file="2026-01-14.jsonl",
        first_seq=0,
        last_seq=3,
        events=4,
        head_hash=seal.prev,
        file_sha256=sha256(first.read_bytes()).hexdigest(),
    )


def test_a_day_sealed_by_a_later_process_has_the_same_tally(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    clock.sleep(86_400 * 3)

    with Log.open(tmp_path, clock) as log:
        append(log, lost("friday"))
        seal = list(log.events())[-2].fact

    assert isinstance(seal, DaySealed)
    assert (seal.file, seal.first_seq, seal.last_seq, seal.events) == ("2026-01-15.jsonl", 4, 7, 4)
    assert seal.file_sha256 == sha256((tmp_path / "var/events/2026-01-15.jsonl").read_bytes()).hexdigest()


@pytest.mark.parametrize("before_midnight", [0, 1, 2, 3])
def test_batch_and_seal_lie_in_one_file_even_at_the_last_microseconds_of_a_day(
    tmp_path: Path, before_midnight: int
) -> None:
    clock = StillClock()
    with started(tmp_path, clock) as log:
        clock.moment = datetime(2026, 1, 16, tzinfo=UTC) - before_midnight * TICK
        append(log, lost("a"), lost("b"))
        append(log, lost("c"))
        append(log, lost("d"))

    for event in read_events(tmp_path):
        raw = day_lines(tmp_path)[event.seq]
        (path,) = [path for path in files(tmp_path) if raw in path.read_bytes()]
        assert path.stem == event.recorded_at.date().isoformat()
    Log.open(tmp_path, clock).close()


def test_a_clock_that_stands_at_midnight_rolls_the_day_over_by_itself(tmp_path: Path) -> None:
    clock = StillClock(datetime(2026, 1, 15, tzinfo=UTC) - TICK)
    with started(tmp_path, clock) as log:
        append(log, lost("a"))

    assert [path.stem for path in files(tmp_path)] == ["2026-01-14", "2026-01-15"]


def test_head_moves_at_a_barrier_and_when_the_process_ends_well(tmp_path: Path) -> None:
    def vouched() -> int:
        head = read_head(tmp_path / "var")
        assert head is not None
        return head.seq

    with started(tmp_path) as log:
        append(log, lost("a"))
        assert vouched() == 0
        log.barrier()
        assert vouched() == 1
        append(log, lost("b"))
        assert vouched() == 1
    assert vouched() == 2


def test_a_closed_log_is_not_written(tmp_path: Path) -> None:
    log = started(tmp_path)
    draft = log.draft((lost("a"),), None)
    log.close()

    with pytest.raises(LogNotWritable, match="released"):
        log.append(draft)
    with pytest.raises(LogNotWritable):
        log.barrier()
    log.close()


def test_a_system_clock_that_jumps_back_is_recorded_and_never_followed(tmp_path: Path) -> None:
    genesis = LogStarted(account="DU1", mode="paper", clock="system", base_currency="USD")
    with freeze_time("2026-11-01 06:30:00"):
        Log.create(tmp_path, SystemClock(), genesis).close()

    with freeze_time("2026-11-01 05:30:00"), Log.open(tmp_path, SystemClock()) as log:
        append(log, lost("a"))
        events = list(log.events())[1:]

    half_past_six = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert events[0].fact == WallClockRegressed(
        clock_showed=half_past_six - timedelta(hours=1), last_recorded_at=half_past_six
    )
    assert [event.recorded_at for event in events] == [half_past_six + TICK, half_past_six + 2 * TICK]


def test_a_clock_that_is_a_second_off_is_not_worth_a_line(tmp_path: Path) -> None:
    clock = StillClock()
    started(tmp_path, clock).close()
    clock.sleep(-1)

    with Log.open(tmp_path, clock) as log:
        assert log.head[0] == 0


def test_the_simulated_clock_moves_only_when_advanced() -> None:
    still = StillClock()
    clock = SimulatedClock(still.now, still.sleep)

    clock.sleep(300)

    assert (clock.kind, clock.now()) == ("simulated", WEDNESDAY + timedelta(minutes=5))


def test_the_last_moment_is_known_without_the_lock(tmp_path: Path) -> None:
    two_days(tmp_path)
    with files(tmp_path)[1].open("ab") as file:
        file.write(b"torn")

    assert last_recorded_at(tmp_path) == list(read_events(tmp_path))[-1].recorded_at


def test_reading_can_stop_at_a_line(tmp_path: Path) -> None:
    two_days(tmp_path)

    assert [event.seq for event in read_events(tmp_path, until_seq=2)] == [0, 1, 2]


def test_an_unreadable_note_is_recorded_all_the_same(tmp_path: Path) -> None:
    started(tmp_path).close()
    (tmp_path / "var/refused").mkdir()
    (tmp_path / "var/refused/1-1.json").write_text("{")

    with Ledger.open(tmp_path, StillClock()) as ledger:
        note = list(ledger.log.events())[-1].fact

    assert isinstance(note, StartRefused)
    assert note.slot == "unreadable note 1-1.json"
    assert list((tmp_path / "var/refused").iterdir()) == []


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes = [error.code for error in LogError.__subclasses__()]

    assert len(set(codes)) == len(codes)
    assert {error.exit_status for error in LogError.__subclasses__()} == {2, 75}


@pytest.mark.parametrize("name", ["9999-99-99.jsonl", "2026-02-30.jsonl", "0000-01-01.jsonl"])
def test_the_file_of_a_day_that_never_is_stops_a_start(tmp_path: Path, name: str) -> None:
    clock = two_days(tmp_path)
    (tmp_path / "var/events" / name).write_bytes(b"")

    with pytest.raises(LogDamaged, match=f"{name}: expected the file of a day"):
        Ledger.open(tmp_path, clock)
