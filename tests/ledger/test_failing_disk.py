"""Disks that are full, fail or belong to somebody else: a writer stops for good, and the next start repairs."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.errors import LogDamaged, LogNotWritable
from ledger.log import Log, read_events
from ledger.log.head import read_head
from tests.ledger.logs import StillClock, append, day_lines, files, lost, started


def fails(code: int) -> Callable[..., int]:
    def failing(*args: object) -> int:
        raise OSError(code, os.strerror(code))

    return failing


@pytest.mark.parametrize(
    ("call", "failing"),
    [
        pytest.param("write", fails(errno.ENOSPC), id="no space left"),
        pytest.param("write", lambda *_: 0, id="nothing written"),
        pytest.param("fdatasync", fails(errno.EIO), id="the sync failed"),
    ],
)
def test_a_failed_write_poisons_the_writer_and_the_next_start_repairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, failing: Callable[..., int]
) -> None:
    log = started(tmp_path)
    append(log, lost("a"))
    draft = log.draft((lost("b"),), None)
    with monkeypatch.context() as patched:
        patched.setattr(os, call, failing)
        with pytest.raises(LogNotWritable, match="expected to write"):
            log.append(draft)

    for _ in range(2):
        with pytest.raises(LogNotWritable, match="start again"):
            log.append(draft)
    with pytest.raises(LogNotWritable):
        log.barrier()
    log.close()

    head = read_head(tmp_path / "var")
    assert head is not None
    assert head.seq == 0, "a poisoned writer vouches for nothing"
    with Log.open(tmp_path, StillClock()) as again:
        append(again, lost("c"))
        assert again.writable


def test_a_disk_that_fills_up_in_the_middle_of_a_line_leaves_a_tail_that_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, real, room = started(tmp_path), os.write, [100]

    def until_full(descriptor: int, content: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        room[0] -= (written := real(descriptor, content[: room[0]]))
        return written

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", until_full)
        with pytest.raises(LogNotWritable, match="No space left"):
            append(log, lost("a"))
    log.close()

    with Log.open(tmp_path, StillClock()) as again:
        assert [event.type for event in again.events()] == ["log_started", "tail_truncated"]
    (kept,) = (tmp_path / "var/events").glob("torn-1-*.bin")
    assert len(kept.read_bytes()) == 100


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    with started(tmp_path) as log, monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, content: real(descriptor, content[:7]))
        append(log, lost("a"), lost("b"))

    assert [event.seq for event in read_events(tmp_path)] == [0, 1, 2]


def test_a_failing_barrier_poisons_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = started(tmp_path)
    append(log, lost("a"))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fails(errno.EIO))
        with pytest.raises(LogNotWritable):
            log.barrier()

    with pytest.raises(LogNotWritable, match="start again"):
        append(log, lost("b"))
    log.close()


def test_a_new_file_and_its_folder_are_synced_before_the_first_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, calls = StillClock(), list[str]()
    log = started(tmp_path, clock)
    clock.sleep(86_400)
    draft = log.draft((lost("a"),), None)
    for call in ("write", "fsync", "fdatasync"):
        real = getattr(os, call)

        def noted(descriptor: int, *args: object, call: str = call, real: Callable[..., int] = real) -> int:
            kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
            calls.append(f"{call} {kind}")
            return real(descriptor, *args)

        monkeypatch.setattr(os, call, noted)
    log.append(draft)
    monkeypatch.undo()
    log.close()

    assert calls == ["fsync file", "fsync folder", *2 * ["write file", "fdatasync file"]]


def test_a_file_that_somebody_else_wrote_to_stops_the_writer(tmp_path: Path) -> None:
    log = started(tmp_path)
    with files(tmp_path)[0].open("ab") as file:
        file.write(b"junk")

    with pytest.raises(LogDamaged, match="somebody else wrote"):
        append(log, lost("a"))
    log.close()


def test_a_log_that_changes_behind_its_writer_is_not_read_as_shorter(tmp_path: Path) -> None:
    log = started(tmp_path)
    append(log, lost("a"))
    files(tmp_path)[0].write_bytes(day_lines(tmp_path)[0])

    with pytest.raises(LogDamaged, match="expected seq 1 as written"):
        list(log.events())
    log.close()


@pytest.mark.parametrize("name", ["lock", "HEAD.0", "events/2026-01-14.jsonl", "events"])
def test_what_cannot_be_written_is_refused_at_the_start(tmp_path: Path, name: str) -> None:
    started(tmp_path).close()
    path = tmp_path / "var" / name
    if os.geteuid() == 0:
        os.chown(path, 12_345, 12_345)
    else:
        path.chmod(0o500 if path.is_dir() else 0o400)

    with pytest.raises(LogNotWritable, match="expected to"):
        Log.open(tmp_path, StillClock())


def test_something_else_in_the_locks_place_is_refused_in_one_line(tmp_path: Path) -> None:
    started(tmp_path).close()
    (tmp_path / "var/lock").unlink()
    (tmp_path / "var/lock").mkdir()

    with pytest.raises(LogNotWritable) as refused:
        Log.open(tmp_path, StillClock())

    assert "\n" not in str(refused.value)
