"""Reading every event in one loop gives the events, the chain and the refusals of accepting line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ledger.errors import LogError
from ledger.line import Event, Header, decode, event_of
from ledger.log import Log, decoding
from ledger.log.chain import Chain, ChainBroken
from ledger.log.decoding import walk_events
from ledger.log.walking import walk
from tests.ledger.logs import append, day_lines, files, filled, lost, rewrite, two_days
from tests.ledger.test_walking import SEAL, chained, end, resealed, swapped, three_days, unfinished


class Counting(Chain):
    """Counts the lines that were not ordinary."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = list[int]()

    def accept_sealed(self, raw: bytes, file: str) -> Header:
        self.asked.append(self.seq + 1)
        return super().accept_sealed(raw, file)

    def accept(self, raw: bytes, file: str) -> Header:
        self.asked.append(self.seq + 1)
        return super().accept(raw, file)


@pytest.mark.parametrize("make", [two_days, three_days])
def test_it_gives_the_events_and_the_chain_of_the_lines_one_by_one(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path)
    in_one_loop, by_line = Counting(), Chain()

    events = list(_in_one_loop(tuple(files(tmp_path)), in_one_loop))

    one_by_one = [(raw, by_line.accept(raw, path.name)) for path in files(tmp_path) for raw in path.open("rb")]
    assert events == [decode(raw) for raw, _ in one_by_one]
    assert end(in_one_loop) == end(by_line)
    firsts = [decode(path.read_bytes().splitlines(keepends=True)[0]).seq for path in files(tmp_path)]
    assert in_one_loop.asked == firsts


def test_batches_keys_and_times_are_ordinary_in_the_open_day_too(tmp_path: Path) -> None:
    clock = two_days(tmp_path)
    with Log.open(tmp_path, clock) as log:
        append(log, lost("a"), filled("x.01"), lost("b"))
        append(log, filled("y.01"))
    in_one_loop, by_line = Counting(), Chain()

    events = list(_in_one_loop(tuple(files(tmp_path)), in_one_loop))

    for path in files(tmp_path):
        for raw in path.open("rb"):
            by_line.accept(raw, path.name)
    assert [event.fact for event in events[-4:]] == [lost("a"), filled("x.01"), lost("b"), filled("y.01")]
    assert end(in_one_loop) == end(by_line)
    assert in_one_loop.asked == [0, SEAL]


@pytest.mark.parametrize("run", [1, 2, 100])
def test_at_each_run_that_one_stops_after_the_chain_stands_where_accepting_stands(
    tmp_path: Path, run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "RUN", run)
    three_days(tmp_path)
    in_one_loop, by_line = Chain(), Chain()
    lines = walk(tuple(files(tmp_path)), by_line)

    for events in walk_events(tuple(files(tmp_path)), in_one_loop):
        assert [event_of(*next(lines)) for _ in events] == events
        assert in_one_loop.day is not None
        assert by_line.day is not None
        assert (in_one_loop.seq, in_one_loop.hash, in_one_loop.batch) == (by_line.seq, by_line.hash, by_line.batch)
        assert (in_one_loop.whole_seq, in_one_loop.batch_from) == (by_line.whole_seq, by_line.batch_from)
        assert (in_one_loop.recorded_at, in_one_loop.day.size) == (by_line.recorded_at, by_line.day.size)
    assert next(lines, None) is None


def flipped(at: int) -> Callable[[bytes], bytes]:
    def flip(line: bytes) -> bytes:
        place = at if at >= 0 else len(line) + at
        return line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :]

    return flip


DAMAGES: tuple[Callable[[bytes], bytes], ...] = (
    *(flipped(at) for at in (0, 7, 20, 60, 100, -1, -2, -40, -68, -75, -100, -145, -152, -160)),
    lambda line: line[:-1],
    lambda line: line[: len(line) // 2] + b"\n",
    lambda line: b"\n" + line,
    lambda line: line.replace(b'"fact":{', b'"fact":{"never":1,'),
    lambda line: line.replace(b'"v":1', b'"v":2'),
    lambda line: line + b"x" * (5 * 1024 * 1024),
)


@pytest.mark.parametrize("damage", range(len(DAMAGES)))
@pytest.mark.parametrize("rehashed", [True, False])
def test_a_line_that_accepting_refuses_is_refused_in_its_words(tmp_path: Path, damage: int, rehashed: bool) -> None:
    """In the middle of the open day, and of a sealed one whose seal fits it."""
    two_days(tmp_path)
    lines = day_lines(tmp_path)
    for seq in (2, SEAL + 2):
        changed = [*lines[:seq], DAMAGES[damage](lines[seq]), *lines[seq + 1 :]]
        if rehashed and damage > 0 and changed[seq].endswith(b'"}\n'):
            changed = chained(changed)
        for sealed in (False, True) if seq < SEAL else (False,):
            _same_end(tmp_path, resealed(changed) if sealed else changed)


@pytest.mark.parametrize("change", [swapped, unfinished])
def test_lines_that_cannot_follow_are_refused_in_the_same_words(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    two_days(tmp_path)
    lines = change(day_lines(tmp_path))
    _same_end(tmp_path, lines)
    _same_end(tmp_path, chained(lines))
    _same_end(tmp_path, resealed(chained(lines)))


def _same_end(home: Path, lines: list[bytes]) -> None:
    """Walk both ways; they see the same, and end with the same refusal, at the same place of the chain."""
    first, second = files(home)
    rewrite(first, b"".join(lines[:SEAL]))
    rewrite(second, b"".join(lines[SEAL:]))
    one_by_one, in_one_loop = (_end(home, way) for way in (_one_by_one, _in_one_loop))
    assert in_one_loop == one_by_one


def _in_one_loop(files: Sequence[Path], chain: Chain) -> Iterator[Event]:
    return (event for run in walk_events(files, chain) for event in run)


def _one_by_one(files: Sequence[Path], chain: Chain) -> Iterator[Event]:
    return (event_of(raw, header) for raw, header in walk(files, chain))


def _end(home: Path, way: Callable[[Sequence[Path], Chain], Iterator[Event]]) -> tuple[object, ...]:
    chain, seen, said = Chain(), list[Event](), ""
    try:
        for event in way(tuple(files(home)), chain):
            seen.append(event)
    except (ChainBroken, LogError, ValueError) as error:
        said = f"{type(error).__name__}: {error}"
    return seen, said, chain.seq, chain.hash, chain.batch, chain.whole_seq, chain.batch_from
