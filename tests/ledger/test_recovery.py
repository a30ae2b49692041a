"""What a start makes of what a crash, a failing disk or an editor left."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.errors import HeadDamaged, LogDamaged, LogError, LogForked
from ledger.events import DaySealed, Fact, HeadAdvanced, TailTruncated
from ledger.line import HASH_TAIL
from ledger.log import Log, read_events
from ledger.log.head import read_head
from ledger.log.recovery import recover
from tests.ledger.logs import StillClock, append, contents, day_lines, files, lost, rewrite, started, two_days, vouch

LAST_SEQ = 7


def facts_of(home: Path) -> list[Fact]:
    return [event.fact for event in read_events(home)]


def cut_aside(home: Path) -> list[bytes]:
    """Take away what was kept aside."""
    paths = sorted((home / "var/events").glob("torn-*.bin"))
    kept = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    return kept


def test_a_clean_log_opens_and_gains_nothing(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    before = contents(tmp_path)

    with Log.open(tmp_path, clock) as log:
        assert log.head[0] == LAST_SEQ

    assert contents(tmp_path) == before


def test_lines_beyond_head_are_adopted_and_head_advanced(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    vouch(tmp_path, 3)

    with Log.open(tmp_path, clock):
        head = read_head(tmp_path / "var")

    assert facts_of(tmp_path)[-1] == HeadAdvanced(from_seq=3, to_seq=LAST_SEQ)
    assert head is not None
    assert head.seq == LAST_SEQ + 1


@pytest.fixture
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of recoveries: what they decide does not depend on waiting for the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.usefixtures("unsynced")
def test_a_tail_cut_at_any_byte_is_whole_batches_or_a_halt(tmp_path: Path) -> None:
    two_days(tmp_path)
    lines, (first, second) = day_lines(tmp_path), files(tmp_path)
    whole = second.read_bytes()
    boundaries = {0: 3, len(lines[4]): 4, len(lines[4] + lines[5]): 5, len(whole): LAST_SEQ}

    for head in (3, 5, LAST_SEQ):
        vouch(tmp_path, head)
        for length in range(len(whole) + 1):
            rewrite(second, whole[:length])
            expected = max(seq for end, seq in boundaries.items() if end <= length)
            if expected < head:
                with pytest.raises(LogDamaged, match=f"expected whole lines up to seq {head}"):
                    recover(tmp_path / "var")
                assert second.read_bytes() == whole[:length]
                continue
            chain, _ = recover(tmp_path / "var")
            assert (chain.seq, chain.whole) == (expected, True)
            assert second.read_bytes() == b"".join(lines[4 : expected + 1])
            assert cut_aside(tmp_path) == [
                whole[end:length] for end, seq in boundaries.items() if seq == expected and end < length
            ]
    assert first.read_bytes() == b"".join(lines[:4])


@pytest.mark.usefixtures("unsynced")
@pytest.mark.parametrize("head", [0, 3, 5, LAST_SEQ])
def test_a_flip_anywhere_halts_or_is_cut_off_and_never_read(tmp_path: Path, head: int) -> None:
    two_days(tmp_path)
    vouch(tmp_path, head)
    lines = day_lines(tmp_path)
    rng = random.Random(head)
    outcomes = {"halted": 0, "cut": 0}

    for path in files(tmp_path):
        whole = path.read_bytes()
        for place in range(len(whole)):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << rng.randrange(8)
            rewrite(path, bytes(flipped))
            try:
                chain, _ = recover(tmp_path / "var")
            except LogError:
                outcomes["halted"] += 1
                assert path.read_bytes() == flipped
            else:
                outcomes["cut"] += 1
                assert head <= chain.seq < LAST_SEQ
                assert day_lines(tmp_path) == lines[: chain.seq + 1]
                assert len(cut_aside(tmp_path)) == 1
        rewrite(path, whole)

    assert outcomes["halted"] > 0
    assert (outcomes["cut"] > 0) == (head < LAST_SEQ)


def test_a_torn_tail_is_kept_aside_and_recorded(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    vouch(tmp_path, 5)
    second = files(tmp_path)[1]
    torn = b"".join(day_lines(tmp_path)[6:])[:-30]
    kept = len(second.read_bytes()) - len(torn) - 30
    rewrite(second, second.read_bytes()[:-30])

    with Log.open(tmp_path, clock) as log:
        assert log.head[0] == 6

    name = f"torn-6-{sha256(torn).hexdigest()[:8]}.bin"
    assert facts_of(tmp_path)[-1] == TailTruncated(
        file=second.name, offset=kept, byte_count=len(torn), sha256=sha256(torn).hexdigest(), kept_as=name
    )
    assert (tmp_path / "var/events" / name).read_bytes() == torn


def test_a_cut_that_a_crash_left_unrecorded_is_recorded_by_the_next_start_and_once(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    vouch(tmp_path, 5)
    rewrite(files(tmp_path)[1], files(tmp_path)[1].read_bytes()[:-1])
    recover(tmp_path / "var")  # … and died here

    for _ in range(2):
        Log.open(tmp_path, clock).close()

    assert [type(fact) for fact in facts_of(tmp_path)[6:]] == [TailTruncated]


def test_an_incomplete_batch_goes_aside_whole(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    vouch(tmp_path, 5)
    lines, second = day_lines(tmp_path), files(tmp_path)[1]
    rewrite(second, b"".join(lines[4:7]))  # the first of two is whole

    with Log.open(tmp_path, clock) as log:
        assert [event.fact for event in log.events()][:6] == facts_of(tmp_path)[:6]

    (kept,) = (tmp_path / "var/events").glob("torn-6-*.bin")
    assert kept.read_bytes() == lines[6]


@pytest.mark.parametrize("tear", [b"\0" * 700, b"{", b'{"seq":8,"type":"bro', b"\n\n", b"\xff" * 9_000])
def test_junk_behind_the_last_line_is_cut_off_even_if_head_is_there(tmp_path: Path, tear: bytes) -> None:
    clock = two_days(tmp_path)
    second = files(tmp_path)[1]
    rewrite(second, second.read_bytes() + tear)

    with Log.open(tmp_path, clock) as log:
        assert log.head[0] == LAST_SEQ + 1

    assert isinstance(facts_of(tmp_path)[-1], TailTruncated)


def test_a_stale_block_with_old_lines_behind_the_last_one_is_torn_not_damage(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    second = files(tmp_path)[1]
    rewrite(second, second.read_bytes() + day_lines(tmp_path)[2][40:] + day_lines(tmp_path)[3])

    with Log.open(tmp_path, clock):
        assert isinstance(facts_of(tmp_path)[-1], TailTruncated)


def test_pages_of_one_unsynced_batch_may_reach_the_disk_in_any_order(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    vouch(tmp_path, 5)
    lines, second = day_lines(tmp_path), files(tmp_path)[1]
    rewrite(second, lines[4] + lines[5] + b"\0" * len(lines[6]) + lines[7])

    with Log.open(tmp_path, clock) as log:
        assert log.head[0] == 6


def test_a_torn_seal_of_a_new_day_leaves_the_old_day_unsealed(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    vouch(tmp_path, 3)
    rewrite(files(tmp_path)[1], day_lines(tmp_path)[4][:50])

    with Log.open(tmp_path, clock) as log:
        kinds = [type(event.fact) for event in log.events()][4:]

    assert kinds == [DaySealed, TailTruncated]


def without_line(seq: int) -> Callable[[list[bytes]], list[bytes]]:
    return lambda lines: lines[:seq] + lines[seq + 1 :]


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(without_line(1), id="a line deleted"),
        pytest.param(without_line(2), id="a line of a batch deleted"),
        pytest.param(without_line(0), id="the genesis deleted"),
        pytest.param(without_line(4), id="a seal deleted"),
        pytest.param(lambda lines: [*lines[:1], lines[2], lines[1], *lines[3:]], id="lines swapped"),
        pytest.param(lambda lines: [*lines[:2], lines[1], *lines[2:]], id="a line doubled"),
        pytest.param(lambda lines: [*lines[:1], lines[1].replace(b"one", b"two"), *lines[2:]], id="a line edited"),
        pytest.param(lambda lines: [*lines[:1], b"\n", *lines[1:]], id="an empty line"),
        pytest.param(lambda lines: [*lines[:1], lines[1][:-1], *lines[2:]], id="a line's end lost"),
        pytest.param(lambda lines: [*lines[:1], b"\0" * len(lines[1]), *lines[2:]], id="a sector zeroed"),
    ],
)
@pytest.mark.parametrize("head", [0, LAST_SEQ])
def test_damage_in_the_middle_halts_and_touches_nothing(
    tmp_path: Path, edit: Callable[[list[bytes]], list[bytes]], head: int
) -> None:
    clock = two_days(tmp_path)
    vouch(tmp_path, head)
    edited = edit(day_lines(tmp_path))
    first, second = files(tmp_path)
    rewrite(first, b"".join(line for line in edited if b'Z","fact"' not in line or b"2026-01-14T" in line))
    rewrite(second, b"".join(line for line in edited if b'recorded_at":"2026-01-15' in line))
    before = contents(tmp_path)

    with pytest.raises((LogDamaged, LogForked)) as refused:
        Log.open(tmp_path, clock)

    assert "restore" in str(refused.value)
    assert refused.value.exit_status == 2
    assert contents(tmp_path) == before


@pytest.mark.parametrize("gone", [0, 1])
def test_a_missing_day_file_halts(tmp_path: Path, gone: int) -> None:
    clock = two_days(tmp_path)
    files(tmp_path)[gone].unlink()

    with pytest.raises(LogDamaged):
        Log.open(tmp_path, clock)


def test_all_day_files_missing_is_damage_not_a_fresh_start(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    for path in files(tmp_path):
        path.unlink()

    with pytest.raises(LogDamaged, match="expected lines up to seq 7"):
        Log.open(tmp_path, clock)


def reseal(lines: list[bytes]) -> bytes:
    """What an attacker does: recompute every hash."""
    prev, out = b"0" * 64, b""
    for line in lines:
        body = line[: -HASH_TAIL - 65] + prev + b'"'
        prev = sha256(body).hexdigest().encode()
        out += body + b',"hash":"' + prev + b'"}\n'
    return out


def test_a_rewritten_history_with_a_valid_chain_is_a_fork(tmp_path: Path) -> None:
    with started(tmp_path) as log:
        append(log, lost("one"))
    (only,) = files(tmp_path)
    lines = day_lines(tmp_path)
    rewrite(only, reseal([lines[0], lines[1].replace(b"one", b"won")]))

    with pytest.raises(LogForked, match=r"seq 1: expected hash .* as HEAD says"):
        Log.open(tmp_path, StillClock())


def test_a_rewritten_sealed_day_does_not_fit_its_seal(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    lines = day_lines(tmp_path)
    forged = reseal([lines[0], lines[1].replace(b"one", b"won"), *lines[2:]]).splitlines(keepends=True)
    rewrite(files(tmp_path)[0], b"".join(forged[:4]))
    rewrite(files(tmp_path)[1], b"".join(forged[4:]))
    vouch(tmp_path, LAST_SEQ)

    with pytest.raises(LogDamaged, match="seal"):
        Log.open(tmp_path, clock)


def test_yesterdays_copy_of_the_day_files_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    clock = two_days(home)
    shutil.copytree(home / "var/events", tmp_path / "copy")
    with Log.open(home, clock) as log:
        append(log, lost("today"))
    shutil.rmtree(home / "var/events")
    shutil.copytree(tmp_path / "copy", home / "var/events")

    with pytest.raises(LogDamaged, match="expected whole lines up to seq 8 as HEAD says"):
        Log.open(home, clock)


def test_one_damaged_head_slot_is_survived(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    for seq, slot in enumerate(("HEAD.0", "HEAD.1")):
        with Log.open(tmp_path, clock) as log:
            append(log, lost(str(seq)))
        (tmp_path / "var" / slot).write_bytes(b"junk")

        with Log.open(tmp_path, clock) as log:
            assert log.head[0] >= LAST_SEQ + 1 + seq


def test_the_newer_head_slot_survives_every_cut_of_the_older_one(tmp_path: Path) -> None:
    two_days(tmp_path)
    var = tmp_path / "var"
    newest = read_head(var)
    (older,) = [name for name in ("HEAD.0", "HEAD.1") if b"%020d" % LAST_SEQ not in (var / name).read_bytes()]
    content = (var / older).read_bytes()

    for length in range(len(content)):
        (var / older).write_bytes(content[:length])
        assert read_head(var) == newest


def test_a_lost_head_asks_the_operator_and_is_rebuilt_on_the_operators_word(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    (tmp_path / "var/HEAD.0").write_bytes(b"junk")
    (tmp_path / "var/HEAD.1").unlink()

    with pytest.raises(HeadDamaged, match=r"valid up to seq 7.*tallybook verify --accept-head"):
        Log.open(tmp_path, clock)
    Log.open(tmp_path, clock, accept_head=True).close()

    assert facts_of(tmp_path)[-1] == HeadAdvanced(from_seq=-1, to_seq=LAST_SEQ)
    assert read_head(tmp_path / "var") is not None


def test_the_operators_word_does_not_cover_damage(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    for name in ("HEAD.0", "HEAD.1"):
        (tmp_path / "var" / name).unlink()
    rewrite(files(tmp_path)[0], files(tmp_path)[0].read_bytes().replace(b"one", b"won"))

    with pytest.raises(LogDamaged):
        Log.open(tmp_path, clock, accept_head=True)
