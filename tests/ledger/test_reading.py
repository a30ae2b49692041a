"""Reading without the lock, and logs that this home or this version must not touch."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from ledger.errors import LogDamaged, LogForeign, LogForked, LogMissing, LogTooNew
from ledger.line import HASH_TAIL, encode
from ledger.log import Log, read_events, read_from
from ledger.log.head import Head, write_first_head
from tests.ledger.logs import contents, day_lines, files, lost, rewrite, started, two_days, vouch


def test_a_reader_ignores_a_torn_tail_and_refuses_damage(tmp_path: Path) -> None:
    two_days(tmp_path)
    vouch(tmp_path, 5)
    second = files(tmp_path)[1]
    rewrite(second, second.read_bytes()[:-1])

    assert [event.seq for event in read_events(tmp_path)] == [0, 1, 2, 3, 4, 5]

    vouch(tmp_path, 6)
    with pytest.raises(LogDamaged):
        list(read_events(tmp_path))


@pytest.mark.parametrize(("seq", "first"), [(0, 0), (3, 0), (4, 4), (7, 4), (99, 4)])
def test_reading_from_a_line_begins_with_its_day(tmp_path: Path, seq: int, first: int) -> None:
    two_days(tmp_path)

    assert [event.seq for event in read_from(tmp_path, seq)] == list(range(first, 8))


def test_reading_from_a_line_passes_a_day_that_begins_torn(tmp_path: Path) -> None:
    two_days(tmp_path)
    vouch(tmp_path, 3)
    second = files(tmp_path)[1]
    rewrite(second, second.read_bytes()[:10])

    assert [event.seq for event in read_from(tmp_path, 99)] == [0, 1, 2, 3]


def test_a_reader_sees_a_fork(tmp_path: Path) -> None:
    two_days(tmp_path)
    write_first_head(tmp_path / "var", Head(3, "f" * 64))

    with pytest.raises(LogForked):
        list(read_events(tmp_path))


def test_what_was_read_is_what_was_written(tmp_path: Path) -> None:
    with started(tmp_path) as log:
        drafted = log.draft((lost("a"), lost("b")), 4)
        log.append(drafted)

    assert tuple(read_events(tmp_path))[1:] == tuple(line.event for line in drafted)
    assert b"".join(encode(event) for event in read_events(tmp_path)) == b"".join(day_lines(tmp_path))


@pytest.mark.parametrize("day", ["2026-01-14", "2026-01-15", "2026-01-16"])
def test_a_file_of_another_log_halts(tmp_path: Path, day: str) -> None:
    clock = two_days(tmp_path / "home")
    two_days(tmp_path / "other")
    foreign = (files(tmp_path / "other")[0]).read_bytes()
    target = tmp_path / "home/var/events" / f"{day}.jsonl"
    if target.exists():
        target.chmod(0o600)
    target.write_bytes(foreign)
    before = contents(tmp_path / "home")

    with pytest.raises((LogForeign, LogForked, LogDamaged)):
        Log.open(tmp_path / "home", clock)

    assert contents(tmp_path / "home") == before


@pytest.mark.parametrize("expected", [{"account": "U1"}, {"mode": "live"}])
def test_another_accounts_or_modes_log_is_refused_untouched(tmp_path: Path, expected: dict[str, str]) -> None:
    clock = two_days(tmp_path)
    vouch(tmp_path, 3)
    before = contents(tmp_path)

    with pytest.raises(LogForeign, match="expected"):
        Log.open(tmp_path, clock, **expected)  # type: ignore[arg-type]

    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("old", "new"), [(b'"broker_lost"', b'"broker_gone"'), (b'"broker_lost","v":1', b'"broker_lost","v":2')]
)
def test_a_downgrade_halts_even_at_the_tail(tmp_path: Path, old: bytes, new: bytes) -> None:
    clock = two_days(tmp_path)
    lines, second = day_lines(tmp_path), files(tmp_path)[1]
    body = lines[5][:-HASH_TAIL].replace(old, new)
    later = body + b',"hash":"' + sha256(body).hexdigest().encode() + b'"}\n'
    vouch(tmp_path, 4)
    rewrite(second, lines[4] + later)

    with pytest.raises(LogTooNew, match="install the version that wrote it"):
        Log.open(tmp_path, clock)

    assert second.read_bytes() == lines[4] + later


@pytest.mark.parametrize("made", ["nothing", "home", "var", "events"])
def test_a_missing_log_says_what_to_run(tmp_path: Path, made: str) -> None:
    home = tmp_path / "home"
    depth = ["nothing", "home", "var", "events"].index(made)
    if depth:
        (home / "/".join(("var", "events")[: depth - 1])).mkdir(parents=True)

    with pytest.raises(LogMissing, match="tallybook adopt"):
        Log.open(home, two_days(tmp_path / "clock"))

    assert not (home / "var/lock").exists()
